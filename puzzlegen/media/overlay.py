"""Flat shapes laid over the frames of a clip: where, when, and how they are drawn."""

from __future__ import annotations

import math
from functools import cache
from typing import Final, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from puzzlegen.rng import Rng

Shape = Literal["circle", "square", "triangle", "star"]
SHAPES: Final[tuple[Shape, ...]] = ("circle", "square", "triangle", "star")
#: Plain colours far from each other and, with the rim, from whatever lies under them.
COLOURS: Final = ((230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 110, 220), (245, 130, 48), (240, 50, 230))
_CELLS: Final = (4, 3)
#: Most shapes that can be laid over a clip: one per cell.
MOST: Final = _CELLS[0] * _CELLS[1]
_RADIUS: Final = (0.32, 0.40)
_FINER: Final = 4
_RIM: Final = 0.8
_STAR_WAIST: Final = 0.45
#: From a shape's centre to its corners, for a square's to be 1: all shapes then cover the same area.
_REACH: Final[dict[Shape, float]] = {"circle": 0.8, "square": 1.0, "triangle": 1.24, "star": 1.23}


class Overlay(NamedTuple):
    """One shape: its centre and how far its corners lie from it, in pixels; frames ``start .. stop`` show it."""

    shape: Shape
    colour: tuple[int, int, int]
    centre: tuple[float, float]
    radius: float
    start: int
    stop: int


def drawn_overlays(
    shapes: list[Shape], size: tuple[int, int], frames: int, span: tuple[int, int], rng: Rng
) -> list[Overlay]:
    """A place of its own for each shape, for the whole clip, and a drawn colour and time.

    Args:
        shapes: at most ``MOST``.
        size: width and height of the frames.
        frames: of the clip.
        span: fewest and most frames that show a shape.
        rng: decides all of it.
    """
    across, down = _CELLS if size[0] >= size[1] else _CELLS[::-1]
    width, height = size[0] / across, size[1] / down
    made = []
    for shape, cell in zip(shapes, rng.permutation(MOST), strict=False):
        radius = min(width, height) * rng.uniform(*_RADIUS) * _REACH[shape]
        x = cell % across * width + rng.uniform(radius, width - radius)
        y = cell // across * height + rng.uniform(radius, height - radius)
        length = min(frames, rng.integer(*span))
        start = rng.integer(0, frames - length)
        made.append(Overlay(shape, rng.choice(COLOURS), (x, y), radius, start, start + length))
    return made


def laid_over(frames: NDArray[np.uint8], overlays: list[Overlay]) -> NDArray[np.uint8]:
    """A copy of the frames ``(T, H, W, 3)`` with the shapes on them, edges smooth, each with a black and white rim."""
    out = frames.copy()
    for one in overlays:
        for colour, part in (((255, 255, 255), 1.0), ((0, 0, 0), (1 + _RIM) / 2), (one.colour, _RIM)):
            mask, left, top = _mask(one.shape, one.centre, one.radius * part)
            height, width = mask.shape
            area = out[one.start : one.stop, top : top + height, left : left + width]
            weight = mask.astype(np.uint16)[: area.shape[1], : area.shape[2], None]
            mixed = (area * (255 - weight) + np.asarray(colour, np.uint16) * weight + 127) // 255
            area[...] = mixed.astype(np.uint8)
    return out


def _mask(shape: Shape, centre: tuple[float, float], radius: float) -> tuple[NDArray[np.uint8], int, int]:
    """Cover of each pixel (0..255) and where its top left corner lies, drawn finer and averaged."""
    left, top = math.floor(centre[0] - radius), math.floor(centre[1] - radius)
    side = math.ceil(2 * radius) + 2
    fine = Image.new("L", (side * _FINER, side * _FINER))
    draw = ImageDraw.Draw(fine)
    points = [
        (round((centre[0] - left + x * radius) * _FINER), round((centre[1] - top + y * radius) * _FINER))
        for x, y in _outline(shape)
    ]
    draw.polygon(points, fill=255)
    return np.asarray(fine.reduce(_FINER)), left, top


@cache
def _outline(shape: Shape) -> tuple[tuple[float, float], ...]:
    """Corners on and inside the unit circle, first one up; circles have many."""
    count = {"circle": 64, "square": 4, "triangle": 3, "star": 10}[shape]
    turn = math.pi / 4 if shape == "square" else 0
    points = []
    for k in range(count):
        reach = _STAR_WAIST if shape == "star" and k % 2 else 1.0
        angle = turn + 2 * math.pi * k / count
        points.append((round(reach * math.sin(angle), 9), round(-reach * math.cos(angle), 9)))
    return tuple(points)
