"""In which clips of a run of frames, and where in them, a piece occurs only once, judged by the likeness of frames."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from puzzlegen.media.motion import Pixels, static, thumbnails
from puzzlegen.media.succession import Floats, frame_distances, pace

# The least mean distance, in steps of the clip's pace, between the frames of the piece and those at any other place
# that shares less than half of it. Below are gestures held still, jumping up and down, a ball kicked again and again.
LEAST_OTHER: Final = 1.65
# The same for a piece near an end of the clip, which has other places on one side only. In 334 clips, 44 % of such
# places exceed 1.65, and 31 % of those in the middle, so that "the last seconds" was right twice as often as by chance.
# Of the places near an end, 26 % exceed 2.0.
LEAST_OTHER_AT_END: Final = 2.0
#: More than any distance between two frames, in grey levels.
_FAR: Final = 256.0


def occurrences(run: Pixels, piece: int, count: int) -> Floats:
    """Return how clearly a piece occurs only once, for each place in each clip that can be cut out of a run.

    Args:
        run: ``(T, H, W, 3)`` uint8 RGB, all of one shot.
        piece: number of frames of the piece.
        count: number of frames of a clip, at most T.

    Returns:
        ``(count - piece + 1, T - count + 1)``, by where the piece begins in the clip and where the clip begins in the
        run: by how many steps of the clip's pace the threshold is exceeded, 0 is just enough. Minus infinity where
        nothing moves in the clip, and for places that share half of the piece or more with all others.
    """
    small, distances = thumbnails(run), frame_distances(run)
    starts = len(run) - piece + 1
    piece_distances = (
        sum((distances[k : k + starts, k : k + starts] for k in range(piece)), np.zeros((starts, starts))) / piece
    )
    return np.stack(list(_clip_margins(small, distances, piece_distances, piece, count)), axis=1)


def _clip_margins(
    small: Pixels, distances: Floats, piece_distances: Floats, piece: int, count: int
) -> Iterator[Floats]:
    places = np.arange(count - piece + 1)
    # Places nearer than half a piece show much the same, and do not count as other places.
    is_other = 2 * np.abs(places[:, None] - places) > piece
    is_inside = (np.argmax(is_other, axis=1) < places) & (
        places < len(places) - 1 - np.argmax(is_other[:, ::-1], axis=1)
    )
    thresholds = np.where(is_other.any(axis=1), np.where(is_inside, LEAST_OTHER, LEAST_OTHER_AT_END), np.inf)
    for begin in range(len(small) - count + 1):
        if static(small[begin : begin + count]):
            yield np.full(len(places), -np.inf)
            continue
        placements = slice(begin, begin + len(places))
        nearest = np.where(is_other, piece_distances[placements, placements], _FAR).min(axis=1)
        clip = slice(begin, begin + count)
        yield nearest / pace(distances[clip, clip]) - thresholds
