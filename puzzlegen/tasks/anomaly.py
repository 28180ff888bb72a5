"""Change one part of a clip, and ask when that is or what is wrong (VideoSSR).

Seven things can be wrong: the part is frozen, reversed, shuffled, mirrored, turned upside down, recoloured (its colours
are exchanged) or enlarged. Only changes that a person would notice are made: no part is reversed where things move to
and fro, and none is frozen where other parts of the clip are just as still. Clips in which too few changes would be
noticed are rejected. The part consists of whole frames and is changed before the clip is encoded, once.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.perturb import LEAST_FRAMES, WORDS, Kind, perturbed, visible_kinds
from puzzlegen.media.segments import FPS, encode_clip, moving_segment
from puzzlegen.media.succession import Pixels, frame_distances
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_MIN_CLIP_FRAMES: Final = 12
_OPTIONS: Final = 4
_TRIES: Final = 8
# Maximum length of the part, relative to the clip. Longer parts would mostly lie in the middle: one constant answer, 1
# to 3 seconds of 6, would be half right half of the time.
_MAX_PART_FRACTION: Final = 1 / 3
_KINDS: Final = ", ".join(WORDS.values())


class _Part(NamedTuple):
    start: int
    stop: int
    kinds: list[Kind]


class Anomaly(Task):
    """Which part of the clip was tampered with, or how?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal grounding"
    version: ClassVar = 7

    frames: int = Field(24, ge=_MIN_CLIP_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    ask: Literal["interval", "kind"] = Field("interval", description="ask when it happens, or what happens")

    @property
    def difficulty(self) -> float:
        """0.3 to name what is wrong, 0.5 to say when, which is harder."""
        return 0.3 if self.ask == "kind" else 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Choose a part of a moving segment, change it, ask when or how."""
        clip = moving_segment(item.clip(self.frames), _MIN_CLIP_FRAMES, self.frames, rng)
        part = self._draw_part(clip, rng)
        options = rng.sample(part.kinds, _OPTIONS)
        k = rng.balanced("answer", _OPTIONS) if self.ask == "kind" else 0
        tampered = clip.copy()
        tampered[part.start : part.stop] = perturbed(clip[part.start : part.stop], options[k], rng.fork("perturbed"))
        if self.ask == "kind":
            block, answer = answers.choice(rng, [WORDS[kind] for kind in options], k)
            question = f"What is wrong in that part?\n{block}"
        else:
            answer = answers.interval(part.start / FPS, part.stop / FPS, len(clip) / FPS)
            question = (
                f"It was altered in one of these ways: {_KINDS}. From which second (its first frame) to which second "
                "(the first frame after it) does that part last?"
            )
        margin = float(len(part.kinds) - self._least_kinds)
        return Puzzle(
            f"{_describe_clip(len(clip))} {question}", (encode_clip(tampered),), answer, self.difficulty, margin
        )

    @property
    def _least_kinds(self) -> int:
        return _OPTIONS if self.ask == "kind" else 1

    def _draw_part(self, clip: Pixels, rng: Rng) -> _Part:
        """Draw a part of the clip, with at least one frame on both sides, in which enough kinds of change would show.

        Raises:
            Unusable: ``ambiguous``.
        """
        distances = frame_distances(clip)
        for _ in range(_TRIES):
            length = rng.integer(LEAST_FRAMES, int(len(clip) * _MAX_PART_FRACTION))
            start = rng.integer(1, len(clip) - length - 1)
            kinds = visible_kinds(clip, distances, start, start + length)
            if len(kinds) >= self._least_kinds:
                return _Part(start, start + length, kinds)
        raise Unusable("ambiguous", f"in {_TRIES} drawn parts fewer than {self._least_kinds} changes would be noticed")


def _describe_clip(frames: int) -> str:
    return (
        f"<video>\nThis clip lasts {frames / FPS:g} seconds. One part of it was altered; before and after that part, "
        "the clip is as it was filmed."
    )
