"""The rims of squares of one picture (the colours along their sides), and how alike two rims are.

Everything is computed from sums of whole numbers, their roots and quotients, which are the same on every machine.
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

#: Rims are strips of this depth, compared at SAMPLES places along each side; roughness is measured at
#: _ROUGHNESS_SAMPLES places.
STRIP_PX: Final = 4
SAMPLES: Final = 8
_ROUGHNESS_SAMPLES: Final = 32
#: Columns: light, red less green, blue less green. Rims differ more in colour than in light.
_PLANES: Final = np.array([[1, 1, 0], [2, -1, -1], [1, 0, 1]])
#: Added to the change of light along every side (in 1024ths of a grey level), so that sides that change less than this
#: count as about equally smooth.
_SMOOTHNESS_FLOOR: Final = 64
_UNIT: Final = 1024


class Rims(NamedTuple):
    """The rims of N squares.

    Attributes:
        colours: along the left, right, top and bottom sides, ``(N, 4 * SAMPLES, 3)``, in 256ths of a level.
        rough: how much the light changes along each side, ``(N, 4)``, above 0.
    """

    colours: Ints
    rough: Ints


def rims_inside(sums: Sums, squares: Sequence[Box]) -> Rims:
    """Return the rims just inside the sides of squares."""
    boxes = np.array(squares, dtype=np.int64).reshape(-1, 4)
    return _compute_rims(sums, boxes + np.array([STRIP_PX, STRIP_PX, -STRIP_PX, -STRIP_PX]), boxes)


def rims_around(sums: Sums, squares: Sequence[Box]) -> Rims:
    """Return the rims just outside the sides of squares."""
    boxes = np.array(squares, dtype=np.int64).reshape(-1, 4)
    return _compute_rims(sums, boxes, boxes)


def _compute_rims(sums: Sums, inside: Ints, span: Ints) -> Rims:
    light = sums.rims(inside, span, STRIP_PX, _ROUGHNESS_SAMPLES) @ _PLANES[:, 0]
    steps = np.abs(np.diff(light.reshape(len(span), 4, _ROUGHNESS_SAMPLES))).sum(axis=2)
    return Rims(sums.rims(inside, span, STRIP_PX, SAMPLES), np.asarray(steps + _SMOOTHNESS_FLOOR))


def likeness(a: Ints, b: Ints) -> Floats:
    """Return how alike the colours change along rims, ``(M, S, 3)`` against ``(N, S, 3)``: ``(M, N)``.

    This is the sum of three correlations: of light, of red less green, and of blue less green.
    """
    # Whole numbers as floats, with sums of products below 2**53: exact, and many times as fast as integers.
    planes = [(x.astype(np.float64) @ _PLANES).transpose(2, 0, 1) for x in (a, b)]
    first, second = (x - np.trunc(x.mean(axis=2, keepdims=True)) for x in planes)
    sizes = [np.sqrt((x * x).sum(axis=2).clip(1)) for x in (first, second)]
    products = first @ second.swapaxes(1, 2)
    return np.asarray((products / (sizes[0][:, :, None] * sizes[1][:, None])).sum(axis=0))


def evenness(a: Ints, b: Ints) -> Floats:
    """Return how alike rims are in roughness, ``(M, 4)`` against ``(N, 4)``: ``(M, N)``.

    This is the sum over the four sides of the lesser roughness over the greater.
    """
    lower, higher = np.minimum(a[:, None], b), np.maximum(a[:, None], b)
    return np.asarray((_UNIT * lower // higher).sum(axis=2) / _UNIT)
