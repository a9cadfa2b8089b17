"""Verdicts on the data of one release under the specification of another, by the current code, on scratch copies.

Belongs here: getting the data of a release back, and judging on them. Does not belong here: what follows from the
verdicts (`explanation`). Nothing but verdicts leaves the copies, which are deleted.
"""

import fcntl
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pydantic import ValidationError

from flows.build import BuildFailed, rebuild_estimation_input
from flows.home import Home
from flows.load import DeliveryRefused, load_deliveries, withdraw
from flows.log import step
from flows.state import input_hash
from models_py.study import Study
from storage.catalogue import has_table
from storage.warehouse import copy_warehouse, open_warehouse

Manifest = Mapping[str, Any]
Verdicts = dict[tuple[str, str], str]


class CannotHoldBack(Exception):
    """Data or specification of a release cannot be restored; says why, never a value."""


def verdicts_under(home: Home, data: Manifest, study: Study, models: Collection[str], left_out: str = "") -> Verdicts:
    """The verdicts by model and hypothesis on the data of a release under a specification.

    Args:
        home: where the warehouse and the deliveries lie.
        data: the manifest of the release whose data are asked for.
        study: the specification to judge by.
        models: the models whose verdicts are asked for.
        left_out: what is held back, for the log.

    Raises:
        CannotHoldBack: the data cannot be restored, or nothing can be estimated from them.
    """
    from models_py.cells import EstimationInputError
    from models_py.estimate import verdicts

    with step("explain") as said, data_of(home, data, study) as copy:
        said.append(f"held back: {left_out}" if left_out else "nothing held back")
        try:
            with one_at_a_time(home):
                rebuild_estimation_input(copy, study, home.work / "dbt_diff")
            found = verdicts(copy, study, models)
        except (BuildFailed, EstimationInputError) as error:
            raise CannotHoldBack(str(error)) from None
    return {(str(row["model"]), str(row["hypothesis_id"])): str(row["verdict"]) for row in found}


@contextmanager
def one_at_a_time(home: Home) -> Iterator[None]:
    """Wait while another process explains a difference: both would have dbt's files in one folder."""
    with (home.work / "dbt_diff.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def data_of(home: Home, release: Manifest, study: Study) -> Iterator[Path]:
    """A copy of the warehouse in which the deliveries of a release count, and no others.

    Raises:
        CannotHoldBack: the warehouse is gone, or the deliveries are not in landing as they were, or came in another
            order.
    """
    if not home.warehouse.exists():
        raise CannotHoldBack("the warehouse is not here")
    with TemporaryDirectory(dir=home.work, prefix="diff-") as folder:
        copy = Path(folder) / "diff.duckdb"
        copy_warehouse(home.warehouse, copy)
        try:
            bring_back(copy, home.landing, release, study)
        except DeliveryRefused:
            raise CannotHoldBack("its deliveries are no longer in landing as they were loaded") from None
        yield copy


def bring_back(copy: Path, landing: Path, release: Manifest, study: Study) -> None:
    """Withdraw the deliveries that a release did not have, and load those of its deliveries that are gone since.

    Raises:
        CannotHoldBack: the outcome is not what the release rests on.
        DeliveryRefused: a delivery is no longer in landing as it was loaded.
    """
    loaded, then = deliveries_in(copy), list(dict.fromkeys(file["delivery"] for file in release["inputs"]))
    for delivery in [name for name in reversed(loaded) if name not in then]:
        withdraw(copy, landing, delivery, study, release["run_id"])
    if gone := [name for name in then if name not in loaded]:
        load_deliveries(copy, landing, gone, study, release["run_id"])
    with open_warehouse(copy, read_only=True) as con:
        if input_hash(con) != release["input_hash"]:
            raise CannotHoldBack("its deliveries were corrected or came in another order since")


def deliveries_in(database: Path) -> list[str]:
    """The deliveries that count, by arrival.

    Raises:
        CannotHoldBack: there are none.
    """
    with open_warehouse(database, read_only=True) as con:
        if not has_table(con, "audit", "delivery"):
            raise CannotHoldBack("the warehouse is empty")
        rows = con.sql("select delivery_id from audit.delivery where status = 'loaded' order by arrival").fetchall()
    return list(dict.fromkeys(name for (name,) in rows))  # a delivery has several arrivals if parts were mended later


def study_of(release: Manifest) -> Study:
    """The specification a release was made under.

    Raises:
        CannotHoldBack: the release does not carry it, or this code does not know some of its keys.
    """
    if "study" not in release:
        raise CannotHoldBack("the release does not carry its specification")
    try:
        return Study.model_validate(release["study"])
    except ValidationError:
        raise CannotHoldBack("its specification has keys that this version of the code does not know") from None


def ending_in(study: Study, last_year: int) -> Study:
    """The specification with the panel's last year set."""
    years = study.panel.years.model_copy(update={"last": last_year})
    return study.model_copy(update={"panel": study.panel.model_copy(update={"years": years})})
