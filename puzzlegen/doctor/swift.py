"""ms-swift: a column ``prompt`` of messages is read as a bare question unless ``--columns`` maps it to ``messages``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

from puzzlegen.contents import Contents, Row
from puzzlegen.doctor import (
    Finding,
    Seen,
    Settings,
    Trainer,
    about_rates,
    clip_rates,
    json_of_texts,
    rate,
    text,
    unloadable,
    vision_tokens,
    whole_number,
)
from puzzlegen.verify import reward


class Swift(Trainer):
    """Checks ``swift.dataset.load_dataset`` and the model's template."""

    needs_model = False
    package = "swift"
    install = "pip install ms-swift==4.6.0 msgspec qwen-vl-utils decord"
    carriers: ClassVar = {"images": ("bytes", "path", "data_uri"), "videos": ("path", "data_uri")}
    settings: ClassVar = {
        "columns": json_of_texts('{"prompt": "messages"}'),
        "max_length": whole_number("8192"),
        "template": text(),
        "fps": rate("2.0"),
    }

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:
        """Return the usual settings; rows with ``messages`` need no mapping, clips keep their highest frame rate."""
        rates = clip_rates(found, rows)
        columns_setting = {"columns": "{}"} if rows and "messages" in rows[0] else {}
        return super().defaults(found, rows) | columns_setting | ({"fps": f"{rates[-1]:g}"} if rates else {})

    def needed(self, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002
        """Return the column of the ground truth; that of the question varies (see :meth:`check`)."""
        return ("ground_truth",)

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:
        """Yield findings on where the question is read from and how clips are sampled."""
        yield from about_rates(clip_rates(found, rows), "fps", float(settings["fps"]))
        mapping = _column_mapping(settings)
        for row in rows[:1]:
            message_columns = [name for name in row if mapping.get(name, name) == "messages"]
            if not message_columns and "prompt" in row:
                yield Finding(
                    "error",
                    "the column prompt holds messages, which ms-swift reads as the text of a question, media apart: "
                    """give --columns '{"prompt": "messages"}'""",
                )
            elif not message_columns:
                yield Finding("error", f"no column of messages: has {', '.join(row)}; name one with --columns")

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward, with the ms-swift adapter if ms-swift is installed."""
        if find_spec(self.package) is None:
            return reward(response, ground_truth)["score"]
        from puzzlegen.adapters.swift import PuzzleReward  # noqa: PLC0415

        return float(PuzzleReward()([response], [ground_truth])[0] or 0.0)

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Read rows as for training; with a model, encode them with the model's template."""
        # FPS is read from the environment only: by swift when a template is made, by qwen-vl-utils on import.
        os.environ["FPS"] = settings["fps"]
        from swift.dataset import load_dataset  # noqa: PLC0415

        names = [str(path) for path in files]
        data, _ = load_dataset(names, columns=_column_mapping(settings), remove_unused_columns=False, strict=False)
        template = _load_template(model, settings) if model else None
        return [_to_seen(row, k, template) for k, row in enumerate(data)]

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return arguments for ``swift rlhf --rlhf_type grpo``; for clips, first the environment variable to export."""
        train_parts = self.trained_on(found)
        train = [str(part.path.resolve()) for part in train_parts]
        held_out = [str(part.path.resolve()) for part in found.parts if part not in train_parts]
        plugin = Path(__file__).parents[1] / "adapters" / "swift" / "__init__.py"
        columns = [f"--columns '{settings['columns']}'"] if _column_mapping(settings) else []
        clips = any(part.profile == "video" for part in found.parts)
        return [
            *([f"export FPS={settings['fps']}"] if clips else []),
            f"--dataset {' '.join(train)}",
            *([f"--val_dataset {' '.join(held_out)}"] if held_out else []),
            *columns,
            f"--max_length {settings['max_length']}",
            *([f"--template {settings['template']}"] if settings["template"] else []),
            f"--external_plugins {plugin}",
            "--reward_funcs puzzlegen",
        ]


def _column_mapping(settings: Settings) -> dict[str, str]:
    return dict(json.loads(settings["columns"]))


def _load_template(model: str, settings: Settings) -> Any:  # noqa: ANN401 - swift's
    from swift.model import get_processor  # noqa: PLC0415
    from swift.template import get_template  # noqa: PLC0415

    try:
        processor = get_processor(model)
    # ms-swift asks ModelScope or the Hugging Face Hub, whose errors differ.
    except Exception as err:
        raise unloadable(model, err) from err
    kind = settings["template"] or None
    template = get_template(processor, template_type=kind, max_length=int(settings["max_length"]))
    template.set_mode("train")
    return template


def _to_seen(row: dict[str, Any], k: int, template: Any) -> Seen:  # noqa: ANN401
    media = [*(row.get("images") or ()), *(row.get("videos") or ())]
    name = str(row.get("id", k))
    question = "".join(str(message["content"]) for message in row["messages"])
    if template is None:
        return Seen(name, len(media))
    keys = ("messages", "images", "videos")
    encoded = template.encode({key: row[key] for key in keys if row.get(key)} | {"add_eos": False})
    ids = encoded["input_ids"]
    tokens = vision_tokens(template.processor, ids)
    prompt = template.tokenizer.decode([token for token in ids if token >= 0])
    return Seen(name, len(media), prompt or question, tokens, _count_frames(encoded, template.processor))


def _count_frames(encoded: dict[str, Any], processor: Any) -> int | None:  # noqa: ANN401 - transformers'
    """Return the number of frames, from the grid that Qwen's processors make of clips; None for other models."""
    grid = encoded.get("video_grid_thw")
    frames_per_patch = getattr(getattr(processor, "video_processor", None), "temporal_patch_size", None)
    return None if grid is None or frames_per_patch is None else int(grid[:, 0].sum()) * frames_per_patch
