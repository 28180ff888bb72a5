"""Sums over many boxes of one picture, at the cost of four look-ups each; sums over windows and means of blocks."""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ints = NDArray[np.int64]
Singles = NDArray[np.float32]
Pixels = NDArray[np.uint8]

#: Side of the windows of :func:`window_sums`.
WINDOW: Final = 7

_FRACTION: Final = 256


class Sums:
    """Crow's summed-area table of an RGB picture: for every corner of pixels, the sum of all pixels above and left."""

    def __init__(self, picture: Image.Image) -> None:
        # Sums may wrap around at 2**32 in large pictures; differences stay right, as no box that is asked for does.
        table = np.zeros((picture.height + 1, picture.width + 1, 3), dtype=np.uint32)
        table[1:, 1:] = np.asarray(picture)
        # Row by row, as numpy's cumulative sum along columns takes four times as long.
        for above, row in pairwise(table):
            np.add(above, row, out=row)
        np.cumsum(table, axis=1, out=table)
        self._row_length = picture.width + 1
        self._table = table.reshape(-1, 3)

    def rims(self, inside: Ints, span: Ints, depth: int, samples: int) -> Ints:
        """Return mean colours of strips just outside the four sides of boxes, in equal steps along each side.

        Args:
            inside: ``(N, 4)``: left, top, right, bottom of the boxes that the strips touch.
            span: ``(N, 4)``: left, top, right, bottom between which the strips extend.
            depth: of a strip, in pixels.
            samples: number of steps along each side.

        Returns:
            ``(N, 4 * samples, 3)``: left, right, top, bottom; means in 256ths of a level, rounded down.
        """
        xs, ys = (_step_ends(span[:, k], span[:, k + 2], samples) for k in (0, 1))
        (lefts, rights), (tops, bottoms) = (_strip_edges(inside[:, k], inside[:, k + 2], depth) for k in (0, 1))
        vertical_strips = [(ys * self._row_length, x) for x in (lefts, rights)]
        horizontal_strips = [(xs, y * self._row_length) for y in (tops, bottoms)]
        # Table values at the ends of all steps, on both edges of the strips: ``(4, N, samples + 1, 2, 3)``.
        corners = np.stack(
            [along[:, :, None] + across[:, None] for along, across in (*vertical_strips, *horizontal_strips)]
        )
        sums = self._table.take(corners, axis=0)
        strips = sums[..., 1, :] - sums[..., 0, :]
        total = np.asarray(strips[:, :, 1:] - strips[:, :, :-1], dtype=np.uint32).astype(np.int64)
        area = depth * np.stack([np.diff(ys), np.diff(xs)]).repeat(2, axis=0)
        means = total * _FRACTION // area[..., None]
        return np.asarray(means.transpose(1, 0, 2, 3).reshape(len(inside), 4 * samples, 3), dtype=np.int64)

    def sketches(self, boxes: Ints, side: int) -> Pixels:
        """Return what boxes show, each as ``side`` by ``side`` means, rounded down.

        Args:
            boxes: ``(N, 4)``: left, top, right and bottom, at least ``side`` pixels wide and high.
            side: of a sketch, in means.

        Returns:
            ``(N, side, side, 3)``.
        """
        xs, ys = (_step_ends(boxes[:, k], boxes[:, k + 2], side) for k in (0, 1))
        sums = self._table.take(ys[:, :, None] * self._row_length + xs[:, None], axis=0)
        rows = sums[:, 1:] - sums[:, :-1]
        area = (np.diff(ys)[:, :, None] * np.diff(xs)[:, None]).astype(np.uint32)
        return np.asarray((rows[:, :, 1:] - rows[:, :, :-1]) // area[..., None], dtype=np.uint8)


def window_sums(values: Singles) -> Singles:
    """Return the sums of all windows that fit into the last two axes, see :data:`WINDOW`.

    They are in single precision: exact for whole numbers if they stay below 2**24, for quarters if below 2**22.
    """
    height, width = values.shape[-2:]
    # As one long line, which takes numpy a third of the time. Windows that run over the end of a row are cut off below.
    line = np.ravel(values)
    for step in (width, 1):
        pair_sums = line[:-step] + line[step:]
        quad_sums = pair_sums[: -2 * step] + pair_sums[2 * step :]
        line = quad_sums[: -3 * step] + pair_sums[4 * step : -step] + line[(WINDOW - 1) * step :]
    sums = np.zeros(values.size, dtype=np.float32)
    sums[: line.size] = line
    return sums.reshape(values.shape)[..., : height - WINDOW + 1, : width - WINDOW + 1]


def block_means(values: Singles | Pixels, side: int) -> Singles:
    """Reduce squares ``(n, height, width, colours)`` to ``side`` by ``side`` means, ``(n, side, side, colours)``."""
    n, step = len(values), values.shape[1] // side
    # One axis after the other, the long one as a whole, is five times as fast in numpy.
    rows = values.reshape(n, side, step, -1).mean(axis=2, dtype=np.float32)
    return np.asarray(rows.reshape(n, side, side, step, -1).mean(axis=3), dtype=np.float32)


def _strip_edges(low: Ints, high: Ints, depth: int) -> tuple[Ints, Ints]:
    """Return both edges of the strip before a box, and of the strip after it, ``(N, 2)`` each."""
    return np.stack([low - depth, low], axis=1), np.stack([high, high + depth], axis=1)


def _step_ends(start: Ints, stop: Ints, count: int) -> Ints:
    """Return the ends of ``count`` equal steps, ``(N, count + 1)``."""
    return np.asarray(start[:, None] + (stop - start)[:, None] * np.arange(count + 1) // count, dtype=np.int64)
