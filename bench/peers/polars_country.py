"""Panel and pooled models of a country in Polars and scikit-learn, as a good user of both would write them.

The rules are those of docs/panel_rules.md for deliveries of 1 Januaries up to 2021 and `outcome_rule: year_end`.
scikit-learn has no standard errors, so that the models are fitted to the weighted patterns that rows come down to.
Run: python polars_country.py DELIVERY SEEDS OUT.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl
from sklearn.linear_model import LogisticRegression

delivery, seeds, out = (Path(word) for word in sys.argv[1:])
started = time.perf_counter()
KEY = "lopenr_person"
FIRST_YEAR, AGES = 2015, (25, 64)
SPLIT_SUCCESSORS = {"1850": "1875", "5012": "5059"}
OUTCOMES = ["stay", "internal_move", "emigration"]
GROUPS = {"B": "immigrant", "C": "norwegian_born", "A": "native", "E": "native", "F": "native", "G": "native"}
LABOUR = {"1": "employed", "2": "employed", "3": "unemployed"} | dict.fromkeys("049", "outside_labour_force")
EDUCATION = dict.fromkeys("012", "compulsory") | dict.fromkeys("345", "upper_secondary") | {
    "6": "short_higher", "7": "long_higher", "8": "long_higher", "9": "unknown"}  # fmt: skip
REFERENCES = {
    "centrality": "5*", "sex": "male", "family_situation": "alone", "labour_market_status": "employed",
    "education": "upper_secondary", "year": FIRST_YEAR}  # fmt: skip
NOT_MAINLAND = ["21", "22", "23", "24", "25", "26"]
col, lit, when = pl.col, pl.lit, pl.when


def scan(path):
    """A file as texts: names in lower case, the key without its prefix, without exact copies of rows."""
    table = pl.scan_csv(path, separator=";", infer_schema=False, null_values=["", "NA", "."])
    names = table.collect_schema().names()
    return table.rename({name: re.sub(r"^.*lopenr_person$", KEY, name.lower()) for name in names}).unique()


def files(pattern):
    """The files of a register, with the year at the end of what is its name."""
    found = {}
    for path in delivery.iterdir():
        if name := re.search(rf"{pattern}_?g?(\d*)", path.name.lower()):
            found[int(name[1] or 0)] = path
    return found


def by_person(table):
    """Without those who stand there twice, differently."""
    return table.filter(col(KEY).is_unique())


def of_years(pattern, columns):
    """A register's year files on each other."""
    return pl.concat(
        by_person(scan(path)).select(KEY, *columns, pl.lit(year, pl.Int32).alias("year"))
        for year, path in files(pattern).items()
    )


def wide(pattern, prefix, suffix, value):
    """A wide file as filled values by person and year."""
    table = by_person(scan(files(pattern)[0] if 0 in files(pattern) else next(iter(files(pattern).values()))))
    names = [name for name in table.collect_schema().names() if re.fullmatch(rf"{prefix}\d+{suffix}", name)]
    year = col("name").str.extract(r"(\d\d)(?:_dat)?$").cast(pl.Int32) + 2000
    return (
        table.unpivot(names, index=KEY, variable_name="name", value_name=value)
        .filter(col(value).is_not_null())
        .select(KEY, year.alias("year"), value)
    )


def plain(name):
    """A text without decimals."""
    return col(name).str.replace(r"\.0+$", "")


def date(name):
    """A date of the three forms that deliveries have."""
    turned = plain(name).str.replace(r"^(\d\d)\.(\d\d)\.(\d{4})$", "${3}${2}${1}").str.replace_all("-", "")
    return turned.str.to_date("%Y%m%d", strict=False)


def month(date_column):
    """Months as YYYYMM."""
    return date_column.dt.year() * 100 + date_column.dt.month()


def recode(expression, levels, default=None):
    """Codes as levels."""
    return expression.replace_strict(levels, default=default, return_dtype=pl.String)


codes = pl.read_csv(seeds / "municipality_code.csv", infer_schema=False)
changes = pl.read_csv(seeds / "municipality_change.csv", infer_schema=False)
changes = changes.filter(col("valid_from") <= "2021-01-01").sort("valid_from")
classes = pl.read_csv(seeds / "municipality_centrality.csv", infer_schema=False)
to_2020 = {code: code for code in classes["municipality_code_2020"]}
for old, new, *_ in reversed(changes.rows()):
    if new in to_2020 and SPLIT_SUCCESSORS.get(old, new) == new:
        to_2020[old] = to_2020[new]
classed = col("centrality_class").replace({"5": "5*", "6": "5*"})
centrality = dict(classes.select("municipality_code_2020", classed).rows())
direct = changes.select("old_code", "new_code", "valid_from")
later = direct.join(direct, left_on="new_code", right_on="old_code").filter(col("valid_from") < col("valid_from_right"))
successors = pl.concat(
    [direct.select("old_code", "new_code"), later.select("old_code", new_code="new_code_right")]
).unique()
valid = pl.concat(
    codes.filter((col("valid_from") <= f"{year}-01-01") & (col("valid_to") > f"{year}-01-01")).select(
        code="municipality_code", year=pl.lit(year, pl.Int32), kind=pl.lit("known")
    )
    for year in range(2014, 2022)
).with_columns(place=recode(col("code"), to_2020))

residence = (
    wide("bostedskommune", "bostedskommune_01_01_", "", "code")
    .with_columns(plain("code").str.zfill(4).alias("code"))
    .join(valid.lazy(), on=["code", "year"], how="left")
    .with_columns(
        kind=when(col("code") == "9999").then(lit("unknown"))
        .when(col("code").str.slice(0, 2).is_in(NOT_MAINLAND)).then(lit("not_mainland"))
        .otherwise(col("kind").fill_null("unknown"))
    )
    .collect()
)  # fmt: skip
status = wide("regstat", "regstat_", "", "status")
since = wide("regstat", "regstat_", "_dat", "since").with_columns(since=date("since"))
status = status.join(since, on=[KEY, "year"], how="full", coalesce=True).collect()
persons = by_person(scan(files("faste_oppl")[0])).select(
    KEY,
    birth_year=plain("foedsels_aar_mnd").str.slice(0, 4).cast(pl.Int32),
    death_month=plain("doeds_aar_mnd").str.replace("-", "").str.slice(0, 6).cast(pl.Int32),
    sex=recode(col("kjoenn"), {"1": "male", "2": "female"}),
    population_group=recode(col("invkat"), GROUPS),
).collect()  # fmt: skip
events = pl.concat(
    scan(path).select(KEY, "flyttetype", moved=date("flyttedato"), registered=date("regdato"))
    for path in files("flytting").values()
).collect()
dated = col("moved").fill_null(col("registered"))
internal = events.filter(col("flyttetype") == "1").select(KEY, year=dated.dt.year(), has_moved=True).unique()
left = events.filter(col("flyttetype") == "3")
emigrations = pl.concat([
    left.select(KEY, year=col("moved").dt.year(), emigrated=month(col("moved"))),
    left.select(KEY, year=col("registered").dt.year(), emigrated=month(pl.max_horizontal("moved", "registered"))),
]).group_by(KEY, "year").agg(col("emigrated").min())  # fmt: skip
dead_by_status = (
    status.filter((col("status") == "5") & col("since").is_not_null())
    .group_by(KEY, year=col("since").dt.year())
    .agg(dead=month(col("since")).min())
)
family = of_years("hush_fam", ["lopenr_familie", "regstat_famtyp", "parstatus"])
labour = of_years("regsys", ["arb_arbmark_status"])
education = wide("bu_utd", "bu_", "", "nus")
read_done = time.perf_counter()

last_year = residence["year"].max()
next_residence = residence.select(KEY, year=col("year") - 1, next_code="code", next_kind="kind", next_place="place")
next_status = status.select(KEY, year=col("year") - 1, next_status="status", since="since")
on = {"on": [KEY, "year"], "how": "left"}
resident = col("next_code").is_not_null() & (col("next_status").fill_null("1") == "1")
died = when(col("death_month") // 100 == col("year")).then("death_month").otherwise("dead")
same = (col("place") == col("next_place")).fill_null(False) | (
    col("successor").fill_null(False) & col("has_moved").is_null()
)
as_left = col("next_status").is_in(["3", "4"]).fill_null(False) & (
    col("since").is_null() | (col("since").dt.year() - col("year")).is_in([-1, 0])
)
status_of = col("parstatus").str.to_lowercase().fill_null("")
kind_of = col("regstat_famtyp").fill_null("")
couple, married = status_of.is_in(list("123567up")), status_of.is_in(["1", "2"])
children = kind_of.str.starts_with("2.")
single = kind_of.str.contains(r"^2\.[34]") & (col("lopenr_familie") == col(KEY)).fill_null(False)
situation = (
    when(couple & married & children).then(lit("married_with_children"))
    .when(couple & married).then(lit("married_no_children"))
    .when(couple & children).then(lit("cohabiting_with_children"))
    .when(couple).then(lit("cohabiting_no_children"))
    .when(kind_of.str.starts_with("1.1")).then(lit("alone"))
    .when(single).then(lit("single_parent"))
    .otherwise(lit("other"))
)  # fmt: skip
panel = (
    residence.lazy()
    .filter(col("year").is_between(FIRST_YEAR, last_year - 1) & (col("kind") == "known"))
    .join(status.lazy().select(KEY, "year", "status"), **on)
    .filter(col("status").fill_null("1") == "1")
    .join(persons.lazy(), on=KEY)
    .with_columns(age=col("year") - col("birth_year") - 1)
    .filter(col("sex").is_not_null() & col("population_group").is_not_null() & col("age").is_between(*AGES))
    .join(next_residence.lazy(), **on)
    .join(next_status.lazy(), **on)
    .join(internal.lazy(), **on)
    .join(emigrations.lazy(), **on)
    .join(dead_by_status.lazy(), **on)
    .join(successors.lazy().with_columns(successor=True), left_on=["code", "next_code"],
          right_on=["old_code", "new_code"], how="left")
    .with_columns(died=died)
    .with_columns(
        outcome=when(resident & (col("next_kind") == "unknown")).then(lit("unknown_municipality"))
        .when(resident & same).then(lit("stay"))
        .when(resident).then(lit("internal_move"))
        .when(col("died").is_not_null() & (col("emigrated") > col("died")).fill_null(True)).then(lit("died"))
        .when(col("emigrated").is_not_null() | as_left).then(lit("emigration"))
    )
    .filter(col("outcome").is_in(OUTCOMES))
    .join(family.select(KEY, "year", family_situation=situation), **on)
    .join(labour.select(KEY, col("year") + 1, labour_market_status=recode(col("arb_arbmark_status"), LABOUR)), **on)
    .join(education.select(KEY, col("year") + 1,
          education=recode(plain("nus").str.zfill(6).str.slice(0, 1), EDUCATION)), **on)
    .select(
        KEY, "year", "population_group", "age", "sex", "outcome",
        *(col(name).fill_null("unknown") for name in ("family_situation", "labour_market_status", "education")),
        centrality=recode(col("place"), centrality),
    )
    .collect()
)  # fmt: skip
panel.group_by("year", "population_group", "outcome").len("n").write_csv(out / "counts.csv")
panel_done = time.perf_counter()


def without_empty_unknowns(rows):
    """Without the rows at a missing level where some outcome never happens, until there is none."""
    for name in ("family_situation", "labour_market_status", "education") * 3:
        unknown = rows.filter(col(name) == "unknown")
        if len(unknown) and unknown["outcome"].n_unique() < len(OUTCOMES):
            rows = rows.filter(col(name) != "unknown")
    return rows


estimates = []
patterns = panel.group_by("population_group", "age", *REFERENCES, "outcome").len("n")
for group in GROUPS.values():
    if group in {found["population_group"][0] for found in estimates}:
        continue
    rows = without_empty_unknowns(patterns.filter(col("population_group") == group))
    decades = (rows["age"].cast(pl.Float64) - 35) / 10
    columns = {"age|": decades, "age_squared|": decades**2}
    for name, reference in REFERENCES.items():
        for level in rows[name].unique().sort():
            if level != reference:
                columns[f"{name}|{level}"] = (rows[name] == level).cast(pl.Float64)
    X = np.column_stack(list(columns.values()))
    y = recode(col("outcome"), {outcome: str(number) for number, outcome in enumerate(OUTCOMES)}).cast(pl.Int32)
    model = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-10, max_iter=200)
    model.fit(X, rows.select(y).to_series().to_numpy(), sample_weight=rows["n"].to_numpy())
    all_params = np.column_stack([model.intercept_, model.coef_])
    for number, outcome in enumerate(OUTCOMES[1:], start=1):
        found = {"column": ["intercept|", *columns], "estimate": all_params[number] - all_params[0]}
        fixed = {"population_group": pl.lit(group), "outcome": pl.lit(outcome)}
        estimates.append(pl.DataFrame(found).with_columns(**fixed))
pl.concat(estimates).write_csv(out / "coefficients.csv")
seconds = {
    "read": read_done - started, "panel": panel_done - read_done, "models": time.perf_counter() - panel_done
}  # fmt: skip
print(json.dumps({"seconds": seconds, "rows": len(panel)}))
