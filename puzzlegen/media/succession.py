"""Pieces of a shot whose order can be told: apart at their joints, none coming back later, and getting on.

Distances between frames are sums of integers over 32x32 colour versions, so they are the same on every machine.
They are set against the shot's own pace, the change from one frame to the next, for what is much in a sign language
lesson is nothing on a roller coaster. And they must rise with time: of any three pieces the outer two differ most, so
that no other order but the reverse runs as smoothly, and neighbours meet more closely forwards than backwards. Without
the former, rubbing one's face has an order; without the latter, a pendulum's swing has two.
"""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float64]

_SIDE: Final = 32
_LAYOUTS: Final = 64
#: Pieces lie within so many times the frames they need, for what happened in a long gap cannot be known.
_SPREAD: Final = 2
_LEAST_PACE: Final = 0.5
# Set by eye on 48 clips. Under it: juggling (1.0), cups changing places (1.2), gestures that go to and fro (1.2 up).
# Over it: blocks pushed about (2.4), a walk (5.5), pouring ink (6.4).
_LEAST_RETURN: Final = 1.5
# One step is what neighbouring frames within a piece differ by: a joint must show as much.
_LEAST_JOINT: Final = 1.0
# Of three pieces, how much further the outer two are from each other than either from the middle one. Set by eye on 61
# layouts of 48 clips: 0.6 where a face is rubbed, 1.00 for leaves in the wind, 1.02 for a fist that nods twice, and
# from 1.04 on a bird that comes nearer, coffee poured, vegetables laid out one by one, a walk.
_LEAST_RISE: Final = 1.05
# How much further apart the outer ends of neighbours are than the inner ones. Same layouts: up to 1.1 where only
# leaves or a drummer's arms move, 1.3 (pouring) to 2.8 (a ride) where something gets on.
_LEAST_LEAD: Final = 1.25


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

    Of some drawn layouts the clearest is taken. In it the pictures on both sides of each joint differ by at least a
    frame's pace, two pieces that are not neighbours nowhere come closer than ``least_return`` times that pace, and
    what lies between two pieces lies between them in looks as well.

    Raises:
        Unusable: ``interchangeable``.
    """
    needed = (length + trim) * count - trim
    window = min(len(shot), _SPREAD * needed)
    distances = frame_distances(shot)
    best, found = float("-inf"), [0] * count
    for _ in range(_LAYOUTS):
        begin = rng.integer(0, len(shot) - window)
        shifts = sorted(rng.integer(0, window - needed) for _ in range(count))
        starts = [begin + k * (length + trim) + shift for k, shift in enumerate(shifts)]
        step = pace(distances[begin : begin + window, begin : begin + window])
        margin = _margin(distances, starts, length, least_return, step)
        if margin > best:
            best, found = margin, starts
    if best < 0:
        raise Unusable("interchangeable", f"pieces come back or join: {-best:.2f} short of an order")
    return Pieces(tuple(shot[start : start + length] for start in found), best)


def _margin(distances: Floats, starts: list[int], length: int, least_return: float, step: float) -> float:
    """By what part the closest joint or return, the slowest rise or lead is above its threshold."""
    spans = [slice(start, start + length) for start in starts]
    joints = [float(distances[a.stop - 1, b.start]) for a, b in pairwise(spans)]
    back = min(float(distances[a, b].min()) for i, a in enumerate(spans) for b in spans[i + 2 :])
    found = [min(joints) / step / _LEAST_JOINT, back / step / least_return, _rise(distances, spans) / _LEAST_RISE]
    if length > 1:
        outer = math.fsum(float(distances[a.start, b.stop - 1]) for a, b in pairwise(spans))
        found.append(outer / max(1, math.fsum(joints)) / _LEAST_LEAD)
    return min(found) - 1


def _rise(distances: Floats, spans: list[slice]) -> float:
    """The least ratio, over three pieces, of how far the outer two are apart to how far one is from the middle one."""
    apart = {(i, k): math.fsum(distances[a, b].ravel()) for (i, a), (k, b) in combinations(enumerate(spans), 2)}
    triples = combinations(range(len(spans)), 3)
    return min(apart[i, k] / max(apart[i, j], apart[j, k], 1) for i, j, k in triples)
