"""What a picture looks like in 144 bits, and which pictures look the same whichever way they are turned or mirrored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bits = NDArray[np.uint8]

HASH_SIDE: Final = 12


def look_bits(picture: NDArray[np.uint8]) -> Bits:
    """A ``(12, 12)`` hash of a picture: 1 where a small grey version is lighter than its median, else 0."""
    grey = Image.fromarray(picture).convert("L").resize((HASH_SIDE, HASH_SIDE), Image.Resampling.BOX)
    small = np.asarray(grey)
    return np.asarray(small > np.median(small), dtype=np.uint8)


def look_alikes(some: Sequence[Bits], others: Sequence[Bits], most: int) -> Iterator[tuple[int, int]]:
    """Yield the index pairs that differ in few bits, the first turned or mirrored as fits; some pairs more than once.

    Args:
        some: hashes, ``(12, 12)`` each.
        others: hashes to compare them with; must fit in memory eight times.
        most: the maximum number of differing bits.
    """
    table = np.stack(others)
    for i, bits in enumerate(some):
        for turned in (np.rot90(flipped, k) for flipped in (bits, bits.T) for k in range(4)):
            yield from ((i, int(k)) for k in np.flatnonzero((table != turned).sum(axis=(1, 2)) <= most))
