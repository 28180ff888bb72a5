"""Builds give the same bytes for any workers, shares, order, kills and folders; refusals say why."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from conftest import MIXED, ROOT, heeds_interrupts, recipe_with, tree_bytes

from puzzlegen.building import Share, Status, build
from puzzlegen.errors import OutputError, RecipeError
from puzzlegen.plan import make_plan
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import Recipe, load_recipe
from puzzlegen.records import REASONS


def test_worker_count_does_not_change_bytes(mixed_recipe: Recipe, mixed_build: Path, tmp_path: Path) -> None:
    build(mixed_recipe, tmp_path / "one", workers=1)
    assert tree_bytes(tmp_path / "one") == tree_bytes(mixed_build)


def test_shares_of_the_work_add_up(mixed_recipe: Recipe, mixed_build: Path, tmp_path: Path) -> None:
    out = tmp_path / "shares"
    assert build(mixed_recipe, out, workers=1, share=Share(1, 2)).manifest is None
    assert not (out / "manifest.json").exists()
    assert build(mixed_recipe, out, workers=1, share=Share(0, 2)).manifest is not None
    assert tree_bytes(out) == tree_bytes(mixed_build)


@pytest.mark.slow
def test_shards_that_no_run_closed_are_merged(mixed_build: Path, recipe_file: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for part in range(2):
        arguments = ["build", str(recipe_file), "--out", str(out), "--workers", "1", "--shards", f"{part}/2"]
        subprocess.run(command(*arguments), check=True, capture_output=True)
        if part == 0:
            early = subprocess.run(command("merge", str(out)), capture_output=True, text=True, check=False)
            assert early.returncode == 2
            assert "shards, such as " in early.stderr
            assert not (out / "manifest.json").exists()
    (out / "manifest.json").unlink()
    (out / "README.md").unlink()
    done = subprocess.run(command("merge", str(out), "--json"), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["complete"]
    assert tree_bytes(out) == tree_bytes(mixed_build)


@pytest.mark.slow
def test_the_job_array_builds_it_all(recipe_file: Path, tmp_path: Path) -> None:
    """The script runs as under Slurm: one process per array task, with its number in the environment."""
    script = ROOT / "examples" / "slurm.sh"
    _export_samples(tmp_path / "media")
    shim = tmp_path / "bin" / "puzzlegen"
    shim.parent.mkdir()
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m puzzlegen "$@"\n')
    shim.chmod(0o755)
    path = f"{shim.parent}:{os.environ['PATH']}"
    for part in range(2):
        env = {**os.environ, "PATH": path, "SLURM_ARRAY_TASK_ID": str(part), "SLURM_ARRAY_TASK_COUNT": "2"}
        arguments = [str(recipe_file), str(tmp_path / "media"), str(tmp_path / "out")]
        subprocess.run(["bash", str(script), *arguments], check=True, capture_output=True, env=env)
    assert manifest_of(tmp_path / "out")["kept"]["rotation"] > 0


def test_a_finished_build_has_nothing_to_do(mixed_recipe: Recipe, mixed_build: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in mixed_build.rglob("*.parquet") if "data" in path.parts}
    assert build(mixed_recipe, mixed_build, workers=1).made == 0
    assert all(path.stat().st_mtime_ns == stamp for path, stamp in before.items())


def test_a_lost_or_cut_file_is_made_again(mixed_recipe: Recipe, mixed_build: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    shutil.copytree(mixed_build, out)
    data = sorted((out / "data").rglob("*.parquet"))
    data[0].unlink()
    data[-1].write_bytes(data[-1].read_bytes()[:-1])
    assert build(mixed_recipe, out, workers=1).made == 2
    assert tree_bytes(out) == tree_bytes(mixed_build)


RECIPE = """
seed: 4
source: {kind: samples, images: 10, videos: 3}
tasks: [{task: rotation}, {task: jigsaw, rows: 3, cols: 3}, {task: arrow_of_time, reference: false}]
splits: {validation: 0.3}
output: {shard_size: 4}
"""


@pytest.fixture
def recipe_file(tmp_path: Path) -> Path:
    path = tmp_path / "mixed.yaml"
    path.write_text(RECIPE)
    return path


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "puzzlegen", *arguments]


def test_interrupt_ends_cleanly_and_can_be_resumed(recipe_file: Path, mixed_build: Path, tmp_path: Path) -> None:
    arguments = command("build", str(recipe_file), "--out", str(tmp_path / "out"), "--workers", "1")
    child = subprocess.Popen(
        arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True, preexec_fn=heeds_interrupts
    )
    while not list((tmp_path / "out").glob(".puzzlegen/shards/*.json")) and child.poll() is None:
        time.sleep(0.05)
    os.killpg(child.pid, signal.SIGINT)
    _, messages = child.communicate(timeout=60)
    assert child.returncode == 130, messages
    assert b"Traceback" not in messages
    assert b"the same command goes on" in messages
    subprocess.run(arguments, check=True, capture_output=True)
    assert tree_bytes(tmp_path / "out") == tree_bytes(mixed_build)


def test_sigterm_stops_a_build_like_an_interrupt(recipe_file: Path, tmp_path: Path) -> None:
    arguments = command("build", str(recipe_file), "--out", str(tmp_path / "out"), "--workers", "1")
    child = subprocess.Popen(arguments, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    while not list((tmp_path / "out").glob(".puzzlegen/shards/*.json")) and child.poll() is None:
        time.sleep(0.05)
    child.terminate()
    _, messages = child.communicate(timeout=60)
    assert child.returncode == 143, messages
    assert messages.splitlines()[-1] == b"stopped; the same command goes on from here"


def test_sigterm_leaves_no_temporary_folder(tmp_path: Path) -> None:
    place = tmp_path / "tmp"
    place.mkdir()
    arguments = command("build", "quickstart", "--set", "source.images=200000", "--dry-run")
    child = subprocess.Popen(arguments, stderr=subprocess.PIPE, env={**os.environ, "TMPDIR": str(place)})
    while not any(place.iterdir()) and child.poll() is None:
        time.sleep(0.02)
    child.terminate()
    _, messages = child.communicate(timeout=60)
    assert (child.returncode, list(place.iterdir())) == (143, []), messages


def test_a_card_that_people_edited_is_kept(tmp_path: Path) -> None:
    out = tmp_path / "out"
    recipe = recipe_with([{"task": "rotation"}])
    build(recipe, out, workers=1)
    (out / "README.md").write_text("my own words")
    build(recipe, out, workers=1)
    assert (out / "README.md").read_text() == "my own words"


def test_files_in_another_folder_give_the_same_bytes(tmp_path: Path) -> None:
    _export_samples(tmp_path / "here")
    shutil.copytree(tmp_path / "here", tmp_path / "far" / "away")
    outs = []
    for k, folder in enumerate((tmp_path / "here", tmp_path / "far" / "away")):
        recipe = recipe_with(MIXED, source={"kind": "folder", "path": str(folder)})
        build(recipe, tmp_path / f"out{k}", workers=1)
        outs.append(tree_bytes(tmp_path / f"out{k}"))
    assert outs[0] == outs[1]
    assert b"here" not in outs[0]["manifest.json"]


def _export_samples(folder: Path) -> None:
    folder.mkdir()
    source = recipe_with(MIXED, source={"kind": "samples", "images": 4, "videos": 1}).source
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            (folder / f"{item.id}.{'jpg' if item.id.startswith('image') else 'mp4'}").write_bytes(file.read())
    (folder / "notes.txt").write_text("no medium")
    (folder / "broken.JPG").write_bytes(b"no picture")
    (folder / "broken.mp4").write_bytes(b"no clip")


def test_another_task_changes_no_puzzle(tmp_path: Path) -> None:
    source = {"kind": "samples", "images": 5, "videos": 0}
    found = []
    for k, tasks in enumerate(([{"task": "position"}], [{"task": "position"}, {"task": "rotation"}])):
        build(recipe_with(tasks, source=source), tmp_path / str(k), workers=1)
        rows = (
            row for f in files_of(manifest_of(tmp_path / str(k))) for row in read_rows(tmp_path / str(k) / f["path"])
        )
        found.append({row["id"]: row for row in rows if row["data_source"] == "puzzlegen/position"})
    assert found[0] == found[1]


def test_everything_without_a_puzzle_is_a_row_of_rejections(tmp_path: Path) -> None:
    _export_samples(tmp_path / "media")
    recipe = recipe_with(MIXED, source={"kind": "folder", "path": str(tmp_path / "media")})
    build(recipe, tmp_path / "out", workers=1)
    rows = pq.read_table(tmp_path / "out" / "rejections.parquet").to_pylist()
    assert {(row["item"], row["task"], row["reason"]) for row in rows} >= {
        ("notes.txt", "", "unsupported_file"),
        ("broken.JPG", "rotation", "undecodable"),
        ("broken.JPG", "jigsaw", "undecodable"),
        ("broken.mp4", "arrow_of_time", "undecodable"),
    }
    assert {row["reason"] for row in rows} <= set(REASONS)
    out = tmp_path / "out"
    used = {r["extra_info"]["source_uri"] for f in files_of(manifest_of(out)) for r in read_rows(out / f["path"])}
    assert used | {row["item"] for row in rows} == {path.name for path in (tmp_path / "media").iterdir()}


def test_answers_are_even_within_one_in_every_shard(tmp_path: Path) -> None:
    tasks = [{"task": "rotation"}, {"task": "position", "form": "label"}]
    recipe = recipe_with(tasks, source={"kind": "samples", "images": 26, "videos": 0}, output={"shard_size": 13})
    build(recipe, tmp_path / "out", workers=2)
    for file in files_of(manifest_of(tmp_path / "out")):
        for slot in ("answer", "letter"):
            counts: Counter[int] = Counter()
            for row in read_rows(tmp_path / "out" / file["path"]):
                counts.update([json.loads(row["extra_info"]["slots"]).get(slot, -1)])
            if -1 not in counts:
                assert max(counts[k] for k in range(4)) - min(counts[k] for k in range(4)) <= 1


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 6}, "recipe seed: 4 -> 6"),
        (
            {"tasks": [*MIXED[:1], {"task": "jigsaw", "rows": 4, "cols": 3}, *MIXED[2:]]},
            "recipe tasks.1.rows: 3 -> 4",
        ),
        ({"output": {"shard_size": 5}}, "recipe output.shard_size: 4 -> 5"),
        ({"source": {"kind": "samples", "images": 11, "videos": 3}}, "recipe source.images: 10 -> 11"),
    ],
)
def test_another_recipe_over_an_old_folder_is_refused(
    mixed_recipe: Recipe, mixed_build: Path, change: dict[str, object], said: str
) -> None:
    settings = {
        "source": {"kind": "samples", "images": 10, "videos": 3},
        "splits": {"validation": 0.3},
        "output": {"shard_size": 4},
    }
    other = recipe_with(**{"tasks": MIXED, **settings, **change})  # type: ignore[arg-type]
    with pytest.raises(OutputError, match=said):
        build(other, mixed_build, workers=1)
    with pytest.raises(OutputError, match="limit None -> 3"):
        build(mixed_recipe, mixed_build, workers=1, limit=3)


def test_a_changed_source_over_an_old_folder_is_refused(tmp_path: Path) -> None:
    _export_samples(tmp_path / "media")
    recipe = recipe_with(MIXED[:1], source={"kind": "folder", "path": str(tmp_path / "media")})
    build(recipe, tmp_path / "out", workers=1)
    victim = tmp_path / "media" / "image-000001.jpg"
    data = bytearray(victim.read_bytes())
    data[-200] ^= 1
    victim.write_bytes(data)
    with pytest.raises(OutputError, match=r"'image-000001\.jpg' has changed"):
        build(recipe, tmp_path / "out", workers=1)
    victim.unlink()
    with pytest.raises(OutputError, match=r"5 -> 4 items; gone: 'image-000001\.jpg'; put it back as it was, or choose"):
        build(recipe, tmp_path / "out", workers=1)
    (tmp_path / "media" / "fresh.png").write_bytes(b"x")
    with pytest.raises(OutputError, match=r"gone: 'image-000001\.jpg'; new: 'fresh\.png'"):
        build(recipe, tmp_path / "out", workers=1)


def test_what_changes_before_all_shards_are_made_is_named(tmp_path: Path) -> None:
    """The items of unfinished shards are known from the listing that the build keeps until it is finished."""
    media, out = tmp_path / "media", tmp_path / "out"
    _export_samples(media)
    recipe = recipe_with(
        MIXED[:1], source={"kind": "folder", "path": str(media)}, output={"shard_size": 1}, splits={"validation": 0.2}
    )
    assert build(recipe, out, workers=1, share=Share(0, 5)).manifest is None
    listed = out / ".puzzlegen" / "listed.parquet"
    for victim in sorted(media.glob("*.jpg"))[1:4]:
        data = victim.read_bytes()
        victim.write_bytes(data + b"x")
        said = f"the source has changed since '{out}' was begun: "
        with pytest.raises(OutputError, match=f"{said}changed: '{victim.name}'; put it back as it was, or choose"):
            build(recipe, out, workers=1)
        victim.unlink()
        (media / "a.jpg").write_bytes(data)
        with pytest.raises(OutputError, match=f"begun: gone: '{victim.name}'; new: 'a.jpg'; put it back"):
            build(recipe, out, workers=1)
        (media / "a.jpg").rename(victim)
    (media / "a.jpg").write_bytes(data + b"x")
    kept = listed.read_bytes()
    listed.write_bytes(b"PAR1")  # damaged: what the finished shard knows is named
    with pytest.raises(OutputError, match="5 -> 6 items; put it back"):
        build(recipe, out, workers=1)
    (media / "a.jpg").unlink()
    listed.write_bytes(kept)
    assert build(recipe, out, workers=1).manifest is not None
    assert not listed.exists()
    victim.write_bytes(data + b"x")
    with pytest.raises(OutputError, match=f"begun: changed: '{victim.name}'; put it back"):
        build(recipe, out, workers=1)


def test_a_folder_with_other_things_is_refused(mixed_recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match="is not empty and holds no build"):
        build(mixed_recipe, tmp_path, workers=1)


def test_a_file_in_the_folders_place_is_refused(mixed_recipe: Recipe, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(OutputError, match="is a file"):
        build(mixed_recipe, tmp_path / "out", workers=1)


def test_an_unwritable_folder_is_one_line(mixed_recipe: Recipe, tmp_path: Path) -> None:
    """Two folders in which even root cannot write: one below a file, and one in /proc."""
    (tmp_path / "file").write_text("not a folder")
    for out in (tmp_path / "file" / "out", Path("/proc/out")):
        with pytest.raises(OutputError, match=r"cannot write .* choose another folder with --out"):
            build(mixed_recipe, out, workers=1)


def test_a_colon_in_the_folders_name_makes_no_url(
    mixed_recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert build(mixed_recipe, Path("a:b"), workers=1, limit=2).manifest is not None


def test_shares_are_parsed_strictly() -> None:
    assert Share.parse("1/4") == Share(1, 4)
    for text in ("4/4", "x", "1/0", "-1/2", "1/2/3", ""):
        with pytest.raises(RecipeError, match="not I/N"):
            Share.parse(text)


@pytest.mark.slow
def test_real_media_build_without_a_crash(real_media: Path, tmp_path: Path) -> None:
    recipe = load_recipe("video_ssl", source=str(real_media))
    plan = make_plan(recipe)
    built = build(recipe, tmp_path / "out", workers=2)
    assert built.manifest is not None
    rows = pq.read_table(tmp_path / "out" / "rejections.parquet").to_pylist()
    used = {
        row["extra_info"]["source_uri"]
        for file in files_of(built.manifest)
        for row in read_rows(tmp_path / "out" / file["path"], ["extra_info"])
    }
    everything = {item.id for group in plan.groups for item in group.items} | {entry.id for entry in plan.skipped}
    assert used | {row["item"] for row in rows} == everything
    assert {row["reason"] for row in rows} <= set(REASONS)
    for task, kept in built.manifest["kept"].items():
        assert kept > 0, task


def test_an_output_inside_its_source_is_no_source(tmp_path: Path) -> None:
    _export_samples(tmp_path / "media")
    recipe = recipe_with([{"task": "rotation"}], source={"kind": "folder", "path": str(tmp_path / "media")})
    out = tmp_path / "media" / "puzzles" / "mine"
    first = build(recipe, out, workers=1).manifest
    shutil.copytree(out, tmp_path / "kept")
    (out / "manifest.json").unlink()
    shutil.rmtree(out / ".puzzlegen" / "shards")
    again = build(recipe, out, workers=1).manifest
    assert again == first
    assert (out / "rejections.parquet").read_bytes() == (tmp_path / "kept" / "rejections.parquet").read_bytes()
    assert first
    assert first["rejected"][""]["build"] == 1


def test_progress_counts_what_earlier_runs_made(tmp_path: Path) -> None:
    recipe = recipe_with([{"task": "rotation"}], output={"shard_size": 1})
    first: list[Status] = []
    build(recipe, tmp_path / "out", workers=1, report=first.append)
    assert first[-1].all == first[-1].now
    next((tmp_path / "out" / ".puzzlegen" / "shards").glob("*.json")).unlink()
    again: list[Status] = []
    build(recipe, tmp_path / "out", workers=1, report=again.append)
    assert (again[-1].now.items, again[-1].before.items) == (1, 3)
    assert again[-1].all == first[-1].all
    assert (again[-1].done, again[-1].shards) == (4, 4)
