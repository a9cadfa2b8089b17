"""Reading the binary files of `bench.matrices`, and writing what a peer finds; needs numpy alone."""

import json
from pathlib import Path

import numpy as np


def read_matrices(folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """X (n, k), outcomes (n,) and persons (n,)."""
    shape = json.loads((folder / "shape.json").read_text())
    X = np.fromfile(folder / "X.bin").reshape(shape["rows"], shape["columns"])
    return X, np.fromfile(folder / "y.bin", dtype=np.int32), np.fromfile(folder / "person.bin", dtype=np.int32)


def report(folder: Path, name: str, seconds: dict[str, float], **found: object) -> None:
    """Keep arrays beside the input, and print seconds and numbers as the job's last line."""
    arrays = {key: value for key, value in found.items() if isinstance(value, np.ndarray)}
    np.savez(folder / f"{name}.npz", **arrays)
    print(json.dumps({"seconds": seconds, **{key: value for key, value in found.items() if key not in arrays}}))
