"""The whole comparison of two releases as one value."""

from dataclasses import dataclass

from flows.diff.basis import BasisDiff, compare_basis
from flows.diff.explanation import Explanation, explain
from flows.diff.published import PublishedDiff, compare_published
from flows.home import Home
from report.release import Release


@dataclass(frozen=True, slots=True)
class ReleaseDiff:
    """What changed from the release `run_a` to `run_b`; `explanations` where they were asked for."""

    run_a: str
    run_b: str
    basis: BasisDiff
    published: PublishedDiff
    explanations: tuple[Explanation, ...] = ()


def compare(home: Home, a: Release, b: Release, why: bool) -> ReleaseDiff:
    """What changed between two releases, and, if asked, why verdicts flipped."""
    basis, published = compare_basis(a.manifest, b.manifest), compare_published(a, b)
    explanations = explain(home, a.manifest, b.manifest, basis.differs, published.verdicts) if why else ()
    return ReleaseDiff(a.manifest["run_id"], b.manifest["run_id"], basis, published, explanations)
