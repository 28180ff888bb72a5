"""Exchange two of four groups of a clip's frames and ask which two (ViSS-R1, where the task is called shuffle).

The frames are consecutive and from one shot, and two groups are always exchanged. Frames are left out between all
neighbouring groups, also where nothing was exchanged, and each group is cropped and lit in its own way
(``media.reframe``), so that a jump between groups does not reveal the exchange. ``cut: 0, jitter: 0, shade: 0`` is the
easy form without cropping and lighting. Shots in which two groups look alike are rejected, because several answers
would be right.

The shot is shown first, as it was filmed. ``reference: false`` leaves it out, as the paper does; shots that come back
to what they showed before are then rejected as well. Of 82 such puzzles 2 were disputable.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar, Final, TypeVar

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.media import reframe
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import distinct, encode_clip, encode_shot, moving_shots
from puzzlegen.media.shade import Shade
from puzzlegen.media.succession import in_order
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

T = TypeVar("T")
GROUPS: Final = 4
PAIRS: Final = tuple(combinations(range(GROUPS), 2))
_LEAST_FRAMES: Final = 3


class GroupSwap(Task):
    """Which two groups of frames were exchanged?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    spoils: ClassVar = "order"
    version: ClassVar = 6

    frames: int = Field(
        6, ge=_LEAST_FRAMES, le=16, description="maximum frames per group; fewer where that shows the order better"
    )
    trim: int = Field(2, ge=0, le=32, description="frames left out between neighbouring groups")
    reference: bool = Field(default=True, description="show the original shot first")
    cut: reframe.Cut = reframe.CUT
    jitter: reframe.Jitter = reframe.JITTER
    shade: Shade = reframe.SHADE

    @property
    def media_count(self) -> int:
        """One clip, and with ``reference`` the shot."""
        return 1 + self.reference

    @property
    def difficulty(self) -> float:
        """0.5 (six answers, and the order of events must be seen); 0.6 without the shot, where it must be known."""
        return 0.5 if self.reference else 0.6

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut four groups of frames out of a shot, exchange two, ask which."""
        shots = moving_shots(item.clip(), GROUPS * (_LEAST_FRAMES + self.trim) - self.trim)
        pieces = in_order(shots, GROUPS, (_LEAST_FRAMES, self.frames), self.trim, rng, shown=self.reference)
        margin = min(pieces.margin, distinct(list(pieces.frames)))
        k = rng.balanced("answer", len(PAIRS))
        # The six orders that a solver chooses from, the true one first.
        paths = sorted(_swap_pair(_swap_pair(range(GROUPS), k), other) for other in range(len(PAIRS)))
        framed = reframe.reframed(pieces.frames, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        groups = _swap_pair(framed, k)
        block, answer = answers.choice(rng, [f"groups {a + 1} and {b + 1}" for a, b in PAIRS], k)
        reference_media = (encode_shot(pieces.shot),) if self.reference else ()
        question = f"{self._question(len(pieces.frames[0]))}\n{block}"
        return Puzzle(
            question, (*reference_media, encode_clip(np.concatenate(groups))), answer, self.difficulty, margin
        )

    def _question(self, length: int) -> str:
        spans = [f"frames {k * length + 1} to {(k + 1) * length} are group {k + 1}" for k in range(GROUPS)]
        intro = (
            "Shot: <video>\nClip: <video>\nThe shot is shown as it was filmed. The clip, made of parts of it, has"
            if self.reference
            else "<video>\nThis clip has"
        )
        return (
            f"{intro} {GROUPS * length} frames in {GROUPS} groups: {', '.join(spans)}. Some frames between the groups "
            "were left out, each group is cropped and has altered brightness and colours, and two of the groups were "
            "swapped; within each group the frames are in order. Which two groups must be swapped back for the clip to "
            "run as it was filmed?"
        )


def _swap_pair(groups: Sequence[T], k: int) -> tuple[T, ...]:
    """Return the groups with the ``k``-th pair of them exchanged."""
    first, second = PAIRS[k]
    swapped = {first: second, second: first}
    return tuple(groups[swapped.get(place, place)] for place in range(GROUPS))
