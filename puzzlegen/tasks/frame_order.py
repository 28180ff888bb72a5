"""Show single frames of a shot in another order and ask for the order of filming.

There is one convention, stated in every prompt with an example of the puzzle's own size: the answer lists the numbers
of the pictures, in the order of filming. Each picture is cropped and lit in its own way (``media.reframe``); otherwise
putting similar pictures next to each other would give the order. ``cut: 0, jitter: 0, shade: 0`` is the easy form that
leaves the pictures as they are.

Eight pictures of the shot are shown first, in the order of filming. With ``reference: false`` only the first frame is
given, and named as such: without it, most orders could just as well be reversed. Shots that come back to what they
showed before are then rejected as well; of 40 such puzzles 4 were disputable. Our design, same task family as Visual
Jigsaw's clips.
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
from puzzlegen.media.succession import Pixels, evenly, in_order
from puzzlegen.records import Profile, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_MAX_PICTURES: Final = 8
_SHOT_PICTURES: Final = 8


class FrameOrder(Task):
    """Put single frames of a shot back in order."""

    accepts: ClassVar = "video"
    ability: ClassVar = "temporal order"
    version: ClassVar = 7

    pictures: int = Field(4, ge=3, le=_MAX_PICTURES, description="frames to put in order")
    reference: bool = Field(default=True, description="show the shot first; otherwise its first frame only")
    apart: int = Field(
        3, ge=2, le=32, description="minimum distance between neighbouring frames, in frames of the clip"
    )
    cut: reframe.Cut = reframe.CUT
    jitter: reframe.Jitter = reframe.JITTER
    shade: Shade = reframe.SHADE
    partial_credit: answers.PartialCredit = Field(
        "auto",
        description="metric of the partial credit for a partly correct order; auto: positions from 5 pictures on",
    )

    @property
    def profile(self) -> Profile:
        """Several pictures, although they come from a clip."""
        return "multi_image"

    @property
    def media_count(self) -> int:
        """One picture per frame to order, plus eight of the shot or, without ``reference``, its first frame."""
        return self.pictures + (_SHOT_PICTURES if self.reference else 1)

    @property
    def difficulty(self) -> float:
        """Grows with the number of possible orders: 0.3 for 4 pictures, 1 for 8; 0.1 less with ``reference``."""
        return round(math.lgamma(self.pictures + 1) / math.lgamma(_MAX_PICTURES + 1) - 0.1 * self.reference, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Pick frames of a shot, shuffle all but a first one that is given, ask for the order."""
        given = 0 if self.reference else 1
        count = self.pictures + given
        shots = moving_shots(item.clip(), (count - 1) * self.apart + 1)
        pieces = in_order(shots, count, (1, 1), self.apart - 1, rng, shown=self.reference, spread=_SHOT_PICTURES)
        margin = min(pieces.margin, distinct(list(pieces.frames)))
        paths = reframe.orders(count, rng, given=given)
        framed = reframe.reframed(pieces.frames, paths, rng, cut=self.cut, jitter=self.jitter, shade=self.shade)
        order = answers.draw_order(rng, self.pictures)
        shuffled = [framed[order.index(k + 1) + given][0] for k in range(self.pictures)]
        reference_frames = _sample_shot(pieces.shot) if self.reference else [framed[0][0]]
        media = tuple(encode_image(Image.fromarray(frame)) for frame in (*reference_frames, *shuffled))
        return Puzzle(
            self._question(), media, answers.permutation(order, self.partial_credit, 5), self.difficulty, margin
        )

    def _question(self) -> str:
        n = self.pictures
        example = answers.example_order(n)
        pictures = "\n".join(f"Picture {k + 1}: <image>" for k in range(n))
        if self.reference:
            intro = (
                f"Shot: {' '.join(['<image>'] * _SHOT_PICTURES)}\n{pictures}\nThe shot is shown as {_SHOT_PICTURES} of "
                f"its frames, from the first to the last, in the order in which they were filmed. The {n} pictures are "
                "frames of the shot in a different order, each cropped and with altered brightness and colours. List "
                "their numbers"
            )
        else:
            intro = (
                f"Start: <image>\n{pictures}\nThese are {n + 1} frames of one shot, each cropped and with altered "
                f"brightness and colours. The one called start was filmed first; the {n} pictures are shown in a "
                "different order. List their numbers"
            )
        return (
            f"{intro} in the order in which they were filmed, earliest first. For example, "
            f"{', '.join(map(str, example))} would mean that picture {example[0]} was filmed before the other "
            f"pictures, then picture {example[1]}, and picture {example[-1]} last."
        )


def _sample_shot(shot: Pixels) -> list[Pixels]:
    """Return eight frames from the first to the last, as evenly spaced as possible."""
    return [shot[k] for k in evenly(0, len(shot) - 1, _SHOT_PICTURES)]
