"""What a constant answer earns where answers do not fall into few classes.

Intervals are tried both as fractions of the clip (its middle third) and in seconds (its last two). Boxes and points are
tried evenly over the picture; for sets, counts and free numbers, the commonest targets are tried.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.report import Probe
from puzzlegen.audit.sample import Folding, Sample
from puzzlegen.records import canonical_json
from puzzlegen.verify import SIDE, boxes, grader, spans

#: Kinds for which a constant answer may be right, or nearly right, more often than chance says.
NEAR: Final = ("interval", "box", "point", "set", "counts", "number")
_MAX_CANDIDATES: Final = 40
_GRID_POINTS: Final = 21
_LENGTHS_S: Final = (0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0)


def constant_probe(sample: Sample) -> Probe:
    """Probe the reward of the constant answer that earns most on the puzzles of other sources."""
    truths = [puzzle.target.truth for puzzle in sample.seen]
    kind = sample.seen[0].target.kind
    candidates = _common_answers(truths) if kind in {"set", "counts", "number"} else []
    rewards = np.array([_rewards(kind, truth, candidates) for truth in truths])
    chance = float(np.mean([puzzle.chance for puzzle in sample.seen]))
    return sample.probe(
        "blind", "constant", "reward", sample.averaged(lambda fold_set: best_elsewhere(rewards, fold_set)), chance
    )


def best_elsewhere(rewards: NDArray[np.float64], folding: Folding) -> list[float]:
    """The reward that each puzzle gives to the answer that earns most in the other folds.

    Args:
        rewards: the reward of each answer for each puzzle, ``(puzzles, answers)``.
        folding: the folds of the puzzles.
    """
    earned = np.zeros(len(rewards))
    for fold in np.unique(folding.fold):
        in_fold = folding.fold == fold
        training = rewards[~in_fold] if not in_fold.all() else rewards
        earned[in_fold] = rewards[in_fold, training.mean(axis=0).argmax()]
    earned_list: list[float] = earned.tolist()
    return earned_list


def _common_answers(truths: Sequence[str]) -> list[Any]:
    """The commonest targets; for sets, also the commonest names, each as a set of its own."""
    targets = [json.loads(truth)["target"] for truth in truths]
    counts = Counter(canonical_json(target) for target in targets)
    counts.update(canonical_json([name]) for target in targets if isinstance(target, list) for name in target)
    return [
        json.loads(text) for text, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:_MAX_CANDIDATES]
    ]


def _rewards(kind: str, truth: str, candidates: Sequence[Any]) -> list[float]:
    grade = grader(truth)
    if kind == "point":
        coordinates = np.linspace(0, SIDE, _GRID_POINTS)
        return [grade([x, y]) for x in coordinates for y in coordinates]
    if candidates:
        known_names = json.loads(truth)["params"].get("names")
        return [
            grade(answer) if known_names is None or set(answer) <= set(known_names) else 0.0 for answer in candidates
        ]
    if kind == "box":
        return [grade(box) for box in boxes()]
    duration = json.loads(truth)["params"]["duration"]
    return [grade(span) for span in [*spans(duration), *_fixed_length_spans(duration)]]


def _fixed_length_spans(duration: float) -> list[list[float]]:
    """Intervals of fixed lengths in seconds at the beginning, in the middle and at the end of a clip."""
    lengths = [min(duration, length) for length in _LENGTHS_S]
    return [[part * (duration - n), part * (duration - n) + n] for n in lengths for part in (0, 0.5, 1)]
