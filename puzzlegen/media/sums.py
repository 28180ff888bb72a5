"""Sums over many boxes of one picture, each at the price of four look-ups, in whole numbers."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ints = NDArray[np.int64]

_FRACTION: Final = 256


class Sums:
    """The sums of all pixels above and left of every corner of an RGB picture (Crow's summed-area table)."""

    def __init__(self, picture: Image.Image) -> None:
        # Differences are right modulo 2**32, however large the picture, for no box that is asked for overflows.
        self._table = np.zeros((picture.height + 1, picture.width + 1, 3), dtype=np.uint32)
        inner = self._table[1:, 1:]
        np.cumsum(np.asarray(picture), axis=0, dtype=np.uint32, out=inner)
        np.cumsum(inner, axis=1, out=inner)

    def means(self, left: Ints, top: Ints, right: Ints, bottom: Ints) -> Ints:
        """Mean colours of boxes inside the picture, in 256ths of a level, rounded down: arrays ``S`` to ``(*S, 3)``."""
        t = self._table
        total = t[bottom, right] - t[bottom, left] - t[top, right] + t[top, left]
        area = ((right - left) * (bottom - top))[..., None]
        return np.asarray(total.astype(np.int64) * _FRACTION // area, dtype=np.int64)

    def rims(self, inside: Ints, span: Ints, depth: int, samples: int) -> Ints:
        """Colours just outside the four sides of boxes, along others.

        Args:
            inside: ``(N, 4)``: left, top, right, bottom of the boxes whose sides count.
            span: ``(N, 4)``: from where to where along each side.
            depth: of what is looked at, in pixels.
            samples: along each side.

        Returns:
            ``(N, 4 * samples, 3)``: left, right, top, bottom.
        """
        left, top, right, bottom = (edge[:, None] for edge in inside.T)
        xs, ys = (_steps(span[:, k], span[:, k + 2], samples) for k in (0, 1))
        upright = [self.means(x, ys[:, :-1], x + depth, ys[:, 1:]) for x in (left - depth, right)]
        level = [self.means(xs[:, :-1], y, xs[:, 1:], y + depth) for y in (top - depth, bottom)]
        return np.concatenate([*upright, *level], axis=1)


def _steps(start: Ints, stop: Ints, count: int) -> Ints:
    """``(N, count + 1)``: the ends of ``count`` equal steps."""
    return np.asarray(start[:, None] + (stop - start)[:, None] * np.arange(count + 1) // count, dtype=np.int64)
