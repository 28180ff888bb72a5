"""Passes over a folder's puzzles, in one process or several; the unit of work is one stripe of one file.

A medium is decoded once per pass and not kept; the result is about 10 KB of numbers per puzzle.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from puzzlegen.audit.seen import Seen, look, media_of, with_washed
from puzzlegen.reading import read_rows
from puzzlegen.writers import Row

T = TypeVar("T")
R = TypeVar("R")
#: A ``map`` that runs in this process or over several; results come in order.
Spread = Callable[[Callable[[T], R], Sequence[T]], Iterator[R]]

Key = tuple[str, str]


class Stripe(NamedTuple):
    """Every ``of``-th row of a file, from row ``first`` on; if ``ids`` is given, only rows with these ids."""

    path: Path
    first: int
    of: int
    ids: frozenset[str] | None

    def rows(self) -> Iterator[tuple[int, Row]]:
        """Yield the rows, each after its number in the file."""
        for number, row in enumerate(read_rows(self.path)):
            if number % self.of == self.first and (self.ids is None or row["id"] in self.ids):
                yield number, row


@contextmanager
def spread(workers: int) -> Iterator[Spread[Any, Any]]:
    """Provide a ``map`` over ``workers`` processes or, for one worker, in this process."""
    if workers == 1:
        yield map
        return
    with ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool.map


def looked_at(
    files: Sequence[Path], ids: frozenset[str] | None, workers: int, over: Spread[Any, Any]
) -> Iterator[tuple[Key, Seen]]:
    """Yield every puzzle as probes see it, after its task and parameters, in the folder's order.

    Args:
        files: data files of the folder.
        ids: look only at these puzzles; None: at all.
        workers: number of stripes into which each file is cut.
        over: the ``map`` that runs the work, from :func:`spread`.
    """
    yield from _in_order(files, ids, workers, over, _look)


def washed(files: Sequence[Path], puzzles: Mapping[str, Seen], workers: int, over: Spread[Any, Any]) -> dict[str, Seen]:
    """Return these puzzles by id, with the traces of washed copies added; arguments as in :func:`looked_at`."""
    stripes = _stripes(files, frozenset(puzzles), workers)
    work = [(stripe, puzzles) for stripe in stripes]
    return {puzzle.id: puzzle for batch in over(_wash, work) for puzzle in batch}


def _in_order(
    files: Sequence[Path],
    ids: frozenset[str] | None,
    workers: int,
    over: Spread[Any, Any],
    work: Callable[[Stripe], list[tuple[int, Key, Seen]]],
) -> Iterator[tuple[Key, Seen]]:
    results = over(work, _stripes(files, ids, workers))
    for _ in files:
        rows = [row for _ in range(workers) for row in next(results)]
        yield from ((key, puzzle) for _, key, puzzle in sorted(rows, key=lambda row: row[0]))


def _stripes(files: Sequence[Path], ids: frozenset[str] | None, workers: int) -> list[Stripe]:
    return [Stripe(path, first, workers, ids) for path in files for first in range(workers)]


def _look(stripe: Stripe) -> list[tuple[int, Key, Seen]]:
    return [(number, key_of(row), look(row, media_of(row))) for number, row in stripe.rows()]


def _wash(work: tuple[Stripe, Mapping[str, Seen]]) -> list[Seen]:
    stripe, puzzles = work
    return [with_washed(puzzles[row["id"]], row) for _, row in stripe.rows()]


def key_of(row: Row) -> Key:
    """The task and parameters of a row; puzzles with the same key are probed together."""
    return row["extra_info"]["task"], row["extra_info"]["params"]
