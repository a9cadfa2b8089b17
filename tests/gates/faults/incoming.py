"""Faults of the registers as they are loaded."""

from tests.gates.faults.fault import faults

YEARLY = ["bostedskommune", "regstat", "hush_fam", "bu_utd", "regsys"]
INCOMING = [
    *faults(
        "incoming",
        "cells",
        (
            "raw.faste_oppl",
            "key_given",
            "UPDATE raw.faste_oppl SET lopenr_person = NULL WHERE lopenr_person = 'p00001'",
        ),
        (
            "raw.faste_oppl",
            "key_unique",
            "INSERT INTO raw.faste_oppl FROM raw.faste_oppl WHERE lopenr_person = 'p00002'",
        ),
        ("raw.faste_oppl", "sex_code_known", "UPDATE raw.faste_oppl SET kjoenn = '9' WHERE lopenr_person = 'p00003'"),
        (
            "raw.faste_oppl",
            "immigration_category_known",
            "UPDATE raw.faste_oppl SET invkat = 'X' WHERE lopenr_person = 'p00003'",
        ),
        (
            "raw.faste_oppl",
            "months_are_months",
            "UPDATE raw.faste_oppl SET doeds_aar_mnd = 201513 WHERE lopenr_person = 'p00004'",
        ),
        (
            "raw.faste_oppl",
            "lives_run_forward",
            "UPDATE raw.faste_oppl SET doeds_aar_mnd = 197001 WHERE lopenr_person LIKE '%11'",
        ),
        (
            "raw.bostedskommune",
            "municipality_given",
            "UPDATE raw.bostedskommune SET bostedskommune = NULL WHERE lopenr_person = 'p00005'",
        ),
        (
            "raw.bostedskommune",
            "residents_change",
            "INSERT INTO raw.bostedskommune SELECT format('q{:05d}', i), 2017, '0301', 1 FROM range(2000) AS n (i)",
        ),
        (
            "raw.bostedskommune",
            "municipality_valid_on_date",
            "UPDATE raw.bostedskommune SET bostedskommune = '3001' WHERE aar = 2018 AND lopenr_person LIKE '%2'",
        ),
        (
            "raw.bostedskommune",
            "municipality_unknown",
            "UPDATE raw.bostedskommune SET bostedskommune = '9999' WHERE aar = 2015 AND lopenr_person LIKE '%2'",
        ),
        ("raw.regstat", "status_known", "UPDATE raw.regstat SET regstat = '2' WHERE lopenr_person LIKE '%2'"),
        (
            "raw.regstat",
            "status_dated_before",
            "UPDATE raw.regstat SET regstat_dat = '2016-05-01' WHERE aar = 2016 AND lopenr_person LIKE '%2'",
        ),
        (
            "raw.hush_fam",
            "family_type_known",
            "UPDATE raw.hush_fam SET regstat_famtyp = '9.9.9' WHERE lopenr_person = 'p00007'",
        ),
        (
            "raw.hush_fam",
            "couple_status_known",
            "UPDATE raw.hush_fam SET parstatus = 'z' WHERE lopenr_person = 'p00007'",
        ),
        ("raw.bu_utd", "level_known", "UPDATE raw.bu_utd SET bu = 'X41199' WHERE lopenr_person = 'p00008'"),
        (
            "raw.regsys",
            "labour_market_status_known",
            "UPDATE raw.regsys SET arb_arbmark_status = '7' WHERE lopenr_person = 'p00009'",
        ),
        ("raw.flytting", "key_given", "INSERT INTO raw.flytting (aar, flyttetype) VALUES (2015, '1')"),
        (
            "raw.flytting",
            "event_type_known",
            "INSERT INTO raw.flytting (lopenr_person, aar, flyttetype) VALUES ('p00010', 2015, '9')",
        ),
        (
            "raw.flytting",
            "event_dated_near_its_year",
            "INSERT INTO raw.flytting (lopenr_person, aar, flyttedato, regdato, flyttetype)"
            " SELECT lopenr_person, 2016, '2018-03-01', '2018-03-01', '1' FROM raw.faste_oppl",
        ),
        *(
            (
                f"raw.{register}",
                "key_unique",
                f"INSERT INTO raw.{register} FROM raw.{register} WHERE lopenr_person = 'p00011'",
            )
            for register in YEARLY
        ),
        *(
            (
                f"raw.{register}",
                "key_given",
                f"UPDATE raw.{register} SET lopenr_person = NULL WHERE lopenr_person = 'p00012'",
            )
            for register in YEARLY
        ),
        *(
            (f"raw.{register}", "year_given", f"UPDATE raw.{register} SET aar = NULL WHERE lopenr_person = 'p00013'")
            for register in YEARLY
        ),
    ),
    *faults(
        "incoming",
        "years",
        ("raw.bostedskommune", "no_gap", "DELETE FROM raw.bostedskommune WHERE aar = 2016"),
        (
            "audit.register_year",
            "one_current_version",
            "INSERT INTO audit.register_year FROM audit.register_year WHERE register = 'regstat' AND year = 2014",
        ),
        (
            "audit.register_year",
            "panel_years_have_their_registers",
            "UPDATE audit.register_year SET is_current = false WHERE register = 'regsys' AND year = 2015",
        ),
        ("audit.register_year", "loaded_years_have_rows", "DELETE FROM raw.hush_fam WHERE aar = 2018"),
        (
            "audit.register_year",
            "size_against_year_before",
            "DELETE FROM raw.bu_utd WHERE aar = 2015 AND lopenr_person > 'p03000'",
        ),
    ),
    *faults(
        "incoming",
        "empty",
        ("raw.faste_oppl", "not_empty", "DELETE FROM raw.faste_oppl"),
        ("raw.bostedskommune", "not_empty", "DELETE FROM raw.bostedskommune"),
        ("audit.register_year", "not_empty", "DELETE FROM audit.register_year"),
    ),
]
