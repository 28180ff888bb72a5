"""Shuffle the tiles of a picture, ask where one of them was (Jigsaw-R1 calls this "single").

The tiles lie in one picture, in a random order, which says nothing of where they were. Pictures with a flat tile or
with two that could be exchanged unnoticed are refused. Of more than nine places nine are offered (our design).
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

from puzzlegen import answers
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.tiles import Cols, Gap, Jitter, Level, Rows, as_shown, laid_out, mosaic, toned
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_MOST_OPTIONS: Final = 9


class TilePlace(Task):
    """Where in the original picture was this tile?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "localisation"
    version: ClassVar = 6

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.25
    level: Level = 0.8
    jitter: Jitter = 0.08

    @property
    def difficulty(self) -> float:
        """Grows with the number of places: 0.19 at 2x2, 0.31 at 3x3, 0.5 at 6x6."""
        return round(0.5 * math.log(self.rows * self.cols) / math.log(36), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, shuffle, ask for one."""
        tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng)
        tiles = toned(tiles, rng, self.level, self.jitter)
        shown, asked = rng.permutation(len(tiles)), rng.below(len(tiles))
        place = rng.balanced("answer", len(tiles))
        moved = shown.index(place)
        shown[moved], shown[asked] = shown[asked], place
        others = rng.sample([k for k in range(len(tiles)) if k != place], min(_MOST_OPTIONS, len(tiles)) - 1)
        block, answer = answers.choice(rng, [self._cell(k) for k in (place, *others)], 0)
        media = (encode_image(mosaic([tiles[k] for k in shown], self.cols)),)
        return Puzzle(f"{self._question(asked)}\n{block}", media, answer, self.difficulty, margin)

    def _cell(self, k: int) -> str:
        return f"row {k // self.cols + 1}, column {k % self.cols + 1}"

    def _question(self, asked: int) -> str:
        return (
            f"{laid_out(self.rows, self.cols, as_shown(self.gap, self.level, self.jitter))} Rows are counted from the "
            f"top and columns from the left: {self._cell(0)} is the top left corner, "
            f"{self._cell(self.rows * self.cols - 1)} the bottom right one. Where in the original picture was the tile "
            f"that now lies in {self._cell(asked)}?"
        )
