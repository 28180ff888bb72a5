"""The card's section on loading the dataset: a few lines of runnable code for each reader and trainer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

_Rows = dict[str, dict[str, int]]
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
_CLIPS_IN_TARS: Final = """Clips are MP4 bytes; PyAV decodes them:

```python
import io
import av

for sample in webdataset.WebDataset(sorted(glob.glob("data/{config}/{split}-*.tar")), shardshuffle=False):
    with av.open(io.BytesIO(sample["0.mp4"])) as clip:
        print(len([frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]), "frames")
    break
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
_TRL_ADAPTER: Final = """{why}

```python
from puzzlegen.adapters import trl   # pip install "puzzlegen[trl]"

puzzles = trl.load({place}, "{profile}", "{split}")
print(len(puzzles), "puzzles")
# GRPOTrainer(model, train_dataset=puzzles, reward_funcs=[trl.score_reward])
```
"""
_TRL_CLIPS: Final = "With TRL, which ignores clips, the adapter of puzzlegen turns them into frames:"
_TRL_TEXT: Final = "With TRL:"
_TRL_TARS: Final = """With TRL, the adapter of puzzlegen reads the tars of this folder on your machine (from the Hub:
`hf download owner/name --repo-type dataset --local-dir <folder>`). Clips become frames, since TRL ignores clips:"""
_VERL: Final = """verl reads the Parquet files as they are:

```text
data.train_files=data/{config}/{split}-*.parquet data.prompt_key=prompt data.image_key=images data.video_key=videos
reward.custom_reward_function.path=<the file puzzlegen/adapters/verl.py of the installed package>
```
"""

_VERL_EXPORT: Final = """verl cannot read {what}; export them first:

```text
puzzlegen export <this folder> --to verl --out <new>
data.train_files=<new>/{profile}/{split}.parquet data.prompt_key=prompt data.image_key=images data.video_key=videos
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
    clips = next((folder for folder in rows if folder.startswith("video")), None)
    if manifest["recipe"]["output"]["format"] == "webdataset":
        return "\n".join(_loading_tars(rows, largest, clips))
    return "\n".join(_loading_parquet(rows, largest, clips))


def _loading_tars(rows: _Rows, largest: str, clips: str | None) -> Iterator[str]:
    yield _fill(_DATASETS, rows, largest, row=_JSON_ROW)
    yield _fill(_WEBDATASET, rows, largest)
    if clips:
        yield _fill(_CLIPS_IN_TARS, rows, clips)
    yield _fill(_TRL_ADAPTER, rows, largest, why=_TRL_TARS, place='"."')
    yield _fill(_VERL_EXPORT, rows, largest, what="tars")


def _loading_parquet(rows: _Rows, largest: str, clips: str | None) -> Iterator[str]:
    yield _fill(_DATASETS, rows, largest, row="puzzles[0]")
    if clips:
        yield _fill(_CLIPS, rows, clips, clip='row["videos"][0]["bytes"]')
    pictures = next((folder for folder in rows if "image" in folder), None)
    if pictures:
        yield _fill(_TRL, rows, pictures)
    if clips:
        yield _fill(_TRL_ADAPTER, rows, clips, why=_TRL_CLIPS, place="where")
    if "text" in rows and not pictures:
        yield _fill(_TRL_ADAPTER, rows, "text", why=_TRL_TEXT, place="where")
    if as_it_is := pictures or next((folder for folder in rows if folder != clips), None):
        yield _fill(_VERL, rows, as_it_is)
    if clips:
        yield _fill(_VERL_EXPORT, rows, clips, what="clips from bytes")


def _fill(text: str, rows: _Rows, config: str, **extra: str) -> str:
    split = "train" if "train" in rows[config] else min(rows[config])
    # In WebDataset, a folder's name may end in its number of media.
    return text.format(config=config, split=split, profile=re.sub(r"_\d+$", "", config), **extra)
