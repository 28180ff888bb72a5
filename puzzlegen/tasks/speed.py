"""Play a clip at half, normal or double speed and ask which. Our design: no paper has this task.

The clip as it was filmed is shown beside the played one. Both start at the same moment and have the same number of
frames, so a solver who follows the action sees how far each of them gets. The played clip is cropped and changed in
brightness, so that its pixels cannot be looked up. Clips that get equally far at every speed, because hardly anything
moves or everything comes back to where it was, are rejected.

``reference: false`` shows one clip only, the middle of the same part at each speed. The answer then rests on a prior,
how fast people walk and things fall, and 90 of 151 such clips were disputable.
"""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Final, Literal

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable, exact
from puzzlegen.media.motion import STILL, Pixels, liveliness
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import disguised, encode_clip, moving_segment
from puzzlegen.media.succession import aligned_distances, pace
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

SPEEDS: Final = ("half", "normal", "double")
_STEPS: Final = (1, 2, 4)
#: Every second frame, shown at half the rate at which the clip was sampled, plays at the filmed speed.
_NORMAL_STEP: Final = 2
_LEAST_FRAMES: Final = 6
# Minimum mean distance between the frames that two speeds show at the same time, over the later half of the clips, in
# steps of the clip as filmed. Of 56 layouts inspected, signs held still, leaves, and cups and balls that move to and
# fro lie below.
_LEAST_APART: Final = 1.1
_QUESTION_TEXT: Final = "Is {clip} played at half, normal or double the speed at which it was filmed?"
QUESTION: Final = f"<video>\n{_QUESTION_TEXT.format(clip='this video')}"
BESIDE: Final = (
    "First: <video>\nSecond: <video>\nThe first clip is played as it was filmed. The second begins at the same moment, "
    f"has as many frames, and was cropped and changed in brightness. {_QUESTION_TEXT.format(clip='it')}"
)


class Speed(Task):
    """How fast is the clip played?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal scale"
    version: ClassVar = 4

    frames: int = Field(10, ge=_LEAST_FRAMES, le=24, description="maximum frames of the clip; short shots give fewer")
    reference: bool = Field(default=True, description="show the original clip first")
    cut: float = Field(
        0.12, ge=0, le=0.4, description="fraction of the sides that the clip shown beside its reference leaves out"
    )
    jitter: float = Field(0.15, ge=0, le=0.5, description="maximum change of its brightness and contrast")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def media_count(self) -> int:
        """One clip, or two with the reference."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """0.5 (three answers); 0.7 without ``reference``, where the solver must know how fast things move."""
        return 0.5 if self.reference else 0.7

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Play a moving segment at one of the speeds: every frame, every second or every fourth."""
        clip = item.clip(_span(self.frames))
        part = moving_segment(clip, _span(_LEAST_FRAMES), _span(self.frames), rng)
        count = (len(part) - 1) // _STEPS[-1] + 1
        played = [_play_at_step(part, count, step, middle=not self.reference) for step in _STEPS]
        margin = float(liveliness(played[0]) - STILL)
        if margin < 0:
            raise Unusable("static", "hardly anything moves at half speed")
        if self.reference:
            margin = _speed_margin(part, count)
        k = rng.balanced("answer", len(SPEEDS))
        option_texts = [f"{speed} speed" for speed in SPEEDS]
        question, answer = answers.option(
            rng, BESIDE if self.reference else QUESTION, self.form, option_texts, k, labels=SPEEDS
        )
        media = tuple(encode_clip(shown, clip.fps / _NORMAL_STEP) for shown in self._make_clips(played, k, rng))
        return Puzzle(question, media, answer, self.difficulty, margin)

    def _make_clips(self, played: list[Pixels], k: int, rng: Rng) -> list[Pixels]:
        if not self.reference:
            return [played[k]]
        return [played[_STEPS.index(_NORMAL_STEP)], disguised(played[k], rng, cut=self.cut, jitter=self.jitter)]


def _span(count: int) -> int:
    """Return how many frames of the shot ``count`` frames at double speed span."""
    return _STEPS[-1] * (count - 1) + 1


def _play_at_step(part: Pixels, count: int, step: int, *, middle: bool) -> Pixels:
    first = (_span(count) - 1 - step * (count - 1)) // 2 if middle else 0
    return part[first : first + step * (count - 1) + 1 : step]


def _speed_margin(part: Pixels, count: int) -> float:
    """Return by how much the two most similar speeds differ beyond the minimum, in steps of the clip as filmed.

    Raises:
        Unusable: ``repeated``, they differ by less than the minimum.
    """
    distances, k = aligned_distances(part), np.arange(count // 2, count)
    step = pace(distances[::_NORMAL_STEP, ::_NORMAL_STEP])
    distance = min(float(distances[slow * k, fast * k].mean()) for slow, fast in combinations(_STEPS, 2)) / step
    if distance < _LEAST_APART:
        raise Unusable("repeated", f"two speeds are {exact(distance, _LEAST_APART)} steps apart, need {_LEAST_APART}")
    return distance - _LEAST_APART
