"""Show a picture and a piece of it enlarged to the same size, ask how many times (our design, same task family).

Both are made smaller than the clean picture, whatever the factor: no piece is stretched, so none is blurred by it.
Pieces of every factor are cut at one drawn place, and a place is refused if any of them has too little to find it by.
"""

from __future__ import annotations

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
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_QUESTION: Final = (
    "Picture: <image>\nPiece: <image>\nThe piece was cut out of the picture and enlarged until it was as wide and as "
    "high as the picture. How many times wider and higher does everything in the piece look than in the picture?"
)
# The piece of the largest factor still loses a tenth of its pixels per side; the clean picture's finest detail with it.
_SPARE: Final = 1.1
# A clean picture is a little soft itself, and larger pieces lose that as they are made smaller. Set on noise, whose
# highest fifth of frequencies then differs between factors by 0.15 in log power (0.1 is its deviation), before by 0.5.
_SOFT_PX: Final = 0.36
_LEAST_RATIO: Final = 1.15
_LEAST_SIDE_PX: Final = 64
_TRIES: Final = 8
_LEAST_SPREAD: Final = 12.0


class Scale(Task):
    """How many times was the piece enlarged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "scale"

    factors: tuple[float, ...] = Field(
        (1.25, 1.6, 2.0, 2.5), min_length=2, max_length=6, description="what is asked, smallest first, from 1.1 to 4"
    )

    @model_validator(mode="after")
    def _tell_apart(self) -> Self:
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
        """Grows as the factors come closer: 0.45 by default, 0.14 for 1.5 and 3."""
        closest = min(b / a for a, b in pairwise(self.factors))
        return round(min(1.0, 0.1 / math.log(closest)), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut a piece for every factor, show one."""
        picture = item.image()
        size = self._size(picture)
        for _ in range(_TRIES):
            pieces = self._pieces(picture, size, rng)
            margin = min(float(thumbnail(piece, 8).std()) for piece in pieces) - _LEAST_SPREAD
            if margin >= 0:
                break
        else:
            raise Unusable("flat", f"{_TRIES} drawn places have too little content")
        k = rng.balanced("answer", len(pieces))
        block, answer = answers.choice(rng, [f"{factor:g} times" for factor in self.factors], k)
        whole = self._seen(picture, (0, 0, *picture.size), size)
        media = (encode_image(whole), encode_image(pieces[k]))
        return Puzzle(f"{_QUESTION}\n{block}", media, answer, self.difficulty, margin)

    def _size(self, picture: Image.Image) -> tuple[int, int]:
        ratio = self.factors[-1] * _SPARE
        size = int(picture.width / ratio), int(picture.height / ratio)
        if min(size) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"pieces of {size[0]}x{size[1]} px, need {_LEAST_SIDE_PX}")
        return size

    def _pieces(self, picture: Image.Image, size: tuple[int, int], rng: Rng) -> list[Image.Image]:
        x, y = rng.uniform(), rng.uniform()
        pieces = []
        for factor in self.factors:
            width, height = picture.width / factor, picture.height / factor
            left, top = x * (picture.width - width), y * (picture.height - height)
            pieces.append(self._seen(picture, (left, top, left + width, top + height), size))
        return pieces

    def _seen(self, picture: Image.Image, box: Box, size: tuple[int, int]) -> Image.Image:
        """What ``box`` shows at ``size``, as soft as the piece of the largest factor is by itself."""
        part = picture.width / (box[2] - box[0]) / self.factors[-1]
        seen = picture.resize(size, Image.Resampling.BICUBIC, box=box)
        return seen.filter(ImageFilter.GaussianBlur(_SOFT_PX * math.sqrt(1 - min(1.0, part) ** 2)))
