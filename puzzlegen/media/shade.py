"""Light every tile differently: brighter towards one side than the other, and with another tint there.

What continues from one tile to the next across a gap is mostly light and colour that change slowly. A solver that
compares the sides of tiles is misled by a light of each tile's own; one that looks at the things shown is not.
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

#: Points per side at which a light is computed; it changes slowly enough to be interpolated between them.
_GRID_POINTS: Final = 16
#: How much tints vary, as a fraction of how much light does.
_TINT: Final = 0.6
#: The multiplier that changes nothing.
_UNIT_GAIN: Final = 128


def shaded(tiles: Sequence[Image.Image], rng: Rng, shade: float) -> list[Image.Image]:
    """Return each RGB tile in a light drawn for it; with a ``shade`` of 0, tiles are unchanged and nothing is drawn."""
    return [Image.fromarray(lit(np.asarray(tile), light(rng, shade))) for tile in tiles] if shade else list(tiles)


def lit(pixels: Pixels, light: Image.Image) -> Pixels:
    """Return RGB pixels ``(..., H, W, 3)`` in a light made by :func:`light`."""
    height, width = pixels.shape[-3:-1]
    gains = np.asarray(light.resize((width, height), Image.Resampling.BILINEAR), dtype=np.uint16)
    values: NDArray[np.uint16] = pixels * gains
    values += _UNIT_GAIN // 2
    values //= _UNIT_GAIN
    np.minimum(values, 255, out=values)
    return values.astype(np.uint8)


def light(rng: Rng, shade: float) -> Image.Image:
    """Draw a light: what each band is multiplied by, in 128ths.

    One surface is common to all bands; each band adds a weaker one of its own, its tint.
    """
    common = _draw_surface(rng)
    field = shade * np.stack([common + _TINT * _draw_surface(rng) for _ in range(3)], axis=-1)
    # Darkens by the same factors as it brightens. No exp(): its last bit differs between machines.
    gains = np.where(field < 0, _UNIT_GAIN / (1 + np.abs(field)), _UNIT_GAIN * (1 + np.abs(field)))
    return Image.fromarray(np.minimum(gains + 0.5, 255).astype(np.uint8))


def _draw_surface(rng: Rng) -> NDArray[np.float64]:
    """Draw a surface of the second degree, ``(_GRID_POINTS, _GRID_POINTS)``."""
    y, x = (np.mgrid[:_GRID_POINTS, :_GRID_POINTS] + 0.5) * 2 / _GRID_POINTS - 1
    terms = (x, y, x * y, x * x - 1 / 3, y * y - 1 / 3)
    return np.asarray(sum(rng.uniform(-1, 1) * term for term in terms))
