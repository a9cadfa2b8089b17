"""Spares Python's garbage collector the objects that live as long as the process: it would check them again and again.

Importing Great Expectations leaves 450,000 objects, dbt 210,000, and its project more. Going through them took half a
second now and then, and three quarters of a second when the process ended.
"""

import gc
from importlib import import_module


def import_for_good(module: str) -> None:
    """Import a module, and whatever it imports, with the collector switched off; then `keep_for_good`."""
    gc.disable()
    try:
        import_module(module)
    finally:
        gc.enable()
    keep_for_good()


def keep_for_good() -> None:
    """Make the collector skip all objects that exist now."""
    gc.freeze()
