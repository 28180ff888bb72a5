"""Faults of what a build relies on: changing files, a second build, a jumping clock, a file that hangs."""

from __future__ import annotations

import errno
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import tree_bytes
from faulty import Bench, environment, plug_in, until_stage

from puzzlegen import building, output
from puzzlegen.building import Share, build, merge
from puzzlegen.errors import OutputError, SourceError
from puzzlegen.integrity import verify
from puzzlegen.media.opened import OpenItem
from puzzlegen.output import workplace
from puzzlegen.plan import make_plan
from puzzlegen.recipe import Recipe, load_recipe
from puzzlegen.recipe.model import Media
from puzzlegen.records import Item
from puzzlegen.rng import rng_for
from puzzlegen.sources.folder import Folder
from puzzlegen.sources.graph import Graph
from puzzlegen.sources.manifest import Manifest
from puzzlegen.sources.parquet import Parquet


def _touched(path: Path) -> None:
    """Change the bytes of a file, and so its time, but not its size."""
    data = bytearray(path.read_bytes())
    data[-300] ^= 1
    path.write_bytes(data)


def _a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


CHANGES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "changed": (_touched, "has changed"),
    "cut": (lambda path: path.write_bytes(path.read_bytes()[:2000]), "has changed"),
    "gone": (Path.unlink, "is gone"),
    "pipe": (_a_pipe, "has changed"),
}


@pytest.fixture
def copied(bench: Bench, tmp_path: Path) -> tuple[Recipe, Path]:
    """The bench's recipe with a copy of its media, and the copy's folder."""
    shutil.copytree(bench.media, tmp_path / "media")
    return load_recipe(str(bench.recipe), source=str(tmp_path / "media")), tmp_path / "media"


@pytest.mark.parametrize("change", CHANGES)
def test_a_file_that_changes_after_planning_is_named(
    bench: Bench, copied: tuple[Recipe, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    (recipe, media), (do, said), out = copied, CHANGES[change], tmp_path / "out"
    victim = media / "picture-09.jpg"

    def planned(*arguments: Any) -> Any:
        plan = make_plan(*arguments)
        do(victim)
        return plan

    monkeypatch.setattr(building, "_only_here", lambda *_: True)  # build in this process, so that no worker starts
    monkeypatch.setattr(building, "make_plan", planned)
    with pytest.raises(SourceError, match=rf"'picture-09\.jpg' {said} since the source was listed; put it back"):
        build(recipe, out)
    monkeypatch.setattr(building, "make_plan", make_plan)
    victim.unlink(missing_ok=True)
    shutil.copy(bench.media / "picture-09.jpg", victim)  # the time is a new one, but only bytes count
    build(recipe, out)
    assert tree_bytes(out) == bench.expected


def test_a_file_that_changes_while_it_is_read_is_named(copied: tuple[Recipe, Path]) -> None:
    recipe, media = copied
    item = next(item for item in recipe.source.items() if isinstance(item, Item) and item.id == "picture-09.jpg")
    file = recipe.source.open(item)
    file.read(100)
    _touched(media / "picture-09.jpg")
    with pytest.raises(SourceError, match=r"'picture-09\.jpg' has changed"):
        file.close()


def test_a_disk_that_does_not_give_a_file_is_no_rejection() -> None:
    class Failing(io.BytesIO):
        def read(self, *_: Any) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    for kind in ("image", "video"):
        item = Item("x", kind)
        opened = OpenItem(item, lambda _: Failing(), Media(), rng_for("x"))
        with pytest.raises(SourceError, match="'x' cannot be read: OSError Input/output error; the same command goes"):
            (opened.image if kind == "image" else opened.clip)()


def test_a_file_at_the_beginning_of_time_is_watched_as_well(copied: tuple[Recipe, Path]) -> None:
    recipe, media = copied
    os.utime(media / "picture-09.jpg", (0, 0))
    item = next(item for item in recipe.source.items() if isinstance(item, Item) and item.id == "picture-09.jpg")
    recipe.source.open(item).close()
    (media / "picture-09.jpg").unlink()
    with pytest.raises(SourceError, match="is gone"):
        recipe.source.open(item)


def _picture(bench: Bench) -> bytes:
    return (bench.media / "picture-00.jpg").read_bytes()


def _zip(bench: Bench, folder: Path) -> Any:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.writestr("x.jpg", _picture(bench))
    return Folder(path=str(folder)), folder / "a.zip"


def _tar(bench: Bench, folder: Path) -> Any:
    with tarfile.open(folder / "a.tar", "w") as archive:
        info = tarfile.TarInfo("x.jpg")
        info.size = len(_picture(bench))
        archive.addfile(info, io.BytesIO(_picture(bench)))
    return Folder(path=str(folder)), folder / "a.tar"


def _table(bench: Bench, folder: Path) -> Any:
    pq.write_table(pa.table({"image": [{"bytes": _picture(bench), "path": "x.jpg"}]}), folder / "a.parquet")
    return Parquet(path=str(folder), media={"image": "image"}), folder / "a.parquet"


def _rows(bench: Bench, folder: Path) -> Any:
    (folder / "x.jpg").write_bytes(_picture(bench))
    (folder / "rows.jsonl").write_text(json.dumps({"image": "x.jpg"}) + "\n")
    return Manifest(path=str(folder / "rows.jsonl"), fields={"media": "image"}), folder / "x.jpg"


def _network(bench: Bench, folder: Path) -> Any:  # noqa: ARG001 - all makers have the same parameters
    (folder / "n.csv").write_text("source,target\n" + "".join(f"a{k},a{k + 1}\n" for k in range(9)))
    return Graph(path=str(folder / "n.csv")), folder / "n.csv"


@pytest.mark.parametrize("make", [_zip, _tar, _table, _rows, _network])
@pytest.mark.parametrize("change", ["changed", "gone"])
def test_every_source_names_a_file_that_changed(
    bench: Bench, tmp_path: Path, make: Callable[[Bench, Path], Any], change: str
) -> None:
    source, victim = make(bench, tmp_path)
    item = next(item for item in source.items() if isinstance(item, Item))
    if change == "gone":
        victim.unlink()
    else:
        os.utime(victim, ns=(1, victim.stat().st_mtime_ns + 1_000_000))
    _forget()
    with pytest.raises(SourceError, match="is gone" if change == "gone" else "has changed"):
        source.open(item)


def _forget() -> None:
    """Clear all caches, so that this process is like a worker that opens its first item."""
    from puzzlegen.files import archives
    from puzzlegen.sources import graph, parquet

    archives._directories.clear()
    parquet._tables.clear()
    graph._read.cache_clear()


def test_what_no_stamp_tells_replay_does(bench: Bench, copied: tuple[Recipe, Path], tmp_path: Path) -> None:
    """A file whose bytes changed, but neither its size nor its time, is noticed only when it is read."""
    recipe, media = copied
    out = tmp_path / "out"
    shutil.copytree(bench.recipe.parent / "undisturbed", out)
    for path in media.glob("picture-*.jpg"):
        was = path.stat()
        _touched(path)
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
    found = verify(out, recipe, 3)
    assert any("has changed" in problem or "gives no puzzle" in problem for problem in found.problems)


def test_two_builds_on_one_folder(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe, out = load_recipe(str(bench.recipe)), tmp_path / "out"

    def second(*arguments: Any) -> Any:
        with pytest.raises(OutputError, match="another build is at work"):
            build(recipe, out)
        with pytest.raises(OutputError, match="another build is at work"):
            build(recipe, out, share=Share(0, 2))
        with pytest.raises(OutputError, match="another build is at work"):
            merge(recipe, out)
        return make_plan(*arguments)

    monkeypatch.setattr(building, "_only_here", lambda *_: True)
    monkeypatch.setattr(building, "make_plan", second)
    build(recipe, out)
    assert tree_bytes(out) == bench.expected


def test_shares_build_beside_each_other_but_not_twice(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with workplace(out, "0-of-2", beside=True), workplace(out, "1-of-2", beside=True):
        for share, beside in (("0-of-2", True), ("0-of-1", False)):
            with pytest.raises(OutputError, match="another build is at work"), workplace(out, share, beside=beside):
                pass


def test_shares_that_begin_together_do_not_refuse_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Shares start together, like tasks of a job array, while the first one still removes what killed writers left."""
    out, others = tmp_path / "out", 3
    begin, swept, sweep = Barrier(1 + others), Counter[str](), output._sweep

    def slowly(folder: Path) -> None:
        begin.wait()
        time.sleep(0.2)
        swept["times"] += 1
        sweep(folder)
        monkeypatch.setattr(output, "_sweep", sweep)

    def share(part: int) -> int:
        if part:
            begin.wait()
        with workplace(out, f"{part}-of-{others + 1}", beside=True):
            return swept["times"]

    monkeypatch.setattr(output, "_sweep", slowly)
    with ThreadPoolExecutor(1 + others) as shares:
        assert list(shares.map(share, range(1 + others))) == [1] * (1 + others)


def test_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    out = tmp_path / "out"
    litter = [out / ".README.md.0123.tmp", out / "assets" / ".rotation.jpg.4567.tmp"]
    litter[1].parent.mkdir(parents=True)
    for path in litter:
        path.write_bytes(b"half")
    with workplace(out, "0-of-2", beside=True), workplace(out, "1-of-2", beside=True):
        assert not any(path.exists() for path in litter)
        litter[0].write_bytes(b"of a share at work")
        with workplace(out, "merge", beside=True):
            assert litter[0].exists()


CLOCK = """
import time
from itertools import count

_calls, _true, _true_ns = count(1), time.time, time.time_ns


def _jump():
    return (1, -1)[next(_calls) % 2] * 86_400 * (next(_calls) % 1000)


time.time = lambda: _true() + _jump()
time.time_ns = lambda: _true_ns() + _jump() * 10**9
"""

CLOCK_C = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>
static long jump(void) { static long calls; calls++; return (calls % 2 ? 86400 : -86400) * (calls % 1000); }
int clock_gettime(clockid_t which, struct timespec *now) {
    int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(which, now);
    if (which == CLOCK_REALTIME || which == CLOCK_REALTIME_COARSE) now->tv_sec += jump();
    return done;
}
int gettimeofday(struct timeval *now, void *zone) {
    int (*real)(struct timeval *, void *) = dlsym(RTLD_NEXT, "gettimeofday");
    int done = real(now, zone);
    now->tv_sec += jump();
    return done;
}
time_t time(time_t *into) {
    time_t (*real)(time_t *) = dlsym(RTLD_NEXT, "time");
    time_t now = real(0) + jump();
    if (into) *into = now;
    return now;
}
"""


@pytest.mark.parametrize("layer", ["python", pytest.param("libc", marks=pytest.mark.slow)])
def test_a_clock_that_jumps(bench: Bench, tmp_path: Path, layer: str) -> None:
    """The clock jumps by up to three years at each reading; the files' times are before 1970 and in the future."""
    if layer == "python":
        (tmp_path / "sitecustomize.py").write_text(CLOCK)
        env = environment(tmp_path)
    else:
        env = environment(LD_PRELOAD=str(_library(tmp_path)))
    shutil.copytree(bench.media, tmp_path / "media")
    for k, path in enumerate(sorted((tmp_path / "media").iterdir())):
        os.utime(path, [(-86_400, -86_400), (0, 0), (4e9, 4e9)][k % 3])
    out, options = tmp_path / "out", ("--source", str(tmp_path / "media"), "--workers", "1")
    child = bench.start(out, *options, env=env)
    until_stage(child, out, 4)
    child.kill()
    child.communicate()
    done = bench.run(out, *options, env=env)
    assert done.returncode == 0, done.stderr
    assert tree_bytes(out) == bench.expected


def _library(folder: Path) -> Path:
    if shutil.which("cc") is None:
        pytest.skip("a clock below Python's needs a C compiler")
    (folder / "clock.c").write_text(CLOCK_C)
    built = folder / "clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", built, folder / "clock.c", "-ldl"], check=True)
    return built


HANGING = """
import os, time
from pathlib import Path
from typing import Literal
from puzzlegen.sources.folder import Folder


class Hanging(Folder):
    kind: Literal["hanging"] = "hanging"

    def open(self, item):
        if item.id == "picture-05.jpg" and os.environ.get("HANGS"):
            time.sleep(float(os.environ["HANGS"]))
        return super().open(item)
"""


@pytest.mark.slow
def test_a_file_that_hangs_costs_itself_alone(bench: Bench, tmp_path: Path) -> None:
    """A file that hangs uses no CPU, so the limit is twenty times as long; a delay below the limit has no effect."""
    place = plug_in(tmp_path / "plug", "sources", "hanging", HANGING)
    recipe = json.loads(bench.recipe.read_text())
    recipe["source"]["kind"] = "hanging"
    recipe |= {"hygiene": {"duplicates": "keep"}, "media": {"time_limit_s": 1}}
    mine = bench._replace(recipe=tmp_path / "hanging.yaml")
    mine.recipe.write_text(json.dumps(recipe))
    outs = {}
    for name, seconds in (("never", ""), ("late", "3"), ("hangs", "3600"), ("again", "3600")):
        env, out = environment(place, HANGS=seconds), tmp_path / name
        if name == "again":  # killed while it hangs, then resumed
            child = mine.start(out, "--workers", "1", env=env)
            until_stage(child, out, 4)
            time.sleep(2)
            child.kill()
            child.communicate()
        done = mine.run(out, "--workers", "1", env=env)
        assert done.returncode == 0, done.stderr
        outs[name] = tree_bytes(out)
    assert outs["late"] == outs["never"]
    assert outs["again"] == outs["hangs"]
    rows = pq.read_table(tmp_path / "hangs" / "rejections.parquet").to_pylist()
    assert [(row["item"], row["reason"]) for row in rows if row["reason"] == "too_slow"] == [
        ("picture-05.jpg", "too_slow")
    ]
    changed = {name for name in outs["never"] if outs["never"][name] != outs["hangs"].get(name)}
    assert len({name for name in changed if name.startswith("data/")}) == 1


@pytest.mark.slow
def test_a_job_that_is_suspended_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    """The job is suspended, as by ``scontrol suspend``, while it opens an item, for longer than an item may take."""
    marking = HANGING.replace("time.sleep(", 'Path(os.environ["MARK"]).touch() or time.sleep(')
    place, mark, out = plug_in(tmp_path / "plug", "sources", "hanging", marking), tmp_path / "mark", tmp_path / "out"
    recipe = json.loads(bench.recipe.read_text())
    recipe["source"]["kind"] = "hanging"
    recipe |= {"hygiene": {"duplicates": "keep"}, "media": {"time_limit_s": 1}}
    mine = bench._replace(recipe=tmp_path / "hanging.yaml")
    mine.recipe.write_text(json.dumps(recipe))
    assert mine.run(tmp_path / "never", "--workers", "1", env=environment(place)).returncode == 0
    env = environment(place, HANGS="3", MARK=str(mark))
    child = mine.start(out, "--workers", "1", env=env, start_new_session=True)
    deadline = time.monotonic() + 60
    while not mark.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.killpg(child.pid, signal.SIGSTOP)
    time.sleep(21)
    os.killpg(child.pid, signal.SIGCONT)
    told = child.communicate(timeout=120)[1]
    assert child.returncode == 0, told
    assert tree_bytes(out) == tree_bytes(tmp_path / "never")


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_file_that_hangs_is_not_mixed_up_with_one_refused_before(bench: Bench, tmp_path: Path, workers: str) -> None:
    """A worker that opened a rejected file before must not be taken to be still opening it."""
    computing = HANGING.replace('time.sleep(float(os.environ["HANGS"]))', "sum(iter(int, 1))")
    place, media = plug_in(tmp_path / "plug", "sources", "hanging", computing), tmp_path / "media"
    media.mkdir()
    picture = next(Path(json.loads(bench.recipe.read_text())["source"]["path"]).glob("picture-*.jpg")).read_bytes()
    for k in range(6):
        (media / f"bad-{k:02}.jpg").write_bytes(picture[: 900 + k])
        (media / f"picture-{k:02}.jpg").write_bytes(picture + bytes(k))
    mine = bench._replace(recipe=tmp_path / "hanging.yaml")
    settings = {"hygiene": {"duplicates": "keep"}, "media": {"time_limit_s": 1}, "output": {"shard_size": 1}}
    recipe = {"seed": 2, "source": {"kind": "hanging", "path": str(media)}, "tasks": [{"task": "rotation"}]}
    mine.recipe.write_text(json.dumps(recipe | settings))
    done = mine.run(tmp_path / "out", "--workers", workers, env=environment(place, HANGS="1"))
    assert done.returncode == 0, done.stderr
    rows = pq.read_table(tmp_path / "out" / "rejections.parquet").to_pylist()
    assert {row["item"] for row in rows if row["reason"] == "too_slow"} == {"picture-05.jpg"}
    assert {row["item"] for row in rows if row["reason"] == "undecodable"} == {f"bad-{k:02}.jpg" for k in range(6)}
