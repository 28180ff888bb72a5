"""Cut pieces out of a shot so that their order can be recognised.

The pieces must differ where they join, must not come back later, and must make progress. They are shown through
windows and in lights of their own, so only what is left then counts: frames are compared in evened tones, at the shift
that fits best. The remaining difference is measured by the shot's own pace, the change from one frame to the next: what
is much in a sign language lesson is nothing on a roller coaster.

Progress means that differences grow with time: of any three pieces the outer two differ most, and the pieces join less
closely backwards or with two of them exchanged. Without the first condition, rubbing one's face would have an order;
without the second, a pendulum's swing would have two. Where the shot is shown beside its pieces, all that counts is
which places of the shot they may be mistaken for.

Sums over pixels are of whole numbers, and so the same on every machine.
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

#: Minimum of :func:`retraced`, in paces, for a part that is to be told from its reverse. Of 275 clips ranked by this
#: value, things held still have 1.05 (bottles, a sign), leaves 1.2, children that jump 1.3, small movements of a hand
#: 1.4; from 1.5 on the order can be seen.
LEAST_RETRACED: Final = 1.5
_LAYOUTS: Final = 512
_LEAST_PACE: Final = 0.5
# Frames are compared as 16x16 pictures, in 16ths of a standard deviation, shifted by up to 3 pixels.
_COARSE_SIDE: Final = 16
_MAX_SHIFT: Final = 3
_UNIT: Final = 16
# The following thresholds were set by eye on 104 layouts of 48 clips.
# Minimum distance of pieces that are not neighbours, in steps (the mean change from one frame to the next, between the
# first piece and the last): children that jump (1.6) and a kettle lifted and put down lie below, blocks pushed about
# (2.5) above.
_LEAST_RETURN: Final = 1.7
# Minimum change at a joint, in steps: as much as between neighbouring frames.
_LEAST_JOINT: Final = 1.0
# For any three pieces, minimum ratio of the distance between the outer two to the larger of their distances from the
# middle one: 1.0 where a face is rubbed or cups change places, 1.09 or more for a bird that comes nearer and blocks
# pushed about.
_LEAST_RISE: Final = 1.08
# Minimum factor by which the joints get wider backwards, and with any two pieces exchanged.
_LEAST_LEAD: Final = 1.3
_LEAST_SWAPPED: Final = 1.15
# Minimum mean distance of neighbouring pieces: leaves in wind (0.8), a room with a fire in it (0.8), a dog at play
# (2.4) lie below, bottles put down one by one (3.9), coffee poured (5.9), a ride (9) above. With more than four pieces,
# the minimum is lower, as they share the change that four would have.
_LEAST_APART: Final = 3.2
_FULL_COUNT: Final = 4
# Minimum distance between any frames of neighbouring pieces, as a fraction of the change at their joint; above this,
# nothing of one piece comes back in the other.
_LEAST_NEAREST: Final = 0.7
# Minimum distance between any frames of two pieces. Of 184 puzzles (group_swap, frame_order) judged by eye, 57 lie
# above, 51 of them clear and none disputable; of the others 63 are clear and 31 disputable (a woman who hardly moves, a
# walk towards the camera, gestures).
_LEAST_UNLIKE: Final = 5.0
# With the shot shown, minimum distance of pieces from the places of the shot that they may be mistaken for. Of 400
# puzzles (frame_order, clip_order) judged by eye, 306 lie above: 286 clear, 20 in doubt, none disputable. Of the others
# 39 are clear, 44 in doubt and 11 disputable (a kettle lifted again and again, a pinch that comes twice, a woman who
# hardly moves).
_LEAST_MISTAKEN: Final = 4.5
# The same for single frames, which show less of themselves and of the shot: of 150 puzzles (frame_order, with eight
# frames of the shot) judged by eye, 7 of the 8 that were answered wrongly or disputable lie below one of these two
# minima, and so do 36 of the 124 that were sure.
_LEAST_MISTAKEN_FRAME: Final = 4.75
_LEAST_MISPLACED: Final = 3.0


class Pieces(NamedTuple):
    """Pieces of one shot.

    Attributes:
        frames: the frames of each piece, in the order of filming.
        shot: all frames from the first of the first piece to the last of the last piece.
        starts: index in ``shot`` at which each piece begins.
        distances: between the frames of ``shot``, see :func:`aligned_distances`.
        margin: how clearly the pieces have an order (0 is just enough).
    """

    frames: tuple[Pixels, ...]
    shot: Pixels
    starts: tuple[int, ...]
    distances: Floats
    margin: float


def frame_distances(frames: Pixels) -> Floats:
    """Return how much each frame differs from each other frame.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T, T)`` root mean square differences of 32x32 colour versions, 0..255.
    """
    small = thumbnails(frames)
    # Whole numbers below 2**53: their floating-point products are exact in any order of summing.
    flat = small.reshape(len(small), -1).astype(np.float64)
    products = flat @ flat.T
    energy = np.diag(products)
    distances: Floats = np.sqrt((energy[:, None] + energy[None, :] - 2 * products) / flat.shape[1])
    return distances


def pace(distances: Floats) -> float:
    """Return the mean change from one frame to the next, at least 0.5 (half a grey level)."""
    # Summed exactly: numpy's order of summing, and with it the last bit, may differ between machines.
    return max(_LEAST_PACE, math.fsum(np.diag(distances, 1)) / (len(distances) - 1))


def return_margin(frames: Pixels) -> float:
    """Return how clearly a clip stays away from what it showed half its length or more before.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB, T at least 2.

    Returns:
        The least distance from an earlier frame, in paces, less the minimum. It is below 0 if the clip comes back to
        what it showed, as gestures, leaves and bouncing balls do.
    """
    distances = frame_distances(frames)
    later = np.triu_indices(len(distances), (len(distances) + 1) // 2)
    return float(distances[later].min()) / pace(distances) - _LEAST_RETURN


def retraced(distances: Floats, start: int, length: int) -> float:
    """Return how far a part played backward stays from every run of the same length played forward.

    This is the mean distance between the part's frames and those of the most similar run.

    Args:
        distances: ``(T, T)``, between all frames, see :func:`aligned_distances`.
        start: index of the part's first frame.
        length: of the part, in frames; at most T.
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
    """Draw ``count`` pieces of a shot, at least ``trim`` frames apart, whose order can be recognised.

    Of many drawn layouts the clearest is taken, from the first shot and at the greatest length that have a clear one.

    Args:
        shots: ``(T, H, W, 3)`` uint8 RGB each, in order of preference; shots that are too short are ignored.
        count: number of pieces, 3 or more.
        length_range: minimum and maximum number of frames of a piece.
        trim: minimum number of frames left out between two pieces.
        rng: decides the layouts.
        shown: whether the shot is shown as well. Pieces then need to be found in it, and need no order by themselves.
        spread: if above 0, pieces are single frames, and only this many frames of the shot are shown, :func:`evenly`
            spaced.

    Raises:
        Unusable: ``interchangeable`` if no layout is clear enough.
    """
    best = -1.0
    for shot in shots:
        max_length = min(length_range[1], (len(shot) + trim) // count - trim)
        if max_length < length_range[0]:
            continue
        distances = aligned_distances(shot)
        for length in _candidate_lengths(length_range[0], max_length):
            starts = _draw_layouts(len(shot), count, length, trim, rng)
            if shown:
                margins = _margins_with_shot(distances, starts, length, spread)
            else:
                margins = _margins(distances, starts, length)
            k = int(margins.argmax())
            best = max(best, float(margins[k]))
            if best >= 0:
                return _cut_pieces(shot, distances, starts[k], length, best)
    raise Unusable("interchangeable", f"pieces come back, join or are like others: {-best:.2f} short of an order")


def _cut_pieces(shot: Pixels, distances: Floats, starts: Ints, length: int, margin: float) -> Pieces:
    pieces = tuple(shot[start : start + length] for start in starts)
    span = slice(int(starts[0]), int(starts[-1]) + length)
    return Pieces(pieces, shot[span], tuple((starts - starts[0]).tolist()), distances[span, span], margin)


def _candidate_lengths(least: int, most: int) -> list[int]:
    """Return the lengths to try, from ``most`` down, a quarter less each time: the more frames, the easier to judge."""
    lengths = [most]
    while lengths[-1] > least:
        lengths.append(max(least, lengths[-1] * 3 // 4))
    return lengths


def _draw_layouts(frames: int, count: int, length: int, trim: int, rng: Rng) -> Ints:
    """Draw the first frames of pieces, ``(layouts, count)``.

    Half of the layouts spread over the whole shot, half over twice the frames that the pieces need.
    """
    needed = (length + trim) * count - trim
    draws = np.frombuffer(rng.raw(4 * _LAYOUTS * (count + 1)), np.uint32).reshape(_LAYOUTS, -1).astype(np.int64)
    window = np.where(np.arange(_LAYOUTS) % 2, min(frames, 2 * needed), frames)[:, None]
    shifts = np.sort(draws[:, 1:] % (window - needed + 1), axis=1)
    first_frames: Ints = draws[:, :1] % (frames - window + 1) + shifts + np.arange(count) * (length + trim)
    return first_frames


def aligned_distances(shot: Pixels) -> Floats:
    """Return how much each frame differs from each other frame beyond what windows and lights change.

    Args:
        shot: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T, T)`` root mean square differences of 16x16 versions in evened tones, at the best shift of up to 3 pixels,
        in 16ths of a standard deviation.
    """
    box = Image.Resampling.BOX
    small = np.stack([np.asarray(Image.fromarray(frame).resize((_COARSE_SIDE, _COARSE_SIDE), box)) for frame in shot])
    even = evened(small.astype(np.int64), _UNIT)
    best = np.full((len(even), len(even)), np.inf)
    shifts = range(-_MAX_SHIFT, _MAX_SHIFT + 1)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        a, b = _crop_shifted(even, dy, dx), _crop_shifted(even, -dy, -dx)
        # Whole numbers below 2**53: their floating-point products are exact in any order of summing.
        squares = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1)[None] - 2 * (a @ b.T)
        best = np.minimum(best, squares / a.shape[1])
    distances: Floats = np.sqrt(best)
    return distances


def _crop_shifted(even: Ints, dy: int, dx: int) -> Floats:
    part = even[:, max(0, dy) : _COARSE_SIDE + min(0, dy), max(0, dx) : _COARSE_SIDE + min(0, dx)]
    return part.reshape(len(even), -1).astype(np.float64)


def evenly(start: int | Ints, end: int | Ints, count: int) -> Ints:
    """Return ``count`` whole numbers from start to end inclusive, as evenly spaced as possible; one row per start."""
    return np.asarray(start + np.arange(count) * (end - start) // (count - 1))


def _margins_with_shot(distances: Floats, starts: Ints, length: int, spread: int) -> Floats:
    """Return margins like :func:`_margins`, for puzzles that show the shot, so that each piece can be found in it."""
    mistake = _least_mistake(_distances_of_runs(distances, length), starts)
    if not spread:
        return mistake / _LEAST_MISTAKEN - 1
    misplacement = _least_misplacement(distances, starts, spread)
    return np.asarray(np.minimum(mistake / _LEAST_MISTAKEN_FRAME, misplacement / _LEAST_MISPLACED) - 1)


def _least_misplacement(distances: Floats, starts: Ints, spread: int) -> Floats:
    """Return how large the mistakes must be by which the order of any two frames would change, where a shot is shown.

    A frame belongs between the shown frames right before and after it. The mistake of placing it at another shown frame
    is how much less that one resembles it than the more similar of these two. Of the mistakes about two frames, the
    larger counts, as in :func:`_least_mistake`.
    """
    shown_frames = evenly(starts[:, :1], starts[:, -1:], spread)
    shown_distances = distances[starts[:, :, None], shown_frames[:, None, :]]
    next_index = (shown_frames[:, None, :] <= starts[:, :, None]).sum(axis=2, keepdims=True)
    adjacent = [np.take_along_axis(shown_distances, np.clip(next_index + k, 0, spread - 1), axis=2) for k in (-1, 0)]
    excess = np.maximum(shown_distances - np.minimum(*adjacent), 0)
    return _least_exchange(excess, behind=1)


def _least_distance(nearest: Floats, starts: Ints) -> Floats:
    pairs = combinations(starts.T, 2)
    return np.asarray(np.min([nearest[first, second] for first, second in pairs], axis=0))


def _least_mistake(run_distances: Floats, starts: Ints) -> Floats:
    """Return, for each layout, how large the mistakes must be by which the order of any two pieces would change.

    A piece may be mistaken for any place of the shot from the first piece to the last; the size of the mistake is the
    distance between the two. Of the mistakes about two pieces, the larger counts. A kettle that is lifted twice is at
    the same height four times.
    """
    places = np.arange(len(run_distances))
    beyond = (places < starts[:, :1]) | (places > starts[:, -1:])
    piece_distances = np.where(beyond[:, None], np.inf, run_distances[starts])
    return _least_exchange(piece_distances, behind=0)


def _least_exchange(mistakes: Floats, behind: int) -> Floats:
    """Return the smallest mistakes by which an earlier piece is placed behind a later one, over all pairs and places.

    Args:
        mistakes: ``(layouts, pieces, places)``, how unlike each place each piece is; of a pair, the larger one counts.
        behind: by how many places at least the earlier piece must come behind the later one.
    """
    least_from_place = np.minimum.accumulate(mistakes[..., ::-1], axis=2)[..., ::-1][..., behind:]
    place = mistakes[..., : mistakes.shape[2] - behind]
    pairs = combinations(range(mistakes.shape[1]), 2)
    return np.asarray(np.min([np.maximum(least_from_place[:, a], place[:, b]).min(axis=1) for a, b in pairs], axis=0))


def _margins(distances: Floats, starts: Ints, length: int) -> Floats:
    """Return how far the weakest measure of each layout is above its threshold, as a fraction of the threshold."""
    firsts, count = starts.T, starts.shape[1]
    lasts = firsts + length - 1
    means, nearest = _run_distances(distances, length)
    steps = np.maximum(_LEAST_PACE, _mean_steps(distances, firsts[0], lasts[-1]))
    joint_distances = {
        (a, b): np.maximum(distances[lasts[a], firsts[b]], _LEAST_PACE) for a, b in permutations(range(count), 2)
    }
    joints = np.stack([joint_distances[pair] for pair in pairwise(range(count))])
    returns = np.min([nearest[firsts[a], firsts[b]] for a, b in combinations(range(count), 2) if b > a + 1], axis=0)
    mean_distances = {(a, b): means[firsts[a], firsts[b]] for a, b in combinations(range(count), 2)}
    rises = [
        mean_distances[a, c] / np.maximum(1, np.maximum(mean_distances[a, b], mean_distances[b, c]))
        for a, b, c in combinations(range(count), 3)
    ]
    least_apart = _LEAST_APART * min(1, (_FULL_COUNT - 1) / (count - 1))
    ratios = [
        joints.min(axis=0) / steps / _LEAST_JOINT,
        returns / steps / _LEAST_RETURN,
        np.min(rises, axis=0) / _LEAST_RISE,
        np.min([mean_distances[pair] for pair in pairwise(range(count))], axis=0) / least_apart,
        np.min([nearest[firsts[a], firsts[b]] / joint_distances[a, b] for a, b in pairwise(range(count))], axis=0)
        / _LEAST_NEAREST,
        _least_distance(nearest, starts) / _LEAST_UNLIKE,
    ]
    if length > 1:
        backwards = tuple(reversed(range(count)))
        ratios.append(_joint_widening(joint_distances, backwards) / _LEAST_LEAD)
        ratios += [_joint_widening(joint_distances, order) / _LEAST_SWAPPED for order in _swapped_orders(count)]
    margins: Floats = np.min(ratios, axis=0) - 1
    return margins


def _joint_widening(joint_distances: dict[tuple[int, int], Floats], order: tuple[int, ...]) -> Floats:
    """Return how many times wider the joints found only in ``order`` are than those found only in the true order."""
    true_joints, order_joints = set(pairwise(range(len(order)))), set(pairwise(order))
    sums = [
        sum(joint_distances[pair] for pair in sorted(pairs))
        for pairs in (order_joints - true_joints, true_joints - order_joints)
    ]
    return np.asarray(sums[0]) / np.maximum(1, sums[1])


def _swapped_orders(count: int) -> list[tuple[int, ...]]:
    """Return all orders in which two pieces have changed places."""
    pairs = combinations(range(count), 2)
    return [tuple(b if k == a else a if k == b else k for k in range(count)) for a, b in pairs]


def _run_distances(distances: Floats, length: int) -> tuple[Floats, Floats]:
    """Return mean and least distance between the frames of any two runs of ``length`` frames, ``(n, n)`` each.

    Runs are indexed by their first frames.
    """
    runs = np.lib.stride_tricks.sliding_window_view(distances, (length, length))
    # Summed in a fixed order: numpy's own order, and with it the last bit, may differ between machines.
    total = sum(runs[..., a, b] for a in range(length) for b in range(length))
    return np.asarray(total) / (length * length), runs.min(axis=(2, 3))


def _distances_of_runs(distances: Floats, length: int) -> Floats:
    """Return the mean distance of frames at the same place in any two runs, indexed as in :func:`_run_distances`."""
    count = len(distances) - length + 1
    total = sum(distances[k : k + count, k : k + count] for k in range(length))
    return np.asarray(total) / length


def _mean_steps(distances: Floats, begins: Ints, ends: Ints) -> Floats:
    """Return the mean distance of neighbouring frames from frame ``begins`` to frame ``ends``."""
    sums = np.array([0.0, *accumulate(np.diag(distances, 1).tolist())])
    steps: Floats = (sums[ends] - sums[begins]) / (ends - begins)
    return steps
