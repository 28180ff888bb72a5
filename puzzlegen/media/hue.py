"""Hues turned around the colour circle, the same on every processor.

The libraries' own conversions to HSV and back multiply and add in one step where a processor can, and round once less.
Here every step is a ufunc of its own, which IEEE 754 rounds in one way only.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

#: The circle has six sixths; where in it red, green and blue are least, so that each is most three sixths further.
_SIXTHS: Final = 6
_LEAST: Final = (3, 5, 1)


def hue_turned(pixels: Pixels, turn: float) -> Pixels:
    """All hues moved along the circle of HSV, saturation and value kept.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        turn: by how much of the circle, from red towards green.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    red, green, blue = (pixels[..., k].astype(np.float32) for k in range(3))
    most, least = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = most - least
    # Places are in sixths times chroma: nothing is divided, and grey needs no case of its own.
    circle = _SIXTHS * chroma
    place = np.where(
        red == most, green - blue, np.where(green == most, blue - red + 2 * chroma, red - green + 4 * chroma)
    )
    place += np.float32(_SIXTHS * (turn % 1)) * chroma
    place -= circle * (place >= circle)
    turned = np.empty_like(pixels)
    for k, where in enumerate(_LEAST):
        away = np.abs(place - where * chroma)
        level = np.minimum(away, circle - away) + (least - chroma)
        turned[..., k] = np.clip(level, least, most) + np.float32(0.5)
    return turned
