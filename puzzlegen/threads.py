"""Cores and threads.

Numpy's matrix products run on one thread: puzzlegen's matrices are small, and more threads would wait for each other.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_BLAS_VARIABLES: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_THREAD_VARIABLES: Final = (*_BLAS_VARIABLES, "OMP_NUM_THREADS")


def one_thread() -> None:
    """Limit numpy's products to one thread, in this process and those it starts, where the environment sets no number.

    This has no effect once numpy is imported. Measured on two cores with five processes at work: a ``next_clip`` puzzle
    takes 0.4 CPU-seconds, with two threads 5.
    """
    for name in _BLAS_VARIABLES:
        os.environ.setdefault(name, "1")


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Context for starting worker processes, one per core, each with one thread whatever this process uses."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
