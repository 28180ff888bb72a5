"""Show single frames of a shot in another order and ask for the order in which they were filmed.

The first frame is named as such: without it, most orders could as well be read backwards. One convention, stated in
every prompt with an example of the puzzle's own size: the answer lists the numbers of the other pictures, in the order
of filming. Shots that come back to what they showed before are refused. Each picture is cropped and lit in its own way
(``media.reframe``), for otherwise like beside like is the order; ``cut: 0, jitter: 0, shade: 0`` is the easy form that
leaves them as they are. Our design, same task family as Visual Jigsaw's clips.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final

from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.media import reframe
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.segments import distinct, moving_shots
from puzzlegen.media.shade import Shade
from puzzlegen.media.succession import in_order
from puzzlegen.records import Profile, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_MOST: Final = 8


class FrameOrder(Task):
    """Put single frames of a shot back in order."""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    version: ClassVar = 5

    pictures: int = Field(4, ge=3, le=_MOST, description="frames to put in order, after the one that is given")
    apart: int = Field(3, ge=2, le=32, description="least distance of neighbouring frames, in frames of the clip")
    cut: reframe.Cut = reframe.CUT
    jitter: reframe.Jitter = reframe.JITTER
    shade: Shade = reframe.SHADE
    partial_credit: answers.PartialCredit = Field(
        "auto", description="credit for a partly right order, by this metric; auto: positions from 5 pictures on"
    )

    @property
    def profile(self) -> Profile:
        """Pictures, although they come from a clip."""
        return "multi_image"

    @property
    def media_count(self) -> int:
        """One picture per frame, and the first frame."""
        return self.pictures + 1

    @property
    def difficulty(self) -> float:
        """Grows with the number of possible orders: 0.3 for 4 pictures, 1 for 8."""
        return round(math.lgamma(self.pictures + 1) / math.lgamma(_MOST + 1), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Pick frames, shuffle all but the first, ask."""
        shots = moving_shots(item.clip(), self.pictures * self.apart + 1)
        pieces = in_order(shots, self.media_count, (1, 1), self.apart - 1, rng)
        margin = min(pieces.margin, distinct(list(pieces.frames)))
        paths = reframe.orders(self.media_count, rng, given=1)
        frames = reframe.reframed(pieces.frames, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        order = answers.draw_order(rng, self.pictures)
        shown = [0, *(order.index(k + 1) + 1 for k in range(self.pictures))]
        media = tuple(encode_image(Image.fromarray(frames[k][0])) for k in shown)
        return Puzzle(
            self._question(), media, answers.permutation(order, self.partial_credit, 5), self.difficulty, margin
        )

    def _question(self) -> str:
        n = self.pictures
        example = answers.example_order(n)
        pictures = "\n".join(f"Picture {k + 1}: <image>" for k in range(n))
        return (
            f"Start: <image>\n{pictures}\nThese are {n + 1} pictures of one shot. The one called start was filmed "
            f"first; the other {n} are shown in another order. All are cropped and lit in their own "
            f"ways. List the numbers of the other {n} in the order in which they were filmed, the earliest first. For "
            f"example, {', '.join(map(str, example))} would mean that picture {example[0]} was filmed next after the "
            f"start, then picture {example[1]}, and picture {example[-1]} last."
        )
