"""Mirror a clip left to right, top to bottom or not at all, and ask which (ViSS-R1 has it for pictures).

All frames are mirrored alike, and whole pixels move. Scenes that are their own mirror image are refused. Top and
bottom show in nearly every clip; left and right only to who knows how writing, faces, roads and hands go.
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
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_segment
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

WAYS: Final = ("not mirrored", "left and right exchanged", "top and bottom exchanged")
LABELS: Final = ("none", "left-right", "top-bottom")
QUESTION: Final = (
    "<video>\nThis video either stands as it was filmed, or it was mirrored so that left and right are exchanged, or "
    "so that top and bottom are exchanged. Which of the three?"
)
_MEANING: Final = " Answer none, left-right or top-bottom."


class VideoFlip(Task):
    """How was the clip mirrored, if at all?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"
    version: ClassVar = 3

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by word")

    @property
    def difficulty(self) -> float:
        """Three answers, two of which often look alike."""
        return 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Take a moving segment, mirror it."""
        part = moving_segment(item.clip(self.frames), LEAST_FRAMES, self.frames, rng)
        margin = mirror_margin(thumbnail(Image.fromarray(part[len(part) // 2]), 16), ("horizontal", "vertical"))
        k = rng.balanced("answer", len(WAYS))
        question, answer = answers.option(rng, QUESTION, self.form, WAYS, k, labels=LABELS, meaning=_MEANING)
        return Puzzle(question, (encode_clip(mirrored(part, k)),), answer, self.difficulty, margin)
