"""Find places in a picture that a person can find again: corners and spots, not edges or plain areas."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image

from puzzlegen.media.sums import WINDOW, Singles, window_sums

Place = tuple[int, int]

_STEP: Final = 2
_MAX_LANDMARKS: Final = 120
_PATCH_SIDE: Final = 12
_GROWN_SIDE: Final = _PATCH_SIDE + 4  # room for two steps either way
# Set by eye on 126 photos: places weaker than this are smooth gradients and noise.
_LEAST_STRENGTH: Final = 40.0


def landmarks(picture: Image.Image, apart_px: int) -> list[Place]:
    """Return places (x, y) with structure in two directions, strongest first, at least ``apart_px`` from each other."""
    grey = np.asarray(picture.convert("L").reduce(_STEP), dtype=np.float32)
    # Reversed, so that the last of equally strong places is taken.
    strength = _strength(grey)[::-1, ::-1].copy()
    flat, (height, width) = strength.ravel(), strength.shape
    gap = max(1, apart_px // _STEP)
    places: list[Place] = []
    while len(places) < _MAX_LANDMARKS and flat[index := int(flat.argmax())] >= _LEAST_STRENGTH:
        y, x = divmod(index, width)
        places.append(((width - 1 - x) * _STEP + _STEP // 2, (height - 1 - y) * _STEP + _STEP // 2))
        strength[max(0, y - gap) : y + gap + 1, max(0, x - gap) : x + gap + 1] = 0
    return places


class Surroundings:
    """The surroundings of places in a picture, each cut out only once.

    Args:
        picture: RGB.
        side_px: side of the patches that are compared, in pixels of the picture.
    """

    def __init__(self, picture: Image.Image, side_px: int) -> None:
        self._picture = picture
        self._reach = side_px // 2
        self._small: dict[Place, Singles] = {}
        self._shifted: dict[Place, Singles] = {}

    def apart(self, a: Place, b: Place) -> float:
        """Return how much the surroundings of two places differ at the best small shift, in grey levels.

        The measure is the mean absolute difference of 12x12 colour versions, each brought to mean 0.
        """
        if a not in self._small:
            self._small[a] = _levelled(self._patch_at(a, self._reach, _PATCH_SIDE)[None])
        if b not in self._shifted:
            large = self._patch_at(b, self._reach * _GROWN_SIDE // _PATCH_SIDE, _GROWN_SIDE)
            shifted = sliding_window_view(large, (_PATCH_SIDE, _PATCH_SIDE), axis=(0, 1)).transpose(0, 1, 3, 4, 2)
            self._shifted[b] = _levelled(shifted.reshape(-1, *shifted.shape[2:]))
        return float(np.abs(self._shifted[b] - self._small[a]).mean(axis=1).min())

    def _patch_at(self, centre: Place, reach: int, side: int) -> Singles:
        surrounding = self._picture.crop((centre[0] - reach, centre[1] - reach, centre[0] + reach, centre[1] + reach))
        return np.asarray(surrounding.resize((side, side), Image.Resampling.BOX), dtype=np.float32)


def _levelled(patches: Singles) -> Singles:
    """Flatten patches ``(n, height, width, 3)`` to ``(n, values)`` and bring each to mean 0."""
    flat = patches.reshape(len(patches), -1)
    return np.asarray(flat - flat.mean(axis=1, keepdims=True), dtype=np.float32)


def _strength(grey: Singles) -> Singles:
    """Return the smaller eigenvalue of the structure tensor (Shi and Tomasi), 0 along the border."""
    gy, gx = np.gradient(grey)
    products = np.stack([gx * gx, gy * gy, gx * gy]).astype(np.float32, copy=False)
    xx, yy, xy = window_sums(products).astype(np.float64) / (WINDOW * WINDOW)
    smaller_eigenvalue = (xx + yy) / 2 - np.sqrt(((xx - yy) / 2) ** 2 + xy * xy)
    strength = np.zeros_like(grey)
    half = WINDOW // 2
    strength[half : half + smaller_eigenvalue.shape[0], half : half + smaller_eigenvalue.shape[1]] = smaller_eigenvalue
    return strength
