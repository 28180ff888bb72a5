"""SkyRL: a single-turn environment that scores responses.

Call :func:`register` in the training entry point, as for any new environment.
"""

from __future__ import annotations

from typing import Any

from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput

from puzzlegen.verify import reward


class PuzzleEnv(BaseTextEnv):  # type: ignore[misc]
    """Environment that scores one response and ends the episode.

    Args:
        env_config: not used.
        extras: the row's columns other than the prompt; ``reward_spec.ground_truth`` is the puzzle's ground truth.
    """

    def __init__(self, env_config: object = None, extras: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        super().__init__()
        self._ground_truth: str = (extras or {})["reward_spec"]["ground_truth"]
        self._parts: dict[str, float] = {}

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Score ``action``, the response; ``metadata`` holds the score and its parts."""
        self._parts = reward(action, self._ground_truth)
        return BaseTextEnvStepOutput(
            observations=[], reward=self._parts["score"], done=True, metadata=dict(self._parts)
        )

    def get_metrics(self) -> dict[str, float]:
        """Return the score and its parts, which SkyRL averages."""
        return dict(self._parts)


def register() -> None:
    """Register the environment with skyrl_gym as ``puzzlegen``, the ``env_class`` of exported rows."""
    from skyrl_gym.envs.registration import register as register_env  # noqa: PLC0415 - only needed here

    register_env(id="puzzlegen", entry_point="puzzlegen.adapters.skyrl:PuzzleEnv")
