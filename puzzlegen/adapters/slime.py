"""slime reward: ``--custom-rm-path puzzlegen.adapters.slime.custom_rm --reward-key score``."""

from __future__ import annotations

from typing import Any

from puzzlegen.verify import reward


async def custom_rm(args: object, sample: Any, **_: object) -> dict[str, float] | list[dict[str, float]]:  # noqa: ANN401, ARG001 - slime's signature
    """Score one sample or, under ``--group-rm``, a list of samples.

    Args:
        args: slime's arguments; not used.
        sample: a sample, or a list of samples, with ``response`` and with the puzzle's ``ground_truth`` as ``label``.

    Returns:
        ``score`` and its parts, with the same keys for every task; for a list of samples, a list of such dicts.

    Raises:
        VerifierError: a label is not a puzzlegen verifier spec.
    """
    if isinstance(sample, list):
        return [reward(item.response, item.label) for item in sample]
    return reward(sample.response, sample.label)
