"""Whether each tile of a picture has a place of its own: whether it shows enough for a person to put it back.

Tiles of a texture (leaves, fur, tissue, gravel), of something out of focus, or of sky all differ, and yet none has a
recognisable place. No single number separates such pictures from scenes, but five clues about different things do so
together. All are measured on whole cells of the grid, so that a picture is not rejected for one cut and kept for
another.
"""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import combinations
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.errors import Unusable
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.scaled import ScaledImage
from puzzlegen.media.sums import WINDOW, block_means, window_sums

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Side, in pixels, of the small versions in which cells are compared ...
_SIDE: Final = 32
#: ... and of those in which their layouts and joints are compared.
_COARSE: Final = 8
_LEAST_SPREAD: Final = 4.0
#: Gradients this small are noise.
_GRADIENT_NOISE: Final = 3.0
#: Weight of each clue's logarithm, and the value above which more of the clue does not make up for less of others.
_CLUE_WEIGHTS: Final = {
    "apart": (1.0, 20.0),
    "varied": (2.0, np.inf),
    "joined": (1.0, np.inf),
    "lines": (1.0, 16.0),
    "edges": (4.0, 4.0),
}
# The weights were learned on 225 clean pictures (131 photos and parts of them) cut 3x3, each judged by eye as clear,
# disputable or in between; the threshold was then set on contact sheets of others. Among fewer pairs of tiles the least
# clear one is clearer, even where no tile has a place, so that the threshold is higher.
_LEAST: Final = 13.4
_FEW_PAIRS_PENALTY: Final = 0.75
_REFERENCE_PAIRS: Final = 36
# With the picture itself beside it, a tile can be found by any mark on it. Of 72 3x3 jigsaws between 9.5 and 13.4, all
# were answered rightly, and five were in doubt; three of these had plain tiles, the only ones whose lines are below 3.
_LEAST_BESIDE: Final = 9.5
_LEAST_LINES: Final = 3.0


class Seen(NamedTuple):
    """What a picture shows in the cells of a grid.

    Attributes:
        n: number of cells.
        spread: standard deviation of the flattest cell, in grey levels.
        found: the five clues, see :func:`clues`.
    """

    n: int
    spread: float
    found: dict[str, float]

    @property
    def clear(self) -> float:
        """All clues combined: 13.4 is enough for 3x3 tiles; near 0, a picture shows little."""
        weights = _CLUE_WEIGHTS.items()
        return sum(weight * math.log(min(max(self.found[name], 0.1), most)) for name, (weight, most) in weights)


def seen(picture: ScaledImage, rows: int, cols: int) -> Seen:
    """Measure what a picture shows in the cells of a grid."""
    cells = _cut_cells(picture, rows, cols)
    return Seen(rows * cols, float(_lightness(cells).std(axis=(1, 2)).min()), clues(cells, cols))


def distinct(places: Seen, *, beside: bool = False) -> float:
    """Return how clearly each cell can be distinguished from the others by what it shows; 0 is just enough.

    Args:
        places: what a picture shows in the cells of the grid.
        beside: whether the tiles are shown beside the picture, so that they are found in it instead of put together.

    Raises:
        Unusable: ``flat`` if a cell shows nothing, ``interchangeable`` if tiles have no place of their own.
    """
    if places.spread < _LEAST_SPREAD:
        raise Unusable("flat", f"a tile's deviation is {places.spread:.1f} of 255, needs {_LEAST_SPREAD}")
    clear, lines = places.clear, places.found["lines"]
    least = (_LEAST_BESIDE if beside else _LEAST) + _FEW_PAIRS_PENALTY * max(
        0.0, math.log(_REFERENCE_PAIRS / math.comb(places.n, 2))
    )
    if clear < least:
        clue_text = ", ".join(f"{name} {value:.1f}" for name, value in places.found.items())
        raise Unusable("interchangeable", f"tiles without a place: {clear:.1f}, need {least:.1f} ({clue_text})")
    if beside and lines < _LEAST_LINES:
        raise Unusable("interchangeable", f"a tile without a mark: lines {lines:.1f}, need {_LEAST_LINES}")
    return min(clear - least, math.log(lines / _LEAST_LINES)) if beside else clear - least


def clarity(picture: ScaledImage) -> float:
    """Return how much a picture shows overall, measured on a 3x3 grid: see :attr:`Seen.clear`."""
    return seen(picture, 3, 3).clear


def clarity_of(item: OpenItem) -> float:
    """Return the :func:`clarity` of an item's clean picture; tasks about 3x3 tiles share the measurement."""
    return item.known(seen, 3, 3).clear


def clues(places: Array, cols: int) -> dict[str, float]:
    """Return the five clues to which tile is which and where it belongs.

    Args:
        places: the cells in reading order, ``(n, side, side, 3)``, in grey levels.
        cols: columns of the grid.

    Returns:
        ``apart``: difference of the two most similar layouts. ``varied``: how much more tiles differ from each other
        than quarters of one tile do. ``joined``: how much worse sides match if the pair of tiles that matters least is
        exchanged. ``lines``: strength of gradients that keep one direction, in the poorest tile. ``edges``: strongest
        gradients relative to usual ones, in the second poorest tile.
    """
    coarse = block_means(places, _COARSE)
    strength, lines = _gradients(places)
    usual, strongest = _sorted_quantile(strength, 0.5), _sorted_quantile(strength, 0.98)
    return {
        "apart": least_apart(coarse),
        "varied": _variety(places),
        "joined": _exchange_cost(coarse, cols),
        "lines": float(lines.min()),
        "edges": float(np.sort(strongest / (usual + _GRADIENT_NOISE))[1]),
    }


def _cut_cells(picture: ScaledImage, rows: int, cols: int) -> Array:
    width, height = picture.size
    small = picture.shrunk((cols * _SIDE, rows * _SIDE), (0, 0, width // cols * cols, height // rows * rows))
    values = np.asarray(small, dtype=np.float32).reshape(rows, _SIDE, cols, _SIDE, 3)
    return values.transpose(0, 2, 1, 3, 4).reshape(rows * cols, _SIDE, _SIDE, 3)


def _lightness(cells: Array) -> Array:
    """Return the mean of the three colours, ``(n, side, side, 1)``."""
    return np.asarray((cells[..., :1] + cells[..., 1:2] + cells[..., 2:]) / 3, dtype=np.float32)


def least_apart(coarse: Array) -> float:
    """Return the difference of the two most similar layouts, ignoring brightness, in grey levels."""
    layouts = coarse - coarse.mean(axis=(1, 2), keepdims=True)
    layout_differences = differences(layouts, layouts)
    np.fill_diagonal(layout_differences, np.inf)
    return float(layout_differences.min())


def _variety(cells: Array) -> float:
    """Return how much more tiles differ from each other than quarters of one tile do: in a texture, only by chance.

    What is compared is the strength of gradients across and along, brightness, and two differences of colours.
    """
    lightness = _lightness(cells)
    across = np.abs(np.diff(lightness, axis=2, append=lightness[:, :, -1:]))
    along = np.abs(np.diff(lightness, axis=1, append=lightness[:, -1:]))
    red, green, blue = (cells[..., k : k + 1] for k in range(3))
    measures = (across, along, lightness, red - green, (red + green) / 2 - blue)
    parts = np.concatenate(
        [block_means(np.asarray(measure, dtype=np.float32), 2).reshape(len(cells), 4, 1) for measure in measures],
        axis=2,
    )
    # One by one: when numpy takes many logarithms at once, their last bit depends on the processor.
    parts[..., :2] = np.reshape([math.log(value) for value in (parts[..., :2] + 2).ravel().tolist()], (-1, 4, 2))
    parts[..., 2:] /= 40
    means, noise = parts.mean(axis=1), parts.var(axis=1, ddof=1) / 4
    squared_ratios = (means[:, None] - means[None]) ** 2 / (noise[:, None] + noise[None] + 0.02)
    distances = np.sqrt(squared_ratios.sum(axis=2))
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(axis=1).mean())


def _exchange_cost(coarse: Array, cols: int) -> float:
    """Return how much worse sides match per joint if two tiles are exchanged, for the pair that matters least."""
    difference_tables = differences(coarse[:, :, -1], coarse[:, :, 0]), differences(coarse[:, -1], coarse[:, 0])
    joints, touched = _exchanges(len(coarse), cols)
    cost = sum(table[a, b].sum(axis=(1, 2)) for table, (a, b) in zip(difference_tables, joints, strict=True))
    return float(((cost[1:] - cost[0]) / touched).min())


@lru_cache(maxsize=8)
def _exchanges(n: int, cols: int) -> tuple[tuple[tuple[Ints, Ints], tuple[Ints, Ints]], Ints]:
    """Return which tiles meet beside and below each other, in place and with each pair exchanged.

    The second value is how many joints each exchange changes.
    """
    pairs = list(combinations(range(n), 2))
    orders = np.tile(np.arange(n), (len(pairs) + 1, 1))
    for order, pair in zip(orders[1:], pairs, strict=True):
        order[list(pair)] = pair[::-1]
    grids = orders.reshape(len(orders), -1, cols)
    joints = (grids[:, :, :-1], grids[:, :, 1:]), (grids[:, :-1], grids[:, 1:])
    touched = sum(((a != a[:1]) | (b != b[:1])).sum(axis=(1, 2)) for a, b in joints)
    return joints, np.asarray(touched[1:])


def differences(some: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Return mean absolute differences of each to each, ``(n, n)``, of two arrays ``(n, ...)`` of signed numbers."""
    return np.asarray(np.abs(some[:, None] - others[None]).reshape(len(some), len(others), -1).mean(axis=2))


def _gradients(cells: Array) -> tuple[Array, Array]:
    """Return sorted strengths of gradients, ``(n, pixels)``, and of each cell's lines of one direction, ``(n,)``."""
    planes = np.ascontiguousarray(cells.transpose(3, 0, 1, 2))
    across, along = np.diff(planes, axis=3)[:, :, :-1], np.diff(planes, axis=2)[..., :-1]
    # Sums of whole numbers below 2**24, which single precision holds exactly.
    tensor = np.stack([(a * b).sum(axis=0) for a, b in ((across, across), (along, along), (across, along))])
    strength = np.sqrt(tensor[0] + tensor[1]).reshape(len(cells), -1)
    xx, yy, xy = window_sums(tensor) / np.float32(WINDOW * WINDOW)
    total, directed = xx + yy, np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    line_strength = np.sqrt((total + directed) / 2) - np.sqrt(np.maximum(total - directed, 0) / 2)
    return np.sort(strength, axis=1), _sorted_quantile(np.sort(line_strength.reshape(len(cells), -1), axis=1), 0.9)


def _sorted_quantile(rows: Array, fraction: float) -> Array:
    """Return the given quantile of each sorted row, ten times as fast as numpy's percentile."""
    return np.asarray(rows[:, int(fraction * (rows.shape[1] - 1))])
