"""Show a clip and a short piece of it, and ask when in the clip the piece occurs.

The piece is cropped a little at a random place and lightened or darkened, so that its pixels cannot be looked up.
Pieces that could just as well be from elsewhere in the clip are rejected. What happens would then reveal where the
remaining pieces are: the beginning and the end of a gesture are like no other part of it. So the clip is a random part
of a longer run of frames in which each third of the clip can be asked about, and which third is asked about is drawn.
Our design, same task family as VideoSSR's anomaly grounding.
"""

from __future__ import annotations

from itertools import pairwise
from typing import ClassVar, Final

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.occurrence import LEAST_OTHER, LEAST_OTHER_AT_END, occurrences
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import FPS, disguised, encode_clip, moving_segment
from puzzlegen.media.succession import Floats
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_MIN_CLIP_FRAMES: Final = 16
_MIN_PIECE_FRAMES: Final = 4
#: Length of the run, relative to the clip. Of 204 runs, 99 contain clips of which each third can be asked about; if the
#: clip were the whole run, 81 would.
_RUN_FACTOR: Final = 1.5
_THIRDS: Final = 3


class Grounding(Task):
    """When does the piece occur in the clip?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal grounding"
    version: ClassVar = 7

    frames: int = Field(32, ge=_MIN_CLIP_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    piece: int = Field(6, ge=_MIN_PIECE_FRAMES, le=8, description="frames of the piece")
    cut: float = Field(0.12, ge=0, le=0.4, description="fraction of the clip's sides that the piece leaves out")
    jitter: float = Field(0.15, ge=0, le=0.5, description="maximum change of the piece's brightness and contrast")

    @property
    def media_count(self) -> int:
        """The clip and the piece."""
        return 2

    @property
    def difficulty(self) -> float:
        """The piece is found by likeness, but when is harder to say in a longer clip: 0.4 for 32 frames, 0.6 for 64."""
        return round(0.2 + 0.4 * self.frames / 64, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Choose a clip and a piece that occurs in it once, disguise the piece, ask when it occurs."""
        max_run = round(self.frames * _RUN_FACTOR)
        run = moving_segment(item.clip(max_run), _MIN_CLIP_FRAMES, max_run, rng)
        count = max(_MIN_CLIP_FRAMES, min(self.frames, round(len(run) / _RUN_FACTOR)))
        begin, start, margin = _draw_clip_and_piece(occurrences(run, self.piece, count), rng)
        clip = run[begin : begin + count]
        piece = disguised(clip[start : start + self.piece], rng, cut=self.cut, jitter=self.jitter)
        seconds = count / FPS
        answer = answers.interval(start / FPS, (start + self.piece) / FPS, seconds)
        media = encode_clip(clip), encode_clip(piece)
        return Puzzle(_question(seconds, self.piece / FPS), media, answer, self.difficulty, margin)


def _draw_clip_and_piece(margins: Floats, rng: Rng) -> tuple[int, int, float]:
    """Draw a clip and a piece that occurs in it only once.

    A third of the clip is drawn, and a place in that third. Of the places in the third whose piece occurs only once in
    some clip, the one nearest to the drawn place is taken. If all such places were equally likely, they would be at an
    end of the clip far more often.

    Args:
        margins: how clearly each place's piece occurs only once in each clip, see :func:`occurrences`.
        rng: draws the third, the place and the clip.

    Returns:
        The frame of the run at which the clip begins, the frame of the clip at which the piece begins, and the margin.

    Raises:
        Unusable: ``repeated`` if no place qualifies, ``telling`` if a third has no such place, ``static`` if nothing
            moves in any clip.
    """
    bounds = [len(margins) * k // _THIRDS for k in range(_THIRDS + 1)]
    thirds = [[p for p in range(*third) if margins[p].max() >= 0] for third in pairwise(bounds)]
    if (best_margin := margins.max()) == -np.inf:
        raise Unusable("static", "in each clip of a run in which something moves")
    if not any(thirds):
        needed = f"{LEAST_OTHER}, at an end {LEAST_OTHER_AT_END}"
        raise Unusable(
            "repeated", f"each place is like another: {-best_margin:.1f} steps less apart than needed ({needed})"
        )
    if not all(thirds):
        raise Unusable("telling", f"a piece occurs once in {sum(map(bool, thirds))} of the clip's thirds only")
    third = rng.below(_THIRDS)
    target = rng.integer(bounds[third], bounds[third + 1] - 1)
    place = min(thirds[third], key=lambda p: abs(p - target))
    clip = rng.choice(np.flatnonzero(margins[place] >= 0).tolist())
    return clip, place, float(margins[place, clip])


def _question(seconds: float, length: float) -> str:
    return (
        f"Clip: <video>\nPiece: <video>\nThe clip lasts {seconds:g} seconds. The piece, {length:g} seconds long, was "
        "copied from it, then cropped and changed in brightness. From which second to which second of the clip does "
        "the piece last?"
    )
