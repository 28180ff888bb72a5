"""EasyR1: ``worker.reward.reward_function=<this file>:compute_score`` and ``data.answer_key=ground_truth``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from puzzlegen.verify import reward

REWARD_NAME = "puzzlegen"
REWARD_TYPE = "batch"


def compute_score(reward_inputs: Sequence[Mapping[str, Any]], **_: object) -> list[dict[str, float]]:
    """Score a batch.

    Args:
        reward_inputs: one mapping per response, with ``response`` and ``ground_truth``.

    Returns:
        Per response ``overall``, which EasyR1 trains on, and the parts, under the same keys for every task.

    Raises:
        VerifierError: a ground truth is not a puzzlegen spec.
    """
    scored = [reward(one["response"], one["ground_truth"]) for one in reward_inputs]
    return [{"overall": parts["score"], **parts} for parts in scored]
