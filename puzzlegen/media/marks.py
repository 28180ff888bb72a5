"""Marks drawn on a picture, always in the same style: a ring, a lettered ring, a hatched square."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from puzzlegen.errors import RecipeError

Point = tuple[float, float]
_DARK: Final = (20, 20, 20)
_LIGHT: Final = (255, 225, 40)
_RING_PX: Final = 6
_LABEL_PX: Final = 16
_HATCH: Final = (112, 144)
_STRIPE_PX: Final = 6


def ring(picture: Image.Image, at: Point) -> None:
    """Draw a ring around a point that stays visible: yellow between two dark rims."""
    pen = ImageDraw.Draw(picture)
    x, y = round(at[0]), round(at[1])
    for radius, ink, width in ((_RING_PX + 1, _DARK, 4), (_RING_PX, _LIGHT, 2)):
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=ink, width=width)


def lettered_ring(picture: Image.Image, at: Point, letter: str) -> None:
    """Draw a ring with a letter in a box beside it: to the right, or to the left where there is no room."""
    ring(picture, at)
    reach, half = _RING_PX + 3, _LABEL_PX // 2
    x = round(at[0]) + reach
    if x + _LABEL_PX > picture.width:
        x = round(at[0]) - reach - _LABEL_PX
    y = min(max(round(at[1]) - half, 0), picture.height - _LABEL_PX)
    pen = ImageDraw.Draw(picture)
    pen.rectangle((x, y, x + _LABEL_PX - 1, y + _LABEL_PX - 1), fill=_DARK)
    pen.text((x + half, y + half), letter, fill=_LIGHT, font=_font(_LABEL_PX - 3), anchor="mm")


def hatch(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    """Cover a box with grey diagonal stripes, the same for every picture."""
    width, height = box[2] - box[0], box[3] - box[1]
    y, x = np.indices((height, width))
    stripes = np.where((x + y) // _STRIPE_PX % 2, *_HATCH).astype(np.uint8)
    picture.paste(Image.fromarray(stripes).convert("RGB"), box[:2])


@lru_cache(maxsize=4)
def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own font, laid out by its own rules: complex layout depends on libraries of the host."""
    try:
        found = ImageFont.load_default(size)
    except ImportError:
        found = None
    if not isinstance(found, ImageFont.FreeTypeFont):
        raise RecipeError("letters on pictures need FreeType: install Pillow from its wheel")
    return found.font_variant(layout_engine=ImageFont.Layout.BASIC)
