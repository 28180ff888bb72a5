"""Run verl's reward managers with the shim's path: ``run_verl_rewards.py SHIM ROWS.jsonl MODEL MANAGER``.

Rows are ``{"response", "ground_truth", "data_source"}``; it prints one JSON line with the rewards of each row.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torchvision_ops  # noqa: F401 - must come first
from omegaconf import OmegaConf
from transformers import AutoTokenizer
from verl import DataProto
from verl.trainer.ppo.reward import load_reward_manager


def proto(tokenizer: Any, row: dict[str, Any]) -> DataProto:
    """Return one rollout as the agent loop passes it to a reward manager."""
    prompt = torch.tensor(tokenizer.encode("question", add_special_tokens=False))
    response = torch.tensor(tokenizer.encode(row["response"], add_special_tokens=False))
    mask = torch.ones(len(prompt) + len(response), dtype=torch.long)
    tensors = {"prompts": prompt[None], "responses": response[None], "attention_mask": mask[None]}
    columns = {
        "data_source": row["data_source"],
        "reward_model": {"style": "rule", "ground_truth": row["ground_truth"]},
        "extra_info": {"index": 1},
    }
    return DataProto.from_dict(tensors, non_tensors={k: np.array([v], dtype=object) for k, v in columns.items()})


def main(shim: str, rows: str, model: str, manager: str) -> None:
    """Score every row."""
    reward = {
        "custom_reward_function": {"path": shim, "name": "compute_score", "reward_kwargs": {}},
        "reward_manager": {"source": "register", "name": manager, "module": {"path": None, "name": None}},
        "reward_kwargs": {"overlong_buffer_cfg": None, "max_resp_len": None},
        "sandbox_fusion": {"url": None},
    }
    config = OmegaConf.create({"reward": reward, "data": {"reward_fn_key": "data_source"}})
    tokenizer = AutoTokenizer.from_pretrained(model)
    lines = [json.loads(line) for line in Path(rows).read_text().splitlines()]

    async def every() -> list[dict[str, Any]]:
        loaded = load_reward_manager(config, tokenizer)
        return [await loaded.run_single(proto(tokenizer, line)) for line in lines]

    print("RESULT " + json.dumps(asyncio.run(every())))


if __name__ == "__main__":
    main(*sys.argv[1:5])
