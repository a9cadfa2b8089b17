"""A category of tests is a folder, and stays on one of the two worker processes: its fixtures are costly.

The front-door tests take as long as all others together, and so come first, with a worker to themselves.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import expectations  # noqa: F401 - before any test imports Great Expectations, and with it pyspark

LONGEST = "flows"


class ByCategory(LoadScopeScheduling):
    """A category goes to a worker whole. (xdist's own groups are names it cannot give to the tests of pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return category(nodeid)


def category(nodeid: str) -> str:
    """The folder below `tests` in which a test stands."""
    return nodeid.split("/")[1]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByCategory:
    return ByCategory(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: category(item.nodeid) != LONGEST)
