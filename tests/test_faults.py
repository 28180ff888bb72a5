"""Machine faults: after each, rerunning the same command gives the bytes of a run without faults."""

from __future__ import annotations

import ctypes
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import tree_bytes
from faulty import (
    Bench,
    all_end,
    environment,
    kill,
    one_line,
    plug_in,
    refuse_parts,
    stage,
    until_stage,
    workers_of,
)

from puzzlegen.building import build
from puzzlegen.engines.local import Local
from puzzlegen.recipe import load_recipe
from puzzlegen.shard import Job

MOMENTS = 20
_SHORTEST_S = 0.005


@pytest.mark.parametrize("times", [2, pytest.param(MOMENTS, marks=pytest.mark.slow)])
def test_the_build_is_killed(bench: Bench, tmp_path: Path, times: int) -> None:
    """The build is killed at any stage: while it plans, within and between shards, while it closes the folder."""
    moments, hits = Random(11), 0
    last = bench.shards + 4
    for k in range(times):
        out = tmp_path / str(k)
        child = bench.start(out, "--workers", "2")
        wanted = (2 * k + 1) * last // (2 * times)
        until_stage(child, out, wanted)
        time.sleep(moments.uniform(0, 0.3) if wanted < bench.shards + 2 else 0)
        workers = workers_of(child)
        kill(child.pid)
        child.communicate()
        hits += child.returncode == -signal.SIGKILL
        assert all_end(workers)
        refuse_parts(out)
        bench.resumed(out)
        shutil.rmtree(out)
    assert hits >= (times + 1) // 2


@pytest.mark.parametrize("times", [1, pytest.param(MOMENTS, marks=pytest.mark.slow)])
def test_a_worker_is_killed(bench: Bench, tmp_path: Path, times: int) -> None:
    """If a build ends before its worker could be killed, the test builds again and waits for a shorter time."""
    moments, hits = Random(12), 0
    for k in range(times):
        pause, wanted = moments.uniform(0, 0.3), 2 + (2 * k + 1) * bench.shards // (2 * times)
        while not (killed := _worker_killed(bench, tmp_path / "out", wanted, pause, moments)) and pause > _SHORTEST_S:
            pause /= 2
        hits += killed
    assert hits >= (times + 1) // 2


def _worker_killed(bench: Bench, out: Path, wanted: int, pause: float, moments: Random) -> bool:
    """Kill a worker and check that the bytes are those of a build without faults; return whether there was a worker."""
    child = bench.start(out, "--workers", "2")
    until_stage(child, out, wanted)
    while not (workers := workers_of(child)) and child.poll() is None:
        time.sleep(0.01)
    time.sleep(pause)
    killed = bool(workers) and kill(moments.choice(workers))
    _, messages = child.communicate()
    assert child.returncode == 0, messages
    assert tree_bytes(out) == bench.expected
    shutil.rmtree(out)
    return killed


def test_a_worker_dies_between_two_jobs(bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The broken pool is noticed when the next job is submitted, not while waiting for the last one."""
    submit, begun = Local.submit, Counter[str]()

    def after_a_death(engine: Local, job: Job) -> None:
        begun["jobs"] += 1
        if begun["jobs"] == 4:
            next(iter(engine._processes.values())).kill()
            until = time.monotonic() + 60
            while not engine._pool._broken and time.monotonic() < until:
                time.sleep(0.01)
            with pytest.raises(BrokenProcessPool):
                engine._pool.submit(abs, 1)
        submit(engine, job)

    monkeypatch.setattr(Local, "submit", after_a_death)
    build(load_recipe(bench.recipe), tmp_path / "out", workers=1)
    assert begun["jobs"] > bench.shards
    assert tree_bytes(tmp_path / "out") == bench.expected


@pytest.mark.slow
def test_a_worker_is_stopped_and_another_killed(bench: Bench, tmp_path: Path) -> None:
    """A stopped worker does not end when it is asked to."""
    child = bench.start(tmp_path / "out", "--workers", "2")
    while len(workers := workers_of(child)) < 2 and child.poll() is None:
        time.sleep(0.01)
    os.kill(workers[0], signal.SIGSTOP)
    kill(workers[1])
    try:
        _, messages = child.communicate(timeout=60)
    finally:
        kill(child.pid)
        kill(workers[0])
    assert child.returncode == 0, messages
    assert tree_bytes(tmp_path / "out") == bench.expected


def _few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))


def test_too_few_open_files_for_workers_is_one_line(bench: Bench, tmp_path: Path) -> None:
    done = bench.run(tmp_path / "out", "--workers", "1", preexec_fn=_few_files)
    assert done.returncode == 2
    assert "Too many open files; raise the limit on open files (ulimit -n)" in one_line(done.stderr)
    bench.resumed(tmp_path / "out")


def test_a_working_directory_that_is_gone_is_one_line(bench: Bench, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    done = bench.run(tmp_path / "out", "--workers", "1", cwd=gone, preexec_fn=gone.rmdir)
    assert done.returncode == 2
    assert "the working directory is gone: change to one that exists" in one_line(done.stderr)


UNGUARDED = """
import sys
from pathlib import Path
from puzzlegen import build, load_recipe
build(load_recipe(Path(sys.argv[1])), Path(sys.argv[2]), workers=2)
"""


@pytest.mark.parametrize("hygiene", [{}, {"near_duplicates": "remove"}])
def test_a_script_that_builds_as_it_is_imported_is_told(bench: Bench, tmp_path: Path, hygiene: dict[str, str]) -> None:
    """Each worker runs the script again. The error must say so, not report a kill, and no item is rejected."""
    script, recipe = tmp_path / "script.py", tmp_path / "recipe.yaml"
    script.write_text(UNGUARDED)
    recipe.write_text(json.dumps(json.loads(bench.recipe.read_text()) | {"hygiene": hygiene}))
    command = [sys.executable, *map(str, (script, recipe, tmp_path / "out"))]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment(), check=False)
    assert ended.returncode == 1
    assert "under `if __name__ == '__main__':`" in ended.stderr.splitlines()[-1]


@pytest.mark.slow
def test_a_share_is_killed_beside_another(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shares = [bench.start(out, "--workers", "1", "--shards", f"{part}/2") for part in range(2)]
    until_stage(shares[0], out, 3)
    assert kill(shares[1].pid)
    for child in shares:
        child.communicate()
    assert [child.returncode for child in shares] == [0, -signal.SIGKILL]
    merge = [sys.executable, "-m", "puzzlegen", "merge", str(out)]
    early = subprocess.run(merge, capture_output=True, text=True, check=False, env=environment())
    assert early.returncode == 2
    assert "shards, such as " in one_line(early.stderr)
    done = bench.run(out, "--workers", "1", "--shards", "1/2")
    assert done.returncode == 0, done.stderr
    subprocess.run(merge, capture_output=True, check=True, env=environment())
    assert tree_bytes(out) == bench.expected


#: A task like ``rotation``, except that it runs the code ``fault`` in workers while a flag file exists.
HUNGRY = """
import os
from pathlib import Path
from puzzlegen.tasks.rotation import Rotation


class Hungry(Rotation):
    def pose(self, item, rng):
        if Path(os.environ["FAULT"]).exists() and item.item.id == "picture-05.jpg":
            {fault}
        return super().pose(item, rng)
"""


def _hungry(bench: Bench, tmp_path: Path, fault: str) -> tuple[Bench, Path, dict[str, Any]]:
    """Return the bench with the task of ``HUNGRY``, its flag file, and settings for its processes."""
    place, flag = plug_in(tmp_path / "plug", "tasks", "hungry", HUNGRY.format(fault=fault)), tmp_path / "fault"
    recipe = tmp_path / "hungry.yaml"
    recipe.write_text(bench.recipe.read_text().replace('"rotation"', '"hungry"'))
    settings = {"env": environment(place, FAULT=str(flag))}
    mine = bench._replace(recipe=recipe)
    done = mine.run(tmp_path / "undisturbed", "--workers", "1", **settings)
    assert done.returncode == 0, done.stderr
    flag.write_text("")
    return mine._replace(expected=tree_bytes(tmp_path / "undisturbed")), flag, settings


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))


def test_a_worker_out_of_memory_ends_the_build_and_rejects_nothing(bench: Bench, tmp_path: Path) -> None:
    hungry, flag, settings = _hungry(bench, tmp_path, "bytearray(64 << 30)")
    done = hungry.run(tmp_path / "out", "--workers", "1", preexec_fn=_limited, **settings)
    assert done.returncode == 2
    said = one_line(done.stderr)
    assert "memory ran out in image-" in said
    assert "at 'picture-05.jpg'" in said
    refuse_parts(tmp_path / "out")
    flag.unlink()
    done = hungry.run(tmp_path / "out", "--workers", "1", **settings)
    assert done.returncode == 0, done.stderr
    assert tree_bytes(tmp_path / "out") == hungry.expected


@pytest.mark.slow
def test_a_worker_that_the_system_kills_each_time_ends_the_build(bench: Bench, tmp_path: Path) -> None:
    """The worker is killed as by the kernel when memory is short: without an exception or exit handler."""
    hungry, flag, settings = _hungry(bench, tmp_path, "os.kill(os.getpid(), 9)")
    done = hungry.run(tmp_path / "out", "--workers", "1", **settings)
    assert done.returncode == 2
    assert "a worker was killed 3 times" in one_line(done.stderr)
    refuse_parts(tmp_path / "out")
    flag.unlink()
    done = hungry.run(tmp_path / "out", "--workers", "1", **settings)
    assert done.returncode == 0, done.stderr
    assert tree_bytes(tmp_path / "out") == hungry.expected


@pytest.mark.parametrize(
    ("make", "decode"),
    [
        (
            "Image.effect_noise((4000, 3000), 60).convert('RGB').save(file, 'JPEG', progressive=True)",
            "clean_image(file.getvalue(), rng_for('x'), ImageSettings())",
        ),
        (
            "file.write(encode_mp4(np.full((24, 1080, 1920, 3), 99, np.uint8), 12.0, crf=30))",
            "read_clip(file, rng_for('x'), VideoSettings())",
        ),
    ],
    ids=["picture", "clip"],
)
def test_a_decoder_short_of_memory_is_no_damaged_file(make: str, decode: str) -> None:
    """libjpeg reports a failed allocation as 'broken data', but only damaged data may cause a rejection."""
    code = (
        "import io, re, resource\nimport numpy as np\nfrom pathlib import Path\nfrom PIL import Image\n"
        "from puzzlegen.media.image import ImageSettings, clean_image\n"
        "from puzzlegen.media.mp4 import encode_mp4\n"
        "from puzzlegen.media.video import VideoSettings, read_clip\nfrom puzzlegen.rng import rng_for\n"
        f"file = io.BytesIO()\n{make}\n"
        "used = int(re.search(r'VmSize:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) << 10\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (6 << 20), used + (6 << 20)))\n"
        f"try:\n    {decode}\nexcept MemoryError:\n    print('short')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment())
    assert done.stdout.strip() == "short", done.stderr


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A separate file system of 160 kB; skips the test where it cannot be mounted."""
    place = tmp_path / "disk"
    place.mkdir()
    if not _mount("-t", "tmpfs", "-o", "size=160k", "puzzlegen-test", str(place)):
        pytest.skip("a file system of its own needs root, with the right to mount")
    yield place
    _mount_tool("umount", "-l", str(place))


def _mount(*arguments: str) -> bool:
    return _mount_tool("mount", *arguments)


def _mount_tool(*command: str) -> bool:
    return (
        shutil.which(command[0]) is not None
        and subprocess.run(command, capture_output=True, check=False).returncode == 0
    )


def test_a_disk_that_fills_in_a_shard(bench: Bench, small_disk: Path) -> None:
    out = small_disk / "out"
    done = bench.run(out, "--workers", "1")
    assert done.returncode == 2
    assert "No space left on device; free some space and run the same command again" in one_line(done.stderr)
    assert 2 < stage(out) < 2 + bench.shards
    refuse_parts(out)
    assert not any((out / ".puzzlegen" / "tmp" / "0-of-1").iterdir())
    assert _mount("-o", "remount,size=20m", str(small_disk))
    bench.resumed(out)


@pytest.mark.slow
def test_a_disk_that_fills_anywhere(bench: Bench, small_disk: Path) -> None:
    """Twelve disk sizes, so that the disk fills in a shard, the rejections, the card or the manifest."""
    everything = sum((len(data) + 4095) // 4096 * 4 for data in bench.expected.values())
    failed = []
    # The last size leaves room for every shard, but not for all closing files.
    for size in (*(12 + (everything - 12) * k // 11 for k in range(11)), everything + 24):
        assert _mount("-o", f"remount,size={size}k", str(small_disk))
        out = small_disk / "out"
        done = bench.run(out, "--workers", "1")
        if done.returncode:
            assert done.returncode == 2
            assert "No space left" in one_line(done.stderr)
            failed.append(stage(out))
        refuse_parts(out)
        assert _mount("-o", "remount,size=20m", str(small_disk))
        bench.resumed(out)
        shutil.rmtree(out)
    assert min(failed) <= 2
    assert max(failed) >= 2 + bench.shards


def test_a_limit_on_file_sizes_is_one_line(bench: Bench, tmp_path: Path) -> None:
    """A substitute for a full disk that needs no right to mount one."""
    done = bench.run(tmp_path / "out", "--workers", "1", preexec_fn=_small_files)
    assert done.returncode == 2
    assert "cannot write" in one_line(done.stderr)
    refuse_parts(tmp_path / "out")
    bench.resumed(tmp_path / "out")


def _small_files() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def test_an_output_that_is_read_only(bench: Bench, small_disk: Path) -> None:
    out = small_disk / "out"
    assert _mount("-o", "remount,ro", str(small_disk))
    done = bench.run(out, "--workers", "1")
    assert done.returncode == 2
    assert "Read-only file system; choose a folder you may write to with --out" in one_line(done.stderr)
    assert _mount("-o", "remount,rw,size=20m", str(small_disk))
    bench.resumed(out)
    assert _mount("-o", "remount,ro", str(small_disk))
    done = bench.run(out, "--workers", "1")
    assert done.returncode == 2
    assert "Read-only file system" in one_line(done.stderr)
    assert tree_bytes(out) == bench.expected


def _bound_by_permissions() -> None:
    """Apply file permissions to this process even if it runs as root."""
    if os.geteuid() == 0:
        drop_from_bounding_set, dac_override, dac_read_search = 24, 1, 2
        for right in (dac_override, dac_read_search):
            ctypes.CDLL(None).prctl(drop_from_bounding_set, right, 0, 0, 0)


@pytest.mark.parametrize("sub", ["", "0-of-1"])
def test_a_plan_that_may_not_be_written(bench: Bench, tmp_path: Path, sub: str) -> None:
    """The plan's folder is read-only, as if left by another user."""
    plan = tmp_path / "out" / ".puzzlegen" / "plan" / sub
    plan.mkdir(parents=True)
    plan.chmod(0o555)
    done = bench.run(tmp_path / "out", "--workers", "1", preexec_fn=_bound_by_permissions)
    assert done.returncode == 2
    assert "plan/0-of-1': Permission denied; choose a folder you may write to" in one_line(done.stderr)


def test_an_output_that_becomes_read_only(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "out"
    child = bench.start(out, "--workers", "1", preexec_fn=_bound_by_permissions)
    until_stage(child, out, 4)
    folders = [out, *(path for path in out.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    _, messages = child.communicate()
    for folder in folders:
        folder.chmod(0o755)
    assert child.returncode == 2, messages
    assert "Permission denied; choose a folder you may write to" in one_line(messages)
    refuse_parts(out)
    bench.resumed(out)
