"""Show a picture and a piece of it enlarged to the same size, and ask by what factor (our design, same task family).

Picture and piece are both made smaller than the clean picture, whatever the factor: no piece is stretched, so none is
blurred by enlarging. By default their short side has 85 to 149 px, a third of the clean picture's; to show more, raise
``media.image.side_px_range``. Then all are blurred to the same softness, of which the clean picture's own is a part. A
place is rejected if its piece at any factor shows too little to be found by.

The more a piece of a photo is enlarged, the fewer bytes it takes (of a grainy photo, the more), so file sizes would
reveal the factor. Therefore a number of bytes is drawn from the range that both the smallest and the largest factor can
reach, and of several random places the one whose piece comes closest to that number is used.
"""

from __future__ import annotations

import functools
import math
from itertools import pairwise
from typing import ClassVar, Final, Self

from PIL import Image, ImageFilter
from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image, thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.scaled import Box
from puzzlegen.records import Medium, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_QUESTION: Final = (
    "Picture: <image>\nPiece: <image>\nThe piece was cut out of the picture and enlarged to the picture's width and "
    "height. How many times as wide and as high as in the picture does everything in the piece appear?"
)
# Even the piece of the largest factor is made smaller, by a sixth per side, and so loses the clean picture's finest
# detail.
_SIZE_RESERVE: Final = 1.2
# Softness of a clean picture, and of all that is shown, as radii of a blur. Without a blur well above a picture's own
# softness, which differs from photo to photo, fine detail reveals the factor: of 594 puzzles of 297 photos 47.9 % by
# sharpness with blurs of 0 to 0.5 px and a reserve of 1.1; now 36.0 %, and 36.8 % of copies too small to show it.
_OWN_SOFTNESS_PX: Final = 0.42
_SOFTNESS_PX: Final = 1.0
_LEAST_RATIO: Final = 1.15
_LEAST_SIDE_PX: Final = 64
_PLACES: Final = 6
_LEAST_SPREAD: Final = 12.0

Place = tuple[float, float]
Size = tuple[int, int]


class Scale(Task):
    """How many times was the piece enlarged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "scale"
    version: ClassVar = 3

    factors: tuple[float, ...] = Field(
        (1.25, 1.6, 2.0, 2.5),
        min_length=2,
        max_length=6,
        description="factors to choose from, ascending, from 1.1 to 4",
    )

    @model_validator(mode="after")
    def _check_factors(self) -> Self:
        low, high = self.factors[0], self.factors[-1]
        if low < 1.1 or high > 4 or any(b < a * _LEAST_RATIO for a, b in pairwise(self.factors)):  # noqa: PLR2004
            raise ValueError(
                f"factors {list(self.factors)} are impossible: each needs at least {_LEAST_RATIO} times the one before "
                "it, and all lie within 1.1 to 4"
            )
        return self

    @property
    def media_count(self) -> int:
        """The picture and the piece."""
        return 2

    @property
    def difficulty(self) -> float:
        """Grows the closer the factors are to each other: 0.45 by default, 0.14 for 1.5 and 3."""
        closest = min(b / a for a, b in pairwise(self.factors))
        return round(min(1.0, 0.1 / math.log(closest)), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Draw places, choose one of them for the drawn factor, show the picture and the piece."""
        picture = item.image()
        size = self._piece_size(picture)
        candidates = [(rng.uniform(), rng.uniform()) for _ in range(_PLACES)]
        margins = {place: self._least_spread(picture, place) - _LEAST_SPREAD for place in candidates}
        places = [place for place in candidates if margins[place] >= 0]
        if not places:
            raise Unusable("flat", f"{_PLACES} drawn places have too little content")
        k = rng.balanced("answer", len(self.factors))
        place, piece = self._choose_piece(picture, size, places, k, rng)
        block, answer = answers.choice(rng, [f"{factor:g} times" for factor in self.factors], k)
        picture_medium = self._render(picture, (0, 0, *picture.size), size)
        return Puzzle(f"{_QUESTION}\n{block}", (picture_medium, piece), answer, self.difficulty, margins[place])

    def _piece_size(self, picture: Image.Image) -> Size:
        ratio = self.factors[-1] * _SIZE_RESERVE
        size = int(picture.width / ratio), int(picture.height / ratio)
        if min(size) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"pieces of {size[0]}x{size[1]} px, need {_LEAST_SIDE_PX}")
        return size

    def _least_spread(self, picture: Image.Image, place: Place) -> float:
        """Return the deviation of the plainest of the pieces at ``place``, in grey levels of 8x8 areas."""
        boxes = [_box(picture.size, place, factor) for factor in self.factors]
        return min(float(thumbnail(picture.resize((8, 8), Image.Resampling.BOX, box=box), 8).std()) for box in boxes)

    def _choose_piece(
        self, picture: Image.Image, size: Size, places: list[Place], k: int, rng: Rng
    ) -> tuple[Place, Medium]:
        """Return the place, and its piece at factor ``k``, whose size in bytes is closest to a drawn number.

        The number is drawn from the same range for every factor.
        """

        @functools.cache
        def piece(factor: float, place: Place) -> Medium:
            return self._render(picture, _box(picture.size, place, factor), size)

        size_lists = [
            [len(piece(factor, place).data) for place in places] for factor in (self.factors[0], self.factors[-1])
        ]
        target_size = rng.uniform(max(map(min, size_lists)), min(map(max, size_lists)))
        place = min(places, key=lambda candidate: abs(len(piece(self.factors[k], candidate).data) - target_size))
        return place, piece(self.factors[k], place)

    def _render(self, picture: Image.Image, box: Box, size: Size) -> Medium:
        """Return what ``box`` shows at ``size``, blurred to the one softness of pieces of all factors."""
        scaled = picture.resize(size, Image.Resampling.BICUBIC, box=box)
        remaining_softness = _OWN_SOFTNESS_PX * size[0] / (box[2] - box[0])
        return encode_image(scaled.filter(ImageFilter.GaussianBlur(math.sqrt(_SOFTNESS_PX**2 - remaining_softness**2))))


def _box(size: Size, place: Place, factor: float) -> Box:
    width, height = size[0] / factor, size[1] / factor
    left, top = place[0] * (size[0] - width), place[1] * (size[1] - height)
    return left, top, left + width, top + height
