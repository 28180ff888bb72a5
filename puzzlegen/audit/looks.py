"""What a picture looks like, in few bits, and which pictures look the same whichever way they are turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Bits = NDArray[np.uint8]

HASH_SIDE: Final = 12


def look_bits(picture: NDArray[np.uint8]) -> Bits:
    """``(12, 12)`` of 0 and 1: where a small grey version is lighter than its median."""
    grey = Image.fromarray(picture).convert("L").resize((HASH_SIDE, HASH_SIDE), Image.Resampling.BOX)
    small = np.asarray(grey)
    return np.asarray(small > np.median(small), dtype=np.uint8)


def look_alikes(some: Sequence[Bits], others: Sequence[Bits], most: int) -> Iterator[tuple[int, int]]:
    """Which pairs differ in so many bits at most, the first of them turned or mirrored as fits best; some twice.

    Args:
        some: ``(12, 12)`` each.
        others: to compare with them, as many as fit in memory eight times.
        most: bits.
    """
    table = np.stack(others)
    for i, bits in enumerate(some):
        for turned in (np.rot90(flipped, k) for flipped in (bits, bits.T) for k in range(4)):
            yield from ((i, int(k)) for k in np.flatnonzero((table != turned).sum(axis=(1, 2)) <= most))
