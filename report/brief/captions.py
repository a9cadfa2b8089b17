"""Headings, captions and labels of the brief that do not depend on the results."""

from report.brief.phrases import Phrases
from report.language import Language

KEYS = (
    "box_heading",
    "caption_table_2",
    "caption_table_3",
    "table_2_hypothesis",
    "table_2_verdict",
    "table_2_tests",
    "references_heading",
    "skip_link",
    "other_language",
    "download_pdf",
)


def captions(language: Language) -> dict[str, str]:
    """The fixed words that both templates need."""
    phrases = Phrases(language)
    return {key: phrases.say(key) for key in KEYS} | {
        # The page numbers are filled in by the typesetter.
        "page_of": phrases.say("page_of", page="{page}", pages="{pages}")
    }
