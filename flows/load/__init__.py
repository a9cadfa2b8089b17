"""Load: from deliveries in landing to typed rows in `raw`, with everything noteworthy in `audit`.

What a file must look like is declared in `expectations/contracts/`. All work on rows is SQL in DuckDB; no value from a
row reaches an exception, a report or a log.
"""

from flows.load.delivery import DeliveryChanging, LoadedDelivery, load_deliveries
from flows.load.faults import DeliveryRefused, Fault, write_refusal
from flows.load.folder import due_deliveries
from flows.load.versions import NotLoaded, withdraw

__all__ = [
    "DeliveryChanging",
    "DeliveryRefused",
    "Fault",
    "LoadedDelivery",
    "NotLoaded",
    "due_deliveries",
    "load_deliveries",
    "withdraw",
    "write_refusal",
]
