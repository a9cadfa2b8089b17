"""Defects of values: other codings, impossible dates, other forms, identity numbers."""

from collections.abc import Callable

from tests.defects.expected import Defect, noted, refused, repaired
from tests.defects.tables import KEY, Mutation, Table, constant, on_table, on_values, recode
from tests.load.test_identity import with_control_digits

JANUARY = "bostedskommune_01_01_2018"
BIRTH = "foedsels_aar_mnd"


def later(years: int) -> Callable[[str], str]:
    """A month or date so many years later."""
    return lambda value: f"{int(value[:4]) + years}{value[4:]}"


def identity_numbers(register: str, column: str, day: int, month: int, every: int = 1) -> Mutation:
    """Identity numbers in a key column; to day and month is added what tells their kind."""

    def changed(table: Table) -> Table:
        stems = (f"{11 + day}{1 + month:02d}80{serial:03d}" for serial in range(100, 1000))
        numbers = filter(None, map(with_control_digits, stems))
        known: dict[str, str] = {}
        for row, key in enumerate(table[column]):
            if key and key not in known and row % every == 0 and len(known) < 400:
                known[key] = next(numbers)
        return {**table, column: [known.get(key, key) for key in table[column]]}

    return on_table(register, changed)


OF_VALUES: list[Defect] = [
    refused("codes_of_another_classification", on_values("bostedskommune", JANUARY, lambda code: f"3{code[1:]}"),
            "municipality_classification", "bostedskommune", JANUARY),
    refused("codes_of_2020_for_events", recode("flytting", "til_kommnr", {"0301": "3001", "1201": "4601",
            "1103": "3005"}),
            "municipality_classification", "flytting", "til_kommnr"),
    refused("counties_for_municipalities", on_values("bostedskommune", JANUARY, lambda code: code[:2]), "code_form",
            "bostedskommune", JANUARY),
    refused("one_municipality_for_all", on_values("bostedskommune", JANUARY, lambda _: "0301"), "persons_changed",
            "bostedskommune", JANUARY),
    refused("names_for_countries", constant("faste_oppl", "fodeland", "NOR", every=9), "code_form", "faste_oppl",
            "fodeland"),
    refused("letters_for_sex", recode("faste_oppl", "kjoenn", {"1": "M", "2": "K"}), "unknown_code", "faste_oppl",
            "kjoenn"),
    refused("sexes_exchanged", recode("faste_oppl", "kjoenn", {"1": "2", "2": "1"}), "changed_constant", "faste_oppl"),
    refused("categories_exchanged", recode("faste_oppl", "invkat", {"A": "B", "B": "A"}),
            "category_against_birth_country",
            "faste_oppl", "invkat"),
    refused("labour_market_coded_anew", recode("regsys", "arb_arbmark_status", {"1": "0", "0": "1"}), "persons_changed",
            "regsys", "arb_arbmark_status"),
    refused("unemployed_counted_outside", recode("regsys", "arb_arbmark_status", {"1": "9", "2": "9"}), "share_change",
            "regsys", "arb_arbmark_status"),
    refused("education_of_another_classification",
            on_values("bu_utd", "bu_2017", lambda code: f"{(int(code[0]) + 1) % 9}{code[1:]}"), "persons_changed",
            "bu_utd",
            "bu_2017"),
    refused("education_of_five_levels", on_values("bu_utd", "bu_2017", lambda code: code[:1]), "code_form", "bu_utd",
            "bu_2017"),
    refused("families_lumped", recode("hush_fam", "regstat_famtyp", {f"2.{kind}.{size}": "2.1.1" for kind in range(1, 5)
            for size in range(1, 5)}), "share_change", "hush_fam", "regstat_famtyp"),
    refused("couples_coded_anew", recode("hush_fam", "parstatus", {"1": "2", "2": "1", "8": "0", "0": "8"}),
            "share_change", "hush_fam", "parstatus"),
    refused("residents_with_another_status", recode("regstat", "regstat_18", {"1": "3"}), "share_change", "regstat",
            "regstat_18"),
    refused("everybody_resident", on_values("regstat", "regstat_18", lambda _: "1"), "resident_without_home",
            "regstat", "regstat"),
    refused("emigrations_as_immigrations", recode("flytting", "flyttetype", {"3": "2"}), "event_against_type",
            "flytting",
            "flyttetype"),
    refused("event_types_renumbered", recode("flytting", "flyttetype", {"1": "0", "2": "1", "3": "2"}), "unknown_code",
            "flytting", "flyttetype"),
    noted("a_few_new_codes", constant("hush_fam", "parstatus", "x", every=1500), "new_code", "hush_fam", "parstatus"),
    refused("many_new_codes", constant("hush_fam", "parstatus", "x", every=100), "unknown_code", "hush_fam",
            "parstatus"),
    refused("negative_ages", on_values("faste_oppl", BIRTH, lambda _: "202003", every=10), "death_before_birth",
            "faste_oppl", "doeds_aar_mnd"),
    refused("births_to_come", on_values("faste_oppl", BIRTH, later(100), every=10), "implausible_birth", "faste_oppl",
            BIRTH),
    refused("births_in_1700", on_values("faste_oppl", BIRTH, later(-250), every=10), "implausible_birth",
            "faste_oppl", BIRTH),
    noted("deaths_thinned", constant("faste_oppl", "doeds_aar_mnd", "", every=2), "corrected", "faste_oppl"),
    refused("immigrants_become_natives", recode("faste_oppl", "invkat", {"B": "G"}), "changed_constant", "faste_oppl"),
    refused("births_in_1900", constant("faste_oppl", BIRTH, "190001", every=10), "changed_constant", "faste_oppl"),
    refused("deaths_before_birth", on_values("faste_oppl", "doeds_aar_mnd", lambda _: "189501"), "death_before_birth",
            "faste_oppl", "doeds_aar_mnd"),
    refused("deaths_to_come", on_values("faste_oppl", "doeds_aar_mnd", later(100)), "implausible_death", "faste_oppl",
            "doeds_aar_mnd"),
    refused("everybody_dead", constant("faste_oppl", "doeds_aar_mnd", "201712"), "resident_after_death",
            "bostedskommune",
            "bostedskommune"),
    refused("immigration_before_birth", on_values("faste_oppl", "forst_aar_mnd", later(-100)),
            "first_immigration_before_birth", "faste_oppl", "forst_aar_mnd"),
    refused("moves_in_1900", constant("flytting", "flyttedato", "19000101", every=10), "long_before_year", "flytting",
            "flyttedato"),
    refused("events_of_another_year", on_values("flytting", "regdato", later(-2)), "registered_before_move", "flytting",
            "regdato"),
    refused("dates_without_points", on_values("flytting", "flyttedato", lambda date: date[6:] + date[4:6] + date[:4]),
            "date_form", "flytting", "flyttedato"),
    refused("american_dates", on_values("flytting", "flyttedato", lambda date: f"{date[4:6]}/{date[6:]}/{date[:4]}"),
            "date_form", "flytting", "flyttedato"),
    refused("spreadsheet_dates", on_values("flytting", "flyttedato", lambda _: "42736"), "date_form", "flytting",
            "flyttedato"),
    repaired("norwegian_dates", on_values("flytting", "flyttedato", lambda date: f"{date[6:]}.{date[4:6]}.{date[:4]}"),
             "date_format", "flytting", "flyttedato"),
    noted("dates_retyped", on_values("flytting", "regdato", lambda date: f"{date[:4]}-{date[4:6]}-{date[6:]}"),
          "retyped_column", "flytting", "regdato"),
    refused("months_in_words", on_values("faste_oppl", BIRTH, lambda _: "mars 1970", every=9), "month_form",
            "faste_oppl",
            BIRTH),
    refused("decimal_comma", on_values("hush_fam", "barn_i_regstat_famnr", lambda number: f"{number},0"),
            "integer_form",
            "hush_fam", "barn_i_regstat_famnr"),
    repaired("decimal_point", on_values("faste_oppl", BIRTH, lambda month: f"{month}.0"), "decimal_point", "faste_oppl",
             BIRTH),
    refused("exponents", on_values("faste_oppl", BIRTH, lambda _: "1.98E+05"), "month_form", "faste_oppl", BIRTH),
    repaired("lost_zeros", on_values("bostedskommune", JANUARY, lambda code: code.removeprefix("0")), "leading_zeros",
             "bostedskommune", JANUARY),
    repaired("blanks_around_values", on_values("hush_fam", "parstatus", lambda code: f" {code} "), None, "hush_fam"),
    refused("negative_numbers", on_values("hush_fam", "barn_i_regstat_famnr", lambda number: f"-{number}"),
            "integer_form",
            "hush_fam", "barn_i_regstat_famnr"),
    noted("a_person_twice", on_table("faste_oppl", lambda table: {name: [*values,
            values[0] if name != BIRTH else "195001"]
          for name, values in table.items()}), "conflicting_duplicate", "faste_oppl"),
    refused("many_persons_twice", on_table("faste_oppl", lambda table: {name: [*values,
            *(values[:60] if name != BIRTH else
            ["195001"] * 60)] for name, values in table.items()}), "conflicting_duplicate", "faste_oppl",
            "lopenr_person"),
    refused("identity_numbers", identity_numbers("regsys", KEY, 0, 0), "identity_number", "regsys", "lopenr_person"),
    refused("d_numbers", identity_numbers("regsys", KEY, 40, 0), "identity_number", "regsys", "lopenr_person"),
    refused("h_numbers", identity_numbers("regsys", KEY, 0, 40), "identity_number", "regsys", "lopenr_person"),
    refused("synthetic_numbers", identity_numbers("regsys", KEY, 0, 80), "identity_number", "regsys", "lopenr_person"),
    refused("test_numbers", identity_numbers("regsys", KEY, 0, 65), "identity_number", "regsys", "lopenr_person"),
    refused("an_identity_number_among_pseudonyms", identity_numbers("faste_oppl", KEY, 0, 0, every=10_000),
            "identity_number", "faste_oppl", "lopenr_person"),
    refused("identity_numbers_of_mothers", identity_numbers("faste_oppl", "lopenr_mor", 0, 0), "identity_number",
            "faste_oppl", "lopenr_mor"),
    refused("identity_numbers_of_families", identity_numbers("hush_fam", "lopenr_familie", 0, 0),
            "identity_number", "hush_fam", "lopenr_familie"),
    refused("an_identity_number_among_codes", identity_numbers("hush_fam", "regstat_famtyp", 0, 0, every=10_000),
            "identity_number", "hush_fam", "regstat_famtyp"),
    refused("identity_numbers_beside_pseudonyms", on_table("regsys", lambda table: {**table,
            "fnr": [with_control_digits(f"1101{80 + row % 15:02d}{100 + row % 800:03d}") or "" for row in
            range(len(table[KEY]))]}), "identity_number", "regsys", "unknown_column_4"),
]  # fmt: skip
