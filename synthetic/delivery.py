"""Deliveries: their files, and the registers written into them as text, block by block."""

import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from flows.load.folder import SIMULATED, SIMULATED_TEXT
from synthetic import registers
from synthetic.events import first_day
from synthetic.keys import UNKNOWN_BLOCK, pseudonyms
from synthetic.life import History
from synthetic.norway import Norway
from synthetic.people import NO_DAY, NOBODY
from synthetic.quirks import FIRST_STRANGER, PLAIN, STRANGERS, Dress, blemish, dress_of
from synthetic.registers import KEY, MISSING, Column, Table
from synthetic.streams import Streams

PREFIX = "w21_1234"
STYLE_BLOCK = 2**20  # the block number for random streams about whole files
FIRST_DATE, LAST_DATE = first_day(1900), first_day(2061)
MARKED_SHARE = 0.2  # of missing values, in a file that marks some of them


@dataclass(frozen=True)
class Delivery:
    """What one delivery covers: the 1 Januaries `first` … `cutoff`, and the year files of `file_years`."""

    name: str
    first: int
    cutoff: int
    file_years: tuple[int, ...]  # 1 Januaries that are new in this delivery

    def files(self) -> Iterator[tuple[str, int, str]]:
        """(register, year of a year file or 0, part of the file's name that names the register)."""
        yield "faste_oppl", 0, "faste_oppl"
        yield "bostedskommune", 0, "bostedskommune"
        yield "regstat", 0, f"regstat_{self.first}_{self.cutoff}"
        if self.cutoff > self.first:
            yield "bu_utd", 0, "bu_utd"
        for year in self.file_years:
            yield "hush_fam", year, f"hush_fam_{year}"
            if year > self.first:
                yield "flytting", year - 1, f"flytting_g{year - 1}"
                yield "regsys", year - 1, f"regsys_{year - 1}"


def plan(first: int, last: int, deliveries: Literal["single", "yearly"]) -> list[Delivery]:
    """The deliveries that cover the years, in order of name and time."""
    if deliveries == "single":
        return [Delivery(f"delivery_{first}_{last}", first, last, tuple(range(first, last + 1)))]
    return [Delivery(f"delivery_{year}", first, year, (year,)) for year in range(first, last + 1)]


class DeliveryWriter:
    """Writes a delivery's files; every block adds its rows."""

    def __init__(self, delivery: Delivery, folder: Path, text: bool, quirks: bool, seed: int, stack: ExitStack) -> None:
        self._delivery, self._folder, self._text, self._quirks, self._seed = delivery, folder, text, quirks, seed
        self._stack = stack
        self._files: dict[str, tuple[Dress, Any]] = {}
        folder.mkdir(parents=True)
        (folder / SIMULATED).write_text(SIMULATED_TEXT, encoding="utf-8")

    def add(self, history: History, norway: Norway, block: int) -> int:
        """Write a block's rows into every file. Returns the number of rows."""
        source = registers.Source(history, norway, self._delivery.first, self._delivery.cutoff)
        keys = block_keys(self._seed, block, len(history.people))
        streams, n_rows = Streams(self._seed, block), 0
        for register, year, name in self._delivery.files():
            table = registers.BY_YEAR[register](source, year) if year else registers.WHOLE[register](source)
            if self._quirks:
                table = blemish(register, table, norway, streams, year)
            rng = streams.rng(f"rows {name}", self._delivery.cutoff)
            dress, sink = self._open(name, table)
            rows = dressed(table, dress, keys, rng)
            self._write(sink, rows)
            n_rows += rows.num_rows
        return n_rows

    def _open(self, name: str, table: Table) -> tuple[Dress, Any]:
        """The file's dress and its sink; the first block opens the file."""
        if name not in self._files:
            rng = Streams(self._seed, STYLE_BLOCK).rng("dress", self._delivery.cutoff, zlib.crc32(name.encode()))
            dress = dress_of(rng, len(table)) if self._quirks else PLAIN
            path = self._folder / f"{PREFIX}_{name}{dress.suffix}.{'csv' if self._text else 'parquet'}"
            header = column_names(list(table), dress)
            if self._text:
                sink: Any = self._stack.enter_context(path.open("wb"))
                sink.write((";".join(header) + "\n").encode("cp1252"))
            else:
                schema = pa.schema([(column, pa.string()) for column in header])
                sink = self._stack.enter_context(pyarrow.parquet.ParquetWriter(path, schema))
            self._files[name] = (dress, sink)
        return self._files[name]

    def _write(self, sink: Any, rows: pa.Table) -> None:
        if self._text:
            # All values are ASCII and therefore valid Windows-1252.
            options = pyarrow.csv.WriteOptions(include_header=False, delimiter=";", quoting_style="none")
            pyarrow.csv.write_csv(rows, sink, options)
        else:
            sink.write_table(rows)


def block_keys(seed: int, block: int, count: int) -> pa.StringArray:
    """Pseudonyms by index − (FIRST_STRANGER − STRANGERS + 1): strangers, nobody, then the block's persons."""
    strangers = pseudonyms(seed, UNKNOWN_BLOCK + block, STRANGERS)
    return pa.concat_arrays([strangers, pa.array([""]), pseudonyms(seed, block, count)])


def column_names(names: list[str], dress: Dress) -> list[str]:
    """A file's header."""
    named = [dress.key if name == KEY else name for name in names]
    ordered = [named[place] for place in dress.order] if dress.order else named
    return [name.upper() for name in ordered] if dress.capitals else ordered


def dressed(table: Table, dress: Dress, keys: pa.StringArray, rng: np.random.Generator) -> pa.Table:
    """A table with its values as the texts of its file."""
    texts = [_marked(_text(column, dress, keys, rng), dress, rng) for column in table.values()]
    ordered = [texts[place] for place in dress.order] if dress.order else texts
    return pa.table(dict(zip(column_names(list(table), dress), ordered, strict=True)))


def _text(column: Column, dress: Dress, keys: pa.StringArray, rng: np.random.Generator) -> pa.StringArray:
    values = column.values
    if column.kind == "key":
        return _taken(keys, values - (FIRST_STRANGER - STRANGERS + 1), values == NOBODY)
    if column.kind in ("code", "zero_code"):
        assert column.vocabulary is not None
        texts = column.vocabulary.tolist()
        if dress.lost_zeros and column.kind == "zero_code":
            texts = [text.lstrip("0") or text[:1] for text in texts]
        return _taken(pa.array(texts, pa.string()), values, values == MISSING)
    if column.kind == "day":
        form = rng.choice(3, len(values), p=[0.7, 0.15, 0.15]) if dress.mixed_dates else 0
        return _taken(_dates(), np.where(values == NO_DAY, 0, values - FIRST_DATE) * 3 + form, values == NO_DAY)
    texts = pa.array(values, mask=values == (0 if column.kind == "month" else MISSING)).cast(pa.string())
    return pc.binary_join_element_wise(texts, ".0", "") if dress.doubles else texts


def _taken(texts: pa.StringArray, index: NDArray[Any], missing: NDArray[Any]) -> pa.StringArray:
    return texts.take(pa.array(index.astype(np.int64), mask=missing))


def _dates() -> pa.StringArray:
    """Every day in three forms, one after another: 20150314, 14.03.2015, 2015-03-14."""
    if not _DATES:
        days = np.arange(FIRST_DATE, LAST_DATE).astype("datetime64[D]").astype(str).tolist()
        _DATES.append(
            pa.array([form for day in days for form in (day.replace("-", ""), ".".join(reversed(day.split("-"))), day)])
        )
    return _DATES[0]


_DATES: list[pa.StringArray] = []


def _marked(texts: pa.StringArray, dress: Dress, rng: np.random.Generator) -> pa.StringArray:
    """Write some missing values as NA or a full stop, if the file's dress says so."""
    if not dress.marked_missing or texts.null_count == 0:
        return texts
    die = rng.random(len(texts))
    mark = pa.array(np.where(die < MARKED_SHARE / 2, "NA", "."), mask=die >= MARKED_SHARE)
    return pc.coalesce(texts, mark)
