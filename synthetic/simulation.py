"""A simulated Norway, written as deliveries, with the truth beside them."""

import json
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from flows.load.folder import SIMULATED
from flows.progress import progress
from synthetic.delivery import DeliveryWriter, plan
from synthetic.keys import pseudonyms
from synthetic.life import OUTCOMES, History, World, live, make_world
from synthetic.norway import FIRST_YEAR, read_norway
from synthetic.parameters import GROUPS, Parameters, load_parameters
from synthetic.streams import Streams

BLOCK = 200_000  # persons simulated together; this bounds memory
FORMAT_VERSION = 1
LAST_YEAR = 2040
NOT_YET = len(OUTCOMES)  # outcome in a year before the person was known


class SimulationError(ValueError):
    """The requested simulation is not possible."""


def simulate(
    persons: int,
    years: tuple[int, int],
    seed: int,
    out: Path,
    deliveries: Literal["single", "yearly"] = "single",
    format: Literal["csv", "parquet"] = "csv",
    quirks: bool = True,
    sampling: Literal["population", "balanced"] = "population",
    parameters: Path | None = None,
) -> list[Path]:
    """Simulate Norway and write its registers.

    Args:
        persons: residents on 1 January of the first year; persons who are born or immigrate later come on top.
        years: first and last 1 January.
        seed: the same seed gives the same bytes; with more years, the yearly deliveries of earlier years stay the same.
        out: folder for one sub-folder per delivery, `truth.json` and `truth.parquet`; simulated deliveries with the
            same names are replaced.
        deliveries: one delivery of all years, or one for every 1 January.
        format: text files with `;` in Windows-1252, or Parquet in which every column is text.
        quirks: whether extracts have the faults of real ones.
        sampling: `population` draws Norway as it is; `balanced` draws equally many of each group, and of the
            Norwegian-born mostly adults, like an extract for a study of adults.
        parameters: a YAML or JSON file with parameters that override `synthetic/parameters.yml`.

    Returns:
        The delivery folders, in order of time.
    """
    _check(persons, years, seed)
    world = make_world(load_parameters(parameters), read_norway(), sampling == "balanced", quirks)
    first, last = years
    planned = plan(first, last, deliveries)
    _insist_that_replaceable([out / delivery.name for delivery in planned])
    unfinished = out / ".simulating"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    with ExitStack() as stack:
        writers = [
            DeliveryWriter(delivery, unfinished / delivery.name, format == "csv", quirks, seed, stack)
            for delivery in planned
        ]
        truth = stack.enter_context(pyarrow.parquet.ParquetWriter(unfinished / "truth.parquet", _truth_schema(years)))
        bar = stack.enter_context(progress("simulate"))
        sizes = blocks(persons)
        bar.expect({f"block {block}": size for block, size in enumerate(sizes)})
        for block, size in enumerate(sizes):
            history = live(world, group_sizes(world, size), first, last, Streams(seed, block))
            truth.write_table(_truth(history, seed, block, years))
            n_rows = sum(writer.add(history, world.norway, block) for writer in writers)
            bar.done(f"block {block}", n_rows)
    options = {
        "persons": persons,
        "years": list(years),
        "seed": seed,
        "deliveries": deliveries,
        "format": format,
        "quirks": quirks,
        "sampling": sampling,
    }
    (unfinished / "truth.json").write_text(_truth_json(options, world.parameters), encoding="utf-8")
    return _finish(unfinished, out, [delivery.name for delivery in planned])


def _check(persons: int, years: tuple[int, int], seed: int) -> None:
    first, last = years
    if not FIRST_YEAR <= first <= last <= LAST_YEAR:
        raise SimulationError(f"years {first}-{last}: they must lie in {FIRST_YEAR}-{LAST_YEAR}, first before last")
    if persons < 1:
        raise SimulationError(f"{persons} persons: there must be at least one")
    if seed < 0:
        raise SimulationError(f"seed {seed}: it must not be negative")


def _insist_that_replaceable(folders: list[Path]) -> None:
    real = [str(folder) for folder in folders if folder.exists() and not (folder / SIMULATED).exists()]
    if real:
        raise SimulationError(
            f"{', '.join(real)}: there already, without the mark of a simulated delivery ({SIMULATED}), and so not "
            "replaced: choose another --out, or remove it yourself (older simulations have no mark)"
        )


def blocks(persons: int) -> list[int]:
    """Sizes of blocks, as even as possible."""
    count = -(-persons // BLOCK)
    return [persons * (block + 1) // count - persons * block // count for block in range(count)]


def group_sizes(world: World, size: int) -> dict[str, int]:
    """Persons per group in a block: by the country's shares, or equally many; they sum to the block's size."""
    shares = world.parameters.population.shares
    weights = np.array([1.0 if world.balanced else shares[name] for name in GROUPS])
    edges = np.rint(np.cumsum(weights) / weights.sum() * size).astype(int)
    return dict(zip(GROUPS, np.diff(edges, prepend=0).tolist(), strict=True))


def _truth_schema(years: tuple[int, int]) -> pa.Schema:
    text = pa.dictionary(pa.int8(), pa.string())
    return pa.schema(
        [
            ("lopenr_person", pa.string()),
            ("population_group", text),
            ("sex", text),
            ("birth_month", pa.int32()),
            ("effect_internal_move", pa.float32()),
            ("effect_emigration", pa.float32()),
            *[(f"outcome_{year}", text) for year in range(years[0], years[1])],
        ]
    )


def _truth(history: History, seed: int, block: int, years: tuple[int, int]) -> pa.Table:
    """One row per person: attributes, random effects, and the outcome drawn for each year."""
    people = history.people
    columns: list[Any] = [
        pseudonyms(seed, block, len(people)),
        named(people.group, GROUPS),
        named(people.sex, ("male", "female")),
        pa.array(people.birth_month),
        pa.array(people.effect_internal_move),
        pa.array(people.effect_emigration),
    ]
    for year in range(years[0], years[1]):
        outcome = np.full(len(people), NOT_YET, dtype=np.int8)
        outcome[: len(history.outcomes[year])] = history.outcomes[year]
        columns.append(named(outcome, (*OUTCOMES, "not_yet_known")))
    return pa.table(columns, schema=_truth_schema(years))


def named(codes: NDArray[Any], names: tuple[str, ...]) -> pa.DictionaryArray:
    """Codes 0, 1, … as the names with these indices."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(names))


def _truth_json(options: dict[str, Any], parameters: Parameters) -> str:
    note = (
        "With stratified_totals the number of emigrants in every year, group, centrality class and side of the "
        "model's ages is its expectation, rounded at random; who they are is drawn with the model's probabilities. "
        "Model-based standard errors are then too wide for the centrality and year levels of emigration."
    )
    truth = {
        "format_version": FORMAT_VERSION,
        "options": options,
        "sampling_note": note,
        "parameters": parameters.model_dump(mode="json"),
    }
    return json.dumps(truth, indent=1, sort_keys=True) + "\n"


def _finish(unfinished: Path, out: Path, deliveries: list[str]) -> list[Path]:
    """Put finished folders and files in place, each with one rename."""
    for name in deliveries:
        shutil.rmtree(out / name, ignore_errors=True)
        (unfinished / name).rename(out / name)
    for name in ("truth.parquet", "truth.json"):
        (unfinished / name).replace(out / name)
    unfinished.rmdir()
    return [out / name for name in deliveries]
