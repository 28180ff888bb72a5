"""Cut pictures into the tiles of a grid, lay the tiles out, and word the questions about them.

Each tile shows only a part of its place, at a drawn offset and scale, and tiles are brought to one brightness, contrast
and colour cast, so that edges neither meet nor match: without all this, learned joints put 99 % of 3x3 puzzles
together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Annotated, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pydantic import Field

from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image, tone_curve
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Medium
from puzzlegen.rng import Rng

#: Parameters that all tasks about tiles share, under the same names.
Rows = Annotated[int, Field(ge=2, le=6, description="rows of the grid")]
Cols = Annotated[int, Field(ge=2, le=6, description="columns of the grid")]
Gap = Annotated[
    float,
    Field(
        ge=0,
        le=0.4,
        description="fraction of a cell's side that its tile leaves out, drawn from half to one and a half times this",
    ),
]
Level = Annotated[
    float, Field(ge=0, le=1, description="how far tiles are brought to the same brightness, contrast and colour cast")
]
Jitter = Annotated[
    float, Field(ge=0, le=0.5, description="maximum change of each tile's brightness and contrast after that")
]
Reference = Annotated[bool, Field(description="show the original image beside the tiles")]

#: The line of a question that shows the original picture beside its tiles.
AS_IT_WAS: Final = "Original picture: <image>"
LEAST_SIDE_PX: Final = 28
# Mean and spread that tiles are brought to, the middle values of the tiles of 126 photos. The gain is limited, as flat
# tiles would become noise otherwise.
LEVEL_MEAN: Final = 118.0
LEVEL_SPREAD: Final = 48.0
MOST_GAIN: Final = 3.0


def cut(picture: Image.Image, rows: int, cols: int, gap: float, rng: Rng) -> list[Image.Image]:
    """Cut a picture into tiles of one size, in reading order, each showing a drawn part of its place.

    A tile leaves out half to one and a half times ``gap`` of its place's sides, so that scales differ a little as well.
    With a ``gap`` of 0, tiles show their whole places, pixel by pixel.

    Raises:
        Unusable: ``too_small`` if a side of the tiles has fewer than 28 pixels.
    """
    cell_width, cell_height = picture.width // cols, picture.height // rows
    size = round(cell_width * (1 - gap)), round(cell_height * (1 - gap))
    if min(size) < LEAST_SIDE_PX:
        raise Unusable("too_small", f"tiles of {size[0]}x{size[1]} px, need {LEAST_SIDE_PX}")
    tiles = []
    for row in range(rows):
        for col in range(cols):
            fraction = 1 - gap * rng.uniform(0.5, 1.5)
            width, height = cell_width * fraction, cell_height * fraction
            x = col * cell_width + rng.uniform() * (cell_width - width)
            y = row * cell_height + rng.uniform() * (cell_height - height)
            tiles.append(picture.resize(size, Image.Resampling.BICUBIC, box=(x, y, x + width, y + height)))
    return tiles


def toned(tiles: Sequence[Image.Image], rng: Rng, level: float, jitter: float) -> list[Image.Image]:
    """Bring each tile ``level`` of the way to one brightness, contrast and mean colour, then jitter it."""
    return [tile.point(tone_curve(rng, jitter)[_level_curves(tile, level)].tolist()) for tile in tiles]


def _level_curves(tile: Image.Image, level: float) -> NDArray[np.int64]:
    """Return the new value of each value of each band, ``(768,)``."""
    counts, values = np.array(tile.histogram(), dtype=np.int64).reshape(3, 256), np.arange(256)
    # Sums of whole numbers: the same on every machine.
    band_means = np.array([int(count @ values) / int(count.sum()) for count in counts])[:, None]
    grey = np.array(tile.convert("L").histogram(), dtype=np.int64)
    mean, mean_square = (int(grey @ values**power) / int(grey.sum()) for power in (1, 2))
    spread = math.sqrt(max(1.0, mean_square - mean * mean))
    gain = 1 + level * (min(MOST_GAIN, LEVEL_SPREAD / spread) - 1)
    target_means = band_means + level * (LEVEL_MEAN - band_means)
    curves = np.clip((values - band_means) * gain + target_means + 0.5, 0, 255)
    return np.asarray(curves, dtype=np.int64).ravel()


def as_shown(gap: float, *tones: float) -> str:
    """Return what a question says of tiles whose lines do not meet, or whose tones (levels, jitters, shades) differ."""
    if not gap:
        return " The brightness, contrast and colours of each tile were altered." if any(tones) else ""
    tones_note = ", with altered brightness, contrast and colours" if any(tones) else ""
    return (
        f" Each tile shows only part of its cell of the grid, at a scale of its own{tones_note}, so lines and objects "
        "need not continue from one tile to the next."
    )


def opening(*, reference: bool) -> str:
    """Return the first words of a question about tiles; with ``reference``, they show the original picture as well."""
    return f"Tiles: <image>\n{AS_IT_WAS}\nThe picture" if reference else "<image>\nA picture"


def laid_out(rows: int, cols: int, parts: str, order: str = "a random order", *, reference: bool = False) -> str:
    """Return the beginning of a question about a :func:`mosaic`; ``parts`` is the sentence of :func:`as_shown`."""
    return (
        f"{opening(reference=reference)} was cut into a grid of {rows} rows and {cols} columns, and its {rows * cols} "
        f"tiles are shown in {order} in a grid of the same size; no tile is rotated.{parts}"
    )


def numbered(n: int) -> str:
    """Return the sentence of a question that numbers the tiles of a :func:`mosaic`."""
    return (
        " The tiles are numbered as they are shown, from left to right and top to bottom: tile 1 is in the top left "
        f"corner, tile 2 is to its right, and tile {n} is in the bottom right corner."
    )


def encoded(tiles: Image.Image, item: OpenItem, *, reference: bool) -> tuple[Medium, ...]:
    """Encode the media of a question that begins with :func:`opening`: the tiles and, if asked for, the original."""
    return tuple(map(encode_image, (tiles, item.image()) if reference else (tiles,)))


def mosaic(tiles: Sequence[Image.Image], cols: int) -> Image.Image:
    """Lay tiles of one size side by side in reading order; if each shows only part of its place, no seam is smooth."""
    width, height = tiles[0].size
    canvas = Image.new("RGB", (cols * width, -(-len(tiles) // cols) * height))
    for k, tile in enumerate(tiles):
        canvas.paste(tile, (k % cols * width, k // cols * height))
    return canvas
