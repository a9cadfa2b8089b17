"""A category of tests is a folder, and stays on one of the three worker processes: its fixtures are costly.

The longest come first. The front-door tests take half as long as all others together, and so are two categories; where
fixtures cost little a module is one, and those fill what is left. Three workers keep two processors busy: a refresh is
a chain of processes, of which most use one.
"""

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import expectations  # noqa: F401 - before any test imports Great Expectations, and with it pyspark

IN_HALVES = "flows"
SECOND_HALF = "test_p"  # of its modules, by name
# The second half of the front door's comes when the first has made what both look at, and nobody waits for it.
LONGEST_FIRST = ("flows True", "panel", "spark", "flows False", "browser", "report", "gates", "canaries", "defects")
BY_MODULE = ("estimation", "faults", "load", "privacy")


class ByCategory(LoadScopeScheduling):
    """A category goes to a worker whole. (xdist's own groups are names it cannot give to the tests of pytest 9.2.)"""

    def _split_scope(self, nodeid: str) -> str:
        return category(nodeid)


def category(nodeid: str) -> str:
    """The folder below `tests` in which a test stands, and of the longest which half, of some the module."""
    _, folder, module, *_ = nodeid.partition("::")[0].split("/")
    if folder == IN_HALVES:
        return f"{folder} {module < SECOND_HALF}"
    return f"{folder} {module}" if folder in BY_MODULE else folder


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByCategory:
    return ByCategory(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(category(item.nodeid), len(rank)))
