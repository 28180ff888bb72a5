"""Turn a clip by a right angle and ask by how much (ViSS-R1). The clip is cropped to a square, all frames turned alike.

Clips whose middle frame looks the same after a turn, or does not clearly show which side is up, are rejected.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import ANGLES, turn_margin, turned_frames
from puzzlegen.media.image import thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import clarity
from puzzlegen.media.scaled import unscaled
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_segment
from puzzlegen.media.upright import LESS_FOR_CLIPS, SIDE, least_margin
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

QUESTION: Final = (
    "<video>\nThis video was rotated counter-clockwise by 0, 90, 180 or 270 degrees, where 0 means that it was not "
    "rotated. By how many degrees was it rotated?"
)


class VideoRotation(Task):
    """By how many degrees was the clip turned?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"
    version: ClassVar = 5

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    form: Literal["choice", "number"] = Field("choice", description="answer by option letter or by the angle itself")

    @property
    def difficulty(self) -> float:
        """Always 0.3: one clip, four answers."""
        return 0.3

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Crop a moving segment to a square and turn it."""
        part = moving_segment(item.clip(self.frames), LEAST_FRAMES, self.frames, rng)
        left, top, right, bottom = item.square_box((part.shape[2], part.shape[1]), rng)
        square = part[:, top:bottom, left:right]
        middle = unscaled(Image.fromarray(square[len(square) // 2]))
        small = middle.miniature(SIDE)
        margin = turn_margin(thumbnail(small, 16))
        margin = least_margin(margin, item, small, lambda: clarity(middle), LESS_FOR_CLIPS)
        k = rng.balanced("answer", len(ANGLES))
        question, answer = answers.angle(rng, QUESTION, self.form, ANGLES, k)
        return Puzzle(question, (encode_clip(turned_frames(square, k)),), answer, self.difficulty, margin)
