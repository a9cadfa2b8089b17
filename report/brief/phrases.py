"""How sentences are put together in a language.

Belongs here: enumerations, names of groups, counts, first letters. Does not belong here: which sentence is chosen.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from report.language import Language, in_sentence, label, number, percent, text, words

# A share below this is written with two decimals: with one, small shares would look equal.
SMALL_SHARE = 0.01
# Words that are followed by a number: `centrality 1`, `tabell 2`.
NUMBERED = re.compile(r"(\b(?:centrality|sentralitet|class|klasse|figure|figur|table|tabell)) (?=\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Phrases:
    """The brief's words in one language."""

    language: Language

    def say(self, key: str, **values: object) -> str:
        """A text of `words/brief.yml`; a no-break space keeps a word and its number on one line."""
        return NUMBERED.sub("\\1\u00a0", text("brief", key, self.language, **values))

    def sentence(self, key: str, **values: object) -> str:
        """A text that begins a sentence, whatever its first placeholder holds."""
        return capital(self.say(key, **values))

    def listed(self, parts: Sequence[str], last: str = "and") -> str:
        """`a, b and c`, or with another word before the last."""
        if len(parts) < 2:
            return "".join(parts)
        return f"{', '.join(parts[:-1])} {self.say(last)} {parts[-1]}"

    def groups(self, names: Sequence[str]) -> str:
        """Groups enumerated within a sentence, by their short names."""
        return self.listed([self.say(f"group_{name}") for name in names])

    def groups_in_full(self, names: Sequence[str]) -> str:
        """Groups enumerated by their full names, before the short names are introduced."""
        return self.listed([in_sentence(name, self.language) for name in names])

    def count(self, n: int) -> str:
        """A count in words up to twelve, as both languages write it in running text."""
        return self.say(f"count_{n}") if f"count_{n}" in words("brief") else number(n, self.language)

    def number(self, value: float, decimals: int = 0) -> str:
        """A number as the language writes it."""
        return number(value, self.language, decimals)

    def share(self, share: float) -> str:
        """A share or probability as a percentage."""
        return percent(share, self.language, 2 if share < SMALL_SHARE else 1)

    def status(self, status: str) -> str:
        """The status of a model, as a label."""
        if f"status_{status}" in words("brief"):
            return capital(self.say(f"status_{status}"))
        return label(status, self.language)

    def reason(self, status: str) -> str:
        """Why there are no estimates, inside a sentence."""
        if status == "ok":
            return self.say("no_coefficients")
        if f"status_{status}" in words("brief"):
            return self.say(f"status_{status}")
        return in_sentence(status, self.language)

    def years(self, first: int, last: int) -> str:
        """A period."""
        return str(first) if first == last else f"{first}–{last}"


def capital(sentence: str) -> str:
    """The sentence with a capital first letter."""
    return sentence[:1].upper() + sentence[1:]


def paragraph(*sentences: str) -> str:
    """Sentences joined by spaces; empty ones are left out."""
    return " ".join(sentence for sentence in sentences if sentence)
