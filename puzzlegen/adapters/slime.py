"""slime: ``--custom-rm-path puzzlegen.adapters.slime.custom_rm --reward-key score``."""

from __future__ import annotations

from typing import Any

from puzzlegen.verify import reward


async def custom_rm(args: object, sample: Any, **_: object) -> dict[str, float] | list[dict[str, float]]:  # noqa: ANN401, ARG001 - slime's form
    """Score one sample, or a group of them under ``--group-rm``.

    Args:
        args: slime's arguments; not read.
        sample: has ``response`` and, as ``label``, the puzzle's ``ground_truth``; or a list of such.

    Returns:
        ``score`` and its parts, under the same keys for every task.

    Raises:
        VerifierError: a label is not a puzzlegen spec.
    """
    if isinstance(sample, list):
        return [reward(one.response, one.label) for one in sample]
    return reward(sample.response, sample.label)
