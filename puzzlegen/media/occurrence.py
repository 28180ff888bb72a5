"""Where in which clip a piece of a run of frames occurs once, as far as likeness of frames can tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from puzzlegen.media.motion import Pixels, static, thumbnails
from puzzlegen.media.succession import Floats, frame_distances, pace

# In steps of the clip's pace: the mean distance of the piece's frames to those at any other place that shares less
# than half of it. Under it: gestures held still, jumping up and down, a ball kicked again and again.
LEAST_OTHER: Final = 1.65
# The same of a piece near an end, which has others on one side only. Of 334 clips 44 % of these places are 1.65 away,
# of those in the middle 31 %, so that "the last seconds" was right twice as often as by chance; 2.0 away are 26 %.
LEAST_OTHER_AT_END: Final = 2.0
#: Farther than any two frames are from each other, in grey levels.
_FAR: Final = 256.0


def occurrences(run: Pixels, piece: int, count: int) -> Floats:
    """How clearly a piece occurs in one place only, for each place in each clip that can be cut out of a run.

    Args:
        run: ``(T, H, W, 3)`` uint8 RGB, of one shot.
        piece: its frames.
        count: a clip's frames, at most T.

    Returns:
        ``(count - piece + 1, T - count + 1)``, by the place in the clip and by where in the run the clip begins: paces
        over what is asked, 0 is just enough. Minus infinity where nothing moves in the clip, and for places that share
        half of the piece with all others.
    """
    small, distances = thumbnails(run), frame_distances(run)
    starts = len(run) - piece + 1
    apart = sum((distances[k : k + starts, k : k + starts] for k in range(piece)), np.zeros((starts, starts))) / piece
    return np.stack(list(_each_clip(small, distances, apart, piece, count)), axis=1)


def _each_clip(small: Pixels, distances: Floats, apart: Floats, piece: int, count: int) -> Iterator[Floats]:
    places = np.arange(count - piece + 1)
    # As many frames between the two as the piece's half make another place; nearer ones show much the same.
    other = 2 * np.abs(places[:, None] - places) > piece
    between = (np.argmax(other, axis=1) < places) & (places < len(places) - 1 - np.argmax(other[:, ::-1], axis=1))
    least = np.where(other.any(axis=1), np.where(between, LEAST_OTHER, LEAST_OTHER_AT_END), np.inf)
    for begin in range(len(small) - count + 1):
        if static(small[begin : begin + count]):
            yield np.full(len(places), -np.inf)
            continue
        here = slice(begin, begin + len(places))
        nearest = np.where(other, apart[here, here], _FAR).min(axis=1)
        clip = slice(begin, begin + count)
        yield nearest / pace(distances[clip, clip]) - least
