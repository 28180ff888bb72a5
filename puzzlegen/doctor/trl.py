"""TRL: pictures only. TRL silently ignores a ``videos`` column and reads a placeholder in text as plain words."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from puzzlegen.chat import FRAMES, LEAST_PER_CLIP, loses_counted
from puzzlegen.contents import Contents, Part, Row, carrier
from puzzlegen.doctor import Finding, Seen, Settings, Trainer, one_of, processor_of, vision_tokens, whole_number
from puzzlegen.records import Profile

_RESERVED = {"completion", "completions", "completion_ids", "prompts", "trainer_state", "log_extra", "log_metric"}


class Trl(Trainer):
    """Checks ``puzzlegen.adapters.trl.load`` or, with ``loader=load_dataset``, the rows as they are."""

    needs_model = False
    package = "trl"
    install = 'pip install "puzzlegen[train]" "trl>=1.9"'
    carriers: ClassVar = {"images": ("bytes",), "videos": ()}
    settings: ClassVar = {
        "loader": one_of("puzzlegen.adapters.trl", "load_dataset"),
        "frames": whole_number("", LEAST_PER_CLIP),
    }

    def needed(self, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002
        """Return the columns that TRL and the rewards read."""
        return ("prompt", "ground_truth")

    def adapts(self, found: Contents, settings: Settings) -> bool:
        """Whether a build is loaded by the adapter, which turns clips into frames and pictures into content blocks."""
        return found.kind == "build" and settings["loader"] == self.settings["loader"].usual

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:
        """Yield findings on rows whose media TRL would lose or on which TRL would fail."""
        if self.adapts(found, settings):
            frames = int(settings["frames"] or FRAMES)
            longest = max((_count_frames(row) for row in rows if loses_counted(row, frames)), default=0)
            if longest:
                text = f"questions count frames of clips, {longest} in a puzzle, of which frames={frames} shows a part"
                yield Finding("warning", f"{text}; give frames={longest} to show all, or leave out that task")
            return
        remedy = "load the build with puzzlegen.adapters.trl.load"
        if any(row.get("videos") for row in rows):
            yield Finding("error", f"TRL ignores the column videos and trains blind, without an error; {remedy}")
        if any("<image>" in str(message["content"]) for row in rows for message in _messages(row)):
            yield Finding(
                "error", f"TRL leaves <image> in the prompt as text and puts all pictures before it; {remedy}"
            )
        if any(_has_pictures(row) for row in rows) and any(row.get("images") == [] for row in rows):
            yield Finding(
                "error", "rows with and without pictures in one file: TRL fails on a batch of both; split them"
            )
        if reserved := sorted({name for row in rows for name in row} & _RESERVED):
            yield Finding("error", f"columns {', '.join(reserved)}: TRL passes arguments of that name; rename them")

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward of a conversational completion with the TRL adapter."""
        completion = [{"role": "assistant", "content": response}]
        from puzzlegen.adapters.trl import score_reward  # noqa: PLC0415

        return float(score_reward([completion], ground_truth=[ground_truth])[0] or 0.0)

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:  # noqa: ARG002
        """Load the rows as they are and return what TRL's own code takes from them."""
        import datasets  # noqa: PLC0415

        rows = datasets.load_dataset(_file_format(files), data_files=[str(path) for path in files], split="train")
        processor = processor_of(model) if model else None
        return [_to_seen(row, processor) for row in rows]

    def load_build(
        self, found: Contents, profile: str, ids: Collection[str], settings: Settings, model: str | None
    ) -> list[Seen]:
        """Load some puzzles of a build with the adapter."""
        splits = dict.fromkeys(part.split for part in found.parts if part.profile == profile)
        return [seen for split in splits for seen in self._load_split(found, profile, split, ids, settings, model)]

    def _load_split(
        self, found: Contents, profile: str, split: str, ids: Collection[str], settings: Settings, model: str | None
    ) -> list[Seen]:
        from puzzlegen.adapters.trl import load  # noqa: PLC0415

        frames = int(settings["frames"]) if settings["frames"] else None
        data: Any = load(found.folder, cast("Profile", profile), split, frames=frames)
        processor = processor_of(model) if model else None
        wanted_rows = [k for k, name in enumerate(data.with_format(None)["id"]) if name in ids]
        return [_to_seen(data[k], processor) for k in wanted_rows]

    def trained_on(self, found: Contents) -> list[Part]:
        """Return all files but those of text if others hold media: TRL takes no batch of both."""
        parts = super().trained_on(found)
        return [part for part in parts if part.profile != "text"] or parts

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return lines of Python, because TRL is configured in Python."""
        parts = self.trained_on(found)
        if self.adapts(found, settings):
            profiles = list(dict.fromkeys(part.profile for part in parts))
            split = "" if parts[0].split == "train" else f", {parts[0].split!r}"
            frames = f", frames={settings['frames']}" if settings["frames"] else ""
            arguments = f"{str(found.folder)!r}, {profiles if profiles[1:] else profiles[0]!r}{split}{frames}"
            data = ["from puzzlegen.adapters import trl", f"data = trl.load({arguments})"]
        else:
            files = [part.path.resolve() for part in parts]
            arguments = f"{_file_format(files)!r}, data_files={list(map(str, files))}, split='train'"
            data = ["from datasets import load_dataset", "from puzzlegen.adapters import trl"]
            data += [f"data = load_dataset({arguments})"]
        return [
            *data,
            "GRPOTrainer(model, train_dataset=data, reward_funcs=[trl.score_reward], args=GRPOConfig(...))",
        ]


def _file_format(files: Sequence[Path]) -> str:
    return "parquet" if files[0].suffix == ".parquet" else "json"


def _count_frames(row: Row) -> int:
    return sum(meta["frames"] for meta in row["video_meta"])


def _messages(row: Row) -> Sequence[Any]:
    prompt = row.get("prompt")
    return prompt if isinstance(prompt, list) else [{"content": prompt}]


def _has_pictures(row: Row) -> bool:
    return any(carrier(medium) != "nothing" for medium in row.get("images") or ())


def _to_seen(row: Row, processor: Any) -> Seen:  # noqa: ANN401
    """Return what ``GRPOTrainer`` makes of a row; TRL's own function puts the ``images`` into the prompt."""
    from trl.data_utils import prepare_multimodal_messages  # noqa: PLC0415

    images = list(row.get("images") or ())
    messages = prepare_multimodal_messages(row["prompt"], images=images) if images else row["prompt"]
    parts = [part for message in messages for part in message["content"] if isinstance(part, dict)]
    image_count = sum(part["type"] == "image" for part in parts)
    text = "".join(str(part.get("text", "")) for part in parts)
    name = str(row.get("id", ""))
    if processor is None:
        return Seen(name, image_count, text)
    text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
    encoded = processor(text=[text], **({"images": images} if images else {}))
    return Seen(name, image_count, text, vision_tokens(processor, list(encoded["input_ids"][0])))
