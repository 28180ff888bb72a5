"""Change one tile of a picture and ask which (our design; Spatial-SSRL mirrors one of four).

All tiles, changed or not, are cut smaller than their places, toned and shaded individually and put side by side. With
``change: hue``, hues are rotated in all tiles and rotated back in the unchanged ones, and no tile is shaded, because
shading changes colours too.

A picture is rejected if the change could be overlooked on any place or tile, not only on the one that is changed, or if
any tile, once changed, fits some part of its place nearly as well as unchanged (bars and bands do). Few tiles alone
show which side is up: half of 100 puzzles of photos were disputable, and no measure predicts which. So the original is
shown after the tiles, unless ``reference`` is false.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar, Final, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import cut_apart
from puzzlegen.media.hue import hue_turned
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.shade import Shade, shaded
from puzzlegen.media.tiles import (
    Cols,
    Gap,
    Jitter,
    Level,
    Reference,
    Rows,
    as_shown,
    cut,
    encoded,
    mosaic,
    opening,
    toned,
)
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

# Minimum change of any place, in grey levels. Set by eye on 60 photos each, cut 2x2: leaves, moss, walls and (for hues)
# grey tiles lie below; few above are hard.
_LEAST_CHANGE: Final = {"turned": 14.0, "mirrored": 16.0, "hue": 12.0}
# A tile, the part of a place that is shown, must change by at least this share of the minimum. Of 20 photos whose
# turned tile changes by 1.6 to 8.6 grey levels, all below 6.3 show a plain wall, sky or ground in it, so that it can be
# found only by ruling out the others.
_SHOWN_SHARE: Final = 0.6
# Minimum, in grey levels, by which a changed tile must fit its place worse than unchanged, at any position in the place
# and at any scale. 46 of 273 charts and pages lie below: half are bars and the like that fit a little higher up, the
# others text that must be read. Of 1,138 photos, 11 lie below.
_LEAST_MISFIT: Final = 3.5
_SIDE: Final = 8
#: Each cell is the sum of four quarter cells, so that parts can begin at every half cell.
_CELL: Final = 4
_GAP_FACTORS: Final = (0.5, 0.7, 0.9, 1.1, 1.3, 1.5)
_HUE_RANGE: Final = (80, 176)
_CHANGE_TEXTS: Final = {
    "turned": "rotated by 180 degrees",
    "mirrored": "mirrored left to right",
    "hue": "given different hues",
}
_HARDNESS: Final = {"turned": 0.3, "mirrored": 0.45, "hue": 0.05}


class OddTile(Task):
    """Which tile of the picture was changed?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "anomaly detection"
    version: ClassVar = 10

    rows: Rows = 2
    cols: Cols = 2
    gap: Gap = 0.4
    level: Level = 1.0
    jitter: Jitter = 0.08
    shade: Shade = 0.5
    reference: Reference = True
    change: Literal["turned", "mirrored", "hue"] = Field("turned", description="what happens to the odd tile")

    @property
    def media_count(self) -> int:
        """The tiles in one picture, and with ``reference`` the original."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Grows with the tiles; at 2x2 0.05 (hue), 0.3 (turned) or 0.45 (mirrored); half of that with ``reference``."""
        base_difficulty = _HARDNESS[self.change] + 0.4 * math.log(self.rows * self.cols / 4) / math.log(9)
        return round(base_difficulty / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut the picture into tiles, change one, put all side by side."""
        picture, hue = item.image(), rng.integer(*_HUE_RANGE)
        places = cut(picture, self.rows, self.cols, 0, rng)
        margin = self._check_visible(places, hue, _LEAST_CHANGE[self.change])
        tiles = cut_apart(picture, self.rows, self.cols, self.gap, self.level, rng)
        margin = min(margin, self._check_visible(tiles, hue, _SHOWN_SHARE * _LEAST_CHANGE[self.change]))
        shown, changed_tiles = self._make_both_versions(tiles, hue)
        margin = min(margin, self._check_misfit(places, shown, changed_tiles))
        k = rng.balanced("answer", len(shown))
        shown[k] = changed_tiles[k]
        shown = shaded(toned(shown, rng, self.level, self.jitter), rng, self._shade)
        media = encoded(mosaic(shown, self.cols), item, reference=self.reference)
        answer = answers.label([str(number + 1) for number in range(len(shown))], k, "tile")
        return Puzzle(self._question(), media, answer, self.difficulty, margin)

    @property
    def _shade(self) -> float:
        return 0 if self.change == "hue" else self.shade

    def _make_both_versions(self, tiles: list[Image.Image], hue: int) -> tuple[list[Image.Image], list[Image.Image]]:
        """Return all tiles as they would be shown unchanged, and all tiles as they would be shown changed."""
        if self.change == "hue":
            changed_tiles = [_rotate_hue(tile, hue) for tile in tiles]
            return [_rotate_hue(tile, -hue) for tile in changed_tiles], changed_tiles
        method = Image.Transpose.ROTATE_180 if self.change == "turned" else Image.Transpose.FLIP_LEFT_RIGHT
        return tiles.copy(), [tile.transpose(method) for tile in tiles]

    def _check_visible(self, tiles: list[Image.Image], hue: int, least: float) -> float:
        """Return how far the least visible change of any tile exceeds ``least``, in grey levels.

        A change is the mean absolute difference between 8x8 versions of the unchanged and the changed tile.

        Raises:
            Unusable: ``symmetric``, the change is below ``least``.
        """
        small = [tile.resize((_SIDE, _SIDE), Image.Resampling.BOX) for tile in tiles]
        change = min(_difference(a, b) for a, b in zip(*self._make_both_versions(small, hue), strict=True))
        if change < least:
            raise Unusable("symmetric", f"a tile's change is {change:.1f} of 255, needs {least:.1f}")
        return change - least

    def _check_misfit(
        self, places: list[Image.Image], shown: list[Image.Image], changed_tiles: list[Image.Image]
    ) -> float:
        """Return how far the smallest misfit of any tile exceeds the minimum, in grey levels.

        A tile's misfit is how much worse it fits its place changed than unchanged. 8x8 versions are compared at every
        half cell of the place, at six scales from the smallest to the largest part of the place that a tile may show.

        Raises:
            Unusable: ``symmetric``, the misfit is below the minimum.
        """
        sides = sorted({round(_SIDE / (1 - part * self.gap)) for part in _GAP_FACTORS})
        fits = [_measure_fits(place, pair, sides) for place, *pair in zip(places, shown, changed_tiles, strict=True)]
        misfit = min(after - before for before, after in fits)
        if misfit < _LEAST_MISFIT:
            raise Unusable("symmetric", f"a changed tile fits worse by {misfit:.1f} of 255, needs {_LEAST_MISFIT}")
        return misfit - _LEAST_MISFIT

    def _question(self) -> str:
        n = self.rows * self.cols
        return (
            f"{opening(reference=self.reference)} was cut into a grid of {self.rows} rows and {self.cols} columns of "
            f"tiles.{as_shown(self.gap, self.level, self.jitter, self._shade)} One tile was also "
            f"{_CHANGE_TEXTS[self.change]}. The tiles are numbered from left to right and top to bottom: tile 1 is in "
            f"the top left corner, tile 2 is to its right, and tile {n} is in the bottom right corner. Which tile is "
            "it?"
        )


def _rotate_hue(tile: Image.Image, shift: int) -> Image.Image:
    """Return the tile with all hues rotated by ``shift`` of 256 steps around the colour circle."""
    return Image.fromarray(hue_turned(np.asarray(tile), shift / 256))


def _measure_fits(place: Image.Image, tiles: Sequence[Image.Image], sides: Sequence[int]) -> list[float]:
    """Return each tile's mean difference from the part of its place that is most like it, in grey levels."""
    targets = _CELL * np.moveaxis(np.stack([_reduce(tile, _SIDE) for tile in tiles]), -1, 1)
    least_sums = []
    for side in sides:
        halves = _reduce(place, 2 * side)
        cells = halves[:-1, :-1] + halves[1:, :-1] + halves[:-1, 1:] + halves[1:, 1:]
        parts = sliding_window_view(cells, (2 * _SIDE - 1, 2 * _SIDE - 1), axis=(0, 1))[..., ::2, ::2]
        differences = np.abs(parts.reshape(-1, 1, *targets[0].shape) - targets)
        least_sums.append(differences.sum(axis=(2, 3, 4), dtype=np.int64).min(axis=0))
    return [int(sums) / (_CELL * targets[0].size) for sums in np.min(least_sums, axis=0)]


def _reduce(picture: Image.Image, side: int) -> NDArray[np.int16]:
    return np.asarray(picture.resize((side, side), Image.Resampling.BOX)).astype(np.int16)


def _difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, dtype=np.float32) - np.asarray(b, dtype=np.float32)).mean())
