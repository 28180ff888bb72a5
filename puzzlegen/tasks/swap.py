"""Exchange two tiles of a picture, ask which two (ViSS-R1).

All tiles, exchanged or not, are cut smaller than their places, toned on their own and put side by side, so that no
seam is smooth and an exchange has no edge of its own; ViSS-R1's tiles fit without a gap. Pictures with a flat tile or
with two that could be exchanged unnoticed are refused. 2x2 is the easy level: what goes on from tile to tile tells much
of it, and is much of what a person goes by. Of 2x2 no two tiles of one row are exchanged: where the upper two are, the
lower two might as well be, and only what goes on across a gap tells.

Larger grids than ViSS-R1's 2x2 are our design, same task family: their tiles leave more out and lie each in a light of
its own, and of their many pairs six are offered, such that by the sides of the tiles alone the right one looks best
about as often as worst. So hidden, they are shown beside the picture as it was, unless ``reference: false``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import combinations
from typing import Any, ClassVar, Final, TypeVar

from PIL import Image
from pydantic import Field, model_validator

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import told_apart
from puzzlegen.media.layouts import Looks
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import clarity_of
from puzzlegen.media.shade import Shade, shaded
from puzzlegen.media.tiles import Gap, Jitter, Level, as_shown, encoded, mosaic, opening, toned
from puzzlegen.media.upright import SIDE, upright_margin
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_OPTIONS: Final = 6
_FEW: Final = 4
#: Cuts that are tried until sides can be made not to tell: one does for about every second pair.
_CUTS: Final = 6
#: What keeps sides from telling which of many pairs it is. Four tiles are the easy level.
#: So hidden they do not always tell people either: of 88 puzzles without the picture 4 could be disputed, of those with
#: more to spare by the five clues as many.
_HIDDEN: Final = {"gap": 0.4, "level": 1.0, "shade": 0.7, "reference": True}
# Set on 149 puzzles, of which 21 were disputable: cups, toys, a leaf, blurred flowers, shrubs.
_LEAST_CLARITY: Final = 12.0
_LESS_UP: Final = 2.0

Pair = tuple[int, int]
T = TypeVar("T")


class Swap(Task):
    """Which two tiles of the picture were exchanged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 11
    spoils: ClassVar = "directions"

    rows: int = Field(2, ge=2, le=4, description="rows of the grid")
    cols: int = Field(2, ge=2, le=4, description="columns of the grid")
    gap: Gap = Field(0.3, description="fraction of a cell's side that its tile leaves out; default beyond 2x2: 0.4")
    level: Level = Field(0.8, description="how far tiles are brought to the same tone; default beyond 2x2: 1")
    jitter: Jitter = 0.08
    shade: Shade = Field(0.0, description="how strongly light and tint vary across a tile; default beyond 2x2: 0.7")
    reference: bool = Field(
        default=False, description="show the original image beside the tiles; default beyond 2x2: true"
    )

    @model_validator(mode="before")
    @classmethod
    def _hidden(cls, given: Any) -> Any:  # noqa: ANN401 - whatever a recipe says
        if isinstance(given, dict) and (given.get("rows", 2), given.get("cols", 2)) != (2, 2):
            return _HIDDEN | given
        return given

    @property
    def media_count(self) -> int:
        """The tiles, and the picture as it was if asked for."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Grows with the number of pairs: 0.25 at 2x2, 0.55 at 3x3, 0.75 at 4x4; half with the picture."""
        hard = 0.25 + 0.5 * math.log(math.comb(self.rows * self.cols, 2) / 6) / math.log(20)
        return round(hard / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, exchange, put together."""
        known = _laid_out(item) if self._few else math.inf
        pairs = self._pairs()
        right = pairs[rng.balanced("answer", len(pairs))]
        tiles, wrong, margin = self._laid(item, right, [pair for pair in pairs if pair != right], rng)
        options = [f"tiles {i + 1} and {j + 1}" for i, j in (right, *wrong)]
        block, answer = answers.choice(rng, options, 0)
        laid = mosaic(_exchanged(tiles, right), self.cols)
        media = encoded(laid, item, reference=self.reference)
        return Puzzle(f"{self._question()}\n{block}", media, answer, self.difficulty, min(known, margin))

    @property
    def _few(self) -> bool:
        return self.rows * self.cols <= _FEW

    def _laid(
        self, item: OpenItem, right: Pair, wrong: list[Pair], rng: Rng
    ) -> tuple[list[Image.Image], list[Pair], float]:
        """The tiles, the wrong pairs that are offered, and how clearly the tiles have their places."""
        rank = rng.below(_OPTIONS)
        for _ in range(_CUTS):
            tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng, beside=self.reference)
            tiles = shaded(toned(tiles, rng, self.level, self.jitter), rng, self.shade)
            if not self.gap or self._few:
                return tiles, rng.sample(wrong, min(_OPTIONS - 1, len(wrong))), margin
            better, worse = _compared(Looks(tiles, self.cols), len(tiles), right, wrong)
            if min(len(better), len(worse)) >= _OPTIONS - 1:
                break
        # Refusing the picture would tell of the pair: others of it could be asked. So it is as near as can be.
        rank = min(max(rank, _OPTIONS - 1 - len(worse)), len(better))
        return tiles, [*rng.sample(better, rank), *rng.sample(worse, _OPTIONS - 1 - rank)], margin

    def _pairs(self) -> list[Pair]:
        pairs = combinations(range(self.rows * self.cols), 2)
        return [(i, j) for i, j in pairs if not self._few or i // self.cols != j // self.cols]

    def _question(self) -> str:
        n, start = self.rows * self.cols, opening(reference=self.reference)
        return (
            f"{start} was cut into {self.rows} rows and {self.cols} columns, and two of its {n} tiles were exchanged."
            f"{as_shown(self.gap, self.level, self.jitter, self.shade)} Places are numbered from left to right and top "
            f"to bottom: 1 is the top left corner, 2 is to the right of it, and {n} is the bottom right corner. Which "
            "two tiles stand in each other's place?"
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


def _compared(looks: Looks, n: int, right: Pair, wrong: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """The wrong pairs that look more right than the right one, once exchanged back, and those that do not."""
    own, shown = looks.of(range(n)), _exchanged(range(n), right)
    better = [pair for pair in wrong if looks.of(_exchanged(shown, pair)) > own]
    return better, [pair for pair in wrong if pair not in better]


def _exchanged(values: Sequence[T], pair: Pair) -> list[T]:
    a, b = pair
    out = list(values)
    out[a], out[b] = out[b], out[a]
    return out
