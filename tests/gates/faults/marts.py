"""Faults of the marts and of the input to estimation."""

from tests.gates.faults.fault import faults

PANEL = "marts.person_year"
ACCOUNTING = "marts.panel_accounting"
LEVELS = {
    "population_group": "tourist",
    "sex": "other",
    "centrality": "7",
    "family_situation": "single",
    "labour_market_status": "busy",
    "education": "some",
    "outcome": "gone",
}
MARTS = [
    *faults(
        "marts",
        "cells",
        (PANEL, "key_unique", f"INSERT INTO {PANEL} FROM {PANEL} WHERE person_key = 1"),
        (PANEL, "nothing_missing", f"UPDATE {PANEL} SET municipality_code = NULL WHERE person_key = 2"),
        (PANEL, "age_in_window", f"UPDATE {PANEL} SET age = 65 WHERE person_key = 3"),
        *(
            (PANEL, f"{column}_known", f"UPDATE {PANEL} SET {column} = '{level}' WHERE person_key = 4")
            for column, level in LEVELS.items()
        ),
        (PANEL, "centrality_of_municipality", f"UPDATE {PANEL} SET centrality = '5*' WHERE person_key = 5"),
        (
            PANEL,
            "stayers_have_no_date",
            f"UPDATE {PANEL} SET outcome_date = '2015-03-01' WHERE person_key = 6 AND outcome = 'stay'",
        ),
        (
            PANEL,
            "reform_moves_nobody",
            f"UPDATE {PANEL} SET outcome = 'internal_move' WHERE municipality_code = '0702' AND year = 2017",
        ),
        (
            "marts.municipality",
            "code_unique",
            "INSERT INTO marts.municipality FROM marts.municipality",
        ),
        (
            "marts.move_event",
            "event_type_known",
            "UPDATE marts.move_event SET event_type = 'holiday' WHERE person_key = 50",
        ),
        (
            "marts.observed_rate",
            "shares_in_their_intervals",
            "UPDATE marts.observed_rate SET ci_high = share / 2 WHERE year = 2016",
        ),
        ("marts.observed_rate", "rates_are_the_panel", "DELETE FROM marts.observed_rate WHERE year = 2015"),
        (
            "estimation.cell",
            "cell_id_dense",
            "UPDATE estimation.cell SET cell_id = 1000000 WHERE cell_id = 1",
        ),
        (
            "estimation.cell",
            "pattern_unique",
            "INSERT INTO estimation.cell FROM estimation.cell WHERE cell_id = 2",
        ),
        ("estimation.cell", "cells_filled", "UPDATE estimation.cell SET stay = NULL WHERE cell_id = 3"),
        ("estimation.cell", "cells_are_the_panel", "UPDATE estimation.cell SET stay = stay + 1 WHERE cell_id = 4"),
        (
            "estimation.path",
            "paths_filled",
            "INSERT INTO estimation.path VALUES ('native', 1, []::INTEGER[])",
        ),
        (
            "estimation.path",
            "paths_are_the_persons",
            "UPDATE estimation.path SET n_persons = n_persons + 1",
        ),
        (
            "estimation.path",
            "paths_are_the_cells",
            "UPDATE estimation.path SET path = [0] WHERE len(path) > 1",
        ),
        (
            ACCOUNTING,
            "every_disposition_once",
            f"DELETE FROM {ACCOUNTING} WHERE year = 2015 AND disposition = 'unknown_person'",
        ),
        (
            ACCOUNTING,
            "persons_counted",
            f"UPDATE {ACCOUNTING} SET persons = NULL WHERE year = 2015 AND disposition = 'died'",
        ),
        (
            ACCOUNTING,
            "nobody_vanishes",
            f"UPDATE {ACCOUNTING} SET persons = 1 WHERE year = 2016 AND disposition = 'died'",
        ),
        (
            ACCOUNTING,
            "outcomes_are_the_panel",
            f"UPDATE {ACCOUNTING} SET persons = persons - 1 WHERE year = 2016 AND disposition = 'stay'",
        ),
        (
            ACCOUNTING,
            "unexplained_exits_share",
            f"UPDATE {ACCOUNTING} SET persons = 100 WHERE year = 2017 AND disposition = 'unexplained_exit'",
        ),
    ),
    *faults(
        "marts",
        "years",
        (ACCOUNTING, "years_consecutive", f"DELETE FROM {ACCOUNTING} WHERE year = 2016"),
        (
            ACCOUNTING,
            "years_are_the_closed_ones",
            f"INSERT INTO {ACCOUNTING} SELECT 2018, disposition, 0 FROM {ACCOUNTING} WHERE year = 2015",
        ),
        (
            PANEL,
            "unknown_share",
            f"UPDATE {PANEL} SET education = 'unknown' WHERE year = 2015 AND person_key % 5 = 0",
        ),
        (
            PANEL,
            "rates_within_bounds",
            f"UPDATE {PANEL} SET outcome = 'stay' WHERE year = 2016 AND population_group = 'native'",
        ),
        (
            PANEL,
            "outcome_dated_near_its_year",
            f"UPDATE {PANEL} SET outcome = 'internal_move', outcome_date = '1999-01-01' WHERE year = 2017",
        ),
        ("marts.move_event", "events_kept", "DELETE FROM marts.move_event"),
    ),
    *faults(
        "marts",
        "empty",
        *(
            (table, "not_empty", f"DELETE FROM {table}")
            for table in [
                PANEL,
                ACCOUNTING,
                "marts.observed_rate",
                "marts.municipality",
                "estimation.cell",
                "estimation.path",
            ]
        ),
    ),
]
