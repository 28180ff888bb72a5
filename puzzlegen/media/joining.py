"""How alike the end of one piece of a shot is to the beginning of another, by measures that framing sways little."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Singles = NDArray[np.float32]

#: Of the square pictures that are compared.
SIDE: Final = 24
_SHIFT: Final = 6
_ZOOMS: Final = (24, 20, 17)
_CELLS: Final = 4
_TONES: Final = 8
_UNIT: Final = 8
_LEAST_SPREAD: Final = 4.0
#: Of the measures, in their order: those are heavier that framing sways least. The last is all together.
WEIGHTS: Final = (1, 2, 3, 2, 2, 1, 1, 3, 4, 3, 4)


def costs_of(firsts: Ints, seconds: Ints, befores: Ints, lasts: Ints) -> Ints:
    """Costs of piece j after piece i.

    Args:
        firsts: ``(n, 24, 24, 3)``, RGB: the first picture of each piece.
        seconds: the one after it.
        befores: the one before the last.
        lasts: the last one.

    Returns:
        ``(measures, n, n)``, whole numbers, which are the same on every machine: as they are, tones evened, which
        way, tones alone, which way, tints alone, edges, motion, and crops allowed for: last to first, which way.
    """
    first, last = evened(firsts), evened(lasts)
    even = _apart(last, first)
    tones = _apart(_tones(last), _tones(first))
    meeting = _registered(last, first)
    return np.stack(
        [
            _apart(lasts, firsts),
            even,
            even - even.T,
            tones,
            tones - tones.T,
            _apart(_tints(lasts), _tints(firsts)),
            _apart(_edges(last), _edges(first)),
            _apart(lasts - befores, seconds - firsts),
            meeting,
            meeting - meeting.T,
        ]
    )


def _apart(a: Ints, b: Ints) -> Ints:
    """Root of the summed squares, in sixteenths."""
    return _root(_squares(a, b))


def _root(squares: Floats) -> Ints:
    root: Ints = np.rint(np.sqrt(np.maximum(squares, 0)) * 16).astype(np.int64)
    return root


def _squares(a: Ints, b: Ints) -> Floats:
    # Whole numbers below 2**53: floating-point products of them are exact in any order of summing.
    x, y = a.reshape(len(a), -1).astype(np.float64), b.reshape(len(b), -1).astype(np.float64)
    found: Floats = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None] - 2 * (x @ y.T)
    return found


def evened(pictures: Ints, unit: int = _UNIT) -> Ints:
    """Square pictures, ``(n, side, side, 3)``, each channel of each with the same mean and spread.

    Args:
        pictures: levels 0..255.
        unit: what becomes of a standard deviation, all but 4 levels of it.
    """
    count = pictures.shape[1] * pictures.shape[2]
    sums, squares = pictures.sum(axis=(1, 2), keepdims=True), (pictures * pictures).sum(axis=(1, 2), keepdims=True)
    spread = np.sqrt(squares * count - sums * sums) / count
    found: Ints = np.rint((pictures - sums / count) * unit / (spread + _LEAST_SPREAD)).astype(np.int64)
    return found


def _tones(even: Ints) -> Ints:
    """``(n, 3, 8)``: how many pixels of each channel have each tone, in halves of a standard deviation."""
    tones = np.clip(even * 2 // _UNIT + _TONES // 2, 0, _TONES - 1)
    counts: Ints = np.stack([(tones == tone).sum(axis=(1, 2)) for tone in range(_TONES)], axis=-1)
    return counts


def _tints(pictures: Ints) -> Ints:
    """``(n, 2)`` sums and ``(n, 2)`` spreads of red and blue less green."""
    tints = pictures[..., ::2] - pictures[..., 1:2]
    sums = tints.sum(axis=(1, 2))
    spreads = np.abs(tints * SIDE * SIDE - sums[:, None, None]).sum(axis=(1, 2)) // (SIDE * SIDE)
    return np.concatenate([sums, spreads], axis=1)


def _edges(even: Ints) -> Ints:
    """``(n, 4, 4, 4)``: in each of 4x4 cells how much grey rises and falls, down and across."""
    grey = even.sum(axis=-1)
    down, across = np.diff(grey, axis=1)[:, :, 1:], np.diff(grey, axis=2)[:, 1:]
    slopes = np.stack([np.maximum(x, 0) for x in (down, -down, across, -across)], axis=-1)
    padded = np.pad(slopes, ((0, 0), (0, 1), (0, 1), (0, 0)))
    cells: Ints = padded.reshape(len(grey), _CELLS, SIDE // _CELLS, _CELLS, SIDE // _CELLS, 4).sum(axis=(2, 4))
    return cells


def _registered(lasts: Ints, firsts: Ints) -> Ints:
    """Distance of grey pictures where one may be zoomed and slid over the other as fits best."""
    # Whole numbers below 2**24, as tones are evened: single-precision products of them are exact.
    a, b = (np.stack([_zoomed(x.sum(axis=-1).astype(np.float32), side) for side in _ZOOMS]) for x in (lasts, firsts))
    best = np.full((a.shape[1], b.shape[1]), np.inf, np.float32)
    shifts = range(-_SHIFT, _SHIFT + 1, 2)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        x, y = _inner(a, dy, dx), _inner(b, -dy, -dx)
        for left, right in ((x, y[:1]), (x[:1], y)):
            best = np.minimum(best, _least_squares(left, right) / x.shape[-1])
    return _root(best)


def _inner(pictures: Singles, dy: int, dx: int) -> Singles:
    part = pictures[..., max(0, dy) : SIDE + min(0, dy), max(0, dx) : SIDE + min(0, dx)]
    return part.reshape(*part.shape[:2], -1)


def _least_squares(a: Singles, b: Singles) -> Singles:
    """Of pictures ``(zooms, n, pixels)``, the least over all zooms: ``(n, n)``."""
    a_squares, b_squares = ((x * x).sum(axis=-1) for x in (a, b))
    found: Singles = (a_squares[..., None] + b_squares[:, None] - 2 * (a @ b.transpose(0, 2, 1))).min(axis=0)
    return found


def _zoomed(pictures: Singles, side: int) -> Singles:
    """The middle ``side`` pixels of each picture, nearest neighbours, at full size."""
    index = (SIDE - side) // 2 + np.arange(SIDE) * side // SIDE
    return pictures[:, index][:, :, index]
