"""Play a clip forward or backward and ask which (ViSS-R1).

A longer clip is shown first, and the played clip is a part of it. The part is cropped and changed in brightness, so
that its pixels cannot be looked up, and played in the direction of the longer clip or in the other one. A solver who
sees what happens before what has the answer. Parts that look backward like some part of the longer clip forward are
rejected: things held still, leaves, jumps, things that swing. The longer clip itself runs as it was filmed or backward,
equally often; otherwise how people and things move would give the answer to a solver who looks at only one of the two
clips, or who knows the film.

``reference: false`` shows one clip only, as the paper does. The answer then rests on a prior, how people and things
move. Clips that look the same backward, or come back to what they showed, are rejected, but one in three of those kept
is a guess, because a gesture has no direction that a person could name. Forward and backward clips have the same frames
and one encoding in which no frame refers to another.
"""

from __future__ import annotations

from operator import attrgetter
from typing import ClassVar, Final, Literal, NamedTuple

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import Pixels, reversible
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import LEAST_FRAMES, disguised, encode_clip, moving_spans
from puzzlegen.media.succession import LEAST_RETRACED, aligned_distances, pace, retraced, return_margin
from puzzlegen.media.video import Clip
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

WAYS: Final = ("forward", "backward")
QUESTION: Final = "<video>\nIs this video played forward, as it was filmed, or backward?"
BESIDE: Final = (
    "First: <video>\nSecond: <video>\nThe second clip shows a part of the first, cropped and changed in brightness; "
    "the first may itself run backward in time. Compared with the first, is the second played forward, so that things "
    "happen in the same order, or backward?"
)
# Of 200 clips of 45 sources judged by eye, 32 have a direction and 144 have none. 24 and 79 of these lie below this
# maximum, and 15 and 13 of those also do not come back to what they showed.
_MOST_REVERSIBLE: Final = 0.3
#: Length of the part, as a fraction of the longer clip.
_PART_FRACTION: Final = 5 / 8


class _Segment(NamedTuple):
    """A segment of a shot.

    Attributes:
        whole: frames of the segment.
        part: frames that will be played; all of ``whole`` without a reference.
        margin: how clearly the part has a direction; 0 is just enough.
    """

    whole: Pixels
    part: Pixels
    margin: float


class ArrowOfTime(Task):
    """Is the clip played forward or backward?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    spoils: ClassVar = "order"
    version: ClassVar = 6

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    reference: bool = Field(default=True, description="show a clip first, then a part of it")
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
        """0.4 (two answers); 0.5 without ``reference``, where the solver must know how things move."""
        return 0.4 if self.reference else 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Take the clearest of some moving segments and play it forward or backward."""
        segment, part, margin = self._draw_clearest(item.clip(self.frames), rng)
        k = rng.balanced("answer", len(WAYS))
        question, answer = answers.option(rng, BESIDE if self.reference else QUESTION, self.form, WAYS, k)
        media = self._make_clips(segment, part[::-1] if k else part, rng)
        return Puzzle(question, tuple(map(encode_clip, media)), answer, self.difficulty, margin)

    def _make_clips(self, segment: Pixels, played: Pixels, rng: Rng) -> list[Pixels]:
        if not self.reference:
            return [played]
        clips = [segment, disguised(played, rng, cut=self.cut, jitter=self.jitter)]
        return [clip[::-1] for clip in clips] if rng.below(2) else clips

    def _draw_clearest(self, clip: Clip, rng: Rng) -> _Segment:
        spans = moving_spans(clip, LEAST_FRAMES, self.frames, rng)
        segments = [
            _segment_with_reference(clip.frames[span], rng)
            if self.reference
            else _segment_without_reference(clip, span)
            for span in spans
        ]
        clearest = max(segments, key=attrgetter("margin"))
        if clearest.margin < 0:
            raise Unusable("reversible", f"{-clearest.margin:.2f} short of a direction in {len(segments)} drawn places")
        return clearest


def _segment_with_reference(segment: Pixels, rng: Rng) -> _Segment:
    """Draw a part of a segment; played backward, the part must not look like any part of the segment forward."""
    length = int(len(segment) * _PART_FRACTION)
    start = rng.integer(0, len(segment) - length)
    distances = aligned_distances(segment)
    margin = retraced(distances, start, length) / pace(distances) - LEAST_RETRACED
    return _Segment(segment, segment[start : start + length], margin)


def _segment_without_reference(clip: Clip, span: slice) -> _Segment:
    """Take all of a segment, which must differ from its reverse and must not come back to what it showed."""
    segment, small = clip.frames[span], clip.small[span]
    return _Segment(segment, segment, min(_MOST_REVERSIBLE - reversible(small), return_margin(small)))
