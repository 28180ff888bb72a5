"""Mirror a picture or leave it, ask which was done (ViSS-R1).

Pictures that are nearly their own mirror image are refused, and those in which nothing tells which side is up, as far
as a measure can say. None knows which way round a scene was: without writing, a clock, a road or a known place nobody
can tell left from right. So only upside down is asked for, unless ``axes: both`` adds left and right, which is fair
with ``reference``, the picture as it was beside the mirrored one; then no "up" is needed either.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import inner, mirror_margin, mirrored
from puzzlegen.media.image import encode_image, thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import clarity_of
from puzzlegen.media.upright import SIDE, least_margin
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_PART: Final = 0.85
_NAMES: Final = ("none", "vertical", "horizontal")
_QUESTION: Final = "<image>\nThis picture was mirrored, or left as it was taken. Which is it?"
_BESIDE: Final = (
    "As it was: <image>\nAfterwards: <image>\n"
    "The second picture shows most of the first one, mirrored or left as it was. Which is it?"
)
_TEXTS: Final = ("not mirrored", "mirrored top to bottom, so that it is upside down", "mirrored left to right")


class Flip(Task):
    """Was the picture mirrored, and which way?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"
    version: ClassVar = 5

    axes: Literal["both", "vertical"] = Field("vertical", description="both: left-right flips are asked for as well")
    reference: bool = Field(default=False, description="show the original image first")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by name")

    @property
    def media_count(self) -> int:
        """The mirrored picture, and the one as it was if asked for."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Upside down is easy to see (0.2), left to right hard (0.5); half as much with the picture as it was."""
        return (0.2 if self.axes == "vertical" else 0.5) / (2 if self.reference else 1)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, mirror."""
        picture = item.picture()
        box = item.drawn_box(picture.size, _LEAST_PART, rng)
        count = 2 if self.axes == "vertical" else 3
        small = picture.miniature(SIDE, box)
        margin = mirror_margin(thumbnail(small, 16), _NAMES[1:count])
        if not self.reference:
            margin = least_margin(margin, item, small, lambda: clarity_of(item))
        part = picture.pixels().crop(box)
        k = rng.balanced("answer", count)
        shown = [(part, 0), (inner(part, rng), k)] if self.reference else [(part, k)]
        media = tuple(encode_image(mirrored(one, _NAMES[way])) for one, way in shown)
        question, answer = self._ask(count, k, rng)
        return Puzzle(question, media, answer, self.difficulty, margin)

    def _ask(self, count: int, k: int, rng: Rng) -> tuple[str, Answer]:
        names, texts = _NAMES[:count], _TEXTS[:count]
        words = "; ".join(f"{name} if it was {text}" for name, text in zip(names, texts, strict=True))
        question = _BESIDE if self.reference else _QUESTION
        return answers.option(rng, question, self.form, texts, k, labels=names, meaning=f" Say {words}.")
