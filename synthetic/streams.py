"""Random streams: one for each (seed, block, purpose, year), so that a later year never changes an earlier one."""

import zlib
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Streams:
    """The random streams of one block of persons."""

    seed: int
    block: int

    def rng(self, purpose: str, year: int = 0, *more: int) -> np.random.Generator:
        """The stream for a purpose in a year; a second call starts the same numbers again."""
        words = [self.seed, self.block, zlib.crc32(purpose.encode()), year, *more]
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(words)))
