"""OpenRLHF: pictures only, no clips; placeholders are expanded only if the chat template is applied."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

from puzzlegen.adapters import openrlhf as shim
from puzzlegen.contents import Contents, Row, carrier, most_media
from puzzlegen.doctor import Finding, Seen, Settings, Trainer, column, processor_of, vision_tokens


class OpenRLHF(Trainer):
    """Checks ``openrlhf.datasets.PromptDataset`` and ``openrlhf.utils.vlm_utils``."""

    package = "openrlhf"
    install = "pip install openrlhf==0.11.2"
    carriers: ClassVar = {"images": ("bytes", "path", "data_uri"), "videos": ()}
    settings: ClassVar = {
        "prompt_key": column("prompt"),
        "label_key": column("label"),
        "image_key": column("images"),
    }

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:
        """Return the usual settings; in a build, the label column is ``ground_truth``."""
        return super().defaults(found, rows) | ({"label_key": "ground_truth"} if found.kind == "build" else {})

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:
        """Warn of pictures as byte structs, which ``datasets`` decodes only if the footer marks them, as in a build."""
        has_structs = any(carrier(medium) == "bytes" for row in rows for medium in row.get(settings["image_key"]) or ())
        if has_structs and found.kind != "build":
            yield Finding(
                "warning",
                "pictures are {bytes, path}: OpenRLHF takes them only from Parquet whose footer marks them as Image",
            )

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """Return the columns of the question and of the ground truth."""
        return (settings["prompt_key"], settings["label_key"])

    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward of a response that follows a sample prompt, with the OpenRLHF adapter."""
        prompt = "<|im_start|>user\nwhat is it?<|im_end|>\n<|im_start|>assistant\n"
        return float(shim.reward_func([f"{prompt}{response}<|im_end|>"], [prompt], [ground_truth])["rewards"][0])

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Read rows, apply the chat template, and load and encode pictures with OpenRLHF's code."""
        import datasets  # noqa: PLC0415
        from openrlhf.datasets.prompts_dataset import PromptDataset  # noqa: PLC0415
        from openrlhf.utils.vlm_utils import process_prompt_with_images  # noqa: PLC0415

        processor = processor_of(model or "")
        file_format = "parquet" if files[0].suffix == ".parquet" else "json"
        rows = datasets.load_dataset(file_format, data_files=[str(path) for path in files], split="train")
        keys = {name.replace("prompt_key", "input_key"): value for name, value in settings.items()}
        arguments = SimpleNamespace(data=SimpleNamespace(**keys, apply_chat_template=True))
        strategy = SimpleNamespace(args=arguments, is_rank_0=lambda: False)
        data = PromptDataset(rows, processor, strategy)
        seen = []
        for k in range(len(data)):
            _, prompt, _, images = data[k]
            ids, _, pictures = process_prompt_with_images(processor, prompt, images)
            name = rows[k].get("id", str(k))
            seen.append(Seen(name, len(pictures), prompt, vision_tokens(processor, ids)))
        return seen

    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return arguments for ``python -m openrlhf.cli.train_ppo_ray``."""
        train = [str(part.path.resolve()) for part in self.trained_on(found)]
        return [
            f"--data.prompt_dataset {','.join(train)}",
            f"--data.input_key {settings['prompt_key']}",
            f"--data.label_key {settings['label_key']}",
            f"--data.image_key {settings['image_key']}",
            "--data.apply_chat_template",
            # 0 means a run on text to OpenRLHF; of more pictures than the setting says, it drops the rest.
            f"--data.max_images_per_prompt {most_pictures(found, settings['image_key'])}",
            f"--reward.remote_url {shim.__file__}",
        ]


def most_pictures(found: Contents, image_key: str) -> int:
    """Return the largest number of pictures in any row of all files."""
    return max((most_media(part.path, image_key) for part in found.parts), default=0)
