"""Cuts, turns and mirrorings; those by right angles move whole pixels, for pictures and for frames of a clip alike."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from puzzlegen.errors import Unusable, exact
from puzzlegen.rng import Rng

#: Left, top, right and bottom, in whole pixels; the last two lie outside.
Box = tuple[int, int, int, int]

#: Counter-clockwise turns, in degrees; the index is the number of quarter turns.
ANGLES: Final = (0, 90, 180, 270)
_TRANSPOSE: Final = (
    None,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
)
_MIRROR: Final = {
    "none": None,
    "vertical": Image.Transpose.FLIP_TOP_BOTTOM,
    "horizontal": Image.Transpose.FLIP_LEFT_RIGHT,
}
_LEAST_SPREAD: Final = 4.0
_LEAST_CHANGE: Final = 0.45
# A rosette stays below 0.1 at one of its own angles; the least that a turn by 15 degrees changes one of 127 photos
# is 0.25.
_LEAST_TILT_CHANGE: Final = 0.2
# Set by eye on the 48 most symmetric of 127 photos: below lie a retina, a blossom, a bridge seen from its middle.
_LEAST_MIRROR_CHANGE: Final = 0.5
# Resampling leaves a texture that turns with the picture. On noise without a direction a linear probe on the spectrum
# tells 6 angles 75 % of the time; after this blur and this downscale 28 %.
_BLUR_PX: Final = 0.8
_SHRINK: Final = 0.75
#: What stands beside the whole: at least this part of its sides, less a rim.
_INNER: Final = 0.9
_RIM_PX: Final = 8
#: What a turn by any angle may read beyond the pixels it shows: bicubic reach, and that of the blur.
_REACH_PX: Final = 3


def shared_area(a: Box, b: Box) -> int:
    """Pixels that two boxes share."""
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def even(length: float) -> int:
    """The nearest even number of pixels, at least 2: H.264 and halved chroma need even sides."""
    return max(2, int(length / 2 + 0.5) * 2)


def square_box(size: tuple[int, int], rng: Rng) -> Box:
    """The largest square with even side inside ``(width, height)``, at a drawn place: left, top, right, bottom."""
    side = min(size) // 2 * 2
    left, top = rng.integer(0, size[0] - side), rng.integer(0, size[1] - side)
    return left, top, left + side, top + side


def turned(picture: Image.Image, quarters: int) -> Image.Image:
    """The picture turned counter-clockwise by ``quarters`` right angles; 0 gives a copy of the same pixels."""
    method = _TRANSPOSE[quarters]
    return picture.copy() if method is None else picture.transpose(method)


def tilted(square: Image.Image, degrees: float) -> Image.Image:
    """What a square picture shows after a counter-clockwise turn by any angle, without a corner left empty.

    That is the square inscribed in the disc which stays inside the picture at every angle, made smaller by a quarter;
    0 degrees takes the same path as all others.

    Args:
        square: side ``S`` of 64 px or more.
        degrees: counter-clockwise.

    Returns:
        A square picture of about ``0.53 * S``, its side even and the same for every angle.
    """
    side = int((square.width - 2 * _REACH_PX) / math.sqrt(2))
    # Rounded, because the last bit of a cosine differs between machines.
    cos, sin = (round(f(math.radians(degrees)), 12) for f in (math.cos, math.sin))
    half, centre = side / 2, square.width / 2
    inverse = (cos, -sin, centre - (cos - sin) * half, sin, cos, centre - (sin + cos) * half)
    soft = square.filter(ImageFilter.GaussianBlur(_BLUR_PX))
    seen = soft.transform((side, side), Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)
    small = int(side * _SHRINK) // 2 * 2
    return seen.resize((small, small), Image.Resampling.BICUBIC)


def drawn_box(size: tuple[int, int], least: float, rng: Rng) -> Box:
    """A box with even sides of ``least`` to 1 times those of ``(width, height)``, at a drawn place."""
    part = rng.uniform(least, 1)
    width, height = (int(side * part) // 2 * 2 for side in size)
    left, top = rng.integer(0, size[0] - width), rng.integer(0, size[1] - height)
    return left, top, left + width, top + height


def inner(picture: Image.Image, rng: Rng) -> Image.Image:
    """Most of a picture, never all: beside the whole, what was changed by nothing is no second copy of one file."""
    width, height = (side - _RIM_PX for side in picture.size)
    left, top, right, bottom = drawn_box((width, height), _INNER, rng)
    x, y = rng.integer(0, _RIM_PX), rng.integer(0, _RIM_PX)
    return picture.crop((left + x, top + y, right + x, bottom + y))


def mirrored(picture: Image.Image, axis: str) -> Image.Image:
    """The picture mirrored top to bottom (``vertical``), left to right (``horizontal``) or copied (``none``)."""
    method = _MIRROR[axis]
    return picture.copy() if method is None else picture.transpose(method)


def turned_frames(frames: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """Frames ``(T, S, S, 3)`` turned counter-clockwise by ``quarters`` right angles."""
    return np.ascontiguousarray(np.rot90(frames, quarters, axes=(1, 2)))


def turn_margin(small: NDArray[np.floating[Any]]) -> float:
    """How clearly a square grey thumbnail differs from its own turns.

    The measure is the smallest mean absolute difference to a turn of itself, after both have mean 0 and deviation 1
    (1.13 for unrelated noise, 0 for a symmetric picture).

    Returns:
        The measure less the least that is accepted: 0 is just enough.

    Raises:
        Unusable: ``flat`` or ``symmetric``.
    """
    small = _normal(small)
    # Three right angles turn the difference of one, and change nothing about its mean.
    change = min(float(np.abs(small - np.rot90(small, k)).mean()) for k in (1, 2))
    if change < _LEAST_CHANGE:
        raise Unusable("symmetric", f"a turn changes it by {exact(change, _LEAST_CHANGE, 2)}, needs {_LEAST_CHANGE}")
    return change - _LEAST_CHANGE


def tilt_margin(small: NDArray[np.floating[Any]], step: int) -> float:
    """How clearly what the disc inside a square grey thumbnail shows changes at each multiple of ``step`` degrees.

    Measure, return value and errors are those of :func:`turn_margin`; the least that is accepted is lower, because
    a small turn changes little.
    """
    side = small.shape[0]
    square = (np.arange(side) - (side - 1) / 2) ** 2
    disc = square[:, None] + square[None, :] < (side / 2 - 1) ** 2
    small = _normal(small)
    plain = Image.fromarray(small.astype(np.float32))
    tilts = (np.asarray(plain.rotate(angle, Image.Resampling.BILINEAR)) for angle in range(step, 360, step))
    change = min(float(np.abs(tilt - small)[disc].mean()) for tilt in tilts)
    if change < _LEAST_TILT_CHANGE:
        raise Unusable("symmetric", f"a turn changes it by {change:.2f}, needs {_LEAST_TILT_CHANGE}")
    return change - _LEAST_TILT_CHANGE


def mirror_margin(small: NDArray[np.floating[Any]], axes: tuple[str, ...]) -> float:
    """How clearly a grey thumbnail differs from its mirror images along ``axes``, and these from each other.

    Measure, return value and errors are those of :func:`turn_margin`.
    """
    small = _normal(small)
    images = [small, *(np.flip(small, 0 if axis == "vertical" else 1) for axis in axes)]
    change = min(float(np.abs(a - b).mean()) for i, a in enumerate(images) for b in images[:i])
    if change < _LEAST_MIRROR_CHANGE:
        raise Unusable("symmetric", f"mirroring changes it by {change:.2f}, needs {_LEAST_MIRROR_CHANGE}")
    return change - _LEAST_MIRROR_CHANGE


def _normal(small: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Mean 0 and deviation 1, so that contrast does not count."""
    spread = float(small.std())
    if spread < _LEAST_SPREAD:
        raise Unusable("flat", f"deviation {exact(spread, _LEAST_SPREAD)} of 255, needs {_LEAST_SPREAD}")
    normal: NDArray[np.floating[Any]] = (small - small.mean()) / spread
    return normal
