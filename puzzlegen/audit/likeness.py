"""How alike two frames are if differences in light, tint, crop and zoom are allowed for."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_BINS: Final = 8
_SHIFTS: Final = tuple(range(-6, 7, 2))
_ZOOMS: Final = (1.0, 0.92, 0.84, 0.77, 0.7)
_LEAST_SPREAD: Final = 4.0


def likenesses(lasts: Floats, firsts: Floats) -> list[Floats]:
    """Four ``(n, n)`` distances of each of ``lasts`` from each of ``firsts``, both ``(n, S, S, 3)`` RGB 0..255.

    They are: of pictures with tones evened out; of tones alone; of tints alone; of pictures with tones evened out, at
    the zoom and shift that fit best.
    """
    a, b = _normalised(lasts), _normalised(firsts)
    tints = [_tint_statistics(x) for x in (lasts, firsts)]
    tones = [_tone_histograms(x) for x in (a, b)]
    return [
        _distances(a, b),
        _distances(*tones),
        _distances(*tints),
        _registered_distances(a.mean(axis=-1), b.mean(axis=-1)),
    ]


def _distances(a: Floats, b: Floats) -> Floats:
    n = len(a)
    return np.asarray(np.abs(a.reshape(n, 1, -1) - b.reshape(1, n, -1)).mean(axis=2), dtype=np.float32)


def _normalised(pictures: Floats) -> Floats:
    mean, std = pictures.mean(axis=(1, 2), keepdims=True), pictures.std(axis=(1, 2), keepdims=True)
    return np.asarray((pictures - mean) / (std + _LEAST_SPREAD), dtype=np.float32)


def _tone_histograms(normalised: Floats) -> Floats:
    """The share of pixels in each of eight bins, half a standard deviation wide, per channel."""
    bins = np.clip(np.floor(normalised * 2) + _BINS / 2, 0, _BINS - 1)
    return np.stack([(bins == k).mean(axis=(1, 2)) for k in range(_BINS)], axis=-1).astype(np.float32)


def _tint_statistics(pictures: Floats) -> Floats:
    """Mean and spread of the colour differences, which a change of light alone leaves as they are."""
    chroma = np.stack([pictures[..., 0] - pictures[..., 1], pictures[..., 2] - pictures[..., 1]], axis=-1)
    return np.concatenate([chroma.mean(axis=(1, 2)), chroma.std(axis=(1, 2))], axis=-1).astype(np.float32)


def _registered_distances(a: Floats, b: Floats) -> Floats:
    side = a.shape[-1]
    best = np.full((len(a), len(b)), np.inf, dtype=np.float32)
    zoomed_a, zoomed_b = (np.stack([_zoomed(x, zoom) for zoom in _ZOOMS]) for x in (a, b))
    for dy, dx in ((dy, dx) for dy in _SHIFTS for dx in _SHIFTS):
        x = zoomed_a[..., max(0, dy) : side + min(0, dy), max(0, dx) : side + min(0, dx)]
        y = zoomed_b[..., max(0, -dy) : side + min(0, -dy), max(0, -dx) : side + min(0, -dx)]
        for left, right in ((x, y[:1]), (x[:1], y)):
            best = np.minimum(best, np.abs(left[:, :, None] - right[:, None]).mean(axis=(-1, -2)).min(axis=0))
    return best


def _zoomed(pictures: Floats, zoom: float) -> Floats:
    """The middle part of each picture, enlarged to full size by nearest neighbours."""
    side = pictures.shape[-1]
    index = (side * (1 - zoom) / 2 + (np.arange(side) + 0.5) * zoom).astype(np.int64)
    return pictures[:, index][:, :, index]
