"""Turn a picture by a right angle and ask by how much.

The cut is square, so the shape says nothing; the turn moves whole pixels, so 0 degrees takes the same path as the
rest. Pictures that look the same after a turn are refused. ViSS-R1, SSL4RL and SSL-R1 all have this task; angles
count counter-clockwise, as in the first two.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import ANGLES, square_box, turn_margin, turned
from puzzlegen.media.image import encode_image, thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

QUESTION: Final = (
    "<image>\nThis picture was turned counter-clockwise by 0, 90, 180 or 270 degrees, where 0 means that it stands "
    "as it was taken. By how many degrees was it turned?"
)


class Rotation(Task):
    """By how many degrees was the picture turned?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "orientation"

    form: Literal["choice", "number"] = Field("choice", description="answer by option letter or by the angle itself")

    @property
    def difficulty(self) -> float:
        """One picture, four answers."""
        return 0.3

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut a square, turn it."""
        picture = item.image()
        square = picture.crop(square_box(picture.size, rng))
        margin = turn_margin(thumbnail(square, 16))
        k = rng.balanced("answer", len(ANGLES))
        question, answer = answers.angle(rng, QUESTION, self.form, ANGLES, k)
        return Puzzle(question, (encode_image(turned(square, k)),), answer, self.difficulty, margin)
