"""Exports hold what the build holds, are the same bytes each time, and never touch other files."""

from __future__ import annotations

import base64
import io
import json
import shutil
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from conftest import ROOT, recipe_with, tree_bytes
from PIL import Image

from puzzlegen.building import build
from puzzlegen.datafile import DataFile
from puzzlegen.errors import IntegrityError, OutputError, PuzzlegenError
from puzzlegen.export import target_names
from puzzlegen.exporting import MARK, export, read_mark
from puzzlegen.manifest import MANIFEST
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.verify import score


@pytest.fixture(scope="module")
def records(mixed_build: Path) -> dict[str, dict[str, Any]]:
    rows = (row for file in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / file["path"]))
    return {row["id"]: row for row in rows}


def exported(folder: Path) -> list[dict[str, Any]]:
    mark = read_mark(folder)
    assert mark is not None
    rows: list[dict[str, Any]] = []
    for name in mark.files:
        if name.endswith(".parquet"):
            rows += pq.read_table(folder / name).to_pylist()
        elif name.endswith(".jsonl"):
            rows += map(json.loads, (folder / name).read_text().splitlines())
    return rows


def payload(medium: Any) -> bytes:
    """Return the bytes of a medium, in whatever form a row holds it."""
    match medium:
        case {"bytes": bytes(data)}:
            return data
        case {"video": str(path)}:
            return Path(path).read_bytes()
        case str(text) if text.startswith("data:"):
            assert text.partition(";")[0] in {"data:image/jpeg", "data:image/png", "data:video/mp4"}
            return base64.b64decode(text.partition(",")[2])
        case _:
            return Path(medium).read_bytes()


@pytest.mark.parametrize(
    ("name", "images", "videos"),
    [
        ("verl", None, None),
        ("verl", "path", "path"),
        ("easyr1", None, None),
        ("easyr1", "bytes", None),
        ("swift", None, None),
        ("swift", "data_uri", "data_uri"),
        ("jsonl", None, None),
    ],
)
def test_every_medium_arrives_as_it_was(
    name: str, images: str | None, videos: str | None, mixed_build: Path, tmp_path: Path, records: dict[str, Any]
) -> None:
    made = export(mixed_build, name, tmp_path / "out", images=images, videos=videos)
    rows = exported(tmp_path / "out")
    assert {row["id"] for row in rows} == set(records)
    assert made.left_out == {}
    for row in rows:
        record = records[row["id"]]
        for column in ("images", "videos"):
            expected = [medium["bytes"] for medium in record.get(column, [])]
            assert [payload(medium) for medium in row.get(column, [])] == expected
            assert bool(expected) == (column in row)
        truth = row.get("ground_truth") or row["reward_model"]["ground_truth"]
        assert score(record["solution"], truth).value == 1


@pytest.mark.parametrize("name", ["openrlhf", "slime", "skyrl"])
def test_who_takes_no_clips_gets_none_and_is_told(
    name: str, mixed_build: Path, tmp_path: Path, records: dict[str, Any]
) -> None:
    made = export(mixed_build, name, tmp_path / "out")
    rows = exported(tmp_path / "out")
    clips = sum("videos" in record for record in records.values())
    assert made.left_out == {"video": clips}
    assert len(rows) == len(records) - clips
    if name != "skyrl":
        for row in rows:
            truth = records[row.get("id") or row["metadata"]["id"]]
            assert row["label"] == truth["ground_truth"]
            assert [payload(medium) for medium in row["images"]] == [m["bytes"] for m in truth["images"]]


def test_skyrl_has_pictures_where_their_placeholders_stood(
    mixed_build: Path, tmp_path: Path, records: dict[str, Any]
) -> None:
    export(mixed_build, "skyrl", tmp_path / "out")
    for row in exported(tmp_path / "out"):
        record = records[row["extra_info"]["id"]]
        (message,) = row["prompt"]
        text = "".join(part["text"] if part["type"] == "text" else "<image>" for part in message["content"])
        assert text == record["problem"]
        urls = [part["image_url"]["url"] for part in message["content"] if part["type"] == "image_url"]
        assert [payload(url) for url in urls] == [medium["bytes"] for medium in record["images"]]
        assert row["reward_spec"]["ground_truth"] == record["ground_truth"]


@pytest.mark.parametrize("carrier", ["path", "data_uri"])
def test_sft_rows_end_with_the_solution(
    carrier: str, mixed_build: Path, tmp_path: Path, records: dict[str, Any]
) -> None:
    export(mixed_build, "sft", tmp_path / "out", images=carrier, videos=carrier)
    rows = exported(tmp_path / "out")
    assert {row["id"] for row in rows} == set(records)
    for row in rows:
        record = records[row["id"]]
        *prompt, last = row["messages"]
        assert prompt == record["prompt"]
        assert last == {"role": "assistant", "content": record["solution"]}
        assert score(row["messages"], record["ground_truth"]).value == 1
        text = "".join(message["content"] for message in row["messages"])
        for column in ("images", "videos"):
            media = [medium["bytes"] for medium in record.get(column, [])]
            assert [payload(medium) for medium in row.get(column, [])] == media
            assert text.count(f"<{column[:-1]}>") == len(media)


def test_the_help_names_every_target() -> None:
    (line,) = [line for line in (ROOT / "docs/commands.md").read_text().splitlines() if line.startswith("- `--to`")]
    assert all(name in line for name in target_names())


@pytest.mark.parametrize("name", target_names())
def test_the_same_bytes_each_time_wherever_it_lies(name: str, mixed_build: Path, tmp_path: Path) -> None:
    export(mixed_build, name, tmp_path / "a", root="/data/puzzles")
    export(mixed_build, name, tmp_path / "deeper" / "b", root="/data/puzzles")
    first = tree_bytes(tmp_path / "a")
    assert first == tree_bytes(tmp_path / "deeper" / "b")
    assert {path.name for path in tmp_path.iterdir()} == {"a", "deeper"}
    export(mixed_build, name, tmp_path / "a", root="/data/puzzles")
    assert tree_bytes(tmp_path / "a") == first
    if read_mark(tmp_path / "a").media:  # type: ignore[union-attr]
        assert "/data/puzzles/media/" in str(exported(tmp_path / "a"))


def test_a_tar_build_gives_the_same_export(tmp_path: Path) -> None:
    tasks: list[dict[str, Any]] = [{"task": "rotation"}, {"task": "jigsaw", "rows": 2, "cols": 2}]
    for form in ("parquet", "webdataset"):
        recipe = recipe_with(tasks, source={"kind": "samples", "images": 2, "videos": 0}, output={"format": form})
        build(recipe, tmp_path / form, workers=1)
        export(tmp_path / form, "swift", tmp_path / f"{form}-out", root="/r")
    parquet, tars = (tree_bytes(tmp_path / f"{form}-out") for form in ("parquet", "webdataset"))
    assert parquet.pop(MARK) != tars.pop(MARK)  # it names the build
    assert parquet == tars


def test_files_are_only_ever_named_after_safe_ids(mixed_build: Path, tmp_path: Path) -> None:
    """Whatever a folder from elsewhere names, nothing is written outside the export, and nothing is left behind."""
    for field, value in (("id", "../../evil"), ("path", "x/../../evil"), ("split", "../evil")):
        folder = tmp_path / field
        shutil.copytree(mixed_build, folder)
        manifest = manifest_of(folder)
        file = next(f for f in files_of(manifest) if f["folder"] == "image")
        rows = list(read_rows(folder / file["path"]))
        if field == "id":
            rows[0]["id"] = value
        elif field == "path":
            rows[0]["images"][0]["path"] = value
        else:
            rows[0]["extra_info"]["split"] = value
        written = DataFile(file["path"], tmp_path / "t.tmp", "image")
        written.write(rows)
        written.publish(folder)
        with pytest.raises(IntegrityError, match="evil"):
            export(folder, "swift", tmp_path / "outs" / "out")
        assert not (tmp_path / "outs" / "out").exists()
        assert list((tmp_path / "outs").iterdir()) == []
    assert not list(tmp_path.rglob("evil*"))


def test_a_folder_of_something_else_is_left_alone(mixed_build: Path, tmp_path: Path) -> None:
    for name, said in (("notes.txt", "something else"), (MANIFEST, "something else")):
        out = tmp_path / name.partition(".")[0]
        out.mkdir()
        (out / name).write_text("mine")
        with pytest.raises(OutputError, match=said):
            export(mixed_build, "swift", out)
        assert [path.name for path in out.iterdir()] == [name]
    out = tmp_path / "out"
    export(mixed_build, "swift", out)
    with pytest.raises(OutputError, match="an export to swift"):
        export(mixed_build, "verl", out)
    (out / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"mine\.txt"):
        export(mixed_build, "swift", out)
    assert (out / "mine.txt").read_text() == "mine"
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="something else"):
        export(mixed_build, "swift", tmp_path / "file")


def test_a_stop_in_the_middle_leaves_the_old_export(mixed_build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(mixed_build, "swift", out)
    before = tree_bytes(out)
    damaged = tmp_path / "damaged"
    shutil.copytree(mixed_build, damaged)
    last = damaged / files_of(manifest_of(damaged))[-1]["path"]
    last.write_bytes(last.read_bytes()[:-40])
    with pytest.raises(PuzzlegenError, match="damaged"):
        export(damaged, "swift", out, root="/elsewhere")
    assert tree_bytes(out) == before
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_an_export_of_this_very_build_is_kept_and_any_other_replaced(mixed_build: Path, tmp_path: Path) -> None:
    out, folder = tmp_path / "out", tmp_path / "build"
    shutil.copytree(mixed_build, folder)

    def is_exported_anew(**settings: str) -> bool:
        before = (out / MARK).stat().st_ino
        export(folder, "swift", out, **settings)
        return (out / MARK).stat().st_ino != before

    first = export(folder, "swift", out)
    assert not is_exported_anew()
    assert export(folder, "swift", out) == first
    assert is_exported_anew(root="/elsewhere")
    assert is_exported_anew()
    rows = out / "image" / "train.jsonl"
    rows.unlink()
    assert is_exported_anew()
    rows.write_text("")
    assert is_exported_anew()
    assert rows.stat().st_size > 0
    rebuilt = manifest_of(folder)
    rebuilt["shards"][0]["files"][0]["sha256"] = "0" * 64
    (folder / MANIFEST).write_text(json.dumps(rebuilt))
    assert is_exported_anew()


def test_a_build_of_clips_alone_has_nothing_for_who_takes_none(tmp_path: Path) -> None:
    recipe = recipe_with([{"task": "arrow_of_time"}], source={"kind": "samples", "images": 0, "videos": 2})
    build(recipe, tmp_path / "clips", workers=1)
    with pytest.raises(PuzzlegenError, match=r"has nothing for openrlhf: video: [12] left out"):
        export(tmp_path / "clips", "openrlhf", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["clips"]


@pytest.mark.parametrize(
    ("name", "settings", "said"),
    [
        ("swfit", {}, "unknown target 'swfit'; did you mean 'swift'"),
        ("openrlhf", {"videos": "path"}, "--videos path: openrlhf takes videos as nothing at all"),
        ("verl", {"images": "data_uri"}, "--images data_uri: verl takes images as bytes, path"),
    ],
)
def test_a_wrong_wish_is_named(
    name: str, settings: dict[str, Any], said: str, mixed_build: Path, tmp_path: Path
) -> None:
    with pytest.raises(PuzzlegenError, match=said):
        export(mixed_build, name, tmp_path / "out", **settings)
    assert not (tmp_path / "out").exists()


def test_a_mark_that_is_no_json_is_damage(tmp_path: Path) -> None:
    (tmp_path / MARK).write_text("{")
    with pytest.raises(IntegrityError, match="damaged"):
        read_mark(tmp_path)


def test_memory_does_not_grow_with_the_build(mixed_build: Path, tmp_path: Path) -> None:
    """Exporting 240 rows with heavy media takes less than half as much memory as the media."""
    noise = io.BytesIO()
    Image.effect_noise((900, 900), 90).save(noise, "JPEG", quality=95)
    folder = tmp_path / "big"
    shutil.copytree(mixed_build, folder)
    manifest = manifest_of(folder)
    file = next(f for f in files_of(manifest) if f["folder"] == "image")
    rows = list(read_rows(folder / file["path"]))
    written = DataFile(file["path"], tmp_path / "t.tmp", "image")
    total = 0
    for k in range(240):
        copy = rows[k % len(rows)] | {"id": f"{k:032x}"}
        copy["images"] = [{"bytes": noise.getvalue() + b"\0" * k, "path": f"{k:032x}-0.jpg"}]
        total += len(copy["images"][0]["bytes"])
        written.write([copy])
    written.publish(folder)
    tracemalloc.start()
    export(folder, "openrlhf", tmp_path / "out")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total > 60e6
    assert peak < total / 2
