"""Pseudonymise: turn deliveries with identity numbers into the same deliveries with keyed pseudonyms.

A step of its own, outside the warehouse and the home directory, for institutions that must start from identity numbers.
No number reaches an exception, a report or a log.
"""

from flows.pseudonymise.delivery import NotPseudonymised, pseudonymise

__all__ = ["NotPseudonymised", "pseudonymise"]
