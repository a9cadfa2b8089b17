"""What the short form of the faults starts from."""

from pathlib import Path

import pytest

from flows.home import Home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.create()
    return home
