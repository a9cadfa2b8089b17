"""The operators' settings of a test's home directory."""

from flows.home import Home


def write_settings(home: Home, text: str, mode: int = 0o600) -> None:
    """Write `operations.yml`."""
    home.operations.write_text(text)
    home.operations.chmod(mode)
