"""slime: its dataset silently drops pictures stored as ``{bytes, path}``, and its rollouts send pictures only."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

from puzzlegen.adapters import slime as shim
from puzzlegen.contents import Contents, Part, Row, head
from puzzlegen.doctor import Seen, Settings, Trainer, column, largest_part, processor_of, vision_tokens


class Slime(Trainer):
    """Checks ``slime.utils.data.Dataset`` and its ``processing_utils``."""

    package = "slime"
    install = "pip install git+https://github.com/THUDM/slime; the slime on PyPI is something else"
    carriers: ClassVar = {"images": ("path", "data_uri"), "videos": ()}
    settings: ClassVar = {
        "prompt_key": column("prompt"),
        "label_key": column("label"),
        "image_key": column("images"),
    }

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:
        """Return the usual settings; in a build, the label column is ``ground_truth``."""
        return super().defaults(found, rows) | ({"label_key": "ground_truth"} if found.kind == "build" else {})

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """Return the columns of the question and of the ground truth."""
        return (settings["prompt_key"], settings["label_key"])

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward with the slime adapter."""
        sample = SimpleNamespace(response=response, label=ground_truth)
        result = asyncio.run(shim.custom_rm(None, sample))
        return result["score"] if isinstance(result, dict) else result[0]["score"]

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Read rows, apply the chat template and extract pictures with slime's dataset, then encode them."""
        from slime.utils.data import Dataset  # noqa: PLC0415

        processor = processor_of(model or "")
        seen = []
        for path in files:
            data = Dataset(
                str(path),
                processor.tokenizer,
                processor,
                None,
                prompt_key=settings["prompt_key"],
                label_key=settings["label_key"],
                multimodal_keys=_multimodal_keys(path, settings),
                apply_chat_template=True,
            )
            for k in range(len(data)):
                sample = data[k]
                media = {name: pictures for name, pictures in (sample.multimodal_inputs or {}).items() if pictures}
                ids = processor(text=[sample.prompt], **media)["input_ids"][0]
                media_count = sum(len(pictures) for pictures in media.values())
                name = str(sample.metadata.get("id", k))
                seen.append(Seen(name, media_count, sample.prompt, vision_tokens(processor, list(ids))))
        return seen

    def trained_on(self, found: Contents) -> list[Part]:
        """Return the largest file, the only one that slime takes."""
        return [largest_part(found)]

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return arguments for ``train.py``, which takes one file of prompts."""
        train = self.trained_on(found)[0].path
        keys = _multimodal_keys(train, settings)
        return [
            f"--prompt-data {train.resolve()}",
            f"--input-key {settings['prompt_key']}",
            f"--label-key {settings['label_key']}",
            "--metadata-key metadata",
            "--apply-chat-template",
            *([f"--multimodal-keys '{json.dumps(keys)}'"] if keys else []),
            f"--custom-rm-path {shim.__name__}.custom_rm",
            "--reward-key score",
        ]


def _multimodal_keys(path: Path, settings: Settings) -> dict[str, str] | None:
    """Return the multimodal keys; None for text, which slime splits into characters if a key names no pictures."""
    key = settings["image_key"]
    return {"image": key} if any(row.get(key) for row in head(path, 1)) else None
