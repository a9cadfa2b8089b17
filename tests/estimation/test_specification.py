"""A specification that contradicts itself is refused when it is read, and not after a build."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from models_py.study import StudyError, load_study
from tests.estimation.conftest import PROJECT_ROOT


@pytest.mark.parametrize(
    ("part", "said", "why"),
    [
        ("panel", {"age": {"first": 64, "last": 25}}, "the last age comes before the first"),
        ("panel", {"years": {"first": 2018, "last": 2015}}, "the last year comes before the first"),
        ("variables", {"sex": {"codes": {"man, or not": ["1"], "woman": ["2"]}}}, "man, or not.*should match pattern"),
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
