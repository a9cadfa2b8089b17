"""Panel and pooled models of a country in pandas and statsmodels, as a good user of both would write them.

The rules are those of docs/panel_rules.md for deliveries of 1 Januaries up to 2021 and `outcome_rule: year_end`.
Run: python pandas_country.py DELIVERY SEEDS OUT.
"""

import json
import re
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.discrete.discrete_model import MNLogit

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
    "education": "upper_secondary", "year": str(FIRST_YEAR)}  # fmt: skip


def read(pattern, only=None):
    """A register's file: names in lower case, the key without its prefix, one row a person but for exact copies."""
    path = next(path for path in delivery.iterdir() if pattern in path.name.lower())
    names = pd.read_csv(path, sep=";", nrows=0, encoding="cp1252").columns
    plain = {name: re.sub(r"^.*lopenr_person$", KEY, name.lower()) for name in names}
    wanted = [name for name in names if only is None or plain[name] in (KEY, *only)]
    table = pd.read_csv(
        path, sep=";", usecols=wanted, dtype="string[pyarrow]", engine="c", encoding="cp1252",
        keep_default_na=False, na_values=["", "NA", "."],
    ).rename(columns=plain)  # fmt: skip
    return table.drop_duplicates()


def by_person(table):
    """Indexed by person, without those who stand there twice, differently."""
    return table[~table[KEY].duplicated(keep=False)].set_index(KEY)


def digits(column, width):
    """Codes with their zeros back and no decimals."""
    return column.str.replace(r"\.0+$", "", regex=True).str.zfill(width)


def dates(column):
    """Dates of the three forms that deliveries have."""
    text = column.str.replace(r"\.0+$", "", regex=True)
    turned = text.str.replace(r"^(\d\d)\.(\d\d)\.(\d{4})$", r"\3\2\1", regex=True).str.replace("-", "", regex=False)
    return pd.to_datetime(turned, format="%Y%m%d", errors="coerce")


def month_of(column):
    """Months as YYYYMM."""
    return pd.to_numeric(column.str.replace(r"\.0+$", "", regex=True).str.replace("-", "", regex=False).str[:6])


def months(column):
    """The months of dates as YYYYMM."""
    return column.dt.year * 100 + column.dt.month


# Municipalities: which codes are valid when, what becomes of them up to 2020, and their centrality.
text = {"dtype": str}
codes = pd.read_csv(seeds / "municipality_code.csv", **text)
changes = pd.read_csv(seeds / "municipality_change.csv", **text).query("valid_from <= '2021-01-01'")
changes = changes.sort_values("valid_from")
classes = pd.read_csv(seeds / "municipality_centrality.csv", **text).set_index("municipality_code_2020")
centrality = classes["centrality_class"].replace({"5": "5*", "6": "5*"})
chosen = changes[changes.old_code.map(SPLIT_SUCCESSORS).fillna(changes.new_code) == changes.new_code]
to_2020 = {code: code for code in centrality.index}
for change in chosen.iloc[::-1].itertuples():
    if change.new_code in to_2020:
        to_2020[change.old_code] = to_2020[change.new_code]
successors = {(change.old_code, change.new_code) for change in changes.itertuples()}
successors |= {
    (first.old_code, second.new_code)
    for first in changes.itertuples()
    for second in changes[changes.old_code == first.new_code].itertuples()
    if first.valid_from < second.valid_from
}

residence = by_person(read("bostedskommune"))
residence = residence.apply(digits, width=4).rename(columns=lambda name: int(name[-4:]))
persons = by_person(read("faste_oppl", ["foedsels_aar_mnd", "doeds_aar_mnd", "kjoenn", "invkat"]))
persons["birth_year"] = month_of(persons.foedsels_aar_mnd) // 100
persons["death_month"] = month_of(persons.doeds_aar_mnd)
persons["sex"] = persons.kjoenn.map({"1": "male", "2": "female"})
persons["population_group"] = persons.invkat.map(GROUPS)
regstat = by_person(read("regstat"))
education = by_person(read("bu_utd"))

last_year = max(residence.columns)
years = range(FIRST_YEAR, last_year)
files = [path.name.lower() for path in delivery.iterdir()]
events = pd.concat(
    read(name, ["flyttedato", "regdato", "flyttetype"]) for name in files if "flytting_g" in name
).drop_duplicates()
events["moved"], events["registered"] = dates(events.flyttedato), dates(events.regdato)
events["dated"] = events.moved.fillna(events.registered)
internal = events[events.flyttetype == "1"]
internal = internal.assign(year=internal.dated.dt.year)[[KEY, "year"]].drop_duplicates()
left = events[events.flyttetype == "3"]
by_move = left.assign(year=left.moved.dt.year, month=months(left.moved))
lies_on = left[["moved", "registered"]].max(axis=1)
by_registration = left.assign(year=left.registered.dt.year, month=months(lies_on))
emigrations = pd.concat([by_move, by_registration]).groupby([KEY, "year"]).month.min()


def status_dates(year):
    """Since when the status of 1 January is what it is."""
    return dates(regstat[f"regstat_{year % 100:02}_dat"])


dead = []
for year in range(2014, last_year + 1):
    since = status_dates(year)[regstat[f"regstat_{year % 100:02}"] == "5"].dropna()
    dead.append(pd.DataFrame({"year": since.dt.year, "month": months(since)}))
dead_by_status = pd.concat(dead).groupby([KEY, "year"]).month.min()


def kind(code, year):
    """What a code is on 1 January: unknown, not_mainland or known."""
    day = f"{year}-01-01"
    valid = codes[(codes.valid_from <= day) & (codes.valid_to > day)].municipality_code
    code = code.fillna("")
    cases = [code == "9999", code.str[:2].isin(["21", "22", "23", "24", "25", "26"]), ~code.isin(valid)]
    return np.select([case.to_numpy(bool) for case in cases], ["unknown", "not_mainland", "unknown"], "known")


def of_year(table, year, index):
    """A series by person and year, of one year."""
    found = table[table.index.get_level_values("year") == year]
    return found.droplevel("year").reindex(index)


def family_situation(year, index):
    """Family situation on 1 January."""
    family = by_person(read(f"hush_fam_{year}", ["lopenr_familie", "regstat_famtyp", "parstatus"])).reindex(index)
    known = family.regstat_famtyp.notna() | family.parstatus.notna() | family.lopenr_familie.notna()
    kind_of, status = family.regstat_famtyp.fillna(""), family.parstatus.fillna("").str.lower()
    couple, married = status.isin(["1", "2", "3", "5", "6", "7", "u", "p"]), status.isin(["1", "2"])
    children, own = kind_of.str.startswith("2."), (family.lopenr_familie == family.index).fillna(False)
    single = kind_of.str.startswith(("2.3", "2.4")) & own
    cases = {
        "unknown": ~known, "married_with_children": couple & married & children,
        "married_no_children": couple & married, "cohabiting_with_children": couple & children,
        "cohabiting_no_children": couple, "alone": kind_of.str.startswith("1.1"), "single_parent": single,
    }  # fmt: skip
    return np.select([case.to_numpy(bool) for case in cases.values()], list(cases), "other")


def panel_of(year):
    """The persons at risk in a year, with what became of them."""
    here = residence[year].dropna()
    panel = pd.DataFrame({"code": here}).join(persons[["birth_year", "death_month", "sex", "population_group"]])
    status = regstat[f"regstat_{year % 100:02}"].reindex(panel.index).fillna("1")
    panel["age"] = year - panel.birth_year - 1
    at_risk = (kind(panel.code, year) == "known") & (status == "1") & panel.sex.notna()
    panel = panel[at_risk & panel.population_group.notna() & panel.age.between(*AGES)]
    index = panel.index
    there = residence[year + 1].reindex(index)
    next_status = regstat[f"regstat_{(year + 1) % 100:02}"].reindex(index).fillna("1")
    since = status_dates(year + 1).reindex(index)
    moved = index.isin(internal[internal.year == year][KEY])
    emigrated = of_year(emigrations, year, index)
    died = panel.death_month.where(panel.death_month // 100 == year).fillna(of_year(dead_by_status, year, index))
    place = panel.code.map(to_2020)
    successor = pd.MultiIndex.from_arrays([panel.code, there.fillna("")]).isin(successors)
    same = (place == there.where(kind(there, year + 1) == "known").map(to_2020)) | (successor & ~moved)
    resident = there.notna() & (next_status == "1")
    as_left = next_status.isin(["3", "4"]) & (since.isna() | since.dt.year.isin([year - 1, year]))
    cases = {
        "unknown_municipality": resident & (kind(there, year + 1) == "unknown"),
        "stay": resident & same, "internal_move": resident, "died": died.notna() & ~(emigrated <= died).fillna(False),
        "emigration": emigrated.notna() | as_left,
    }  # fmt: skip
    panel["outcome"] = np.select([case.to_numpy(bool) for case in cases.values()], list(cases), "unexplained_exit")
    panel["year"], panel["centrality"] = str(year), place.map(centrality)
    panel = panel[panel.outcome.isin(OUTCOMES)]
    panel["family_situation"] = family_situation(year, panel.index)
    labour = by_person(read(f"regsys_{year - 1}", ["arb_arbmark_status"])).arb_arbmark_status.map(LABOUR)
    panel["labour_market_status"] = labour.reindex(panel.index).fillna("unknown")
    school = digits(education[f"bu_{year - 1}"], 6).str[:1].map(EDUCATION)
    panel["education"] = school.reindex(panel.index).fillna("unknown")
    categories = ["sex", "population_group", "outcome", "year", *REFERENCES]
    kept = [*dict.fromkeys(categories), "age"]
    return panel[kept].astype({name: "category" for name in kept if name != "age"}).reset_index()


read_done = time.perf_counter()
panel = pd.concat([panel_of(year) for year in years], ignore_index=True)
panel = panel.astype({name: "category" for name in panel.columns if name not in (KEY, "age")})
panel.groupby(["year", "population_group", "outcome"], observed=True).size().to_csv(out / "counts.csv", header=["n"])
panel_done = time.perf_counter()


def without_empty_unknowns(rows):
    """Without the rows at a missing level where some outcome never happens, until there is none."""
    for name in ("family_situation", "labour_market_status", "education") * 3:
        unknown = rows[rows[name] == "unknown"]
        if len(unknown) and unknown.outcome.nunique() < len(OUTCOMES):
            rows = rows[rows[name] != "unknown"]
    return rows


estimates = []
for group in ("immigrant", "norwegian_born", "native"):
    rows = without_empty_unknowns(panel[panel.population_group == group])
    decades = (rows.age.astype(float) - 35) / 10
    columns = {"intercept|": 1.0, "age|": decades, "age_squared|": decades**2}
    for name, reference in REFERENCES.items():
        for level in rows[name].unique():
            if level != reference:
                columns[f"{name}|{level}"] = (rows[name] == level).astype(float)
    X = pd.DataFrame(columns, index=rows.index)
    y = rows.outcome.astype(str).map({outcome: number for number, outcome in enumerate(OUTCOMES)})
    people = rows[KEY].astype("category").cat.codes.to_numpy()
    try:
        fit = MNLogit(y.to_numpy(), X).fit(
            method="newton", maxiter=50, disp=False, cov_type="cluster", cov_kwds={"groups": people}
        )
    except np.linalg.LinAlgError:
        continue
    if not fit.mle_retvals["converged"]:
        continue
    stata = np.sqrt((len(X) - fit.params.size) / (len(X) - 1))  # whose small-sample factor is G/(G-1) alone
    for number, outcome in enumerate(OUTCOMES[1:]):
        found = pd.DataFrame({"estimate": fit.params[number], "std_error": fit.bse[number] * stata})
        estimates.append(found.assign(population_group=group, outcome=outcome, column=list(X.columns)))
pd.concat(estimates).to_csv(out / "coefficients.csv", index=False)
seconds = {
    "read": read_done - started, "panel": panel_done - read_done, "models": time.perf_counter() - panel_done
}  # fmt: skip
print(json.dumps({"seconds": seconds, "rows": len(panel)}))
