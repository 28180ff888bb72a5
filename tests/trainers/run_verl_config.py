"""Compose verl's own configuration with the given overrides: ``run_verl_config.py key=value ...``."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from omegaconf import OmegaConf


def main(overrides: list[str]) -> None:
    """Compose the configuration; unknown keys and values of a wrong type fail, as they would in training."""
    spec = find_spec("verl")
    folder = Path(str(spec and spec.origin)).parent / "trainer" / "config"
    hydra = import_module("hydra")
    with hydra.initialize_config_dir(str(folder), version_base=None):
        config = hydra.compose("ppo_trainer", overrides=overrides)
    reward = OmegaConf.to_container(config.reward.custom_reward_function)
    files = list(config.data.train_files)
    print("RESULT " + json.dumps({"custom_reward_function": reward, "train_files": files}))


if __name__ == "__main__":
    main(sys.argv[1:])
