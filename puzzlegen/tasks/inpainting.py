"""Cover a square of a picture and ask which lettered piece shows what is under it (SSL-R1).

The right piece shows only a part of the square, at a random place inside it, so that its edges neither meet nor face
those of the picture. The wrong pieces come from places of the same picture that are in full view. A solver who cannot
tell what is hidden can find where the others come from, so one answer is right even where a texture could continue in
several ways.

The rims of the wrong pieces match the square's surroundings about as well as the right one's: a random number of them
match better by colour, and a random number by roughness. All pieces share one palette, each in a tone and light of its
own. Squares whose pieces look alike, show little or are changed too much by the common palette are drawn again; after
48 draws the item is rejected. Pictures without an "up" are rejected too. The paper does not say how its options are
made: our design, same task family.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import combinations
from string import ascii_uppercase
from typing import ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import Box
from puzzlegen.media.image import encode_image, tone
from puzzlegen.media.marks import hatch
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import one_palette, one_palette_of
from puzzlegen.media.places import clarity_of
from puzzlegen.media.rims import SAMPLES, STRIP_PX, Rims, evenness, likeness, rims_around, rims_inside
from puzzlegen.media.shade import Shade, shaded
from puzzlegen.media.sums import Sums, block_means
from puzzlegen.media.upright import SIDE, upright_margin
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_PART_RANGE: Final = (0.34, 0.44)
_SHOWN_RANGE: Final = (0.9, 1.1)
_LEAST_SIDE_PX: Final = 36
_TRIES: Final = 48
_SKETCH_PX: Final = 16
_PLACES: Final = 80
#: Scales the whole grey levels of a sketch to a finer unit, so that means can be rounded down.
_SKETCH_SCALE: Final = 64
#: Layouts are compared at this side; ``_SKETCH_PX`` is a multiple of it.
_LAYOUT_SIDE: Final = 8
# Set by eye on 168 puzzles, in grey levels. Pieces that differ less show moss, leaves, roofs from above; plainer pieces
# show sky and blur; pieces that the common palette changes more are hard to find in the picture.
_LEAST_DISTANCE: Final = 24.0
_LEAST_SPREAD: Final = 12.0
_MOST_CHANGE: Final = 16.0
_UPRIGHT_ALLOWANCE: Final = 2.5

Place = tuple[int, int]
Sketches = NDArray[np.uint8]
Layouts = NDArray[np.float32]


class _Sizes(NamedTuple):
    """Sides in pixels: of the square to cover, and of the window, the part of a square that a piece shows."""

    square: int
    window: int

    def drawn(self, size: Place, rng: Rng) -> tuple[Place, Place]:
        """Draw the centre of a square inside the picture, and that of the window inside the square."""
        middle = _draw_centre(size, rng, self.square // 2 + 1 + STRIP_PX)
        spare = (self.square - self.window) // 2
        return middle, (middle[0] + rng.integer(-spare, spare), middle[1] + rng.integer(-spare, spare))

    def cut(self, picture: Image.Image, centres: Sequence[Place], side: int) -> list[Image.Image]:
        """Return the pieces with windows at ``centres``, each scaled to ``side`` pixels."""
        boxes = [_square_box(centre, self.window) for centre in centres]
        return [picture.resize((side, side), Image.Resampling.BICUBIC, box=box) for box in boxes]


class _Fits(NamedTuple):
    """How well places fit the surroundings of one square.

    Attributes:
        around: colours along the outside of the square.
        nearest: indices of places; first the one that fits most nearly as well as the square's own piece.
        kinds: the kind of each place, see :func:`_encode_kind`.
    """

    around: NDArray[np.int64]
    nearest: list[int]
    kinds: list[int]


class _CandidatePlaces(NamedTuple):
    """Places that wrong pieces may come from.

    Attributes:
        sizes: sides of the square and of the window.
        centres: centre of each place's window.
        rims: what lies along the inside of each window.
        sketches: small versions of what each window shows.
    """

    sizes: _Sizes
    centres: list[Place]
    rims: Rims
    sketches: Sketches

    def fits(self, sums: Sums, drawn: Sequence[tuple[Place, Place]]) -> list[_Fits]:
        """Return how well the places fit each of some squares, drawn by :meth:`_Sizes.drawn`.

        All squares are compared at once, because one by one costs more.
        """
        around = rims_around(sums, [_square_box(middle, self.sizes.square) for middle, _ in drawn])
        own_rims = rims_inside(sums, [_square_box(window_centre, self.sizes.window) for _, window_centre in drawn])
        colour_fits = likeness(around.colours, np.concatenate([own_rims.colours, self.rims.colours]))
        roughness_fits = evenness(around.rough, np.concatenate([own_rims.rough, self.rims.rough]))
        n = len(drawn)
        colour, roughness = (fit[:, n:] - fit.diagonal()[:, None] for fit in (colour_fits, roughness_fits))
        nearest = np.argsort(np.abs(colour) + np.abs(roughness), axis=1, kind="stable").tolist()
        kinds = _encode_kind(colour > 0, roughness > 0).tolist()
        return [
            _Fits(around.colours[k : k + 1], *indices_and_kinds)
            for k, indices_and_kinds in enumerate(zip(nearest, kinds, strict=True))
        ]

    def rivals(self, middle: Place, fits: _Fits, wanted: Sequence[int]) -> list[int]:
        """Choose places in full view that fit a square's surroundings most nearly as well as the square's own piece.

        Args:
            middle: centre of the square.
            fits: how well the places fit the square's surroundings.
            wanted: the kind of each place to choose.

        Returns:
            Indices of places that do not overlap; fewer than wanted if there are not enough.
        """
        remaining, chosen = Counter(wanted), list[int]()
        for k in fits.nearest:
            kind, place = fits.kinds[k], self.centres[k]
            if not remaining[kind] or not _is_far(place, middle, (sum(self.sizes) + 1) // 2):
                continue
            if all(_is_far(place, self.centres[other], self.sizes.window) for other in chosen):
                chosen.append(k)
                remaining[kind] -= 1
                if len(chosen) == len(wanted):
                    break
        return chosen


class Inpainting(Task):
    """Which piece fills the hole?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "completion"
    version: ClassVar = 9

    hole: float = Field(0.45, ge=0.2, le=0.6, description="side of the covered square as a fraction of the short side")
    options: int = Field(4, ge=2, le=6, description="number of pieces; few images have room for many")
    jitter: float = Field(0.3, ge=0, le=0.5, description="maximum change of a piece's brightness and contrast")
    shade: Shade = 0.5

    @property
    def media_count(self) -> int:
        """The picture and the pieces."""
        return self.options + 1

    @property
    def difficulty(self) -> float:
        """0.5 for four pieces, 0.05 more or less for each further or missing one; a small hole adds up to 0.1."""
        return round(0.3 + 0.05 * self.options + 0.1 * (0.6 - self.hole) / 0.4, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find a square whose pieces all differ, then draw the right piece's letter."""
        # Pictures without an "up" show leaves, blur, tissue or coins, in which pieces are hard to find.
        upright_margin(item.picture().miniature(SIDE), lambda: clarity_of(item), _UPRIGHT_ALLOWANCE)
        picture = item.image()
        pieces, square, margin = self._find_pieces(picture, rng)
        covered = picture.copy()
        hatch(covered, square)
        toned = shaded([tone(piece, rng, self.jitter) for piece in pieces], rng, self.shade)
        others = rng.shuffled(toned[1:])
        slot, answer = answers.pick(rng, self.options)
        pictures = (covered, *others[:slot], toned[0], *others[slot:])
        return Puzzle(self._question(), tuple(map(encode_image, pictures)), answer, self.difficulty, margin)

    def _find_pieces(self, picture: Image.Image, rng: Rng) -> tuple[list[Image.Image], Box, float]:
        """Return the pieces of the first square that qualifies, the square, and how clearly its pieces differ.

        The right piece comes first.

        Raises:
            Unusable: ``interchangeable`` or ``too_small``.
        """
        sums, sizes = Sums(picture), self._draw_sizes(picture, rng)
        better, wanted = self._draw_wanted_kinds(rng)
        candidates = _draw_candidates(picture.size, sums, sizes, rng)
        piece_side = round(sizes.window * rng.uniform(*_SHOWN_RANGE))
        drawn_squares = [sizes.drawn(picture.size, rng) for _ in range(_TRIES)]
        sketches, is_plain = _sketch_places(sums, sizes, [window_centre for _, window_centre in drawn_squares])
        for k, fits in enumerate(candidates.fits(sums, drawn_squares)):
            middle, window_centre = drawn_squares[k]
            if is_plain[k] or len(rivals := candidates.rivals(middle, fits, wanted)) < len(wanted):
                continue
            # Comparing sketches first is nearly as reliable as comparing the pieces, at a fraction of the cost.
            sketch = alike(np.concatenate([sketches[k : k + 1], candidates.sketches[rivals]]))
            if sketch is None or _count_better(fits.around, sketch) != better:
                continue
            places = [window_centre, *(candidates.centres[rival] for rival in rivals)]
            pieces = one_palette(sizes.cut(picture, places, piece_side))
            if (margin := distinct(pieces)) >= 0:
                return pieces, _square_box(middle, sizes.square), margin
        raise Unusable("interchangeable", f"{_TRIES} drawn squares have pieces that look alike or show little")

    def _draw_sizes(self, picture: Image.Image, rng: Rng) -> _Sizes:
        side = round(self.hole * min(picture.size))
        window = round(side * rng.uniform(*_PART_RANGE))
        if window < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"a piece has {window} px, needs {_LEAST_SIDE_PX}")
        return _Sizes(side, window)

    def _draw_wanted_kinds(self, rng: Rng) -> tuple[int, list[int]]:
        """Draw how many wrong pieces are to match better by colour than the right one, and the kind of each."""
        ranks = np.arange(self.options - 1)
        better, smoother = rng.below(self.options), rng.below(self.options)
        return better, _encode_kind(ranks < better, np.array(rng.shuffled(ranks < smoother))).tolist()

    def _question(self) -> str:
        options = "\n".join(f"{letter}: <image>" for letter in ascii_uppercase[: self.options])
        return (
            f"Picture: <image>\n{options}\nA square of the picture is covered by stripes. One of the lettered pieces "
            "shows part of what is under the stripes; the others come from elsewhere in the picture. Each piece has "
            "about its size in the picture, but altered brightness, contrast and colours. Which piece belongs under "
            "the stripes?"
        )


def _draw_candidates(size: tuple[int, int], sums: Sums, sizes: _Sizes, rng: Rng) -> _CandidatePlaces:
    """Draw places that wrong pieces may come from, and keep those that are not plain."""
    centres = [sizes.drawn(size, rng)[1] for _ in range(_PLACES)]
    sketches, is_plain = _sketch_places(sums, sizes, centres)
    centres = [centre for centre, shows_nothing in zip(centres, is_plain, strict=True) if not shows_nothing]
    rims = rims_inside(sums, [_square_box(centre, sizes.window) for centre in centres])
    return _CandidatePlaces(sizes, centres, rims, sketches[~is_plain])


def _encode_kind(colour: NDArray[np.bool_], roughness: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Return one number per place for whether it beats a square's own piece by colour, and whether by roughness."""
    return np.asarray(2 * colour + roughness, dtype=np.int64)


def _sketch_places(sums: Sums, sizes: _Sizes, centres: Sequence[Place]) -> tuple[Sketches, NDArray[np.bool_]]:
    """Return sketches of what places show, and which of them are too plain."""
    boxes = np.array([_square_box(centre, sizes.window) for centre in centres], dtype=np.int64)
    sketches = sums.sketches(boxes, _SKETCH_PX)
    return sketches, np.asarray(_to_layouts(sketches).mean(axis=3).std(axis=(1, 2)) < _LEAST_SPREAD)


def distinct(pieces: list[Image.Image]) -> float:
    """Return how clearly the two most similar pieces differ, in grey levels; below 0 they could be confused.

    The measure is the mean absolute difference of 8x8 colour versions of mean 0, less the minimum.
    """
    size = _LAYOUT_SIDE, _LAYOUT_SIDE
    small = np.stack([np.asarray(piece.resize(size, Image.Resampling.BOX)) for piece in pieces])
    return _least_distance(_to_layouts(small)) - _LEAST_DISTANCE


def _least_distance(layouts: Layouts) -> float:
    a, b = zip(*combinations(range(len(layouts)), 2), strict=True)
    return float(_layout_distances(layouts[list(a)], layouts[list(b)]).min())


def _layout_distances(some: Layouts, others: Layouts) -> NDArray[np.float32]:
    return np.asarray(np.abs(some - others).mean(axis=(1, 2, 3)), dtype=np.float32)


def alike(sketches: Sketches) -> Sketches | None:
    """Return pieces in one palette, or None if two of them then look alike or one of them changes too much."""
    toned = one_palette_of(sketches)
    layouts = _to_layouts(toned)
    if (
        _least_distance(layouts) < _LEAST_DISTANCE
        or float(_layout_distances(_to_layouts(sketches), layouts).max()) > _MOST_CHANGE
    ):
        return None
    return toned


def _to_layouts(sketches: Sketches) -> Layouts:
    """Return 8x8 colour versions, each with the mean of all its values subtracted, ``(n, 8, 8, 3)``."""
    coarse = block_means(sketches, _LAYOUT_SIDE)
    return np.asarray(coarse - coarse.mean(axis=(1, 2, 3), keepdims=True), dtype=np.float32)


def _draw_centre(size: tuple[int, int], rng: Rng, room: int) -> tuple[int, int]:
    """Draw a place at least ``room`` pixels from every side of the picture."""
    if min(size) < 2 * room:
        raise Unusable("too_small", f"no {2 * room} px for the widest piece in {size[0]}x{size[1]}")
    return rng.integer(room, size[0] - room), rng.integer(room, size[1] - room)


def _is_far(a: Place, b: Place, least: float) -> bool:
    return max(abs(a[0] - b[0]), abs(a[1] - b[1])) >= least


def _count_better(around: NDArray[np.int64], sketches: Sketches) -> int:
    """Count the pieces that, in the common palette, fit the square's surroundings better than the first one."""
    small = sketches.astype(np.int64)
    sides = np.concatenate([small[:, :, 0], small[:, :, -1], small[:, 0], small[:, -1]], axis=1)
    fits = likeness(around, sides.reshape(len(small), 4 * SAMPLES, -1, 3).sum(axis=2) * _SKETCH_SCALE)[0]
    return int((fits > fits[0]).sum())


def _square_box(centre: Place, side: int) -> Box:
    left, top = centre[0] - side // 2, centre[1] - side // 2
    return left, top, left + side, top + side
