"""A small build for fault injection: its media, its command, and the bytes of a run without faults."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from conftest import ROOT, tree_bytes
from hostile import _clip
from PIL import Image

PICTURES = 16
RECIPE: dict[str, Any] = {
    "seed": 3,
    # These tasks need neither an "up" nor a direction in time, which noise lacks.
    "tasks": [{"task": "rotation", "reference": True}, {"task": "overlay_count"}],
    "splits": {"validation": 0.25},
    "output": {"shard_size": 2},
}


class Bench(NamedTuple):
    """A media folder, a recipe file for it, the output of a run without faults, and its number of shards."""

    media: Path
    recipe: Path
    expected: dict[str, bytes]
    shards: int

    def command(self, out: Path, *options: str) -> list[str]:
        return [sys.executable, "-m", "puzzlegen", "build", str(self.recipe), "--out", str(out), *options]

    def run(self, out: Path, *options: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        settings = {"env": environment(), **settings}
        return subprocess.run(self.command(out, *options), capture_output=True, text=True, check=False, **settings)

    def start(self, out: Path, *options: str, **settings: Any) -> subprocess.Popen[str]:
        settings = {"env": environment(), **settings}
        return subprocess.Popen(self.command(out, *options), stderr=subprocess.PIPE, text=True, **settings)

    def resumed(self, out: Path) -> None:
        """Check that rerunning the command succeeds and gives the bytes of a run without faults."""
        done = self.run(out, "--workers", "1")
        assert done.returncode == 0, done.stderr
        assert tree_bytes(out) == self.expected


def make_media(folder: Path) -> None:
    """Write different images of photograph-like noise, and two clips."""
    folder.mkdir(parents=True)
    for k in range(PICTURES):
        draws = Random(k)
        small = np.array([[[draws.randrange(256) for _ in range(3)] for _ in range(9)] for _ in range(7)], np.uint8)
        picture = Image.fromarray(small).resize((640, 480), Image.Resampling.BICUBIC)
        picture.save(folder / f"picture-{k:02}.jpg", quality=80)
    clip = _clip()
    (folder / "clip-0.mp4").write_bytes(clip)
    (folder / "clip-1.mp4").write_bytes(clip + bytes(16))


def make_bench(folder: Path) -> Bench:
    media, recipe = folder / "media", folder / "bench.yaml"
    make_media(media)
    recipe.write_text(json.dumps({**RECIPE, "source": {"kind": "folder", "path": str(media)}}))
    bench = Bench(media, recipe, {}, 0)
    done = bench.run(folder / "undisturbed", "--workers", "2")
    assert done.returncode == 0, done.stderr
    expected = tree_bytes(folder / "undisturbed")
    return bench._replace(expected=expected, shards=len(json.loads(expected["manifest.json"])["shards"]))


def environment(*first: Path, **more: str) -> dict[str, str]:
    """Return this process's environment, with the given folders first in PYTHONPATH."""
    path = os.pathsep.join([*map(str, first), str(ROOT), os.environ.get("PYTHONPATH", "")])
    return {**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), **more}


def plug_in(folder: Path, group: str, name: str, code: str) -> Path:
    """Write a distribution with one task or source, as pip would install it, into a folder for PYTHONPATH."""
    info = folder / f"{name}-0.dist-info"
    info.mkdir(parents=True)
    (folder / f"{name}.py").write_text(code)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[puzzlegen.{group}]\n{name} = {name}:{name.capitalize()}\n")
    return folder


def stage(out: Path) -> int:
    """Return how far a build is: 1 for its lock, 1 for its plan, 1 per finished shard, 2 for its closing files."""
    state = out / ".puzzlegen"
    signs = (state / "lock", state / "build.json", out / "rejections.parquet", out / "README.md")
    return sum(sign.exists() for sign in signs) + len(list(state.glob("shards/[!.]*.json")))


def until_stage(child: subprocess.Popen[str], out: Path, wanted: int) -> None:
    deadline = time.monotonic() + 300
    while stage(out) < wanted and child.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)


def workers_of(child: subprocess.Popen[str]) -> list[int]:
    found = subprocess.run(
        ["pgrep", "-P", str(child.pid), "-f", "spawn_main"], capture_output=True, text=True, check=False
    )
    return [int(pid) for pid in found.stdout.split()]


def kill(pid: int) -> bool:
    """Send SIGKILL; return whether the process existed."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def all_end(pids: list[int]) -> bool:
    """Return whether these processes end within half a minute."""
    deadline = time.monotonic() + 30
    while any(_runs(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def _runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def refuse_parts(out: Path) -> None:
    """Check that every file that has its final name is complete."""
    for path in [*out.glob("data/**/[!.]*.parquet"), *out.glob("[!.]*.parquet")]:
        pq.read_table(path)
    for path in [*out.glob(".puzzlegen/**/[!.]*.json"), *out.glob("[!.]*.json")]:
        json.loads(path.read_bytes())
    for path in out.glob("assets/[!.]*.jpg"):
        with Image.open(io.BytesIO(path.read_bytes())) as picture:
            picture.load()


def one_line(stderr: str) -> str:
    """Return the error message of a failed build; apart from JSON progress lines, it must be the only line."""
    lines = [line for line in stderr.splitlines() if not re.match(r"\{.*\}$", line)]
    assert len(lines) == 1, stderr
    return lines[0]
