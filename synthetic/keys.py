"""Pseudonyms: 13 letters and digits, computed from seed, block and index, which reveal neither order nor block."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

_LETTERS = np.frombuffer(b"ABCDEFGHJKMNPQRSTVWXYZ0123456789", dtype=np.uint8)  # 32 characters; the first 16 are letters
_WIDTH = 13
_BLOCK_BITS = 32
UNKNOWN_BLOCK = 2**20  # block number of persons that are in events and in no other register


def pseudonyms(seed: int, block: int, count: int) -> pa.StringArray:
    """Pseudonyms of the first `count` persons of a block, in order.

    SplitMix64's finaliser is a bijection on 64 bits, so no two persons share a pseudonym. It has 13 characters and
    begins with a letter, so it cannot be mistaken for an identity number.
    """
    index = np.arange(count, dtype=np.uint64) + (np.uint64(block) << np.uint64(_BLOCK_BITS))
    mixed = _mix(index ^ _mix(np.array([seed], dtype=np.uint64)))
    signs = np.empty((count, _WIDTH), dtype=np.uint8)
    for place in range(_WIDTH):
        signs[:, _WIDTH - 1 - place] = _LETTERS[(mixed >> np.uint64(5 * place)) & np.uint64(31)]
    signs[:, 0] = _LETTERS[mixed >> np.uint64(60)]
    offsets = np.arange(0, (count + 1) * _WIDTH, _WIDTH, dtype=np.int32)
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(signs.tobytes()))


def _mix(value: NDArray[Any]) -> NDArray[Any]:
    with np.errstate(over="ignore"):
        value = value + np.uint64(0x9E3779B97F4A7C15)
        value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[Any] = value ^ (value >> np.uint64(31))
    return mixed
