"""How well sides of tiles go together, by a fixed measure: what a linear learner makes of joints of photos.

Puzzles choose cuts by it, so that who lays together what goes together finds the right answer as often as any other.
All numbers are whole (as floats where products are wanted: exact below 2**53), so that they are the same on every
machine.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.media.tiles import LEVEL_MEAN, LEVEL_SPREAD, MOST_GAIN

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

#: Tiles are judged at this many pixels to a side.
SIDE: Final = 48
_DEPTHS: Final = ((0, 1), (1, 2), (2, 5))
_SHIFTS: Final = range(-4, 5, 2)
#: Luma about a tile's own: so many steps to its deviation.
OWN: Final = 64
_LUMA: Final = np.array([77.0, 150.0, 29.0])
#: Values are kept in quarters of a grey level, features in thousandths.
_STEPS: Final = 4
UNIT: Final = 1000
_MOST: Final = 4 * UNIT
# Logistic regression on 133,000 pairs of tiles of 231 pictures, cut 3x3 at gaps of 0.25 to 0.4: neighbours or not.
# Learned on half of the photos, weights told neighbours on the other half nearly as well (area under the curve 0.70 and
# 0.69, on their own half 0.70 and 0.71). Rows: by value, among all of the first part, among all of the second.
_WEIGHTS: Final = np.array(
    [
        [22.0, 17.0, 6.0, 41.0, 11.0, 20.0, 29.0, -1.0, 0.0, 7.0, 14.0, 6.0, 19.0, 25.0, 28.0, 13.0, -4.0, -28.0],
        [-37.0, 35.0, -16.0, -6.0, -16.0, -5.0, 4.0, 7.0, 7.0, -3.0, 7.0, -4.0, 13.0, -3.0, 11.0, 6.0, -3.0, -4.0],
        [-29.0, 15.0, -15.0, -5.0, -4.0, -2.0, 5.0, -7.0, 1.0, -1.0, 2.0, 1.0, 5.0, 0.0, 4.0, -2.0, 1.0, -4.0],
    ]
)


class Joints(NamedTuple):
    """Scores of ordered pairs, ``(m, m)``, more is better: of part j to the right of part i, and of j below i."""

    beside: Whole
    below: Whole


class Sides(NamedTuple):
    """One side of each tile, the tiles along the last axis, for sums along an earlier one are the faster.

    Attributes:
        shown: luma and two chromas of the outermost strip, levelled, ``(3, SIDE / 2, m)``.
        own: luma about the tile's, in parts of its deviation, of all three strips, ``(3, SIDE / 2, m)``.
    """

    shown: Floats
    own: Floats


def joints(small: NDArray[np.uint8], owner: Whole, level: float = 0) -> Joints:
    """Scores of all joints between tiles.

    Args:
        small: ``(m, SIDE, SIDE, 3)`` RGB.
        owner: ``(m,)``: those with the same number are cuts of one place, and are not compared.
        level: how far their tones are brought together first, as ``tiles.toned`` will do.
    """
    right, left, bottom, top = sides_of(small, level)
    other = owner[:, None] != owner[None]
    return Joints(_scores(features_of(right, left), other), _scores(features_of(bottom, top), other))


def sides_of(small: NDArray[np.uint8], level: float = 0) -> list[Sides]:
    """Right, left, bottom and top of each tile; arguments are those of :func:`joints`."""
    turned = small.swapaxes(1, 2)
    deep = _DEPTHS[-1][1]
    rim = np.stack([part[:, :, :deep] for part in (small[:, :, ::-1], small, turned[:, :, ::-1], turned)])
    pairs = rim[:, :, ::2].astype(np.int16) + rim[:, :, 1::2]
    # By depth, side, colour, place along the side and tile.
    along = np.ascontiguousarray(pairs.transpose(3, 0, 4, 2, 1))
    strips = np.stack([_STEPS * along[a:b].sum(axis=0).astype(np.float64) / (2 * (b - a)) for a, b in _DEPTHS])
    tones, grey, spread = _tones(small)
    gain = 1 + level * (np.minimum(MOST_GAIN, LEVEL_SPREAD / spread) - 1)
    mean = tones.T[:, None]
    strips = np.floor((strips - _STEPS * mean) * gain + _STEPS * (mean + level * (LEVEL_MEAN - mean)))
    red, green, blue = (strips[:, :, k] for k in range(3))
    luma = np.floor((_LUMA[0] * red + _LUMA[1] * green + _LUMA[2] * blue) / 256)
    middle, wide = _STEPS * (grey + level * (LEVEL_MEAN - grey)), _STEPS * (spread * gain + 2)
    own = np.floor(OWN * (luma - middle) / wide)
    shown = np.stack([luma[0], blue[0] - luma[0], red[0] - luma[0]])
    return [Sides(shown[:, k], own[:, k]) for k in range(4)]


def _tones(small: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Mean of each band, ``(m, 3)``, mean grey and its deviation, of every fourth pixel each way."""
    some = small[:, ::4, ::4].reshape(len(small), -1, 3).astype(np.float64)
    n = some.shape[1]
    grey = np.floor(some @ _LUMA / 256)
    first, second = grey.sum(axis=1), (grey * grey).sum(axis=1)
    return some.sum(axis=1) / n, first / n, np.sqrt(np.maximum(n * n, n * second - first * first)) / n


def features_of(a: Sides, b: Sides) -> Floats:
    """``(18, m, m)``: side ``a`` of part i against side ``b`` of part j, in thousandths; some grow with likeness."""
    an, bn = a.own, b.own
    inner = [_centred(x[0]) for x in (an, bn)]
    spreads = [np.floor(np.sqrt((x * x).sum(axis=0) / len(x))) for x in inner]
    levels = [np.floor(x.sum(axis=(0, 1)) / (x.shape[0] * x.shape[1])) for x in (an, bn)]
    own, last, one, other = _alike(np.stack([an[0], an[2], *a.shown[1:]]), np.stack([bn[0], bn[2], *b.shown[1:]]))
    (changes,) = _alike(np.diff(an[:1], axis=1), np.diff(bn[:1], axis=1))
    found = [
        _apart(a.shown[0], b.shown[0]) / (100 * _STEPS),
        _apart(an[0], bn[0]) / OWN,
        (_apart(a.shown[1], b.shown[1]) + _apart(a.shown[2], b.shown[2])) / (50 * _STEPS),
        _apart(*inner) / OWN,
        _apart(2 * an[0] - an[1], 2 * bn[0] - bn[1]) / OWN,
        *own,
        *changes,
        *last,
        *one,
        *other,
        _apart(an[0] - an[1], bn[1] - bn[0]) / OWN,
        np.abs(levels[0][:, None] - levels[1]) / OWN,
        np.abs(spreads[0][:, None] - spreads[1]) / OWN,
    ]
    return np.floor(np.stack(found) * UNIT + 0.5)


def _alike(a: Floats, b: Floats) -> list[tuple[Floats, Floats]]:
    """Of each of several values: correlation as they lie, and the best one if one side may slide along the other."""
    found = [_correlation(a, b, shift) for shift in _SHIFTS]
    return list(zip(found[len(found) // 2], np.max(found, axis=0), strict=True))


def _apart(a: Floats, b: Floats) -> Floats:
    # Whole numbers, and sums below 2**24: single precision keeps them.
    first, second = a.astype(np.float32), b.astype(np.float32)
    return np.asarray(np.abs(first[:, :, None] - second[:, None]).sum(axis=0).astype(np.float64) / len(a))


def _centred(a: Floats) -> Floats:
    return np.asarray(a - np.floor(a.sum(axis=0) / len(a)))


def _correlation(a: Floats, b: Floats, shift: int) -> Floats:
    """``(values, m, m)``: of each side in ``a`` with each in ``b``, slid along it by ``shift``."""
    n = a.shape[1]
    x, y = a[:, max(0, shift) : n + min(0, shift)], b[:, max(0, -shift) : n + min(0, -shift)]
    x, y = (x.shape[1] * z - z.sum(axis=1, keepdims=True) for z in (x, y))
    norm = np.sqrt((x * x).sum(axis=1)[:, :, None] * (y * y).sum(axis=1)[:, None])
    return np.asarray((x.swapaxes(1, 2) @ y) / np.maximum(norm, 1))


def _context(features: Floats, other: NDArray[np.bool_]) -> Floats:
    """Features, and where each stands among all of part i and all of part j: ``(3, 18, m, m)``, in thousandths."""
    compared = features * other
    squares = compared * features
    found = [features]
    for axis in (1, 0):
        n = other.sum(axis=axis, keepdims=True)
        total, square = (x.sum(axis=axis + 1, keepdims=True) for x in (compared, squares))
        spread = n * square - total * total
        found.append(np.floor(UNIT * (n * features - total) / np.sqrt(np.maximum(spread, 400 * n * n))))
    return np.clip(np.stack(found), -_MOST, _MOST)


def _scores(features: Floats, other: NDArray[np.bool_]) -> Whole:
    return np.asarray(np.tensordot(_WEIGHTS, _context(features, other), 2), dtype=np.int64)
