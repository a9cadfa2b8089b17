"""What Prefect logs of a failed run: the failure, once.

Prefect logs a failure with its traceback for the task and for each flow around it, and again as the state of each. Our
errors say all there is to know: an operator has no use for the place in our code where they were raised.
"""

import logging

OF_TASKS, OF_FLOWS = "prefect.task_runs", "prefect.flow_runs"


class WithoutTracebacks(logging.Filter):
    """Drops records with a traceback, and all errors of a task, since its flow reports them too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it."""
        return record.exc_info is None and not (record.name == OF_TASKS and record.levelno >= logging.ERROR)


class WithoutErrors(logging.Filter):
    """Drops errors, for a command that says at its end what went wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it."""
        return record.levelno < logging.ERROR


def log_failures_once(command_says_so: bool = False) -> None:
    """Add the filters to Prefect's loggers, where they stay when Prefect sets up handlers and levels."""
    for name in (OF_TASKS, OF_FLOWS):
        logger = logging.getLogger(name)
        if not any(isinstance(there, WithoutTracebacks) for there in logger.filters):
            logger.addFilter(WithoutTracebacks())
        if command_says_so:
            logger.addFilter(WithoutErrors())
