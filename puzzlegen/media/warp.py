"""Perspective views of a picture, and the maps between pixels of a view and pixels of the picture."""

from __future__ import annotations

import math
from typing import NamedTuple

from PIL import Image

from puzzlegen.rng import Rng

Point = tuple[float, float]
_Row = tuple[float, float, float]


class Warp(NamedTuple):
    """A projective map of the plane, as the rows of its matrix."""

    rows: tuple[_Row, _Row, _Row]

    def __call__(self, at: Point) -> Point:
        """Return the point to which the map takes a point."""
        (x, y), ((a, b, c), (d, e, f), (g, h, i)) = at, self.rows
        w = g * x + h * y + i
        return (a * x + b * y + c) / w, (d * x + e * y + f) / w

    def inverse(self) -> Warp:
        """Return the inverse map."""
        (a, b, c), (d, e, f), (g, h, i) = self.rows
        return Warp(
            (
                (e * i - f * h, c * h - b * i, b * f - c * e),
                (f * g - d * i, a * i - c * g, c * d - a * f),
                (d * h - e * g, b * g - a * h, a * e - b * d),
            )
        )


def warp_onto(corners: list[Point], side: int) -> Warp:
    """Return the map that takes the square ``(0, 0) .. (side, side)`` to four corners: top left, then clockwise.

    The map is computed in closed form (Heckbert), as the last digits of a linear solver differ between machines.
    """
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    dx1, dx2, sx = x1 - x2, x3 - x2, x0 - x1 + x2 - x3
    dy1, dy2, sy = y1 - y2, y3 - y2, y0 - y1 + y2 - y3
    area = dx1 * dy2 - dx2 * dy1
    g, h = (sx * dy2 - sy * dx2) / area, (dx1 * sy - dy1 * sx) / area
    return Warp(
        (
            ((x1 - x0 + g * x1) / side, (x3 - x0 + h * x3) / side, x0),
            ((y1 - y0 + g * y1) / side, (y3 - y0 + h * y3) / side, y0),
            (g / side, h / side, 1.0),
        )
    )


def draw_corners(size: tuple[int, int], rng: Rng, reach: float, turn_deg: float, bend: float) -> list[Point]:
    """Draw the corners of a turned and bent square inside a picture.

    Args:
        size: width and height of the picture.
        rng: decides angle, bend and place.
        reach: half the side of the square, in pixels.
        turn_deg: maximum angle of the turn, either way.
        bend: maximum shift of a corner along each axis, as a fraction of ``reach``.

    Returns:
        The corners, the turned top left one first, then clockwise. A square that does not fit is shrunk.
    """
    angle = math.radians(rng.uniform(-turn_deg, turn_deg))
    # Rounded, as the last bits of a cosine depend on the processor.
    cos, sin = round(math.cos(angle), 9), round(math.sin(angle), 9)
    square = [
        (x + rng.uniform(-bend, bend), y + rng.uniform(-bend, bend)) for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1))
    ]
    shape = [((x * cos - y * sin) * reach, (x * sin + y * cos) * reach) for x, y in square]
    (left, width), (top, height) = (_extent([p[axis] for p in shape]) for axis in (0, 1))
    fit = min(1.0, (size[0] - 2) / width, (size[1] - 2) / height)
    x0 = 1 + rng.uniform() * (size[0] - 2 - width * fit) - left * fit
    y0 = 1 + rng.uniform() * (size[1] - 2 - height * fit) - top * fit
    return [(x0 + x * fit, y0 + y * fit) for x, y in shape]


def warped(picture: Image.Image, warp: Warp, side: int) -> Image.Image:
    """Return the ``side`` x ``side`` view whose pixels ``warp`` takes into the picture, resampled once (bicubic)."""
    divisor = warp.rows[2][2]
    data = [value / divisor for row in warp.rows for value in row][:8]
    return picture.transform((side, side), Image.Transform.PERSPECTIVE, data, Image.Resampling.BICUBIC)


def _extent(values: list[float]) -> tuple[float, float]:
    return min(values), max(values) - min(values)
