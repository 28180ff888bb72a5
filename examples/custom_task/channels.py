"""A task in a package of its own: exchange two colour channels of a picture, or none, and ask which.

A task whose puzzles have several media also defines the property ``media_count``; here the default, 1, is right.
"""

from __future__ import annotations

from itertools import combinations
from typing import ClassVar, Final

import numpy as np
from PIL import Image

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_ORDERS: Final = ((0, 1, 2), (1, 0, 2), (2, 1, 0), (0, 2, 1))
_TEXTS: Final = ("none", "red and green", "red and blue", "green and blue")
#: Minimum mean difference between two channels of a picture reduced to 16x16, in grey levels.
_LEAST_APART: Final = 12.0


class Channels(Task):
    """Which two colour channels were exchanged?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "colour"

    @property
    def difficulty(self) -> float:
        """Always 0.3: rather easy, because the colours of things are known."""
        return 0.3

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Reject pictures without colour before drawing the answer, then exchange channels and ask."""
        pixels = np.asarray(item.image())
        small = np.asarray(item.image().resize((16, 16), Image.Resampling.BOX), dtype=np.float32)
        least_difference = min(
            float(np.abs(small[..., a] - small[..., b]).mean()) for a, b in combinations(range(3), 2)
        )
        if least_difference < _LEAST_APART:
            raise Unusable("flat", f"two channels differ by {least_difference:.1f} of 255, need {_LEAST_APART}")
        k = rng.balanced("answer", len(_ORDERS))
        # Answers are always made by puzzlegen.answers, which gives each its verifier spec.
        block, answer = answers.choice(rng, _TEXTS, k)
        changed = Image.fromarray(np.ascontiguousarray(pixels[..., list(_ORDERS[k])]))
        question = f"<image>\nWhich two colour channels of this picture were exchanged?\n{block}"
        return Puzzle(question, (encode_image(changed),), answer, self.difficulty, least_difference - _LEAST_APART)
