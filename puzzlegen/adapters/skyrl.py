"""SkyRL: an environment of one turn. Call :func:`register` in the training entry point, as for any new environment."""

from __future__ import annotations

from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from puzzlegen.verify import reward


class PuzzleEnv(BaseTextEnv):  # type: ignore[misc]
    """Scores the response and ends.

    Args:
        env_config: not read.
        extras: the row's other columns; ``reward_spec.ground_truth`` is the puzzle's.
    """

    def __init__(self, env_config: object = None, extras: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        super().__init__()
        self._ground_truth: str = (extras or {})["reward_spec"]["ground_truth"]
        self._parts: dict[str, float] = {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Score ``action``; ``metadata`` holds the parts."""
        self._parts = reward(action, self._ground_truth)
        return BaseTextEnvStepOutput(
            observations=[], reward=self._parts["score"], done=True, metadata=dict(self._parts)
        )

    def get_metrics(self) -> dict[str, float]:
        """The parts of the score, which SkyRL averages."""
        return dict(self._parts)


def register() -> None:
    """Make ``env_class: puzzlegen``, which exported rows name, known to skyrl_gym."""
    from skyrl_gym.envs.registration import register as register_env  # noqa: PLC0415 - one name too many above

    register_env(id="puzzlegen", entry_point="puzzlegen.adapters.skyrl:PuzzleEnv")
