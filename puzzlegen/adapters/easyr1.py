"""EasyR1 reward: ``worker.reward.reward_function=<this file>:compute_score`` and ``data.answer_key=ground_truth``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puzzlegen.verify import reward

REWARD_NAME = "puzzlegen"
REWARD_TYPE = "batch"


def compute_score(reward_inputs: Sequence[Mapping[str, Any]], **_: object) -> list[dict[str, float]]:
    """Score a batch of responses.

    Args:
        reward_inputs: one mapping per response, with the keys ``response`` and ``ground_truth``.

    Returns:
        One dict per response: ``overall``, which EasyR1 trains on, plus ``score`` and its parts. The keys are the same
        for every task.

    Raises:
        VerifierError: a ground truth is not a puzzlegen verifier spec.
    """
    rewards = [reward(entry["response"], entry["ground_truth"]) for entry in reward_inputs]
    return [{"overall": parts["score"], **parts} for parts in rewards]
