"""The defect catalogue: corrupted deliveries by name, each with the refusal, repair or note that must follow.

    for defect in DEFECTS:
        defect.mutate(delivery_folder)      # a good delivery of 2018 that lies in landing beside that of 2017
        defect.expected                     # outcome, rule, register, column

The deliveries are those of `stage.good_deliveries`; `python -m tests.defects.campaign` tries all of them.
"""

from tests.defects.expected import Defect, Expected
from tests.defects.of_columns import OF_COLUMNS
from tests.defects.of_files import OF_FILES
from tests.defects.of_values import OF_VALUES

__all__ = ["DEFECTS", "Defect", "Expected"]

DEFECTS: list[Defect] = [*OF_FILES, *OF_COLUMNS, *OF_VALUES]
