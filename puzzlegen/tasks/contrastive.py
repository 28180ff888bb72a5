"""Show two crops with changed colours and ask whether they are from one picture or from two (SSL4RL).

Two crops of one picture overlap, and the overlap has content; otherwise the item is rejected. An item is also rejected
if no other picture can stand beside it. The other picture is one of the item's neighbours in the shard, never a
near-duplicate. Its crop is drawn as if it had to overlap another one too, so size and content reveal nothing, and is
the one whose colours are most like those of the right crop. Whichever crop is shown second, its palette is halfway
between those of the two candidates: before this was done, colours alone gave the answer in 63 % of puzzles.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.augment import AUGMENT_PACKAGES, Strength
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.views import MinOverlap, ScaleRange, ViewPx, Views, candidates, draw_boxes, view
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

OPTIONS: Final = ("the same picture", "two different pictures")
QUESTION: Final = (
    "First: <image>\nSecond: <image>\nEach of these is a crop of a picture; it may have been mirrored left to right, "
    "and its colours, brightness and sharpness may have been changed. If both were cut out of the same picture, they "
    "overlap there. Do they come from the same picture or from two different pictures?"
)


class Contrastive(Task):
    """Are these two crops of one picture?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "recognition"
    version: ClassVar = 6

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
        """Two crops."""
        return 2

    @property
    def difficulty(self) -> float:
        """0.4 for plain, 0.7 for strong changes; up to 0.2 more the less the crops must overlap."""
        base = 0.7 if self.strength == "strong" else 0.4
        return round(base + 0.2 * (1 - self.min_overlap), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Make a crop of the same picture and one of another, then draw which is shown beside the first crop."""
        picture = item.image()
        views = Views(self.view_px, self.strength, self.scale_range, self.min_overlap)
        first, second, overlap_excess = draw_boxes(item, rng, views)
        first_view = view(picture, first, rng, views)
        same, (other,) = candidates(item, second, rng, views, 1)
        k = rng.balanced("answer", len(OPTIONS))
        block, answer = answers.choice(rng, OPTIONS, k)
        media = encode_image(first_view), encode_image((same, other)[k])
        return Puzzle(f"{QUESTION}\n{block}", media, answer, self.difficulty, overlap_excess)
