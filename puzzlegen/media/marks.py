"""Marks drawn on a picture, always in the same style: a ring, lettered rings, a hatched square."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache, partial
from itertools import product
from string import ascii_uppercase
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from puzzlegen.errors import RecipeError
from puzzlegen.media.geometry import Box, shared_area

Point = tuple[float, float]
_DARK: Final = (20, 20, 20)
_LIGHT: Final = (255, 225, 40)
_RING_PX: Final = 6
_LABEL_PX: Final = 16
_HATCH_TONES: Final = (112, 144)
_STRIPE_PX: Final = 6


def ring(picture: Image.Image, at: Point) -> None:
    """Draw a ring around a point, yellow between two dark rims so that it stays visible."""
    pen = ImageDraw.Draw(picture)
    x, y = round(at[0]), round(at[1])
    for radius, ink, width in ((_RING_PX + 1, _DARK, 4), (_RING_PX, _LIGHT, 2)):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=width)


def lettered_rings(picture: Image.Image, places: Sequence[Point]) -> None:
    """Draw a ring around each point, and a letter (A, B, ...) in a box beside it: see :func:`letter_boxes`."""
    for centre in places:
        ring(picture, centre)
    pen = ImageDraw.Draw(picture)
    for letter, box in zip(ascii_uppercase, letter_boxes(places, picture.size), strict=False):
        pen.rectangle((*box[:2], box[2] - 1, box[3] - 1), fill=_DARK)
        middle = box[0] + _LABEL_PX // 2, box[1] + _LABEL_PX // 2
        pen.text(middle, letter, fill=_LIGHT, font=_font(_LABEL_PX - 3), anchor="mm")


def letter_boxes(places: Sequence[Point], size: tuple[int, int]) -> list[Box]:
    """Return where the letters of rings lie: to the right of the ring, or on another side if something is in the way.

    If rings and letters leave no side or diagonal free, the letter lies where it covers least of them.

    Args:
        places: centres of the rings.
        size: width and height of the picture.
    """
    points = [(round(x), round(y)) for x, y in places]
    reach = _RING_PX + 2
    taken = [(x - reach, y - reach, x + reach + 1, y + reach + 1) for x, y in points]
    for x, y in points:
        taken.append(min(_label_boxes(x, y, size), key=partial(_covered_area, taken)))
    return taken[len(points) :]


def _label_boxes(x: int, y: int, size: tuple[int, int]) -> list[Box]:
    """Return where the letter of a ring may lie within a picture of ``size``, in order of preference."""
    half, distance = _LABEL_PX // 2, _RING_PX + 3 + _LABEL_PX // 2
    max_corner = size[0] - _LABEL_PX, size[1] - _LABEL_PX
    # If the ring is at the picture's edge, the box is moved inwards.
    level_top, centred_left = min(max(y - half, 0), max_corner[1]), min(max(x - half, 0), max_corner[0])
    side_lefts, side_tops = (x + distance - half, x - distance - half), (y + distance - half, y - distance - half)
    corners = (
        [(left, level_top) for left in side_lefts]
        + [(centred_left, top) for top in side_tops]
        + list(product(side_lefts, side_tops))
    )
    return [
        (left, top, left + _LABEL_PX, top + _LABEL_PX)
        for left, top in corners
        if 0 <= left <= max_corner[0] and 0 <= top <= max_corner[1]
    ]


def _covered_area(taken: list[Box], box: Box) -> int:
    """Return how many pixels of the boxes already taken a box would cover."""
    return sum(shared_area(box, other) for other in taken)


def hatch(picture: Image.Image, box: Box) -> None:
    """Cover a box with grey diagonal stripes, the same for every picture."""
    width, height = box[2] - box[0], box[3] - box[1]
    y, x = np.indices((height, width))
    stripes = np.where((x + y) // _STRIPE_PX % 2, *_HATCH_TONES).astype(np.uint8)
    picture.paste(Image.fromarray(stripes).convert("RGB"), box[:2])


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's own font with its basic layout: complex layout depends on libraries of the host."""
    try:
        default_font = ImageFont.load_default(size)
    except ImportError:
        default_font = None
    if not isinstance(default_font, ImageFont.FreeTypeFont):
        raise RecipeError("letters on pictures need FreeType: install Pillow from its wheel")
    return default_font.font_variant(layout_engine=ImageFont.Layout.BASIC)
