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
_OWN: Final = 64
_LUMA: Final = np.array([77.0, 150.0, 29.0])
#: Values are kept in quarters of a grey level, features in thousandths.
_STEPS: Final = 4
_UNIT: Final = 1000
_MOST: Final = 4 * _UNIT
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


def joints(small: NDArray[np.uint8], owner: Whole, level: float = 0) -> Joints:
    """Scores of all joints between tiles.

    Args:
        small: ``(m, SIDE, SIDE, 3)`` RGB.
        owner: ``(m,)``: those with the same number are cuts of one place, and are not compared.
        level: how far their tones are brought together first, as ``tiles.toned`` will do.
    """
    right, left, bottom, top = _sides(small, level)
    return Joints(_scores(_features(right, left), owner), _scores(_features(bottom, top), owner))


def _sides(small: NDArray[np.uint8], level: float) -> Floats:
    """Right, left, bottom and top, ``(4, m, 3, SIDE / 2, 4)``: levelled: luma, chroma, luma about the tile's."""
    turned = small.swapaxes(1, 2)
    deep = _DEPTHS[-1][1]
    rim = np.stack([part[:, :, :deep] for part in (small[:, :, ::-1], small, turned[:, :, ::-1], turned)])
    along = rim[:, :, ::2].astype(np.float64) + rim[:, :, 1::2]
    strips = np.stack([_STEPS * along[:, :, :, a:b].sum(axis=3) / (2 * (b - a)) for a, b in _DEPTHS], axis=2)
    own, grey, spread = _tones(small)
    gain = 1 + level * (np.minimum(MOST_GAIN, LEVEL_SPREAD / spread) - 1)
    scale, mean = gain[:, None, None, None], own[:, None, None]
    strips = np.floor((strips - _STEPS * mean) * scale + _STEPS * (mean + level * (LEVEL_MEAN - mean)))
    luma = np.floor(strips @ _LUMA / 256)
    middle, wide = (_STEPS * x[:, None, None] for x in (grey + level * (LEVEL_MEAN - grey), spread * gain + 2))
    about = np.floor(_OWN * (luma - middle) / wide)
    return np.stack([luma, strips[..., 2] - luma, strips[..., 0] - luma, about], axis=-1)


def _tones(small: NDArray[np.uint8]) -> tuple[Floats, Floats, Floats]:
    """Mean of each band, ``(m, 3)``, mean grey and its deviation, of every fourth pixel each way."""
    some = small[:, ::4, ::4].reshape(len(small), -1, 3).astype(np.float64)
    n = some.shape[1]
    grey = np.floor(some @ _LUMA / 256)
    first, second = grey.sum(axis=1), (grey * grey).sum(axis=1)
    return some.sum(axis=1) / n, first / n, np.sqrt(np.maximum(n * n, n * second - first * first)) / n


def _features(a: Floats, b: Floats) -> Floats:
    """``(m, m, 18)``: side ``a`` of part i against side ``b`` of part j, in thousandths; some grow with likeness."""
    an, bn = a[..., 3], b[..., 3]
    spreads = [np.floor(np.sqrt((x * x).sum(axis=1) / x.shape[1])) for x in (_centred(an[:, 0]), _centred(bn[:, 0]))]
    levels = [np.floor(x.sum(axis=(1, 2)) / (x.shape[1] * x.shape[2])) for x in (an, bn)]
    found = [
        _apart(a[:, 0, :, 0], b[:, 0, :, 0]) / (100 * _STEPS),
        _apart(an[:, 0], bn[:, 0]) / _OWN,
        (_apart(a[:, 0, :, 1], b[:, 0, :, 1]) + _apart(a[:, 0, :, 2], b[:, 0, :, 2])) / (50 * _STEPS),
        _apart(_centred(an[:, 0]), _centred(bn[:, 0])) / _OWN,
        _apart(2 * an[:, 0] - an[:, 1], 2 * bn[:, 0] - bn[:, 1]) / _OWN,
        *_alike(an[:, 0], bn[:, 0]),
        *_alike(np.diff(an[:, 0], axis=1), np.diff(bn[:, 0], axis=1)),
        *_alike(an[:, 2], bn[:, 2]),
        *_alike(a[:, 0, :, 1], b[:, 0, :, 1]),
        *_alike(a[:, 0, :, 2], b[:, 0, :, 2]),
        _apart(an[:, 0] - an[:, 1], bn[:, 1] - bn[:, 0]) / _OWN,
        np.abs(levels[0][:, None] - levels[1][None]) / _OWN,
        np.abs(spreads[0][:, None] - spreads[1][None]) / _OWN,
    ]
    return np.floor(np.stack(found, axis=-1) * _UNIT + 0.5)


def _alike(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Correlation as they lie, and the best one if one side may slide along the other."""
    found = [_correlation(a, b, shift) for shift in _SHIFTS]
    return found[len(found) // 2], np.asarray(np.max(found, axis=0))


def _apart(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.abs(a[:, None] - b[None]).sum(axis=2) / a.shape[1])


def _centred(a: Floats) -> Floats:
    return np.asarray(a - np.floor(a.sum(axis=1, keepdims=True) / a.shape[1]))


def _correlation(a: Floats, b: Floats, shift: int = 0) -> Floats:
    """Of each row of ``a`` with each of ``b``, slid along it by ``shift``."""
    n = a.shape[1]
    x, y = a[:, max(0, shift) : n + min(0, shift)], b[:, max(0, -shift) : n + min(0, -shift)]
    x, y = (x.shape[1] * z - z.sum(axis=1, keepdims=True) for z in (x, y))
    norm = np.sqrt((x * x).sum(axis=1)[:, None] * (y * y).sum(axis=1)[None])
    return np.asarray((x @ y.T) / np.maximum(norm, 1))


def _context(features: Floats, owner: Whole) -> Floats:
    """Features, and where each stands among all of part i and all of part j: ``(m, m, 3, 9)``, in thousandths."""
    other = (owner[:, None] != owner[None])[..., None]
    found = [features]
    for axis in (1, 0):
        n, total = other.sum(axis=axis, keepdims=True), (features * other).sum(axis=axis, keepdims=True)
        spread = n * (features * features * other).sum(axis=axis, keepdims=True) - total * total
        found.append(np.floor(_UNIT * (n * features - total) / np.sqrt(np.maximum(spread, 400 * n * n))))
    return np.clip(np.stack(found, axis=2), -_MOST, _MOST)


def _scores(features: Floats, owner: Whole) -> Whole:
    return np.asarray(np.tensordot(_context(features, owner), _WEIGHTS, 2), dtype=np.int64)
