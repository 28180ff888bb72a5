"""How well the sides of tiles match, by a fixed measure: a linear model learned on joints between tiles of photos.

Tasks choose cuts by this measure, so that a model that only joins what matches best finds the right answer no
more often than any other. All numbers are whole (stored as floats where products are needed, exact below 2**53), so
that they are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.media.tiles import LEVEL_MEAN, LEVEL_SPREAD, MOST_GAIN

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Side, in pixels, of the small versions in which tiles are compared.
SIDE: Final = 48
_DEPTHS: Final = ((0, 1), (1, 2), (2, 5))
_SHIFTS: Final = (-4, -2, 0, 2, 4)
#: Luma relative to a tile's own mean is measured in this many steps per standard deviation of the tile.
OWN: Final = 64
_LUMA: Final = np.array([77.0, 150.0, 29.0])
#: Pixel values are kept in quarters of a grey level ...
_STEPS_PER_LEVEL: Final = 4
#: ... and features in thousandths.
UNIT: Final = 1000
_MAX_FEATURE: Final = 4 * UNIT
# Logistic regression (neighbours or not) on 133,000 pairs of tiles of 231 pictures, cut 3x3 at gaps of 0.25 to 0.4.
# Weights learned on half of the photos recognised neighbours on the other half nearly as well (area under the curve
# 0.70 and 0.69) as on their own (0.70 and 0.71). Rows, see :func:`_in_context`: a feature's value, then relative to all
# joints of the first tile, then to all of the second.
_WEIGHTS: Final = np.array(
    [
        [22.0, 17.0, 6.0, 41.0, 11.0, 20.0, 29.0, -1.0, 0.0, 7.0, 14.0, 6.0, 19.0, 25.0, 28.0, 13.0, -4.0, -28.0],
        [-37.0, 35.0, -16.0, -6.0, -16.0, -5.0, 4.0, 7.0, 7.0, -3.0, 7.0, -4.0, 13.0, -3.0, 11.0, 6.0, -3.0, -4.0],
        [-29.0, 15.0, -15.0, -5.0, -4.0, -2.0, 5.0, -7.0, 1.0, -1.0, 2.0, 1.0, 5.0, 0.0, 4.0, -2.0, 1.0, -4.0],
    ]
)


class Joints(NamedTuple):
    """Scores of ordered pairs of tiles, ``(m, m)``, more is better: tile j to the right of tile i, and j below i."""

    beside: Whole
    below: Whole


class Sides(NamedTuple):
    """The sides of m tiles: right, left, bottom and top along the second axis, the tiles along the last one.

    Attributes:
        shown: luma and two chromas of the outermost strip, once tones are levelled, ``(3, 4, SIDE / 2, m)``.
        own: luma of all three strips relative to the tile's mean and deviation, see ``OWN``, ``(3, 4, SIDE / 2, m)``.
    """

    shown: Floats
    own: Floats


def joints(small: NDArray[np.uint8], owner: Whole, level: float = 0) -> Joints:
    """Return the scores of all joints between tiles.

    Args:
        small: small versions of the tiles, ``(m, SIDE, SIDE, 3)`` RGB.
        owner: which cell each tile is a crop of, ``(m,)``; crops of the same cell are not compared.
        level: how far the tiles' tones are brought together first, as ``tiles.toned`` will do.
    """
    context = _in_context(features_of(sides_of(small, level)), owner[:, None] != owner[None])
    return Joints(*np.asarray(np.tensordot(_WEIGHTS, context, 2), dtype=np.int64))


def sides_of(small: NDArray[np.uint8], level: float = 0) -> Sides:
    """Return the sides of tiles; arguments as for :func:`joints`."""
    turned = small.swapaxes(1, 2)
    max_depth = _DEPTHS[-1][1]
    rim = np.stack([part[:, :, :max_depth] for part in (small[:, :, ::-1], small, turned[:, :, ::-1], turned)])
    pairs = rim[:, :, ::2].astype(np.int16) + rim[:, :, 1::2]
    # Axes: depth, side, colour, position along the side, tile.
    along = np.ascontiguousarray(pairs.transpose(3, 0, 4, 2, 1))
    strips = np.stack(
        [_STEPS_PER_LEVEL * along[a:b].sum(axis=0).astype(np.float64) / (2 * (b - a)) for a, b in _DEPTHS]
    )
    tones, grey, spread = _tone_statistics(small)
    gain = _gain(spread, level)
    mean = tones.T[:, None]
    strips = np.floor(
        (strips - _STEPS_PER_LEVEL * mean) * gain + _STEPS_PER_LEVEL * (mean + level * (LEVEL_MEAN - mean))
    )
    red, green, blue = (strips[:, :, k] for k in range(3))
    luma = np.floor((_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue) / 256)
    middle, scale = _STEPS_PER_LEVEL * (grey + level * (LEVEL_MEAN - grey)), _STEPS_PER_LEVEL * (spread * gain + 2)
    return Sides(np.stack([luma[0], blue[0] - luma[0], red[0] - luma[0]]), np.floor(OWN * (luma - middle) / scale))


def gains(small: NDArray[np.uint8], level: float) -> Floats:
    """Return the factor by which the contrast of each tile will grow, ``(m,)``; arguments as for :func:`joints`."""
    return _gain(_tone_statistics(small)[2], level)


def _gain(spread: Floats, level: float) -> Floats:
    return np.asarray(1 + level * (np.minimum(MOST_GAIN, LEVEL_SPREAD / spread) - 1))


def _tone_statistics(small: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Return the mean of each band, ``(m, 3)``, the mean grey and its deviation, from every fourth pixel each way."""
    sampled = small[:, ::4, ::4].reshape(len(small), -1, 3).astype(np.float64)
    n = sampled.shape[1]
    grey = np.floor(sampled @ _LUMA / 256)
    first, second = grey.sum(axis=1), (grey * grey).sum(axis=1)
    return sampled.sum(axis=1) / n, first / n, np.sqrt(np.maximum(n * n, n * second - first * first)) / n


def features_of(sides: Sides) -> Floats:
    """Return 18 features of each joint in thousandths, some of which grow with likeness: ``(18, 2, m, m)``.

    Along the second axis, the right side of tile i is compared with the left side of tile j, and i's bottom with j's
    top. Both are computed at once because numpy's calls cost more than the work they do here.
    """
    (a, an), (b, bn) = ((sides.shown[:, k::2], sides.own[:, k::2]) for k in (0, 1))
    centred_sides = [_centred(x[0]) for x in (an, bn)]
    spreads = [np.floor(np.sqrt((x * x).sum(axis=1) / x.shape[1])) for x in centred_sides]
    levels = [np.floor(x.sum(axis=(0, 2)) / (x.shape[0] * x.shape[2])) for x in (an, bn)]
    rim_likeness, inner_likeness, blue_likeness, red_likeness, changes = _correlations(
        *(np.stack([x[0], x[2], *y[1:]]) for x, y in ((an, a), (bn, b)))
    )
    feature_rows = [
        _mean_differences(a[0], b[0]) / (100 * _STEPS_PER_LEVEL),
        _mean_differences(an[0], bn[0]) / OWN,
        (_mean_differences(a[1], b[1]) + _mean_differences(a[2], b[2])) / (50 * _STEPS_PER_LEVEL),
        _mean_differences(*centred_sides) / OWN,
        _mean_differences(2 * an[0] - an[1], 2 * bn[0] - bn[1]) / OWN,
        *rim_likeness,
        *changes,
        *inner_likeness,
        *blue_likeness,
        *red_likeness,
        _mean_differences(an[0] - an[1], bn[1] - bn[0]) / OWN,
        *(np.abs(x[:, :, None] - y[:, None]) / OWN for x, y in (levels, spreads)),
    ]
    return np.floor(np.stack(feature_rows) * UNIT + 0.5)


def _mean_differences(a: Floats, b: Floats) -> Floats:
    # Whole numbers, and sums below 2**24: single precision holds them exactly.
    first, second = a.astype(np.float32), b.astype(np.float32)
    return np.asarray(np.abs(first[..., None] - second[:, :, None]).sum(axis=1).astype(np.float64) / a.shape[1])


def _centred(a: Floats) -> Floats:
    return np.asarray(a - np.floor(a.sum(axis=1, keepdims=True) / a.shape[1]))


def _correlations(a: Floats, b: Floats) -> list[tuple[Floats, Floats]]:
    """Return the correlations of sides, for each value and for the changes of the first value along the side.

    For each there are two: as the sides lie, and the best one if a side may slide along the other. Arguments are
    ``(values, 2, places, m)``, each result is ``(2, m, m)``.
    """
    x, y = (
        np.concatenate([_shifted_parts(values, shifts), _shifted_parts(np.diff(values[:1], axis=2), shifts)], axis=1)
        for values, shifts in ((a, _SHIFTS), (b, _SHIFTS[::-1]))
    )
    norm = np.sqrt((x * x).sum(axis=-2)[..., None] * (y * y).sum(axis=-2)[..., None, :])
    correlations = (x.swapaxes(-1, -2) @ y) / np.maximum(norm, 1)
    return list(zip(correlations[len(_SHIFTS) // 2], correlations.max(axis=0), strict=True))


def _shifted_parts(values: Floats, shifts: Sequence[int]) -> Floats:
    """Return the part of each side that lies beside the other one at each shift, ``(shifts, values, 2, SIDE / 2, m)``.

    Values are relative to the part's mean and multiplied by its number of places, which keeps them whole; where nothing
    lies, they are 0.
    """
    slid = np.zeros((len(shifts), *values.shape[:2], SIDE // 2, values.shape[-1]))
    for out, shift in zip(slid, shifts, strict=True):
        part = values[:, :, max(0, shift) : values.shape[2] + min(0, shift)]
        n = part.shape[2]
        np.subtract(n * part, part.sum(axis=2, keepdims=True), out=out[:, :, :n])
    return slid


def _in_context(features: Floats, is_other_cell: NDArray[np.bool_]) -> Floats:
    """Return features as they are, relative to all joints of tile i, and to all of tile j: ``(3, 18, 2, m, m)``.

    Relative ones are in thousandths of a deviation; ``other`` says which joints are between different cells and count.
    """
    compared = features * is_other_cell
    squares = compared * features
    stacked = np.empty((3, *features.shape))
    stacked[0] = features
    for out, axis in zip(stacked[1:], (-1, -2), strict=True):
        n = is_other_cell.sum(axis=axis, keepdims=True)
        total, square = (x.sum(axis=axis, keepdims=True) for x in (compared, squares))
        spread = np.sqrt(np.maximum(n * square - total * total, 400 * n * n))
        np.floor(UNIT * (n * features - total) / spread, out=out)
    return np.clip(stacked, -_MAX_FEATURE, _MAX_FEATURE, out=stacked)
