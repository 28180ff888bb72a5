"""Passes over a folder's puzzles, in one process or several; the unit of work is one stripe of one file.

A medium is decoded once per pass and not kept; the result is about 10 KB of numbers per puzzle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from puzzlegen.audit.seen import Seen, look, media_of, with_washed
from puzzlegen.reading import read_rows
from puzzlegen.workers import process_pool
from puzzlegen.writers import Row

T = TypeVar("T")
R = TypeVar("R")
#: A ``map`` that runs in this process or over several; results come in order.
Spread = Callable[[Callable[[T], R], Sequence[T]], Iterator[R]]

Key = tuple[str, str]


class Stage(NamedTuple):
    """How far one stage of an audit is: its name, and how many of its parts are done."""

    name: str
    done: int
    of: int


def staged(name: str, over: Spread[Any, Any], report: Callable[[Stage], None]) -> Spread[Any, Any]:
    """Return the ``map`` as one that reports each part of the work when it is done."""

    def run(work: Callable[[Any], Any], parts: Sequence[Any]) -> Iterator[Any]:
        report(Stage(name, 0, len(parts)))
        for done, result in enumerate(over(work, parts), 1):
            report(Stage(name, done, len(parts)))
            yield result

    return run


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
    with process_pool(workers) as pool:
        yield pool.map


class Cut(NamedTuple):
    """A folder's data files, and into how many stripes each is cut."""

    files: Sequence[Path]
    stripes: int

    def work(self, ids: frozenset[str] | None) -> list[Stripe]:
        """All stripes, file after file, of the puzzles with these ids; None: of all."""
        return [Stripe(path, first, self.stripes, ids) for path in self.files for first in range(self.stripes)]


def looked_at(cut: Cut, ids: frozenset[str] | None, over: Spread[Any, Any]) -> Iterator[tuple[Key, Seen]]:
    """Yield every puzzle as probes see it, after its task and parameters, in the folder's order.

    Args:
        cut: data files of the folder.
        ids: look only at these puzzles; None: at all.
        over: the ``map`` that runs the work, from :func:`spread` or :func:`staged`.
    """
    results = over(_look, cut.work(ids))
    for _ in cut.files:
        rows = [row for _ in range(cut.stripes) for row in next(results)]
        yield from ((key, puzzle) for _, key, puzzle in sorted(rows, key=lambda row: row[0]))


def washed(cut: Cut, puzzles: Mapping[str, Seen], over: Spread[Any, Any]) -> dict[str, Seen]:
    """Return these puzzles by id, with the traces of washed copies added; arguments as in :func:`looked_at`."""
    work = [(stripe, puzzles) for stripe in cut.work(frozenset(puzzles))]
    return {puzzle.id: puzzle for batch in over(_wash, work) for puzzle in batch}


def _look(stripe: Stripe) -> list[tuple[int, Key, Seen]]:
    return [(number, key_of(row), look(row, media_of(row))) for number, row in stripe.rows()]


def _wash(work: tuple[Stripe, Mapping[str, Seen]]) -> list[Seen]:
    stripe, puzzles = work
    return [with_washed(puzzles[row["id"]], row) for _, row in stripe.rows()]


def key_of(row: Row) -> Key:
    """The task and parameters of a row; puzzles with the same key are probed together."""
    return row["extra_info"]["task"], row["extra_info"]["params"]
