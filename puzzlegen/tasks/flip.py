"""Mirror a picture or leave it, ask which was done (ViSS-R1).

Pictures that are nearly their own mirror image are refused, but no measure knows which way round a scene was: left
and right are often undecidable without writing, a clock, a road or a known place. ``axes: vertical`` asks only for
upside down, which most pictures of the world decide.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import mirror_margin, mirrored
from puzzlegen.media.image import encode_image, thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_PART: Final = 0.85
_NAMES: Final = ("none", "vertical", "horizontal")
_QUESTION: Final = "<image>\nThis picture was mirrored, or left as it was taken. Which is it?"
_TEXTS: Final = ("not mirrored", "mirrored top to bottom, so that it is upside down", "mirrored left to right")


class Flip(Task):
    """Was the picture mirrored, and which way?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"

    axes: Literal["both", "vertical"] = Field("both", description="vertical asks for upside down only")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by name")

    @property
    def difficulty(self) -> float:
        """Upside down is easy to see, left to right is hard."""
        return 0.2 if self.axes == "vertical" else 0.5

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, mirror."""
        picture = item.image()
        picture = picture.crop(item.drawn_box(picture.size, _LEAST_PART, rng))
        count = 2 if self.axes == "vertical" else 3
        margin = mirror_margin(thumbnail(picture, 16), _NAMES[1:count])
        k = rng.balanced("answer", count)
        media = (encode_image(mirrored(picture, _NAMES[k])),)
        question, answer = self._ask(count, k, rng)
        return Puzzle(question, media, answer, self.difficulty, margin)

    def _ask(self, count: int, k: int, rng: Rng) -> tuple[str, Answer]:
        names, texts = _NAMES[:count], _TEXTS[:count]
        words = "; ".join(f"{name} if it was {text}" for name, text in zip(names, texts, strict=True))
        return answers.option(rng, _QUESTION, self.form, texts, k, labels=names, meaning=f" Say {words}.")
