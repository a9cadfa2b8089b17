"""One identity number: whether it is one, and its pseudonym.

The rules are those of `flows/load/identity.py`, but in Python: here every number counts, and not a share of a column.
"""

import base64
import hmac
import re
from collections.abc import Callable
from operator import mul

from flows.load.identity import FIRST_WEIGHTS, SECOND_WEIGHTS

ELEVEN_DIGITS = re.compile("[0-9]{11}")
# Days of D-numbers are + 40; months of H-numbers + 40, of synthetic ones + 65 or + 80.
DAYS = {f"{day + shift:02d}" for day in range(1, 32) for shift in (0, 40)}
MONTHS = {f"{month + shift:02d}" for month in range(1, 13) for shift in (0, 40, 65, 80)}
FIRST_ZERO, SECOND_ZERO = ord("0") * sum(FIRST_WEIGHTS), ord("0") * sum(SECOND_WEIGHTS)
PSEUDONYM_LENGTH = 20

RULES = {
    "not_eleven_digits": "values that are not exactly 11 digits; nothing is padded or cut",
    "impossible_date": "numbers whose first digits are no day and month, nor those of D-, H- and synthetic numbers",
    "control_digits": "numbers whose control digits are wrong",
}


def broken_rule(number: str) -> str | None:
    """The rule an identity number breaks, one of `RULES`; None if it is valid."""
    if not ELEVEN_DIGITS.fullmatch(number):
        return "not_eleven_digits"
    if number[:2] not in DAYS or number[2:4] not in MONTHS:
        return "impossible_date"
    codes = number.encode()
    first = sum(map(mul, FIRST_WEIGHTS, codes)) - FIRST_ZERO
    second = sum(map(mul, SECOND_WEIGHTS, codes)) - SECOND_ZERO
    return "control_digits" if first % 11 or second % 11 else None


def pseudonymiser(key: bytes) -> Callable[[str], str]:
    """The function that makes a number's pseudonym: the first 100 bits of HMAC-SHA-256 (RFC 2104) over its 11 digits.

    The digits are ASCII. The bits are written as 20 characters of base32 (RFC 4648), upper-case letters and the digits
    2 to 7; a pseudonym may be no longer. The probability that any two of 10 million persons get the same one is 4e-17
    (n² / 2^101).
    """

    def pseudonym(number: str) -> str:
        digest = hmac.digest(key, number.encode("ascii"), "sha256")
        return base64.b32encode(digest[:15]).decode("ascii")[:PSEUDONYM_LENGTH]

    return pseudonym
