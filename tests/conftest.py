"""A category of tests is a folder, and stays on one of the two worker processes: its fixtures are costly."""

from pathlib import Path

import pytest

import expectations  # noqa: F401 - before any test imports Great Expectations, and with it pyspark


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.relative_to(here).parts[0]))
