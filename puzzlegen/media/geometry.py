"""Cuts and right-angle turns that move whole pixels, for pictures and for the frames of a clip alike."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.rng import Rng

#: Counter-clockwise turns, in degrees; the index is the number of quarter turns.
ANGLES: Final = (0, 90, 180, 270)
_TRANSPOSE: Final = (
    None,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
)
_LEAST_SPREAD: Final = 4.0
_LEAST_CHANGE: Final = 0.45


def square_box(size: tuple[int, int], rng: Rng) -> tuple[int, int, int, int]:
    """The largest square with even side inside ``(width, height)``, at a drawn place: left, top, right, bottom."""
    side = min(size) // 2 * 2
    left, top = rng.integer(0, size[0] - side), rng.integer(0, size[1] - side)
    return left, top, left + side, top + side


def turned(picture: Image.Image, quarters: int) -> Image.Image:
    """The picture turned counter-clockwise by ``quarters`` right angles; 0 gives a copy of the same pixels."""
    method = _TRANSPOSE[quarters]
    return picture.copy() if method is None else picture.transpose(method)


def turned_frames(frames: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """Frames ``(T, S, S, 3)`` turned counter-clockwise by ``quarters`` right angles."""
    return np.ascontiguousarray(np.rot90(frames, quarters, axes=(1, 2)))


def turn_margin(small: NDArray[np.floating[Any]]) -> float:
    """How clearly a square grey thumbnail differs from its own turns.

    The measure is the smallest mean absolute difference to a turn of itself, after both have mean 0 and deviation 1
    (1.13 for unrelated noise, 0 for a symmetric picture).

    Returns:
        The measure less the least that is accepted: 0 is just enough.

    Raises:
        Unusable: ``flat`` or ``symmetric``.
    """
    spread = float(small.std())
    if spread < _LEAST_SPREAD:
        raise Unusable("flat", f"deviation {spread:.1f} of 255, needs {_LEAST_SPREAD}")
    small = (small - small.mean()) / spread
    change = min(float(np.abs(small - np.rot90(small, k)).mean()) for k in (1, 2, 3))
    if change < _LEAST_CHANGE:
        raise Unusable("symmetric", f"a turn changes it by {change:.2f}, needs {_LEAST_CHANGE}")
    return change - _LEAST_CHANGE
