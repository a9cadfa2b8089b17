"""What is published of messages and of variants' verdicts, beside what the warehouse has."""

import pytest

from models_py.few_events import LEFT_OUT, published_message
from models_py.output_check import _n_named
from models_py.published_counts import sensitivity_row

FEW = "coefficients that rest on fewer than 5 events: "


def test_years_are_not_named() -> None:
    """They are counted in public: a name says that all centralities of the year have fewer than five together."""
    message = f"{FEW}emigration at sex=female, emigration at year=2017, emigration at centrality=4"
    published = published_message(message, ["emigration at centrality=3"], 5)
    assert published.endswith("emigration at sex=female, emigration at centrality=3")
    assert published_message(f"{FEW}emigration at year=2017", [], 5) == ""


@pytest.mark.parametrize("spoken", ["fewer than 5", "about 60"])
def test_rows_that_a_fit_does_without_are_not_counted(spoken: str) -> None:
    """No rule looks at that number: it can be of one person, and shows when one comes or goes."""
    message = f"{spoken} person-years with education=unknown, where some outcome never occurs, {LEFT_OUT}"
    published = published_message(f"{message}; {FEW}emigration at sex=female", [], 5)
    assert LEFT_OUT in published
    assert "emigration at sex=female" in published
    for untold in (spoken + " person-years", "education"):
        assert untold not in published


def test_coefficients_named_are_counted() -> None:
    message = published_message(f"{FEW}emigration at sex=female, stay at education=unknown", [], 5)
    assert _n_named(message) == 2
    assert _n_named("") == 0


def test_a_variant_tells_nothing_where_the_study_could_not_test() -> None:
    """Its model was estimated: each centrality has events, which the study's own separation leaves open."""
    row = {"verdict": "supported", "n_tests": 4, "n_supporting": 4, "base_verdict": "inconclusive", "agrees": None}
    published = sensitivity_row(row | {"note": "All tests support it."})
    assert (published["verdict"], published["n_tests"], published["n_supporting"]) == ("inconclusive", 0, 0)
    assert "support" not in str(published["note"])
    untested = row | {"verdict": "inconclusive", "n_tests": 0, "n_supporting": 0, "note": "Not tested."}
    assert sensitivity_row(untested) == published
    tested = row | {"base_verdict": "not_supported", "agrees": False, "note": "All tests support it."}
    assert sensitivity_row(tested) == tested
