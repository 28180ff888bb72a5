"""How the frames of a raw clip become clean ones: without bars, cut at random phase, scaled once, upright.

Every frame is scaled as a whole, to a size in which the wanted part is a rectangle of whole pixels. The factor is
drawn, and another for each axis, so that where those pixels lie on the source's own is as good as drawn.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from numpy.typing import NDArray

from puzzlegen.errors import Unusable
from puzzlegen.media.decode import Shown
from puzzlegen.media.geometry import even
from puzzlegen.media.resample import EXACT, planar

Pixels = NDArray[np.uint8]
#: Left, top, right, bottom.
Box = tuple[float, float, float, float]

SQUEEZE: Final = 0.03
TRIM: Final = (0.01, 0.04)
_MAX_SOURCE_ASPECT: Final = 4.0
_MAX_ASPECT: Final = 2.0 - 2 * SQUEEZE
_PREVIEW_PX: Final = 180
_BLACK: Final = 24
_HD_HEIGHT: Final = 720
_UNSPECIFIED: Final = 2
#: Every how many of a clip's first frames are looked at for bars.
_LOOKED_AT: Final = 3


class Shape(NamedTuple):
    """What chance and the recipe decide of the frames.

    Attributes:
        side_px: least and most of the short side.
        size: where between the two it lies, 0..1.
        max_scale: largest factor.
        trims: left, right, top, bottom, as parts of the picture.
        centre: where the part of an elongated picture lies, 0..1.
        squeeze: further factor of the long side.
        clean: False keeps the whole picture, as it is.
    """

    side_px: tuple[int, int]
    size: float
    max_scale: float
    trims: tuple[float, float, float, float]
    centre: float
    squeeze: float
    clean: bool


class Framing(NamedTuple):
    """What happens to every frame: scaled as a whole to ``stage``, cut, turned by ``quarters``, counter-clockwise."""

    stage: tuple[int, int]
    corner: tuple[int, int]
    size: tuple[int, int]
    quarters: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a clean frame."""
        width, height = self.size
        return (width, height, 3) if self.quarters % 2 else (height, width, 3)

    def apply(self, frame: av.VideoFrame, scaler: VideoReformatter) -> Pixels:
        """The clean frame, RGB."""
        # Untagged high definition is BT.709, as players take it; the scaler alone would take it as BT.601.
        untagged_hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD_HEIGHT
        planes = planar(frame, self.stage, scaler, Colorspace.ITU709 if untagged_hd else None)
        (left, top), (width, height) = self.corner, self.size
        clean = planes.to_ndarray().astype(np.uint8, copy=False)[top : top + height, left : left + width]
        return np.rot90(clean, self.quarters) if self.quarters else clean


def framing(head: list[Shown], shape: Shape, scaler: VideoReformatter) -> Framing:
    """Where to cut and how far to scale a clip that begins with ``head``.

    Raises:
        Unusable: ``too_small`` or ``too_elongated``.
    """
    first = head[0].picture
    # Lengths are square pixels of the source before it is turned.
    full = first.width * head[0].pixel_aspect, float(first.height)
    quarters = round(first.rotation / 90) % 4
    if not shape.clean:
        factor = min(1.0, shape.side_px[1] / min(full))
        size = even(full[0] * factor), even(full[1] * factor)
        return Framing(size, (0, 0), size, quarters)
    x0, y0, x1, y1 = _cut(_without_bars(head[::_LOOKED_AT], scaler), full, shape)
    width, height = x1 - x0, y1 - y0
    factor = _factor(min(width, height), shape)
    sx, sy = (factor * shape.squeeze, factor) if width > height else (factor, factor * shape.squeeze)
    return Framing(
        stage=(round(full[0] * sx), round(full[1] * sy)),
        corner=(round(x0 * sx), round(y0 * sy)),
        size=(even(width * sx), even(height * sy)),
        quarters=quarters,
    )


def _factor(short: float, shape: Shape) -> float:
    low, high = shape.side_px
    most = int(short * shape.max_scale)
    if most < low:
        raise Unusable("too_small", f"short side {int(short)} px, needs {int(low / shape.max_scale) + 1}")
    return (low + shape.size * (min(high, most) - low)) / short


def _without_bars(seen: list[Shown], scaler: VideoReformatter) -> Box:
    """The picture without near-black bars that stand in all frames, in parts of its sides."""
    first = seen[0].picture
    ratio = min(1.0, _PREVIEW_PX / min(first.width, first.height))
    width, height = int(first.width * ratio), int(first.height * ratio)
    lightest = np.zeros((height, width), np.uint8)
    for shown in seen:
        grey = scaler.reformat(shown.picture, width=width, height=height, format="gray", interpolation=EXACT, threads=1)
        lightest = np.maximum(lightest, grey.to_ndarray())
    left, right = _lit_span(lightest.max(axis=0))
    top, bottom = _lit_span(lightest.max(axis=1))
    return left, top, right, bottom


def _lit_span(lightest: Pixels) -> tuple[float, float]:
    lit = np.flatnonzero(lightest > _BLACK)
    if lit.size < lightest.size // 3:
        return 0.0, 1.0
    # One more at a bar's edge, where bar and picture mix.
    first = int(lit[0]) + 1 if lit[0] else 0
    stop = int(lit[-1]) + 1
    return first / lightest.size, (stop if stop == lightest.size else stop - 1) / lightest.size


def _cut(content: Box, full: tuple[float, float], shape: Shape) -> Box:
    """Trim the drawn bit off each side of the content, then the long side to twice the short one."""
    x0, x1 = _inner(content[0] * full[0], content[2] * full[0], *shape.trims[:2])
    y0, y1 = _inner(content[1] * full[1], content[3] * full[1], *shape.trims[2:])
    width, height = x1 - x0, y1 - y0
    if max(width, height) > _MAX_SOURCE_ASPECT * min(width, height):
        raise Unusable("too_elongated", f"{width:.0f}x{height:.0f}")
    spare_x = max(0.0, width - height * _MAX_ASPECT)
    spare_y = max(0.0, height - width * _MAX_ASPECT)
    off = shape.centre
    return x0 + off * spare_x, y0 + off * spare_y, x1 - (1 - off) * spare_x, y1 - (1 - off) * spare_y


def _inner(start: float, stop: float, before: float, after: float) -> tuple[float, float]:
    return start + before * (stop - start), stop - after * (stop - start)
