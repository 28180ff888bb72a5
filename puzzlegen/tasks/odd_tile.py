"""Change one tile of a picture, ask which (our design; Spatial-SSRL mirrors one of four).

All tiles, changed or not, are cut smaller than their places, toned and shaded on their own and put side by side; a hue
is turned in a colour space that all tiles pass through, and not shaded, since that changes colours too. Pictures are
refused if the change could be overlooked on any place or tile, not only on the one that is changed. Few tiles show by
themselves which side is up: half of 100 puzzles of photos could be disputed, and no measure told which. So the picture
is shown as well, after the tiles, unless ``reference`` is false.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal

import numpy as np
from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import cut_apart
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

# Set by eye on 60 photos each, cut 2x2: below lie leaves, moss, walls and, for hues, grey tiles; above, few are hard.
_LEAST_CHANGE: Final = {"turned": 14.0, "mirrored": 16.0, "hue": 12.0}
# The part of a place that is shown must show this share of it. Of 20 photos whose turned tile changes by 1.6 to 8.6
# grey levels it shows a plain wall, sky or ground in all below 6.3, and is told by the others only.
_SHOWN: Final = 0.6
_HUES: Final = (80, 176)
_DONE: Final = {
    "turned": "turned upside down, by 180 degrees",
    "mirrored": "mirrored left to right",
    "hue": "given other colours",
}
_HARDNESS: Final = {"turned": 0.3, "mirrored": 0.45, "hue": 0.05}


class OddTile(Task):
    """Which tile of the picture was changed?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "anomaly detection"
    version: ClassVar = 7

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
        """The tiles, and the picture as it was if asked for."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """By what was changed (hue 0.05, turned 0.3, mirrored 0.45), more with the tiles; half with the picture."""
        hard = _HARDNESS[self.change] + 0.4 * math.log(self.rows * self.cols / 4) / math.log(9)
        return round(hard / (2 if self.reference else 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Cut, change one, put together."""
        picture, hue = item.image(), rng.integer(*_HUES)
        margin = self._visible(cut(picture, self.rows, self.cols, 0, rng), hue, _LEAST_CHANGE[self.change])
        tiles = cut_apart(picture, self.rows, self.cols, self.gap, self.level, rng)
        margin = min(margin, self._visible(tiles, hue, _SHOWN * _LEAST_CHANGE[self.change]))
        shown, odd = self._both(tiles, hue)
        k = rng.balanced("answer", len(shown))
        shown[k] = odd[k]
        shown = shaded(toned(shown, rng, self.level, self.jitter), rng, self._shade)
        media = encoded(mosaic(shown, self.cols), item, reference=self.reference)
        answer = answers.label([str(number + 1) for number in range(len(shown))], k)
        return Puzzle(self._question(), media, answer, self.difficulty, margin)

    @property
    def _shade(self) -> float:
        return 0 if self.change == "hue" else self.shade

    def _both(self, tiles: list[Image.Image], hue: int) -> tuple[list[Image.Image], list[Image.Image]]:
        """Every tile as it would be shown unchanged and changed."""
        if self.change == "hue":
            return [_recoloured(tile, 0) for tile in tiles], [_recoloured(tile, hue) for tile in tiles]
        method = Image.Transpose.ROTATE_180 if self.change == "turned" else Image.Transpose.FLIP_LEFT_RIGHT
        return tiles.copy(), [tile.transpose(method) for tile in tiles]

    def _visible(self, tiles: list[Image.Image], hue: int, least: float) -> float:
        """How clearly the change shows where it shows least: mean difference of 8x8 versions, in grey levels."""
        small = [tile.resize((8, 8), Image.Resampling.BOX) for tile in tiles]
        change = min(_difference(a, b) for a, b in zip(*self._both(small, hue), strict=True))
        if change < least:
            raise Unusable("symmetric", f"a tile's change is {change:.1f} of 255, needs {least:.1f}")
        return change - least

    def _question(self) -> str:
        n = self.rows * self.cols
        return (
            f"{opening(reference=self.reference)} was cut into {self.rows} rows and {self.cols} columns of tiles."
            f"{as_shown(self.gap, self.level, self.jitter, self._shade)} One tile was {_DONE[self.change]}. Tiles are "
            f"numbered from left to right and top to bottom: 1 is the top left corner, 2 is to the right of it, and "
            f"{n} is the bottom right corner. Which tile was changed?"
        )


def _recoloured(tile: Image.Image, shift: int) -> Image.Image:
    """All hues moved around the circle by ``shift`` of 256; 0 costs the same rounding."""
    hue, saturation, value = tile.convert("HSV").split()
    moved = hue.point([(v + shift) % 256 for v in range(256)])
    return Image.merge("HSV", (moved, saturation, value)).convert("RGB")


def _difference(a: Image.Image, b: Image.Image) -> float:
    return float(np.abs(np.asarray(a, dtype=np.float32) - np.asarray(b, dtype=np.float32)).mean())
