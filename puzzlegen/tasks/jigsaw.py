"""Cut a picture into a grid, show the tiles in another order, and ask for the order that restores the picture.

There is one convention, stated in every prompt with an example of the puzzle's own size: the answer lists, for each
place of the original in reading order, the number of the tile that belongs there. Pictures with a flat tile, or with
two tiles that could be exchanged unnoticed, are rejected, and so are patterns. SSL4RL and Visual Jigsaw show the tiles
as separate pictures, Jigsaw-R1 and SSL-R1 as one picture laid out anew. Leaving a gap between tiles, levelling their
tones and showing the original beside them is our design.

``reference: false`` leaves the original out, as the papers do. The order then rests on what continues from one tile to
the next, and the tiles' sides alone must not reveal it. Of 96 such 3x3 puzzles 16 were disputable (water, leaves, sky,
a column that could be on either side), and no measure predicts which.
"""

from __future__ import annotations

import math
from typing import ClassVar, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.tiles import (
    AS_IT_WAS,
    Cols,
    Gap,
    Jitter,
    Level,
    Reference,
    Rows,
    as_shown,
    laid_out,
    mosaic,
    numbered,
    toned,
)
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class Jigsaw(Task):
    """Put the tiles of a picture back in order."""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 10
    spoils: ClassVar = "directions"

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.25
    level: Level = 0.8
    jitter: Jitter = 0.08
    form: Literal["order", "picture_order"] = Field(
        "order", description="order: each tile is an image; picture_order: all tiles in one image"
    )
    reference: Reference = True
    partial_credit: answers.PartialCredit = Field(
        "auto", description="metric of the partial credit for a partly correct order; auto: positions from 3x3 on"
    )

    @property
    def media_count(self) -> int:
        """One picture per tile, or one of all tiles; with ``reference`` also the original."""
        return (self.rows * self.cols if self.form == "order" else 1) + self.reference

    @property
    def difficulty(self) -> float:
        """Grows with the number of possible orders: 0.03 at 2x2, 0.13 at 3x3, 1 at 6x6; half with ``reference``."""
        return round(math.lgamma(self.rows * self.cols + 1) / math.lgamma(37) / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture into tiles, shuffle them, ask for the order."""
        tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng, beside=self.reference)
        order = answers.draw_order(rng, len(tiles))
        shuffled_tiles = toned([tiles[order.index(k + 1)] for k in range(len(tiles))], rng, self.level, self.jitter)
        original = [item.image()] if self.reference else []
        pictures = (
            [*original, *shuffled_tiles] if self.form == "order" else [mosaic(shuffled_tiles, self.cols), *original]
        )
        media = tuple(map(encode_image, pictures))
        return Puzzle(self._question(), media, answers.permutation(order, self.partial_credit), self.difficulty, margin)

    def _question(self) -> str:
        n = self.rows * self.cols
        example = answers.example_order(n)
        return (
            f"{self._describe_media(n)} List, for each position in the original picture from left to right and top to "
            f"bottom, the number of the tile that belongs there. For example, {', '.join(map(str, example))} would "
            f"mean that tile {example[0]} belongs in the top left corner, tile {example[1]} to its right, and tile "
            f"{example[-1]} in the bottom right corner."
        )

    def _describe_media(self, n: int) -> str:
        parts = as_shown(self.gap, self.level, self.jitter)
        if self.form == "picture_order":
            return laid_out(self.rows, self.cols, parts, "a different order", reference=self.reference) + numbered(n)
        tiles = "\n".join(f"Tile {k + 1}: <image>" for k in range(n))
        original_line, article = (f"{AS_IT_WAS}\n", "The") if self.reference else ("", "A")
        return (
            f"{original_line}{tiles}\n{article} picture was cut into a grid of {self.rows} rows and {self.cols} "
            f"columns, and its {n} tiles are shown in a different order; no tile is rotated.{parts}"
        )
