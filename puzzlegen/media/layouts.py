"""How right an arrangement of tiles looks to a model that sees only the tiles' sides, by a fixed measure.

A right arrangement differs from wrong ones in more than its joints. Sides at the rim of a picture are smoother than
those inside, and smoothest at its top: a model that puts smooth sides there needs no joints. So this measure, a learned
linear model, looks at both joints and single sides. Tasks choose wrong arrangements by it, such that the right one
looks best as often as worst.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.media.joins import OWN, SIDE, UNIT, Floats, Sides, features_of, sides_of

_Scores = list[list[float]]

_MAX_FEATURE: Final = 3 * UNIT
# Logistic regression on right and wrong arrangements of 3,026 puzzles (3x3, default settings) made from 59 photos,
# frames of 11 filmed scenes, and 83 generated scenes. Weights learned on half of the sources picked the right one of
# four arrangements 43 and 47 % of the time on the other half.
_JOINT_WEIGHTS: Final = np.array(
    [-48.0, 0.0, -21.0, 11.0, 12.0, -14.0, 3.0, -57.0, -92.0, 10.0, 14.0, -16.0, 19.0, -5.0, 24.0, -200.0, 10.0, -13.0]
)
#: Weights of the features of :func:`alone`. Rows: right, left, bottom and top sides.
_SIDE_WEIGHTS: Final = np.array(
    [[12.0, 50.0, 30.0, 1.0], [2.0, 36.0, 47.0, 1.0], [6.0, -16.0, 122.0, -42.0], [1.0, 59.0, 132.0, -25.0]]
)


class Looks:
    """How right different orders of the same tiles look.

    Args:
        tiles: RGB pictures, as they are shown.
        cols: columns of the grid in which the tiles are laid out, row by row.
    """

    def __init__(self, tiles: Sequence[Image.Image], cols: int) -> None:
        small = np.stack([np.asarray(tile.resize((SIDE, SIDE), Image.Resampling.BOX)) for tile in tiles])
        sides = sides_of(small)
        joint_scores = np.tensordot(_JOINT_WEIGHTS, features_of(sides), 1)
        side_scores = (_SIDE_WEIGHTS[:, :, None] * alone(sides)).sum(axis=1)
        # Lists, because single values are looked up; all of them are whole.
        self._beside: _Scores = (joint_scores[0] + side_scores[0][:, None] + side_scores[1]).tolist()
        self._below: _Scores = (joint_scores[1] + side_scores[2][:, None] + side_scores[3]).tolist()
        self._cols = cols

    def of(self, order: Sequence[int]) -> float:
        """Return how right the tiles look if place k holds tile ``order[k]``; more is better."""
        cols = self._cols
        beside = sum(self._beside[order[k - 1]][order[k]] for k in range(len(order)) if k % cols)
        return beside + sum(self._below[order[k - cols]][order[k]] for k in range(cols, len(order)))


def alone(sides: Sides) -> Floats:
    """Return what each side shows by itself: ``(4 sides, 4 features, n)``.

    The features are how far luma varies along a side, how much it changes inwards, how much from sample to sample, and
    how light the side is. Each is relative to its mean over all sides, in thousandths of its deviation.
    """
    features = np.stack([_side_features(sides.own[:, k]) for k in range(4)])
    n = features.shape[0] * features.shape[2]
    total, square = (x.sum(axis=(0, 2), keepdims=True) for x in (features, features * features))
    spread = np.sqrt(np.maximum(n * square - total * total, n * n))
    return np.asarray(np.clip(np.floor(UNIT * (n * features - total) / spread), -_MAX_FEATURE, _MAX_FEATURE))


def _side_features(own: NDArray[np.float64]) -> Floats:
    """Return the features, ``(4, n)``, of sides ``(3, SIDE / 2, n)``; sums of whole numbers are exact in any order."""
    outer, count = own[0], own.shape[1]
    total, square = outer.sum(axis=0), (outer * outer).sum(axis=0)
    variation = np.floor(np.sqrt(np.maximum(count * square - total * total, 0)))
    steps = np.abs(np.diff(outer, axis=0)).sum(axis=0)
    return np.stack([variation, np.abs(outer - own[1]).sum(axis=0), steps, np.floor(total / OWN)])
