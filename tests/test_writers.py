"""Both formats hold the same records, can be read by common readers, and have stable bytes."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import webdataset
from conftest import recipe_with, tree_bytes
from PIL import Image

from puzzlegen import schema
from puzzlegen.arrays import arrow_array
from puzzlegen.building import build
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.schema import arrow_schema
from puzzlegen.verify import score

COLUMNS = {"id", "data_source", "ability", "problem", "prompt", "answer", "solution", "ground_truth"}
COLUMNS |= {"reward_model", "extra_info"}
TASKS = [{"task": "rotation"}, {"task": "position"}, {"task": "arrow_of_time"}]


@pytest.fixture(scope="module")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tars") / "out"
    source = {"kind": "samples", "images": 3, "videos": 1}
    build(recipe_with(TASKS, source=source, output={"format": "webdataset"}), out, workers=1)
    return out


def all_rows(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for file in files_of(manifest_of(folder)) for row in read_rows(folder / file["path"])}


@pytest.mark.parametrize("config", ["image", "multi_image", "video"])
def test_load_dataset_reads_the_folder_as_it_is(mixed_build: Path, tmp_path: Path, config: str) -> None:
    loaded = datasets.load_dataset(str(mixed_build), config, split="train", cache_dir=str(tmp_path))
    row = loaded[0]
    assert COLUMNS | {"videos", "video_meta"} == set(row) if config == "video" else COLUMNS | {"images"} == set(row)
    assert score(row["solution"], row["ground_truth"]).value == 1
    if config == "video":
        assert row["videos"][0]["bytes"][4:8] == b"ftyp"
        assert row["video_meta"][0]["frames"] == len(row["video_meta"][0]["timestamps"])
    else:
        assert all(isinstance(picture, Image.Image) for picture in row["images"])
        assert row["problem"].count("<image>") == len(row["images"])
    assert row["prompt"][-1] == {"role": "user", "content": row["problem"]}
    assert row["reward_model"] == {"style": "rule", "ground_truth": row["ground_truth"]}
    assert len(loaded) == manifest_of(mixed_build)["rows"][config]["train"]


def test_the_largest_profile_is_the_default_and_splits_are_found(mixed_build: Path, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(mixed_build), cache_dir=str(tmp_path))
    rows = manifest_of(mixed_build)["rows"]
    assert {split: len(data) for split, data in loaded.items()} in list(rows.values())
    assert set(loaded) == {"train", "validation"}


def test_streaming_reads_the_same_rows(mixed_build: Path) -> None:
    stream = datasets.load_dataset(str(mixed_build), "image", split="train", streaming=True)
    whole = [row["id"] for f in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / f["path"])]
    assert {row["id"] for row in stream} <= set(whole)


def test_every_shard_has_the_schema_of_its_profile(mixed_build: Path) -> None:
    files = files_of(manifest_of(mixed_build))
    first = {file["folder"]: pq.read_schema(mixed_build / file["path"]) for file in files}
    for file in files:
        found = pq.read_schema(mixed_build / file["path"])
        assert found.equals(first[file["folder"]], check_metadata=True)
        assert found.names == arrow_schema(file["folder"]).names
        assert found.metadata == arrow_schema(file["folder"]).metadata


def test_media_lie_uncompressed_and_words_compressed(mixed_build: Path) -> None:
    group = pq.ParquetFile(mixed_build / "data/image/train-00000-of-00002.parquet").metadata.row_group(0)
    codecs = {group.column(k).path_in_schema: group.column(k).compression for k in range(group.num_columns)}
    assert codecs["images.list.element.bytes"] == "UNCOMPRESSED"
    assert set(codecs.values()) == {"UNCOMPRESSED", "ZSTD"}
    assert group.column(0).has_offset_index


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # webdataset does not close its files
def test_webdataset_reads_the_tars(tars: Path) -> None:
    rows = all_rows(tars)
    for path in sorted((tars / "data").rglob("*.tar")):
        for sample in webdataset.WebDataset(str(path), shardshuffle=False).decode("pil"):
            row = rows[sample["__key__"]]
            assert sample["json"]["ground_truth"] == row["ground_truth"]
            media = {key: value for key, value in sample.items() if key[0].isdigit()}
            assert len(media) == row["problem"].count("<image>") + row["problem"].count("<video>")
            if "images" in row:
                assert media["0.jpg"].size == Image.open(io.BytesIO(row["images"][0]["bytes"])).size


def test_load_dataset_reads_the_tars(tars: Path, tmp_path: Path) -> None:
    loaded = datasets.load_dataset(str(tars), "image", split="train", cache_dir=str(tmp_path))
    assert isinstance(loaded[0]["0.jpg"], Image.Image)
    assert score(loaded[0]["json"]["solution"], loaded[0]["json"]["ground_truth"]).value == 1


def test_both_formats_hold_the_same_records(tars: Path, tmp_path: Path) -> None:
    build(recipe_with(TASKS, source={"kind": "samples", "images": 3, "videos": 1}), tmp_path / "out", workers=1)
    assert all_rows(tmp_path / "out") == all_rows(tars)
    assert manifest_of(tmp_path / "out")["kept"] == manifest_of(tars)["kept"]


def test_tars_hold_no_clock_and_no_owner(tars: Path) -> None:
    members = []
    for path in (tars / "data").rglob("*.tar"):
        with tarfile.open(path) as tar:
            members += tar.getmembers()
    assert members
    assert {(m.mtime, m.uid, m.gid, m.uname, m.gname, m.mode) for m in members} == {(0, 0, 0, "", "", 0o644)}
    assert not [name for name, data in tree_bytes(tars).items() if b"null" in data and name.endswith(".tar")]


def test_records_are_json_without_surprises(tars: Path) -> None:
    for row in all_rows(tars).values():
        assert "." not in row["id"]
        assert json.loads(row["ground_truth"])["v"] == 1
        assert json.loads(row["extra_info"]["params"]) is not None


KINDS = pa.struct([("media", pa.list_(schema.MEDIUM)), ("n", pa.int64()), ("meta", pa.list_(schema.VIDEO_META))])


@pytest.mark.parametrize("count", [0, 1, 5])
def test_arrays_are_those_of_pyarrow(count: int) -> None:
    meta = {"fps": 1.5, "frames": 3, "timestamps": [0.25, 1.0]}
    values = [{"media": [{"bytes": b"a\0b", "path": "\xe9"}] * k, "n": -k, "meta": [meta] * k} for k in range(count)]
    made = arrow_array(values, KINDS)
    made.validate(full=True)
    assert made.equals(pa.array(values, KINDS))


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64(), pa.list_(pa.string())])
def test_arrays_have_no_nulls(kind: pa.DataType) -> None:
    with pytest.raises((AttributeError, TypeError)):
        arrow_array([None], kind)
