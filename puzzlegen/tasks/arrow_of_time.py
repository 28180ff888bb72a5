"""Play a clip forwards or backwards and ask which (ViSS-R1).

Both ways have the same frames, taken from one shot, and one encoding in which no frame refers to another. Parts that
look the same backwards or come back to what they showed are refused: gestures, leaves, bouncing balls have no
direction that a person could name. The prior is one half.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import reversible
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_spans
from puzzlegen.media.succession import return_margin
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

WAYS: Final = ("forward", "backward")
QUESTION: Final = "<video>\nIs this video played forward, as it was filmed, or backward?"
# Of 200 clips of 45 sources called by eye, 32 with a direction and 144 without: 24 and 79 lie under it, 15 and 13 of
# which also keep from coming back.
_MOST_REVERSIBLE: Final = 0.3


class ArrowOfTime(Task):
    """Is the clip played forward or backward?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    spoils: ClassVar = "order"
    version: ClassVar = 4

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def difficulty(self) -> float:
        """Two answers, but knowledge of how things move."""
        return 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Take a moving segment that has a direction, play it one way or the other."""
        clip = item.clip(self.frames)
        spans = list(moving_spans(clip, LEAST_FRAMES, self.frames, rng))
        margins = [_direction(clip.small[span]) for span in spans]
        margin = max(margins)
        if margin < 0:
            raise Unusable("reversible", f"{-margin:.2f} short of a direction in {len(spans)} drawn places")
        span = spans[margins.index(margin)]
        k = rng.balanced("answer", len(WAYS))
        question, answer = answers.option(rng, QUESTION, self.form, WAYS, k)
        part = clip.frames[span]
        medium = encode_clip(part[::-1] if k else part)
        return Puzzle(question, (medium,), answer, self.difficulty, margin)


def _direction(small: NDArray[np.uint8]) -> float:
    """How clearly a part differs from its reverse and gets away from what it showed; below 0 it may run either way."""
    return min(_MOST_REVERSIBLE - reversible(small), return_margin(small))
