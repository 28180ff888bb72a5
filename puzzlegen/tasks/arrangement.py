"""Shuffle the tiles of a picture and ask which of several arrangements restores it (Jigsaw-R1 calls this "multiple").

Any two options differ in the same number of places (``distance``). If each wrong option were derived from the right one
instead, the right one would be closest to all others and stand out. The fewer places differ, the fewer tile sides can
reveal the answer, and the harder the puzzle is for a solver who looks at what is shown.

Each tile is also lit in its own way, and places are drawn such that, judged by the tiles' sides alone, the right option
looks best as often as it looks worst (except where four tiles leave no choice, or where there is no gap to hide
anything). Pictures whose sides always reveal the answer are rejected, and so are pictures with a flat tile or with two
tiles that could be exchanged unnoticed. Distance, light and places are our design, same task family.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final, Self

from PIL import Image
from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.image import encode_image
from puzzlegen.media.layouts import Looks
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.shade import Shade, shaded
from puzzlegen.media.tiles import Cols, Gap, Jitter, Level, Rows, as_shown, laid_out, mosaic, numbered, toned
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

#: Maximum draws of places until the right option has had every rank, and maximum cuts to try: 78 % of first cuts
#: suffice.
_TRIES: Final = 256
_CUTS: Final = 3
_FEW_TILES: Final = 4

Orders = list[list[int]]


class Arrangement(Task):
    """Which arrangement of the tiles restores the picture?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 9

    rows: Rows = 3
    cols: Cols = 3
    gap: Gap = 0.3
    level: Level = 1.0
    jitter: Jitter = 0.08
    shade: Shade = 0.85
    options: int = Field(4, ge=2, le=6, description="arrangements to choose from")
    distance: int | None = Field(
        None, ge=2, le=36, description="positions in which any two arrangements differ; default: as few as possible"
    )

    @model_validator(mode="after")
    def _check_possible(self) -> Self:
        n = self.rows * self.cols
        if self.options > n:
            raise ValueError(
                f"{self.options} options need as many tiles, not {self.rows}x{self.cols}; change options or the grid"
            )
        if not self.options <= self._distance <= n:
            raise ValueError(
                f"distance {self._distance} is impossible: {self.options} arrangements of {n} tiles can differ from "
                f"each other in {self.options} to {n} places; change distance, options or the grid"
            )
        return self

    @property
    def difficulty(self) -> float:
        """Grows with the options and the fewer places differ: 0.43 for 4 options in 4 of 9 places, 0.1 in all."""
        closeness = 1 - self._distance / (self.rows * self.cols)
        return round(0.1 + 0.6 * closeness + 0.05 * (self.options - 4) * closeness, 4)

    @property
    def _distance(self) -> int:
        return self.distance or self.options

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture, draw the orders to offer, lay the tiles out shuffled."""
        tiles, orders, margin = self._cut_tiles(item, rng)
        positions = rng.permutation(len(tiles))
        shuffled = [tiles[positions.index(place)] for place in range(len(tiles))]
        right, *wrong = [", ".join(str(positions[tile] + 1) for tile in order) for order in orders]
        k = rng.balanced("answer", self.options)
        block, answer = answers.choice(rng, [*wrong[:k], right, *wrong[k:]], k)
        media = (encode_image(mosaic(shuffled, self.cols)),)
        return Puzzle(f"{self._question()}\n{block}", media, answer, self.difficulty, margin)

    def _cut_tiles(self, item: OpenItem, rng: Rng) -> tuple[list[Image.Image], Orders, float]:
        """Return the tiles of the first cut whose sides do not reveal the answer, the orders to offer, and the margin.

        Raises:
            Unusable: ``telling`` if every cut's sides reveal it, or a reason of :func:`told_apart`.
        """
        for _ in range(_CUTS):
            tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng)
            tiles = shaded(toned(tiles, rng, self.level, self.jitter), rng, self.shade)
            if not self.gap or len(tiles) <= _FEW_TILES:
                return tiles, self._draw_orders(rng), margin
            if orders := self._draw_ranked_orders(Looks(tiles, self.cols), rng):
                return tiles, orders, margin
        raise Unusable("telling", f"of {_CUTS} cuts none lets the right option look worst, as sides go")

    def _draw_ranked_orders(self, looks: Looks, rng: Rng) -> Orders:
        """Draw orders like :meth:`_draw_orders`; a random number of the wrong ones look more right than the right one.

        Returns:
            The orders, or an empty list if the draws do not contain every such number.
        """
        true_score = looks.of(range(self.rows * self.cols))
        by_rank: dict[int, Orders] = {}
        for _ in range(_TRIES):
            orders = self._draw_orders(rng)
            by_rank.setdefault(sum(looks.of(order) > true_score for order in orders[1:]), orders)
            if len(by_rank) == self.options:
                return by_rank[rng.below(self.options)]
        return []

    def _draw_orders(self, rng: Rng) -> Orders:
        """Return the right order, then wrong ones.

        In each wrong order, the tiles of the same ``distance`` random places are shifted by a different number.
        """
        right = list(range(self.rows * self.cols))
        places = rng.sample(right, self._distance)
        steps = rng.sample(range(1, self._distance), self.options - 1)
        return [_shift_places(right, places, shift) for shift in (0, *steps)]

    def _question(self) -> str:
        n = self.rows * self.cols
        example = answers.example_order(n)
        parts = as_shown(self.gap, self.level, self.jitter, self.shade)
        return (
            f"{laid_out(self.rows, self.cols, parts)}{numbered(n)} Which list restores the original picture? A list "
            f"gives, for each position in the original picture from left to right and top to bottom, the number of the "
            f"tile that belongs there. For example, {', '.join(map(str, example))} would mean that tile {example[0]} "
            f"belongs in the top left corner, tile {example[1]} to its right, and tile {example[-1]} in the bottom "
            f"right corner."
        )


def _shift_places(order: Sequence[int], places: Sequence[int], shift: int) -> list[int]:
    moved = list(order)
    for k, place in enumerate(places):
        moved[place] = order[places[(k + shift) % len(places)]]
    return moved
