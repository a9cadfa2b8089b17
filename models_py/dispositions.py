"""What can become of a resident with a municipality on 1 January: the rows of `panel_accounting`."""

from models_py.study import Study

# In the order of checking: a resident counts under the first that matches (panel rules §5.5).
EXCLUSIONS = (
    *("unknown_municipality", "not_mainland", "not_resident", "unknown_person", "unknown_group"),
    *("age_outside_window", "died", "unexplained_exit"),
)


def dispositions(study: Study) -> tuple[str, ...]:
    """Exclusions, then outcomes."""
    return (*EXCLUSIONS, *study.levels("outcome"))
