"""Places of a picture that a person can find again: corners and spots, not edges or plain areas."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

_STEP: Final = 2
_WINDOW: Final = 7
_MOST: Final = 120
_PATCH_SIDE: Final = 12
_GROWN_SIDE: Final = _PATCH_SIDE + 4  # room for two steps either way
# Set by eye on 126 photos: weaker places are smooth gradients and noise.
_LEAST_STRENGTH: Final = 40.0


def landmarks(picture: Image.Image, apart_px: int) -> list[tuple[int, int]]:
    """Places (x, y) with structure in two directions, the strongest first, at least ``apart_px`` from each other."""
    grey = np.asarray(picture.convert("L").reduce(_STEP), dtype=np.float32)
    strength = _strength(grey)
    gap = max(1, apart_px // _STEP)
    found: list[tuple[int, int]] = []
    free = np.ones(strength.shape, dtype=bool)
    # Reading single values through it is several times faster than from the array.
    is_free = free.reshape(-1).data
    enough = np.flatnonzero(strength >= _LEAST_STRENGTH)
    for index in enough[np.argsort(strength.ravel()[enough], kind="stable")[::-1]].tolist():
        if len(found) == _MOST:
            break
        if is_free[index]:
            y, x = divmod(index, strength.shape[1])
            found.append((x * _STEP + _STEP // 2, y * _STEP + _STEP // 2))
            free[max(0, y - gap) : y + gap + 1, max(0, x - gap) : x + gap + 1] = False
    return found


def patch_distance(picture: Image.Image, a: tuple[int, int], b: tuple[int, int], side_px: int) -> float:
    """How much the surroundings of two places differ, in grey levels, at the best small shift.

    The mean absolute difference of 12x12 colour versions of mean 0; ``side_px`` is the side of what is compared.
    """
    reach, grown = side_px // 2, side_px // 2 * _GROWN_SIDE // _PATCH_SIDE
    small = _surroundings(picture, a, reach, _PATCH_SIDE)
    large = _surroundings(picture, b, grown, _GROWN_SIDE)
    shifted = sliding_window_view(large, small.shape).reshape(-1, *small.shape)
    levels = shifted.mean(axis=(1, 2, 3), keepdims=True)
    return float(np.abs(shifted - levels - (small - small.mean())).mean(axis=(1, 2, 3)).min())


def _strength(grey: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """The smaller eigenvalue of the structure tensor (Shi and Tomasi), 0 along the border."""
    gy, gx = np.gradient(grey)
    xx, yy, xy = _summed(gx * gx), _summed(gy * gy), _summed(gx * gy)
    least = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    strength = np.zeros_like(grey)
    half = _WINDOW // 2
    strength[half : half + least.shape[0], half : half + least.shape[1]] = least
    return strength


def _summed(values: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Means over all windows that fit."""
    total = np.pad(values.astype(np.float64).cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    n = _WINDOW
    means: NDArray[np.floating[Any]] = (total[n:, n:] - total[:-n, n:] - total[n:, :-n] + total[:-n, :-n]) / (n * n)
    return means


def _surroundings(picture: Image.Image, at: tuple[int, int], reach: int, side: int) -> NDArray[np.floating[Any]]:
    cut = picture.crop((at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach))
    return np.asarray(cut.resize((side, side), Image.Resampling.BOX), dtype=np.float32)
