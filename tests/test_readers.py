"""The real packages webdataset, datasets, wids and Megatron-Energon read all samples of the tars as they are."""

from __future__ import annotations

import struct
import tarfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from browser import artefacts
from conftest import recipe_with

from puzzlegen.building import build
from puzzlegen.integrity import verify
from puzzlegen.reading import files_of, manifest_of, read_rows

TASKS: list[dict[str, Any]] = [
    {"task": "rotation"},
    {"task": "jigsaw", "rows": 2, "cols": 2},
    {"task": "arrow_of_time"},
]
Keys = dict[tuple[str, str], set[str]]


@pytest.fixture(scope="module")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tars") / "out"
    source = {"kind": "samples", "images": 7, "videos": 2}
    output = {"format": "webdataset", "shard_size": 2}
    recipe = recipe_with(TASKS, seed=6, source=source, output=output, splits={"validation": 0.4})
    assert build(recipe, out, workers=1).manifest is not None
    return out


@pytest.fixture(scope="module")
def keys(tars: Path) -> Keys:
    """Ids of all puzzles, by folder and split."""
    found: Keys = {}
    for file in files_of(manifest_of(tars)):
        split = Path(file["path"]).name.split("-")[0]
        found.setdefault((file["folder"], split), set()).update(r["id"] for r in read_rows(tars / file["path"], ["id"]))
    assert {"train", "validation"} <= {split for _, split in found}
    assert len({folder for folder, _ in found}) == 3
    return found


def note(package: str, keys: Keys) -> None:
    """Write a line for the table of readers that loaded the shards."""
    line = f"{package} {version(package)}: {sum(map(len, keys.values()))} samples of {len(keys)} folders and splits\n"
    (artefacts() / f"reader-{package}.txt").write_text(line)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset does not close its files
def test_webdataset(tars: Path, keys: Keys) -> None:
    import webdataset

    for (folder, split), expected in keys.items():
        paths = sorted(map(str, (tars / "data" / folder).glob(f"{split}-*.tar")))
        assert {s["__key__"] for s in webdataset.WebDataset(paths, shardshuffle=False)} == expected
    note("webdataset", keys)


def test_datasets(tars: Path, keys: Keys, tmp_path: Path) -> None:
    from datasets import load_dataset

    for (folder, split), expected in keys.items():
        files = {split: str(tars / "data" / folder / f"{split}-*.tar")}
        loaded = load_dataset("webdataset", data_files=files, split=split, cache_dir=str(tmp_path), streaming=True)
        assert {row["__key__"] for row in loaded.decode(enable=False)} == expected
    note("datasets", keys)


@pytest.mark.filterwarnings("ignore")  # wids warns about its own defaults and does not close files
def test_wids(tars: Path, keys: Keys, tmp_path: Path) -> None:
    wids = pytest.importorskip("wids", reason="wids is not installed: pip install wids")
    for (folder, split), expected in keys.items():
        index = str(tars / "data" / folder / f"{split}.json")
        found = wids.ShardListDataset(index, cache_dir=str(tmp_path / folder / split))
        samples = [found[k] for k in range(len(found))]
        assert {sample["__key__"] for sample in samples} == expected
        assert all(sample[".json"]["id"] == sample["__key__"] for sample in samples)
    note("wids", keys)


@pytest.mark.filterwarnings("ignore")  # torch's loader warns on machines without an accelerator
def test_energon(tars: Path, keys: Keys) -> None:
    energon = pytest.importorskip("megatron.energon", reason="not installed: pip install megatron-energon")
    for (folder, split), expected in keys.items():
        part = {"train": "train", "validation": "val"}[split]
        assert set(energon_keys(energon, tars / "data" / folder, part)) == expected
    note("megatron-energon", keys)


def energon_keys(energon: Any, folder: Path, part: str) -> list[str]:
    """Return the keys of all samples of a split part, read once and without shuffling."""

    def cook(sample: dict[str, Any]) -> Any:
        assert sample["json"]["id"] == sample["__key__"]
        return energon.CrudeSample(**sample)

    class Encoder(energon.DefaultTaskEncoder):  # type: ignore[misc]
        cookers = (energon.Cooker(energon.stateless(cook)),)

        def __init__(self) -> None:
            super().__init__(raw_batch_type=dict)

        def batch(self, samples: list[Any]) -> list[Any]:
            return samples

        def encode_batch(self, batch: list[Any]) -> list[Any]:
            return batch

    config = energon.WorkerConfig(rank=0, world_size=1, num_workers=0)
    loaded = energon.get_val_dataset(
        str(folder), split_part=part, worker_config=config, batch_size=1, task_encoder=Encoder()
    )
    return [sample["__key__"] for batch in energon.get_loader(loaded) for sample in batch]


def test_indexes_say_where_samples_begin(tars: Path) -> None:
    for file in files_of(manifest_of(tars)):
        path = tars / file["path"]
        data = path.with_name(f"{path.name}.idx").read_bytes()
        begins = struct.unpack(f"<{len(data) // 8}Q", data)
        assert len(begins) == file["rows"] + 1
        with tarfile.open(path) as tar:
            heads = [member.offset for member in tar if member.name.endswith(".json")]
        assert list(begins[:-1]) == heads
        assert path.read_bytes()[begins[-1] :].strip(b"\0") == b""


def test_indexes_are_in_the_manifest(tars: Path) -> None:
    named = {asset["path"] for asset in manifest_of(tars)["assets"]}
    assert {
        "data/image/.nv-meta/split.yaml",
        "data/image/train.json",
        "data/image/train-00000-of-00002.tar.idx",
    } <= named
    assert verify(tars).problems == []
