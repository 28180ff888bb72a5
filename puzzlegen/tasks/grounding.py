"""Show a clip and a short piece of it, and ask when in the clip the piece occurs.

The piece is cut a little smaller than the clip, at a drawn place, and lightened or darkened, so that its pixels cannot
be looked up. Pieces that could as well lie elsewhere in the clip are refused. Our design, same task family as
VideoSSR's anomaly grounding.
"""

from __future__ import annotations

from typing import ClassVar, Final

import numpy as np
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import FPS, disguised, encode_clip, moving_segment
from puzzlegen.media.succession import Floats, frame_distances, pace
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_CLIP: Final = 16
_LEAST_PIECE: Final = 4
# In steps of the clip's pace: the mean distance of the piece's frames to those at any other place that shares less
# than half of it. Under it: gestures held still, jumping up and down, a ball kicked again and again.
_LEAST_OTHER: Final = 1.65
# The same of a piece near an end, which has others on one side only. Of 334 clips 44 % of these places are 1.65 away,
# of those in the middle 31 %, so that "the last seconds" was right twice as often as by chance; 2.0 away are 26 %.
_LEAST_OTHER_AT_END: Final = 2.0


class Grounding(Task):
    """When does the piece occur in the clip?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal grounding"
    version: ClassVar = 6

    frames: int = Field(32, ge=_LEAST_CLIP, le=64, description="frames of the clip; a short shot gives fewer")
    piece: int = Field(6, ge=_LEAST_PIECE, le=8, description="frames of the piece")
    cut: float = Field(0.12, ge=0, le=0.4, description="part of the clip's sides that the piece leaves out")
    jitter: float = Field(0.15, ge=0, le=0.5, description="most that the piece's brightness and contrast change")

    @property
    def media_count(self) -> int:
        """The clip and the piece."""
        return 2

    @property
    def difficulty(self) -> float:
        """The piece is to be found by likeness; when is harder to say in a longer clip."""
        return round(0.2 + 0.4 * self.frames / 64, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Choose a piece that occurs once, change its look, ask."""
        clip = moving_segment(item.clip(self.frames), _LEAST_CLIP, self.frames, rng)
        start, margin = self._start(frame_distances(clip), rng)
        piece = disguised(clip[start : start + self.piece], rng, cut=self.cut, jitter=self.jitter)
        seconds = len(clip) / FPS
        answer = answers.interval(start / FPS, (start + self.piece) / FPS, seconds)
        media = encode_clip(clip), encode_clip(piece)
        return Puzzle(_question(seconds, self.piece / FPS), media, answer, self.difficulty, margin)

    def _start(self, distances: Floats, rng: Rng) -> tuple[int, float]:
        """The place nearest to a drawn one where the piece lies nowhere else, and how clearly it does not."""
        step, places = pace(distances), len(distances) - self.piece + 1
        drawn, closest = rng.below(places), 0.0
        # Any place that does, each equally likely, would be at an end far more often.
        for start in sorted(range(places), key=lambda place: abs(place - drawn)):
            others = [at for at in range(places) if 2 * abs(at - start) > self.piece]
            own, k = np.arange(start, start + self.piece), np.arange(self.piece)
            other = min(float(distances[own, at + k].mean()) for at in others) / step
            least = _LEAST_OTHER if min(others) < start < max(others) else _LEAST_OTHER_AT_END
            if other >= least:
                return start, other - least
            closest = max(closest, other)
        needed = f"{_LEAST_OTHER}, at an end {_LEAST_OTHER_AT_END}"
        raise Unusable("repeated", f"no place is more than {closest:.1f} steps from all others, needs {needed}")


def _question(seconds: float, length: float) -> str:
    return (
        f"Clip: <video>\nPiece: <video>\nThe clip lasts {seconds:g} seconds. The piece, of {length:g} seconds, was "
        "taken out of it and then cut smaller and changed in brightness. From which second to which second of the clip "
        "does the piece occur?"
    )
