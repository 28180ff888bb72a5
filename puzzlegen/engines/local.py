"""Builds shards in a pool of processes on this machine.

Processes are spawned, so that no state leaks into them, and they die with their parent, however it dies. When a process
is killed (for lack of memory, say), its shards are tried again and the build goes on. A process that exceeded the time
limit on an item is recognised by the signal that ended it, and its shard is built again without that item. Wall-clock
time also passes while a job is suspended, so the wall-clock limit counts only when an item has exceeded it twice.
"""

from __future__ import annotations

import errno
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Iterator, MutableSequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import sharedctypes
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from puzzlegen.engines import Progress
from puzzlegen.errors import EngineError, OutputError
from puzzlegen.guard import check_started
from puzzlegen.media.limit import SIGNALS, time_limit
from puzzlegen.memory import keep_freed_memory
from puzzlegen.shard import Job, build_shard
from puzzlegen.threads import one_thread_each
from puzzlegen.workers import outlive_interrupts_but_not_the_parent

TRIES: Final = 3
_LANES_PER_WORKER: Final = 2
_COUNTS_PER_LANE: Final = len(Progress._fields)
_RAISE_FILE_LIMIT: Final = "raise the limit on open files (ulimit -n)"
#: What the user can do when the system starts no process.
_REMEDIES: Final = {
    errno.EMFILE: _RAISE_FILE_LIMIT,
    errno.ENFILE: _RAISE_FILE_LIMIT,
    errno.ENOENT: "the working directory is gone: change to one that exists",
}


class Local:
    """A pool of ``workers`` spawned processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._context = multiprocessing.get_context("spawn")
        lanes = workers * _LANES_PER_WORKER
        self._free = list(range(lanes))
        self._running: dict[Future[dict[str, Any]], Job] = {}
        self._tries: Counter[str] = Counter()
        self._timed_out: set[str] = set()
        self._processes: dict[int, BaseProcess] = {}
        with _starting():
            # Without a working directory no process starts, and from Python 3.13 on the attempt prints a traceback.
            Path.cwd()
            self._counts: MutableSequence[int] = sharedctypes.RawArray("q", lanes * _COUNTS_PER_LANE)
            # Per lane: the process that is opening an item now (else 0), and the item's rank in the shard.
            self._opening: MutableSequence[int] = sharedctypes.RawArray("q", lanes * 2)
            self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        shared = (self._counts, self._opening)
        return ProcessPoolExecutor(self._workers, mp_context=self._context, initializer=_start_worker, initargs=shared)

    @property
    def room(self) -> int:
        """The number of free lanes. Each worker has two, for one running and one waiting job, so that none idles."""
        return len(self._free)

    def submit(self, job: Job) -> None:
        """Queue a job in a free lane.

        If a worker has died since the last wait, the pool is broken and takes no jobs; the next wait replaces it and
        submits this job, too.

        Raises:
            EngineError: the system starts no more processes.
        """
        queued = job._replace(lane=self._free.pop())
        try:
            with one_thread_each(), _starting():
                future = self._pool.submit(_work, queued)
            self._tries[job.shard.name] += 1
        except BrokenProcessPool as broken:
            future = Future()
            future.set_exception(broken)
        self._running[future] = queued
        self._processes |= self._pool._processes or {}  # noqa: SLF001 - a broken pool forgets them

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Return the entries of the jobs that ended.

        Raises:
            OutputError: a shard's worker was killed three times.
            PuzzlegenError: a job raised it, or workers cannot start.
        """
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        try:
            entries = [future.result() for future in done]
        except BrokenProcessPool:
            self._restart()
            return []
        for future in done:
            self._free.append(self._running.pop(future).lane)
        return entries

    def _restart(self) -> None:
        """Replace the pool, which breaks when a worker dies, and submit the unfinished jobs again."""
        # Killed, because the pool would ask them to end and wait for all, and a stopped process never answers.
        for process in self._processes.values():
            process.kill()
        # All exit codes are known only when the pool has shut down and joined its workers.
        self._pool.shutdown(wait=True, cancel_futures=True)
        check_started(self._processes.values())
        late = self._late_items()
        jobs = [self._without_late(job, late) for job in self._running.values()]
        if late:
            self._tries.subtract(job.shard.name for job in jobs)
        exhausted = [job.shard.name for job in jobs if self._tries[job.shard.name] >= TRIES]
        if exhausted:
            names = ", ".join(sorted(exhausted))
            raise OutputError(
                f"a worker was killed {TRIES} times, by the system or by a person, while building {names}; if memory "
                "was short, use fewer --workers or a smaller output.shard_size, then run the same command again"
            )
        self._processes.clear()
        self._pool = self._new_pool()
        self._running.clear()
        for job in jobs:
            self._clear_lane(job.lane)
            self._free.append(job.lane)
            self.submit(job)

    def _late_items(self) -> dict[int, tuple[str, int]]:
        """Return, by lane, the item whose opening exceeded the time limit, and the signal that ended its process."""
        killed = {pid: -(process.exitcode or 0) for pid, process in self._processes.items()}
        lanes = {job.lane: job for job in self._running.values()}
        opening = {lane: self._opening[2 * lane : 2 * lane + 2] for lane in lanes}
        return {
            lane: (lanes[lane].shard.work[rank][0].id, killed[pid])
            for lane, (pid, rank) in opening.items()
            if killed.get(pid) in SIGNALS
        }

    def _without_late(self, job: Job, late: dict[int, tuple[str, int]]) -> Job:
        """Return the job without the item that proved too slow; after a first wall-clock timeout, still with it."""
        name, signum = late.get(job.lane, ("", 0))
        if signum == signal.SIGALRM and name not in self._timed_out:
            self._timed_out.add(name)
            return job
        return job._replace(slow=job.slow | {name}) if name else job

    def _clear_lane(self, lane: int) -> None:
        self._opening[2 * lane] = 0
        for k in range(lane * _COUNTS_PER_LANE, (lane + 1) * _COUNTS_PER_LANE):
            self._counts[k] = 0

    def progress(self) -> Progress:
        """Return the sums over all lanes."""
        return Progress(*(sum(self._counts[k::_COUNTS_PER_LANE]) for k in range(_COUNTS_PER_LANE)))

    def close(self) -> None:
        """Kill the workers."""
        processes = list(self._processes.values())  # the pool has no public way to kill its processes
        for process in processes:
            process.kill()
        # The pool's own thread must end, too, or its closed pipe may disturb the interpreter's exit.
        self._pool.shutdown(wait=True, cancel_futures=True)
        for process in processes:
            process.join()


@contextmanager
def _starting() -> Iterator[None]:
    """Context that turns a failure to start processes into a one-line error."""
    try:
        yield
    except OSError as err:
        remedy = _REMEDIES.get(err.errno or 0, "use fewer --workers, or give this process more of the machine")
        why = os.strerror(err.errno) if err.errno else str(err)
        raise EngineError(
            f"worker processes cannot be started: {why}; {remedy}, and run the same command again"
        ) from err


_counts: MutableSequence[int] = []
_opening: MutableSequence[int] = []


def _start_worker(counts: MutableSequence[int], opening: MutableSequence[int]) -> None:
    global _counts, _opening
    _counts, _opening = counts, opening
    outlive_interrupts_but_not_the_parent()
    keep_freed_memory()


def _work(job: Job) -> dict[str, Any]:
    seconds = job.recipe.media.time_limit_s

    @contextmanager
    def watch(rank: int) -> Iterator[None]:
        _opening[2 * job.lane + 1] = rank
        _opening[2 * job.lane] = os.getpid()
        try:
            with time_limit(seconds):
                yield
        finally:  # not reached when a signal kills the process
            _opening[2 * job.lane] = 0

    return build_shard(job, _counts, watch)
