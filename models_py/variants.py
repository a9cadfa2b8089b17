"""Variants of the study: the same hypotheses under another choice, to see which verdicts depend on it.

Belongs here: what a variant may change, and the study that follows from it. Does not belong here: estimating it
(`estimate`), or building its panel (`flows/variants.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, Field, ValidationError

from models_py.part import Part, Title, faults_of

if TYPE_CHECKING:  # `study` imports this module, so a run-time import would be circular
    from models_py.study import Study

# The choices of a study that may vary. Hypotheses may not, nor the rules on what is loaded or published.
MAY_VARY = ("panel", "geography", "variables", "models", "profiles", "tests")


class Variant(Part):
    """Another choice: keys of the specification with other values, or terms that models leave out.

    `models` are the models that judge the hypotheses under it; all do if none is named.
    """

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    statement: Title
    changes: dict[str, dict[str, Any]] = Field(default_factory=dict)
    without_terms: tuple[str, ...] = ()
    models: tuple[Literal["pooled", "random_effects"], ...] = ()


def variant_study(study: Study, variant: Variant) -> Study:
    """The study with the variant's changes, and without variants.

    Raises:
        ValueError: the variant changes nothing or what may not vary, or the result is not a valid study.
    """
    if fixed := sorted(set(variant.changes) - set(MAY_VARY)):
        raise ValueError(f"{', '.join(fixed)}: only {', '.join(MAY_VARY)} may vary")
    base = type(study).model_validate(study.model_dump() | {"variants": ()})
    other = type(study).model_validate(changed(base, variant.changes))
    if variant.without_terms:
        terms = [term.model_dump() for term in other.models.terms if term.name not in variant.without_terms]
        if unknown := sorted(set(variant.without_terms) - {term.name for term in other.models.terms}):
            raise ValueError(f"without_terms: {', '.join(unknown)} is no term of the models")
        other = type(study).model_validate(changed(other, {"models": {"terms": terms}}))
    if other == base:
        raise ValueError("it changes nothing")
    return other


def changed(part: BaseModel, changes: dict[str, Any]) -> dict[str, Any]:
    """A part as plain data, with the changes applied.

    Parts within it are merged key by key. Anything else, such as a list or a mapping of codes, is replaced as a whole:
    if it were merged, a level could never be removed. Unknown keys stay, so that validation refuses them.
    """
    merged = part.model_dump()
    for key, value in changes.items():
        inner = getattr(part, key) if key in merged else None
        merged[key] = changed(inner, value) if isinstance(inner, BaseModel) and isinstance(value, dict) else value
    return merged


def check_variants(study: Study) -> None:
    """Check that every variant makes a valid study and has a name of its own.

    Raises:
        ValueError: a variant does not; the message names it.
    """
    names = [variant.name for variant in study.variants]
    for variant in study.variants:
        if variant.name == "base" or names.count(variant.name) > 1:
            raise ValueError(f"variants: the name {variant.name} is taken")
        try:
            variant_study(study, variant)
        except ValidationError as error:
            raise ValueError(f"variants: {variant.name}: {'; '.join(faults_of(error))}") from None
        except ValueError as error:
            raise ValueError(f"variants: {variant.name}: {error}") from None
