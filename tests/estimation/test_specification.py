"""A specification that contradicts itself is refused when it is read, and not after a build."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from models_py.rounding import rounded_count
from models_py.study import Disclosure, Study, StudyError, load_study
from tests.estimation.conftest import PROJECT_ROOT


@pytest.mark.parametrize(
    ("part", "said", "why"),
    [
        ("panel", {"age": {"first": 64, "last": 25}}, "the last age comes before the first"),
        ("panel", {"years": {"first": 2018, "last": 2015}}, "the last year comes before the first"),
        ("variables", {"sex": {"codes": {"man, or not": ["1"], "woman": ["2"]}}}, "man, or not.*should match pattern"),
        ("disclosure", {"threshold": 6}, "a count of 6 .* published as 5.* threshold of 8 or a multiple of 5"),
        ("disclosure", {"threshold": 10, "rounding_base": 3}, "published as 9.* threshold of 11 or a multiple of 3"),
        ("geography", {"date": "2024-01-01"}, "of the municipalities of 2020-01-01 alone"),
    ],
)
def test_what_cannot_be_built_is_refused(tmp_path: Path, part: str, said: dict[str, Any], why: str) -> None:
    specification = yaml.safe_load((PROJECT_ROOT / "study.yml").read_text(encoding="utf-8"))
    specification[part] |= said
    path = tmp_path / "study.yml"
    path.write_text(yaml.safe_dump(specification), encoding="utf-8")
    with pytest.raises(StudyError, match=why):
        load_study(path)


@pytest.mark.parametrize("rounding_base", range(1, 13))
def test_thresholds_are_taken_that_no_count_is_rounded_below(study: Study, rounding_base: int) -> None:
    for threshold in range(1, 30):
        said = study.disclosure.model_dump() | {"threshold": threshold, "rounding_base": rounding_base}
        unchecked = study.disclosure.model_copy(update=said)
        if all((rounded_count(count, unchecked) or 0) >= threshold for count in range(threshold, 60)):
            assert Disclosure.model_validate(said).threshold == threshold
        else:
            with pytest.raises(ValidationError, match="a count of"):
                Disclosure.model_validate(said)
