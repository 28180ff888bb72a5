"""Run two steps of ms-swift's own GRPO on a CPU: ``run_swift_grpo.py MODEL OUT [further arguments]``.

It prints one JSON line. A hook on the vision tower records whether the tower ran with gradients. Without weight decay,
only gradients change its weights. This, not a falling loss, shows that the policy is trained on the media. An untrained
model never earns a puzzle's reward, so a second reward, which differs between responses, gives the steps a gradient.
"""

from __future__ import annotations

import json
import sys
import zlib
from pathlib import Path
from typing import Any

import torch
import torchvision_ops  # noqa: F401 - must come first
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as modeling

CALLS = {"with_grad": 0, "without": 0}
WANTED = ("rewards/PuzzleReward/mean", "rewards/PuzzleFormat/mean", "rewards/Varied/mean", "grad_norm", "loss")


def counted(*_: Any) -> None:
    """Count a forward pass of the vision tower."""
    CALLS["with_grad" if torch.is_grad_enabled() else "without"] += 1


def main(model: str, out: str, further: list[str]) -> None:
    """Train, then report values of the log and whether vision weights changed."""
    from safetensors.torch import load_file
    from swift.pipelines import rlhf_main
    from swift.rewards import ORM, orms

    class Varied(ORM):  # type: ignore[misc]
        def __call__(self, completions: list[str], **_: Any) -> list[float]:
            return [float(zlib.crc32(text.encode()) % 7) for text in completions]

    orms["varied"] = Varied

    start = modeling.Qwen2_5_VisionTransformerPretrainedModel.__init__

    def hooked(self: Any, *args: Any, **kwargs: Any) -> None:
        start(self, *args, **kwargs)
        self.register_forward_pre_hook(counted)

    modeling.Qwen2_5_VisionTransformerPretrainedModel.__init__ = hooked
    fixed = (
        f"--rlhf_type grpo --model {model} --model_type qwen2_5_vl --template qwen2_5_vl --tuner_type full "
        f"--freeze_vit false --freeze_aligner false --torch_dtype float32 --bf16 false --fp16 false --use_hf true "
        f"--output_dir {out} --max_steps 2 --save_steps 2 --num_generations 2 --per_device_train_batch_size 2 "
        f"--gradient_accumulation_steps 1 --gradient_checkpointing false --max_completion_length 8 "
        f"--learning_rate 1e-2 --logging_steps 1 --report_to none --dataloader_num_workers 0 --dataset_num_proc 1 "
        f"--beta 0 --weight_decay 0 --split_dataset_ratio 0 --eval_strategy no --attn_impl sdpa "
        "--log_completions false --add_version false"
    )
    rlhf_main([*fixed.split(), *further])
    logs = [json.loads(line) for line in (Path(out) / "logging.jsonl").read_text().splitlines()]
    before, after = load_file(Path(model) / "model.safetensors"), _saved(Path(out), load_file)
    vision = [name for name in before if "visual" in name and name in after]
    moved = [name for name in vision if not torch.equal(before[name], after[name])]
    steps = [{key: value for key, value in log.items() if key in WANTED} for log in logs if "reward" in log]
    print("RESULT " + json.dumps({**CALLS, "vision_weights_moved": len(moved), "steps": steps}))


def _saved(out: Path, load_file: Any) -> dict[str, torch.Tensor]:
    return {name: value for path in sorted(out.rglob("*.safetensors")) for name, value in load_file(path).items()}


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
