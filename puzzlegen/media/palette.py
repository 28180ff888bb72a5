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
    bands = [picture.convert("YCbCr").split() for picture in pictures]
    merged = zip(*(_alike(same) for same in zip(*bands, strict=True)), strict=True)
    return [Image.merge("YCbCr", own).convert("RGB") for own in merged]


def _alike(bands: Sequence[Image.Image]) -> list[Image.Image]:
    counts = [np.array(band.histogram(), dtype=np.int64) for band in bands]
    total = np.sum([_quantiles(count) for count in counts], axis=0)
    meeting = (2 * total + len(bands)) // (2 * len(bands))
    return [band.point(meeting[_ranks(count)].tolist()) for band, count in zip(bands, counts, strict=True)]


def _quantiles(counts: Counts) -> Counts:
    """The value at the middle of each of 256 equal shares of the pixels."""
    seen = counts.cumsum()
    marks = (2 * np.arange(_LEVELS) + 1) * seen[-1] // (2 * _LEVELS)
    return np.asarray(np.searchsorted(seen, marks, side="right"), dtype=np.int64)


def _ranks(counts: Counts) -> Counts:
    """Which of those shares the middle pixel of each value lies in."""
    seen = counts.cumsum()
    ranks = (2 * seen - counts) * (_LEVELS // 2) // seen[-1]
    return np.asarray(np.minimum(ranks, _LEVELS - 1), dtype=np.int64)
