"""Show a picture and a piece of it, ask which quarter the piece comes from (SSL4RL).

The piece lies wholly inside one quarter and its size is drawn before the quarter is, so size tells nothing. A piece
without content is refused.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

QUARTERS: Final = ("top-left", "top-right", "bottom-left", "bottom-right")
_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 8
# A piece of sky fits many places: its deviation and its difference from the other quarters' pieces, in grey levels.
_LEAST_SPREAD: Final = 8.0
_LEAST_DISTANCE: Final = 8.0


class Position(Task):
    """Which quarter of the picture is this piece from?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "localisation"

    size_range: tuple[float, float] = Field((0.3, 0.8), description="sides of the piece as parts of a quarter's")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by name")

    @property
    def media_count(self) -> int:
        """The picture and the piece."""
        return 2

    @property
    def difficulty(self) -> float:
        """Smaller pieces are harder to find."""
        return round(0.5 * (1 - sum(self.size_range) / 2), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the same piece out of each quarter, so that a refusal does not depend on the one asked."""
        picture = item.image()
        for _ in range(_TRIES):
            pieces = self._pieces(picture, rng)
            margin = distinct(pieces)
            if margin >= 0:
                break
        else:
            raise Unusable("flat", f"{_TRIES} drawn places have a quarter without content of its own")
        k = rng.balanced("answer", len(QUARTERS))
        question, answer = self._ask(k, rng)
        return Puzzle(question, (encode_image(picture), encode_image(pieces[k])), answer, self.difficulty, margin)

    def _pieces(self, picture: Image.Image, rng: Rng) -> list[Image.Image]:
        half_w, half_h = picture.width // 2, picture.height // 2
        width, height = (
            round(half_w * rng.uniform(*self.size_range)),
            round(half_h * rng.uniform(*self.size_range)),
        )
        if min(width, height) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"piece of {width}x{height} px, needs {_LEAST_SIDE_PX}")
        x, y = rng.integer(0, half_w - width), rng.integer(0, half_h - height)
        corners = [(x + dx, y + dy) for dy in (0, half_h) for dx in (0, half_w)]
        return [picture.crop((left, top, left + width, top + height)) for left, top in corners]

    def _ask(self, k: int, rng: Rng) -> tuple[str, Answer]:
        text = (
            "Picture: <image>\nPiece: <image>\nThe piece was cut out of the picture, from inside one of its four "
            "quarters. Which quarter is it from?"
        )
        if self.form == "label":
            return text, answers.label(QUARTERS, k)
        block, answer = answers.choice(rng, QUARTERS, k)
        return f"{text}\n{block}", answer


def distinct(pieces: list[Image.Image]) -> float:
    """How much content of its own the poorest of the pieces has, in grey levels; below 0 it has too little."""
    spread = min(float(np.asarray(piece.convert("L"), dtype=np.float32).std()) for piece in pieces)
    small = [np.asarray(piece.resize((8, 8), Image.Resampling.BOX), dtype=np.float32) for piece in pieces]
    distance = min(float(np.abs(a - b).mean()) for i, a in enumerate(small) for b in small[:i])
    return min(spread - _LEAST_SPREAD, distance - _LEAST_DISTANCE)
