"""SimCLR views of a picture: a random crop, mirrored half of the time, with changed colours.

Crops are made here, so that the overlap of two views is known.
"""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Annotated, Final, NamedTuple

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen.errors import Unusable
from puzzlegen.media.augment import LEAST_DETAIL, Strength, recoloured, recoloured_alike
from puzzlegen.media.geometry import Box, shared_area
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import hues_apart, one_palette, one_palette_of
from puzzlegen.media.scaled import ScaledImage
from puzzlegen.media.similarity import detail, grey, hard_negatives
from puzzlegen.ranges import RISING
from puzzlegen.rng import Rng

Part = Annotated[float, Field(gt=0, le=1)]

#: Parameters that all tasks about views share, under the same names.
ScaleRange = Annotated[
    tuple[Part, Part] | None,
    RISING,
    Field(description="area of a crop as a fraction of the image; default (0.08, 1), with strong (0.08, 0.3)"),
]
MinOverlap = Annotated[
    float, Field(ge=0.05, le=0.8, description="minimum intersection over union of two crops of one image")
]
ViewPx = Annotated[int, Field(ge=96, le=448, description="side of the crops as shown, in pixels")]

_SCALE_RANGES: Final[dict[Strength, tuple[float, float]]] = {"plain": (0.08, 1.0), "strong": (0.08, 0.3)}
_ASPECT: Final = 4 / 3
_TRIES: Final = 8
_PAIR_TRIES: Final = 40
#: Views are compared as sketches with this many pixels to a side, picked and not averaged, so that lines stay lines.
_SKETCH_SIDE: Final = 48


class Views(NamedTuple):
    """How views are taken.

    Attributes:
        side_px: side of the square view.
        strength: of the change of colours.
        scale_range: area of a view as a fraction of the picture's area; None for SSL4RL's range for that strength.
        min_overlap: minimum :func:`overlap` of two views of one picture.
    """

    side_px: int
    strength: Strength
    scale_range: tuple[float, float] | None
    min_overlap: float


class _Place(NamedTuple):
    """A box in an item's picture."""

    item: OpenItem
    box: Box


def overlap(a: Box, b: Box) -> float:
    """Return the intersection over union of two boxes."""
    shared = shared_area(a, b)
    return shared / (_area(a) + _area(b) - shared)


def _grey_version(picture: ScaledImage) -> Image.Image:
    return grey(picture.pixels())


def draw_boxes(item: OpenItem, rng: Rng, views: Views) -> tuple[Box, Box, float]:
    """Draw two boxes in an item's picture that overlap enough and have content, also in the part that they share.

    Returns:
        The boxes, in pixels of the picture, and by how much their overlap exceeds ``min_overlap``.

    Raises:
        Unusable: ``no_overlap`` if no drawn pair overlaps enough, ``flat`` if those that do have too little content.
    """
    saw_flat, levels = False, item.known(_grey_version)
    for _ in range(_PAIR_TRIES):
        a, b = (_draw_box(levels.size, rng, views.scale_range or _SCALE_RANGES[views.strength]) for _ in range(2))
        if (shared_fraction := overlap(a, b)) < views.min_overlap:
            continue
        shared_box = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
        if all(detail(levels, part) >= LEAST_DETAIL for part in (shared_box, a, b)):
            return a, b, shared_fraction - views.min_overlap
        saw_flat = True
    raise Unusable("flat" if saw_flat else "no_overlap", f"{_PAIR_TRIES} drawn pairs of views share too little")


def view(picture: Image.Image, box: Box, rng: Rng, views: Views) -> Image.Image:
    """Return the view at ``box``: cut out, with its colours changed.

    Raises:
        Unusable: ``flat`` if no drawn change of colours leaves enough to see.
        RecipeError: albumentations is not installed.
    """
    return recoloured(cut_out(picture, box, rng, views), rng, views.strength)


def cut_out(picture: Image.Image, box: Box, rng: Rng, views: Views) -> Image.Image:
    """Cut out what is at ``box``, resampled once (bicubic) and mirrored half of the time."""
    cut = picture.resize((views.side_px, views.side_px), Image.Resampling.BICUBIC, box=box)
    return cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.below(2) else cut


def candidates(item: OpenItem, box: Box, rng: Rng, views: Views, count: int) -> tuple[Image.Image, list[Image.Image]]:
    """Return the item's own view at ``box``, and views of ``count`` other pictures with similar colours.

    Each of the other views is one of two that overlap, as the views of the item's own picture are, so size and content
    reveal nothing. All views undergo the same change of colours and get one palette, so colours reveal nothing either.

    Raises:
        Unusable: ``no_partner`` if too few other pictures fit, ``flat`` if no change of colours leaves enough to see.
        RecipeError: albumentations is not installed.
    """
    own = cut_out(item.image(), box, rng, views)
    places = _nearest_places(item, box, _draw_other_places(item, rng, views, count))[:count]
    others = [cut_out(other.image(), place, rng, views) for other, place in places]
    own, *others = one_palette(recoloured_alike([own, *others], rng, views.strength))
    return own, others


def _draw_other_places(item: OpenItem, rng: Rng, views: Views, count: int) -> list[_Place]:
    """Return two boxes of each picture that may stand beside the item's own."""
    other_places: list[_Place] = []
    peers = item.peers()
    for other in hard_negatives(item, peers):
        with suppress(Unusable):
            other_places += [_Place(other, box) for box in draw_boxes(other, rng, views)[:2]]
    if len(other_places) >= 2 * count:
        return other_places
    hint = "; a larger output.shard_size gives more" if len(peers) < count else ""
    raise Unusable(
        "no_partner", f"{len(other_places) // 2} of {len(peers)} other items of its shard fit, needs {count}{hint}"
    )


def _nearest_places(item: OpenItem, box: Box, places: list[_Place]) -> list[_Place]:
    """Return, of each other picture, the place nearest in colour to the item's own (in one palette); nearest first."""
    size = (_SKETCH_SIDE, _SKETCH_SIDE)
    small = [
        np.asarray(candidate.item.image().resize(size, Image.Resampling.NEAREST, box=candidate.box))
        for candidate in (_Place(item, box), *places)
    ]
    distances = hues_apart(one_palette_of(np.stack(small)))[1:]
    nearest_by_item: dict[str, _Place] = {}
    for k in sorted(range(len(places)), key=lambda k: (distances[k], k)):
        nearest_by_item.setdefault(places[k].item.item.id, places[k])
    return list(nearest_by_item.values())


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _draw_box(size: tuple[int, int], rng: Rng, scale_range: tuple[float, float]) -> Box:
    """Draw a box of random area, shape and place; shapes that do not fit are drawn again, at last a square is taken."""
    for _ in range(_TRIES):
        area = size[0] * size[1] * rng.uniform(*scale_range)
        aspect = math.exp(rng.uniform(-math.log(_ASPECT), math.log(_ASPECT)))
        width, height = round(math.sqrt(area * aspect)), round(math.sqrt(area / aspect))
        if 0 < width <= size[0] and 0 < height <= size[1]:
            break
    else:
        width = height = min(size)
    left, top = rng.integer(0, size[0] - width), rng.integer(0, size[1] - height)
    return left, top, left + width, top + height
