"""Floor, build and peers on the same files in one run: CPU-seconds per 1,000 puzzles, and how efficient the build is.

    python benchmarks/run.py [--media FOLDER] [--only NAME] [--repeat 5] [--json FILE]

CPU is user and system time of the whole process tree. Each figure is the slope between a small and a large run, so
that starting up is not in it; start-up is measured by itself. Efficiency is floor / build, paired, median of repeats.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple

import yaml

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import media


class Workload(NamedTuple):
    """What is measured: the floor's name, the recipe, how media are made, and how many files of them."""

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
    """Networks of 60 nodes in which every node has five edges."""
    folder.mkdir(parents=True)
    for k in range(count):
        edges = {(min(a, b), max(a, b)) for a in range(60) for b in ((a * 7 + k + 1) % 60, (a * 11 + 2 * k + 5) % 60)}
        lines = "".join(f"n{a},n{b}\n" for a, b in sorted(edges) if a != b)
        (folder / f"{k:06}.csv").write_text(f"source,target\n{lines}")


FIVE = ["rotation", "similarity", "inpainting", "jigsaw", "correspondence"]
WORKLOADS = {
    "rotation_640x480": Workload(
        "rotation", {"tasks": [{"task": "rotation"}]}, _photos(640, 480), 50, 1050, ("pillow", "datasets")
    ),
    "rotation_12mp": Workload("rotation", {"tasks": [{"task": "rotation"}]}, _photos(4000, 3000), 10, 110, ("pillow",)),
    "jigsaw_3x3": Workload("jigsaw", {"tasks": [{"task": "jigsaw"}]}, _photos(640, 480), 50, 1050),
    "ssl_r1_five_tasks": Workload(
        "mixture",
        {"tasks": [{"task": name, **({"form": "picture_order"} if name == "jigsaw" else {})} for name in FIVE]},
        _photos(640, 480),
        20,
        220,
    ),
    "clip_480p": Workload("clip", {"tasks": [{"task": "arrow_of_time"}]}, _clips(480), 5, 45, ("pyav",)),
    "clip_1080p": Workload("clip", {"tasks": [{"task": "arrow_of_time"}]}, _clips(1080), 3, 15),
    "graph_text": Workload("graph", {"tasks": [{"task": "neighbours"}]}, _graphs, 20, 320),
}


def main() -> None:
    """Measure what was asked for and print one line per workload."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--media", type=Path, help="a folder of real photos and clips; default the built-in samples")
    parser.add_argument("--only", choices=WORKLOADS, action="append")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    found = {}
    print(f"{'workload':20} {'floor':>8} {'build':>8}  efficiency  {'peers (build / peer)'}  CPU-s per 1,000 puzzles")
    for name in args.only or WORKLOADS:
        found[name] = measure(WORKLOADS[name], args.media, args.repeat)
        print(line(name, found[name]), flush=True)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def line(name: str, found: dict[str, float]) -> str:
    """One workload's row."""
    peers = ", ".join(f"{key[5:]} {value:.2f}" for key, value in found.items() if key.startswith("peer_"))
    return f"{name:20} {found['floor']:8.2f} {found['build']:8.2f}  {found['efficiency']:10.2f}  {peers}"


def measure(work: Workload, source: Path | None, repeat: int) -> dict[str, float]:
    """Medians over paired repeats."""
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        for size in ("small", "large"):
            work.make(place / size, source, getattr(work, size))
        sides = ["floor", "build", *(f"peer_{peer}" for peer in work.peers)]
        rounds = [{side: _slope(side, work, place) for side in sides} for _ in range(repeat)]
    found = {side: median(one[side] for one in rounds) for side in sides}
    found["efficiency"] = median(one["floor"] / one["build"] for one in rounds)
    return found


def _slope(side: str, work: Workload, place: Path) -> float:
    """CPU-seconds per 1,000 puzzles beyond those of the small run."""
    costs = [_cost(side, work, place / size, place / "out") for size in ("small", "large")]
    (small, few), (large, many) = costs
    return 1000 * (large - small) / (many - few)


def _cost(side: str, work: Workload, folder: Path, out: Path) -> tuple[float, int]:
    """CPU-seconds of one run, and how many puzzles it made."""
    if side == "build":
        recipe = out.with_suffix(".yaml")
        kind = "graph" if work.floor == "graph" else "folder"
        source = {"kind": kind, "path": str(folder)}
        recipe.write_text(yaml.safe_dump({"seed": 7, "source": source, "output": {"shard_size": 250}, **work.recipe}))
        command = [sys.executable, "-m", "puzzlegen", "build", str(recipe), "--out", str(out), "--workers", "1"]
        spent, printed = _timed([*command, "--json"])
        return spent, sum(json.loads(printed)["kept"].values())
    script = "floors.py" if side == "floor" else "peers.py"
    name = work.floor if side == "floor" else side.removeprefix("peer_")
    spent, printed = _timed([sys.executable, str(HERE / script), name, str(folder), str(out.with_suffix(".parquet"))])
    return spent, int(printed.split()[-1])


def _timed(command: list[str]) -> tuple[float, str]:
    out = Path(command[command.index("--out") + 1]) if "--out" in command else None
    if out:
        shutil.rmtree(out, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    paths = os.pathsep.join(filter(None, [str(HERE.parent), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": paths})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


if __name__ == "__main__":
    main()
