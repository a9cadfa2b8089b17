"""Marks can be told apart without colour vision and in grey; labels never overlap."""

import itertools
import random

import numpy as np
import pytest

from report.figures.placement import Point, label_box, place
from report.marks import GREENS, GREYS, OUTCOME_COLOURS, OUTCOME_SHAPES, RAMPS, SHAPES, blend, channels, shades

# What a person without one kind of cone sees, in linear RGB (Machado, Oliveira & Fernandes 2009, severity 1).
DEFICIENCIES = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
WHITE = TO_XYZ @ np.ones(3)


def linear(colour: str) -> np.ndarray:
    part = np.array(channels(colour)) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(light: np.ndarray) -> np.ndarray:
    """CIE L*a*b* of linear RGB."""
    f = np.cbrt(TO_XYZ @ np.clip(light, 0.009, 1) / WHITE)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_groups_differ_for_colour_blind_readers(deficiency: str) -> None:
    seen = {
        group: [lab(np.array(DEFICIENCIES[deficiency]) @ linear(colour)) for colour in ramp[1:4]]
        for group, ramp in RAMPS.items()
    }
    for one, other in itertools.combinations(seen, 2):
        for a, b in zip(seen[one], seen[other], strict=True):
            assert np.linalg.norm(a - b) > 10, (one, other)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
def test_outcomes_differ_for_colour_blind_readers(deficiency: str) -> None:
    for pair in zip(*OUTCOME_COLOURS.values(), strict=True):
        a, b = (lab(np.array(DEFICIENCIES[deficiency]) @ linear(colour)) for colour in pair)
        assert np.linalg.norm(a - b) > 12


def test_nothing_is_told_by_colour_alone() -> None:
    assert set(SHAPES) == set(RAMPS)
    assert len(set(SHAPES.values())) == len(SHAPES)
    assert len(set(OUTCOME_SHAPES.values())) == len(OUTCOME_SHAPES)


@pytest.mark.parametrize("ramp", [*RAMPS.values(), GREYS, GREENS])
def test_a_darker_shade_is_darker_in_grey(ramp: tuple[str, ...]) -> None:
    lightness = [lab(linear(colour))[0] for colour in ramp]
    assert all(b - a > 8 for a, b in itertools.pairwise(lightness))


def test_shades_span_the_ramp() -> None:
    assert shades(GREYS, 5) == GREYS
    assert shades(GREYS, 2) == (GREYS[0], GREYS[-1])
    assert shades(GREYS, 1) == (GREYS[0],)
    assert blend(("#000000", "#ffffff"), 0.5) == "#808080"


@pytest.mark.parametrize("seed", range(20))
def test_labels_never_overlap(seed: int) -> None:
    draw = random.Random(seed)
    points = [Point(draw.uniform(0.1, 0.35), draw.uniform(0.5, 0.95), 15) for _ in range(15)]
    sizes = [(290.0, 420.0), (640.0, 420.0)]
    offsets = place(points, sizes, 6, 11)
    assert any(offsets)
    for size in sizes:
        boxes = [label_box(p, o, size, 11) for p, o in zip(points, offsets, strict=True) if o]
        assert not any(a.overlaps(b) for a, b in itertools.combinations(boxes, 2))
        assert all(box.left >= 0 and box.right <= size[0] and box.bottom <= size[1] for box in boxes)


def test_a_label_that_finds_no_place_is_left_out() -> None:
    offsets = place([Point(0.5, 0.5, 200)], [(100.0, 100.0)], 6, 11)
    assert offsets == [None]
