"""verl reward: ``reward.custom_reward_function.path=<this file>``; ``compute_score`` is verl's default name."""

from __future__ import annotations

from puzzlegen.verify import reward


def compute_score(
    data_source: str,  # noqa: ARG001 - verl passes this argument
    solution_str: str,
    ground_truth: str,
    extra_info: object = None,  # noqa: ARG001
    **_: object,
) -> dict[str, float]:
    """Score one response.

    Args:
        data_source: not used; the ground truth holds everything needed.
        solution_str: the response.
        ground_truth: the puzzle's ``reward_model.ground_truth``.
        extra_info: not used.

    Returns:
        ``score`` and its parts. The keys are the same for every task, because verl takes the names of its metrics from
        the first row. The accuracy is repeated as ``acc``, which verl makes the core metric of validation
        (``val-core/.../acc``).

    Raises:
        VerifierError: the ground truth is not a puzzlegen verifier spec.
    """
    parts = reward(solution_str, ground_truth)
    return {**parts, "acc": parts["accuracy"]}
