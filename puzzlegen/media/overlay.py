"""Flat shapes laid over the frames of a clip: where and when they appear, and how they are painted."""

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
#: Plain colours, far from each other; the rim sets them apart from whatever lies under them.
COLOURS: Final = ((230, 25, 75), (60, 180, 75), (255, 225, 25), (0, 110, 220), (245, 130, 48), (240, 50, 230))
_CELLS: Final = (4, 3)
#: Most shapes that can be laid over a clip: one per cell.
MOST: Final = _CELLS[0] * _CELLS[1]
_RADIUS_RANGE: Final = (0.32, 0.40)
_SUPERSAMPLING: Final = 4
_RIM_SHARE: Final = 0.8
_STAR_WAIST: Final = 0.45
#: Distance from a shape's centre to its corners, relative to a square's: with these, all shapes cover the same area.
_REACH: Final[dict[Shape, float]] = {"circle": 0.8, "square": 1.0, "triangle": 1.24, "star": 1.23}


class Overlay(NamedTuple):
    """One shape, with the distance of its corners from its centre in pixels; frames ``start .. stop - 1`` show it."""

    shape: Shape
    colour: tuple[int, int, int]
    centre: tuple[float, float]
    radius: float
    start: int
    stop: int


def drawn_overlays(
    shapes: list[Shape], size: tuple[int, int], frames: int, span: tuple[int, int], rng: Rng
) -> list[Overlay]:
    """Choose for each shape a place that no other shape uses during the whole clip, a colour and a time.

    Args:
        shapes: the shapes, at most ``MOST``.
        size: width and height of the frames.
        frames: number of frames of the clip.
        span: minimum and maximum number of frames that show a shape.
        rng: decides all of this.
    """
    across, down = _CELLS if size[0] >= size[1] else _CELLS[::-1]
    width, height = size[0] / across, size[1] / down
    placed = []
    for shape, cell in zip(shapes, rng.permutation(MOST), strict=False):
        radius = min(width, height) * rng.uniform(*_RADIUS_RANGE) * _REACH[shape]
        x = cell % across * width + rng.uniform(radius, width - radius)
        y = cell // across * height + rng.uniform(radius, height - radius)
        length = min(frames, rng.integer(*span))
        start = rng.integer(0, frames - length)
        placed.append(Overlay(shape, rng.choice(COLOURS), (x, y), radius, start, start + length))
    return placed


def laid_over(frames: NDArray[np.uint8], overlays: list[Overlay]) -> NDArray[np.uint8]:
    """Return a copy of frames ``(T, H, W, 3)`` with shapes on them: smooth edges, and a black and white rim each."""
    out = frames.copy()
    for overlay in overlays:
        for colour, scale in (((255, 255, 255), 1.0), ((0, 0, 0), (1 + _RIM_SHARE) / 2), (overlay.colour, _RIM_SHARE)):
            mask, left, top = _mask(overlay.shape, overlay.centre, overlay.radius * scale)
            height, width = mask.shape
            region = out[overlay.start : overlay.stop, top : top + height, left : left + width]
            weight = mask.astype(np.uint16)[: region.shape[1], : region.shape[2], None]
            mixed = (region * (255 - weight) + np.asarray(colour, np.uint16) * weight + 127) // 255
            region[...] = mixed.astype(np.uint8)
    return out


def _mask(shape: Shape, centre: tuple[float, float], radius: float) -> tuple[NDArray[np.uint8], int, int]:
    """Return how much of each pixel a shape covers (0..255), and the left and top of this mask in the frame."""
    left, top = math.floor(centre[0] - radius), math.floor(centre[1] - radius)
    side = math.ceil(2 * radius) + 2
    fine_mask = Image.new("L", (side * _SUPERSAMPLING, side * _SUPERSAMPLING))
    draw = ImageDraw.Draw(fine_mask)
    points = [
        (
            round((centre[0] - left + x * radius) * _SUPERSAMPLING),
            round((centre[1] - top + y * radius) * _SUPERSAMPLING),
        )
        for x, y in _outline(shape)
    ]
    draw.polygon(points, fill=255)
    return np.asarray(fine_mask.reduce(_SUPERSAMPLING)), left, top


@cache
def _outline(shape: Shape) -> tuple[tuple[float, float], ...]:
    """Return corners on and inside the unit circle, clockwise from the top (squares: top right); circles have many."""
    count = {"circle": 64, "square": 4, "triangle": 3, "star": 10}[shape]
    turn = math.pi / 4 if shape == "square" else 0
    points = []
    for k in range(count):
        reach = _STAR_WAIST if shape == "star" and k % 2 else 1.0
        angle = turn + 2 * math.pi * k / count
        points.append((round(reach * math.sin(angle), 9), round(-reach * math.cos(angle), 9)))
    return tuple(points)
