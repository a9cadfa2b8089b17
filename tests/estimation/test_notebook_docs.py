"""The examples of docs/notebook.md run, one after another, as they stand there."""

import re
from pathlib import Path

import numpy as np

PAGE = Path(__file__).parents[2] / "docs" / "notebook.md"


def test_the_examples_run() -> None:
    blocks = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.M | re.S)
    assert len(blocks) == 6
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert list(names["results"].params.columns) == ["emigration", "internal_move"]
    assert names["gap"].labels["centrality"] == ("1 - 5*",)
    assert np.isfinite(names["difference"].std_errors).all()
    assert list(names["mixed"].variance_components["name"]) == ["sd_emigration", "sd_internal_move", "correlation"]
