"""Move hues around the colour circle, with the same result on every processor.

The conversions to HSV and back in libraries multiply and add in one step where the processor can, which rounds once
less. Here every step is a ufunc of its own, for which IEEE 754 allows only one rounding.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]

#: Positions on the hue circle are counted in sixths.
_SIXTHS: Final = 6
#: Where on the circle red, green and blue are weakest; each is strongest three sixths further on.
_WEAKEST_AT: Final = (3, 5, 1)


def hue_turned(pixels: Pixels, turn: float) -> Pixels:
    """Move all hues along the circle of HSV; saturation and value stay the same.

    Args:
        pixels: ``(H, W, 3)`` uint8 RGB.
        turn: fraction of the circle to move by, from red towards green.

    Returns:
        ``(H, W, 3)`` uint8 RGB.
    """
    red, green, blue = (pixels[..., k].astype(np.float32) for k in range(3))
    high, low = np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)
    chroma = high - low
    # Positions are kept in sixths times chroma: so nothing is divided, and grey needs no case of its own.
    circle = _SIXTHS * chroma
    position = np.where(
        red == high, green - blue, np.where(green == high, blue - red + 2 * chroma, red - green + 4 * chroma)
    )
    position += np.float32(_SIXTHS * (turn % 1)) * chroma
    position -= circle * (position >= circle)
    turned = np.empty_like(pixels)
    for k, weakest_at in enumerate(_WEAKEST_AT):
        distance = np.abs(position - weakest_at * chroma)
        level = np.minimum(distance, circle - distance) + (low - chroma)
        turned[..., k] = np.clip(level, low, high) + np.float32(0.5)
    return turned
