"""Shuffle the tiles of a picture, ask which of several arrangements restores it (Jigsaw-R1 calls this "multiple").

Any two of the options put another tile into the same number of places (``distance``): an option that is closest to all
others, as the right one is where each wrong one departs from it, would tell. Wrong ones are looked for whose sides fit
about as well as the right one's, which fits best as often as second best and so on, as far as the picture has any.
Pictures with a flat tile or with two that could be exchanged unnoticed are refused. Distance and fit are our design,
same task family.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self

import numpy as np
from PIL import Image
from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.media.image import encode_image
from puzzlegen.media.joins import Joints, joints, shrunk
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.orders import order_scores, rivals
from puzzlegen.media.places import distinct
from puzzlegen.media.tiles import Cols, Gap, Jitter, Level, Rows, cut, mosaic, toned
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_DRAWS: Final = 64


class Arrangement(Task):
    """Which arrangement of the tiles restores the picture?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 3

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.3
    level: Level = 0.8
    jitter: Jitter = 0.08
    options: int = Field(4, ge=2, le=6, description="arrangements to choose from")
    distance: int | None = Field(
        None, ge=2, le=36, description="places in which any two arrangements differ; by default all"
    )

    @model_validator(mode="after")
    def _possible(self) -> Self:
        n = self.rows * self.cols
        if not self.options <= self._distance <= n:
            raise ValueError(
                f"distance {self._distance} is impossible: {self.options} arrangements of {n} tiles can differ from "
                f"each other in {self.options} to {n} places; change distance, options or the grid"
            )
        return self

    @property
    def difficulty(self) -> float:
        """Grows as fewer places differ and with the options: 0.1 if all differ, 0.43 for 4 of 9."""
        closeness = 1 - self._distance / (self.rows * self.cols)
        return round(0.1 + 0.6 * closeness + 0.05 * (self.options - 4) * closeness, 4)

    @property
    def _distance(self) -> int:
        return self.distance or self.rows * self.cols

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, draw the options, shuffle so that one of them is right."""
        margin = distinct(item.image(), self.rows, self.cols)
        tiles = cut(item.image(), self.rows, self.cols, self.gap, rng)
        tiles = toned(tiles, rng, self.level, self.jitter)
        k = rng.balanced("answer", self.options)
        orders = self._orders(tiles, k, rng)
        order = orders[k]
        shown = [tiles[order.index(number)] for number in range(1, len(tiles) + 1)]
        block, answer = answers.choice(rng, [", ".join(map(str, each)) for each in orders], k)
        media = (encode_image(mosaic(shown, self.cols)),)
        return Puzzle(f"{self._question()}\n{block}", media, answer, self.difficulty, margin)

    def _orders(self, tiles: list[Image.Image], right: int, rng: Rng) -> list[list[int]]:
        """Options of which the right one's sides fit best, second best, ..., as drawn; else the nearest to it."""
        found, better = joints(shrunk(tiles), np.arange(len(tiles))), rng.below(self.options)
        lie = [k + 1 for k in rng.permutation(len(tiles))]
        wrong = rivals(found, self.cols, self.options - 1, self._distance, better, rng)
        if not wrong:
            drawn = [self._drawn(rng) for _ in range(_DRAWS)]
            wrong = min(drawn, key=lambda orders: abs(self._better(orders, found) - better))
        orders = [*wrong[:right], list(range(len(tiles))), *wrong[right:]]
        return [[lie[tile] for tile in order] for order in orders]

    def _drawn(self, rng: Rng) -> list[list[int]]:
        """Wrong orders alike to each other: the tiles of ``distance`` drawn places, moved by different numbers."""
        whole = range(self.rows * self.cols)
        places = rng.sample(whole, self._distance)
        return [_moved(whole, places, by) for by in rng.sample(range(1, self._distance), self.options - 1)]

    def _better(self, wrong: list[list[int]], found: Joints) -> int:
        """How many of these have sides that fit better than the right one's."""
        scores = order_scores(np.array([range(len(found.beside)), *wrong]), self.cols, found)
        return int((scores[1:] > scores[0]).sum())

    def _question(self) -> str:
        n = self.rows * self.cols
        example = answers.example_order(n)
        return (
            f"<image>\nA picture was cut into {self.rows} rows and {self.cols} columns, and its {n} tiles were laid "
            f"out in a random order, in as many rows and columns. They are numbered as they lie here, from left to "
            f"right and top to bottom: tile 1 is in the top left corner, tile 2 to the right of it, and tile {n} in "
            f"the bottom right corner. Which list restores the original picture? A list gives, for each place of the "
            f"original from left to right and top to bottom, the number of the tile that belongs there. For example, "
            f"{', '.join(map(str, example))} would mean that tile {example[0]} belongs in the top left corner, tile "
            f"{example[1]} to the right of it, and tile {example[-1]} in the bottom right corner."
        )


def _moved(order: Sequence[int], places: Sequence[int], by: int) -> list[int]:
    moved = list(order)
    for k, place in enumerate(places):
        moved[place] = order[places[(k + by) % len(places)]]
    return moved
