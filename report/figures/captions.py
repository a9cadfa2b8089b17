"""The caption of each figure, with the years, levels and profile of the release."""

from typing import Any

from report.language import Language, in_sentence, percent, text
from report.release import Release


def caption(name: str, release: Release, language: Language) -> str:
    """The caption of a figure, with its number."""
    study = release.study
    run = release.rows("select first_year, last_year from results.run")[0]
    values: dict[str, Any] = {"first": run["first_year"], "last": run["last_year"]}
    if name == "figure_3":
        reference = next(term.reference for term in study.models.terms if term.name == "centrality")
        values |= {"level": percent(study.models.confidence_level, language, 0), "reference": reference}
    if name == "figure_4":
        base = study.profiles.base
        year = run["last_year"] if base.year == "last" else base.year
        spoken = {key: in_sentence(getattr(base, key), language) for key in ("sex", "education")}
        values |= {"age": base.age, "year": year, **spoken}
    return text("figures", f"{name}_caption", language, **values)
