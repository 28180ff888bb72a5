"""Cores and threads. Numpy's products get one thread: ours are of small matrices, where threads wait for each other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_OF_PRODUCTS: Final = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_OF_ALL: Final = (*_OF_PRODUCTS, "OMP_NUM_THREADS")


def one_thread() -> None:
    """For this process and those it starts, where nobody has said otherwise. Of no effect once numpy is imported.

    Measured on two cores with five processes at work: a ``next_clip`` puzzle takes 0.4 CPU-seconds, with two threads 5.
    """
    for name in _OF_PRODUCTS:
        os.environ.setdefault(name, "1")


def usable_cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Around the start of worker processes, of which there is one per core, whatever this process has."""
    before = {name: os.environ.get(name) for name in _OF_ALL}
    os.environ.update(dict.fromkeys(_OF_ALL, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
