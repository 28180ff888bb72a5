"""Value noise and a sine, built from operations that give the same bits on every machine."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from puzzlegen.rng import Rng

Colour = tuple[int, int, int]
_TAU = 6.283185307179586


def floats(rng: Rng, n: int) -> NDArray[np.float64]:
    """Return ``n`` random floats in ``[0, 1)``; for thousands of draws at once."""
    return np.frombuffer(rng.raw(4 * n), "<u4").astype(np.float64) / 4294967296.0


def sine(turns: float) -> float:
    """Sine of an angle in turns, within 4e-6, by basic arithmetic alone: libm's last bit differs between machines."""
    x = turns - math.floor(turns)
    x = x - 1.0 if x > 0.75 else 0.5 - x if x > 0.25 else x
    z = x * _TAU
    q = z * z
    return z * (1 - q / 6 * (1 - q / 20 * (1 - q / 42 * (1 - q / 72))))


def cosine(turns: float) -> float:
    """Cosine of an angle in turns."""
    return sine(turns + 0.25)


def noise(rng: Rng, size: tuple[int, int], cell: tuple[float, float], octaves: int = 4) -> Image.Image:
    """Return smooth grey noise around 128.

    Args:
        rng: random stream of the grid values.
        size: width and height in pixels.
        cell: width and height of the coarsest blobs in pixels.
        octaves: number of layers; each has blobs half as large as the layer before and is blended in at 32 %.
    """
    columns, rows = (max(2, round(s / c)) for s, c in zip(size, cell, strict=True))
    layer = _grid(rng, columns, rows)
    for _ in range(octaves - 1):
        columns, rows = min(size[0], columns * 2), min(size[1], rows * 2)
        layer = Image.blend(layer.resize((columns, rows), Image.Resampling.BICUBIC), _grid(rng, columns, rows), 0.32)
    return layer.resize(size, Image.Resampling.BICUBIC)


def _grid(rng: Rng, columns: int, rows: int) -> Image.Image:
    return Image.frombytes("L", (columns, rows), rng.raw(columns * rows))


def texture(
    rng: Rng, size: tuple[int, int], dark: Colour, light: Colour, cell: tuple[float, float], octaves: int = 4
) -> Image.Image:
    """Return noise coloured from ``dark`` to ``light``, as an RGB image."""
    grey = noise(rng, size, cell, octaves)
    return ImageOps.colorize(grey, dark, light, blackpoint=50, whitepoint=205)


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """Return the colour ``share`` (0..1) of the way from ``a`` to ``b``."""
    r, g, u = (min(255, max(0, int(p + (q - p) * share + 0.5))) for p, q in zip(a, b, strict=True))
    return r, g, u


def shade(colour: Colour, factor: float) -> Colour:
    """Return the colour made brighter (``factor`` above 1) or darker (below 1)."""
    r, g, b = (min(255, max(0, int(c * factor + 0.5))) for c in colour)
    return r, g, b


def jitter(rng: Rng, colour: Colour, amount: int) -> Colour:
    """Return the colour with each channel shifted at random by up to ``amount``."""
    r, g, b = (min(255, max(0, c + rng.integer(-amount, amount))) for c in colour)
    return r, g, b
