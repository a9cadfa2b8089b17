"""Estimation and inference: the study specification, numeric core, results, hypothesis tests, disclosure control.

Nothing here reads a register or orders steps: it takes sufficient statistics and returns tables. Notebooks use
`from models_py import MultinomialLogit, RandomEffectsMultinomialLogit`. These two are imported only when asked for,
because data frames and formulas are slow to import and a refresh needs neither.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models_py.notebook.models import MultinomialLogit, RandomEffectsMultinomialLogit

__all__ = ["MultinomialLogit", "RandomEffectsMultinomialLogit"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from models_py.notebook import models

        return getattr(models, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
