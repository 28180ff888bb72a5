"""Mirror a clip or leave it as it is, and ask which was done (ViSS-R1 has this task for pictures).

All frames are mirrored alike, without resampling. Clips whose middle frame is nearly its own mirror image, or does not
clearly show which side is up, are rejected. In nearly all other clips, a top-bottom flip can be seen. A left-right flip
can be seen only where there is writing or a road, so it is asked about with ``axes: both`` only.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import mirror_margin
from puzzlegen.media.image import thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.perturb import mirrored
from puzzlegen.media.places import clarity
from puzzlegen.media.scaled import unscaled
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_segment
from puzzlegen.media.upright import LESS_FOR_CLIPS, SIDE, least_margin
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

WAYS: Final = ("not mirrored", "top and bottom swapped", "left and right swapped")
LABELS: Final = ("none", "top-bottom", "left-right")
_NAMES: Final = ("none", "vertical", "horizontal")
_VERTICAL: Final = (
    "<video>\nThis video is shown either as it was filmed or mirrored so that top and bottom are swapped. Which is it?"
)
_BOTH: Final = (
    "<video>\nThis video is shown as it was filmed, mirrored so that top and bottom are swapped, or mirrored so that "
    "left and right are swapped. Which is it?"
)


class VideoFlip(Task):
    """How was the clip mirrored, if at all?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"
    version: ClassVar = 5

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    axes: Literal["both", "vertical"] = Field("vertical", description="both: left-right flips are asked for as well")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def difficulty(self) -> float:
        """0.2 for top-bottom flips, 0.5 with left-right flips, which are hard to see."""
        return 0.2 if self.axes == "vertical" else 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Mirror a moving segment of the clip, or leave it as it is."""
        part = moving_segment(item.clip(self.frames), LEAST_FRAMES, self.frames, rng)
        middle, count = unscaled(Image.fromarray(part[len(part) // 2])), 2 if self.axes == "vertical" else 3
        small = middle.miniature(SIDE)
        margin = mirror_margin(thumbnail(small, 16), _NAMES[1:count])
        margin = least_margin(margin, item, small, lambda: clarity(middle), LESS_FOR_CLIPS)
        k = rng.balanced("answer", count)
        question, answer = self._ask(count, k, rng)
        return Puzzle(question, (encode_clip(mirrored(part, _NAMES[k])),), answer, self.difficulty, margin)

    def _ask(self, count: int, k: int, rng: Rng) -> tuple[str, Answer]:
        labels = LABELS[:count]
        question = _VERTICAL if self.axes == "vertical" else _BOTH
        meaning = f" Answer {', '.join(labels[:-1])} or {labels[-1]}."
        return answers.option(rng, question, self.form, WAYS[:count], k, labels=labels, meaning=meaning)
