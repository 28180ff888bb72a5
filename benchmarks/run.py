"""Compare build, floor and peers on the same files in one run: CPU-seconds per 1,000 puzzles, and the efficiency.

    python benchmarks/run.py [efficiency|shares|workers|memory|startup] [--media FOLDER] [--only NAME] [--repeat 5]

CPU is user and system time of the whole process tree. Each figure is the slope between a small and a large run, so
startup is not included; ``startup`` measures it. Efficiency is floor / build, paired, as the median of repeats.

The floor is the best single-thread calls that make as many media of the same size: decode, one downscale, transform,
encode, append. It encodes as much as the build, from a list of what the build kept of each file. A file that every task
rejected costs the floor the decoding and a small version. Transforming means producing what the task shows: turns,
tiles and their tones, views and their colours, covers, rings. Choosing answers, checking for one right answer,
discarded draws, questions, verification, digests and resume are not part of the floor.
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
    """Measure what the command line asks for and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", default="efficiency", choices=("efficiency", *others.MEASURES))
    parser.add_argument("--media", type=Path, help="a folder of real photos and clips; default the built-in samples")
    parser.add_argument("--only", choices=WORKLOADS, action="append")
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if args.what == "efficiency":
        results = efficiencies(args.only or WORKLOADS, args.media, args.repeat)
    else:
        results = others.MEASURES[args.what]({name: WORKLOADS[name] for name in args.only or WORKLOADS}, args)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


def efficiencies(names: Iterable[str], source: Path | None, repeat: int) -> dict[str, dict[str, float]]:
    """Measure each workload and print one line for it."""
    print(f"{'workload':20} {'floor':>8} {'build':>8}  efficiency  {'peers (build / peer)'}  CPU-s per 1,000 puzzles")
    results = {}
    for name in names:
        results[name] = measure(WORKLOADS[name], source, repeat)
        print(line(name, results[name]), flush=True)
    return results


def line(name: str, found: dict[str, float]) -> str:
    """Format one workload's row of the table."""
    peers = ", ".join(f"{key[5:]} {value:.2f}" for key, value in found.items() if key.startswith("peer_"))
    return f"{name:20} {found['floor']:8.2f} {found['build']:8.2f}  {found['efficiency']:10.2f}  {peers}"


def measure(work: Workload, source: Path | None, repeat: int) -> dict[str, float]:
    """Return the medians over paired repeats, in CPU-seconds per 1,000 puzzles, and the efficiency."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch)
        for size in ("small", "large"):
            work.make(root / size, source, getattr(work, size))
        sides = ["build", "floor", *(f"peer_{peer}" for peer in work.peers)]
        rounds = [{side: _slope(side, work, root) for side in sides} for _ in range(repeat)]
    medians = {side: median(round_costs[side] for round_costs in rounds) for side in sides}
    medians["efficiency"] = median(round_costs["floor"] / round_costs["build"] for round_costs in rounds)
    return medians


def _slope(side: str, work: Workload, root: Path) -> float:
    """Return the CPU-seconds per 1,000 puzzles, as the slope between the small and the large run."""
    costs = [_cost(side, work, root / size, root / "out") for size in ("small", "large")]
    (small, few), (large, many) = costs
    return 1000 * (large - small) / (many - few)


def _cost(side: str, work: Workload, folder: Path, out: Path) -> tuple[float, int]:
    """Return the CPU-seconds of one run and its number of puzzles; a build also writes what it kept, for the floor."""
    kept_file = folder.with_suffix(".json")
    if side == "build":
        spent, printed = timed(build_command(work, folder, out))
        kept_file.write_text(json.dumps(_kept(out)))
        return spent, sum(json.loads(printed)["kept"].values())
    script = "floors.py" if side == "floor" else "peers.py"
    name = work.floor if side == "floor" else side.removeprefix("peer_")
    command = [sys.executable, str(HERE / script), name, str(folder), str(out.with_suffix(".parquet"))]
    spent, printed = timed(command + ([str(kept_file)] if side == "floor" else []))
    return spent, int(printed.split()[-1])


def _kept(out: Path) -> dict[str, list[str]]:
    """Map each source file to the tasks that made a puzzle of it, under the names of the floor's methods."""
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
