"""What Prefect logs of a failed run: the failure, once.

It logs a failure with its traceback for the task and for each flow around it, and once more as the state of each. Our
errors say all there is to know; where in our code they were raised is nothing an operator can use.
"""

import logging

OF_TASKS, OF_FLOWS = "prefect.task_runs", "prefect.flow_runs"


class WithoutTracebacks(logging.Filter):
    """Drops what carries a traceback; of a task all errors, since its flow ends with them too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it."""
        return record.exc_info is None and not (record.name == OF_TASKS and record.levelno >= logging.ERROR)


class WithoutErrors(logging.Filter):
    """Drops errors, for a command that says at its end what went wrong."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log it."""
        return record.levelno < logging.ERROR


def log_failures_once(command_says_so: bool = False) -> None:
    """From now on, whatever Prefect does to handlers and levels when it sets up its logs."""
    for name in (OF_TASKS, OF_FLOWS):
        logger = logging.getLogger(name)
        if not any(isinstance(there, WithoutTracebacks) for there in logger.filters):
            logger.addFilter(WithoutTracebacks())
        if command_says_so:
            logger.addFilter(WithoutErrors())
