"""The floor under load and build: what bare DuckDB takes for the same files, without a check, a repair or a rule.

Three jobs, each a process: `read` puts every file into a table of texts as it is; `join` makes the panel's rows in one
statement; `group` makes cells and paths, one grouping each. Its rows are nearly ours: codes are carried to 2020 by one
table, and what is odd is taken as it stands. Belongs here: the least work that has the panel's shape. Does not belong
here: anything that is also right.
"""

import argparse
import csv
import json
import time
from pathlib import Path

import duckdb

from bench.specification import PROJECT_ROOT, study

SEEDS = PROJECT_ROOT / "dbt_project/seeds"
KEY = "lopenr_person"
COVARIATES = "population_group, year, sex, age, family_situation, labour_market_status, education, centrality"


def read(con: duckdb.DuckDBPyConnection, delivery: Path) -> int:
    """Every file into a table of texts; columns keep their names but for case and the key's prefix."""
    n_rows = 0
    for file in sorted(delivery.glob("*.csv")):
        with file.open(encoding="cp1252") as lines:
            header = lines.readline().strip().lower().split(";")
        columns = ", ".join(f"'{KEY if name.endswith(KEY) else name}': 'VARCHAR'" for name in header)
        con.execute(f"""
            create table {table_name(file)} as from read_csv('{file}', auto_detect = false, header = false, skip = 1,
                delim = ';', quote = '"', escape = '"', nullstr = ['', 'NA', '.'], columns = {{{columns}}})
        """)
        n_rows += count(con, table_name(file))
    return n_rows


def table_name(file: Path) -> str:
    """The register and year in a file's name: w21_1234_hush_fam_2014_ut.csv is hush_fam_2014."""
    words = file.stem.lower().split("_")[2:]
    return "_".join(word for word in words if word not in ("ut", "nodub", "nodup"))


def join(con: duckdb.DuckDBPyConnection) -> int:
    """The panel's rows in one statement, from all seven registers."""
    rows = ", ".join(f"('{code}', '{code_2020}', '{centrality}')" for code, code_2020, centrality in geography())
    con.execute(f"create table geography as from (values {rows}) as codes(code, code_2020, centrality)")
    tables = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
    regstat = next(name for name in tables if name.startswith("regstat"))
    age = study().panel.age
    con.execute(f"""
        create table person_year as
        with residence as ({long(con, "bostedskommune", "bostedskommune_01_01_", "code")}),
        education as ({long(con, "bu_utd", "bu_", "nus")}),
        status as ({long(con, regstat, "regstat_", "status")}),
        family as ({of_years(tables, "hush_fam_", "lopenr_familie, regstat_famtyp, parstatus")}),
        labour as ({of_years(tables, "regsys_", "arb_arbmark_status")}),
        event as ({of_years(tables, "flytting_g", "flyttetype")}),
        emigration as (select distinct {KEY}, year from event where flyttetype = '3')
        select person.rowid as person_key, residence.year, invkat as population_group,
            residence.year - foedsels_aar_mnd[:4]::int - 1 as age, kjoenn as sex,
            concat(regstat_famtyp[:1], parstatus in ('1', '2'), lopenr_familie = family.{KEY}) as family_situation,
            coalesce(arb_arbmark_status, '') as labour_market_status, coalesce(nus[:1], '') as education,
            coalesce(here.centrality, '') as centrality,
            case when there.code_2020 = here.code_2020 then 0 when next.code is not null then 1
                when emigration.year is not null or status.status in ('3', '4') then 2 end as outcome
        from residence
        join faste_oppl as person using ({KEY})
        join geography as here on here.code = lpad(residence.code, 4, '0')
        left join residence as next on next.{KEY} = residence.{KEY} and next.year = residence.year + 1
        left join geography as there on there.code = lpad(next.code, 4, '0')
        left join status on status.{KEY} = residence.{KEY} and status.year = residence.year + 1
        left join family on family.{KEY} = residence.{KEY} and family.year = residence.year
        left join labour on labour.{KEY} = residence.{KEY} and labour.year = residence.year - 1
        left join education on education.{KEY} = residence.{KEY} and education.year = residence.year - 1
        left join emigration on emigration.{KEY} = residence.{KEY} and emigration.year = residence.year
        where residence.year >= {study().panel.years.first} and outcome is not null
            and age between {age.first} and {age.last}
    """)
    return count(con, "person_year")


def long(con: duckdb.DuckDBPyConnection, table: str, prefix: str, value: str) -> str:
    """SQL: a wide table's filled values, one row a person and year."""
    described = con.execute(f"describe {table}").fetchall()
    years = [name.removeprefix(prefix) for name, *_ in described if name.removeprefix(prefix).isdigit()]
    structs = ", ".join(
        f"{{'year': {2000 + int(year) if len(year) == 2 else year}, '{value}': {prefix}{year}}}" for year in years
    )
    return (
        f"select * from (select {KEY}, unnest([{structs}], recursive := true) from {table}) where {value} is not null"
    )


def of_years(tables: list[str], prefix: str, columns: str) -> str:
    """SQL: a register's year files on each other."""
    years = [name.removeprefix(prefix) for name in tables if name.startswith(prefix)]
    return " union all ".join(f"select {KEY}, {year} as year, {columns} from {prefix}{year}" for year in sorted(years))


def geography() -> list[tuple[str, str, str]]:
    """Every municipality code with its code and centrality of 2020."""
    with (SEEDS / "municipality_change.csv").open(encoding="utf-8") as lines:
        changes = sorted(csv.DictReader(lines), key=lambda row: row["valid_from"])
    with (SEEDS / "municipality_centrality.csv").open(encoding="utf-8") as lines:
        centrality = {row["municipality_code_2020"]: row["centrality_class"] for row in csv.DictReader(lines)}
    chosen = dict(study().geography.split_successors)
    carried = {code: code for code in centrality}
    for row in reversed([row for row in changes if row["valid_from"] <= str(study().geography.date)]):
        if row["new_code"] in carried and chosen.get(row["old_code"], row["new_code"]) == row["new_code"]:
            carried[row["old_code"]] = carried[row["new_code"]]
    return [(code, code_2020, centrality[code_2020]) for code, code_2020 in carried.items()]


def group(con: duckdb.DuckDBPyConnection) -> int:
    """Cells and paths, one grouping each."""
    con.execute(f"""
        create table cell as
        select row_number() over () as cell_id, *
        from (select {COVARIATES}, count(*) filter (outcome = 0) as stay,
            count(*) filter (outcome = 1) as internal_move, count(*) filter (outcome = 2) as emigration
            from person_year group by {COVARIATES})
    """)
    con.execute(f"""
        create table path as
        select path, count(*) as n_persons
        from (select list(cell_id * 3 + outcome order by year) as path
            from person_year join cell using ({COVARIATES}) group by person_key)
        group by path
    """)
    return count(con, "path")


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Rows of a table."""
    row = con.execute(f"select count(*) from {table}").fetchone()
    return int(row[0]) if row else 0


def main() -> None:
    """Do a job and print its report as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("job", choices=["read", "join", "group"])
    parser.add_argument("database", type=Path)
    parser.add_argument("delivery", type=Path, nargs="?", help="for read: the delivery's folder")
    options = parser.parse_args()
    start = time.perf_counter()
    with duckdb.connect(str(options.database)) as con:
        con.execute("set preserve_insertion_order = false")
        if options.job == "read":
            n_rows = read(con, options.delivery)
        else:
            n_rows = {"join": join, "group": group}[options.job](con)
    print(json.dumps({"seconds": time.perf_counter() - start, "rows": n_rows}))


if __name__ == "__main__":
    main()
