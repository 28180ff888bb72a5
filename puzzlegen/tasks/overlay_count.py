"""Draw flat shapes over some frames of a clip and ask how many of one kind appear (VideoSSR's counting).

Shapes appear and disappear at random places, never two at the same place, and the total number of shapes is the same in
every clip, so how crowded a clip is reveals nothing. Each shape has a black and white rim, which the question mentions:
round things in the scene itself do not count. Shapes are drawn on the frames before the clip is encoded, once.
"""

from __future__ import annotations

from typing import ClassVar, Final, Self

from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.overlay import MOST, SHAPES, Shape, drawn_overlays, laid_over
from puzzlegen.media.segments import LEAST_FRAMES, encode_clip, moving_segment
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_PLURALS: Final[dict[Shape, str]] = {
    "circle": "circles",
    "square": "squares",
    "triangle": "triangles",
    "star": "stars",
}


class OverlayCount(Task):
    """How many shapes of one kind appear in the clip?"""

    accepts: ClassVar = "video"
    ability: ClassVar = "counting"
    version: ClassVar = 3

    frames: int = Field(16, ge=LEAST_FRAMES, le=64, description="frames of the clip; a short shot gives fewer")
    most: int = Field(5, ge=1, le=9, description="maximum shapes of the kind that is asked for; there may be none")
    shapes: int = Field(8, ge=1, le=MOST, description="total number of shapes, of four kinds; at least as many as most")
    span_range: tuple[int, int] = Field((3, 5), description="fewest and most frames that show a shape")

    @model_validator(mode="after")
    def _check_ranges(self) -> Self:
        low, high = self.span_range
        if self.most > self.shapes:
            raise ValueError(f"most ({self.most}) is more than shapes ({self.shapes})")
        if not 1 <= low <= high:
            raise ValueError(f"span_range must rise from 1 or more, got {low} to {high}")
        return self

    @property
    def difficulty(self) -> float:
        """Grows with the total number of shapes: 0.67 for 8, 1 for 12."""
        return round(self.shapes / MOST, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Draw the number of shapes of one kind, overlay all shapes on a moving segment, ask for that number."""
        part = moving_segment(item.clip(self.frames), LEAST_FRAMES, self.frames, rng)
        asked = rng.below(len(SHAPES))
        others = [shape for k, shape in enumerate(SHAPES) if k != asked]
        fill = [rng.choice(others) for _ in range(self.shapes)]
        n = rng.balanced("answer", self.most + 1)
        shapes = rng.shuffled([SHAPES[asked]] * n + fill[n:])
        overlays = drawn_overlays(shapes, (part.shape[2], part.shape[1]), len(part), self.span_range, rng)
        medium = encode_clip(laid_over(part, overlays))
        return Puzzle(_question(SHAPES[asked]), (medium,), answers.count(n, self.most), self.difficulty, 1.0)


def _question(shape: Shape) -> str:
    return (
        "<video>\nFlat shapes with a black and white outline were drawn over this clip: circles, squares, triangles "
        "and stars. Each appears in its own place, stays for some frames and disappears. How many "
        f"{_PLURALS[shape]} appear in the whole clip?"
    )
