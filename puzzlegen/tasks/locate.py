"""Show a picture and a piece of it, and ask for the box that the piece was cut from. The score is the boxes' IoU.

Pieces are cut anywhere, at the picture's own scale. Pieces that look much like another part of the picture, as plain
ones do, are drawn again; if no draw is unlike all other parts, the item is rejected. This is SSL4RL's position task
with an answer that cannot be guessed: our design, same task family.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Final

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.augment import AUGMENT_PACKAGES, recoloured
from puzzlegen.media.geometry import Box
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.similarity import unlike_elsewhere
from puzzlegen.ranges import RISING
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 16
_COORDINATES: Final = 1000
# Set by eye on the 40 lowest of 125 photos: above 10 only bricks and planks remain hard, and these can be counted.
_LEAST_DISTANCE: Final = 10.0

Part = Annotated[float, Field(gt=0, le=0.7)]


class Locate(Task):
    """Where was this piece cut out?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "localisation"
    version: ClassVar = 4

    size_range: Annotated[tuple[Part, Part], RISING] = Field(
        (0.15, 0.5), description="sides of the piece as fractions of the image's"
    )
    augment: bool = Field(default=False, description="change the piece's colours, brightness and sharpness")

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that change colours, with ``augment``."""
        return AUGMENT_PACKAGES if self.augment else ()

    @property
    def media_count(self) -> int:
        """The picture and the piece."""
        return 2

    @property
    def difficulty(self) -> float:
        """Up to 0.7 the smaller the piece, plus 0.1 for changed colours."""
        return round(0.7 * (1 - sum(self.size_range) / 2) + 0.1 * self.augment, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Draw a piece until one is unlike all other parts of the picture, and ask where it was cut."""
        picture = item.image()
        for _ in range(_TRIES):
            box = self._draw_box(picture.size, rng)
            if (margin := unlike_elsewhere(picture, box) - _LEAST_DISTANCE) >= 0:
                break
        else:
            raise Unusable("repeated", f"{_TRIES} drawn pieces look like another part of the picture")
        piece = picture.crop(box)
        if self.augment:
            piece = recoloured(piece, rng, "plain")
        answer = answers.box(_normalise(box, picture.size))
        return Puzzle(self._question(), (encode_image(picture), encode_image(piece)), answer, self.difficulty, margin)

    def _draw_box(self, size: tuple[int, int], rng: Rng) -> Box:
        width, height = (round(side * rng.uniform(*self.size_range)) for side in size)
        width, height = max(width, _LEAST_SIDE_PX), max(height, _LEAST_SIDE_PX)
        left, top = rng.integer(0, size[0] - width), rng.integer(0, size[1] - height)
        return left, top, left + width, top + height

    def _question(self) -> str:
        note = " Its colours, brightness and sharpness may have been changed." if self.augment else ""
        return (
            "Picture: <image>\nPiece: <image>\nThe piece was cut out of the picture and is shown at the same scale."
            f"{note} Where in the picture was it? Give its left, top, right and bottom edge, measured from the left "
            f"and top edge of the picture on a scale from 0 to {_COORDINATES}, where {_COORDINATES} is the opposite "
            "edge."
        )


def _normalise(box: Box, size: tuple[int, int]) -> Box:
    left, top, right, bottom = (round(edge * _COORDINATES / size[i % 2]) for i, edge in enumerate(box))
    return left, top, right, bottom
