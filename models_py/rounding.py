"""A single count as it may be said in public.

Belongs here: threshold and rounding of one number. Does not belong here: what other numbers would give it back.
"""

from models_py.study import Disclosure


def rounded_count(count: int, rule: Disclosure) -> int | None:
    """A count as published: None (withheld) below the threshold, else rounded to the base, halves up."""
    if count < rule.threshold:
        return None
    return (2 * count + rule.rounding_base) // (2 * rule.rounding_base) * rule.rounding_base


def spoken_count(count: int, rule: Disclosure) -> str:
    """A count in a sentence: `about 25`, or `fewer than 5`."""
    rounded = rounded_count(count, rule)
    return f"fewer than {rule.threshold}" if rounded is None else f"about {rounded:,}"
