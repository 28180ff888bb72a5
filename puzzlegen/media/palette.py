"""Give several pictures one palette, so that colours do not reveal which of them belongs to another picture.

Where much of a picture has one value (paper, the background of a chart), palettes cannot be made alike. Then pictures
are chosen whose palettes are alike already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops

_LEVELS: Final = 256
_SIXTEENTHS: Final = (1, 4, 8, 12, 15)
#: A picture of lower mean saturation (of 255) is a scan, ink on paper, or a photo in black and white.
_LEAST_SATURATION: Final = 8

Counts = NDArray[np.int64]


def one_palette(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """Give RGB pictures the same distribution of values in each band of YCbCr, halfway between all of theirs.

    The darkest part of every picture takes the mean value of all pictures' darkest parts, and so on. All numbers are
    whole.
    """
    ycbcr = [picture.convert("YCbCr") for picture in pictures]
    counts = np.array([picture.histogram() for picture in ycbcr], dtype=np.int64).reshape(len(ycbcr), -1, _LEVELS)
    tables = _tables(counts).reshape(len(ycbcr), -1).tolist()
    return [picture.point(table).convert("RGB") for picture, table in zip(ycbcr, tables, strict=True)]


def one_palette_of(sketches: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Do the same as :func:`one_palette` for small pictures ``(n, height, width, 3)``, at a fraction of the cost."""
    count, _, width, _ = sketches.shape
    ycbcr = np.asarray(Image.fromarray(sketches.reshape(-1, width, 3)).convert("YCbCr"))
    index = ycbcr.reshape(count, -1, 3) + _LEVELS * np.arange(3 * count).reshape(count, 1, 3)
    counts = np.bincount(index.ravel(), minlength=3 * count * _LEVELS).reshape(count, 3, _LEVELS)
    values = _tables(counts).astype(np.uint8).ravel()[index]
    strip = Image.frombytes("YCbCr", (width, ycbcr.shape[0]), values.tobytes())
    return np.asarray(strip.convert("RGB")).reshape(sketches.shape)


def grey_together(pictures: Sequence[Image.Image]) -> list[Image.Image]:
    """Return RGB pictures unchanged, or all in grey if one has next to no colour, because it cannot be given any."""
    if min(map(_saturation, pictures)) >= _LEAST_SATURATION:
        return list(pictures)
    return [picture.convert("L").convert("RGB") for picture in pictures]


def _saturation(picture: Image.Image) -> float:
    """Return the mean difference between a pixel's strongest and weakest band."""
    red, green, blue = picture.split()
    most = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    least = ImageChops.darker(ImageChops.darker(red, green), blue)
    counts = ImageChops.subtract(most, least).histogram()
    return sum(level * count for level, count in enumerate(counts)) / sum(counts)


def hues_apart(sketches: NDArray[np.uint8]) -> list[int]:
    """Return how far the colours of each of several small pictures ``(n, height, width, 3)`` are from the first one's.

    This is the sum of the differences at five quantiles of lightness, saturation and two chromas, in levels, plus a
    hundred times the sum of the differences in the shares of 64 colours.
    """
    red, green, blue = sketches.reshape(len(sketches), -1, 3).transpose(2, 0, 1).astype(np.int32, order="C")
    count = red.shape[1]
    luma = (77 * red + 150 * green + 29 * blue) >> 8
    spread = np.maximum(np.maximum(red, green), blue) - np.minimum(np.minimum(red, green), blue)
    # 16 bits, because numpy sorts many such numbers at once.
    values = np.stack([luma, spread, red - luma, blue - luma]).astype(np.int16)
    quantiles = np.sort(values, axis=2)[:, :, [count * k // 16 for k in _SIXTEENTHS]].astype(np.int64)
    index = ((red >> 6) << 4) + ((green >> 6) << 2) + (blue >> 6) + 64 * np.arange(len(red))[:, None]
    shares = np.bincount(index.ravel(), minlength=64 * len(red)).reshape(-1, 64)
    distances = (
        np.abs(quantiles - quantiles[:, :1]).sum(axis=(0, 2)) + 100 * np.abs(shares - shares[:1]).sum(axis=1) // count
    )
    distance_list: list[int] = distances.tolist()
    return distance_list


def _tables(counts: Counts) -> Counts:
    """Return the new value for each value, from how often each occurs: both ``(pictures, bands, 256)``."""
    sums = counts.cumsum(axis=2)
    common_values = (2 * _quantiles(sums).sum(axis=0) + len(sums)) // (2 * len(sums))
    ranks = np.minimum((2 * sums - counts) * (_LEVELS // 2) // sums[:, :, -1:], _LEVELS - 1)
    return np.take_along_axis(common_values[None], ranks, axis=2)


def _quantiles(sums: Counts) -> Counts:
    """Return the values at the middle of each of 256 equal shares of the pixels; ``sums`` are cumulative counts."""
    targets = (2 * np.arange(_LEVELS) + 1) * sums[:, :, -1:] // (2 * _LEVELS)
    # One search for all bands, each shifted above the one before.
    rows = np.arange(sums[..., 0].size).reshape(*sums.shape[:2], 1)
    row_offsets = rows * (sums.max() + 1)
    positions = np.searchsorted((sums + row_offsets).ravel(), (targets + row_offsets).ravel(), side="right")
    return np.asarray(positions.reshape(sums.shape) - rows * _LEVELS, dtype=np.int64)
