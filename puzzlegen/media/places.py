"""Whether each tile of a picture has one place: what a person needs to see in it to put it back.

Tiles of a texture (leaves, fur, tissue, gravel), of what is out of focus, or of sky all differ, and yet none has a
place. No one number tells them from scenes; five that look at different things do so together. All are taken on whole
places, so that a picture is not refused for one cut and kept for another.
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
from puzzlegen.media.sums import block_means, window_means

Array = NDArray[np.float32]
Ints = NDArray[np.int64]

#: Places are compared as versions of this side, their layouts and joints as versions of this one.
_SIDE: Final = 32
_COARSE: Final = 8
_LEAST_SPREAD: Final = 4.0
#: Gradients this small are noise.
_FAINT: Final = 3.0
#: By how much each clue's logarithm counts, and from where on more of it makes up for nothing else.
_COUNTS: Final = {
    "apart": (1.0, 20.0),
    "varied": (2.0, np.inf),
    "joined": (1.0, np.inf),
    "lines": (1.0, 16.0),
    "edges": (4.0, 4.0),
}
# Weighed on 225 clean pictures (131 photos and parts of them) cut 3x3, each called clear, disputable or between by eye;
# then set on sheets of others. Of fewer pairs the least clear one is clearer, also where nothing has a place.
_LEAST: Final = 13.4
_FEWER: Final = 0.75
_PAIRS: Final = 36
# Beside the picture itself, a tile is found by any mark that it bears: of 72 3x3 jigsaws between 9.5 and 13.4, all were
# right and five in doubt, three of these with plain tiles, whose strongest lines are the only thing below this.
_LEAST_BESIDE: Final = 9.5
_LEAST_LINES: Final = 3.0


class Seen(NamedTuple):
    """What a picture shows in the places of a grid.

    Attributes:
        n: how many they are.
        spread: deviation of the flattest one, in grey levels.
        found: what tells them apart, see :func:`clues`.
    """

    n: int
    spread: float
    found: dict[str, float]

    @property
    def clear(self) -> float:
        """All clues together: 13.4 is enough for 3x3 tiles, near 0 a picture shows little."""
        each = _COUNTS.items()
        return sum(weight * math.log(min(max(self.found[name], 0.1), most)) for name, (weight, most) in each)


def seen(picture: ScaledImage, rows: int, cols: int) -> Seen:
    """What a picture shows in the places of a grid."""
    places = _places(picture, rows, cols)
    return Seen(rows * cols, float(_light(places).std(axis=(1, 2)).min()), clues(places, cols))


def distinct(places: Seen, *, beside: bool = False) -> float:
    """How clearly each place of a grid can be told from the others by what it shows, 0 (just enough) upwards.

    Args:
        places: of a picture.
        beside: whether tiles are shown beside the picture, so that they are found in it instead of put together.

    Raises:
        Unusable: ``flat`` if a place shows nothing, ``interchangeable`` if tiles have no place of their own.
    """
    if places.spread < _LEAST_SPREAD:
        raise Unusable("flat", f"a tile's deviation is {places.spread:.1f} of 255, needs {_LEAST_SPREAD}")
    clear, lines = places.clear, places.found["lines"]
    least = (_LEAST_BESIDE if beside else _LEAST) + _FEWER * max(0.0, math.log(_PAIRS / math.comb(places.n, 2)))
    if clear < least:
        told = ", ".join(f"{name} {value:.1f}" for name, value in places.found.items())
        raise Unusable("interchangeable", f"tiles without a place: {clear:.1f}, need {least:.1f} ({told})")
    if beside and lines < _LEAST_LINES:
        raise Unusable("interchangeable", f"a tile without a mark: lines {lines:.1f}, need {_LEAST_LINES}")
    return min(clear - least, math.log(lines / _LEAST_LINES)) if beside else clear - least


def clarity(picture: ScaledImage) -> float:
    """What a picture shows in all, by the places of a 3x3 grid: see :attr:`Seen.clear`."""
    return seen(picture, 3, 3).clear


def clarity_of(item: OpenItem) -> float:
    """That of an item's clean picture; tasks about 3x3 tiles look at the same."""
    return item.known(seen, 3, 3).clear


def clues(places: Array, cols: int) -> dict[str, float]:
    """What tells tiles apart and where they belong, each where there is least of it.

    Args:
        places: ``(n, side, side, 3)``, grey levels.
        cols: columns of the grid that they come from, in reading order.
    """
    coarse = block_means(places, _COARSE)
    strength, lines = _gradients(places)
    usual, strongest = _ranked(strength, 0.5), _ranked(strength, 0.98)
    return {
        "apart": least_apart(coarse),
        "varied": _varied(places),
        "joined": _joined(coarse, cols),
        "lines": float(lines.min()),
        "edges": float(np.sort(strongest / (usual + _FAINT))[1]),
    }


def _places(picture: ScaledImage, rows: int, cols: int) -> Array:
    width, height = picture.size
    small = picture.shrunk((cols * _SIDE, rows * _SIDE), (0, 0, width // cols * cols, height // rows * rows))
    values = np.asarray(small, dtype=np.float32).reshape(rows, _SIDE, cols, _SIDE, 3)
    return values.transpose(0, 2, 1, 3, 4).reshape(rows * cols, _SIDE, _SIDE, 3)


def _light(places: Array) -> Array:
    """The mean of the three colours, ``(n, side, side, 1)``."""
    return np.asarray((places[..., :1] + places[..., 1:2] + places[..., 2:]) / 3, dtype=np.float32)


def least_apart(coarse: Array) -> float:
    """Difference of the two most similar layouts, ignoring brightness, in grey levels."""
    layouts = coarse - coarse.mean(axis=(1, 2), keepdims=True)
    apart = differences(layouts, layouts)
    np.fill_diagonal(apart, np.inf)
    return float(apart.min())


def _varied(places: Array) -> float:
    """How much more tiles differ from each other than quarters of one tile do: for a texture, no more than by chance.

    What is compared: how much there is of gradients across and along, brightness, and two colours.
    """
    light = _light(places)
    across = np.abs(np.diff(light, axis=2, append=light[:, :, -1:]))
    along = np.abs(np.diff(light, axis=1, append=light[:, -1:]))
    red, green, blue = (places[..., k : k + 1] for k in range(3))
    shown = (across, along, light, red - green, (red + green) / 2 - blue)
    parts = np.concatenate(
        [block_means(np.asarray(each, dtype=np.float32), 2).reshape(len(places), 4, 1) for each in shown], axis=2
    )
    # One by one: of numpy's logarithms of many values the last bit is the processor's affair.
    parts[..., :2] = np.reshape([math.log(value) for value in (parts[..., :2] + 2).ravel().tolist()], (-1, 4, 2))
    parts[..., 2:] /= 40
    means, noise = parts.mean(axis=1), parts.var(axis=1, ddof=1) / 4
    apart = (means[:, None] - means[None]) ** 2 / (noise[:, None] + noise[None] + 0.02)
    distances = np.sqrt(apart.sum(axis=2))
    np.fill_diagonal(distances, np.inf)
    return float(distances.min(axis=1).mean())


def _joined(coarse: Array, cols: int) -> float:
    """How much worse sides go together if two tiles are exchanged, for the least such pair, per joint."""
    tables = differences(coarse[:, :, -1], coarse[:, :, 0]), differences(coarse[:, -1], coarse[:, 0])
    joints, touched = _exchanges(len(coarse), cols)
    cost = sum(table[a, b].sum(axis=(1, 2)) for table, (a, b) in zip(tables, joints, strict=True))
    return float(((cost[1:] - cost[0]) / touched).min())


@lru_cache(maxsize=8)
def _exchanges(n: int, cols: int) -> tuple[tuple[tuple[Ints, Ints], tuple[Ints, Ints]], Ints]:
    """Tiles that meet beside and below each other, as they are and with each pair exchanged; how many joints change."""
    pairs = list(combinations(range(n), 2))
    orders = np.tile(np.arange(n), (len(pairs) + 1, 1))
    for order, pair in zip(orders[1:], pairs, strict=True):
        order[list(pair)] = pair[::-1]
    grids = orders.reshape(len(orders), -1, cols)
    joints = (grids[:, :, :-1], grids[:, :, 1:]), (grids[:, :-1], grids[:, 1:])
    touched = sum(((a != a[:1]) | (b != b[:1])).sum(axis=(1, 2)) for a, b in joints)
    return joints, np.asarray(touched[1:])


def differences(some: NDArray[Any], others: NDArray[Any]) -> NDArray[Any]:
    """Mean absolute differences of each to each, ``(n, n)``: of any two of ``(n, ...)`` numbers, not unsigned ones."""
    return np.asarray(np.abs(some[:, None] - others[None]).reshape(len(some), len(others), -1).mean(axis=2))


def _gradients(places: Array) -> tuple[Array, Array]:
    """Strengths of gradients ``(n, pixels)``, rising, and of the lines of each place that keep one direction."""
    planes = np.ascontiguousarray(places.transpose(3, 0, 1, 2))
    across, along = np.diff(planes, axis=3)[:, :, :-1], np.diff(planes, axis=2)[..., :-1]
    # Sums of whole numbers below 2**24, which single precision keeps.
    xx, yy, xy = ((a * b).sum(axis=0) for a, b in ((across, across), (along, along), (across, along)))
    strength = np.sqrt(xx + yy).reshape(len(places), -1)
    xx, yy, xy = (np.asarray(window_means(each), dtype=np.float32) for each in (xx, yy, xy))
    total, directed = xx + yy, np.sqrt((xx - yy) ** 2 + 4 * xy**2)
    kept = np.sqrt((total + directed) / 2) - np.sqrt(np.maximum(total - directed, 0) / 2)
    return np.sort(strength, axis=1), _ranked(np.sort(kept.reshape(len(places), -1), axis=1), 0.9)


def _ranked(rows: Array, part: float) -> Array:
    """The value in each sorted row that this part of its values lies below; ten times as fast as numpy's percentile."""
    return np.asarray(rows[:, int(part * (rows.shape[1] - 1))])
