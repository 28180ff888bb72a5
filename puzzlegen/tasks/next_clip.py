"""Show a clip and four others, and ask which of them goes on from it.

The right one follows in the same shot, after frames left out. The others are its reverse, a clip from before the first
one, and the reverse of that: every candidate has its reverse beside it, so which two belong together tells nothing.
Each clip is cropped and lit in its own way (``media.reframe``), or the one that begins most like the first clip's end
would be right; ``cut: 0, jitter: 0, shade: 0`` is the easy form that leaves them as they are. Our design: no paper has
it.

The shot is shown first: who finds the clips in it knows which comes next. It runs as it was filmed or backward, each as
often, and the clips with it: which way things move, by nature or in a shot that one knows, would otherwise tell which
candidates are its reverses. What comes before and what comes after then change places, and nothing but the shot tells
one from the other. Refused are clips that may be taken for other places of it, so that their order would change, and
right ones that backward are like some part of it.

``reference: false`` leaves the shot out, and what follows the right clip may take the place of what comes before the
first; then shots whose parts look alike or come back to what they showed before are refused. Of 56 such puzzles 5 could
be disputed.
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import ClassVar, Final

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media import reframe
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import distinct, encode_clips, encode_shot, moving_shots
from puzzlegen.media.shade import Shade
from puzzlegen.media.succession import (
    LEAST_RETRACED,
    Pieces,
    Pixels,
    frame_distances,
    in_order,
    pace,
    retraced,
)
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_PIECES: Final = 3
#: Which piece is given, which follows it, and which is the other. Beside a shot that runs either way the middle one is
#: given: the others are at its ends both. Were the right one at times between the two, a learner of bytes named it 29 %
#: of the time (26 to 33, chance 25).
_WAYS: Final = ((0, 1, 2), (1, 2, 0))
_WAYS_BESIDE: Final = _WAYS[1:]
_CANDIDATES: Final = 4
_LEAST_FRAMES: Final = 4
# From its first frame to its last the right clip must get so many steps of its own pace ahead ...
_LEAST_PROGRESS: Final = 1.5
# ... and its end be so many times further from what was given than its beginning, or its reverse might go on as well.
_LEAST_NEARER: Final = 1.1
# Beside the shot the right clip backward must be so far from all of it, in 16ths of a deviation. Of 325 puzzles called
# by eye 179 lie over it, 156 clear, 23 in doubt, none disputable; of the others 69, 60 and 17 (a bottle that stands
# still, a kettle at its highest, a walk, a head that hardly moves).
_LEAST_TURNED: Final = 3.0


class NextClip(Task):
    """Which clip goes on from the first?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    version: ClassVar = 9

    frames: int = Field(
        6, ge=_LEAST_FRAMES, le=16, description="maximum frames per clip; fewer where that shows the order better"
    )
    trim: int = Field(2, ge=0, le=32, description="minimum frames left out between the clips")
    reference: bool = Field(default=True, description="show the shot first")
    cut: reframe.Cut = reframe.CUT
    jitter: reframe.Jitter = reframe.JITTER
    shade: Shade = reframe.SHADE

    @property
    def media_count(self) -> int:
        """The clip and its candidates, and the shot if asked for."""
        return 1 + _CANDIDATES + self.reference

    @property
    def difficulty(self) -> float:
        """Four answers, one of them the right clip backwards; 0.1 less with the shot."""
        return 0.5 if self.reference else 0.6

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut three clips, show two of them forwards and backwards as candidates."""
        shots = moving_shots(item.clip(), _PIECES * (_LEAST_FRAMES + self.trim) - self.trim)
        if self.reference and rng.below(2):
            shots = [_backwards(shot) for shot in shots]
        pieces = in_order(shots, _PIECES, (_LEAST_FRAMES, self.frames), self.trim, rng, shown=self.reference)
        leads = {way: self._lead(pieces, *way[:2]) for way in rng.shuffled(_WAYS_BESIDE if self.reference else _WAYS)}
        # Not the clearest: one and the same part of a shot would be right in all its puzzles.
        way = next((way for way, lead in leads.items() if lead >= 0), None)
        if way is None:
            raise Unusable("reversible", f"{-max(leads.values()):.2f} short of a direction")
        given, right, other = (pieces.frames[k] for k in way)
        margin = min(pieces.margin, distinct(list(pieces.frames)), leads[way])
        slot, answer = answers.pick(rng, _CANDIDATES)
        parts = [given, right, _backwards(right), other, _backwards(other)]
        paths = [(0, k) for k in range(1, len(parts))]
        given, right, *wrong = reframe.reframed(parts, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        wrong = rng.shuffled(wrong)
        shown = [given, *wrong[:slot], right, *wrong[slot:]]
        whole = (encode_shot(pieces.shot),) if self.reference else ()
        return Puzzle(self._question(), whole + encode_clips(shown), answer, self.difficulty, margin)

    def _lead(self, pieces: Pieces, given: int, right: int) -> float:
        """How clearly a piece goes on forward rather than backward; below 0 it may do either."""
        start, length = pieces.starts[right], len(pieces.frames[right])
        own = pieces.distances[start : start + length, start : start + length]
        told = retraced(own, 0, length) / pace(own) - LEAST_RETRACED
        if self.reference:
            return min(told, retraced(pieces.distances, start, length) / _LEAST_TURNED - 1)
        distances = frame_distances(np.concatenate([pieces.frames[given][-1:], pieces.frames[right]]))
        steps = float(distances[1, -1]) / pace(distances[1:, 1:])
        nearer = float(distances[0, -1] / max(distances[0, 1], 1))
        return min(told, steps - _LEAST_PROGRESS, nearer - _LEAST_NEARER)

    def _question(self) -> str:
        candidates = "\n".join(f"{letter}: <video>" for letter in ascii_uppercase[:_CANDIDATES])
        if self.reference:
            return (
                f"Shot: <video>\nClip: <video>\n{candidates}\nThe clip and A to D are parts of the shot, each cropped "
                "and lit in its own way. The shot may itself run backward in time: what is meant is always the order "
                "in which it shows things. Two of A to D run against that order. Of the two that run with it, one "
                "comes before the clip and one after it: which comes after it?"
            )
        return (
            f"Clip: <video>\n{candidates}\nWhich of the clips A to D goes on from the first clip, a moment later in "
            "the same shot and played forward as it was filmed? Each clip is cropped and lit in its own way."
        )


def _backwards(part: Pixels) -> Pixels:
    return np.ascontiguousarray(part[::-1])
