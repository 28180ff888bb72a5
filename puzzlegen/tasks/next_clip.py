"""Show a clip and four candidate clips, and ask which candidate continues the clip.

The right candidate follows in the same shot, after some frames that are left out. The other candidates are its reverse,
a clip from before the first one, and the reverse of that. Every candidate has its reverse beside it, so finding the two
that belong together reveals nothing. Each clip is cropped and lit in its own way (``media.reframe``); otherwise the
candidate whose beginning is most like the first clip's end would be right. ``cut: 0, jitter: 0, shade: 0`` is the easy
form that leaves the clips as they are. Our design: no paper has this task.

The shot is shown first, and a solver who finds the clips in it knows which comes next. Shot and clips run forward or
backward together, equally often; otherwise the direction of motion, known from nature or from knowing the film, would
reveal which candidates are reversed. When they run backward, what comes before and what comes after change places, and
only the shot distinguishes the two. A shot is rejected if its clips could be mistaken for other places of it, so that
their order would change, or if the right clip played backward is like some part of the shot.

``reference: false`` leaves the shot out. The two other candidates may then show what follows the right clip instead of
what comes before the first clip, and shots whose parts look alike, or that come back to what they showed before, are
rejected. Of 56 such puzzles 5 were disputable.
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
#: The pieces of the shot, by index, that are the given clip, the right one and the other one. When the shot is shown,
#: which may run either way, the given clip is always in the middle, so that the other two pieces are both at the ends.
#: When the right piece was sometimes between the other two, a classifier trained on bytes named it 29 % of the time (26
#: to 33, chance 25).
_ROLES: Final = ((0, 1, 2), (1, 2, 0))
_ROLES_WITH_SHOT: Final = _ROLES[1:]
_CANDIDATES: Final = 4
_LEAST_FRAMES: Final = 4
# The distance from the right clip's first frame to its last must be at least this many times its own pace ...
_LEAST_PROGRESS: Final = 1.5
# ... and its last frame must be this many times further from the given clip's last frame than its first frame is;
# otherwise its reverse could follow just as well.
_LEAST_NEARER: Final = 1.1
# When the shot is shown, the right clip played backward must be at least this far from every part of the shot, in 16ths
# of a standard deviation. Of 325 puzzles judged by eye 179 lie above: 156 clear, 23 in doubt, none disputable. Of the
# others 69 are clear, 60 in doubt and 17 disputable (a bottle that stands still, a kettle at its highest, a walk, a
# head that hardly moves).
_LEAST_TURNED: Final = 3.0


class NextClip(Task):
    """Which clip continues the first one?"""

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
        """The clip and the four candidates; with ``reference`` also the shot."""
        return 1 + _CANDIDATES + self.reference

    @property
    def difficulty(self) -> float:
        """0.6 (four answers, one of them the right clip reversed); 0.5 with the shot."""
        return 0.5 if self.reference else 0.6

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut three clips out of a shot, show two of them forward and backward as candidates to follow the third."""
        shots = moving_shots(item.clip(), _PIECES * (_LEAST_FRAMES + self.trim) - self.trim)
        if self.reference and rng.below(2):
            shots = [_reverse(shot) for shot in shots]
        pieces = in_order(shots, _PIECES, (_LEAST_FRAMES, self.frames), self.trim, rng, shown=self.reference)
        direction_margins = {
            roles: self._direction_margin(pieces, *roles[:2])
            for roles in rng.shuffled(_ROLES_WITH_SHOT if self.reference else _ROLES)
        }
        # Any that qualifies, not the clearest: otherwise the same part of a shot would be right in all its puzzles.
        roles = next((roles for roles, lead in direction_margins.items() if lead >= 0), None)
        if roles is None:
            raise Unusable("reversible", f"{-max(direction_margins.values()):.2f} short of a direction")
        given, right, other = (pieces.frames[k] for k in roles)
        margin = min(pieces.margin, distinct(list(pieces.frames)), direction_margins[roles])
        slot, answer = answers.pick(rng, _CANDIDATES)
        parts = [given, right, _reverse(right), other, _reverse(other)]
        paths = [(0, k) for k in range(1, len(parts))]
        given, right, *wrong = reframe.reframed(parts, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        wrong = rng.shuffled(wrong)
        clips = [given, *wrong[:slot], right, *wrong[slot:]]
        reference_media = (encode_shot(pieces.shot),) if self.reference else ()
        return Puzzle(self._question(), reference_media + encode_clips(clips), answer, self.difficulty, margin)

    def _direction_margin(self, pieces: Pieces, given: int, right: int) -> float:
        """Return how clearly the right piece follows the given one forward, not backward; below 0 either fits."""
        start, length = pieces.starts[right], len(pieces.frames[right])
        own_distances = pieces.distances[start : start + length, start : start + length]
        unlike_reverse = retraced(own_distances, 0, length) / pace(own_distances) - LEAST_RETRACED
        if self.reference:
            return min(unlike_reverse, retraced(pieces.distances, start, length) / _LEAST_TURNED - 1)
        distances = frame_distances(np.concatenate([pieces.frames[given][-1:], pieces.frames[right]]))
        steps = float(distances[1, -1]) / pace(distances[1:, 1:])
        nearer = float(distances[0, -1] / max(distances[0, 1], 1))
        return min(unlike_reverse, steps - _LEAST_PROGRESS, nearer - _LEAST_NEARER)

    def _question(self) -> str:
        candidates = "\n".join(f"{letter}: <video>" for letter in ascii_uppercase[:_CANDIDATES])
        if self.reference:
            return (
                f"Shot: <video>\nClip: <video>\n{candidates}\nThe clip and A to D are parts of the shot, each cropped "
                "and with altered brightness and colours. The shot itself may run backward in time; what counts is the "
                "order in which it shows things. Two of A to D run against that order. Of the two that run with it, "
                "one comes before the clip and one after it. Which one comes after it?"
            )
        return (
            f"Clip: <video>\n{candidates}\nWhich of the clips A to D continues the first clip, a moment later in the "
            "same shot and played forward as it was filmed? Each clip is cropped and has altered brightness and "
            "colours."
        )


def _reverse(part: Pixels) -> Pixels:
    return np.ascontiguousarray(part[::-1])
