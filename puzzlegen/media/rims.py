"""What lies along the sides of squares of one picture, and how alike two such rims are.

Sums of whole numbers, and roots and quotients of those, are the same on every machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.media.geometry import Box
from puzzlegen.media.sums import Sums

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Rims are compared in strips of this depth, at this many places along each side; roughness is taken of more of them.
STRIP_PX: Final = 4
SAMPLES: Final = 8
_MORE: Final = 32
#: Light, red less green, blue less green: rims differ in colours more than in light.
_PLANES: Final = np.array([[1, 1, 0], [2, -1, -1], [1, 0, 1]])
#: Below this much change along a side all are equally smooth, in 256ths of four grey levels.
_SMOOTH: Final = 64
_UNIT: Final = 1024


class Rims(NamedTuple):
    """Of N squares.

    Attributes:
        colours: along their left, right, top and bottom sides, ``(N, 4 * SAMPLES, 3)``, in 256ths of a level.
        rough: how much light changes along each side, ``(N, 4)``, above 0.
    """

    colours: Ints
    rough: Ints


def rims_inside(sums: Sums, squares: Sequence[Box]) -> Rims:
    """What lies along their sides, inside."""
    places = np.array(squares, dtype=np.int64).reshape(-1, 4)
    return _rims(sums, places + np.array([STRIP_PX, STRIP_PX, -STRIP_PX, -STRIP_PX]), places)


def rims_around(sums: Sums, squares: Sequence[Box]) -> Rims:
    """What lies along their sides, outside."""
    places = np.array(squares, dtype=np.int64).reshape(-1, 4)
    return _rims(sums, places, places)


def _rims(sums: Sums, inside: Ints, span: Ints) -> Rims:
    light = sums.rims(inside, span, STRIP_PX, _MORE) @ _PLANES[:, 0]
    steps = np.abs(np.diff(light.reshape(len(span), 4, _MORE))).sum(axis=2)
    return Rims(sums.rims(inside, span, STRIP_PX, SAMPLES), np.asarray(steps + _SMOOTH))


def likeness(a: Ints, b: Ints) -> Floats:
    """How alike colours change along rims, each of ``(M, S, 3)`` and of ``(N, S, 3)``: ``(M, N)``.

    The sum of the correlations of light, and of red and blue less green.
    """
    # Whole numbers as floats, and sums of their products below 2**53: exact, and many times as fast.
    planes = [(x.astype(np.float64) @ _PLANES).transpose(2, 0, 1) for x in (a, b)]
    one, other = (x - np.trunc(x.mean(axis=2, keepdims=True)) for x in planes)
    sizes = [np.sqrt((x * x).sum(axis=2).clip(1)) for x in (one, other)]
    both = one @ other.swapaxes(1, 2)
    return np.asarray((both / (sizes[0][:, :, None] * sizes[1][:, None])).sum(axis=0))


def evenness(a: Ints, b: Ints) -> Floats:
    """How alike rims are in roughness, ``(M, 4)`` and ``(N, 4)``: ``(M, N)``.

    The sum over sides of lesser over greater.
    """
    less, more = np.minimum(a[:, None], b), np.maximum(a[:, None], b)
    return np.asarray((_UNIT * less // more).sum(axis=2) / _UNIT)
