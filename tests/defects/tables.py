"""A delivered file as a table that a defect changes: columns of texts, written back in Windows-1252 with `;`.

Belongs here: finding, reading and writing files of a good delivery, and changes that several defects share.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

Table = dict[str, list[str]]
Mutation = Callable[[Path], None]
KEY = "w21_1234_lopenr_person"


def file_of(folder: Path, register: str) -> Path:
    """The file of a register in a delivery."""
    [path] = [path for path in folder.iterdir() if f"_{register}" in path.name]
    return path


def lines_of(path: Path) -> list[str]:
    """A file's lines, header first, without their ends."""
    return path.read_text(encoding="cp1252").splitlines()


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write lines as they are delivered."""
    path.write_bytes("".join(f"{line}\r\n" for line in lines).encode("cp1252"))


def read(path: Path) -> Table:
    """A file as columns."""
    header, *rows = [line.split(";") for line in lines_of(path)]
    return {name: list(values) for name, values in zip(header, zip(*rows, strict=True), strict=True)}


def write(path: Path, table: Table) -> None:
    """Write columns as a file."""
    write_lines(path, [";".join(row) for row in [list(table), *zip(*table.values(), strict=True)]])


def on_table(register: str, change: Callable[[Table], Table]) -> Mutation:
    """A change of a register's columns."""

    def mutate(folder: Path) -> None:
        path = file_of(folder, register)
        write(path, change(read(path)))

    return mutate


def on_lines(register: str, change: Callable[[list[str]], list[str]]) -> Mutation:
    """A change of a register's lines."""

    def mutate(folder: Path) -> None:
        path = file_of(folder, register)
        write_lines(path, change(lines_of(path)))

    return mutate


def on_file(register: str, change: Callable[[Path], object]) -> Mutation:
    """A change of a register's file."""

    def mutate(folder: Path) -> None:
        change(file_of(folder, register))

    return mutate


def on_bytes(register: str, change: Callable[[bytes], bytes]) -> Mutation:
    """A change of a register's bytes."""
    return on_file(register, lambda path: path.write_bytes(change(path.read_bytes())))


def on_values(register: str, column: str, change: Callable[[str], str], every: int = 1) -> Mutation:
    """A change of the values of a column, in every so many rows; a missing value stays missing."""

    def changed(table: Table) -> Table:
        values = [
            change(value) if value and row % every == 0 else value for row, value in enumerate(table[column], start=1)
        ]
        return {**table, column: values}

    return on_table(register, changed)


def constant(register: str, column: str, value: str, every: int = 1) -> Mutation:
    """One value for every so many rows of a column."""

    def changed(table: Table) -> Table:
        values = [value if row % every == 0 else old for row, old in enumerate(table[column], start=1)]
        return {**table, column: values}

    return on_table(register, changed)


def recode(register: str, column: str, codes: dict[str, str]) -> Mutation:
    """Other codes in a column."""
    return on_values(register, column, lambda value: codes.get(value, value))


def swap_columns(register: str, one: str, other: str) -> Mutation:
    """The values of two columns under each other's name."""
    return on_table(register, lambda table: {**table, one: table[other], other: table[one]})


def drop_column(register: str, column: str) -> Mutation:
    """Without a column."""
    return on_table(register, lambda table: {name: values for name, values in table.items() if name != column})


def rename_column(register: str, column: str, other: str) -> Mutation:
    """A column under another name."""
    return on_table(
        register, lambda table: {other if name == column else name: values for name, values in table.items()}
    )


def shift(register: str, *columns: str) -> Mutation:
    """Columns moved down against the others by some rows, as a sort of part of a table does."""
    by = 7
    return on_table(
        register, lambda table: table | {name: table[name][by:] + table[name][:by] for name in columns}
    )  # fmt: skip


def swap_keys(register: str) -> Mutation:
    """The first person's key with the last one's of those who differ most."""

    def changed(table: Table) -> Table:
        rows = sorted(range(len(table[KEY])), key=lambda row: [table[name][row] for name in table if name != KEY])
        keys = list(table[KEY])
        keys[rows[0]], keys[rows[-1]] = keys[rows[-1]], keys[rows[0]]
        return {**table, KEY: keys}

    return on_table(register, changed)


def before(folder: Path, register: str) -> Path:
    """The file of a register in the delivery of the year before."""
    return file_of(folder.parent / f"delivery_{int(folder.name[-4:]) - 1}", register)
