"""What the bytes of a file tell: its hash, its encoding, its header and delimiter, its blank lines.

DuckDB then parses it. A file that is not UTF-8 is first copied to UTF-8, because DuckDB does not read Windows-1252.
"""

import codecs
import csv
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

CHUNK = 1 << 23
DELIMITERS = ";,\t|"
BLANK_LINE = re.compile(rb"(?<=\n)\r?\n")
BYTE_ORDER_MARKS = {codecs.BOM_UTF16_LE: "UTF-16", codecs.BOM_UTF16_BE: "UTF-16"}
SINGLE_BYTE = "cp1252"
LONGEST_HEADER = 100_000  # characters


class Unreadable(Exception):
    """A file cannot be read as a table; the message says why, without its content. `line`: where, if that is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a file is. `header` as delivered; `skipped_lines`: physical numbers of blank lines below the header.

    `any_space`: whether there is one anywhere, so that values may have to be trimmed. `encoding` is ascii, utf-8,
    utf-8-sig or windows-1252, `delimiter` one character; both None for Parquet.
    """

    sha256: str
    n_bytes: int
    modified_ns: int
    encoding: str | None
    delimiter: str | None
    header: tuple[str, ...]
    skipped_lines: tuple[int, ...]
    any_space: bool


def file_hash(path: Path) -> str:
    """SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def inspect(path: Path, sha256: str) -> FileFacts:
    """Decide how a text file is to be read.

    Raises:
        Unreadable: it is empty, binary, or in an encoding we do not read.
    """
    stat = path.stat()
    encoding, blank_lines, any_space = scan(path)
    header_line = first_line(path, encoding)
    # csv.reader has a limit of its own, but any library may have changed that for the whole process.
    if len(header_line) > LONGEST_HEADER:
        raise Unreadable("its first line is longer than any header", 1)
    delimiter = max(DELIMITERS, key=header_line.count)
    header = tuple(name.strip() for name in next(csv.reader([header_line], delimiter=delimiter)))
    return FileFacts(sha256, stat.st_size, stat.st_mtime_ns, encoding, delimiter, header, blank_lines, any_space)


def scan(path: Path) -> tuple[str, tuple[int, ...], bool]:
    """The encoding of a file by its bytes, the numbers of its blank lines, and whether there is a space anywhere.

    Raises:
        Unreadable: empty, binary, UTF-16, or neither UTF-8 nor Windows-1252.
    """
    utf8: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
    only_ascii, has_mark, any_blank, any_space, last = True, False, False, False, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if not last:
                refuse_binary(chunk)
                has_mark = chunk.startswith(codecs.BOM_UTF8)
            if b"\0" in chunk:
                message = "it holds null bytes: binary, or in an encoding we do not read; deliver text"
                raise Unreadable(message, first_line_with(path, null_byte))
            any_blank = any_blank or ends_blank_line(last, chunk)
            any_space = any_space or b" " in chunk
            last = (last + chunk[-2:])[-2:]
            only_ascii = only_ascii and chunk.isascii()
            utf8 = utf8 if only_ascii else still_utf8(utf8, chunk)
    if not last:
        raise Unreadable("the file is empty")
    blank_lines = tuple(blank_lines_of(path)) if any_blank else ()
    if only_ascii:
        return "ascii", blank_lines, any_space
    if utf8 and still_utf8(utf8, b"", final=True):
        return "utf-8-sig" if has_mark else "utf-8", blank_lines, any_space
    return "windows-1252", blank_lines, any_space


def ends_blank_line(before: bytes, chunk: bytes) -> bool:
    """Whether a blank line ends in a chunk; `before`: the two bytes ahead of it."""
    seam = before + chunk[:2]
    ends = (b"\n\n", b"\n\r\n") if b"\r" in chunk or b"\r" in seam else (b"\n\n",)
    return any(end in chunk or end in seam for end in ends)


def blank_lines_of(path: Path) -> Iterator[int]:
    """Physical numbers of a file's blank lines; called only for the few files that have any."""
    n_lines, last = 0, b""
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield from (n_lines + line for line in blank_lines_in(last, chunk))
            n_lines += chunk.count(b"\n")
            last = (last + chunk)[-2:]


def blank_lines_in(before: bytes, chunk: bytes) -> list[int]:
    """Numbers of the blank lines that end in a chunk, counted from its start; `before`: the two bytes ahead of it."""
    text = before + chunk
    blank = (found for found in BLANK_LINE.finditer(text) if found.end() > len(before))
    return [text.count(b"\n", len(before), found.start()) + 1 for found in blank]


def refuse_binary(start: bytes) -> None:
    """Raise `Unreadable` on a byte order mark of an encoding we do not read."""
    for mark, name in BYTE_ORDER_MARKS.items():
        if start.startswith(mark):
            raise Unreadable(f"it is encoded in {name}; deliver Windows-1252 or UTF-8")


def still_utf8(
    decoder: codecs.IncrementalDecoder | None, chunk: bytes, final: bool = False
) -> codecs.IncrementalDecoder | None:
    """The decoder after one more chunk; None once something is not UTF-8."""
    try:
        if decoder:
            decoder.decode(chunk, final)
        return decoder
    except UnicodeDecodeError:
        return None


def python_encoding(encoding: str) -> str:
    """Python's name of an encoding in `FileFacts`."""
    return SINGLE_BYTE if encoding == "windows-1252" else encoding


def first_line(path: Path, encoding: str) -> str:
    """The header line.

    Raises:
        Unreadable: it is blank, or not text.
    """
    try:
        with path.open(encoding=python_encoding(encoding)) as file:
            line = file.readline(CHUNK).rstrip("\r\n")
    except UnicodeDecodeError:
        raise no_text(path) from None
    if not line.strip():
        raise Unreadable("its first line is blank; a header row must stand there")
    return line


def as_utf8(source: Path, target: Path) -> None:
    """Copy a Windows-1252 file to UTF-8, readable by its owner alone.

    Raises:
        Unreadable: a byte has no meaning in Windows-1252.
    """
    target.touch(mode=0o600)
    try:
        with (
            source.open(encoding=SINGLE_BYTE, newline="") as old,
            target.open("w", encoding="utf-8", newline="") as new,
        ):
            while text := old.read(CHUNK):
                new.write(text)
    except UnicodeDecodeError:
        raise no_text(source) from None


def no_text(path: Path) -> Unreadable:
    """The error for a file in neither of the two encodings."""
    return Unreadable("it is neither UTF-8 nor Windows-1252 text", first_line_with(path, meaningless_byte))


def first_line_with(path: Path, place: Callable[[bytes], int]) -> int | None:
    """The number of the first line with what `place` looks for: it gives the index in some bytes, or -1."""
    n_lines = 1
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            if (found := place(chunk)) >= 0:
                return n_lines + chunk.count(b"\n", 0, found)
            n_lines += chunk.count(b"\n")
    return None


def null_byte(text: bytes) -> int:
    """The index of the first null byte; -1 if there is none."""
    return text.find(b"\0")


def meaningless_byte(text: bytes) -> int:
    """The index of the first byte that has no meaning in Windows-1252; -1 if there is none."""
    try:
        text.decode(SINGLE_BYTE)
        return -1
    except UnicodeDecodeError as error:
        return error.start


def ends_with_line(path: Path) -> bool:
    """Whether a text file's last line has an end: without one it may have been cut. Parquet and empty files: True."""
    if path.suffix.lower() == ".parquet" or not path.stat().st_size:
        return True
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
