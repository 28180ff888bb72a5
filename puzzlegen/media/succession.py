"""Pieces of a shot whose order can be told: apart at their joints, and none of them coming back later.

Distances between frames are sums of integers over 32x32 colour versions, so they are the same on every machine.
They are set against the shot's own pace, the change from one frame to the next, for what is much in a sign language
lesson is nothing on a roller coaster.

A shot whose order can be told is mostly one in which what is near in time looks alike, so a solver that only compares
joints does well too (21 of 27 four-clip puzzles at the default trim). A larger trim makes that harder.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SIDE: Final = 32
_LAYOUTS: Final = 16
#: Pieces lie within so many times the frames they need, for what happened in a long gap cannot be known.
_SPREAD: Final = 2
_LEAST_PACE: Final = 0.5
# Set by eye on 48 clips. Under 2: juggling (1.0), cups changing places (1.2), gestures that go to and fro
# (1.2 to 1.8), children jumping up and down (1.6). Over it: blocks pushed about (2.4), a walk (5.5), pouring ink (6.4).
_LEAST_RETURN: Final = 2.0
# One step is what neighbouring frames within a piece differ by: a joint must show more than that.
_LEAST_JOINT: Final = 1.2


class Pieces(NamedTuple):
    """Pieces of one shot in the order of filming, and how clearly they have one (0 is just enough)."""

    frames: tuple[Pixels, ...]
    margin: float


def frame_distances(frames: Pixels) -> Floats:
    """How much each frame differs from each other one.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T, T)`` root mean square differences of 32x32 colour versions, 0..255.
    """
    box = Image.Resampling.BOX
    small = np.stack([np.asarray(Image.fromarray(frame).resize((_SIDE, _SIDE), box)) for frame in frames])
    # Whole numbers below 2**53: floating-point products of them are exact in any order of summing.
    flat = small.reshape(len(small), -1).astype(np.float64)
    products = flat @ flat.T
    energy = np.diag(products)
    distances: Floats = np.sqrt((energy[:, None] + energy[None, :] - 2 * products) / flat.shape[1])
    return distances


def pace(distances: Floats) -> float:
    """The usual change from one frame to the next, never under half a grey level."""
    # Summed exactly: numpy's order of summing, and with it the last bit, is the machine's own affair.
    return max(_LEAST_PACE, math.fsum(np.diag(distances, 1)) / (len(distances) - 1))


def in_order(
    shot: Pixels, count: int, length: int, trim: int, rng: Rng, *, least_return: float = _LEAST_RETURN
) -> Pieces:
    """``count`` pieces of ``length`` frames at drawn places of a shot, at least ``trim`` frames between them.

    Of some drawn layouts the first is taken in which the pictures on both sides of each joint differ by more than a
    frame's pace, and two pieces that are not neighbours nowhere come closer than ``least_return`` times that pace.

    Raises:
        Unusable: ``interchangeable``.
    """
    needed = (length + trim) * count - trim
    window = min(len(shot), _SPREAD * needed)
    begin = rng.integer(0, len(shot) - window)
    frames = shot[begin : begin + window]
    distances = frame_distances(frames)
    best = float("-inf")
    for _ in range(_LAYOUTS):
        shifts = sorted(rng.integer(0, window - needed) for _ in range(count))
        starts = [k * (length + trim) + shift for k, shift in enumerate(shifts)]
        best = max(best, margin := _margin(distances, starts, length, least_return))
        if margin >= 0:
            return Pieces(tuple(frames[start : start + length] for start in starts), margin)
    raise Unusable("interchangeable", f"pieces come back or join: {best:.2f} steps short of an order")


def _margin(distances: Floats, starts: list[int], length: int, least_return: float) -> float:
    """How many steps of the shot's pace the closest joint or return is above its threshold."""
    joint = min(distances[a + length - 1, b] for a, b in pairwise(starts))
    spans = [slice(start, start + length) for start in starts]
    back = min(distances[a, b].min() for i, a in enumerate(spans) for b in spans[i + 2 :])
    step = pace(distances)
    return min(float(joint) / step - _LEAST_JOINT, float(back) / step - least_return)
