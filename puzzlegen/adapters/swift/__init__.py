"""ms-swift: ``--external_plugins <this file> --reward_funcs puzzlegen``, or one function per part.

It is a folder of its own because ms-swift puts the folder of a plugin first on ``sys.path``: a file beside
``trl.py`` or ``torch.py`` would make those hide the real packages.
"""

from __future__ import annotations

from typing import ClassVar

from swift.rewards import ORM, orms

from puzzlegen.verify import reward


class PuzzleReward(ORM):  # type: ignore[misc]
    """The whole score of each response; ``ground_truth`` is the dataset's column."""

    part: ClassVar[str] = "score"

    def __call__(self, completions: list[str], ground_truth: list[str | None], **_: object) -> list[float | None]:
        """One float per response, None for rows that are no puzzles."""
        return [
            None if truth is None else reward(text, truth)[self.part]
            for text, truth in zip(completions, ground_truth, strict=True)
        ]


class PuzzleAccuracy(PuzzleReward):
    """Is the answer right?"""

    part = "accuracy"


class PuzzleFormat(PuzzleReward):
    """Does the response have the asked form?"""

    part = "format"


class PuzzleTransform(PuzzleReward):
    """Is the transformation named rightly, where a question is joined?"""

    part = "transform"


class PuzzleLength(PuzzleReward):
    """Is the response about as long as asked?"""

    part = "length"


orms["puzzlegen"] = PuzzleReward
for kind in (PuzzleAccuracy, PuzzleFormat, PuzzleTransform, PuzzleLength):
    orms[f"puzzlegen_{kind.part}"] = kind
