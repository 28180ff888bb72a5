"""How alike the end of one piece of a shot is to the beginning of another, measured with little regard to framing."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.floating]
Singles = NDArray[np.float32]

#: Side, in pixels, of the square pictures that are compared.
SIDE: Final = 24
_MAX_SHIFT: Final = 6
_ZOOMS: Final = (24, 20, 17)
_CELLS: Final = 4
_TONES: Final = 8
_UNIT: Final = 8
_LEAST_SPREAD: Final = 4.0
#: Weights of the measures of :func:`costs_of`, in their order, and of all measures together. Measures that depend least
#: on framing weigh most.
WEIGHTS: Final = (1, 2, 3, 2, 2, 1, 1, 3, 4, 3, 4)


def costs_of(firsts: Ints, seconds: Ints, befores: Ints, lasts: Ints) -> Ints:
    """Return what it costs, by each measure, to show piece j right after piece i.

    Args:
        firsts: first picture of each piece, ``(n, 24, 24, 3)`` RGB.
        seconds: second picture of each piece.
        befores: last picture but one of each piece.
        lasts: last picture of each piece.

    Returns:
        ``(measures, n, n)`` whole numbers, the same on every machine. The first seven measures compare the last picture
        of i with the first of j: as they are; with evened tones; the latter minus the cost of i after j; by histograms
        of tones; these again minus the cost of i after j; by tints; by edges. The others compare how the pictures
        change (motion), and evened pictures where they overlap best, the latter again also minus the cost of i after j.
    """
    first, last = evened(firsts), evened(lasts)
    evened_distances = _distances(last, first)
    tone_distances = _distances(_tone_histograms(last), _tone_histograms(first))
    registered = _registered_distances(last, first)
    return np.stack(
        [
            _distances(lasts, firsts),
            evened_distances,
            evened_distances - evened_distances.T,
            tone_distances,
            tone_distances - tone_distances.T,
            _distances(_tint_statistics(lasts), _tint_statistics(firsts)),
            _distances(_edge_histograms(last), _edge_histograms(first)),
            _distances(lasts - befores, seconds - firsts),
            registered,
            registered - registered.T,
        ]
    )


def _distances(a: Ints, b: Ints) -> Ints:
    """Return the Euclidean distances of each to each, in sixteenths."""
    return _root_in_sixteenths(_squared_distances(a, b))


def _root_in_sixteenths(squares: Floats) -> Ints:
    root: Ints = np.rint(np.sqrt(np.maximum(squares, 0)) * 16).astype(np.int64)
    return root


def _squared_distances(a: Ints, b: Ints) -> Floats:
    # Whole numbers below 2**53: floating-point products of them are exact in any order of summing.
    x, y = a.reshape(len(a), -1).astype(np.float64), b.reshape(len(b), -1).astype(np.float64)
    squared: Floats = (x * x).sum(axis=1)[:, None] + (y * y).sum(axis=1)[None] - 2 * (x @ y.T)
    return squared


def evened(pictures: Ints, unit: int = _UNIT) -> Ints:
    """Bring each channel of each square picture, ``(n, side, side, 3)``, to the same mean and spread.

    Args:
        pictures: levels 0..255.
        unit: the value to which the standard deviation plus 4 levels is scaled.
    """
    count = pictures.shape[1] * pictures.shape[2]
    sums, squares = pictures.sum(axis=(1, 2), keepdims=True), (pictures * pictures).sum(axis=(1, 2), keepdims=True)
    spread = np.sqrt(squares * count - sums * sums) / count
    normalised: Ints = np.rint((pictures - sums / count) * unit / (spread + _LEAST_SPREAD)).astype(np.int64)
    return normalised


def _tone_histograms(evened_pictures: Ints) -> Ints:
    """Return histograms, ``(n, 3, 8)``: pixels of each channel per tone, in steps of half a standard deviation."""
    tones = np.clip(evened_pictures * 2 // _UNIT + _TONES // 2, 0, _TONES - 1)
    counts: Ints = np.stack([(tones == tone).sum(axis=(1, 2)) for tone in range(_TONES)], axis=-1)
    return counts


def _tint_statistics(pictures: Ints) -> Ints:
    """Return ``(n, 4)``: the sums of red minus green and of blue minus green, then the spreads of both."""
    tints = pictures[..., ::2] - pictures[..., 1:2]
    sums = tints.sum(axis=(1, 2))
    spreads = np.abs(tints * SIDE * SIDE - sums[:, None, None]).sum(axis=(1, 2)) // (SIDE * SIDE)
    return np.concatenate([sums, spreads], axis=1)


def _edge_histograms(evened_pictures: Ints) -> Ints:
    """Return ``(n, 4, 4, 4)``: how much grey rises and falls, downwards and across, in each of 4x4 cells."""
    grey = evened_pictures.sum(axis=-1)
    down, across = np.diff(grey, axis=1)[:, :, 1:], np.diff(grey, axis=2)[:, 1:]
    slopes = np.stack([np.maximum(x, 0) for x in (down, -down, across, -across)], axis=-1)
    padded = np.pad(slopes, ((0, 0), (0, 1), (0, 1), (0, 0)))
    cells: Ints = padded.reshape(len(grey), _CELLS, SIDE // _CELLS, _CELLS, SIDE // _CELLS, 4).sum(axis=(2, 4))
    return cells


def _registered_distances(lasts: Ints, firsts: Ints) -> Ints:
    """Return the distances of grey pictures, where either may be zoomed and shifted to fit the other best."""
    # Whole numbers below 2**24, as tones are evened: single-precision products of them are exact.
    a, b = (np.stack([_zoomed(x.sum(axis=-1).astype(np.float32), side) for side in _ZOOMS]) for x in (lasts, firsts))
    best = np.full((a.shape[1], b.shape[1]), np.inf, np.float32)
    shifts = range(-_MAX_SHIFT, _MAX_SHIFT + 1, 2)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        x, y = _overlap(a, dy, dx), _overlap(b, -dy, -dx)
        for left, right in ((x, y[:1]), (x[:1], y)):
            best = np.minimum(best, _least_squared_distances(left, right) / x.shape[-1])
    return _root_in_sixteenths(best)


def _overlap(pictures: Singles, dy: int, dx: int) -> Singles:
    part = pictures[..., max(0, dy) : SIDE + min(0, dy), max(0, dx) : SIDE + min(0, dx)]
    return part.reshape(*part.shape[:2], -1)


def _least_squared_distances(a: Singles, b: Singles) -> Singles:
    """Return the least squared distances, over all zooms, of pictures ``(zooms, n, pixels)``: ``(n, n)``."""
    a_squares, b_squares = ((x * x).sum(axis=-1) for x in (a, b))
    smallest: Singles = (a_squares[..., None] + b_squares[:, None] - 2 * (a @ b.transpose(0, 2, 1))).min(axis=0)
    return smallest


def _zoomed(pictures: Singles, side: int) -> Singles:
    """Enlarge the middle ``side`` pixels of each picture to full size, by nearest neighbours."""
    index = (SIDE - side) // 2 + np.arange(SIDE) * side // SIDE
    return pictures[:, index][:, :, index]
