"""A single count as it may be said in public.

Belongs here: threshold and rounding of one number. Does not belong here: what other numbers would give it back.
"""

from models_py.study import Disclosure


class ImpossibleCount(ValueError):
    """A published count is none that the rules would publish."""


def rounded_count(count: int, rule: Disclosure) -> int | None:
    """A count as published: None (withheld) below the threshold, else rounded to the base, halves up."""
    if count < rule.threshold:
        return None
    return (2 * count + rule.rounding_base) // (2 * rule.rounding_base) * rule.rounding_base


def published_count(count: int, before: int | None, rule: Disclosure) -> int | None:
    """A count as published after it has been published as `before`: that again, unless it is a threshold away from it.

    Then the difference of two published values never shows that fewer persons than the threshold came or went. A value
    below today's threshold was allowed by an earlier one, and is not published again.
    """
    rounded = rounded_count(count, rule)
    if rounded is None or before is None or before < rule.threshold:
        return rounded
    return before if abs(count - before) < rule.threshold else rounded


def told_by_published(published: int, before: int | None, rule: Disclosure) -> tuple[float, float]:
    """The least and most a count can be that is published like this after `before`.

    Raises:
        ImpossibleCount: none is.
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
