"""A clean picture that is scaled only when its pixels are first needed.

Scaling takes most of the time of cleaning a picture, and most rejected pictures can be rejected by a small version
already. Small versions are made from a sketch (the decoded picture, reduced once), at a tenth of the cost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from PIL import Image

from puzzlegen.media.resample import resampled

Box = tuple[float, float, float, float]
Whole = tuple[int, int, int, int]

#: Pictures with more pixels than this are scaled at once, since many pictures are open at a time; JPEG is decoded at a
#: smaller size anyway.
_HELD_PIXELS: Final = 2_100_000
#: Minimum short side of a sketch, in pixels.
_SKETCH_SIDE: Final = 160


class Sketch(NamedTuple):
    """A picture reduced by a whole factor: each pixel is the mean of a square of the original's pixels."""

    pixels: Image.Image
    factor: int


def sketch_of(picture: Image.Image) -> Sketch:
    """Return the smallest sketch whose short side has at least 160 pixels; smaller pictures keep their size."""
    factor = _sketch_factor(picture)
    return Sketch(picture.reduce(factor), factor)


def sketch_edges(picture: Image.Image) -> tuple[Image.Image, ...]:
    """Return the first and last row and the first and last column of the picture's sketch, without making all of it."""
    (width, height), factor = picture.size, _sketch_factor(picture)
    last_column, last_row = (width - 1) // factor * factor, (height - 1) // factor * factor
    strips = (
        (0, 0, width, min(factor, height)),
        (0, last_row, width, height),
        (0, 0, min(factor, width), height),
        (last_column, 0, width, height),
    )
    return tuple(picture.reduce(factor, strip) for strip in strips)


def _sketch_factor(picture: Image.Image) -> int:
    return max(1, min(picture.size) // _SKETCH_SIDE)


class ScaledImage:
    """A part of a picture, to be scaled when needed.

    Args:
        picture: RGB.
        box: left, top, right and bottom of the part, in whole pixels of the picture.
        size: ``(width, height)`` of the scaled part.
        sketch: returns the picture's sketch, from which small versions are made; None to make them from the picture.
    """

    def __init__(
        self, picture: Image.Image, box: Whole, size: tuple[int, int], sketch: Callable[[], Sketch] | None = None
    ) -> None:
        self.size = size
        self._source, self._box = picture, box
        self._make_sketch = sketch
        self._sketch: tuple[Image.Image, Box] | None = None
        self._pixels: Image.Image | None = None
        if picture.width * picture.height > _HELD_PIXELS:
            self._draw_sketch()
            self._source, self._box = self.pixels(), (0, 0, *size)

    def pixels(self) -> Image.Image:
        """Return the scaled part, RGB, resampled once (bicubic). The result is shared: copy it before drawing on it."""
        if self._pixels is None:
            is_unscaled = (0, 0, *self._source.size) == self._box and self._source.size == self.size
            self._pixels = self._source if is_unscaled else self._scaled()
        return self._pixels

    def shrunk(self, size: tuple[int, int], box: Box | None = None) -> Image.Image:
        """Return a small RGB version; each pixel is the mean of its area of the unscaled picture.

        Args:
            size: ``(width, height)`` of the version.
            box: of what it shows, in pixels of the scaled picture; None for all of it.
        """
        self._draw_sketch()
        if self._sketch:
            small, area = self._sketch
            part = self._map_box(area, box)
            if size[0] <= part[2] - part[0] and size[1] <= part[3] - part[1]:
                return small.resize(size, Image.Resampling.BOX, box=part)
        return self._source.resize(size, Image.Resampling.BOX, box=self._map_box(self._box, box))

    def miniature(self, side: int, box: Box | None = None) -> Image.Image:
        """Return a grey version whose shorter side is ``side``, proportions kept; ``box`` as for :meth:`shrunk`."""
        left, top, right, bottom = box or (0, 0, *self.size)
        scale = side / min(right - left, bottom - top)
        return self.shrunk((round((right - left) * scale), round((bottom - top) * scale)), box).convert("L")

    def _draw_sketch(self) -> None:
        if self._make_sketch:
            sketch = self._make_sketch()
            self._sketch, self._make_sketch = (sketch.pixels, _reduce_box(self._box, sketch)), None

    def _scaled(self) -> Image.Image:
        return resampled(self._source, self.size, self._box)

    def _map_box(self, area: Box, box: Box | None) -> Box:
        """Convert ``box`` from pixels of the scaled picture to those of ``area``, which shows all of that picture."""
        if box is None:
            return area
        left, top, right, bottom = area
        x_scale, y_scale = (right - left) / self.size[0], (bottom - top) / self.size[1]
        # Rounding must not lead outside the picture.
        return (
            left + box[0] * x_scale,
            top + box[1] * y_scale,
            min(left + box[2] * x_scale, right),
            min(top + box[3] * y_scale, bottom),
        )


def _reduce_box(box: Box, sketch: Sketch) -> Box:
    left, top, right, bottom = (edge / sketch.factor for edge in box)
    return left, top, right, bottom


def unscaled(picture: Image.Image) -> ScaledImage:
    """Wrap a picture that needs no scaling."""
    return ScaledImage(picture, (0, 0, *picture.size), picture.size)
