"""Listings on disk resume after a kill, if the source gives marks, and never change the plan."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, recipe_with

from puzzlegen import listing
from puzzlegen.errors import SourceError
from puzzlegen.listing import ITEM, Listing, columns, in_order, items_of, shared
from puzzlegen.plan import Plan, make_plan
from puzzlegen.recipe import Recipe
from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.rng import digest, heads
from puzzlegen.sources import Source, folder

TASKS = [{"task": "rotation"}, {"task": "position"}]


class Told(Source):
    """A source of ``count`` entries with a mark after every tenth, which can kill its process while listing."""

    kind: Literal["told"] = "told"
    count: int
    marks: bool = True
    dies_at: int = -1
    log: str = ""

    def items(self) -> Iterator[Item | Skipped]:
        return (entry for entry in self.listed() if not isinstance(entry, Mark))

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        with Path(self.log or os.devnull).open("a") as log:
            for k in range(int(after or 0), self.count):
                if k == self.dies_at:
                    os.kill(os.getpid(), signal.SIGKILL)
                log.write(f"{k}\n")
                log.flush()
                yield Skipped(f"no-{k}", "hidden") if k % 7 == 0 else Item(f"item-{k}", "image", stamp=k)
                if self.marks and k % 10 == 9:
                    yield Mark(str(k + 1))

    def open(self, item: Item) -> BinaryIO:  # noqa: ARG002
        return io.BytesIO()

    def model_dump(self, **_: object) -> dict[str, object]:
        """Leave out ``dies_at`` and the log, which do not make it another source."""
        return {"kind": self.kind, "count": self.count}


def told(**settings: int | bool | str) -> Recipe:
    recipe = recipe_with(TASKS, splits={"test": 0.2}, per_item=1)
    return recipe.model_copy(update={"source": Told.model_validate(settings)})


def facts(plan: Plan) -> object:
    return list(plan.shards()), list(plan.skipped), plan.listing, plan.items


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "_PART_ROWS", 25)


def die(place: str, log: str, marks: str) -> None:
    """Be killed while listing, in a separate process."""
    listing._PART_ROWS = 25  # type: ignore[misc]
    make_plan(told(count=200, dies_at=157, log=log, marks=bool(marks)), None, Path(place))


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(("marks", "again"), [("yes", 7), ("", 157)])
def test_a_listing_that_is_killed_goes_on_from_its_last_mark(tmp_path: Path, marks: str, again: int) -> None:
    log = tmp_path / "log"
    code = f"import test_listing; test_listing.die({str(tmp_path / 'plan')!r}, {str(log)!r}, {marks!r})"
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "tests", check=False)
    assert killed.returncode == -signal.SIGKILL
    plan = make_plan(told(count=200, log=str(log), marks=bool(marks)), None, tmp_path / "plan")
    assert facts(plan) == facts(make_plan(told(count=200)))
    assert len(log.read_text().splitlines()) == 200 + again
    assert not (tmp_path / "plan" / "listing").exists()


@pytest.mark.usefixtures("small_parts")
def test_a_damaged_part_is_listed_again_and_another_source_from_its_beginning(tmp_path: Path) -> None:
    place, log = tmp_path / "listing", tmp_path / "log"

    def take(what: str) -> None:
        log.unlink(missing_ok=True)
        Listing(place, 5).take(Told(count=200, log=str(log)).listed, {"image"}, what)

    take("one")
    parts = sorted(place.glob("*.items"))
    take("one")
    assert not log.exists()
    parts[3].write_bytes(parts[3].read_bytes()[:-100])
    take("one")
    assert log.read_text().splitlines()[0] == "90"
    take("other")
    assert log.read_text().splitlines()[0] == "0"


@pytest.mark.usefixtures("small_parts")
def test_parts_without_a_mark_at_their_end_are_not_trusted(tmp_path: Path) -> None:
    """A file of a million rows fills several parts before its mark comes; that mark then ends a part at once."""

    def entries(after: str) -> Iterator[Item | Mark]:
        yield from (Item(f"{after}{k}", "image") for k in range(130))
        yield Mark("done")
        if not after:
            raise KeyboardInterrupt

    whole = Listing(tmp_path / "listing", 5)
    with pytest.raises(KeyboardInterrupt):
        whole.take(entries, {"image"}, "")
    (tmp_path / "listing" / "00000002.items").unlink()
    again = Listing(tmp_path / "listing", 5)
    with pytest.raises(KeyboardInterrupt):
        again.take(entries, {"image"}, "")
    last = Listing(tmp_path / "listing", 5)
    last.take(entries, {"image"}, "")
    assert [item.id for _, item in last.items()] == [str(k) for k in range(130)] + [f"done{k}" for k in range(130)]


def _tree(place: Path) -> Path:
    for name in ("b/one.jpg", "b/two.jpg", "b-c.jpg", "b.jpg", "b/sub/deep.png", "é/%41.jpg", "notes.txt", ".hidden"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(name.encode())
    (place / os.fsdecode("é/odd\udcff.jpg".encode("utf-8", "surrogateescape"))).write_bytes(b"odd")
    (place / "away").symlink_to("/")
    with zipfile.ZipFile(place / "b" / "z.zip", "w") as archive:
        archive.writestr("in.jpg", b"in")
    return place


def _tars(place: Path) -> Path:
    place.mkdir()
    for k in range(3):
        with tarfile.open(place / f"{k}.tar", "w") as tar:
            for name in (f"{k}a.jpg", f"{k}b.jpg"):
                tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    return place


def _tables(place: Path) -> Path:
    place.mkdir()
    for k in range(3):
        pq.write_table(pa.table({"image": [b"x", b"y"], "id": [f"{k}x", f"{k}y"]}), place / f"{k}.parquet")
    return place


def test_what_comes_behind_a_mark_is_the_rest_of_the_listing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_MARK_EVERY", 1)
    parts = {
        "folder": {"kind": "folder", "path": str(_tree(tmp_path / "tree"))},
        "tars": {"kind": "webdataset", "path": str(_tars(tmp_path / "tars"))},
        "tables": {"kind": "parquet", "path": str(_tables(tmp_path / "tables"))},
    }
    for source in (*parts.values(), {"kind": "mixture", "parts": parts}):
        found = recipe_with(TASKS, source=source).source
        whole = list(found.listed())
        marks = [k for k, entry in enumerate(whole) if isinstance(entry, Mark)]
        assert len(marks) >= 3
        for k in marks:
            assert list(found.listed(whole[k].at)) == whole[k + 1 :], whole[k]  # type: ignore[union-attr]
        assert list(found.items()) == [entry for entry in whole if not isinstance(entry, Mark)]


def test_a_folder_that_says_more_about_its_files_is_listed_as_a_whole(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree")
    (tree / "metadata.csv").write_text("file_name,licence\nb/one.jpg,MIT\ngone.jpg,MIT\n")
    entries = list(recipe_with(TASKS, source={"kind": "folder", "path": str(tree)}).source.listed())
    assert not [entry for entry in entries if isinstance(entry, Mark)]
    assert entries[-1] == Skipped("metadata.csv row 2", "unreadable", "no file 'gone.jpg'")
    assert [entry.licence for entry in entries if isinstance(entry, Item) and entry.licence] == ["MIT"]


def test_equal_keys_are_ordered_by_the_rest_of_the_hash_and_bundles_stay() -> None:
    items = [
        Item(name, "image", bundle=bundle)
        for name, bundle in zip("abcdefgh", ["", "", "x", "y", "x", "", "y", ""], strict=True)
    ]
    table = columns(items, ITEM).append_column("key", [np.array([9, 7, 7, 7, 7, 7, 7, 1], np.uint64)])
    ordered = [item.id for item in items_of(in_order(table, 5))]
    tied = sorted(items[1:7], key=lambda item: digest("order", 5, item.bundle or item.id))
    assert ordered == ["h", *(item.id for item in tied), "a"]


def test_heads_are_the_beginnings_of_digests() -> None:
    texts = ["", "a", "ü", "x" * 100]
    assert heads(texts, "order", 5) == b"".join(digest("order", 5, text)[:8] for text in texts)


def test_shared_values_are_those_that_occur_again() -> None:
    assert shared(np.array([3, 1, 3, 2, 1]), np.array([0, 0, 0, 0, 1])).tolist() == [0, 2]
    assert shared(np.zeros(0)).tolist() == []


@pytest.mark.slow
def test_memory_does_not_grow_with_the_items() -> None:
    peaks = []
    for count in (2_000, 200_000):
        code = f"from benchmarks.plan import one; print(one({count})['peak_mib'])"
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        peaks.append(float(done.stdout))
    # As Python objects, 200,000 items alone take 100 MiB.
    assert peaks[1] < 250
    assert peaks[1] - peaks[0] < 80


def _stopped(*_: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize("change", ["added", "deleted", "renamed", "none"])
def test_a_listing_that_was_interrupted_is_begun_anew_if_files_came_or_went(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    tree = _tree(tmp_path / "tree")
    photos = {"kind": "folder", "path": str(tree)}
    recipe = recipe_with(TASKS, source={"kind": "mixture", "parts": {"photos": photos}})
    with monkeypatch.context() as patch:
        patch.setattr(Listing, "drop_repeated", _stopped)
        with pytest.raises(KeyboardInterrupt):
            make_plan(recipe, None, tmp_path / "plan")
    assert list((tmp_path / "plan" / "listing").glob("*.items"))
    deep = tree / "b" / "sub" / "deep.png"
    if change == "added":
        (deep.parent / "new.png").write_bytes(b"new")
    elif change == "deleted":
        deep.unlink()
    elif change == "renamed":
        deep.rename(deep.with_name("other.png"))
    else:
        monkeypatch.setattr(folder.Folder, "listed", _stopped)
    plan = make_plan(recipe, None, tmp_path / "plan")
    monkeypatch.undo()
    assert facts(plan) == facts(make_plan(recipe))


def test_a_listing_without_items_is_not_kept(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    recipe = recipe_with(TASKS, source={"kind": "folder", "path": str(tmp_path / "source")})
    with pytest.raises(SourceError, match="it is empty"):
        make_plan(recipe, None, tmp_path / "plan")
    assert not (tmp_path / "plan" / "listing").exists()


def test_a_build_inside_a_source_does_not_change_the_sources_state(tmp_path: Path) -> None:
    tree = _tree(tmp_path / "tree")
    (tree / "out" / ".puzzlegen").mkdir(parents=True)
    source = recipe_with(TASKS, source={"kind": "folder", "path": str(tree)}).source
    before = source.listing_state()
    (tree / "out" / "data").mkdir()
    assert source.listing_state() == before
    (tree / "b" / "new").mkdir()
    assert source.listing_state() != before
