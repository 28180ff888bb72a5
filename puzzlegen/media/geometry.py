"""Crops, turns and mirrorings of pictures and of the frames of clips; turns by right angles move whole pixels."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from puzzlegen.errors import Unusable, exact
from puzzlegen.rng import Rng

#: Left, top, right and bottom in whole pixels; right and bottom are exclusive.
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
# A rosette turned by an angle of its own symmetry changes by less than 0.1; of 127 photos turned by 15 degrees, the one
# that changes least changes by 0.25.
_LEAST_TILT_CHANGE: Final = 0.2
# Set by eye on the 48 most symmetric of 127 photos: below this are a retina, a blossom, a bridge seen from its middle.
_LEAST_MIRROR_CHANGE: Final = 0.5
# Resampling leaves a texture that turns with the picture. On noise without a direction, a linear probe on the spectrum
# names the right one of 6 angles 75 % of the time; after this blur and this downscale, 28 %.
_BLUR_PX: Final = 0.8
_SHRINK: Final = 0.75
#: A crop shown beside the whole picture leaves out a rim and has at least this fraction of the remaining sides.
_INNER_SHARE: Final = 0.9
_RIM_PX: Final = 8
#: How far beyond the pixels it shows a turn by any angle may read: the reach of bicubic resampling and of the blur.
_REACH_PX: Final = 3


def shared_area(a: Box, b: Box) -> int:
    """Return how many pixels two boxes share."""
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def even(length: float) -> int:
    """Return the nearest even number of pixels, at least 2: H.264 and halved chroma need even sides."""
    return max(2, int(length / 2 + 0.5) * 2)


def square_box(size: tuple[int, int], rng: Rng) -> Box:
    """Return the largest square with even sides, at a random place in ``(width, height)``: left, top, right, bottom."""
    side = min(size) // 2 * 2
    left, top = rng.integer(0, size[0] - side), rng.integer(0, size[1] - side)
    return left, top, left + side, top + side


def turned(picture: Image.Image, quarters: int) -> Image.Image:
    """Return the picture turned counter-clockwise by ``quarters`` right angles; 0 gives a copy of the same pixels."""
    method = _TRANSPOSE[quarters]
    return picture.copy() if method is None else picture.transpose(method)


def tilted(square: Image.Image, degrees: float) -> Image.Image:
    """Return what a square picture shows after a counter-clockwise turn by any angle, with no corner left empty.

    That is the square inscribed in the disc that stays inside the picture at every angle, scaled down by a quarter. A
    turn by 0 degrees goes through the same steps as all others.

    Args:
        square: side ``S`` of 64 px or more.
        degrees: counter-clockwise.

    Returns:
        A square picture of about ``0.53 * S``, its side even and the same for every angle.
    """
    side = int((square.width - 2 * _REACH_PX) / math.sqrt(2))
    # The last bit of a cosine differs between machines, hence the rounding.
    cos, sin = (round(f(math.radians(degrees)), 12) for f in (math.cos, math.sin))
    half, centre = side / 2, square.width / 2
    inverse = (cos, -sin, centre - (cos - sin) * half, sin, cos, centre - (sin + cos) * half)
    blurred = square.filter(ImageFilter.GaussianBlur(_BLUR_PX))
    tilted_square = blurred.transform((side, side), Image.Transform.AFFINE, inverse, Image.Resampling.BICUBIC)
    small = int(side * _SHRINK) // 2 * 2
    return tilted_square.resize((small, small), Image.Resampling.BICUBIC)


def drawn_box(size: tuple[int, int], least: float, rng: Rng) -> Box:
    """Return a random box in ``(width, height)``, its even sides scaled by one factor between ``least`` and 1."""
    scale = rng.uniform(least, 1)
    width, height = (int(side * scale) // 2 * 2 for side in size)
    left, top = rng.integer(0, size[0] - width), rng.integer(0, size[1] - height)
    return left, top, left + width, top + height


def inner(picture: Image.Image, rng: Rng) -> Image.Image:
    """Return a random crop that is most of a picture, but never all of it.

    Shown beside the whole picture, a crop that is neither turned nor mirrored is then not a second copy of one file.
    """
    width, height = (side - _RIM_PX for side in picture.size)
    left, top, right, bottom = drawn_box((width, height), _INNER_SHARE, rng)
    x, y = rng.integer(0, _RIM_PX), rng.integer(0, _RIM_PX)
    return picture.crop((left + x, top + y, right + x, bottom + y))


def mirrored(picture: Image.Image, axis: str) -> Image.Image:
    """Return the picture mirrored top to bottom (``vertical``), left to right (``horizontal``) or copied (``none``)."""
    method = _MIRROR[axis]
    return picture.copy() if method is None else picture.transpose(method)


def turned_frames(frames: NDArray[np.uint8], quarters: int) -> NDArray[np.uint8]:
    """Return frames ``(T, S, S, 3)`` turned counter-clockwise by ``quarters`` right angles."""
    return np.ascontiguousarray(np.rot90(frames, quarters, axes=(1, 2)))


def least_turn_change(square: NDArray[np.floating[Any]]) -> float:
    """Return the smaller mean absolute difference of a square from itself turned by one and by two right angles.

    Three right angles are left out: the difference is that of one.
    """
    return min(float(np.abs(square - turn).mean()) for turn in (square.T[::-1], square[::-1, ::-1]))


def root_mean_square(deviations: NDArray[np.floating[Any]]) -> float:
    """Return the standard deviation of values from which their mean is already taken; half the time of numpy's own."""
    return float(np.sqrt((deviations * deviations).mean()))


def turn_margin(small: NDArray[np.floating[Any]]) -> float:
    """Return how clearly a square grey thumbnail differs from copies of itself turned by right angles.

    The measure is the smallest mean absolute difference from a turned copy, after both are brought to mean 0 and
    deviation 1 (1.13 for unrelated noise, 0 for a symmetric picture).

    Returns:
        The measure minus its threshold: 0 is just enough.

    Raises:
        Unusable: ``flat`` or ``symmetric``.
    """
    small = _normalised(small)
    change = least_turn_change(small)
    if change < _LEAST_CHANGE:
        raise Unusable("symmetric", f"a turn changes it by {exact(change, _LEAST_CHANGE, 2)}, needs {_LEAST_CHANGE}")
    return change - _LEAST_CHANGE


def tilt_margin(small: NDArray[np.floating[Any]], step: int) -> float:
    """Return how clearly the disc inside a square grey thumbnail changes at each multiple of ``step`` degrees.

    Measure, return value and errors are those of :func:`turn_margin`; the threshold is lower, because a small turn
    changes little.
    """
    side = small.shape[0]
    square = (np.arange(side) - (side - 1) / 2) ** 2
    disc = square[:, None] + square[None, :] < (side / 2 - 1) ** 2
    small = _normalised(small)
    unturned = Image.fromarray(small.astype(np.float32))
    tilts = (np.asarray(unturned.rotate(angle, Image.Resampling.BILINEAR)) for angle in range(step, 360, step))
    change = min(float(np.abs(tilt - small)[disc].mean()) for tilt in tilts)
    if change < _LEAST_TILT_CHANGE:
        raise Unusable("symmetric", f"a turn changes it by {change:.2f}, needs {_LEAST_TILT_CHANGE}")
    return change - _LEAST_TILT_CHANGE


def mirror_margin(small: NDArray[np.floating[Any]], axes: tuple[str, ...]) -> float:
    """Return how clearly a grey thumbnail differs from its mirror images along ``axes``, and these from each other.

    Measure, return value and errors are those of :func:`turn_margin`.
    """
    small = _normalised(small)
    images = [small, *(np.flip(small, 0 if axis == "vertical" else 1) for axis in axes)]
    change = min(float(np.abs(a - b).mean()) for i, a in enumerate(images) for b in images[:i])
    if change < _LEAST_MIRROR_CHANGE:
        raise Unusable("symmetric", f"mirroring changes it by {change:.2f}, needs {_LEAST_MIRROR_CHANGE}")
    return change - _LEAST_MIRROR_CHANGE


def _normalised(small: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Bring a thumbnail to mean 0 and deviation 1, so that contrast does not count."""
    deviations = small - small.mean()
    spread = root_mean_square(deviations)
    if spread < _LEAST_SPREAD:
        raise Unusable("flat", f"deviation {exact(spread, _LEAST_SPREAD)} of 255, needs {_LEAST_SPREAD}")
    normalised_pixels: NDArray[np.floating[Any]] = deviations / spread
    return normalised_pixels
