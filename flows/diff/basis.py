"""What two releases rest on according to their manifests: data, code, specification, packages.

Belongs here: comparing manifests. Does not belong here: published tables (`published`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Manifest = Mapping[str, Any]
# The keys by which entries are identified, in the parts of the specification that are lists of entries.
ENTRY_KEYS = ("id", "name")
ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Change:
    """Something that has one value in the first release and another in the second."""

    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class InputChange:
    """A delivered file that is new, gone, or there with other content; rows are rounded, None where withheld."""

    change: str
    delivery: str
    file: str
    register: str
    rows_before: int | None
    rows_after: int | None


@dataclass(frozen=True, slots=True)
class BasisDiff:
    """What differs in what two releases rest on.

    `differs` names which of data, specification, code and packages differ. `specification` is None if it differs but
    one of the releases does not carry its own (releases from before the manifest had `study`).
    """

    differs: tuple[str, ...]
    years: tuple[str, str]
    inputs: tuple[InputChange, ...]
    rows: tuple[Change, ...]
    specification: tuple[Change, ...] | None
    code: tuple[str, str]
    packages: tuple[Change, ...]


def compare_basis(a: Manifest, b: Manifest) -> BasisDiff:
    """What differs in what two releases rest on."""
    of_specification = "study" in a and "study" in b
    packages = tuple(changes(a["packages"], b["packages"]))
    hashes = {"data": "input_hash", "specification": "study_hash", "code": "code_version"}
    differs = [name for name, key in hashes.items() if a[key] != b[key]]
    return BasisDiff(
        differs=(*differs, *(["packages"] if packages else [])),
        years=(f"{a['first_year']}–{a['last_year']}", f"{b['first_year']}–{b['last_year']}"),
        inputs=tuple(input_changes(a, b)),
        rows=tuple(changes(a["rows"], b["rows"])),
        specification=tuple(changes(flat(a["study"]), flat(b["study"])))
        if of_specification
        else ()
        if a["study_hash"] == b["study_hash"]
        else None,
        code=(a["code_version"], b["code_version"]),
        packages=packages,
    )


def changes(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[Change]:
    """Keys whose values differ, in the order of the second, with those that only the first has at the end."""
    for key in dict.fromkeys([*b, *a]):
        before, after = a.get(key, ABSENT), b.get(key, ABSENT)
        if before != after:
            yield Change(key, before, after)


def input_changes(a: Manifest, b: Manifest) -> Iterator[InputChange]:
    """Files that are new, gone or changed, by delivery and name."""
    before, after = files_of(a), files_of(b)
    for delivery, file in sorted(before.keys() | after.keys()):
        old, new = before.get((delivery, file)), after.get((delivery, file))
        if old and new and old["sha256"] == new["sha256"]:
            continue
        yield InputChange(
            change="changed" if old and new else "new" if new else "gone",
            delivery=delivery,
            file=file,
            register=(new or old or {})["register"],
            rows_before=old["rows"] if old else None,
            rows_after=new["rows"] if new else None,
        )


def files_of(manifest: Manifest) -> dict[tuple[str, str], Manifest]:
    """The input files of a release by delivery and name."""
    return {(file["delivery"], file["file"]): file for file in manifest["inputs"]}


def flat(part: Any, path: str = "") -> dict[str, Any]:
    """A specification as dotted keys and values; an entry of a list of entries is identified by its id or name.

    >>> flat({"panel": {"age": {"last": 64}}, "hypotheses": [{"id": "H1a", "margin": 0.01}]})
    {'panel.age.last': 64, 'hypotheses[H1a].id': 'H1a', 'hypotheses[H1a].margin': 0.01}
    """
    if isinstance(part, Mapping):
        inner = {f"{path}.{key}" if path else key: value for key, value in part.items()}
    elif isinstance(part, list) and (key := entry_key(part)):
        inner = {f"{path}[{entry[key]}]": entry for entry in part}
    else:
        return {path: part}
    return {name: value for at, within in inner.items() for name, value in flat(within, at).items()}


def entry_key(part: list[Any]) -> str | None:
    """The key that identifies all entries of a list; None if they are plain values."""
    return next(
        (key for key in ENTRY_KEYS if part and all(isinstance(entry, Mapping) and key in entry for entry in part)), None
    )
