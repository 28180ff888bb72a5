"""A light of its own for each tile: brighter to one side than to the other, and of another tint there.

What goes on across a gap is mostly light and colour that change slowly. Who looks at things is not misled by a light
that falls on a tile from somewhere; who compares sides is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Shade = Annotated[
    float,
    Field(ge=0, le=1, description="how strongly light and tint vary across a tile, piece or clip, each in its own way"),
]

#: Lights are drawn at this many points a side, and change slowly enough to be filled in between them.
_POINTS: Final = 16
#: How much tints change, as a part of how much light does.
_TINT: Final = 0.6
#: What multiplies values, for a light that changes nothing.
_ONE: Final = 128


def shaded(tiles: Sequence[Image.Image], rng: Rng, shade: float) -> list[Image.Image]:
    """Each RGB tile in a drawn light; with a ``shade`` of 0 as they are, and nothing is drawn."""
    return [Image.fromarray(lit(np.asarray(tile), light(rng, shade))) for tile in tiles] if shade else list(tiles)


def lit(pixels: Pixels, light: Image.Image) -> Pixels:
    """RGB ``(..., H, W, 3)`` in a light that :func:`light` has drawn."""
    height, width = pixels.shape[-3:-1]
    by = np.asarray(light.resize((width, height), Image.Resampling.BILINEAR), dtype=np.uint16)
    values: NDArray[np.uint16] = pixels * by
    values += _ONE // 2
    values //= _ONE
    np.minimum(values, 255, out=values)
    return values.astype(np.uint8)


def light(rng: Rng, shade: float) -> Image.Image:
    """What each band is multiplied by, in 128ths: one drawn light for all of them, and less of one for each."""
    common = _slope(rng)
    field = shade * np.stack([common + _TINT * _slope(rng) for _ in range(3)], axis=-1)
    # As much darker here as it is brighter there. No exp(): its last bit is not the same on all machines.
    by = np.where(field < 0, _ONE / (1 + np.abs(field)), _ONE * (1 + np.abs(field)))
    return Image.fromarray(np.minimum(by + 0.5, 255).astype(np.uint8))


def _slope(rng: Rng) -> NDArray[np.float64]:
    """A drawn surface of the second degree, ``(points, points)``."""
    y, x = (np.mgrid[:_POINTS, :_POINTS] + 0.5) * 2 / _POINTS - 1
    parts = (x, y, x * y, x * x - 1 / 3, y * y - 1 / 3)
    return np.asarray(sum(rng.uniform(-1, 1) * part for part in parts))
