"""ms-swift rewards: ``--external_plugins <this file> --reward_funcs puzzlegen``, or one function per part.

This adapter has a folder of its own because ms-swift puts a plugin's folder first on ``sys.path``: beside ``trl.py``
and ``torch.py``, this file would make those modules hide the real packages.
"""

from __future__ import annotations

from typing import ClassVar

from swift.rewards import ORM, orms

from puzzlegen.verify import reward


class PuzzleReward(ORM):  # type: ignore[misc]
    """Reward with the whole score of each response; subclasses give one part of the score."""

    part: ClassVar[str] = "score"

    def __call__(self, completions: list[str], ground_truth: list[str | None], **_: object) -> list[float | None]:
        """Return one float per response; None for rows that are not puzzles (their ``ground_truth`` is None)."""
        return [
            None if truth is None else reward(text, truth)[self.part]
            for text, truth in zip(completions, ground_truth, strict=True)
        ]


class PuzzleAccuracy(PuzzleReward):
    """Reward with the accuracy of the answer."""

    part = "accuracy"


class PuzzleFormat(PuzzleReward):
    """Reward for a response in the requested format."""

    part = "format"


class PuzzleTransform(PuzzleReward):
    """Reward with the accuracy of the transformation, in puzzles joined with the user's own question."""

    part = "transform"


class PuzzleLength(PuzzleReward):
    """Reward for a response of about the requested length."""

    part = "length"


orms["puzzlegen"] = PuzzleReward
for kind in (PuzzleAccuracy, PuzzleFormat, PuzzleTransform, PuzzleLength):
    orms[f"puzzlegen_{kind.part}"] = kind
