"""Identity numbers, in whatever column: a pseudonymised extract must hold none."""

from collections.abc import Sequence

# Weights of the two control digits (Folkeregisteret); each weighted sum must be divisible by 11.
FIRST_WEIGHTS = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
SECOND_WEIGHTS = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)


def weighted_sum(weights: tuple[int, ...]) -> str:
    """SQL: the weighted sum of the leading digits of the 11-digit number `n`."""
    return " + ".join(f"{weight} * (n // {10 ** (10 - place)} % 10)" for place, weight in enumerate(weights))


# D-numbers: day + 40. H-numbers: month + 40; synthetic ones: + 65 or + 80.
IDENTITY_NUMBER_MACRO = f"""
    create or replace temp macro is_eleven_digits(v) as length(v) = 11 and regexp_full_match(v, '[0-9]{{11}}');
    create or replace temp macro has_identity_form(n) as
        ((n // 1000000000) between 1 and 31 or (n // 1000000000) between 41 and 71)
        and ((n // 10000000 % 100) between 1 and 12 or (n // 10000000 % 100) between 41 and 52
             or (n // 10000000 % 100) between 66 and 77 or (n // 10000000 % 100) between 81 and 92)
        and ({weighted_sum(FIRST_WEIGHTS)}) % 11 = 0
        and ({weighted_sum(SECOND_WEIGHTS)}) % 11 = 0;
    create or replace temp macro is_identity_number(v) as
        case when is_eleven_digits(v) then has_identity_form(cast(v as bigint)) else false end;
"""


def identity_conditions(value: str) -> tuple[str, str]:
    """SQL: whether a value has 11 digits, and whether it is an identity number."""
    return f"is_eleven_digits({value})", f"is_identity_number({value})"


def identity_counts(value: str) -> tuple[str, ...]:
    """SQL: how many values have 11 digits, and how many are identity numbers."""
    return tuple(f"count(*) filter ({condition})" for condition in identity_conditions(value))


def holds_identity_numbers(counts: Sequence[int], allowed_share: float) -> bool:
    """Whether a column is to be refused for the identity numbers in it.

    `counts` are how many values there are, how many have 11 digits, and how many of these are identity numbers. Some
    random 11-digit pseudonyms pass by chance, so a share is allowed if at least half of the values have 11 digits.
    """
    n_filled, n_eleven, n_passing = counts
    of_other_length = n_eleven * 2 < n_filled
    return n_passing > (0 if of_other_length else allowed_share * n_eleven)
