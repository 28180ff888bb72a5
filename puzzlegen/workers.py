"""A pool of processes that ends at once when its user is stopped."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def process_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Provide a pool of spawned processes; if the block raises, for example because of Ctrl-C, they are killed.

    Args:
        workers: number of processes.
    """
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=outlive_interrupts_but_not_the_parent
    )
    try:
        yield pool
    except BaseException:
        # Shutting down waits for what they are doing, which may take minutes; the pool has no public way to kill them.
        for process in list((pool._processes or {}).values()):  # noqa: SLF001
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def outlive_interrupts_but_not_the_parent() -> None:
    """Initialise a worker: Ctrl-C, which reaches it too, is left to the parent; it ends with the parent."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
