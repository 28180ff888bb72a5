"""Pictures cut into the tiles of a grid, laid out again, and told apart.

Tiles are smaller than their places and sit at a drawn offset inside them, so that edges do not meet: edges alone
solve 99 % of 3x3 jigsaws without a gap, 22 % with one of 15 % and fewer once tones change as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen.errors import Unusable
from puzzlegen.media.image import tone
from puzzlegen.rng import Rng

#: Parameters that every task about tiles has under the same names.
Rows = Annotated[int, Field(ge=2, le=6, description="rows of the grid")]
Cols = Annotated[int, Field(ge=2, le=6, description="columns of the grid")]
Gap = Annotated[float, Field(ge=0, le=0.4, description="part of a place's side that its tile leaves free")]
Jitter = Annotated[float, Field(ge=0, le=0.5, description="most that a tile's brightness and contrast change")]

_LEAST_SIDE_PX: Final = 28
_LEAST_SPREAD: Final = 4.0
# Set by eye on the 42 most alike pairs of 126 photos: below 11 nearly all could be exchanged, above 12 few.
_LEAST_DISTANCE: Final = 12.0


def cut(picture: Image.Image, rows: int, cols: int, gap: float, rng: Rng) -> list[Image.Image]:
    """The tiles in reading order, all of one size, each at a drawn offset inside its place.

    Raises:
        Unusable: ``too_small``.
    """
    place_w, place_h = picture.width // cols, picture.height // rows
    width, height = round(place_w * (1 - gap)), round(place_h * (1 - gap))
    if min(width, height) < _LEAST_SIDE_PX:
        raise Unusable("too_small", f"tiles of {width}x{height} px, need {_LEAST_SIDE_PX}")
    tiles = []
    for row in range(rows):
        for col in range(cols):
            x = col * place_w + rng.integer(0, place_w - width)
            y = row * place_h + rng.integer(0, place_h - height)
            tiles.append(picture.crop((x, y, x + width, y + height)))
    return tiles


def toned(tiles: Sequence[Image.Image], rng: Rng, jitter: float) -> list[Image.Image]:
    """Each tile lightened or darkened a little on its own."""
    return [tone(tile, rng, jitter) for tile in tiles]


def mosaic(tiles: Sequence[Image.Image], cols: int) -> Image.Image:
    """Tiles of one size side by side in reading order. As each is smaller than its place was, no seam is smooth."""
    width, height = tiles[0].size
    whole = Image.new("RGB", (cols * width, -(-len(tiles) // cols) * height))
    for k, tile in enumerate(tiles):
        whole.paste(tile, (k % cols * width, k // cols * height))
    return whole


def distinct(tiles: Sequence[Image.Image]) -> float:
    """How clearly the two most similar tiles differ, 0 (just enough) upwards, in grey levels.

    The measure is the mean absolute difference of 8x8 colour versions of mean 0: how light a tile is does not count,
    for puzzles change that.

    Raises:
        Unusable: ``flat`` if a tile shows nothing, ``interchangeable`` if two could be exchanged unnoticed.
    """
    spread = min(float(np.asarray(tile.convert("L").reduce(2), dtype=np.float32).std()) for tile in tiles)
    if spread < _LEAST_SPREAD:
        raise Unusable("flat", f"a tile's deviation is {spread:.1f} of 255, needs {_LEAST_SPREAD}")
    small = [np.asarray(tile.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) for tile in tiles]
    small = [tile - tile.mean() for tile in small]
    distance = min(float(np.abs(a - b).mean()) for i, a in enumerate(small) for b in small[:i])
    if distance < _LEAST_DISTANCE:
        raise Unusable("interchangeable", f"two tiles differ by {distance:.1f} of 255, need {_LEAST_DISTANCE}")
    return distance - _LEAST_DISTANCE
