"""Cut a picture into tiles such that the sides of true neighbours match no better than those of other tiles.

A gap between tiles is not enough: two sides that met still look alike, and of a few options the right one still
matches best. So for each cell of the grid several crops are drawn, within what the gap allows, and the one to show is
chosen among them.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.joins import SIDE, Joints, gains, joints
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import distinct, least_apart, seen
from puzzlegen.media.scaled import Box
from puzzlegen.media.sums import block_means
from puzzlegen.media.tiles import LEAST_SIDE_PX, cut
from puzzlegen.rng import Rng

Whole = NDArray[np.int64]

#: Candidate crops: about this many for the whole grid ...
_CROPS: Final = 36
#: ... and at least and at most this many per cell.
_CROPS_PER_CELL: Final = (2, 8)
#: How many random combinations of crops are compared, and how often each crop of the best one is then exchanged for a
#: better one.
_SEARCH: Final = (256, 2)
#: A grid of this few cells leaves so much freedom that the best of all combinations gives the answer away as well: the
#: sides of neighbours then match worse than those of other tiles. So the search is cut short.
_SMALL_GRID_CELLS: Final = 4
_SMALL_GRID_SEARCH: Final = (16, 0)
_REDUCTION: Final = 2
#: Side, in pixels, of the small versions in which tiles are compared for likeness.
_LAYOUT_SIDE: Final = 8
# Of 80 puzzles made from charts, five of the seven disputable ones lie below this, and one other; of puzzles made from
# photos, one in 400.
_LEAST_APART: Final = 3.5


def told_apart(
    item: OpenItem, rows: int, cols: int, gap: float, level: float, rng: Rng, *, beside: bool = False
) -> tuple[list[Image.Image], float]:
    """Return an item's tiles as :func:`cut_apart` cuts them, and how clearly their places can be distinguished.

    The second value is that of :func:`puzzlegen.media.places.distinct`; ``beside`` says that the tiles are shown beside
    the picture.

    Raises:
        Unusable: ``too_small``, ``flat`` or ``interchangeable``.
    """
    margin = distinct(item.known(seen, rows, cols), beside=beside)
    return cut_apart(item.image(), rows, cols, gap, level, rng), margin


def cut_apart(picture: Image.Image, rows: int, cols: int, gap: float, level: float, rng: Rng) -> list[Image.Image]:
    """Return the tiles in reading order, all of one size, each a crop of its cell that matches its neighbours little.

    Args:
        picture: RGB.
        rows: rows of the grid.
        cols: columns of the grid.
        gap: as for :func:`puzzlegen.media.tiles.cut`; with 0 a tile is its whole cell.
        level: how far :func:`puzzlegen.media.tiles.toned` will bring the tiles' tones together.
        rng: decides which crops are drawn.

    Raises:
        Unusable: ``too_small``, or ``interchangeable`` if two of the tiles show the same.
    """
    if not gap:
        return cut(picture, rows, cols, gap, rng)
    cell_size, n = (picture.width // cols, picture.height // rows), rows * cols
    size = round(cell_size[0] * (1 - gap)), round(cell_size[1] * (1 - gap))
    if min(size) < LEAST_SIDE_PX:
        raise Unusable("too_small", f"tiles of {size[0]}x{size[1]} px, need {LEAST_SIDE_PX}")
    least, most = _CROPS_PER_CELL
    per_cell = min(most, max(least, _CROPS // n))
    boxes = [_draw_box(cell_size, k // per_cell // cols, k // per_cell % cols, gap, rng) for k in range(n * per_cell)]
    small = _shrink_crops(picture, boxes)
    chosen = _choose_crops(joints(small, np.repeat(np.arange(n), per_cell), level), (rows, cols), per_cell, rng)
    _refuse_twins(small[chosen], level)
    return [picture.resize(size, Image.Resampling.BICUBIC, box=boxes[k]) for k in chosen]


def _draw_box(cell_size: tuple[int, int], row: int, col: int, gap: float, rng: Rng) -> Box:
    scale = 1 - gap * rng.uniform(0.5, 1.5)
    width, height = cell_size[0] * scale, cell_size[1] * scale
    x, y = (
        col * cell_size[0] + rng.uniform() * (cell_size[0] - width),
        row * cell_size[1] + rng.uniform() * (cell_size[1] - height),
    )
    return x, y, x + width, y + height


def _shrink_crops(picture: Image.Image, boxes: list[Box]) -> NDArray[np.uint8]:
    small = picture.reduce(_REDUCTION)
    reduced_boxes = [
        (x / _REDUCTION, y / _REDUCTION, right / _REDUCTION, bottom / _REDUCTION) for x, y, right, bottom in boxes
    ]
    return np.stack(
        [np.asarray(small.resize((SIDE, SIDE), Image.Resampling.BOX, box=reduced_box)) for reduced_box in reduced_boxes]
    )


def _refuse_twins(small: NDArray[np.uint8], level: float) -> None:
    """Raise Unusable if two tiles look the same.

    Whole cells may differ where the crops shown do not: bars, panels, a plain ground. The measure is the mean absolute
    difference of 8x8 versions, each about its mean and with its contrast levelled.
    """
    layouts = block_means(small, _LAYOUT_SIDE) * gains(small, level).astype(np.float32)[:, None, None, None]
    if (least_difference := least_apart(layouts)) < _LEAST_APART:
        raise Unusable(
            "interchangeable", f"two tiles, as shown, differ by {least_difference:.1f} of 255, need {_LEAST_APART}"
        )


def _choose_crops(joint_scores: Joints, grid: tuple[int, int], per_cell: int, rng: Rng) -> list[int]:
    """Choose one crop per cell: the cheapest of the random combinations, in larger grids improved crop by crop."""
    n = grid[0] * grid[1]
    owner = np.repeat(np.arange(n), per_cell)
    is_other_cell = owner[:, None] != owner[None]
    # Scores relative to the mean over all joints of different cells.
    excess = Joints(*(scores - int(scores[is_other_cell].sum()) // int(is_other_cell.sum()) for scores in joint_scores))
    first = per_cell * np.arange(n)
    count, sweeps = _SMALL_GRID_SEARCH if n <= _SMALL_GRID_CELLS else _SEARCH
    draws = first + np.frombuffer(rng.raw(count * n), dtype=np.uint8).reshape(count, n) % per_cell
    best = draws[int(np.argmin(_cost(draws, grid, excess)))]
    for cell in [*range(n)] * sweeps:
        candidates = np.tile(best, (per_cell, 1))
        candidates[:, cell] = first[cell] + np.arange(per_cell)
        best = candidates[int(np.argmin(_cost(candidates, grid, excess)))]
    return [int(k) for k in best]


def _cost(choices: Whole, grid: tuple[int, int], excess: Joints) -> Whole:
    """Return the cost of each of ``(m, n)`` combinations: the squares of its joints' positive excess scores, summed."""
    grids = choices.reshape(len(choices), *grid)
    met_joints = excess.beside[grids[:, :, :-1], grids[:, :, 1:]], excess.below[grids[:, :-1], grids[:, 1:]]
    excess_units = np.maximum(
        np.concatenate([joint_excess.reshape(len(choices), -1) for joint_excess in met_joints], axis=1) // 1000, 0
    )
    return np.asarray((excess_units * excess_units).sum(axis=1))
