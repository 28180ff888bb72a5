"""verl: ``reward.custom_reward_function.path=<this file>``, whose default name is ``compute_score``."""

from __future__ import annotations

from puzzlegen.verify import reward


def compute_score(
    data_source: str,  # noqa: ARG001 - verl passes it
    solution_str: str,
    ground_truth: str,
    extra_info: object = None,  # noqa: ARG001
    **_: object,
) -> dict[str, float]:
    """Score one response.

    Args:
        data_source: not read; the ground truth says everything.
        solution_str: the response.
        ground_truth: the puzzle's ``reward_model.ground_truth``.
        extra_info: not read.

    Returns:
        ``score`` and its parts under the same keys for every task: verl names its metrics after the first row's. The
        accuracy stands there as ``acc``, too, which verl makes the core metric of validation (``val-core/.../acc``).

    Raises:
        VerifierError: the ground truth is not a puzzlegen spec.
    """
    parts = reward(solution_str, ground_truth)
    return {**parts, "acc": parts["accuracy"]}
