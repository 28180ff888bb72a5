"""verl 0.9: ``RLHFDataset`` drops rows that it cannot process and keeps the bytes of every picture in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from puzzlegen.adapters import verl as shim
from puzzlegen.contents import Contents, Row, carrier
from puzzlegen.doctor import Finding, Seen, Settings, Trainer, column, processor_of, vision_tokens, whole_number

_GIB = 1 << 30


class Verl(Trainer):
    """Checks ``verl.utils.dataset.rl_dataset.RLHFDataset`` and its ``process_vision_info``."""

    package = "verl"
    install = "pip install verl==0.9.1 qwen-vl-utils decord"
    carriers: ClassVar = {"images": ("bytes", "path"), "videos": ("path", "clip")}
    settings: ClassVar = {
        "prompt_key": column("prompt"),
        "image_key": column("images"),
        "video_key": column("videos"),
        "max_prompt_length": whole_number("8192"),
    }

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """Return the prompt's column and the columns whose names verl fixes."""
        return (settings["prompt_key"], "data_source", "reward_model", "extra_info")

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:
        """Warn of the memory that pictures stored as bytes will cost."""
        if any(carrier(medium) == "bytes" for row in rows for medium in row.get(settings["image_key"]) or ()):
            total = sum(part.path.stat().st_size for part in found.parts)
            yield Finding(
                "warning",
                f"pictures lie in the rows as bytes, {total / _GIB:.3f} GiB of files: verl keeps the bytes of each "
                "row that it decodes, in each worker; above a few GiB: puzzlegen export BUILD --to verl --images path",
            )

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward with the verl adapter."""
        return shim.compute_score("puzzlegen", response, ground_truth)["score"]

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Read, filter and process rows as verl's agent loop does."""
        from omegaconf import OmegaConf  # noqa: PLC0415
        from verl.utils.dataset.rl_dataset import RLHFDataset  # noqa: PLC0415

        processor = processor_of(model) if model else None
        # None runs the filter in this process; by default it forks, which can hang with torch's threads running.
        filters = {"filter_overlong_prompts": model is not None, "filter_overlong_prompts_workers": None}
        config = OmegaConf.create({**settings, **filters, "max_prompt_length": int(settings["max_prompt_length"])})
        tokenizer = processor.tokenizer if processor else None
        data = RLHFDataset([str(path) for path in files], tokenizer, config, processor)
        return [_to_seen(data, data[k], processor, config) for k in range(len(data))]

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return overrides for ``python -m verl.trainer.main_ppo``."""
        train_parts = self.trained_on(found)
        train = [str(part.path.resolve()) for part in train_parts]
        others = [part for part in found.parts if part not in train_parts]
        held_out = [str(part.path.resolve()) for part in others if part.split == others[0].split] or train
        return [
            f"data.train_files=[{','.join(train)}]",
            f"data.val_files=[{','.join(held_out)}]",
            *(f"data.{key}={value}" for key, value in settings.items()),
            "data.filter_overlong_prompts=True",
            "data.filter_overlong_prompts_workers=null",
            f"reward.custom_reward_function.path={shim.__file__}",
            "reward.custom_reward_function.name=compute_score",
        ]


def _to_seen(data: Any, row: Row, processor: Any, config: Any) -> Seen:  # noqa: ANN401 - verl's
    from verl.utils.tokenizer import build_multimodal_processor_inputs  # noqa: PLC0415

    messages = row["raw_prompt"]
    pending = data.process_vision_info(messages, data.image_patch_size, config)
    pictures, clips = asyncio.run(pending) if any(isinstance(m["content"], list) for m in messages) else (None, None)
    media_count = len(pictures or ()) + len(clips or ())
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    encoded = build_multimodal_processor_inputs(processor, text=[text], images=pictures, videos=clips)
    tokens = vision_tokens(processor, encoded["input_ids"][0].tolist())
    return Seen(row["extra_info"]["id"], media_count, text, tokens)
