"""A clean picture that is scaled when its pixels are first asked for.

Scaling is most of what it takes to make a picture clean, and most pictures that are refused show it in a small version
already: that is had from a sketch, the decoded picture reduced once, at a tenth of the price.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from PIL import Image

from puzzlegen.media.resample import resampled

Box = tuple[float, float, float, float]
Whole = tuple[int, int, int, int]

#: A larger one is scaled at once: many pictures are open at a time, and JPEG is decoded at a size below this.
_HELD_PIXELS: Final = 2_100_000
#: Least short side of a sketch, in pixels.
_SKETCH_SIDE: Final = 160


class Sketch(NamedTuple):
    """A picture reduced by a whole factor; each of its pixels is the mean of a square of the picture's."""

    pixels: Image.Image
    factor: int


def sketch_of(picture: Image.Image) -> Sketch:
    """The smallest sketch whose short side has 160 pixels; of smaller pictures they themselves."""
    factor = max(1, min(picture.size) // _SKETCH_SIDE)
    return Sketch(picture.reduce(factor), factor)


class ScaledImage:
    """A part of a picture, scaled.

    Args:
        picture: RGB.
        box: left, top, right and bottom of the part, in whole pixels of the picture.
        size: ``(width, height)`` of the part once it is scaled.
        sketch: of the picture, if it is at hand.
    """

    def __init__(self, picture: Image.Image, box: Whole, size: tuple[int, int], sketch: Sketch | None = None) -> None:
        self.size = size
        self._source, self._box = picture, box
        self._sketch = sketch and (sketch.pixels, _reduced(box, sketch))
        self._pixels: Image.Image | None = None
        if picture.width * picture.height > _HELD_PIXELS:
            self._source, self._box = self.pixels(), (0, 0, *size)

    def pixels(self) -> Image.Image:
        """All of it, RGB, by one bicubic resampling. Shared: copy before drawing on it."""
        if self._pixels is None:
            whole = (0, 0, *self._source.size) == self._box and self._source.size == self.size
            self._pixels = self._source if whole else self._scaled()
        return self._pixels

    def shrunk(self, size: tuple[int, int], box: Box | None = None) -> Image.Image:
        """A small version, RGB, each pixel the mean of its area of the picture before it is scaled.

        Args:
            size: ``(width, height)``.
            box: of a part, in pixels of the scaled picture; all of it without.
        """
        if self._sketch:
            small, area = self._sketch
            part = self._within(area, box)
            if size[0] <= part[2] - part[0] and size[1] <= part[3] - part[1]:
                return small.resize(size, Image.Resampling.BOX, box=part)
        return self._source.resize(size, Image.Resampling.BOX, box=self._within(self._box, box))

    def miniature(self, side: int, box: Box | None = None) -> Image.Image:
        """A grey version whose shorter side is ``side``, proportions kept; ``box`` as for :meth:`shrunk`."""
        left, top, right, bottom = box or (0, 0, *self.size)
        scale = side / min(right - left, bottom - top)
        return self.shrunk((round((right - left) * scale), round((bottom - top) * scale)), box).convert("L")

    def _scaled(self) -> Image.Image:
        return resampled(self._source, self.size, self._box)

    def _within(self, area: Box, box: Box | None) -> Box:
        """What ``box`` of the scaled picture is in ``area``, which shows all of it."""
        if box is None:
            return area
        left, top, right, bottom = area
        across, along = (right - left) / self.size[0], (bottom - top) / self.size[1]
        # Rounding must not lead beyond the picture.
        return (
            left + box[0] * across,
            top + box[1] * along,
            min(left + box[2] * across, right),
            min(top + box[3] * along, bottom),
        )


def _reduced(box: Box, sketch: Sketch) -> Box:
    left, top, right, bottom = (end / sketch.factor for end in box)
    return left, top, right, bottom


def unscaled(picture: Image.Image) -> ScaledImage:
    """A picture as it is."""
    return ScaledImage(picture, (0, 0, *picture.size), picture.size)
