"""Shuffle the tiles of a picture and ask where one tile was relative to a neighbour (Jigsaw-R1 calls this "pair").

The tiles are laid out in one picture in random order, which says nothing about their original places. Pictures with a
flat tile, or with two tiles that could be exchanged unnoticed, are rejected. From two tiles alone it is often
disputable whether one was beside or below the other: this was so in 10 of 200 puzzles, and no measure predicts which.
So the original is shown after the tiles, and the two can be found in it, unless ``reference`` is false, as in
Jigsaw-R1.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.tiles import (
    Cols,
    Gap,
    Jitter,
    Level,
    Reference,
    Rows,
    as_shown,
    encoded,
    laid_out,
    mosaic,
    numbered,
    toned,
)
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

#: Offset of the first tile from the second: rows down, columns to the right. The first four share a side.
_DIRECTIONS: Final = {
    "directly above": (-1, 0),
    "directly below": (1, 0),
    "directly to the left": (0, -1),
    "directly to the right": (0, 1),
    "above and to the left": (-1, -1),
    "above and to the right": (-1, 1),
    "below and to the left": (1, -1),
    "below and to the right": (1, 1),
}


class TileRelation(Task):
    """Where was one tile relative to another in the original picture?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial relation"
    version: ClassVar = 10

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.3
    level: Level = 1.0
    jitter: Jitter = 0.08
    directions: Literal[4, 8] = Field(4, description="4: neighbours that share a side; 8: diagonal ones as well")
    reference: Reference = True

    @property
    def media_count(self) -> int:
        """The tiles in one picture, and with ``reference`` the original."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Grows with tiles and directions: 0.19 at 2x2 with four, 0.55 at 6x6 with eight; half with ``reference``."""
        base_difficulty = 0.5 * math.log(self.rows * self.cols * math.sqrt(self.directions / 4)) / math.log(36)
        return round(base_difficulty / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture, shuffle its tiles, ask about two neighbours."""
        tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng, beside=self.reference)
        tiles = toned(tiles, rng, self.level, self.jitter)
        layout = rng.permutation(len(tiles))
        names = list(_DIRECTIONS)[: self.directions]
        k = rng.balanced("answer", len(names))
        first, second = self._draw_pair(*_DIRECTIONS[names[k]], rng)
        block, answer = answers.choice(rng, names, k)
        question = self._question(layout.index(first) + 1, layout.index(second) + 1)
        mosaic_picture = mosaic([tiles[k] for k in layout], self.cols)
        media = encoded(mosaic_picture, item, reference=self.reference)
        return Puzzle(f"{question}\n{block}", media, answer, self.difficulty, margin)

    def _draw_pair(self, down: int, right: int, rng: Rng) -> tuple[int, int]:
        """Draw two places of the grid: the first is ``down`` rows below and ``right`` columns right of the second."""
        row = rng.below(self.rows - abs(down)) + max(0, -down)
        col = rng.below(self.cols - abs(right)) + max(0, -right)
        return (row + down) * self.cols + col + right, row * self.cols + col

    def _question(self, first: int, second: int) -> str:
        n, parts = self.rows * self.cols, as_shown(self.gap, self.level, self.jitter)
        return (
            f"{laid_out(self.rows, self.cols, parts, reference=self.reference)}{numbered(n)} In the original picture, "
            f"tiles {first} and {second} are neighbours. Where is tile {first} relative to tile {second} there?"
        )
