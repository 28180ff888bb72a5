"""Cover a square of a picture, ask which lettered piece shows what is under it (SSL-R1).

Pieces show a part of the square only, at a drawn place inside it, so that their edges neither meet nor face the
picture's. They come from the same picture and differ in two respects: scaled, from another place (with eight options
turned as well); each combination occurs once, so that nothing among the options points at the right one. The other
place is one whose rim goes with what surrounds the square about as well as the right one's, all pieces share one
palette, and all are reduced to the same number of pixels and enlarged again. Squares whose pieces look alike are drawn
again, then the item is refused. The paper does not say how its options are made: our design, same task family.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from string import ascii_uppercase
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import turned
from puzzlegen.media.image import encode_image, tone
from puzzlegen.media.marks import hatch
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import one_palette
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_FEW: Final = 4
_PART_RANGE: Final = (0.5, 0.6)
_ZOOM: Final = 1.6
_SHOWN_RANGE: Final = (0.9, 1.1)
_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 32
_PLACES: Final = 48
#: Rims are compared in strips of this depth, at this many places along each side.
_STRIP_PX: Final = 4
_SAMPLES: Final = 8
# Set by eye on 121 photos: below 18 lie bricks, wallpaper and leaves, whose pieces fit in several ways.
_LEAST_DISTANCE: Final = 18.0

Box = tuple[int, int, int, int]
Place = tuple[int, int]


class Inpainting(Task):
    """Which piece fills the hole?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "completion"
    version: ClassVar = 2

    hole: float = Field(0.45, ge=0.2, le=0.6, description="side of the covered square as a part of the short side")
    options: Literal[4, 8] = Field(4, description="number of pieces; they differ in two or in three respects")
    jitter: float = Field(0.06, ge=0, le=0.3, description="most that a piece's brightness and contrast change")

    @property
    def media_count(self) -> int:
        """The picture and the pieces."""
        return self.options + 1

    @property
    def difficulty(self) -> float:
        """0.5 for four, 0.65 for eight pieces; a small hole adds up to 0.1."""
        return round((0.5 if self.options == _FEW else 0.65) + 0.1 * (0.6 - self.hole) / 0.4, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find a square whose pieces all differ, then draw the letter of the right one."""
        picture = item.image()
        for _ in range(_TRIES):
            square, pieces = self._draw(picture, rng)
            if pieces and (margin := distinct(pieces)) >= 0:
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
        """A square and its pieces, the right one first; none if no other place has a rim like its own."""
        side = round(self.hole * min(picture.size))
        window = round(side * rng.uniform(*_PART_RANGE))
        if (pixels := round(window / _ZOOM)) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"a piece has {pixels} px, needs {_LEAST_SIDE_PX}")
        spare = (side - window) // 2
        room = math.ceil(max(side / 2, spare + window * _ZOOM / 2)) + _STRIP_PX
        middle = _centre(picture.size, rng, room)
        here = middle[0] + rng.integer(-spare, spare), middle[1] + rng.integer(-spare, spare)
        square = _square(middle, side)
        others = [_centre(picture.size, rng, room) for _ in range(_PLACES)]
        there = _rival(picture, square, _square(here, window), others, closer=bool(rng.below(2)))
        if there is None:
            return square, []
        shown = round(window * rng.uniform(*_SHOWN_RANGE))
        pieces = []
        for quarters, zoom, moved in self._changes(rng):
            x, y, half = *(there if moved else here), window * zoom / 2
            box = (x - half, y - half, x + half, y + half)
            piece = picture.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box)
            pieces.append(turned(piece.resize((shown, shown), Image.Resampling.BICUBIC), quarters))
        return square, one_palette(pieces)

    def _changes(self, rng: Rng) -> list[tuple[int, float, bool]]:
        """Quarter turns, scale and whether from another place: every combination, none first."""
        quarters = (0,) if self.options == _FEW else (0, rng.integer(1, 3))
        return list(product(quarters, (1.0, rng.choice((1 / _ZOOM, _ZOOM))), (False, True)))

    def _question(self) -> str:
        options = "\n".join(f"{letter}: <image>" for letter in ascii_uppercase[: self.options])
        turned = "" if self.options == _FEW else "are turned, "
        return (
            f"Picture: <image>\n{options}\nA square of the picture is covered by stripes. One of the lettered pieces "
            "shows a part of what is under the stripes, upright and about as large as it is in the picture; colours of "
            f"all pieces may be a little off. The others {turned}are enlarged or reduced, or come from another place. "
            "Which piece is it?"
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


def _rival(picture: Image.Image, square: Box, own: Box, others: Sequence[Place], *, closer: bool) -> Place | None:
    """Of other places the one whose rim goes with the square's surroundings most nearly as well as its own does.

    Args:
        picture: RGB.
        square: what is covered.
        own: what the right piece shows of it.
        others: centres to choose from; those that share much with the square do not count.
        closer: choose among those that go better with it than its own, or among those that do not.
    """
    around, window = _strips(picture, square, own), own[2] - own[0]

    def fit(place: Box) -> float:
        left, top, right, bottom = place
        inside = (left + _STRIP_PX, top + _STRIP_PX, right - _STRIP_PX, bottom - _STRIP_PX)
        return _likeness(around, _strips(picture, inside, place))

    right = fit(own)
    far = [place for place in others if _distance(own, _square(place, window)) >= window]
    fits = [(found, place) for place in far if ((found := fit(_square(place, window))) > right) == closer]
    return min(fits, key=lambda one: abs(one[0] - right))[1] if fits else None


def _strips(picture: Image.Image, inside: Box, span: Box) -> NDArray[np.int64]:
    """Colours just outside the four sides of ``inside``, along ``span``: ``(4 sides * 8 samples, 3)``."""
    left, top, right, bottom = inside
    x0, y0, x1, y1 = span
    upright = [(left - _STRIP_PX, y0, left, y1), (right, y0, right + _STRIP_PX, y1)]
    level = [(x0, top - _STRIP_PX, x1, top), (x0, bottom, x1, bottom + _STRIP_PX)]
    found = [picture.resize((1, _SAMPLES), Image.Resampling.BOX, box=box) for box in upright]
    found += [picture.resize((_SAMPLES, 1), Image.Resampling.BOX, box=box) for box in level]
    return np.concatenate([np.asarray(strip, dtype=np.int64).reshape(_SAMPLES, 3) for strip in found])


def _likeness(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
    """Correlation of colours about their means; sums of whole numbers are the same on every machine."""
    a, b = (len(x) * x - x.sum(axis=0) for x in (a, b))
    return int((a * b).sum()) / math.sqrt(max(1, int((a * a).sum()) * int((b * b).sum())))


def _square(centre: Place, side: int) -> Box:
    left, top = centre[0] - side // 2, centre[1] - side // 2
    return left, top, left + side, top + side


def _distance(a: Box, b: Box) -> int:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1]))
