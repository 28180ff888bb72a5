"""Measure plans of many items: CPU-seconds, peak memory and bytes, for a source that lists without reading anything.

    python benchmarks/plan.py [--items 1000 --items 10000 ...] [--json FILE]

Each plan is made in a process of its own. Memory is the peak resident size. Bytes are those of the finished plan on
disk, without the listing, which takes disk space only while the plan is made.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from puzzlegen.plan import make_plan
from puzzlegen.recipe import Recipe, recipe_from_canonical
from puzzlegen.records import Item, Skipped
from puzzlegen.sources import Source

SIZES = [1_000, 10_000, 100_000, 1_000_000, 10_000_000]


class Listed(Source):
    """Names like those of a folder of photos, about 40 characters each, with no files behind them."""

    kind: Literal["listed"] = "listed"
    count: int

    def items(self) -> Iterator[Item | Skipped]:
        """Yield one item per name."""
        for k in range(self.count):
            yield Item(
                f"photos/{k // 1000:06}/picture-{k:010}-original.jpg", "image", 0, "CC-BY-4.0", 1_700_000_000 + k
            )

    def open(self, item: Item) -> BinaryIO:  # noqa: ARG002 - there is nothing to open
        """Return an empty file."""
        return io.BytesIO()


def recipe(count: int) -> Recipe:
    """Return a recipe with two weighted tasks and a split, so that every part of planning has something to do."""
    settings = {"seed": 7, "per_item": 1, "splits": {"validation": 0.01}}
    tasks = [{"task": "rotation", "weight": 2}, {"task": "jigsaw"}]
    base_recipe = recipe_from_canonical({**settings, "tasks": tasks}, {"kind": "samples"})
    return base_recipe.model_copy(update={"source": Listed(count=count)})


def one(count: int) -> dict[str, float]:
    """Make a plan in this process, read its first and last shard, and return the measurements."""
    with tempfile.TemporaryDirectory() as folder:
        before = _cpu_seconds()
        plan = make_plan(recipe(count), None, Path(folder))
        spent = _cpu_seconds() - before
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        rows = len(plan.shard(0).work) + len(plan.shard(len(plan) - 1).work)
        peak = peak_mib()
    return {"items": plan.items, "shards": len(plan), "cpu_s": spent, "peak_mib": peak, "bytes": size, "read": rows}


def peak_mib() -> float:
    """Return the peak resident memory of this process in MiB.

    ``ru_maxrss`` would include that of the process which started it.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def main() -> None:
    """Measure each number of items in a new process and print one line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--items", type=int, action="append")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--one", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one is not None:
        print(json.dumps(one(args.one)))
        return
    results = []
    print(f"{'items':>11} {'shards':>7} {'CPU s':>8} {'us / item':>9} {'peak MiB':>9} {'plan MB':>8} {'B / item':>8}")
    for count in args.items or SIZES:
        command = [sys.executable, str(HERE / "plan.py"), "--one", str(count)]
        process = subprocess.run(command, check=True, capture_output=True, text=True, env=dict(os.environ))
        row = json.loads(process.stdout)
        results.append(row)
        cells = f"{row['cpu_s'] / count * 1e6:9.1f} {row['peak_mib']:9.0f} {row['bytes'] / 1e6:8.1f}"
        print(f"{count:11,} {row['shards']:7,} {row['cpu_s']:8.1f} {cells} {row['bytes'] / count:8.1f}", flush=True)
    if args.json:
        args.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
