"""The published tables of hypotheses and verdicts, declared as in `tables`, which lists them with the others."""

from models_py.table import HYPOTHESIS_ID, MODEL, Table, TableColumn

VERDICT = TableColumn("verdict", "VARCHAR", "supported, partly_supported, not_supported or inconclusive.")
N_TESTS = TableColumn("n_tests", "INTEGER", "Tests carried out; 0 where the verdict is inconclusive.")
N_SUPPORTING = TableColumn("n_supporting", "INTEGER", "Tests that speak for the hypothesis.")
VARIANT_NAME = TableColumn("variant", "VARCHAR", "Name of the variant in study.yml.")

HYPOTHESIS = Table(
    "hypothesis",
    "The hypotheses of Table 2.",
    "statement",
    ("hypothesis_id",),
    (
        HYPOTHESIS_ID,
        TableColumn("statement_en", "VARCHAR", "Statement in English."),
        TableColumn("statement_nb", "VARCHAR", "Statement in Norwegian."),
    ),
)

HYPOTHESIS_VERDICT = Table(
    "hypothesis_verdict",
    "The verdict on each hypothesis (Table 2).",
    "estimate",
    ("model", "hypothesis_id"),
    (
        MODEL,
        HYPOTHESIS_ID,
        VERDICT,
        N_TESTS,
        N_SUPPORTING,
        TableColumn("note", "VARCHAR", "What the verdict rests on, and on how few events."),
    ),
)

VARIANT = Table(
    "variant",
    "The variants of study.yml: other choices under which the hypotheses are judged too.",
    "statement",
    ("variant",),
    (
        VARIANT_NAME,
        TableColumn("statement_en", "VARCHAR", "What is chosen otherwise, in English."),
        TableColumn("statement_nb", "VARCHAR", "What is chosen otherwise, in Norwegian."),
    ),
)

SENSITIVITY = Table(
    "sensitivity",
    "The verdict on each hypothesis under each variant, beside the study's own: which verdict depends on which choice. "
    "Empty where variants were not estimated.",
    "estimate",
    ("variant", "model", "hypothesis_id"),
    (
        VARIANT_NAME,
        MODEL,
        HYPOTHESIS_ID,
        VERDICT,
        N_TESTS,
        N_SUPPORTING,
        TableColumn("base_verdict", "VARCHAR", "The study's own verdict, as in hypothesis_verdict."),
        TableColumn(
            "agrees", "BOOLEAN", "Whether both verdicts are the same. NULL: one is inconclusive.", nullable=True
        ),
        TableColumn("note", "VARCHAR", "What the verdict rests on; no numbers of persons or events."),
    ),
)
