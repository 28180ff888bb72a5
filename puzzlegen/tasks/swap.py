"""Exchange two tiles of a picture, ask which two (ViSS-R1).

All tiles, exchanged or not, are cut smaller than their places, toned on their own and put side by side, so that no
seam is smooth and an exchange has no edge of its own; ViSS-R1's tiles fit without a gap. Pictures with a flat tile or
with two that could be exchanged unnoticed are refused. Grids larger than ViSS-R1's 2x2 are our design, same task
family: of their many pairs six are offered. 2x2 is the easy level: what goes on from tile to tile tells much of it,
and is much of what a person goes by. At 3x3 ``gap: 0.4, level: 1, shade: 0.7`` hides that. Of 2x2 no two tiles of one
row are exchanged: where the upper two are, the lower two might as well be, and only what goes on across a gap tells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import ClassVar, Final, TypeVar

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import clarity_of
from puzzlegen.media.shade import Shade, shaded
from puzzlegen.media.tiles import Gap, Jitter, Level, as_shown, mosaic, toned
from puzzlegen.media.upright import SIDE, upright_margin
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_OPTIONS: Final = 6
_FEW: Final = 4
# Set on 149 puzzles, of which 21 were disputable: cups, toys, a leaf, blurred flowers, shrubs.
_LEAST_CLARITY: Final = 12.0
_LESS_UP: Final = 2.0

Pair = tuple[int, int]
T = TypeVar("T")


class Swap(Task):
    """Which two tiles of the picture were exchanged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 8
    spoils: ClassVar = "directions"

    rows: int = Field(2, ge=2, le=4, description="rows of the grid")
    cols: int = Field(2, ge=2, le=4, description="columns of the grid")
    gap: Gap = 0.3
    level: Level = 0.8
    jitter: Jitter = 0.08
    shade: Shade = 0.0

    @property
    def difficulty(self) -> float:
        """Grows with the number of pairs: 0.25 at 2x2, 0.55 at 3x3, 0.75 at 4x4."""
        return round(0.25 + 0.5 * math.log(math.comb(self.rows * self.cols, 2) / 6) / math.log(20), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, exchange, put together."""
        known = _laid_out(item) if self.rows * self.cols == _FEW else math.inf
        tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng)
        tiles = shaded(toned(tiles, rng, self.level, self.jitter), rng, self.shade)
        pairs = self._pairs()
        k = rng.balanced("answer", len(pairs))
        tiles = _exchanged(tiles, pairs[k])
        others = rng.sample([pair for pair in pairs if pair != pairs[k]], min(_OPTIONS, len(pairs)) - 1)
        options = [f"tiles {i + 1} and {j + 1}" for i, j in (pairs[k], *others)]
        block, answer = answers.choice(rng, options, 0)
        media = (encode_image(mosaic(tiles, self.cols)),)
        return Puzzle(f"{self._question()}\n{block}", media, answer, self.difficulty, min(known, margin))

    def _pairs(self) -> list[Pair]:
        pairs = combinations(range(self.rows * self.cols), 2)
        few = self.rows * self.cols == _FEW
        return [(i, j) for i, j in pairs if not few or i // self.cols != j // self.cols]

    def _question(self) -> str:
        n = self.rows * self.cols
        return (
            f"<image>\nA picture was cut into {self.rows} rows and {self.cols} columns, and two of its {n} tiles were "
            f"exchanged.{as_shown(self.gap, self.level, self.jitter, self.shade)} Places are numbered from left to "
            f"right and top to bottom: 1 is the top left corner, 2 is to the right of it, and {n} is the bottom right "
            f"corner. Which two tiles stand in each other's place?"
        )


def _laid_out(item: OpenItem) -> float:
    """How clearly a picture's layout is one that people know; four tiles of others go together in several ways.

    Raises:
        Unusable: ``interchangeable`` or ``no_upright``.
    """
    margin = upright_margin(item.picture().miniature(SIDE), lambda: clarity_of(item), _LESS_UP)
    if (clear := clarity_of(item)) < _LEAST_CLARITY:
        raise Unusable("interchangeable", f"the picture shows too little: {clear:.1f}, needs {_LEAST_CLARITY}")
    return margin


def _exchanged(values: Sequence[T], pair: Pair) -> list[T]:
    a, b = pair
    out = list(values)
    out[a], out[b] = out[b], out[a]
    return out
