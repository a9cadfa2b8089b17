"""Identity numbers into keyed pseudonyms: the same number everywhere the same, an invalid one never passed on."""

import base64
import hashlib
import hmac
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.home import STUDY_FILE
from flows.load import load_deliveries
from flows.load.contract import contracts
from flows.load.folder import SIMULATED, SIMULATED_TEXT
from flows.pseudonymise import NotPseudonymised, pseudonymise
from flows.pseudonymise.delivery import TargetRefused
from flows.pseudonymise.file import possible_numbers
from flows.pseudonymise.numbers import broken_rule
from models_py.study import load_study
from storage.secret import KeyRefused
from tests.deliveries import FASTE, FLYTTING, HUSH, REGISTERS, Table, as_text, change, without, write_files
from tests.load.test_identity import controlled, dated, identity_numbers, is_identity_number

COMMAND = Path(sys.executable).with_name("flyttepanel")
NUMBERS = dict(zip(("p0001", "p0002", "p0003"), identity_numbers(3), strict=True))
SECRET = b"0123456789abcdef0123456789abcdef"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(SECRET + b"\n")
    path.chmod(0o600)
    return path


def with_numbers(table: Table) -> Table:
    """A table with identity numbers in place of its pseudonyms."""
    return {
        name: [NUMBERS.get(value, value) for value in values] if "lopenr" in name else values
        for name, values in table.items()
    }


def with_pseudonyms(table: Table) -> Table:
    """A table as it should come out, by the plain reading of RFC 2104 and RFC 4648."""
    made = {
        number: base64.b32encode(hmac.new(SECRET, number.encode(), hashlib.sha256).digest()).decode()[:20]
        for number in NUMBERS.values()
    }
    return {
        name: [made.get(value, value) for value in values] if "lopenr" in name else values
        for name, values in with_numbers(table).items()
    }


def faults(source: Path, tmp_path: Path, key: Path) -> list[tuple[str, str | None, tuple[int, ...], int]]:
    """Rule, column, first rows and count of each fault; nothing may have been written, and no number told."""
    with pytest.raises(NotPseudonymised) as refusal:
        pseudonymise(source, tmp_path / "out", key)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted({source.name, key.name})
    assert not any(number in str(refusal.value) or number in repr(refusal.value) for number in identity_numbers(50))
    assert "Nothing was written." in str(refusal.value)
    return [(fault.rule, fault.column, fault.row_numbers, fault.n_rows) for fault in refusal.value.faults]


def test_the_same_files_with_pseudonyms_in_every_key_column(tmp_path: Path, key: Path) -> None:
    source = write_files(tmp_path / "in", **{name: with_numbers(table) for name, table in REGISTERS.items()})
    expected = write_files(tmp_path / "expected", **{name: with_pseudonyms(table) for name, table in REGISTERS.items()})
    (source / "readme.txt").write_text(NUMBERS["p0001"])
    assert pseudonymise(source, tmp_path / "out", key) == len(REGISTERS)
    written = {path.name: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert written == {path.name: path.read_bytes() for path in expected.iterdir()}
    assert not any(number.encode() in data for number in NUMBERS.values() for data in written.values())


def test_a_simulated_delivery_stays_marked(tmp_path: Path, key: Path) -> None:
    source = write_files(tmp_path / "in", **{name: with_numbers(table) for name, table in REGISTERS.items()})
    (source / SIMULATED).write_text(NUMBERS["p0001"])
    assert pseudonymise(source, tmp_path / "out", key) == len(REGISTERS)
    assert (tmp_path / "out" / SIMULATED).read_text() == SIMULATED_TEXT


def test_every_key_of_every_contract_is_in_the_delivery_tried() -> None:
    keys = {
        name for contract in contracts().values() for name, column in contract.columns.items() if column.kind == "key"
    }
    tried = {name for table in REGISTERS.values() for name in table if "lopenr" in name}
    assert keys == tried == {"lopenr_person", "lopenr_mor", "lopenr_far", "lopenr_familie"}


def test_what_is_written_loads_and_what_is_read_does_not(tmp_path: Path, key: Path) -> None:
    landing = tmp_path / "landing"
    write_files(landing / "d0", **{name: with_numbers(table) for name, table in REGISTERS.items()})
    study = load_study(STUDY_FILE)
    pseudonymise(landing / "d0", landing / "d1", key)
    [loaded] = load_deliveries(tmp_path / "warehouse.duckdb", landing, ["d1"], study, "run_1")
    assert loaded.n_files == len(REGISTERS)
    with pytest.raises(Exception, match="identity_number"):
        load_deliveries(tmp_path / "other.duckdb", landing, ["d0"], study, "run_1")


def test_a_number_has_one_pseudonym_over_deliveries_and_another_under_another_key(tmp_path: Path, key: Path) -> None:
    other = tmp_path / "other_key"
    other.write_bytes(SECRET[::-1])
    other.chmod(0o400)
    keys = []
    for name, secret in (("a", key), ("b", key), ("c", other)):
        source = write_files(tmp_path / name, faste_oppl=with_numbers(FASTE))
        pseudonymise(source, tmp_path / f"{name}_out", secret)
        [file] = (tmp_path / f"{name}_out").iterdir()
        keys.append([line.split(";")[0] for line in file.read_text().splitlines()[1:]])
    assert keys[0] == keys[1]
    assert not set(keys[0]) & set(keys[2])


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize(("delimiter", "newline"), [(";", "\r\n"), (",", "\n"), ("\t", "\r\n")])
def test_encodings_delimiters_and_line_ends_stay(
    tmp_path: Path, key: Path, encoding: str, delimiter: str, newline: str
) -> None:
    (tmp_path / "in").mkdir()
    table = change(HUSH, lopenr_familie=["p0002", ""], MERKNAD_ÆØÅ=['"én; to,\ttre"', " 12 "])
    source = tmp_path / "in" / "hush_fam_2015.txt"
    source.write_bytes(as_text(with_numbers(table), delimiter, newline).encode(encoding))
    pseudonymise(source.parent, tmp_path / "out", key)
    written = (tmp_path / "out" / source.name).read_bytes()
    assert written == as_text(with_pseudonyms(table), delimiter, newline).encode(encoding)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["p0001", "12345", "p0003"], [("not_eleven_digits", "lopenr_person", (3,), 1)]),
        (["0" + NUMBERS["p0001"], "1019010046", "٠1019010046"], [("not_eleven_digits", "lopenr_person", (2, 3, 4), 3)]),
        (["99019010046", "01139010046", "p0003"], [("impossible_date", "lopenr_person", (2, 3), 2)]),
        (["01819010000", "p0002", "01019010047"], [("control_digits", "lopenr_person", (2, 4), 2)]),
    ],
)
def test_invalid_numbers_are_refused(tmp_path: Path, key: Path, values: Sequence[str], expected: list[object]) -> None:
    table = with_numbers(change(FASTE, lopenr_person=[NUMBERS.get(value, value) for value in values]))
    source = tmp_path / "in"
    source.mkdir()
    (source / "faste_oppl.csv").write_text(as_text(table), encoding="utf-8")
    assert faults(source, tmp_path, key) == expected


def test_numbers_of_mothers_and_fathers_are_checked_and_all_faults_come_at_once(tmp_path: Path, key: Path) -> None:
    wrong = [number[:-1] + str((int(number[-1]) + 1) % 10) for number in identity_numbers(9)]
    many = {name: list(values) * 3 for name, values in with_numbers(FASTE).items()}
    source = write_files(
        tmp_path / "in",
        faste_oppl={**many, "lopenr_far": wrong},
        flytting_g2015=with_numbers(change(FLYTTING, lopenr_person=["", "NA"], fra_land=["1", "2"])),
        hush_fam_2015=change(HUSH, lopenr_person=[wrong[0], wrong[1]], lopenr_familie=[".", "x"]),
    )
    assert sorted(faults(source, tmp_path, key)) == [
        ("control_digits", "lopenr_far", (2, 3, 4, 5, 6), 9),
        ("control_digits", "lopenr_person", (2, 3), 2),
        ("not_eleven_digits", "lopenr_familie", (3,), 1),
    ]


WRITTEN = [
    *("{0}", "born as {0}", "{1} {2}", "x{1}-{2}y", "{1}  {2}", "{1}\u00a0{2}", "{1} \u2013 {2}", "{3}.{4}.{5} {2}"),
    *("{0}.0", "{6}", "{6},00", "{7}"),
]


@pytest.mark.parametrize("written", WRITTEN)
def test_numbers_in_other_columns_are_refused(tmp_path: Path, key: Path, written: str) -> None:
    """As people write them, and as spreadsheets do: without the first zero, with decimals, with an exponent."""
    number = identity_numbers(4)[3]
    short = number[1:]
    parts = (number[:2], number[2:4], number[4:6], short, f"{short[0]}.{short[1:]}E+09")
    text = written.format(number, number[:6], number[6:], *parts)
    source = write_files(tmp_path / "in", faste_oppl=with_numbers(change(FASTE, merknad=["", text, "70707012345"])))
    assert faults(source, tmp_path, key) == [("number_elsewhere", "number 11", (3,), 1)]


def test_digits_of_any_script_are_digits() -> None:
    full_width = str.maketrans("0123456789", "\uff10\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19")
    [number] = identity_numbers(1)
    assert set(possible_numbers(f"no {number.translate(full_width)}")) == {number}
    assert not set(possible_numbers("2016-01-01 12:00, 22 33 44 55"))


def test_files_that_cannot_be_checked_are_refused(tmp_path: Path, key: Path) -> None:
    source = write_files(tmp_path / "in", skatt_2015=with_numbers(FASTE))
    (source / "faste_oppl.csv").write_text(as_text(without(with_numbers(FASTE), "lopenr_mor")))
    (source / "regsys_2015.csv").write_bytes("lopenr_person;x\r\n1;2\r\n".encode("utf-16"))
    (source / "bu_utd.csv").write_text("01019010046;401101\n" * 3)
    (source / "hush_fam_2015.parquet").write_bytes(b"PAR1")
    (source / "flytting_g2015.csv").write_text(f"lopenr_person;a\n{NUMBERS['p0001']};1;2\n\n{NUMBERS['p0001']}\n")
    rules = {(rule, column, rows) for rule, column, rows, _ in faults(source, tmp_path, key)}
    assert rules == {
        ("unknown_register", None, ()),
        ("unreadable", None, ()),
        ("missing_column", "lopenr_person", ()),
        ("missing_column", "lopenr_mor", ()),
        ("unknown_format", None, ()),
        ("ragged_row", None, (2, 4)),
    }


def test_what_is_there_is_never_written_over(tmp_path: Path, key: Path) -> None:
    source = write_files(tmp_path / "in", faste_oppl=with_numbers(FASTE))
    for target in (source, source / "out"):
        with pytest.raises(TargetRefused):
            pseudonymise(source, target, key)


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (SECRET, 0o640, "not its user's alone"),
        (SECRET, 0o604, "not its user's alone"),
        (SECRET[:31], 0o600, "too short"),
        (SECRET[:31] + b"\r\n", 0o600, "too short"),
        (SECRET * 200, 0o600, "not a key"),
        (None, 0o600, "cannot be read"),
    ],
)
def test_keys_that_are_none_are_refused(tmp_path: Path, content: bytes | None, mode: int, reason: str) -> None:
    source = write_files(tmp_path / "in", faste_oppl=with_numbers(FASTE))
    key = tmp_path / "key"
    if content is not None:
        key.write_bytes(content)
        key.chmod(mode)
    with pytest.raises(KeyRefused, match=reason) as refusal:
        pseudonymise(source, tmp_path / "out", key)
    assert SECRET.decode() not in str(refusal.value)
    assert not (tmp_path / "out").exists()


def test_the_command_takes_its_key_from_a_store_and_writes_for_the_owner_alone(tmp_path: Path) -> None:
    source = write_files(tmp_path / "in", faste_oppl=with_numbers(FASTE))
    out = tmp_path / "new" / "out"
    command = f"umask 0 && {COMMAND} pseudonymise {source} {out} --key-file <(printf {SECRET.decode()})"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=True, timeout=60)
    assert "1 file pseudonymised" in done.stdout
    made = [out.parent, out, *out.iterdir()]
    assert [path.stat().st_mode & 0o777 for path in made] == [0o700, 0o700, 0o600]
    assert (out / "w21_1234_faste_oppl_ut.csv").read_text() == expected_text()


def expected_text() -> str:
    """The register as it should come out; read back with its line ends made plain."""
    return as_text(
        {f"w21_1234_{name}" if "lopenr" in name else name: values for name, values in with_pseudonyms(FASTE).items()},
        newline="\n",
    )


def test_the_command_takes_no_key_in_any_other_way(tmp_path: Path) -> None:
    source = write_files(tmp_path / "in", faste_oppl=with_numbers(FASTE))
    environment = os.environ | {"FLYTTEPANEL_KEY": SECRET.decode(), "KEY_FILE": SECRET.decode()}
    words = [str(COMMAND), "pseudonymise", str(source), str(tmp_path / "out")]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, check=False, timeout=60)
    assert done.returncode != 0
    assert "--key-file" in done.stderr


@given(value=controlled | dated | st.from_regex(r"[0-9]{9,12}", fullmatch=True) | st.text())
def test_the_check_agrees_with_the_reference(value: str) -> None:
    assert (broken_rule(value) is None) == is_identity_number(value)
