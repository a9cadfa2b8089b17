"""A whole delivery, every file or none: it is written under another name and renamed when all of it is right."""

import os
import shutil
from pathlib import Path

from flows.candidate import sync
from flows.load.faults import DeliveryRefused, Fault
from flows.load.folder import SIMULATED, SIMULATED_TEXT, DeliveredFile, entries, identify
from flows.log import step
from flows.pseudonymise.file import Pseudonymiser, pseudonymise_file
from flows.pseudonymise.numbers import pseudonymiser
from storage.permissions import owner_alone
from storage.secret import read_key


class NotPseudonymised(DeliveryRefused):
    """A delivery could not be pseudonymised; the text names files, columns, rows, rules and counts, never a value."""

    outcome = "Nothing was written."


class TargetRefused(Exception):
    """The folder to write is there already, or lies inside the one to read."""


def pseudonymise(source: Path, target: Path, key_file: Path) -> int:
    """Write the delivery in `source` with keyed pseudonyms into the new folder `target`. Returns the number of files.

    Documents are not copied, because nobody has checked what is in them. A simulated delivery keeps its mark.

    Raises:
        KeyRefused: the key cannot be used.
        TargetRefused: `target` is there already.
        NotPseudonymised: a number is invalid, or a file's keys are not as its contract says.
    """
    pseudonym = pseudonymiser(read_key(key_file))
    source, target = source.resolve(), target.absolute()
    if target.exists() or source in target.resolve().parents:
        raise TargetRefused(f"{target}: write into a new folder outside the delivery that is read")
    draft = target.with_name(f".{target.name}.{os.getpid()}")
    with owner_alone():
        draft.mkdir(parents=True)
        try:
            count = pseudonymise_files(source, draft, pseudonym)
            os.replace(draft, target)
            sync(target.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
    return count


def pseudonymise_files(source: Path, target: Path, pseudonym: Pseudonymiser) -> int:
    """Pseudonymise every data file of a folder. Returns their number.

    Raises:
        NotPseudonymised: with every fault in every file.
    """
    faults: list[Fault] = []
    paths = entries(source)
    if not paths:
        faults.append(Fault(source.name, None, None, "no_delivery", "there is no data file in this folder"))
    for path in paths:
        file = identified(source.name, path)
        if isinstance(file, Fault):
            faults.append(file)
            continue
        with step("file") as said:
            written = target / path.name
            n_rows, found = pseudonymise_file(file, written, pseudonym)
            faults += found
            said.append(f"{path.name}, {n_rows:,} rows" if not found else f"{path.name}, refused")
        if not found:
            sync(written)
    if faults:
        raise NotPseudonymised(faults)
    if (source / SIMULATED).exists():
        (target / SIMULATED).write_text(SIMULATED_TEXT, encoding="utf-8")
        sync(target / SIMULATED)
    return len(paths)


def identified(delivery: str, path: Path) -> DeliveredFile | Fault:
    """The register of a file, which must be text."""
    if path.suffix.lower() == ".parquet":
        return Fault(delivery, path.name, None, "unknown_format", "not a text file; export it as csv")
    return identify(delivery, path)
