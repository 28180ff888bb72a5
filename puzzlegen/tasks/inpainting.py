"""Cover a square of a picture, ask which lettered piece shows what is under it (SSL-R1).

Pieces show the inner part of the square only, so that their edges do not meet the picture's. They come from the same
picture and differ in two respects (three with eight options) out of: turned, scaled, from another place; each
combination occurs once, so that nothing among the options points at the right one, and all are reduced to the same
number of pixels and enlarged again. Squares whose pieces look alike are drawn again, then the item is refused. The
paper does not say how its options are made; the kinds are those of Spatial-SSRL, the combination is our design.
"""

from __future__ import annotations

import math
from itertools import product
from string import ascii_uppercase
from typing import ClassVar, Final, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import turned
from puzzlegen.media.image import encode_image, tone
from puzzlegen.media.marks import hatch
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_RESPECTS: Final = ("turned", "scaled", "elsewhere")
# Rims of 0.1 to 0.15 let the piece that best continues the rim win 61 % of four, these 56 %, no rim 100 %.
_RIM_RANGE: Final = (0.15, 0.2)
_ZOOM: Final = 1.6
_SHOWN_RANGE: Final = (0.9, 1.1)
_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 32
_PLACES: Final = 4
# Set by eye on 121 photos: below 18 lie bricks, wallpaper and leaves, whose pieces fit in several ways.
_LEAST_DISTANCE: Final = 18.0

Box = tuple[int, int, int, int]


class Inpainting(Task):
    """Which piece fills the hole?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "completion"

    hole: float = Field(0.3, ge=0.2, le=0.5, description="side of the covered square as a part of the short side")
    options: Literal[4, 8] = Field(4, description="number of pieces; they differ in two or in three respects")
    jitter: float = Field(0.06, ge=0, le=0.3, description="most that a piece's brightness and contrast change")

    @property
    def media_count(self) -> int:
        """The picture and the pieces."""
        return self.options + 1

    @property
    def difficulty(self) -> float:
        """0.5 for four, 0.65 for eight pieces; a small hole adds up to 0.1."""
        return round((0.5 if self.options == 4 else 0.65) + 0.1 * (0.5 - self.hole) / 0.3, 4)  # noqa: PLR2004

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find a square whose pieces all differ, then draw the letter of the right one."""
        picture = item.image()
        for _ in range(_TRIES):
            square, pieces = self._draw(picture, rng)
            if (margin := distinct(pieces)) >= 0:
                break
        else:
            raise Unusable("interchangeable", f"{_TRIES} drawn squares have pieces that look alike")
        covered = picture.copy()
        hatch(covered, square)
        toned = [tone(piece, rng, self.jitter) for piece in pieces]
        others = rng.shuffled(toned[1:])
        slot, answer = answers.pick(rng, self.options)
        shown = (covered, *others[:slot], toned[0], *others[slot:])
        return Puzzle(self._question(), tuple(map(encode_image, shown)), answer, self.difficulty, margin)

    def _draw(self, picture: Image.Image, rng: Rng) -> tuple[Box, list[Image.Image]]:
        """A square and its pieces, the right one first."""
        side = round(self.hole * min(picture.size))
        window = side - 2 * round(side * rng.uniform(*_RIM_RANGE))
        if (pixels := round(window / _ZOOM)) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"a piece has {pixels} px, needs {_LEAST_SIDE_PX}")
        room = math.ceil(max(side, window * _ZOOM) / 2)
        here = _centre(picture.size, rng, room)
        there = max((_centre(picture.size, rng, room) for _ in range(_PLACES)), key=lambda c: _distance(here, c))
        shown = round(window * rng.uniform(*_SHOWN_RANGE))
        pieces = []
        for quarters, zoom, moved in self._changes(rng):
            x, y, half = *(there if moved else here), window * zoom / 2
            box = (x - half, y - half, x + half, y + half)
            piece = picture.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box)
            pieces.append(turned(piece.resize((shown, shown), Image.Resampling.BICUBIC), quarters))
        left, top = here[0] - side // 2, here[1] - side // 2
        return (left, top, left + side, top + side), pieces

    def _changes(self, rng: Rng) -> list[tuple[int, float, bool]]:
        """Quarter turns, scale and whether from another place: every combination of the drawn respects, none first."""
        respects = rng.sample(_RESPECTS, 2 if self.options == 4 else 3)  # noqa: PLR2004
        quarters = (0, rng.integer(1, 3)) if "turned" in respects else (0,)
        zooms = (1.0, rng.choice((1 / _ZOOM, _ZOOM))) if "scaled" in respects else (1.0,)
        places = (False, True) if "elsewhere" in respects else (False,)
        return list(product(quarters, zooms, places))

    def _question(self) -> str:
        options = "\n".join(f"{letter}: <image>" for letter in ascii_uppercase[: self.options])
        return (
            f"Picture: <image>\n{options}\nA square of the picture is covered by stripes. One of the lettered pieces "
            "shows what is under the stripes, upright and at the right scale, but without the outermost part of the "
            "square, so that its edges do not meet the picture's. The others are turned, show too much or too little, "
            "or come from another place of the picture. Which piece is it?"
        )


def distinct(pieces: list[Image.Image]) -> float:
    """How clearly the two most similar pieces differ, in grey levels; below 0 they could be taken for each other.

    The measure is the mean absolute difference of 8x8 colour versions of mean 0.
    """
    small = [np.asarray(piece.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) for piece in pieces]
    small = [piece - piece.mean() for piece in small]
    return min(float(np.abs(a - b).mean()) for i, a in enumerate(small) for b in small[:i]) - _LEAST_DISTANCE


def _centre(size: tuple[int, int], rng: Rng, room: int) -> tuple[int, int]:
    """A drawn place with ``room`` pixels to every side of the picture."""
    if min(size) < 2 * room:
        raise Unusable("too_small", f"no {2 * room} px for the widest piece in {size[0]}x{size[1]}")
    return rng.integer(room, size[0] - room), rng.integer(room, size[1] - room)


def _distance(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))
