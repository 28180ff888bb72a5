"""Cut a picture into a grid, show the tiles in another order, ask for the order that restores it.

One convention, stated in every prompt with an example of the puzzle's own size: the answer lists, for each place of
the original in reading order, the number of the tile that belongs there. Tiles are smaller than their places and
sit at a drawn offset inside them, so that edges do not meet; each is lightened or darkened a little on its own.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image, tone
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_SIDE_PX: Final = 28
_LEAST_SPREAD: Final = 4.0
# Set by eye on the 42 most alike pairs of 126 photos: below 11 nearly all could be exchanged, above 12 few.
_LEAST_DISTANCE: Final = 12.0


class Jigsaw(Task):
    """Put the tiles of a picture back in order."""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"

    rows: int = Field(3, ge=2, le=6, description="rows of the grid")
    cols: int = Field(3, ge=2, le=6, description="columns of the grid")
    gap: float = Field(0.15, ge=0, le=0.4, description="part of a place's side that its tile leaves free")
    jitter: float = Field(0.12, ge=0, le=0.5, description="most that a tile's brightness and contrast change")

    @property
    def media_count(self) -> int:
        """One picture per tile."""
        return self.rows * self.cols

    @property
    def difficulty(self) -> float:
        """Grows with the number of possible orders: 0.04 at 2x2, 0.13 at 3x3, 1 at 6x6."""
        return round(math.lgamma(self.media_count + 1) / math.lgamma(37), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, shuffle, ask."""
        tiles = self._tiles(item.image(), rng)
        margin = distinct(tiles)
        order = answers.draw_order(rng, len(tiles))
        shown = [tiles[order.index(k + 1)] for k in range(len(tiles))]
        media = tuple(encode_image(tone(tile, rng, self.jitter)) for tile in shown)
        return Puzzle(self._question(), media, answers.permutation(order), self.difficulty, margin)

    def _tiles(self, picture: Image.Image, rng: Rng) -> list[Image.Image]:
        place_w, place_h = picture.width // self.cols, picture.height // self.rows
        width, height = round(place_w * (1 - self.gap)), round(place_h * (1 - self.gap))
        if min(width, height) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"tiles of {width}x{height} px, need {_LEAST_SIDE_PX}")
        tiles = []
        for row in range(self.rows):
            for col in range(self.cols):
                x = col * place_w + rng.integer(0, place_w - width)
                y = row * place_h + rng.integer(0, place_h - height)
                tiles.append(picture.crop((x, y, x + width, y + height)))
        return tiles

    def _question(self) -> str:
        n = self.media_count
        example = answers.example_order(n)
        tiles = "\n".join(f"Tile {k + 1}: <image>" for k in range(n))
        return (
            f"{tiles}\nA picture was cut into {self.rows} rows and {self.cols} columns, and its {n} tiles are shown "
            "in another order. List, for each place of the original picture from left to right and top to bottom, "
            "the number of the tile that belongs there. For example, "
            f"{', '.join(map(str, example))} would mean that tile {example[0]} belongs in the top left corner, "
            f"tile {example[1]} to the right of it, and tile {example[-1]} in the bottom right corner."
        )


def distinct(tiles: list[Image.Image]) -> float:
    """How clearly the two most similar tiles differ, 0 (just enough) upwards, in grey levels.

    The measure is the mean absolute difference of 8x8 colour versions of mean 0: how light a tile is does not count,
    for the puzzle changes that.

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
