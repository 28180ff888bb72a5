"""Frame and light every piece of a shot in its own way, so that pixels do not tell how the pieces join.

Frames that are close in time look alike, so a solver that puts similar pieces next to each other finds the order
without understanding what happens. Every piece is therefore seen through its own window, whose corners lie anywhere
near the corners of the frame, and gets its own tone and tint. Several windows are drawn per piece. Among many
combinations of these, one is taken in which the true order ranks, by several measures of likeness, as an order taken at
random ranks in a combination taken at random. If the true order always ranked last, or had the same rank by all
measures, that alone would give it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise, permutations
from typing import Annotated, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen.media.geometry import even
from puzzlegen.media.joining import SIDE, WEIGHTS, costs_of
from puzzlegen.media.shade import light, lit
from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
#: Indices of parts, in an order that a solver may consider.
Path = tuple[int, ...]

#: Parameters that all tasks about the order of a shot's pieces share, under the same names.
Cut = Annotated[
    float, Field(ge=0, le=0.5, description="maximum fraction of the sides that a piece leaves out, drawn for each")
]
Jitter = Annotated[float, Field(ge=0, le=0.4, description="maximum change of a piece's brightness and contrast")]
#: Default strengths: none of the measures tried finds the joints any more, and a person still recognises the scene.
CUT: Final = 0.3
JITTER: Final = 0.25
SHADE: Final = 0.6
_FRAMINGS: Final = 96
_COMBINATIONS: Final = 512
_ROUNDS: Final = 12
_STARTS: Final = 8
_WINDOWS: Final = 3
_MAX_PERMUTED: Final = 5
_ORDERS: Final = 60
_SMALL_SIDE: Final = 48
_TINT: Final = 0.5


class _Framing(NamedTuple):
    """The window through which a piece is seen, and its tone and light.

    Attributes:
        corners: of the window, which becomes a rectangle, as fractions of the frame's sides: x and y of top left,
            bottom left, bottom right, top right.
        levels: ``(3, 256)``, the new value of each level of each channel.
        light: by which the toned picture is multiplied, see ``media.shade``, or None.
    """

    corners: tuple[float, ...]
    levels: NDArray[np.uint8]
    light: Image.Image | None


def orders(count: int, rng: Rng, *, given: int = 0) -> list[Path]:
    """Return orders of ``count`` parts that begin with the same ``given`` parts, the true order first.

    All other orders follow or, where more than five parts are free, 59 drawn ones.
    """
    head, rest = tuple(range(given)), range(given, count)
    if len(rest) <= _MAX_PERMUTED:
        return [head + order for order in permutations(rest)]
    return [head + tuple(rest), *(head + tuple(rng.shuffled(rest)) for _ in range(_ORDERS - 1))]


def reframed(
    parts: Sequence[Pixels], paths: Sequence[Path], rng: Rng, *, cut: float, jitter: float, shade: float
) -> tuple[Pixels, ...]:
    """Frame and light each part in its own way; all results have the same size.

    Args:
        parts: ``(T, H, W, 3)`` uint8 RGB each.
        paths: orders of parts that a solver would choose from, the true one first.
        rng: decides the framings, and how the true path is to rank.
        cut: maximum fraction of a side that the corner of a window leaves out.
        jitter: maximum change of brightness and contrast, as a fraction; tints change by half of it.
        shade: how strongly light and tint vary within a part, see ``media.shade``.

    Returns:
        The parts in the given order; unchanged if ``cut``, ``jitter`` and ``shade`` are all 0.
    """
    if not cut and not jitter and not shade:
        return tuple(parts)
    end_frames = [
        tuple(_shrink(part[k]) for k in (0, min(1, len(part) - 1), max(-2, -len(part)), -1)) for part in parts
    ]
    change = _measure_change([picture for group in end_frames for picture in group])
    framings = [[_draw_framing(rng, cut, jitter, shade, change) for _ in range(_FRAMINGS // len(parts))] for _ in parts]
    chosen = _choose_framings(end_frames, framings, paths, rng)
    return tuple(_apply_framing(part, group[k], cut) for part, group, k in zip(parts, framings, chosen, strict=True))


def _measure_change(pictures: Sequence[Image.Image]) -> Ints:
    """Return how much each pixel changes within a shot: the range of its levels, summed over the channels."""
    levels = np.stack([np.asarray(picture) for picture in pictures]).astype(np.int64)
    change: Ints = (levels.max(axis=0) - levels.min(axis=0)).sum(axis=-1)
    return change


def _draw_framing(rng: Rng, cut: float, jitter: float, shade: float, change: Ints) -> _Framing:
    """Draw a framing: of several windows the one with most of the change in it, so that the action stays visible."""
    corners = max((_draw_corners(rng, cut) for _ in range(_WINDOWS)), key=lambda window: _sum_inside(change, window))
    gain, shift = rng.uniform(1 - jitter, 1 + jitter), 128 * rng.uniform(-jitter, jitter)
    tints = np.array([128 * _TINT * rng.uniform(-jitter, jitter) for _ in range(3)])
    levels = (np.arange(256) - 128) * gain + (128.5 + shift) + tints[:, None]
    toned = np.clip(np.floor(levels), 0, 255).astype(np.uint8)
    return _Framing(corners, toned, light(rng, shade) if shade else None)


def _draw_corners(rng: Rng, cut: float) -> tuple[float, ...]:
    """Draw each corner independently, so that windows are not only shifted and zoomed, but also tilted and skewed."""
    near, far = [rng.uniform(0, cut) for _ in range(4)], [1 - rng.uniform(0, cut) for _ in range(4)]
    return (near[0], near[1], near[2], far[0], far[1], far[2], far[3], near[3])


def _sum_inside(change: Ints, corners: tuple[float, ...]) -> int:
    """Return the change within the upright rectangle closest to the window."""
    sums = (corners[0] + corners[2], corners[1] + corners[7], corners[4] + corners[6], corners[3] + corners[5])
    left, top, right, bottom = (round(total / 2 * _SMALL_SIDE) for total in sums)
    return int(change[top:bottom, left:right].sum())


def _apply_framing(part: Pixels, framing: _Framing, cut: float) -> Pixels:
    height, width = part.shape[1:3]
    size = even(width * (1 - cut / 2)), even(height * (1 - cut / 2))
    return _render([Image.fromarray(frame) for frame in part], framing, size)


def _render(pictures: Sequence[Image.Image], framing: _Framing, size: tuple[int, int]) -> Pixels:
    """Apply a framing to pictures of one size: ``(n, height, width, 3)``."""
    sides = (pictures[0].width, pictures[0].height) * 4
    quad = tuple(part * side for part, side in zip(framing.corners, sides, strict=True))
    bicubic = Image.Resampling.BICUBIC
    transformed = np.stack(
        [np.asarray(image.transform(size, Image.Transform.QUAD, quad, bicubic)) for image in pictures]
    )
    toned = np.stack([framing.levels[channel][transformed[..., channel]] for channel in range(3)], axis=-1)
    return lit(toned, framing.light) if framing.light else toned


def _shrink(frame: Pixels) -> Image.Image:
    return Image.fromarray(frame).resize((_SMALL_SIDE, _SMALL_SIDE), Image.Resampling.BOX)


def _choose_framings(
    end_frames: Sequence[tuple[Image.Image, ...]], framings: list[list[_Framing]], paths: Sequence[Path], rng: Rng
) -> list[int]:
    """Return the index of the framing to use for each part.

    In the chosen combination the true path ranks as nearly as possible like a random path in a random combination.
    """
    count, framing_count = len(end_frames), len(framings[0])
    pictures = [
        _render(group, framing, (SIDE, SIDE))
        for group, options in zip(end_frames, framings, strict=True)
        for framing in options
    ]
    costs = costs_of(*np.stack(pictures, axis=1).astype(np.int64))
    draws = (
        np.frombuffer(rng.raw((_COMBINATIONS + 1) * count), np.uint8).reshape(-1, count).astype(np.int64)
        % framing_count
    )
    target_ranks = _compute_ranks(costs, draws[:1], paths, rng.below(len(paths)))
    nearest = np.argsort(_rank_errors(draws[1:], costs, paths, target_ranks), kind="stable")[:_STARTS]
    improved = [_improve(draws[1 + k], framing_count, costs, paths, target_ranks) for k in nearest]
    return min(improved)[1]


def _improve(
    draw: Ints, framing_count: int, costs: Ints, paths: Sequence[Path], target_ranks: Ints
) -> tuple[int, list[int]]:
    """Improve a combination by changing one part's framing at a time.

    Returns:
        How far its ranks are from the wanted ones in the end, and the improved combination.
    """
    lowest_error = int(_rank_errors(draw[None], costs, paths, target_ranks)[0])
    for _ in range(_ROUNDS):
        previous_error = lowest_error
        neighbours = np.concatenate([_vary_part(draw, part, framing_count) for part in range(len(draw))])
        errors = _rank_errors(neighbours, costs, paths, target_ranks)
        lowest_error = int(errors.min())
        if lowest_error >= previous_error:
            break
        draw = neighbours[int(errors.argmin())]
    return min(lowest_error, previous_error), [int(k) for k in draw]


def _vary_part(draw: Ints, part: int, framing_count: int) -> Ints:
    neighbours = np.repeat(draw[None], framing_count, axis=0)
    neighbours[:, part] = np.arange(framing_count)
    return neighbours


def _rank_errors(draws: Ints, costs: Ints, paths: Sequence[Path], target_ranks: Ints) -> Ints:
    """Return the weighted distance of the true path's ranks from the wanted ranks, ``(draws,)``."""
    errors: Ints = np.abs(_compute_ranks(costs, draws, paths, 0) - target_ranks) @ np.array(WEIGHTS)
    return errors


def _compute_ranks(costs: Ints, draws: Ints, paths: Sequence[Path], path: int) -> Ints:
    """Return how many paths cost less than ``path``, by each measure and by all together: ``(draws, measures + 1)``."""
    framing_count = costs.shape[1] // draws.shape[1]
    picks = draws + np.arange(draws.shape[1]) * framing_count
    joint_costs = {pair: costs[:, picks[:, pair[0]], picks[:, pair[1]]] for path in paths for pair in pairwise(path)}
    ranks = _rank_values(np.stack([sum(joint_costs[pair] for pair in pairwise(path)) for path in paths]))
    combined = _rank_values(ranks.sum(axis=1))
    return np.concatenate([ranks[path], combined[path][None]]).T


def _rank_values(sums: Ints) -> Ints:
    """Return ranks along the first axis; of equal values, the first gets the lower rank."""
    return np.argsort(np.argsort(sums, axis=0, kind="stable"), axis=0, kind="stable")
