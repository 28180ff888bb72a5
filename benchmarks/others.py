"""What else a build costs: how its CPU time is shared out, the speed-up by a second worker, memory, startup."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

import yaml

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.workloads import WORKLOADS, Workload, build_command, timed

Found = dict[str, Any]
_TEN_PUZZLES = {"source": {"kind": "samples", "images": 10, "videos": 0}, "tasks": [{"task": "rotation"}]}
#: Shards of the large run when one worker is compared with two.
_SHARDS = 10
_MEMORY_SCRIPT = (
    "import json, resource as r, sys; from puzzlegen.building import build; from puzzlegen.recipe import load_recipe;"
    "from pathlib import Path; from benchmarks.plan import peak_mib\n"
    "if __name__ == '__main__':\n"
    "    build(load_recipe(Path(sys.argv[1])), Path(sys.argv[2]), workers=1)\n"
    "    print(json.dumps([peak_mib(), r.getrusage(r.RUSAGE_CHILDREN).ru_maxrss / 1024]))\n"
)


class Stopwatch:
    """CPU-seconds by what they are spent on; nested work counts for the innermost kind only."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()
        self._stack = ["task"]
        self._since = time.process_time()

    @contextmanager
    def on(self, what: str) -> Iterator[None]:
        """Count CPU time for ``what`` until the end of the block."""
        self._charge()
        self._stack.append(what)
        try:
            yield
        finally:
            self._charge()
            self._stack.pop()

    def _charge(self) -> None:
        now = time.process_time()
        self.spent[self._stack[-1]] += now - self._since
        self._since = now

    def around(self, place: object, name: str, what: str, inside: str = "") -> None:
        """Count each call of ``place.name`` for ``what``; with ``inside``, only calls made while counting for that."""
        inner = getattr(place, name)

        def counted(*args: object, **kwargs: object) -> object:
            if inside and self._stack[-1] != inside:
                return inner(*args, **kwargs)
            with self.on(what):
                return inner(*args, **kwargs)

        setattr(place, name, counted)

    def along(self, place: object, name: str, what: str) -> None:
        """Count for ``what`` the time that the iterator returned by ``place.name`` takes from item to item."""
        inner = getattr(place, name)

        def counted(*args: object, **kwargs: object) -> Iterator[object]:
            items, end = inner(*args, **kwargs), object()
            while True:
                with self.on(what):
                    item = next(items, end)
                if item is end:
                    return
                yield item

        setattr(place, name, counted)


def shares(works: Mapping[str, Workload], args: argparse.Namespace) -> Found:
    """Measure the shares of a one-process build: decoding, downscale, other cleaning, encoding, writing, and tasks."""
    kinds = ("decode", "downscale", "cleaning", "encode", "write", "task")
    print(f"{'workload':20}" + "".join(f"{kind:>11}" for kind in kinds) + "  % of CPU")
    results = {}
    for name, work in works.items():
        if work.floor == "graph":
            continue
        with tempfile.TemporaryDirectory() as scratch:
            work.make(Path(scratch) / "media", args.media, work.large // 2)
            command = [sys.executable, __file__, "shares", name, scratch]
            spent = json.loads(timed(command)[1])
        total = sum(spent.values())
        results[name] = {kind: 100 * spent[kind] / total for kind in kinds}
        print(f"{name:20}" + "".join(f"{value:11.1f}" for value in results[name].values()), flush=True)
    return results


def _shares(name: str, scratch: str) -> None:
    """Build in this process with a stopwatch around each kind of work, and print the CPU-seconds as JSON."""
    from PIL import Image, ImageFile

    from puzzlegen import datafile, shard
    from puzzlegen.media import decode, framing, opened, scaled, segments
    from puzzlegen.memory import keep_freed_memory
    from puzzlegen.plan import make_plan
    from puzzlegen.recipe import load_recipe

    keep_freed_memory()
    out = Path(scratch) / "out"
    build_command(WORKLOADS[name], Path(scratch) / "media", out)
    recipe = load_recipe(out.with_suffix(".yaml"))
    shards = list(make_plan(recipe).shards())
    watch = Stopwatch()
    for k, shard_plan in enumerate([shards[0], *shards]):
        job = shard.Job(recipe, shard_plan, str(out), str(out / "work"))
        if k == 1:  # The first shard has paid for imports, so counting starts with the second run of it.
            watch = Stopwatch()
            watch.around(opened, "clean_image", "cleaning")
            watch.around(scaled.ScaledImage, "pixels", "cleaning")
            watch.around(Image, "open", "decode")
            watch.around(ImageFile.ImageFile, "load", "decode", inside="cleaning")
            watch.around(scaled, "resampled", "downscale")
            watch.around(opened, "read_clip", "cleaning")
            watch.along(decode, "_until_damage", "decode")
            watch.around(framing.Framing, "apply", "downscale")
            watch.around(segments, "encode_mp4", "encode")
            watch.around(Image.Image, "save", "encode")
            watch.around(datafile.DataFile, "write", "write")
            watch.around(datafile.DataFile, "publish", "write")
        shard.build_shard(job)
    with watch.on("end"):
        print(json.dumps(watch.spent))


def workers(works: Mapping[str, Workload], args: argparse.Namespace) -> Found:
    """Measure the wall time of one worker over that of two, without startup; on an idle machine the maximum is 2."""
    results = {}
    for name, work in works.items():
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch)
            for size in ("small", "large"):
                work.make(root / size, args.media, getattr(work, size))
            ratios = [_wall_seconds(work, root, 1) / _wall_seconds(work, root, 2) for _ in range(args.repeat)]
        results[name] = median(ratios)
        print(f"{name:20} two workers are {results[name]:.2f} times as fast as one", flush=True)
    return results


def _wall_seconds(work: Workload, root: Path, count: int) -> float:
    """Return the wall seconds of the large run less those of the small one, with shards that two can share evenly."""
    seconds = {}
    shard_size = max(1, work.large // _SHARDS)
    for size in ("small", "large"):
        command = build_command(work, root / size, root / "out", count, shard_size)
        begin = time.perf_counter()
        timed(command)
        seconds[size] = time.perf_counter() - begin
    return seconds["large"] - seconds["small"]


def memory(works: Mapping[str, Workload], args: argparse.Namespace) -> Found:
    """Measure peak resident MB of the parent and its largest child, at the small and the large number of files."""
    results: Found = {}
    for name, work in works.items():
        for size in ("small", "large"):
            with tempfile.TemporaryDirectory() as scratch:
                folder, out, script = Path(scratch) / "media", Path(scratch) / "out", Path(scratch) / "tell.py"
                work.make(folder, args.media, count := getattr(work, size))
                build_command(work, folder, out)
                script.write_text(_MEMORY_SCRIPT)
                command = [sys.executable, str(script), str(out.with_suffix(".yaml")), str(out)]
                parent, worker = json.loads(timed(command)[1].splitlines()[-1])
            results[f"{name}_{count}"] = {"parent": parent, "worker": worker}
            print(f"{name:20} {count:6} files: parent {parent:4.0f} MB, worker {worker:4.0f} MB", flush=True)
    return results


def startup(works: Mapping[str, Workload], args: argparse.Namespace) -> Found:
    """Measure the CPU-seconds that a user waits for before anything is made."""
    del works
    results = {}
    with tempfile.TemporaryDirectory() as scratch:
        recipe = Path(scratch) / "ten.yaml"
        recipe.write_text(yaml.safe_dump(_TEN_PUZZLES))
        puzzlegen = [sys.executable, "-m", "puzzlegen"]
        commands: dict[str, Callable[[int], list[str]]] = {
            "import puzzlegen": lambda _: [sys.executable, "-c", "import puzzlegen"],
            "puzzlegen --help": lambda _: [*puzzlegen, "--help"],
            "build of 10 puzzles": lambda k: [*puzzlegen, "build", str(recipe), "--out", f"{scratch}/{k}"],
        }
        for name, command in commands.items():
            results[name] = median(timed(command(k))[0] for k in range(args.repeat))
            print(f"{name:20} {results[name]:.2f} CPU-s", flush=True)
    return results


MEASURES: dict[str, Callable[[Mapping[str, Workload], argparse.Namespace], Found]] = {
    "shares": shares,
    "workers": workers,
    "memory": memory,
    "startup": startup,
}

if __name__ == "__main__":
    _shares(*sys.argv[2:])
