"""The release page: inputs, code, packages, rows at each step, results of the gates, changes since the last release."""

from dataclasses import dataclass
from pathlib import Path

from report.difference import Difference, difference, release_before
from report.release import Release, Row

GATES = ("incoming", "marts", "results")


@dataclass(frozen=True, slots=True)
class Provenance:
    """What the page shows besides the manifest; `docs` names the parts of the site that were made elsewhere."""

    run: Row
    validation: list[Row]
    disclosure: list[Row]
    difference: Difference | None
    docs: dict[str, str]


def provenance(release: Release, site: Path) -> Provenance:
    """Read what the page shows.

    Args:
        release: the release.
        site: its site, which may already hold `data_docs/`, `dbt_docs/` and `data/`.
    """
    run = release.rows("select * from results.run")[0]
    before = release_before(release, run["run_id"])
    return Provenance(
        run,
        validation(release),
        disclosure(release, run["run_id"]),
        difference(release, before, run["run_id"]) if before else None,
        docs(site),
    )


def validation(release: Release) -> list[Row]:
    """Expectations and how many were met, by gate and suite; those of gates 1 and 2 come from the manifest."""
    earlier: list[Row] = release.manifest.get("validation", [])  # manifests of older releases have no such entry
    own = release.rows("""
        select gate, suite, count(*) as expectations, count(*) filter (success) as met
        from audit.validation
        group by all
        order by all
    """)
    return sorted([*earlier, *own], key=lambda row: (GATES.index(row["gate"]), row["suite"]))


def disclosure(release: Release, run_id: str) -> list[Row]:
    """Number of counts and of withheld counts, for every table that has counts."""
    return release.rows(
        """
        select table_name, n_checked as n_counts, n_affected as n_withheld
        from audit.disclosure
        where run_id = ? and rule = 'withheld'
        order by table_name
        """,
        run_id,
    )


def docs(site: Path) -> dict[str, str]:
    """Pages made elsewhere that are in the site: name → path within the site."""
    places = {gate: f"data_docs/{gate}/index.html" for gate in GATES}
    places |= {"dbt_docs": "dbt_docs/index.html", "datapackage": "data/datapackage.json"}
    places["output_check"] = "output_check.html"
    return {name: place for name, place in places.items() if (site / place).exists()}
