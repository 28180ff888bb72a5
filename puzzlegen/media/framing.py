"""Turn the frames of a raw clip into clean ones: without bars, cropped at random phase, scaled once, upright.

Every frame is scaled as a whole, to a size in which the wanted crop is a rectangle of whole pixels. The scale factor is
random and differs between the axes, so that the position of the crop on the source's pixel grid is as good as random.
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
_MAX_BLACK: Final = 24
_HD_HEIGHT: Final = 720
_UNSPECIFIED: Final = 2
#: One in this many of a clip's first frames is searched for bars.
_BAR_SEARCH_STRIDE: Final = 3


class Shape(NamedTuple):
    """The recipe's settings and the random draws that decide what is done to the frames.

    Attributes:
        side_px: minimum and maximum of the short side, in pixels.
        size: where between these two the short side lies, 0..1.
        max_scale: largest scale factor.
        trims: what is cut off at the left, right, top and bottom, as fractions of the picture without bars.
        centre: where the crop of an elongated picture lies, 0..1.
        squeeze: additional scale factor of the long side.
        clean: False keeps the whole picture as it is, but upright and no larger than ``side_px`` allows.
    """

    side_px: tuple[int, int]
    size: float
    max_scale: float
    trims: tuple[float, float, float, float]
    centre: float
    squeeze: float
    clean: bool


class Framing(NamedTuple):
    """What is done to every frame: scale all of it to ``stage``, crop, turn it counter-clockwise.

    Attributes:
        stage: width and height of the scaled frame.
        corner: left and top of the crop in it.
        size: width and height of the crop.
        quarters: number of right angles to turn by.
    """

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
        """Return the clean frame, RGB."""
        # Untagged high definition is BT.709, as players assume; the scaler by itself would assume BT.601.
        untagged_hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD_HEIGHT
        planes = planar(frame, self.stage, scaler, Colorspace.ITU709 if untagged_hd else None)
        (left, top), (width, height) = self.corner, self.size
        clean = planes.to_ndarray().astype(np.uint8, copy=False)[top : top + height, left : left + width]
        return np.rot90(clean, self.quarters) if self.quarters else clean


def framing(head: list[Shown], shape: Shape, scaler: VideoReformatter) -> Framing:
    """Decide where to crop and how far to scale a clip that begins with the frames ``head``.

    Raises:
        Unusable: ``too_small`` or ``too_elongated``.
    """
    first = head[0].picture
    # All lengths are in square pixels of the source, before it is turned.
    full_size = first.width * head[0].pixel_aspect, float(first.height)
    quarters = round(first.rotation / 90) % 4
    if not shape.clean:
        factor = min(1.0, shape.side_px[1] / min(full_size))
        size = even(full_size[0] * factor), even(full_size[1] * factor)
        return Framing(size, (0, 0), size, quarters)
    x0, y0, x1, y1 = _content_crop(_without_bars(head[::_BAR_SEARCH_STRIDE], scaler), full_size, shape)
    width, height = x1 - x0, y1 - y0
    factor = _scale_factor(min(width, height), shape)
    sx, sy = (factor * shape.squeeze, factor) if width > height else (factor, factor * shape.squeeze)
    return Framing(
        stage=(round(full_size[0] * sx), round(full_size[1] * sy)),
        corner=(round(x0 * sx), round(y0 * sy)),
        size=(even(width * sx), even(height * sy)),
        quarters=quarters,
    )


def _scale_factor(short: float, shape: Shape) -> float:
    low, high = shape.side_px
    max_side = int(short * shape.max_scale)
    if max_side < low:
        raise Unusable("too_small", f"short side {int(short)} px, needs {int(low / shape.max_scale) + 1}")
    return (low + shape.size * (min(high, max_side) - low)) / short


def _without_bars(samples: list[Shown], scaler: VideoReformatter) -> Box:
    """Return the box without the near-black bars that all frames share, as fractions of the picture's sides."""
    first = samples[0].picture
    ratio = min(1.0, _PREVIEW_PX / min(first.width, first.height))
    width, height = int(first.width * ratio), int(first.height * ratio)
    lightest = np.zeros((height, width), np.uint8)
    for sample in samples:
        grey = scaler.reformat(
            sample.picture, width=width, height=height, format="gray", interpolation=EXACT, threads=1
        )
        lightest = np.maximum(lightest, grey.to_ndarray())
    return lit_box(lightest)


def lit_box(lightest: Pixels) -> Box:
    """Return the box inside near-black bars, as fractions of the picture's sides; all of it if little is lighter.

    Args:
        lightest: ``(height, width)``, the lightest grey of each pixel over the frames of a clip.
    """
    left, right = _lit_span(lightest.max(axis=0))
    top, bottom = _lit_span(lightest.max(axis=1))
    return left, top, right, bottom


def _lit_span(lightest: Pixels) -> tuple[float, float]:
    lit = np.flatnonzero(lightest > _MAX_BLACK)
    if lit.size < lightest.size // 3:
        return 0.0, 1.0
    # One more pixel is cut off at the edge of a bar, where bar and picture mix.
    first = int(lit[0]) + 1 if lit[0] else 0
    stop = int(lit[-1]) + 1
    return first / lightest.size, (stop if stop == lightest.size else stop - 1) / lightest.size


def _content_crop(content: Box, full_size: tuple[float, float], shape: Shape) -> Box:
    """Trim the drawn fraction off each side of the content, then crop the long side to ``_MAX_ASPECT``."""
    x0, x1 = _trimmed_span(content[0] * full_size[0], content[2] * full_size[0], *shape.trims[:2])
    y0, y1 = _trimmed_span(content[1] * full_size[1], content[3] * full_size[1], *shape.trims[2:])
    width, height = x1 - x0, y1 - y0
    if max(width, height) > _MAX_SOURCE_ASPECT * min(width, height):
        raise Unusable("too_elongated", f"{width:.0f}x{height:.0f}")
    spare_x = max(0.0, width - height * _MAX_ASPECT)
    spare_y = max(0.0, height - width * _MAX_ASPECT)
    offset = shape.centre
    return x0 + offset * spare_x, y0 + offset * spare_y, x1 - (1 - offset) * spare_x, y1 - (1 - offset) * spare_y


def _trimmed_span(start: float, stop: float, before: float, after: float) -> tuple[float, float]:
    return start + before * (stop - start), stop - after * (stop - start)
