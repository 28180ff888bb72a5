"""Exchange two tiles of a picture and ask which two (ViSS-R1).

All tiles, exchanged or not, are cut smaller than their places, toned individually and put side by side, so that no seam
is smooth and an exchange leaves no edge of its own; ViSS-R1's tiles fit without a gap. Pictures with a flat tile, or
with two tiles that could be exchanged unnoticed, are rejected.

2x2 is the easy level: what continues from tile to tile reveals much of the answer, and is much of what a person goes
by. At 2x2 without the original, the two exchanged tiles are never in the same row. If the upper two were exchanged, the
lower two might just as well have been, and only what continues across a gap could decide. ``reference: true`` shows the
original, which decides it: all six pairs are then asked about, as in ViSS-R1, tiles show less, as in larger grids, and
the picture needs no "up".

Grids larger than ViSS-R1's 2x2 are our design, same task family. Their tiles leave out more and are each lit in their
own way. Of their many pairs six are offered, chosen such that, judged by the tiles' sides alone, the right pair looks
best about as often as it looks worst. With so much hidden, the original is shown beside the tiles, unless
``reference: false``. The six pairs of 2x2 tiles beside their original are ranked in the same way, by trying some cuts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import Any, ClassVar, Final, NamedTuple, TypeVar

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
_FEW_TILES: Final = 4
#: Cuts to try until the tiles' sides do not reveal the pair; one cut suffices for about half of all pairs. Where there
#: are only six pairs, a cut is wanted in which the right one has a drawn rank among them.
_CUTS: Final = 6
#: Defaults beyond 2x2, the easy level, and with the original: they keep the tiles' sides from revealing which of six or
#: more pairs was exchanged. With so much hidden, people cannot always tell either: of 88 puzzles without the original 4
#: were disputable, and just as many of those with a larger margin by the five clues of ``media.places``.
_HIDDEN_DEFAULTS: Final = {"gap": 0.4, "level": 1.0, "shade": 0.7, "reference": True}
# Set on 149 puzzles, of which 21 were disputable (cups, toys, a leaf, blurred flowers, shrubs).
_LEAST_CLARITY: Final = 12.0
_UPRIGHT_ALLOWANCE: Final = 2.0

Pair = tuple[int, int]
T = TypeVar("T")


class _Cut(NamedTuple):
    """One cut of the picture for one right pair.

    Attributes:
        tiles: the tiles, in reading order.
        margin: how clearly each tile has its own place.
        better: wrong pairs that look more right than the right one.
        worse: the other wrong pairs.
        rank: how many of ``better`` to offer: the drawn number, or the nearest possible one.
    """

    tiles: list[Image.Image]
    margin: float
    better: list[Pair]
    worse: list[Pair]
    rank: int


class Swap(Task):
    """Which two tiles of the picture were exchanged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "spatial order"
    version: ClassVar = 13
    spoils: ClassVar = "directions"

    rows: int = Field(2, ge=2, le=4, description="rows of the grid")
    cols: int = Field(2, ge=2, le=4, description="columns of the grid")
    gap: Gap = Field(
        0.3, description="fraction of a cell's side that its tile leaves out; default beyond 2x2 or with reference: 0.4"
    )
    level: Level = Field(
        0.8, description="how far tiles are brought to the same tone; default beyond 2x2 or with reference: 1"
    )
    jitter: Jitter = 0.08
    shade: Shade = Field(
        0.0, description="how strongly light and tint vary across a tile; default beyond 2x2 or with reference: 0.7"
    )
    reference: bool = Field(
        default=False, description="show the original image beside the tiles; default beyond 2x2: true"
    )

    @model_validator(mode="before")
    @classmethod
    def _apply_hidden_defaults(cls, given: Any) -> Any:  # noqa: ANN401 - whatever a recipe says
        if not isinstance(given, dict):
            return given
        if given.get("reference") or (given.get("rows", 2), given.get("cols", 2)) != (2, 2):
            return _HIDDEN_DEFAULTS | given
        return given

    @property
    def media_count(self) -> int:
        """The tiles in one picture, and with ``reference`` the original."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Grows with the number of pairs: 0.25 at 2x2, 0.55 at 3x3, 0.75 at 4x4; half of that with ``reference``."""
        base_difficulty = 0.25 + 0.5 * math.log(math.comb(self.rows * self.cols, 2) / 6) / math.log(20)
        return round(base_difficulty / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture into tiles, exchange two, put all side by side."""
        needs_upright = self._is_small_grid and not self.reference
        layout_margin = _check_upright(item) if needs_upright else math.inf
        pairs = self._pairs()
        right = pairs[rng.balanced("answer", len(pairs))]
        tiles, wrong, margin = self._cut_tiles(item, right, [pair for pair in pairs if pair != right], rng)
        options = [f"tiles {i + 1} and {j + 1}" for i, j in (right, *wrong)]
        block, answer = answers.choice(rng, options, 0)
        mosaic_picture = mosaic(_swap_pair(tiles, right), self.cols)
        media = encoded(mosaic_picture, item, reference=self.reference)
        return Puzzle(f"{self._question()}\n{block}", media, answer, self.difficulty, min(layout_margin, margin))

    @property
    def _is_small_grid(self) -> bool:
        return self.rows * self.cols <= _FEW_TILES

    def _cut_tiles(
        self, item: OpenItem, right: Pair, wrong: list[Pair], rng: Rng
    ) -> tuple[list[Image.Image], list[Pair], float]:
        """Return the tiles, the wrong pairs to offer, and how clearly each tile has its own place."""
        rank = rng.below(_OPTIONS)
        if not self.gap or (self._is_small_grid and not self.reference):
            tiles, margin = next(self._cuts(item, rng))
            return tiles, rng.sample(wrong, min(_OPTIONS - 1, len(wrong))), margin
        cuts: list[_Cut] = []
        for tiles, margin in self._cuts(item, rng):
            better, worse = _split_by_looks(Looks(tiles, self.cols), len(tiles), right, wrong)
            # Rejecting the picture here would depend on the answer, since other pairs of it could be asked about. So
            # the rank is the nearest possible one.
            nearest = min(max(rank, _OPTIONS - 1 - len(worse)), len(better))
            cuts.append(_Cut(tiles, margin, better, worse, nearest))
            leaves_choice = min(len(better), len(worse)) >= _OPTIONS - 1
            if leaves_choice or (nearest == rank and len(wrong) < _OPTIONS):
                break
        cut = min(cuts, key=lambda cut: abs(cut.rank - rank))
        offered = [*rng.sample(cut.better, cut.rank), *rng.sample(cut.worse, _OPTIONS - 1 - cut.rank)]
        return cut.tiles, offered, cut.margin

    def _cuts(self, item: OpenItem, rng: Rng) -> Iterator[tuple[list[Image.Image], float]]:
        """Yield a few cuts, each with how clearly its tiles have places of their own.

        A later cut that would be rejected is left out: whether it is tried depends on the answer.

        Raises:
            Unusable: the first cut is rejected.
        """
        for number in range(_CUTS):
            try:
                tiles, margin = told_apart(item, self.rows, self.cols, self.gap, self.level, rng, beside=self.reference)
            except Unusable:
                if number == 0:
                    raise
                continue
            yield shaded(toned(tiles, rng, self.level, self.jitter), rng, self.shade), margin

    def _pairs(self) -> list[Pair]:
        pairs = combinations(range(self.rows * self.cols), 2)
        every = self.reference or not self._is_small_grid
        return [(i, j) for i, j in pairs if every or i // self.cols != j // self.cols]

    def _question(self) -> str:
        n, start = self.rows * self.cols, opening(reference=self.reference)
        return (
            f"{start} was cut into a grid of {self.rows} rows and {self.cols} columns, and two of its {n} tiles were "
            f"swapped.{as_shown(self.gap, self.level, self.jitter, self.shade)} The tiles are numbered as they are "
            f"shown, from left to right and top to bottom: tile 1 is in the top left corner, tile 2 is to its right, "
            f"and tile {n} is in the bottom right corner. Which two tiles were swapped?"
        )


def _check_upright(item: OpenItem) -> float:
    """Return how clearly a picture has an "up", which people need to know its layout.

    Four tiles of other pictures fit together in several ways.

    Raises:
        Unusable: ``interchangeable``, the picture shows too little, or ``no_upright``.
    """
    margin = upright_margin(item.picture().miniature(SIDE), lambda: clarity_of(item), _UPRIGHT_ALLOWANCE)
    if (clarity := clarity_of(item)) < _LEAST_CLARITY:
        raise Unusable("interchangeable", f"the picture shows too little: {clarity:.1f}, needs {_LEAST_CLARITY}")
    return margin


def _split_by_looks(looks: Looks, n: int, right: Pair, wrong: list[Pair]) -> tuple[list[Pair], list[Pair]]:
    """Split the wrong pairs into those that, exchanged back, look more right than the right pair does, and the rest."""
    true_score, exchanged = looks.of(range(n)), _swap_pair(range(n), right)
    better = [pair for pair in wrong if looks.of(_swap_pair(exchanged, pair)) > true_score]
    return better, [pair for pair in wrong if pair not in better]


def _swap_pair(values: Sequence[T], pair: Pair) -> list[T]:
    a, b = pair
    swapped = list(values)
    swapped[a], swapped[b] = swapped[b], swapped[a]
    return swapped
