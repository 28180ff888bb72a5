"""Show a crop of a picture and several lettered crops, and ask which of these is of the same picture (SSL-R1).

All crops are cut, mirrored and changed in colour as in ``contrastive``. The lettered crops share one palette, because
without it, colours alone identified the right one of four 52 % of the time. The right crop overlaps the first one, and
the overlap has content. The others are of the item's neighbours in the shard that are not near-duplicates. Each is cut
where its colours are most like those of the right one, as if it had to overlap another crop too. If any crop has next
to no colour, all are shown in grey: otherwise colours identified the right crop of charts 46 % and of scanned pages 48
% of the time. Items with too few such neighbours are rejected. The paper does not say how its options are made: our
design, same task family.
"""

from __future__ import annotations

from string import ascii_uppercase
from typing import ClassVar

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.augment import AUGMENT_PACKAGES, Strength
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import grey_together
from puzzlegen.media.views import MinOverlap, ScaleRange, ViewPx, Views, candidates, draw_boxes, view
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class Similarity(Task):
    """Which of these crops is of the same picture?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "recognition"
    version: ClassVar = 6

    options: int = Field(4, ge=2, le=8, description="number of crops to choose from")
    strength: Strength = Field("plain", description="strength of the colour changes; strong crops are smaller, too")
    scale_range: ScaleRange = None
    min_overlap: MinOverlap = 0.2
    view_px: ViewPx = 224

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages that change colours."""
        return AUGMENT_PACKAGES

    @property
    def media_count(self) -> int:
        """The crop asked about, and one per option."""
        return self.options + 1

    @property
    def difficulty(self) -> float:
        """0.3 for plain, 0.6 for strong changes; up to 0.2 more for little overlap, up to 0.1 for many options."""
        base = 0.6 if self.strength == "strong" else 0.3
        return round(base + 0.2 * (1 - self.min_overlap) + 0.1 * (self.options - 2) / 6, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Make all crops, then draw the right one's letter."""
        picture = item.image()
        views = Views(self.view_px, self.strength, self.scale_range, self.min_overlap)
        first, second, overlap_excess = draw_boxes(item, rng, views)
        first_view = view(picture, first, rng, views)
        right, others = candidates(item, second, rng, views, self.options - 1)
        first_view, right, *others = grey_together([first_view, right, *others])
        others = rng.shuffled(others)
        slot, answer = answers.pick(rng, self.options)
        media = tuple(encode_image(crop) for crop in (first_view, *others[:slot], right, *others[slot:]))
        return Puzzle(self._question(), media, answer, self.difficulty, overlap_excess)

    def _question(self) -> str:
        options = "\n".join(f"{letter}: <image>" for letter in ascii_uppercase[: self.options])
        return (
            f"Crop: <image>\n{options}\n"
            "Each of these is a crop of a picture; it may have been mirrored left to right, and its colours, "
            "brightness and sharpness may have been changed. One of the lettered crops was cut out of the same picture "
            "as the first crop and overlaps it there; the others come from other pictures. Which one is it?"
        )
