"""dbt as a process that ends when the one that started it does: what runs in that process before dbt does.

Starting it is `build`'s.
"""

import threading

from flows.lifeline import end_with_parent


def main() -> None:
    """Run dbt on this process's arguments."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    from dbt.cli.main import cli

    cli()
