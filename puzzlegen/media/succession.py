"""Pieces of a shot whose order can be told: apart at their joints, none coming back later, and getting on.

Pieces are shown through windows and in lights of their own, so only what these leave counts: frames are compared in
even tones, slid over each other as fits best. What then differs is set against the shot's own pace, the change from one
frame to the next, for what is much in a sign language lesson is nothing on a roller coaster. And it must rise with
time: of any three pieces the outer two differ most, and neither backwards nor with two pieces exchanged do the pieces
join as closely. Without the former, rubbing one's face has an order; without the latter, a pendulum's swing has two.
Where the shot is shown beside its pieces, all that counts is which places of it they may be taken for.
All sums are of whole numbers, the same on every machine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate, combinations, pairwise, permutations
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.joining import evened
from puzzlegen.media.motion import thumbnails
from puzzlegen.rng import Rng

Pixels = NDArray[np.uint8]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

#: Of what is to be told from its reverse, in paces. Of 275 clips laid out by it: what is held still is 1.05 (bottles, a
#: sign), leaves are 1.2, children that jump 1.3, small movements of a hand 1.4; from 1.5 on the order can be seen.
LEAST_RETRACED: Final = 1.5
_LAYOUTS: Final = 512
_LEAST_PACE: Final = 0.5
# Frames are compared as 16x16 pictures, in sixteenths of a standard deviation, slid by up to 3 pixels.
_COARSE: Final = 16
_SHIFT: Final = 3
_UNIT: Final = 16
# The thresholds were set by eye on 104 layouts of 48 clips. In paces, how far apart pieces are that are no neighbours:
# children that jump (1.6) and a kettle lifted and put down lie under it, blocks pushed about (2.5) over it.
_LEAST_RETURN: Final = 1.7
# One step is what neighbouring frames within a piece differ by: a joint must show as much.
_LEAST_JOINT: Final = 1.0
# Of three pieces, how much further the outer two are from each other than either from the middle one: 1.0 where a face
# is rubbed or cups change places, from 1.09 on for a bird that comes nearer and blocks pushed about.
_LEAST_RISE: Final = 1.08
# By how much the joints are worse backwards, and with any two pieces exchanged.
_LEAST_LEAD: Final = 1.3
_LEAST_SWAPPED: Final = 1.15
# How far apart neighbours are on the whole: leaves in wind (0.8), a room with a fire in it (0.8), a dog at play (2.4)
# lie under it, bottles put down one by one (3.9), coffee poured (5.9), a ride (9) over it.
# More than four pieces must share what four have.
_LEAST_APART: Final = 3.2
_FULL_COUNT: Final = 4
# How near pictures of neighbours may come, in widths of their joint: over it nothing of one comes back in the other.
_LEAST_NEAREST: Final = 0.7
# How near pictures of any two pieces may come. Of 184 puzzles (group_swap, frame_order) called by eye 57 lie over it,
# 51 clear and none disputable; of the others 63 and 31 (a woman who hardly moves, a walk towards the camera, gestures).
_LEAST_UNLIKE: Final = 5.0
# How unlike pieces must be what, beside the shot, they may be taken for. Of 400 puzzles called by eye (frame_order,
# clip_order) 306 lie over it, 286 clear, 20 in doubt, none disputable; of the others 39, 44 and 11 (a kettle lifted
# again and again, a pinch that comes twice, a woman who hardly moves).
_LEAST_MISTAKEN: Final = 4.5
# Single frames show less, of themselves and of the shot: of 150 puzzles called by eye (frame_order, eight frames of the
# shot beside them) 7 of the 8 answered wrongly or disputable lie under one of these, and 36 of the 124 that were sure.
_LEAST_MISTAKEN_FRAME: Final = 4.75
_LEAST_MISPLACED: Final = 3.0


class Pieces(NamedTuple):
    """Pieces of one shot.

    Attributes:
        frames: of each piece, in the order of filming.
        shot: from the first frame of the first to the last of the last.
        starts: where in it each piece begins.
        distances: of its frames, see :func:`aligned_distances`.
        margin: how clearly the pieces have an order (0 is just enough).
    """

    frames: tuple[Pixels, ...]
    shot: Pixels
    starts: tuple[int, ...]
    distances: Floats
    margin: float


def frame_distances(frames: Pixels) -> Floats:
    """How much each frame differs from each other one.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T, T)`` root mean square differences of 32x32 colour versions, 0..255.
    """
    small = thumbnails(frames)
    # Whole numbers below 2**53: floating-point products of them are exact in any order of summing.
    flat = small.reshape(len(small), -1).astype(np.float64)
    products = flat @ flat.T
    energy = np.diag(products)
    distances: Floats = np.sqrt((energy[:, None] + energy[None, :] - 2 * products) / flat.shape[1])
    return distances


def pace(distances: Floats) -> float:
    """The usual change from one frame to the next, never under half a grey level."""
    # Summed exactly: numpy's order of summing, and with it the last bit, is the machine's own affair.
    return max(_LEAST_PACE, math.fsum(np.diag(distances, 1)) / (len(distances) - 1))


def return_margin(frames: Pixels) -> float:
    """How far frames stay from all that was shown half the clip or more before: in paces, over the least asked.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB, T at least 2.

    Returns:
        Below 0 if the clip comes back to what it showed, as gestures, leaves and bouncing balls do.
    """
    distances = frame_distances(frames)
    later = np.triu_indices(len(distances), (len(distances) + 1) // 2)
    return float(distances[later].min()) / pace(distances) - _LEAST_RETURN


def retraced(distances: Floats, start: int, length: int) -> float:
    """How far a part played backward stays from any part as long played forward: the mean distance of their frames.

    Args:
        distances: ``(T, T)``, of the frames, see :func:`aligned_distances`.
        start: of the part.
        length: of the part, at most T.
    """
    k = np.arange(length)
    backward = start + k[::-1]
    return min(float(distances[first + k, backward].mean()) for first in range(len(distances) - length + 1))


def in_order(
    shots: Sequence[Pixels],
    count: int,
    length_range: tuple[int, int],
    trim: int,
    rng: Rng,
    *,
    shown: bool = False,
    spread: int = 0,
) -> Pieces:
    """``count`` pieces at drawn places of a shot, at least ``trim`` frames between them, in an order that can be told.

    Of many drawn layouts the clearest is taken, of the first shot and in the greatest length that has a clear one.

    Args:
        shots: ``(T, H, W, 3)`` uint8 RGB each; those that are too short are left out.
        count: of pieces, 3 or more.
        length_range: fewest and most frames of a piece.
        trim: fewest frames left out between two pieces.
        rng: decides the layouts.
        shown: the shot is shown as well: pieces are to be found in it, and need have no order of themselves.
        spread: of the shot only so many frames are shown, :func:`evenly` apart, and pieces are single frames.

    Raises:
        Unusable: ``interchangeable``.
    """
    best = -1.0
    for shot in shots:
        most = min(length_range[1], (len(shot) + trim) // count - trim)
        if most < length_range[0]:
            continue
        distances = aligned_distances(shot)
        for length in _lengths(length_range[0], most):
            starts = _layouts(len(shot), count, length, trim, rng)
            if shown:
                margins = _found_margins(distances, starts, length, spread)
            else:
                margins = _margins(distances, starts, length)
            k = int(margins.argmax())
            best = max(best, float(margins[k]))
            if best >= 0:
                return _cut_out(shot, distances, starts[k], length, best)
    raise Unusable("interchangeable", f"pieces come back, join or are like others: {-best:.2f} short of an order")


def _cut_out(shot: Pixels, distances: Floats, starts: Ints, length: int, margin: float) -> Pieces:
    pieces = tuple(shot[start : start + length] for start in starts)
    whole = slice(int(starts[0]), int(starts[-1]) + length)
    return Pieces(pieces, shot[whole], tuple((starts - starts[0]).tolist()), distances[whole, whole], margin)


def _lengths(least: int, most: int) -> list[int]:
    """From the most down, a quarter less each time: whoever sees more frames knows better."""
    found = [most]
    while found[-1] > least:
        found.append(max(least, found[-1] * 3 // 4))
    return found


def _layouts(frames: int, count: int, length: int, trim: int, rng: Rng) -> Ints:
    """Drawn first frames of pieces, ``(layouts, count)``: half of them anywhere, half as near together as can be."""
    needed = (length + trim) * count - trim
    draws = np.frombuffer(rng.raw(4 * _LAYOUTS * (count + 1)), np.uint32).reshape(_LAYOUTS, -1).astype(np.int64)
    window = np.where(np.arange(_LAYOUTS) % 2, min(frames, 2 * needed), frames)[:, None]
    shifts = np.sort(draws[:, 1:] % (window - needed + 1), axis=1)
    found: Ints = draws[:, :1] % (frames - window + 1) + shifts + np.arange(count) * (length + trim)
    return found


def aligned_distances(shot: Pixels) -> Floats:
    """How much each frame differs from each other one, whatever windows and light make of them.

    Args:
        shot: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T, T)`` root mean square differences of 16x16 versions in even tones, slid over each other by up to 3 pixels
        as fits best, in 16ths of a standard deviation.
    """
    box = Image.Resampling.BOX
    small = np.stack([np.asarray(Image.fromarray(frame).resize((_COARSE, _COARSE), box)) for frame in shot])
    even = evened(small.astype(np.int64), _UNIT)
    best = np.full((len(even), len(even)), np.inf)
    shifts = range(-_SHIFT, _SHIFT + 1)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        a, b = _overlap(even, dy, dx), _overlap(even, -dy, -dx)
        # Whole numbers below 2**53: floating-point products of them are exact in any order of summing.
        squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None] - 2 * (a @ b.T)
        best = np.minimum(best, squares / a.shape[1])
    distances: Floats = np.sqrt(best)
    return distances


def _overlap(even: Ints, dy: int, dx: int) -> Floats:
    part = even[:, max(0, dy) : _COARSE + min(0, dy), max(0, dx) : _COARSE + min(0, dx)]
    return part.reshape(len(even), -1).astype(np.float64)


def evenly(start: int | Ints, end: int | Ints, count: int) -> Ints:
    """``count`` whole numbers from start to end, both included, as evenly apart as can be; of columns, in rows."""
    return np.asarray(start + np.arange(count) * (end - start) // (count - 1))


def _found_margins(distances: Floats, starts: Ints, length: int, spread: int) -> Floats:
    """As :func:`_margins`, of what is asked where the shot is shown and each piece can be looked for in it."""
    mistaken = _mistaken(_distances_of_runs(distances, length), starts)
    if not spread:
        return mistaken / _LEAST_MISTAKEN - 1
    misplaced = _misplaced(distances, starts, spread)
    return np.asarray(np.minimum(mistaken / _LEAST_MISTAKEN_FRAME, misplaced / _LEAST_MISPLACED) - 1)


def _misplaced(distances: Floats, starts: Ints, spread: int) -> Floats:
    """How much less like than its own the shown frames must be that any two are taken for, to change their order.

    A frame's own are the shown ones before and after it. As in :func:`_mistaken` the less like of the two counts.
    """
    shown = evenly(starts[:, :1], starts[:, -1:], spread)
    apart = distances[starts[:, :, None], shown[:, None, :]]
    after = (shown[:, None, :] <= starts[:, :, None]).sum(axis=2, keepdims=True)
    near = [np.take_along_axis(apart, np.clip(after + k, 0, spread - 1), axis=2) for k in (-1, 0)]
    excess = np.maximum(apart - np.minimum(*near), 0)
    return _least_exchange(excess, behind=1)


def _unlike(nearest: Floats, starts: Ints) -> Floats:
    pairs = combinations(starts.T, 2)
    return np.asarray(np.min([nearest[first, second] for first, second in pairs], axis=0))


def _mistaken(apart: Floats, starts: Ints) -> Floats:
    """How unlike must at least be what any two pieces of each layout are taken for, to change their order.

    A piece may be taken for any place of the shot from the first piece to the last; what counts of the two is the one
    that is less like its place. A kettle that is lifted twice is at the same height four times.
    """
    places = np.arange(len(apart))
    beyond = (places < starts[:, :1]) | (places > starts[:, -1:])
    each = np.where(beyond[:, None], np.inf, apart[starts])
    return _least_exchange(each, behind=0)


def _least_exchange(unlike: Floats, behind: int) -> Floats:
    """The least, over any two pieces and places, at which the earlier one is taken for a place behind the later one's.

    Args:
        unlike: ``(layouts, pieces, places)``, each piece to each place; of two pieces the larger one counts.
        behind: by how many places at least.
    """
    from_there_on = np.minimum.accumulate(unlike[..., ::-1], axis=2)[..., ::-1][..., behind:]
    place = unlike[..., : unlike.shape[2] - behind]
    pairs = combinations(range(unlike.shape[1]), 2)
    return np.asarray(np.min([np.maximum(from_there_on[:, a], place[:, b]).min(axis=1) for a, b in pairs], axis=0))


def _margins(distances: Floats, starts: Ints, length: int) -> Floats:
    """By what part each layout's least clear measure is above its threshold."""
    firsts, count = starts.T, starts.shape[1]
    lasts = firsts + length - 1
    means, nearest = _between_runs(distances, length)
    steps = np.maximum(_LEAST_PACE, _mean_steps(distances, firsts[0], lasts[-1]))
    inner = {(a, b): np.maximum(distances[lasts[a], firsts[b]], _LEAST_PACE) for a, b in permutations(range(count), 2)}
    joints = np.stack([inner[pair] for pair in pairwise(range(count))])
    back = np.min([nearest[firsts[a], firsts[b]] for a, b in combinations(range(count), 2) if b > a + 1], axis=0)
    apart = {(a, b): means[firsts[a], firsts[b]] for a, b in combinations(range(count), 2)}
    rises = [
        apart[a, c] / np.maximum(1, np.maximum(apart[a, b], apart[b, c])) for a, b, c in combinations(range(count), 3)
    ]
    least_apart = _LEAST_APART * min(1, (_FULL_COUNT - 1) / (count - 1))
    found = [
        joints.min(axis=0) / steps / _LEAST_JOINT,
        back / steps / _LEAST_RETURN,
        np.min(rises, axis=0) / _LEAST_RISE,
        np.min([apart[pair] for pair in pairwise(range(count))], axis=0) / least_apart,
        np.min([nearest[firsts[a], firsts[b]] / inner[a, b] for a, b in pairwise(range(count))], axis=0)
        / _LEAST_NEAREST,
        _unlike(nearest, starts) / _LEAST_UNLIKE,
    ]
    if length > 1:
        backwards = tuple(reversed(range(count)))
        found.append(_worse(inner, backwards) / _LEAST_LEAD)
        found += [_worse(inner, order) / _LEAST_SWAPPED for order in _exchanged(count)]
    margins: Floats = np.min(found, axis=0) - 1
    return margins


def _worse(inner: dict[tuple[int, int], Floats], order: tuple[int, ...]) -> Floats:
    """How many times wider this order's own joints are than those of the true order that it lacks."""
    true, own = set(pairwise(range(len(order)))), set(pairwise(order))
    sums = [sum(inner[pair] for pair in sorted(pairs)) for pairs in (own - true, true - own)]
    return np.asarray(sums[0]) / np.maximum(1, sums[1])


def _exchanged(count: int) -> list[tuple[int, ...]]:
    """All orders in which two pieces have changed places."""
    pairs = combinations(range(count), 2)
    return [tuple(b if k == a else a if k == b else k for k in range(count)) for a, b in pairs]


def _between_runs(distances: Floats, length: int) -> tuple[Floats, Floats]:
    """Of runs of ``length`` frames, by their first ones: mean and least distance of their frames, ``(n, n)`` each."""
    runs = np.lib.stride_tricks.sliding_window_view(distances, (length, length))
    # Summed in one order everywhere: numpy's own, and with it the last bit, is the machine's affair.
    total = sum(runs[..., a, b] for a in range(length) for b in range(length))
    return np.asarray(total) / (length * length), runs.min(axis=(2, 3))


def _distances_of_runs(distances: Floats, length: int) -> Floats:
    """As the mean of :func:`_between_runs`, of each frame to the one that has its place in the other run only."""
    count = len(distances) - length + 1
    total = sum(distances[k : k + count, k : k + count] for k in range(length))
    return np.asarray(total) / length


def _mean_steps(distances: Floats, begins: Ints, ends: Ints) -> Floats:
    """The mean distance of neighbouring frames between two frames."""
    sums = np.array([0.0, *accumulate(np.diag(distances, 1).tolist())])
    steps: Floats = (sums[ends] - sums[begins]) / (ends - begins)
    return steps
