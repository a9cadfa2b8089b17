"""The form in which a single count may be published.

Belongs here: threshold and rounding of one number. Does not belong here: deriving it from other published numbers.
"""

from models_py.study import Disclosure


class ImpossibleCount(ValueError):
    """The rules could not have produced this published count."""


def rounded_count(count: int, rule: Disclosure) -> int | None:
    """A count as published: None (withheld) below the threshold, otherwise rounded to the base, halves up."""
    if count < rule.threshold:
        return None
    return (2 * count + rule.rounding_base) // (2 * rule.rounding_base) * rule.rounding_base


def published_count(count: int, before: int | None, rule: Disclosure) -> int | None:
    """A count as published now, if it was published as `before` earlier.

    The earlier value is kept as long as the count is less than the threshold away from it. So the difference between
    two published values never shows that fewer persons than the threshold came or went. An earlier value below today's
    threshold, which an earlier threshold allowed, is not published again.
    """
    rounded = rounded_count(count, rule)
    if rounded is None or before is None or before < rule.threshold:
        return rounded
    return before if abs(count - before) < rule.threshold else rounded


def told_by_published(published: int, before: int | None, rule: Disclosure) -> tuple[float, float]:
    """The smallest and largest count that would be published as `published` after `before`.

    Raises:
        ImpossibleCount: no count would be.
    """
    reach = rule.rounding_base + rule.threshold
    possible = [
        count
        for count in range(max(published - reach, 0), published + reach + 1)
        if published_count(count, before, rule) == published
    ]
    if not possible:
        raise ImpossibleCount
    return float(possible[0]), float(possible[-1])


def spoken_count(count: int, rule: Disclosure) -> str:
    """A count in a sentence: `about 25`, or `fewer than 5`."""
    rounded = rounded_count(count, rule)
    return f"fewer than {rule.threshold}" if rounded is None else f"about {rounded:,}"
