"""Defects of a file or folder as a whole: format, encoding, name, completeness."""

import gzip
import io
import shutil
import zipfile
from pathlib import Path

import duckdb

from tests.defects.expected import Defect, noted, refused, repaired
from tests.defects.tables import Mutation, before, file_of, lines_of, on_bytes, on_file, on_lines, read, write_lines


def as_parquet(path: Path) -> Path:
    """A file as Parquet beside itself, which it replaces."""
    target = path.with_suffix(".parquet")
    duckdb.sql(f"copy (from read_csv('{path}', all_varchar = true, encoding = 'latin-1')) to '{target}'")
    path.unlink()
    return target


def truncated_parquet(path: Path) -> None:
    target = as_parquet(path)
    target.write_bytes(target.read_bytes()[: target.stat().st_size // 2])


def parquet_named_text(path: Path) -> None:
    as_parquet(path).rename(path)


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("register.csv", content)
    return buffer.getvalue()


def zipped_beside(path: Path) -> None:
    path.with_suffix(".zip").write_bytes(zipped(path.read_bytes()))
    path.unlink()


def gzipped(path: Path) -> None:
    path.with_name(f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()


def into_folder(path: Path) -> None:
    inner = path.parent / "register"
    inner.mkdir()
    path.rename(inner / path.name)


def beside_the_delivery(path: Path) -> None:
    path.rename(path.parent.parent / path.name)


def called(name: str, register: str) -> Mutation:
    """Another name for the file of a register."""
    return on_file(register, lambda path: path.rename(path.with_name(name)))


def copied(name: str, register: str) -> Mutation:
    """A second file, with the content of a register's."""
    return on_file(register, lambda path: shutil.copyfile(path, path.with_name(name)))


def last_year(register: str) -> Mutation:
    """Last year's file of a register in place of this year's."""

    def mutate(folder: Path) -> None:
        shutil.copyfile(before(folder, register), file_of(folder, register))

    return mutate


def with_last_year(register: str) -> Mutation:
    """Last year's rows behind this year's."""

    def mutate(folder: Path) -> None:
        path = file_of(folder, register)
        old, new = read(before(folder, register)), lines_of(path)
        columns = new[0].split(";")
        rows = zip(*(old[column] for column in columns), strict=True)
        write_lines(path, [*new, *(";".join(row) for row in rows)])

    return mutate


OF_FILES: list[Defect] = [
    refused("empty_file", on_bytes("hush_fam", lambda _: b""), "unreadable", "hush_fam"),
    refused("header_only", on_lines("regsys", lambda lines: lines[:1]), "empty_table", "regsys"),
    refused("no_header", on_lines("regsys", lambda lines: lines[1:]), "missing_column", "regsys"),
    refused("blank_first_line", on_lines("hush_fam", lambda lines: ["", *lines]), "unreadable", "hush_fam"),
    refused("cut_inside_a_row", on_bytes("bostedskommune", lambda text: text[: len(text) * 2 // 3 - 1].rsplit(b";",
            2)[0]),
            "ragged_row", "bostedskommune"),
    refused("cut_between_rows", on_lines("hush_fam", lambda lines: lines[: len(lines) // 2]), "fewer_rows", "hush_fam"),
    refused("a_third_of_the_rows_missing", on_lines("regsys", lambda lines: lines[:1] + lines[len(lines) // 3 :]),
            "fewer_rows", "regsys"),
    refused("most_events_missing", on_lines("flytting", lambda lines: lines[: len(lines) // 3]), "fewer_rows",
            "flytting"),
    noted("a_tenth_of_the_rows_missing", on_lines("regsys", lambda lines: lines[:1] + lines[len(lines) // 10 :]),
          "fewer_rows", "regsys"),
    noted("a_third_of_the_persons_missing", on_lines("faste_oppl", lambda lines: lines[: len(lines) * 2 // 3]),
          "fewer_rows", "faste_oppl"),
    noted("a_register_left_out", on_file("bostedskommune", Path.unlink), "missing_year", "bostedskommune"),
    noted("cut_inside_the_last_value", on_bytes("hush_fam", lambda text: text.rstrip()[:-1] + b"1"), "no_line_end",
          "hush_fam"),
    refused("cut_parquet", on_file("hush_fam", truncated_parquet), "unreadable", "hush_fam"),
    refused("parquet_named_csv", on_file("hush_fam", parquet_named_text), "unreadable", "hush_fam"),
    repaired("parquet_instead_of_text", on_file("hush_fam", as_parquet), None, "hush_fam"),
    refused("utf_16", on_bytes("hush_fam", lambda text: text.decode("cp1252").encode("utf-16")), "unreadable",
            "hush_fam"),
    refused("utf_16_without_mark", on_bytes("hush_fam", lambda text: text.decode("cp1252").encode("utf-16-le")),
            "unreadable", "hush_fam"),
    refused("utf_32", on_bytes("hush_fam", lambda text: text.decode("cp1252").encode("utf-32")), "unreadable",
            "hush_fam"),
    refused("ebcdic", on_bytes("hush_fam", lambda text: text.decode("cp1252").encode("cp500")), "unreadable",
            "hush_fam"),
    repaired("utf_8_with_mark", on_bytes("hush_fam", lambda text: text.decode("cp1252").encode("utf-8-sig")), None,
             "hush_fam"),
    refused("zipped_named_csv", on_bytes("hush_fam", zipped), "unreadable", "hush_fam"),
    refused("zipped", on_file("hush_fam", zipped_beside), "unknown_format", "hush_fam"),
    refused("gzipped", on_file("hush_fam", gzipped), "unknown_format", "hush_fam"),
    refused("a_spreadsheet", called("w21_hush_fam_2018.xlsx", "hush_fam"), "unknown_format", "hush_fam"),
    refused("a_folder_inside", on_file("hush_fam", into_folder), "folder_inside", "register"),
    refused("a_file_beside_the_delivery", on_file("hush_fam", beside_the_delivery), "outside_delivery", "hush_fam"),
    refused("a_login_page", on_bytes("hush_fam", lambda _: b"<html><body>Logg inn</body></html>\r\n"), "missing_column",
            "hush_fam"),
    refused("null_bytes", on_bytes("hush_fam", lambda text: text.replace(b"\n", b"\0\n", 9)), "unreadable", "hush_fam"),
    refused("a_broken_quote", on_lines("hush_fam", lambda lines: [*lines[:9], f'"a"b{lines[9]}', *lines[10:]]),
            "unreadable_row", "hush_fam"),
    refused("a_delimiter_in_a_value", on_lines("hush_fam", lambda lines: [*lines[:9], f"a;{lines[9]}", *lines[10:]]),
            "ragged_row", "hush_fam"),
    repaired("blank_lines", on_lines("hush_fam", lambda lines: [*lines[:9], "", *lines[9:], ""]), None, "hush_fam"),
    repaired("commas_between", on_bytes("hush_fam", lambda text: text.replace(b";", b",")), None, "hush_fam"),
    repaired("unix_lines", on_bytes("hush_fam", lambda text: text.replace(b"\r\n", b"\n")), None, "hush_fam"),
    refused("two_delimiters", on_lines("hush_fam", lambda lines: [lines[0], *(row.replace(";",
            ",") for row in lines[1:])]),
            "ragged_row", "hush_fam"),
    refused("an_unknown_register", called("w21_skatt_2018.csv", "hush_fam"), "unknown_register", "skatt"),
    refused("two_registers_in_a_name", called("w21_hush_fam_regsys_2018.csv", "hush_fam"), "unknown_register",
            "hush_fam"),
    refused("another_registers_name", called("w21_regsys_2016.csv", "hush_fam"), "wrong_register", "regsys"),
    refused("no_year_in_the_name", called("w21_hush_fam.csv", "hush_fam"), "period", "hush_fam"),
    refused("two_years_in_the_name", called("w21_hush_fam_2017_2018.csv", "hush_fam"), "period", "hush_fam"),
    refused("a_year_to_come_in_the_name", called("w21_hush_fam_2118.csv", "hush_fam"), "impossible_year", "hush_fam"),
    refused("another_period_in_the_name", called("w21_regstat_2010_2018.csv", "regstat"), "period_disagrees",
            "regstat"),
    refused("the_year_twice", copied("w21_hush_fam_2018_v2.csv", "hush_fam"), "same_register_twice", "hush_fam"),
    refused("last_years_families_renamed", last_year("hush_fam"), "unchanged", "hush_fam", "regstat_famtyp"),
    refused("last_years_labour_market_renamed", last_year("regsys"), "municipality_classification",
            "regsys", "arb_arbkomm"),
    refused("last_years_events_renamed", last_year("flytting"), "period_disagrees", "flytting", "flyttedato"),
    refused("last_years_rows_too", with_last_year("hush_fam"), "conflicting_duplicate", "hush_fam", "lopenr_person"),
    refused("last_years_events_too", with_last_year("flytting"), "period_disagrees", "flytting", "flyttedato"),
    repaired("every_row_twice", on_lines("hush_fam", lambda lines: lines + lines[1:]), "exact_duplicate", "hush_fam"),
    repaired("some_rows_twice", on_lines("flytting", lambda lines: lines + lines[1:9]), "exact_duplicate", "flytting"),
]  # fmt: skip
