"""Shuffle the tiles of a picture and ask where one of them was (Jigsaw-R1 calls this "single").

The tiles are laid out in one picture in random order, which says nothing about their original places. Pictures with a
flat tile, or with two tiles that could be exchanged unnoticed, are rejected. It can still be disputable which of
several places that show nearly the same a tile came from: grass or grass, leaf or leaf. So only places whose tiles are
unlike each other are offered, and any of these may be the one asked about (our design; Jigsaw-R1 offers all places).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar, Final, Self

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import differences
from puzzlegen.media.tiles import Cols, Gap, Jitter, Level, Rows, as_shown, laid_out, mosaic, toned
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

#: Random sets of places to choose from. Not all possible sets: a picture should not be asked about the same places each
#: time.
_SETS: Final = 24
_SIDE: Final = 16
_LEAST_UNLIKE: Final = 14.0


class TilePlace(Task):
    """Where in the original picture was this tile?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "localisation"
    version: ClassVar = 9

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.25
    level: Level = 0.8
    jitter: Jitter = 0.08
    options: int = Field(4, ge=2, le=9, description="places to choose from")

    @model_validator(mode="after")
    def _check_possible(self) -> Self:
        if self.options > self.rows * self.cols:
            raise ValueError(
                f"{self.options} options need as many tiles, not {self.rows}x{self.cols}; change options or the grid"
            )
        return self

    @property
    def difficulty(self) -> float:
        """Grows with the number of tiles: 0.19 at 2x2, 0.31 at 3x3, 0.5 at 6x6."""
        return round(0.5 * math.log(self.rows * self.cols) / math.log(36), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture, shuffle its tiles, ask where one of them was."""
        tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng)
        tiles = toned(tiles, rng, self.level, self.jitter)
        places, least_difference = unlike(tiles, self.options, rng)
        layout, place = rng.permutation(len(tiles)), places[0]
        block, answer = answers.choice(rng, [self._cell(k) for k in places], 0)
        media = (encode_image(mosaic([tiles[k] for k in layout], self.cols)),)
        question = f"{self._question(layout.index(place))}\n{block}"
        return Puzzle(question, media, answer, self.difficulty, min(margin, least_difference))

    def _cell(self, k: int) -> str:
        return f"row {k // self.cols + 1}, column {k % self.cols + 1}"

    def _question(self, asked: int) -> str:
        return (
            f"{laid_out(self.rows, self.cols, as_shown(self.gap, self.level, self.jitter))} Rows are counted from the "
            f"top and columns from the left: {self._cell(0)} is the top left corner and "
            f"{self._cell(self.rows * self.cols - 1)} the bottom right one. Where in the original picture does the "
            f"tile shown in {self._cell(asked)} belong?"
        )


def unlike(tiles: Sequence[Image.Image], n: int, rng: Rng) -> tuple[list[int], float]:
    """Choose tiles that can be distinguished at a glance: of random sets, the one whose two most similar differ most.

    Args:
        tiles: the tiles as they are shown, all of one size.
        n: how many tiles to choose.
        rng: draws the sets.

    Returns:
        The indices of the chosen tiles in random order, and by how much the colours of the two most similar differ
        beyond the minimum (mean distance of their sorted values, of 255).

    Raises:
        Unusable: ``interchangeable``, every set has two tiles that differ by less than the minimum.
    """
    small = [np.asarray(tile.resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.int32) for tile in tiles]
    ranked = np.sort(np.stack(small).reshape(len(tiles), -1, 3), axis=1)
    pair_differences = differences(ranked, ranked)
    sets = [rng.sample(range(len(tiles)), n) for _ in range(_SETS)]
    least_differences = [min(float(pair_differences[pair]) for pair in combinations(places, 2)) for places in sets]
    best = max(range(_SETS), key=least_differences.__getitem__)
    if least_differences[best] < _LEAST_UNLIKE:
        raise Unusable(
            "interchangeable", f"tiles as unlike as {least_differences[best]:.1f} of 255, need {_LEAST_UNLIKE}"
        )
    return sets[best], least_differences[best] - _LEAST_UNLIKE
