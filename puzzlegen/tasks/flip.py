"""Mirror a picture or leave it as it is, and ask which was done (ViSS-R1).

Pictures that are nearly their own mirror image are rejected, and so are pictures in which nothing shows which side is
up, as far as this can be measured. No measure shows whether left and right are exchanged: without writing, a clock, a
road or a known place nobody can tell. So by default only upside-down flips are asked about. ``axes: both`` adds
left-right flips, which are fair with ``reference``, where the original is shown beside the mirrored picture; then no
"up" is needed either.
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
_QUESTION: Final = "<image>\nThis picture was either mirrored or left as it was taken. Which is it?"
_REFERENCE_QUESTION: Final = (
    "Original: <image>\nResult: <image>\n"
    "The second picture shows most of the first one, either mirrored or left as it was. Which is it?"
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
        """The mirrored picture, and with ``reference`` the original."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """0.2 for upside-down flips, 0.5 with left-right flips (hard to see); half of that with ``reference``."""
        return (0.2 if self.axes == "vertical" else 0.5) / (2 if self.reference else 1)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Crop the picture and mirror the crop."""
        picture = item.picture()
        box = item.drawn_box(picture.size, _LEAST_PART, rng)
        count = 2 if self.axes == "vertical" else 3
        small = picture.miniature(SIDE, box)
        margin = mirror_margin(thumbnail(small, 16), _NAMES[1:count])
        if not self.reference:
            margin = least_margin(margin, item, small, lambda: clarity_of(item))
        part = picture.pixels().crop(box)
        k = rng.balanced("answer", count)
        versions = [(part, 0), (inner(part, rng), k)] if self.reference else [(part, k)]
        media = tuple(encode_image(mirrored(image, _NAMES[axis])) for image, axis in versions)
        question, answer = self._ask(count, k, rng)
        return Puzzle(question, media, answer, self.difficulty, margin)

    def _ask(self, count: int, k: int, rng: Rng) -> tuple[str, Answer]:
        names, texts = _NAMES[:count], _TEXTS[:count]
        meanings = "; ".join(f"{name} if it was {text}" for name, text in zip(names, texts, strict=True))
        question = _REFERENCE_QUESTION if self.reference else _QUESTION
        return answers.option(rng, question, self.form, texts, k, labels=names, meaning=f" Answer {meanings}.")
