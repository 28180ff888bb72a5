"""The workloads to measure, and how a build or any other command is timed."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
from benchmarks import media


class Workload(NamedTuple):
    """What to measure.

    Attributes:
        floor: name of the floor: ``photos``, or a key of ``floors.WORK``.
        recipe: the keys of the recipe beside ``seed``, ``source`` and ``output``.
        make: writes media, given a folder, a source folder (None for the built-in samples) and a number of files.
        small: number of files of the small run.
        large: number of files of the large run.
        peers: names of the functions of ``peers.py`` to compare with.
    """

    floor: str
    recipe: dict[str, object]
    make: Callable[[Path, Path | None, int], None]
    small: int
    large: int
    peers: tuple[str, ...] = ()


def _photos(width: int, height: int) -> Callable[[Path, Path | None, int], None]:
    return lambda folder, source, count: media.photos(folder, source, (width, height), count)


def _clips(height: int) -> Callable[[Path, Path | None, int], None]:
    return lambda folder, source, count: media.clips(folder, source, height, count)


def _graphs(folder: Path, _: Path | None, count: int) -> None:
    """Write networks of 60 nodes, most of which have three or four edges."""
    folder.mkdir(parents=True)
    for k in range(count):
        edges = {(min(a, b), max(a, b)) for a in range(60) for b in ((a * 7 + k + 1) % 60, (a * 11 + 2 * k + 5) % 60)}
        lines = "".join(f"n{a},n{b}\n" for a, b in sorted(edges) if a != b)
        (folder / f"{k:06}.csv").write_text(f"source,target\n{lines}")


SHARD_SIZE = 250
FIVE = ["rotation", "similarity", "inpainting", "jigsaw", "correspondence"]
WORKLOADS = {
    "rotation_640x480": Workload(
        "photos", {"tasks": [{"task": "rotation"}]}, _photos(640, 480), 50, 1050, ("pillow", "datasets")
    ),
    "rotation_beside_640x480": Workload(
        "photos", {"tasks": [{"task": "rotation", "reference": True}]}, _photos(640, 480), 50, 1050, ("pillow",)
    ),
    "rotation_12mp": Workload("photos", {"tasks": [{"task": "rotation"}]}, _photos(4000, 3000), 10, 110, ("pillow",)),
    "jigsaw_3x3": Workload("photos", {"tasks": [{"task": "jigsaw"}]}, _photos(640, 480), 50, 1050),
    "ssl_r1_five_tasks": Workload(
        "photos",
        {"tasks": [{"task": name, **({"form": "picture_order"} if name == "jigsaw" else {})} for name in FIVE]},
        _photos(640, 480),
        20,
        220,
    ),
    "clip_480p": Workload("clip", {"tasks": [{"task": "video_flip"}]}, _clips(480), 5, 45, ("pyav",)),
    "clip_1080p": Workload("clip", {"tasks": [{"task": "video_flip"}]}, _clips(1080), 3, 15),
    "graph_text": Workload("graph", {"tasks": [{"task": "neighbours"}]}, _graphs, 20, 320),
}


def build_command(work: Workload, folder: Path, out: Path, workers: int = 1, shard_size: int = SHARD_SIZE) -> list[str]:
    """Delete ``out``, write the recipe, and return the command that builds ``folder`` into ``out``."""
    shutil.rmtree(out, ignore_errors=True)
    recipe = out.with_suffix(".yaml")
    source = {"kind": "graph" if work.floor == "graph" else "folder", "path": str(folder)}
    recipe.write_text(
        yaml.safe_dump({"seed": 7, "source": source, "output": {"shard_size": shard_size}, **work.recipe})
    )
    command = [sys.executable, "-m", "puzzlegen", "build", str(recipe), "--out", str(out)]
    return [*command, "--workers", str(workers), "--json"]


def timed(command: list[str]) -> tuple[float, str]:
    """Run a command; return the CPU-seconds of it and its children, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    process = subprocess.run(
        command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths}
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, process.stdout
