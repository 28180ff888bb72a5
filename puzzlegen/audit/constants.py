"""What one answer for all earns where a near one is credited too: intervals and boxes.

An interval may be one answer as parts of the clip (its middle third) or in seconds (its last two).
"""

from __future__ import annotations

import json
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.report import Probe
from puzzlegen.audit.sample import Folding, Sample
from puzzlegen.verify import boxes, grader, spans

#: Kinds of which one answer may be near many.
NEAR: Final = ("interval", "box")
_LENGTHS_S: Final = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def constant_probe(sample: Sample) -> Probe:
    """The reward of the answer that earns most of other sources' puzzles."""
    rewards = np.array([_rewards(puzzle.target.kind, puzzle.target.truth) for puzzle in sample.seen])
    chance = float(np.mean([puzzle.chance for puzzle in sample.seen]))
    return sample.probe(
        "blind", "constant", "reward", sample.averaged(lambda one: best_elsewhere(rewards, one)), chance
    )


def best_elsewhere(rewards: NDArray[np.float64], folding: Folding) -> list[float]:
    """What each puzzle gives for the answer that earns most of the other folds.

    Args:
        rewards: ``(puzzles, answers)``.
        folding: of the puzzles.
    """
    earned = np.zeros(len(rewards))
    for fold in np.unique(folding.fold):
        own = folding.fold == fold
        learned = rewards[~own] if not own.all() else rewards
        earned[own] = rewards[own, learned.mean(axis=0).argmax()]
    found: list[float] = earned.tolist()
    return found


def _rewards(kind: str, truth: str) -> list[float]:
    grade = grader(truth)
    if kind == "box":
        return [grade(box) for box in boxes()]
    duration = json.loads(truth)["params"]["duration"]
    return [grade(span) for span in [*spans(duration), *_seconds(duration)]]


def _seconds(duration: float) -> list[list[float]]:
    """The first, middle and last so many seconds of a clip."""
    lengths = [min(duration, length) for length in _LENGTHS_S]
    return [[part * (duration - n), part * (duration - n) + n] for n in lengths for part in (0, 0.5, 1)]
