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
from typing import ClassVar, Final, Literal, NamedTuple

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
from puzzlegen.media.palette import one_palette, one_palette_in
from puzzlegen.media.sums import Sums
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_FEW: Final = 4
_PART_RANGE: Final = (0.5, 0.6)
_ZOOM: Final = 1.6
_SHOWN_RANGE: Final = (0.9, 1.1)
_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 32
_SKETCH_PX: Final = 16
_PLACES: Final = 48
#: Rims are compared in strips of this depth, at this many places along each side.
_STRIP_PX: Final = 4
_SAMPLES: Final = 8
# Set by eye on 121 photos: below 18 lie bricks, wallpaper and leaves, whose pieces fit in several ways.
_LEAST_DISTANCE: Final = 18.0

Box = tuple[int, int, int, int]
Place = tuple[int, int]


class _Draw(NamedTuple):
    """A square to cover and what its pieces show.

    Attributes:
        square: what is covered.
        places: centres of what is shown: of the square, and of another place.
        window: side of what is shown unscaled, in pixels.
        pixels: to which pieces are reduced.
        shown: side at which they are shown.
        changes: per piece its quarter turns, its scale and whether it is of the other place; none first.
    """

    square: Box
    places: tuple[Place, Place]
    window: int
    pixels: int
    shown: int
    changes: tuple[tuple[int, float, bool], ...]

    def pieces(self, picture: Image.Image) -> list[Image.Image]:
        """The pieces, the right one first: reduced, enlarged, turned, in one palette."""
        size = self.shown, self.shown
        reduced = self._reduced(picture, self.pixels)
        enlarged = [each if each.size == size else each.resize(size, Image.Resampling.BICUBIC) for each in reduced]
        return one_palette([turned(each, change[0]) for each, change in zip(enlarged, self.changes, strict=True)])

    def sketch(self, picture: Image.Image) -> float:
        """How clearly small versions of the pieces differ: nearly as the pieces do, at a fraction of the price."""
        strip = Image.new("RGB", (_SKETCH_PX, _SKETCH_PX * len(self.changes)))
        for k, (each, change) in enumerate(zip(self._reduced(picture, _SKETCH_PX), self.changes, strict=True)):
            strip.paste(turned(each, change[0]), (0, _SKETCH_PX * k))
        small = one_palette_in(strip, len(self.changes)).resize((8, 8 * len(self.changes)), Image.Resampling.BOX)
        return _least_distance(np.asarray(small).reshape(len(self.changes), -1))

    def _reduced(self, picture: Image.Image, pixels: int) -> list[Image.Image]:
        pieces = []
        for _, zoom, moved in self.changes:
            x, y, half = *self.places[moved], self.window * zoom / 2
            box = (x - half, y - half, x + half, y + half)
            pieces.append(picture.resize((pixels, pixels), Image.Resampling.BICUBIC, box=box))
        return pieces


class Inpainting(Task):
    """Which piece fills the hole?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "completion"
    version: ClassVar = 3

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
        draw, pieces, margin = self._found(picture, rng)
        covered = picture.copy()
        hatch(covered, draw.square)
        toned = [tone(piece, rng, self.jitter) for piece in pieces]
        others = rng.shuffled(toned[1:])
        slot, answer = answers.pick(rng, self.options)
        shown = (covered, *others[:slot], toned[0], *others[slot:])
        return Puzzle(self._question(), tuple(map(encode_image, shown)), answer, self.difficulty, margin)

    def _found(self, picture: Image.Image, rng: Rng) -> tuple[_Draw, list[Image.Image], float]:
        """The first draw whose pieces all differ, these, the right one first, and how clearly they do."""
        sums = Sums(picture)
        for _ in range(_TRIES):
            draw = self._draw(sums, picture.size, rng)
            if draw is None or draw.sketch(picture) < 0:
                continue
            pieces = draw.pieces(picture)
            if (margin := distinct(pieces)) >= 0:
                return draw, pieces, margin
        raise Unusable("interchangeable", f"{_TRIES} drawn squares have pieces that look alike")

    def _draw(self, sums: Sums, size: tuple[int, int], rng: Rng) -> _Draw | None:
        """A square and what its pieces show; None if no other place has a rim like its own."""
        side = round(self.hole * min(size))
        window = round(side * rng.uniform(*_PART_RANGE))
        if (pixels := round(window / _ZOOM)) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"a piece has {pixels} px, needs {_LEAST_SIDE_PX}")
        spare = (side - window) // 2
        room = math.ceil(max(side / 2, spare + window * _ZOOM / 2)) + _STRIP_PX
        middle = _centre(size, rng, room)
        here = middle[0] + rng.integer(-spare, spare), middle[1] + rng.integer(-spare, spare)
        square = _square(middle, side)
        others = [_centre(size, rng, room) for _ in range(_PLACES)]
        there = _rival(sums, square, _square(here, window), others, closer=bool(rng.below(2)))
        if there is None:
            return None
        shown = round(window * rng.uniform(*_SHOWN_RANGE))
        return _Draw(square, (here, there), window, pixels, shown, tuple(self._changes(rng)))

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
    small = [np.asarray(piece.resize((8, 8), Image.Resampling.BOX)) for piece in pieces]
    return _least_distance(np.stack(small).reshape(len(small), -1))


def _least_distance(small: NDArray[np.uint8]) -> float:
    levels = small.astype(np.float32)
    levels -= levels.mean(axis=1, keepdims=True)
    apart = np.abs(levels[:, None] - levels[None]).mean(axis=2)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min()) - _LEAST_DISTANCE


def _centre(size: tuple[int, int], rng: Rng, room: int) -> tuple[int, int]:
    """A drawn place with ``room`` pixels to every side of the picture."""
    if min(size) < 2 * room:
        raise Unusable("too_small", f"no {2 * room} px for the widest piece in {size[0]}x{size[1]}")
    return rng.integer(room, size[0] - room), rng.integer(room, size[1] - room)


def _rival(sums: Sums, square: Box, own: Box, others: Sequence[Place], *, closer: bool) -> Place | None:
    """Of other places the one whose rim goes with the square's surroundings most nearly as well as its own does.

    Args:
        sums: of the picture.
        square: what is covered.
        own: what the right piece shows of it.
        others: centres to choose from; those that share much with the square do not count.
        closer: choose among those that go better with it than its own, or among those that do not.
    """
    window = own[2] - own[0]
    corners = np.array(others) - window // 2
    far = np.flatnonzero(np.abs(corners - own[:2]).max(axis=1) >= window)
    corners = np.vstack([own[:2], corners[far]])
    places = np.hstack([corners, corners + window])
    inner = places + np.array([_STRIP_PX, _STRIP_PX, -_STRIP_PX, -_STRIP_PX])
    rims = sums.rims(np.vstack([square, inner]), np.vstack([own, places]), _STRIP_PX, _SAMPLES)
    right, *fits = _likeness(rims[:1], rims[1:]).tolist()
    found = [(abs(fit - right), k) for fit, k in zip(fits, far.tolist(), strict=True) if (fit > right) == closer]
    return others[min(found)[1]] if found else None


def _likeness(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
    """Correlations of colours about their means, ``(1, S, 3)`` with ``(N, S, 3)``.

    Sums of whole numbers, and roots and quotients of those, are the same on every machine.
    """
    a, b = (x - x.mean(axis=1, keepdims=True).astype(np.int64) for x in (a, b))
    both, own, other = ((x * y).sum(axis=(1, 2)).astype(np.float64) for x, y in ((a, b), (a, a), (b, b)))
    return np.asarray(both / (np.sqrt(own.clip(1)) * np.sqrt(other.clip(1))))


def _square(centre: Place, side: int) -> Box:
    left, top = centre[0] - side // 2, centre[1] - side // 2
    return left, top, left + side, top + side
