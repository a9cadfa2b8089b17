"""Places for the labels of points, so that no label covers a mark or another label.

Belongs here: the geometry of labels. Does not belong here: what they say. A figure is as wide as the page it is
shown on, but a label keeps its distance in pixels, so a place must be free at every given width.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import cos, pi, sin

# Tried in this order, each in all directions; distances in pixels from the point to the label's centre.
DISTANCES = (11, 14, 18, 23, 29, 36, 44, 53, 63)
DIRECTIONS = 24
CLEARANCE = 1.0
LINE_STEP = 3.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle in pixels, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box") -> bool:
        """Whether they share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


@dataclass(frozen=True, slots=True)
class Point:
    """A point to be labelled: its place as shares of the plot's width (from the left) and height (from the top)."""

    x: float
    y: float
    label_width: float


# A line from one place to another; places are shares of width and height, as in Point.
Line = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Offset:
    """From the point to the centre of its label, in pixels."""

    dx: float
    dy: float


def place(
    points: Sequence[Point],
    sizes: Sequence[tuple[float, float]],
    radius: float,
    label_height: float,
    lines: Sequence[Line] = (),
) -> list[Offset | None]:
    """Offsets of the labels, free at every plot size (width, height) in pixels; None where there is no free place.

    Greedy: each point in turn gets the nearest free place, first to the right and then around. A place is free if no
    mark of the given radius, no line and no other label covers it.
    """
    taken = [
        [
            *(_around(_at((point.x, point.y), size), 2 * radius, 2 * radius) for point in points),
            *(box for line in lines for box in _along(line, size)),
        ]
        for size in sizes
    ]
    found: list[Offset | None] = []
    for point in points:
        offset = next((o for o in _candidates() if _free(point, o, sizes, taken, label_height)), None)
        found.append(offset)
        if offset is not None:
            for size, boxes in zip(sizes, taken, strict=True):
                boxes.append(label_box(point, offset, size, label_height))
    return found


def label_box(point: Point, offset: Offset, size: tuple[float, float], label_height: float) -> Box:
    """The rectangle a label covers in a plot of some size."""
    x, y = _at((point.x, point.y), size)
    return _around((x + offset.dx, y + offset.dy), point.label_width, label_height)


def _free(
    point: Point,
    offset: Offset,
    sizes: Sequence[tuple[float, float]],
    taken: Sequence[Iterable[Box]],
    label_height: float,
) -> bool:
    for size, boxes in zip(sizes, taken, strict=True):
        box = label_box(point, offset, size, label_height)
        inside = box.left >= 0 and box.top >= 0 and box.right <= size[0] and box.bottom <= size[1]
        if not inside or any(box.overlaps(other) for other in boxes):
            return False
    return True


def _candidates() -> Iterable[Offset]:
    for distance in DISTANCES:
        for step in range(DIRECTIONS):
            # Right, then alternately above and below: labels tend to the right, in the direction of reading.
            turn = (step + 1) // 2 * (-1 if step % 2 else 1) * 2 * pi / DIRECTIONS
            yield Offset(round(distance * cos(turn), 2), round(distance * sin(turn), 2))


def _at(place: tuple[float, float], size: tuple[float, float]) -> tuple[float, float]:
    return place[0] * size[0], place[1] * size[1]


def _along(line: Line, size: tuple[float, float]) -> Iterable[Box]:
    """Small boxes that cover a line, so that a slanting line does not block the whole rectangle around it."""
    (x0, y0), (x1, y1) = (_at(end, size) for end in line)
    steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / LINE_STEP))
    for i in range(steps + 1):
        yield _around((x0 + i / steps * (x1 - x0), y0 + i / steps * (y1 - y0)), 1.0, 1.0)


def _around(centre: tuple[float, float], width: float, height: float) -> Box:
    x, y = centre
    half, tall = width / 2 + CLEARANCE, height / 2 + CLEARANCE
    return Box(x - half, y - tall, x + half, y + tall)
