"""Play a clip at half, normal or double speed and ask which. Our design: no paper has it.

All three show as many frames, at one rate, from the middle of the same part of one shot: every frame of it, every
second or every fourth. The answer rests on a prior, how fast people walk and things fall, and some clips do not show
it; clips with hardly any motion at half speed are refused, but no measure knows how fast a scene was. Clips that were
slow motion to begin with are wrong, and cannot be told.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import STILL, Pixels, liveliness
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import encode_clip, moving_segment
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

SPEEDS: Final = ("half", "normal", "double")
_STEPS: Final = (1, 2, 4)
#: Every second frame of a clip, shown at half the rate at which the clip was sampled, runs as fast as it was filmed.
_NORMAL: Final = 2
_LEAST_FRAMES: Final = 6
QUESTION: Final = "<video>\nIs this video played at half, normal or double the speed at which it was filmed?"


class Speed(Task):
    """How fast is the clip played?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal scale"
    version: ClassVar = 3

    frames: int = Field(10, ge=_LEAST_FRAMES, le=24, description="most frames of the clip; short shots give fewer")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def difficulty(self) -> float:
        """Three answers, and knowledge of how fast things move."""
        return 0.7

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Take every frame, every second or every fourth."""
        clip = item.clip(_span(self.frames))
        part = moving_segment(clip, _span(_LEAST_FRAMES), _span(self.frames), rng)
        count = (len(part) - 1) // _STEPS[-1] + 1
        played = [_middle(part, count, step) for step in _STEPS]
        margin = float(liveliness(played[0]) - STILL)
        if margin < 0:
            raise Unusable("static", "hardly anything moves at half speed")
        k = rng.balanced("answer", len(SPEEDS))
        named = [f"{speed} speed" for speed in SPEEDS]
        question, answer = answers.option(rng, QUESTION, self.form, named, k, labels=SPEEDS)
        medium = encode_clip(played[k], clip.fps / _NORMAL)
        return Puzzle(question, (medium,), answer, self.difficulty, margin)


def _span(count: int) -> int:
    """Frames of the shot that ``count`` frames at double speed reach over."""
    return _STEPS[-1] * (count - 1) + 1


def _middle(part: Pixels, count: int, step: int) -> Pixels:
    first = (_span(count) - 1 - step * (count - 1)) // 2
    return np.ascontiguousarray(part[first : first + step * (count - 1) + 1 : step])
