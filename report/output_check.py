"""The output-checking report of a release, for whoever has to approve it: a page, and the same content as JSON.

Belongs here: how decisions are shown. Does not belong here: any decision (`models_py/output_check`).
"""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from models_py.output_check import STATISTICS, OutputCheck, Status, worst
from models_py.study import Study
from models_py.tables import PUBLISHED_TABLES
from report.templates import templates

TEMPLATES = Path(__file__).parent / "templates"

WHO_MUST_REVIEW: dict[Status, str] = {
    "pass": "Nobody has to: every rule was checked by machine and holds. The data owner may draw it for inspection.",
    "review": "An output checker of the data owner, who took no part in the analysis, reads what is marked review.",
    "fail": "The release may not leave; the data owner decides what becomes of it.",
}


def write_output_check(folder: Path, check: OutputCheck, manifest: dict[str, Any], study: Study) -> None:
    """Write `output_check.json` and `output_check.html` into a release's folder."""
    report = output_check_report(check, manifest, study)
    (folder / "output_check.json").write_text(json.dumps(report, indent=2, default=str) + "\n", encoding="utf-8")
    page = templates(TEMPLATES).get_template("output_check.html.j2").render(report)
    (folder / "output_check.html").write_text(page, encoding="utf-8")


def output_check_report(check: OutputCheck, manifest: dict[str, Any], study: Study) -> dict[str, Any]:
    """The report as plain data: a summary, the rules, and the decisions by table."""
    tables = []
    for table in PUBLISHED_TABLES:
        decisions = check.of_table(table.name)
        withheld = [decision for decision in decisions if decision.rule == "withheld"]
        tables.append(
            {
                "table": table.name,
                "kind": STATISTICS[table.privacy],
                "status": worst([decision.status for decision in decisions]),
                "n_counts": sum(decision.n_checked for decision in withheld),
                "n_withheld": sum(decision.n_affected or 0 for decision in withheld),
                "decisions": [asdict(decision) for decision in decisions],
            }
        )
    everything = check.of_table("all counts")
    return {
        "run_id": manifest["run_id"],
        "first_year": manifest["first_year"],
        "last_year": manifest["last_year"],
        "study_hash": manifest["study_hash"],
        "input_hash": manifest["input_hash"],
        "simulated_deliveries": manifest["simulated_deliveries"],
        "status": check.status,
        "who_must_review": WHO_MUST_REVIEW[check.status],
        "summary": {
            status: sum(decision.status == status for decision in check.decisions)
            for status in ("pass", "review", "fail")
        },
        "rules": study.disclosure.model_dump(),
        "tables": tables,
        "all_counts": [asdict(decision) for decision in everything],
    }
