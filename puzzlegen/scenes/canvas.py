"""A drawing surface at twice the output size, so that reducing it to that size smooths every edge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from puzzlegen.errors import SourceError
from puzzlegen.rng import Rng
from puzzlegen.scenes.noise import Colour, mix, noise, texture

Point = tuple[float, float]
Ink = Colour | tuple[int, int, int, int]
SCALE: Final = 2
PLAIN: Final = (1.0, 1.0, 1.0)


class Canvas:
    """A picture in progress. All coordinates are output pixels, y pointing down; a fourth colour channel is opacity.

    Attributes:
        lights: functions that draw whatever shines by itself; called after the scene's own light is applied.
    """

    def __init__(self, image: Image.Image, scale: int = SCALE) -> None:
        self.image = image
        self.scale = scale
        self.pen = ImageDraw.Draw(image, "RGBA")
        self.lights: list[Callable[[Canvas], None]] = []

    @classmethod
    def blank(cls, width: int, height: int) -> Canvas:
        """Create an empty canvas for an output of this size."""
        return cls(Image.new("RGB", (width * SCALE, height * SCALE)))

    @property
    def width(self) -> int:
        """Width of the output in pixels."""
        return self.image.width // self.scale

    @property
    def height(self) -> int:
        """Height of the output in pixels."""
        return self.image.height // self.scale

    def copy(self) -> Canvas:
        """Return a canvas with a copy of the picture, without its ``lights``."""
        return Canvas(self.image.copy(), self.scale)

    def polygon(self, points: Sequence[Point], ink: Ink) -> None:
        """Fill a polygon."""
        s = self.scale
        self.pen.polygon([(x * s, y * s) for x, y in points], fill=ink)

    def shape(self, x: float, y: float, unit: float, points: Sequence[Point], ink: Ink) -> None:
        """Fill a polygon whose points are offsets from (x, y) in units of ``unit`` pixels."""
        self.polygon([(x + u * unit, y + v * unit) for u, v in points], ink)

    def rect(self, x0: float, y0: float, x1: float, y1: float, ink: Ink) -> None:
        """Fill an axis-aligned rectangle; an empty rectangle draws nothing."""
        s = self.scale
        if x1 > x0 and y1 > y0:
            self.pen.rectangle((x0 * s, y0 * s, max(x0 * s, x1 * s - 1), max(y0 * s, y1 * s - 1)), fill=ink)

    def ellipse(self, x: float, y: float, rx: float, ry: float, ink: Ink) -> None:
        """Fill an ellipse around (x, y)."""
        s = self.scale
        self.pen.ellipse(((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s), fill=ink)

    def ring(self, x: float, y: float, rx: float, ry: float, ink: Ink, width: float = 1.0) -> None:
        """Outline an ellipse around (x, y)."""
        s = self.scale
        box = ((x - rx) * s, (y - ry) * s, (x + rx) * s, (y + ry) * s)
        self.pen.ellipse(box, outline=ink, width=max(1, round(width * s)))

    def line(self, points: Sequence[Point], ink: Ink, width: float = 1.0) -> None:
        """Draw a stroke through the points."""
        s = self.scale
        self.pen.line([(x * s, y * s) for x, y in points], fill=ink, width=max(1, round(width * s)), joint="curve")

    def limb(self, points: Sequence[Point], ink: Ink, width: float) -> None:
        """Draw a stroke with round ends through the points."""
        self.line(points, ink, width)
        for x, y in (points[0], points[-1]):
            self.ellipse(x, y, width / 2, width / 2, ink)

    def text(self, x: float, y: float, words: str, height: float, ink: Ink) -> None:
        """Write words centred on (x, y)."""
        s = self.scale
        self.pen.text((x * s, y * s), words, fill=ink, font=font(max(6, round(height * s))), anchor="mm")

    def soft(self, x: float, y: float, rx: float, ry: float, colour: Colour, strength: float) -> None:
        """Draw an elliptical blob that fades out towards its edge: smoke, glow or shadow."""
        s = self.scale
        size = (max(1, round(2 * rx * s)), max(1, round(2 * ry * s)))
        mask = _blob(min(20, max(0, round(strength * 20)))).resize(size, Image.Resampling.BILINEAR)
        self.image.paste(colour, (round((x - rx) * s), round((y - ry) * s)), mask)

    def paint(
        self, rng: Rng, points: Sequence[Point], dark: Colour, light: Colour, cell: Point, octaves: int = 4
    ) -> None:
        """Fill a polygon with noise between two colours; the coarsest blobs are ``cell`` pixels wide and high."""
        s = self.scale
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, top = max(0, int(min(xs) * s)), max(0, int(min(ys) * s))
        size = (min(self.image.width, int(max(xs) * s) + 1) - left, min(self.image.height, int(max(ys) * s) + 1) - top)
        if min(size) < 1:
            return
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).polygon([(x * s - left, y * s - top) for x, y in points], fill=255)
        self.image.paste(texture(rng, size, dark, light, (cell[0] * s, cell[1] * s), octaves), (left, top), mask)

    def gradient(self, y0: float, y1: float, top: Colour, low: Colour) -> None:
        """Fill the full width between two heights with a vertical gradient."""
        s = self.scale
        rows = max(2, round((y1 - y0) * s))
        ramp = np.arange(rows, dtype=np.int64)[:, None]
        column = (np.array(top) * (rows - 1 - ramp) + np.array(low) * ramp) // (rows - 1)
        strip = Image.fromarray(column.astype(np.uint8)[:, None, :])
        self.image.paste(strip.resize((self.image.width, rows)), (0, round(y0 * s)))

    def gradient_box(self, box: tuple[float, float, float, float], top: Colour, low: Colour) -> None:
        """Fill an axis-aligned rectangle with a vertical gradient of eight steps."""
        x0, y0, x1, y1 = box
        for i in range(8):
            self.rect(x0, y0 + (y1 - y0) * i / 8, x1, y0 + (y1 - y0) * (i + 1) / 8, mix(top, low, i / 7))

    def mean(self, box: tuple[float, float, float, float]) -> Colour:
        """Return the mean colour of an axis-aligned rectangle."""
        x0, y0, x1, y1 = (round(edge * self.scale) for edge in box)
        pixel = self.image.resize((1, 1), Image.Resampling.BOX, box=(x0, y0, x1, y1)).tobytes()
        return pixel[0], pixel[1], pixel[2]

    def reduced(self) -> Canvas:
        """Return the picture at output size, with smooth edges and the same ``lights``."""
        small = Canvas(self.image.reduce(self.scale), 1)
        small.lights = self.lights
        return small

    def light(self, rng: Rng, tint: tuple[float, float, float] = PLAIN, grain: int = 5) -> Canvas:
        """Return the picture under uneven tinted light, with film grain, and with ``lights`` drawn on top."""
        pixels = np.asarray(self.image).astype(np.int32)
        patches = np.asarray(noise(rng, self.image.size, (self.image.width / 5, self.image.height / 5), 2))
        ramp = (8 * (self.image.height - 2 * np.arange(self.image.height)) // self.image.height)[:, None]
        gain = 96 + patches.astype(np.int32) // 4 + ramp
        pixels *= gain[:, :, None] * np.array([round(t * 128) for t in tint], dtype=np.int32)
        pixels >>= 14
        raw = np.frombuffer(rng.raw(gain.size), np.uint8).reshape(gain.shape).astype(np.int32)
        pixels += ((raw * (2 * grain + 1) >> 8) - grain)[:, :, None]
        lit = Canvas(Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)), self.scale)
        for draw in self.lights:
            draw(lit)
        return lit

    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture at output size as an array of shape (height, width, 3)."""
        return np.asarray(self.image if self.scale == 1 else self.image.reduce(self.scale))


@lru_cache(maxsize=32)
def _blob(level: int) -> Image.Image:
    """Return a 64 x 64 mask, brightest (``level``/20) in the middle; whole levels keep the cache small."""
    axis = np.arange(64, dtype=np.int64) * 2 - 63
    inside = np.maximum(0, 63 * 63 - axis[:, None] * axis[:, None] - axis[None, :] * axis[None, :])
    return Image.fromarray((inside * inside * 255 * level // (20 * 63**4)).astype(np.uint8))


@lru_cache(maxsize=64)
def font(size: int) -> ImageFont.FreeTypeFont:
    """Return Pillow's built-in font with its basic layout: complex layout depends on libraries of the host.

    Raises:
        SourceError: Pillow was built without FreeType.
    """
    try:
        loaded = ImageFont.load_default(size)
    except ImportError as err:
        raise SourceError("this Pillow was built without FreeType; install Pillow from its wheel") from err
    if not isinstance(loaded, ImageFont.FreeTypeFont):
        raise SourceError("this Pillow was built without FreeType; install Pillow from its wheel")
    return loaded.font_variant(layout_engine=ImageFont.Layout.BASIC)
