"""Tiny hand-written deliveries for tests: minimal valid registers, any column or file of which a test can change.

write_delivery(landing / "2016")                                    # three persons, all registers, 2015–2016
write_delivery(landing / "2016", flytting_g2015=None)               # without a file
write_delivery(landing / "2016", faste_oppl=change(FASTE, invkat=["B", "B", "Q"]))
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

Table = Mapping[str, Sequence[str]]

PERSONS = ("p0001", "p0002", "p0003")
FASTE: Table = {
    "lopenr_person": PERSONS,
    "foedsels_aar_mnd": ("198003", "197512", "199001"),
    "doeds_aar_mnd": ("", "", ""),
    "kjoenn": ("1", "2", "2"),
    "fodeland": ("000", "101", "000"),
    "invkat": ("A", "B", "C"),
    "landbak3gen": ("000", "101", "101"),
    "forst_aar_mnd": ("", "200507", ""),
    "lopenr_mor": ("", "", "p0002"),
    "lopenr_far": ("", "", ""),
}
BOSTED: Table = {
    "lopenr_person": PERSONS,
    "bostedskommune_01_01_2015": ("0301", "1201", ""),
    "bostedskommune_01_01_2016": ("0301", "0301", "1201"),
}
REGSTAT: Table = {
    "lopenr_person": PERSONS,
    "regstat_15": ("1", "1", "3"),
    "regstat_15_dat": ("", "20050704", "20120301"),
    "regstat_16": ("1", "1", "1"),
    "regstat_16_dat": ("", "20050704", "20150615"),
}
FLYTTING: Table = {
    "lopenr_person": ("p0002", "p0003"),
    "flyttedato": ("20150314", "20150615"),
    "regdato": ("20150320", "20150620"),
    "flyttetype": ("1", "2"),
    "fra_kommnr": ("1201", ""),
    "til_kommnr": ("0301", "1201"),
    "fra_land": ("000", "101"),
    "til_land": ("000", "000"),
}
HUSH: Table = {
    "lopenr_person": ("p0001", "p0002"),
    "lopenr_familie": ("p0001", "p0002"),
    "regstat_famtyp": ("1.1.2", "2.3.1"),
    "parstatus": ("0", "0"),
    "barn_i_regstat_famnr": ("0", "1"),
}
BU: Table = {
    "lopenr_person": PERSONS,
    "bu_2014": ("641101", "401101", ""),
    "bu_2015": ("641101", "401101", "201199"),
}
REGSYS: Table = {
    "lopenr_person": ("p0001", "p0002"),
    "arb_arbmark_status": ("1", "3"),
    "arb_arbkomm": ("0301", ""),
}
REGISTERS: dict[str, Table] = {
    "faste_oppl": FASTE,
    "bostedskommune": BOSTED,
    "regstat_2015_2016": REGSTAT,
    "flytting_g2015": FLYTTING,
    "hush_fam_2015": HUSH,
    "bu_utd": BU,
    "regsys_2015": REGSYS,
}


def change(table: Table, **columns: Sequence[str]) -> Table:
    """A table with some columns replaced or added."""
    return {**table, **columns}


def without(table: Table, *columns: str) -> Table:
    """A table without some columns."""
    return {name: values for name, values in table.items() if name not in columns}


def repeated(table: Table, times: int) -> Table:
    """A table with other persons in the same situations, so many times as large. Keys stay strings of 5 or more."""
    return {
        name: [f"{value}x{copy}" if copy and value and "lopenr" in name else value
               for copy in range(times) for value in values]
        for name, values in table.items()
    }  # fmt: skip


def as_text(table: Table, delimiter: str = ";", newline: str = "\r\n") -> str:
    """A table as the text of a delivered file."""
    rows = [list(table), *zip(*table.values(), strict=True)]
    return "".join(delimiter.join(row) + newline for row in rows)


def write_delivery(folder: Path, **registers: Table | None) -> Path:
    """Write a delivery: all registers, those given replaced, added, or left out where None. Returns the folder."""
    return write_files(folder, **{**REGISTERS, **registers})


def write_files(folder: Path, **registers: Table | None) -> Path:
    """Write a delivery of the given registers alone, in Windows-1252 with `;`, project prefix in names and keys."""
    folder.mkdir(parents=True, exist_ok=True)
    for register, table in registers.items():
        if table is not None:
            prefixed = {f"w21_1234_{name}" if "lopenr" in name else name: values for name, values in table.items()}
            path = folder / f"w21_1234_{register}_ut.csv"
            path.write_bytes(as_text(prefixed).encode("cp1252"))
    return folder
