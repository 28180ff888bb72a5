"""Cut one shot into clips, show them in another order, and ask for the order of filming (Visual Jigsaw).

There is one convention, stated in every prompt with an example of the puzzle's own size: the answer lists the numbers
of the clips as shown, in the order of filming. Each clip is cropped and lit in its own way (``media.reframe``);
otherwise putting similar clips next to each other would give the order. ``cut: 0, jitter: 0, shade: 0`` is the easy
form that leaves the clips as they are.

The shot is shown first, as it was filmed, and a solver who finds each clip in it has the order. A shot is rejected if
its clips could be mistaken for other places of it, so that their order would change. ``reference: false`` leaves the
shot out, as the papers do. Shots are then rejected if their clips look alike, come back to what was shown before
(juggling, a gesture and its end) or join without a visible step; of 30 such puzzles 5 were disputable. Visual Jigsaw
has ``clips: 6``, VideoSSR 6 to 8.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media import reframe
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import distinct, encode_clips, encode_shot, moving_shots
from puzzlegen.media.shade import Shade
from puzzlegen.media.succession import in_order
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_FRAMES: Final = 3


class ClipOrder(Task):
    """Put the clips of a shot back in order."""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    spoils: ClassVar = "order"
    version: ClassVar = 7

    clips: int = Field(4, ge=3, le=8, description="clips to put in order")
    frames: int = Field(
        8, ge=_LEAST_FRAMES, le=32, description="maximum frames per clip; fewer where that shows the order better"
    )
    trim: int = Field(2, ge=0, le=32, description="minimum frames left out between neighbouring clips")
    reference: bool = Field(default=True, description="show the original shot first")
    cut: reframe.Cut = reframe.CUT
    jitter: reframe.Jitter = reframe.JITTER
    shade: Shade = reframe.SHADE
    partial_credit: answers.PartialCredit = Field(
        "auto", description="metric of the partial credit for a partly correct order; auto: positions from 5 clips on"
    )

    @property
    def media_count(self) -> int:
        """One video per clip, and with ``reference`` the shot."""
        return self.clips + self.reference

    @property
    def difficulty(self) -> float:
        """Grows with the number of possible orders: 0.3 for 4 clips, 1 for 8; 0.1 less with ``reference``."""
        return round(math.lgamma(self.clips + 1) / math.lgamma(9) - 0.1 * self.reference, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut clips out of a shot, shuffle them, ask for the order."""
        shots = moving_shots(item.clip(), self.clips * (_LEAST_FRAMES + self.trim) - self.trim)
        pieces = in_order(shots, self.clips, (_LEAST_FRAMES, self.frames), self.trim, rng, shown=self.reference)
        margin = min(pieces.margin, distinct(list(pieces.frames)))
        paths = reframe.orders(self.clips, rng)
        parts = reframe.reframed(pieces.frames, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        order = answers.draw_order(rng, self.clips)
        shuffled_clips = [parts[order.index(k + 1)] for k in range(self.clips)]
        reference_media = (encode_shot(pieces.shot),) if self.reference else ()
        return Puzzle(
            self._question(),
            reference_media + encode_clips(shuffled_clips),
            answers.permutation(order, self.partial_credit, 5),
            self.difficulty,
            margin,
        )

    def _question(self) -> str:
        n = self.clips
        example = answers.example_order(n)
        clips = "\n".join(f"Clip {k + 1}: <video>" for k in range(n))
        shot = (
            f"Shot: <video>\n{clips}\nThe shot is shown as it was filmed. The {n} clips are parts of it in a different "
            "order"
            if self.reference
            else f"{clips}\nOne shot was cut into {n} clips, which are shown in a different order"
        )
        return (
            f"{shot}, each cropped and with altered brightness and colours. List the numbers of the clips in the order "
            f"in which they were filmed, earliest first. For example, {', '.join(map(str, example))} would mean that "
            f"clip {example[0]} was filmed first, then clip {example[1]}, and clip {example[-1]} last."
        )
