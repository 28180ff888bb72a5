"""Pieces of one shot, each framed and lit in its own way, so that pixels do not tell how they join.

What is near in time looks alike, so whoever lays like beside like has the order without knowing what happens. Every
piece is therefore seen through a window of its own, whose corners lie anywhere near the frame's, and changed in tone
and tint. Of some draws
one is taken in which the true order ranks, among the others, where chance wants it: by each of several measures of
likeness. Were the true order always ranked last instead, that alone would name it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.media.geometry import even
from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
#: Parts in an order that somebody may believe in.
Path = tuple[int, ...]

#: What hides joints from all measures tried and leaves the scene to be seen: a person still knows what is shown.
CUT: Final = 0.3
JITTER: Final = 0.25
_DRAWS: Final = 48
_WINDOWS: Final = 3
_MOST_LISTED: Final = 5
_ORDERS: Final = 120
_SMALL: Final = 64
_SIDE: Final = 16
_SHIFT: Final = 4
_ZOOMS: Final = (16, 13, 11)
_TONES: Final = 8
_UNIT: Final = 32
#: Of the measures: as they are, tones evened, tones alone, which way, crops allowed for, motion. The last three are
#: swayed least by framing.
_WEIGHTS: Final = (1, 1, 1, 2, 3, 2)
_TINT: Final = 0.5
_LEAST_SPREAD: Final = 4.0


class _Framing(NamedTuple):
    """What of a frame is seen and how.

    Attributes:
        corners: of what becomes a rectangle, as fractions: x and y of top left, bottom left, bottom right, top right.
        levels: what becomes of each level of each channel.
    """

    corners: tuple[float, ...]
    levels: list[int]


def orders(count: int, rng: Rng, *, given: int = 0) -> list[Path]:
    """The true order of ``count`` parts, then others that begin with the same ``given`` parts: all, or 119 drawn."""
    head, rest = tuple(range(given)), range(given, count)
    if len(rest) <= _MOST_LISTED:
        return [head + order for order in permutations(rest)]
    return [head + tuple(rest), *(head + tuple(rng.shuffled(rest)) for _ in range(_ORDERS - 1))]


def reframed(
    parts: Sequence[Pixels], paths: Sequence[Path], rng: Rng, *, cut: float, jitter: float
) -> tuple[Pixels, ...]:
    """The parts, each framed and lit in its own way; all of one size.

    Args:
        parts: ``(T, H, W, 3)`` uint8 RGB each.
        paths: orders of parts that a solver would choose from, the true one first.
        rng: decides framings, and where the true path is to rank.
        cut: most of the sides that a corner of a window leaves out.
        jitter: most that brightness and contrast change, as a fraction; tints change by half of it.

    Returns:
        The parts in the order given. Without ``cut`` and ``jitter`` they are what they were.
    """
    if not cut and not jitter:
        return tuple(parts)
    ends = [tuple(_shrunk(part[k]) for k in (0, min(1, len(part) - 1), max(-2, -len(part)), -1)) for part in parts]
    change = _change([picture for few in ends for picture in few])
    wanted = rng.below(len(paths))
    draws = [[_drawn(rng, cut, jitter, change) for _ in parts] for _ in range(_DRAWS)]
    chosen = min(draws, key=lambda framings: _off(wanted, ends, framings, paths))
    return tuple(_applied(part, framing, cut) for part, framing in zip(parts, chosen, strict=True))


def _change(pictures: Sequence[Image.Image]) -> Ints:
    """Where the pictures of a shot differ: the range of each pixel's levels."""
    levels = np.stack([np.asarray(picture) for picture in pictures]).astype(np.int64)
    change: Ints = (levels.max(axis=0) - levels.min(axis=0)).sum(axis=-1)
    return change


def _drawn(rng: Rng, cut: float, jitter: float, change: Ints) -> _Framing:
    """Of some windows the one with most of the change in it: what happens should stay in sight."""
    corners = max((_corners(rng, cut) for _ in range(_WINDOWS)), key=lambda found: _inside(change, found))
    gain, shift = rng.uniform(1 - jitter, 1 + jitter), 128 * rng.uniform(-jitter, jitter)
    levels = []
    for _ in range(3):
        tint = 128 * _TINT * rng.uniform(-jitter, jitter)
        levels += [min(255, max(0, int((v - 128) * gain + 128 + shift + tint + 0.5))) for v in range(256)]
    return _Framing(corners, levels)


def _corners(rng: Rng, cut: float) -> tuple[float, ...]:
    """Each corner on its own, so that windows are not only slid and zoomed, but tilted and skewed as well."""
    near, far = [rng.uniform(0, cut) for _ in range(4)], [1 - rng.uniform(0, cut) for _ in range(4)]
    return (near[0], near[1], near[2], far[0], far[1], far[2], far[3], near[3])


def _inside(change: Ints, corners: tuple[float, ...]) -> int:
    """The change in the upright rectangle that the window is closest to."""
    sums = (corners[0] + corners[2], corners[1] + corners[7], corners[4] + corners[6], corners[3] + corners[5])
    left, top, right, bottom = (round(both / 2 * _SMALL) for both in sums)
    return int(change[top:bottom, left:right].sum())


def _applied(part: Pixels, framing: _Framing, cut: float) -> Pixels:
    height, width = part.shape[1:3]
    size = even(width * (1 - cut / 2)), even(height * (1 - cut / 2))
    return np.stack([np.asarray(_seen(Image.fromarray(frame), framing, size)) for frame in part])


def _seen(picture: Image.Image, framing: _Framing, size: tuple[int, int]) -> Image.Image:
    sides = (picture.width, picture.height) * 4
    quad = tuple(part * side for part, side in zip(framing.corners, sides, strict=True))
    seen = picture.transform(size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    return seen.point(framing.levels)


def _shrunk(frame: Pixels) -> Image.Image:
    return Image.fromarray(frame).resize((_SMALL, _SMALL), Image.Resampling.BOX)


def _off(wanted: int, ends: Sequence[tuple[Image.Image, ...]], framings: list[_Framing], paths: Sequence[Path]) -> int:
    """How far from the wanted one the true path's ranks are, by all measures."""
    first, second, before, last = (
        np.stack([_thumbnail(few[k], framing) for few, framing in zip(ends, framings, strict=True)]) for k in range(4)
    )
    measures = [*_likeness(last, first), _apart(last - before, second - first)]
    total = 0
    for costs, weight in zip(measures, _WEIGHTS, strict=True):
        sums = [sum(int(costs[a, b]) for a, b in pairwise(path)) for path in paths]
        total += weight * abs(sum(one < sums[0] for one in sums) - wanted)
    return total


def _thumbnail(picture: Image.Image, framing: _Framing) -> Ints:
    seen = _seen(picture, framing, (_SIDE * 3, _SIDE * 3)).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(seen).astype(np.int64)


def _likeness(lasts: Ints, firsts: Ints) -> list[Ints]:
    """Costs of part j after part i, ``(n, n)`` each, in whole numbers, which are the same on every machine."""
    even_lasts, even_firsts = _evened(lasts), _evened(firsts)
    evened = _apart(even_lasts, even_firsts)
    return [
        _apart(lasts, firsts),
        evened,
        _apart(_tones(lasts), _tones(firsts)),
        # Framing cancels out of this one: is j's beginning nearer to i's end than i's beginning to j's end?
        evened - evened.T,
        _registered(even_lasts.sum(axis=-1), even_firsts.sum(axis=-1)),
    ]


def _apart(a: Ints, b: Ints) -> Ints:
    n = len(a)
    distance: Ints = np.abs(a.reshape(n, 1, -1) - b.reshape(1, n, -1)).sum(axis=-1)
    return distance


def _evened(pictures: Ints) -> Ints:
    """Each channel of each picture with the same mean and spread, in 32nds of a standard deviation."""
    count = _SIDE * _SIDE
    sums, squares = pictures.sum(axis=(1, 2), keepdims=True), (pictures * pictures).sum(axis=(1, 2), keepdims=True)
    spread = np.sqrt(np.maximum(squares * count - sums * sums, 0)) / count
    evened: Ints = np.rint((pictures - sums / count) * _UNIT / (spread + _LEAST_SPREAD)).astype(np.int64)
    return evened


def _tones(pictures: Ints) -> Ints:
    """``(n, 3, 8)``: how many pixels of each channel have each tone."""
    tones = pictures * _TONES // 256
    counts: Ints = np.stack([(tones == tone).sum(axis=(1, 2)) for tone in range(_TONES)], axis=-1)
    return counts


def _registered(a: Ints, b: Ints) -> Ints:
    """Mean difference of grey pictures, scaled, where one may be zoomed and slid over the other as fits best."""
    a, b = (np.stack([_zoomed(x, side) for side in _ZOOMS]) for x in (a, b))
    best = np.full((a.shape[1], a.shape[1]), np.iinfo(np.int64).max)
    shifts = range(-_SHIFT, _SHIFT + 1, 2)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        x = a[..., max(0, dy) : _SIDE + min(0, dy), max(0, dx) : _SIDE + min(0, dx)]
        y = b[..., max(0, -dy) : _SIDE + min(0, -dy), max(0, -dx) : _SIDE + min(0, -dx)]
        area = x.shape[-1] * x.shape[-2]
        for left, right in ((x, y[:1]), (x[:1], y)):
            found = np.abs(left[:, :, None] - right[:, None]).sum(axis=(-1, -2)).min(axis=0)
            best = np.minimum(best, found * 1024 // area)
    return best


def _zoomed(pictures: Ints, side: int) -> Ints:
    """The middle ``side`` pixels of each picture, nearest neighbours, at full size."""
    index = (_SIDE - side) // 2 + np.arange(_SIDE) * side // _SIDE
    return pictures[:, index][:, :, index]
