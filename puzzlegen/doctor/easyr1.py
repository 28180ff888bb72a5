"""EasyR1: reads one question string per row and one media column per file; a system message is not read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from puzzlegen.adapters import easyr1 as shim
from puzzlegen.contents import Contents, Part, Row
from puzzlegen.doctor import (
    Finding,
    Seen,
    Settings,
    Trainer,
    about_rates,
    clip_rates,
    column,
    largest_part,
    processor_of,
    rate,
    vision_tokens,
    whole_number,
)
from puzzlegen.errors import PuzzlegenError


class EasyR1(Trainer):
    """Checks ``verl.utils.dataset.RLHFDataset`` of EasyR1, whose package is also called verl."""

    package = "verl"
    install = "pip install git+https://github.com/hiyouga/EasyR1, in an environment without verl itself"
    carriers: ClassVar = {"images": ("bytes", "path"), "videos": ("path",)}
    settings: ClassVar = {
        "prompt_key": column("problem"),
        "answer_key": column("ground_truth"),
        "image_key": column("images"),
        "video_key": column("videos"),
        "video_fps": rate("2.0"),
        "min_pixels": whole_number("3136"),
        "max_pixels": whole_number("4194304"),
        "max_prompt_length": whole_number("8192"),
    }

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:
        """Return the usual settings, with clips sampled at their highest frame rate."""
        rates = clip_rates(found, rows)
        return super().defaults(found, rows) | ({"video_fps": str(rates[-1])} if rates else {})

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """Return the columns of the question and of the ground truth."""
        return (settings["prompt_key"], settings["answer_key"])

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:
        """Yield findings on what EasyR1 leaves out: system messages, clips beside pictures, frames."""
        if found.system or any(message["role"] == "system" for row in rows for message in row.get("prompt") or ()):
            yield Finding(
                "warning",
                "EasyR1 reads the question alone, without the build's system message: set data.format_prompt to a "
                "file with its words and {{ content }}",
            )
        rows_with_both = [row for row in rows if settings["image_key"] in row and settings["video_key"] in row]
        if rows_with_both:
            yield Finding(
                "error",
                f"rows have both {settings['image_key']} and {settings['video_key']}: EasyR1 then never looks at the "
                "clips; give it files with one media column",
            )
        yield from about_rates(clip_rates(found, rows), "video_fps", float(settings["video_fps"]))

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward with the EasyR1 adapter."""
        return shim.compute_score([{"response": response, "ground_truth": ground_truth}])[0]["overall"]

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Read and encode rows with EasyR1's dataset, which does both."""
        from verl.utils.dataset import RLHFDataset  # noqa: PLC0415

        if not hasattr(RLHFDataset, "_filter_overlong_prompts"):
            raise PuzzlegenError(f"the verl installed here is not EasyR1's; {self.install}")
        processor = processor_of(model or "")
        keys = {name: settings[name] for name in ("prompt_key", "answer_key", "image_key", "video_key")}
        limits = {name: int(settings[name]) for name in ("max_prompt_length", "min_pixels", "max_pixels")}
        seen = []
        for path in files:
            data = RLHFDataset(
                str(path),
                processor.tokenizer,
                processor,
                filter_overlong_prompts=False,
                video_fps=float(settings["video_fps"]),
                **keys,
                **limits,
            )
            for k in range(len(data)):
                row = data[k]
                media = row.get("multi_modal_data", {})
                media_count = sum(map(len, media.values()))
                tokens = vision_tokens(processor, row["input_ids"].tolist())
                text = processor.tokenizer.decode(row["raw_prompt_ids"])
                frames = _count_frames(media["videos"], settings) if "videos" in media else None
                seen.append(Seen(str(row.get("id", k)), media_count, text, tokens, frames))
        return seen

    def trained_on(self, found: Contents) -> list[Part]:
        """Return the largest file: EasyR1 takes one file, or all files of a folder."""
        return [largest_part(found)]

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return overrides for EasyR1's ``python -m verl.trainer.main``: one file for training, one for validation."""
        (train,) = self.trained_on(found)
        same_profile = (part for part in found.parts if part.profile == train.profile)
        held_out = next((part for part in same_profile if part.split != train.split), train)
        return [
            f"data.train_files={train.path.resolve()}",
            f"data.val_files={held_out.path.resolve()}",
            *(f"data.{key}={value}" for key, value in settings.items()),
            # The format prompt of EasyR1's own example asks for the answer in a box, where no puzzle's answer counts.
            "data.format_prompt=null",
            f"worker.reward.reward_function={shim.__file__}:compute_score",
        ]


def _count_frames(videos: Sequence[Any], settings: Settings) -> int:
    from verl.utils.dataset import process_video  # noqa: PLC0415

    limits = (int(settings["min_pixels"]), int(settings["max_pixels"]), float(settings["video_fps"]))
    return sum(len(process_video(video, *limits)) for video in videos)
