"""dbt as a process that ends when the one that started it does.

A refresh that is killed alone, as when memory runs out, would leave dbt at work on a candidate that the next refresh
takes for its own. Belongs here: what runs in that process before dbt does. Does not belong here: starting it (`build`).
"""

import os
import signal
import threading


def main() -> None:
    """Run dbt on this process's arguments."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    from dbt.cli.main import cli

    cli()


def end_with_parent() -> None:
    """Wait for the end of our input, which comes when the parent is gone; then go at once, without tidying up."""
    while os.read(0, 1):
        pass
    os.kill(os.getpid(), signal.SIGKILL)
