"""The card's section on loading the dataset: a few lines of runnable code for each reader and trainer."""

from __future__ import annotations

from typing import Any, Final

_DATASETS: Final = """```python
from datasets import load_dataset
from puzzlegen.verify import score

where = "owner/name"   # this repository on the Hub, or the path of its folder
puzzles = load_dataset(where, "{config}", split="{split}")
row = {row}
print(row["problem"])
print(score(row["solution"], row["ground_truth"]).value)   # 1.0
```
"""
_WEBDATASET: Final = """As tars, with WebDataset:

```python
import glob
import webdataset

for sample in webdataset.WebDataset(sorted(glob.glob("data/{config}/{split}-*.tar")), shardshuffle=False):
    print(sample["__key__"], sorted(sample))
    break
```

The folder also holds the indexes of `wids` (`data/{config}/{split}.json`) and of Megatron-Energon (`.nv-meta`; give it
the folder `data/{config}`, whose samples are crude).
"""
_JSON_ROW: Final = 'puzzles.select_columns("json")[0]["json"]   # whole rows with clips need torchcodec'
_CLIPS: Final = """Clips are MP4 bytes; PyAV decodes them, and so does what reads files:

```python
import contextlib
import io
import av
from datasets import load_dataset

stream = load_dataset(where, "{config}", split="{split}", streaming=True)
with contextlib.closing(iter(stream)) as rows:   # Arrow can abort a process that leaves a stream open at its end
    row = next(rows)
with av.open(io.BytesIO({clip})) as clip:
    print(len([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]), "frames")
```
"""
_TRL: Final = """With TRL, `puzzlegen.verify` gives the rewards, and a prompt's placeholders become content blocks:

```python
import re
from datasets import load_dataset
from puzzlegen.verify import score

def blocks(text):
    parts = [part for part in re.split("(<image>)", text) if part]
    return [{{"type": "image"}} if part == "<image>" else {{"type": "text", "text": part}} for part in parts]

def prompt(row):
    return {{**row, "prompt": [{{**said, "content": blocks(said["content"])}} for said in row["prompt"]]}}

def reward(completions, ground_truth, **columns):
    return [score(completion, truth).value for completion, truth in zip(completions, ground_truth)]

puzzles = load_dataset(where, "{config}", split="{split}")
print(prompt(puzzles[0])["prompt"][-1]["content"][0])
# GRPOTrainer(model, train_dataset=..., reward_funcs=reward), with prompt() applied as rows are read
```
"""
_VERL: Final = """verl reads the Parquet files as they are:

```text
data.train_files=data/{config}/{split}-*.parquet data.prompt_key=prompt data.image_key=images data.video_key=videos
reward.custom_reward_function.path=<the file puzzlegen/adapters/verl.py of the installed package>
```
"""


def loading(manifest: dict[str, Any]) -> str:
    """Return the card's section on loading.

    Args:
        manifest: the manifest of a build with at least one row.
    """
    rows = manifest["rows"]
    largest = max(rows, key=lambda folder: (sum(rows[folder].values()), folder))
    is_webdataset = manifest["recipe"]["output"]["format"] == "webdataset"
    parts = [_fill(_DATASETS, rows, largest, row=_JSON_ROW if is_webdataset else "puzzles[0]")]
    if is_webdataset:
        parts.append(_fill(_WEBDATASET, rows, largest))
    if clips_folder := next((folder for folder in rows if folder.startswith("video")), None):
        clip = 'row["0.mp4"]["bytes"]' if is_webdataset else 'row["videos"][0]["bytes"]'
        parts += [] if is_webdataset else [_fill(_CLIPS, rows, clips_folder, clip=clip)]
    picture_folders = [folder for folder in rows if "image" in folder]
    if picture_folders and not is_webdataset:
        parts += [_fill(_TRL, rows, picture_folders[0]), _fill(_VERL, rows, picture_folders[0])]
    return "\n".join(parts)


def _fill(text: str, rows: dict[str, dict[str, int]], config: str, **extra: str) -> str:
    split = "train" if "train" in rows[config] else min(rows[config])
    return text.format(config=config, split=split, **extra)
