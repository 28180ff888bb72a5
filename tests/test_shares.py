"""Several runs on one folder: only shards of the same build are merged."""

from __future__ import annotations

import errno
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from conftest import recipe_with, tree_bytes

from puzzlegen import building
from puzzlegen.building import Share, build, merge
from puzzlegen.errors import OutputError
from puzzlegen.plan import identity
from puzzlegen.recipe import Recipe
from puzzlegen.runs import recipe_of
from puzzlegen.shard import Job, build_shard


def _recipe(seed: int) -> Recipe:
    return recipe_with([{"task": "rotation"}], seed=seed, output={"shard_size": 2})


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build with seed 5, of two shards, shared by all tests: copy the folder before changing it."""
    out = tmp_path_factory.mktemp("shares") / "whole"
    build(_recipe(5), out, workers=1)
    return out


def _shards(out: Path) -> list[Path]:
    return sorted((out / ".puzzlegen" / "shards").glob("*.json"))


@pytest.mark.parametrize("links", [True, False])
def test_of_two_builds_that_begin_at_once_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """The other build claims the folder just after this one found it unclaimed."""
    out = tmp_path / "out"

    def beaten(*arguments: Any) -> Any:
        monkeypatch.setattr(building, "identity", identity)
        build(_recipe(6), out, workers=1, share=Share(0, 2))
        return identity(*arguments)

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(building, "identity", beaten)
    if not links:
        monkeypatch.setattr(Path, "hardlink_to", refuse)
    said = "holds another build: recipe seed: 6 -> 5" if links else "was made by another build"
    with pytest.raises(OutputError, match=said):
        build(_recipe(5), out, workers=1, share=Share(1, 2))
    assert len(_shards(out)) == 1


def test_shards_of_another_build_are_refused(whole: Path, tmp_path: Path) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    build(_recipe(5), out, workers=1, share=Share(0, 2))
    build(_recipe(6), other, workers=1)
    foreign = _shards(other)[1]
    shutil.copy(foreign, out / ".puzzlegen" / "shards")
    for path in (other / "data").rglob("*-00001-of-*"):
        shutil.copy(path, out / path.relative_to(other))
    with pytest.raises(OutputError, match=f"'{foreign.stem}' was made by another build .*; delete '.*' and run"):
        merge(_recipe(5), out)
    assert not (out / "manifest.json").exists()
    (out / ".puzzlegen" / "shards" / foreign.name).unlink()
    assert build(_recipe(5), out, workers=1).made == 1
    assert tree_bytes(out) == tree_bytes(whole)


def test_a_run_that_ends_leaves_no_plan(tmp_path: Path) -> None:
    """A run without shares also removes plans of killed shares."""
    plans = tmp_path / "out" / ".puzzlegen" / "plan"
    killed = plans / "3-of-4" / "image-train.parquet"
    killed.parent.mkdir(parents=True)
    killed.touch()
    assert build(_recipe(5), tmp_path / "out", workers=1, share=Share(0, 2)).plan.shard(0).work
    assert list(plans.iterdir()) == [killed.parent]
    build(_recipe(5), tmp_path / "out", workers=1)
    assert not plans.exists()


def test_a_build_that_is_stopped_knows_where_its_source_lies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(building, "_run", stop)
    with pytest.raises(KeyboardInterrupt):
        build(_recipe(5), tmp_path / "out", workers=1)
    assert recipe_of(tmp_path / "out", None).source == _recipe(5).source


def test_a_shard_of_other_items_is_refused(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    entry = json.loads(_shards(out)[0].read_text())
    entry["sources"].popitem()
    _shards(out)[0].write_text(json.dumps(entry))
    with pytest.raises(OutputError, match="was made by another build"):
        merge(_recipe(5), out)


@pytest.mark.parametrize(
    "damage",
    [
        {"files": None},
        {"files": [{}]},
        {"kept": {"rotation": "2"}},
        {"rejections": [[]]},
        {"sources": []},
        {"build": 1},
    ],
)
def test_a_damaged_entry_is_made_again(whole: Path, tmp_path: Path, damage: dict[str, Any]) -> None:
    out = tmp_path / "out"
    shutil.copytree(whole, out)
    path = _shards(out)[0]
    path.write_text(json.dumps(json.loads(path.read_text()) | damage))
    assert build(_recipe(5), out, workers=1).made == 1
    assert tree_bytes(out) == tree_bytes(whole)


@pytest.mark.parametrize("lost", ["data", ".puzzlegen/shards"])
def test_a_whole_build_that_loses_shards_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: str) -> None:
    out = tmp_path / "out"

    def losing(job: Job, *arguments: Any) -> Any:
        if job.shard.name.endswith("00001-of-00002"):
            shutil.rmtree(out / lost)
        return build_shard(job, *arguments)

    monkeypatch.setattr("puzzlegen.engines.inline.build_shard", losing)
    monkeypatch.setattr(building, "_only_here", lambda *_: True)
    with pytest.raises(OutputError, match="lacks 1 of 2 shards, such as image-train-00000-of-00002; run"):
        build(_recipe(5), out)
