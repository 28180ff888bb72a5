"""Play a clip forwards or backwards and ask which (ViSS-R1).

Both ways have the same frames, taken from the middle of one shot, and one encoding in which no frame refers to
another. Clips that look the same backwards are refused. The prior is one half.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import reversible
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_span
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

WAYS: Final = ("forward", "backward")
QUESTION: Final = "<video>\nIs this video played forward, as it was filmed, or backward?"
# Most shots of 48 clips lie under 0.45; a swing or a boomerang loop over 0.8.
_MOST_REVERSIBLE: Final = 0.5


class ArrowOfTime(Task):
    """Is the clip played forward or backward?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    spoils: ClassVar = "order"
    version: ClassVar = 3

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def difficulty(self) -> float:
        """Two answers, but knowledge of how things move."""
        return 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Take a moving segment, play it one way or the other."""
        clip = item.clip(self.frames)
        span = moving_span(clip, LEAST_FRAMES, self.frames, rng)
        likeness = reversible(clip.small[span])
        if likeness > _MOST_REVERSIBLE:
            raise Unusable("reversible", f"likeness to its reverse {likeness:.2f}, at most {_MOST_REVERSIBLE}")
        k = rng.balanced("answer", len(WAYS))
        question, answer = answers.option(rng, QUESTION, self.form, WAYS, k)
        part = clip.frames[span]
        medium = encode_clip(part[::-1] if k else part)
        return Puzzle(question, (medium,), answer, self.difficulty, _MOST_REVERSIBLE - likeness)
