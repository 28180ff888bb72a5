"""Shards in a pool of processes on this machine.

Processes are spawned, so that no state leaks into them; they die with their parent, however it dies; a process that
is killed (out of memory, say) costs its shards a second try, not the build.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import MutableSequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import sharedctypes
from typing import Any, Final

from puzzlegen.engines import Progress
from puzzlegen.errors import OutputError
from puzzlegen.memory import keep_freed_memory
from puzzlegen.shard import Job, build_shard

TRIES: Final = 3
_LANES_PER_WORKER: Final = 2
_FIELDS: Final = len(Progress._fields)


class Local:
    """A pool of ``workers`` spawned processes."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._context = multiprocessing.get_context("spawn")
        self._counts: MutableSequence[int] = sharedctypes.RawArray("q", workers * _LANES_PER_WORKER * _FIELDS)
        self._free = list(range(workers * _LANES_PER_WORKER))
        self._running: dict[Future[dict[str, Any]], Job] = {}
        self._tries: Counter[str] = Counter()
        self._pool = self._new_pool()

    def _new_pool(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._workers, mp_context=self._context, initializer=_start_worker, initargs=(self._counts,)
        )

    @property
    def room(self) -> int:
        """Free lanes: two jobs per worker, one in work and one waiting, so that none idles."""
        return len(self._free)

    def submit(self, job: Job) -> None:
        """Queue a job in a free lane."""
        lane = job._replace(lane=self._free.pop())
        self._tries[job.shard.name] += 1
        self._running[self._pool.submit(_work, lane)] = lane

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Entries of the jobs that ended.

        Raises:
            OutputError: a shard's worker was killed three times.
            PuzzlegenError: what a job raised.
        """
        done, _ = wait(self._running, timeout=seconds, return_when=FIRST_COMPLETED)
        try:
            entries = [future.result() for future in done]
        except BrokenProcessPool:
            self._start_over()
            return []
        for future in done:
            self._free.append(self._running.pop(future).lane)
        return entries

    def _start_over(self) -> None:
        """A dead worker breaks the whole pool: take a new one and give it the jobs that had not ended."""
        jobs = list(self._running.values())
        worn = [job.shard.name for job in jobs if self._tries[job.shard.name] >= TRIES]
        if worn:
            names = ", ".join(sorted(worn))
            raise OutputError(
                f"a worker was killed {TRIES} times, by the system or by a person, while building {names}; if memory "
                "was short, use fewer --workers or a smaller output.shard_size, then run the same command again"
            )
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pool = self._new_pool()
        self._running.clear()
        for job in jobs:
            self._clear(job.lane)
            self._free.append(job.lane)
            self.submit(job)

    def _clear(self, lane: int) -> None:
        for k in range(lane * _FIELDS, (lane + 1) * _FIELDS):
            self._counts[k] = 0

    def progress(self) -> Progress:
        """Sums over all lanes."""
        return Progress(*(sum(self._counts[k::_FIELDS]) for k in range(_FIELDS)))

    def close(self) -> None:
        """Kill the workers."""
        processes = list((self._pool._processes or {}).values())  # noqa: SLF001 - the pool has no public way to kill
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join()


_counts: MutableSequence[int] | None = None


def _start_worker(counts: MutableSequence[int]) -> None:
    global _counts  # noqa: PLW0603 - one per process, set before its first job
    _counts = counts
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    keep_freed_memory()


def _work(job: Job) -> dict[str, Any]:
    return build_shard(job, _counts)


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
