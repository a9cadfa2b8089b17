"""Reading the pages of a site as a browser would: what they load, where they link, whether they are well formed."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


@dataclass
class Page(HTMLParser):
    """A page; `faults` says where its tags are not in order."""

    path: Path
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    sections: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.language = ""
        self.feed(self.path.read_text(encoding="utf-8"))
        self.faults += [f"{tag} is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if tag == "html":
            self.language = given["lang"] or ""
        if tag == "section":
            self.sections.append(given.get("id") or given.get("aria-labelledby") or "")
        if given.get("id"):
            self.ids.append(str(given["id"]))
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "link" or given.get("src"):
            self.loads.append(str(given.get("src") or given["href"]))
        if tag == "img" and not given.get("alt"):
            self.faults.append("a picture without a text alternative")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open[-1] != tag:
            self.faults.append(f"line {self.getpos()[0]}: {tag} is closed where {self.open[-1:]} is open")
        else:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not self.open or self.open[-1] not in ("script", "style"):
            self.text += data

    def target(self, reference: str) -> tuple[Path, str]:
        """The file a relative reference leads to, and the place in it."""
        parts = urlsplit(reference)
        assert not parts.scheme, reference
        file = (self.path.parent / unquote(parts.path)).resolve() if parts.path else self.path
        return file, parts.fragment
