"""Floor, build and peers on the same files in one run: CPU-seconds per 1,000 puzzles, and how efficient the build is.

    python benchmarks/run.py [efficiency|shares|workers|memory|startup] [--media FOLDER] [--only NAME] [--repeat 5]

The rules. CPU is user and system time of the whole process tree. Each figure is the slope between a small and a large
run, so that starting up is not in it; ``startup`` measures that. Efficiency is floor / build, paired, median of
repeats. The floor is the best single-thread calls that give media as many and as large: decode, one downscale,
transform, encode, append. The build tells it what was kept of each file, so that it encodes as much, and what every
task refused costs it the decoding and a small version. To transform is what the task shows: turns, tiles and their
tones, views and their colours, covers, rings. Choosing answers, checks for one right answer, draws that are thrown
away, questions, verification, digests and resume are not in the floor.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median

import pyarrow.parquet as pq

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from benchmarks import others
from benchmarks.workloads import WORKLOADS, Workload, build_command, timed


def main() -> None:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="efficiency", choices=("efficiency", *others.MEASURES))
    parser.add_argument("--media", type=Path, help="a folder of real photos and clips; default the built-in samples")
    parser.add_argument("--only", choices=WORKLOADS, action="append")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.what == "efficiency":
        found = efficiencies(args.only or WORKLOADS, args.media, args.repeat)
    else:
        found = others.MEASURES[args.what]({name: WORKLOADS[name] for name in args.only or WORKLOADS}, args)
    if args.json:
        args.json.write_text(json.dumps(found, indent=1) + "\n")


def efficiencies(names: Iterable[str], source: Path | None, repeat: int) -> dict[str, dict[str, float]]:
    """One line per workload."""
    print(f"{'workload':20} {'floor':>8} {'build':>8}  efficiency  {'peers (build / peer)'}  CPU-s per 1,000 puzzles")
    found = {}
    for name in names:
        found[name] = measure(WORKLOADS[name], source, repeat)
        print(line(name, found[name]), flush=True)
    return found


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
        sides = ["build", "floor", *(f"peer_{peer}" for peer in work.peers)]
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
    """CPU-seconds of one run, and how many puzzles it made; a build leaves word of them for the floor."""
    told = folder.with_suffix(".json")
    if side == "build":
        spent, printed = timed(build_command(work, folder, out))
        told.write_text(json.dumps(_kept(out)))
        return spent, sum(json.loads(printed)["kept"].values())
    script = "floors.py" if side == "floor" else "peers.py"
    name = work.floor if side == "floor" else side.removeprefix("peer_")
    command = [sys.executable, str(HERE / script), name, str(folder), str(out.with_suffix(".parquet"))]
    spent, printed = timed(command + ([str(told)] if side == "floor" else []))
    return spent, int(printed.split()[-1])


def _kept(out: Path) -> dict[str, list[str]]:
    """By source file the tasks of which there is a puzzle, by the floor's names for them and their forms."""
    kept: dict[str, list[str]] = {}
    for path in sorted(out.glob("data/*/*.parquet")):
        for row in pq.read_table(path, columns=["extra_info"])["extra_info"].to_pylist():
            params, name = json.loads(row["params"]), row["task"]
            if params.get("form") == "picture_order":
                name = "jigsaw_picture"
            elif name == "rotation" and params["reference"]:
                name = "rotation_beside"
            kept.setdefault(row["source_uri"], []).append(name)
    return kept


if __name__ == "__main__":
    main()
