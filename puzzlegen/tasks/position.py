"""Show a picture and a piece of it, and ask which quarter or which cell of a grid the piece is from (SSL4RL).

The piece lies inside one cell, and its size is drawn before the cell is, so size reveals nothing. A picture is rejected
if any cell has no content of its own, whichever cell is asked about. ``augment`` changes the piece's colours, as
SSL4RL's variant does.
"""

from __future__ import annotations

import math
from itertools import product
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.augment import AUGMENT_PACKAGES, recoloured
from puzzlegen.media.geometry import Box
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.similarity import grey, unlike_beyond
from puzzlegen.ranges import RISING
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

Part = Annotated[float, Field(gt=0, le=1)]
QUARTERS: Final = ("top-left", "top-right", "bottom-left", "bottom-right")
_LEAST_SIDE_PX: Final = 28
_TRIES: Final = 8
_PLACES: Final = 6
# A piece of sky fits many places. So minimums are set for a piece's deviation and for its difference from any place in
# other cells, in grey levels. Differences are those of colours or, where colours will be changed, of grey about its
# mean. Set by eye on 168 pieces: wood, bricks, water, sand and leaves lie below 12. The minimum for grey was set on few
# pieces.
_LEAST_SPREAD: Final = 8.0
_LEAST_DISTANCE: Final = 12.0
_LEAST_DISTANCE_GREY: Final = 10.0
#: Pieces are compared with other cells at this many pixels along their short side.
_COMPARED_PX: Final = 6


class Position(Task):
    """Which part of the picture is this piece from?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "localisation"
    version: ClassVar = 5

    rows: int = Field(2, ge=1, le=4, description="rows of cells")
    cols: int = Field(2, ge=2, le=4, description="columns of cells")
    size_range: Annotated[tuple[Part, Part], RISING] = Field(
        (0.2, 0.8), description="sides of the piece as fractions of a cell's"
    )
    augment: bool = Field(default=False, description="change the piece's colours, brightness and sharpness")
    form: Literal["choice", "label"] = Field("choice", description="answer by option letter or by name")

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
        """Up to 0.5 the smaller the piece, up to 0.3 for many cells, 0.1 for changed colours."""
        cell_term = math.log(self.rows * self.cols / 2) / math.log(8)
        return round(0.5 * (1 - sum(self.size_range) / 2) + 0.3 * cell_term + 0.1 * self.augment, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut a piece of one size out of every cell, so that rejection does not depend on the cell asked about."""
        picture = item.image()
        for _ in range(_TRIES):
            boxes, margin = self._draw_boxes(picture, rng)
            if margin >= 0:
                break
        else:
            raise Unusable("flat", f"{_TRIES} drawn sets of pieces have one without content of its own")
        pieces = [picture.crop(box) for box in boxes]
        if self.augment:
            pieces = [recoloured(piece, rng, "plain") for piece in pieces]
        k = rng.balanced("answer", len(pieces))
        question, answer = self._ask(k, rng)
        return Puzzle(question, (encode_image(picture), encode_image(pieces[k])), answer, self.difficulty, margin)

    def _draw_boxes(self, picture: Image.Image, rng: Rng) -> tuple[list[Box], float]:
        """Draw a piece in each cell, stopping at the first cell in which no drawn piece has content of its own.

        Returns:
            The boxes of the pieces, and the smallest of their margins; below 0 if a cell has no such piece.

        Raises:
            Unusable: ``too_small``.
        """
        width, height = picture.width // self.cols, picture.height // self.rows
        if min(width, height) < _LEAST_SIDE_PX:
            raise Unusable("too_small", f"cells of {width}x{height} px, a piece needs {_LEAST_SIDE_PX}")
        piece_w, piece_h = (
            max(_LEAST_SIDE_PX, round(side * rng.uniform(*self.size_range))) for side in (width, height)
        )
        comparison = _Comparison(picture, min(piece_w, piece_h), structure_only=self.augment)
        boxes, least_margin = [], 255.0
        for top, left in product(range(0, self.rows * height, height), range(0, self.cols * width, width)):
            for _ in range(_PLACES):
                x, y = left + rng.integer(0, width - piece_w), top + rng.integer(0, height - piece_h)
                box = (x, y, x + piece_w, y + piece_h)
                if (margin := comparison.margin(box, (left, top, left + width, top + height))) >= 0:
                    break
            boxes.append(box)
            if (least_margin := min(least_margin, margin)) < 0:
                break
        return boxes, least_margin

    def _cell_names(self) -> tuple[str, ...]:
        return tuple(f"row {row + 1}, column {col + 1}" for row in range(self.rows) for col in range(self.cols))

    def _ask(self, k: int, rng: Rng) -> tuple[str, Answer]:
        is_quarters = (self.rows, self.cols) == (2, 2)
        cells = "its four quarters. Which quarter" if is_quarters else self._describe_cells()
        change_note = " Its colours, brightness and sharpness may have been changed." if self.augment else ""
        text = (
            f"Picture: <image>\nPiece: <image>\nThe piece was cut out of the picture, from inside one of {cells} is it "
            f"from?{change_note}"
        )
        return answers.option(rng, text, self.form, QUARTERS if is_quarters else self._cell_names(), k)

    def _describe_cells(self) -> str:
        return (
            f"the {self.rows * self.cols} equal cells of a grid of {self.rows} rows, counted from the top, and "
            f"{self.cols} columns, counted from the left. Which cell"
        )


class _Comparison:
    """A picture at the scale at which pieces are compared with places in other cells."""

    def __init__(self, picture: Image.Image, side: int, *, structure_only: bool) -> None:
        self._picture = picture
        self._structure_only = structure_only
        self._scale = _COMPARED_PX / side
        size = self._scale_box((0, 0, *picture.size))[2:]
        small = picture.resize(size, Image.Resampling.BOX)
        self._small = grey(small) if structure_only else small

    def margin(self, box: Box, cell: Box) -> float:
        """Return how far a piece's own content exceeds the minimum, in grey levels; below 0 it has too little."""
        spread = float(np.asarray(grey(self._picture.crop(box)), dtype=np.float32).std()) - _LEAST_SPREAD
        if spread < 0:
            return spread
        least = _LEAST_DISTANCE_GREY if self._structure_only else _LEAST_DISTANCE
        difference = unlike_beyond(
            self._small, self._scale_box(box), self._scale_box(cell), levelled=self._structure_only
        )
        return min(spread, difference - least)

    def _scale_box(self, box: Box) -> Box:
        left, top, right, bottom = (round(edge * self._scale) for edge in box)
        return left, top, right, bottom
