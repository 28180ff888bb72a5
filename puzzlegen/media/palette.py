"""One palette for several pictures, so that colours do not tell which of them belongs to another picture."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_LEVELS: Final = 256

Counts = NDArray[np.int64]


def one_palette(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """RGB pictures whose values are distributed alike in each band of YCbCr: halfway between them all.

    Every picture's darkest part takes the mean of all pictures' darkest parts, and so on, in whole numbers only.
    """
    seen = [picture.convert("YCbCr") for picture in pictures]
    counts = np.array([picture.histogram() for picture in seen], dtype=np.int64).reshape(len(seen), -1, _LEVELS)
    sums = counts.cumsum(axis=2)
    total = np.sum([[_quantiles(band) for band in bands] for bands in sums], axis=0)
    meeting = (2 * total + len(seen)) // (2 * len(seen))
    ranks = np.minimum((2 * sums - counts) * (_LEVELS // 2) // sums[:, :, -1:], _LEVELS - 1)
    tables = np.take_along_axis(meeting[None], ranks, axis=2).reshape(len(seen), -1).tolist()
    return [picture.point(table).convert("RGB") for picture, table in zip(seen, tables, strict=True)]


def _quantiles(sums: Counts) -> Counts:
    """The value at the middle of each of 256 equal shares of the pixels; ``sums`` are running counts."""
    marks = (2 * np.arange(_LEVELS) + 1) * sums[-1] // (2 * _LEVELS)
    return np.asarray(np.searchsorted(sums, marks, side="right"), dtype=np.int64)
