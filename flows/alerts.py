"""Alerts: a short message to the operators when a refresh fails, is refused, or dies.

Belongs here: what a message may say, and sending it. A message leaves the secure zone, so it carries only the run, the
step and counts by rule. `docs/operators.md` says what to do about each.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flows.home import Home
from flows.operations import OperationsError, alert_addresses

LOGGER = logging.getLogger("flyttepanel")


@contextmanager
def alerting(home: Home, run_id: str, current_step: Callable[[], str]) -> Iterator[None]:
    """Send an alert for an exception that leaves the block, and raise it again."""
    try:
        yield
    except Exception as error:
        send(home, title_of(error), f"Run {run_id}, step {current_step()}.\n{summary(error)}")
        raise


def send(home: Home, title: str, body: str) -> bool:
    """Send a message to everyone whom the operators' settings name. Returns whether all of them could be reached.

    One that cannot be reached is logged by its number, because the address may hold a password. Neither that nor
    unreadable settings stop anything: the run's own outcome counts.
    """
    try:
        urls = alert_addresses(home)
    except OperationsError as error:
        LOGGER.warning("alert     not sent: %s", error)
        return False
    failed = [number for number, url in enumerate(urls, start=1) if not sent(url, title, body)]
    for number in failed:
        LOGGER.warning("alert     number %d of the addresses could not be reached", number)
    return not failed


def sent(url: str, title: str, body: str) -> bool:
    """Send a message to one address. Returns whether it was taken."""
    from apprise import Apprise

    # apprise and the libraries it calls log addresses that they do not understand, with the passwords in them.
    for name in ("apprise", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    address = Apprise()
    return bool(address.add(url) and address.notify(title=title, body=body, body_format="text"))


def title_of(error: Exception) -> str:
    """The kind of alert; `docs/operators.md` has a row for each."""
    from expectations.gate import GateFailed
    from flows.candidate import HomeBusy
    from flows.load import DeliveryRefused

    kinds = {DeliveryRefused: "delivery refused", GateFailed: "gate failed", HomeBusy: "busy"}
    return f"Flyttepanel: {kinds.get(type(error), 'refresh failed')}"


def summary(error: Exception) -> str:
    """What happened, in counts by rule and the names of our own errors; never an error's text."""
    from expectations.gate import GateFailed
    from flows.load import DeliveryRefused

    if isinstance(error, DeliveryRefused):
        return counted(fault.rule for fault in error.faults)
    if isinstance(error, GateFailed):
        return counted(f"{check.table}: {check.expectation}" for check in error.result.checks if not check.success)
    return f"{type(error).__name__}; the published release stays."


def counted(rules: Iterator[str]) -> str:
    """Each rule broken, and how often."""
    return "\n".join(f"{rule}: {count}" for rule, count in sorted(Counter(rules).items()))
