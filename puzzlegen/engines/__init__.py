"""Engines: where shards are built. One file per engine; all give the same bytes."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, Protocol

from puzzlegen.errors import EngineError
from puzzlegen.shard import Job
from puzzlegen.threads import usable_cores

ENGINES: Final = ("local", "ray")


class Progress(NamedTuple):
    """What the workers have done so far in this run."""

    items: int
    kept: int
    rejected: int


class Engine(Protocol):
    """Takes jobs and gives back their entries, in any order."""

    @property
    def room(self) -> int:
        """How many more jobs may be submitted now."""

    def submit(self, job: Job) -> None:
        """Start a job, or queue it."""

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Entries of the jobs that ended, after at most so many seconds; raises what a job raised."""

    def progress(self) -> Progress:
        """What has been done so far, shards in work included."""

    def close(self) -> None:
        """Stop at once; jobs in work are lost."""


def open_engine(name: str, workers: int | None, jobs: int) -> Engine:
    """The engine of that name, ready for work.

    Args:
        name: one of ``ENGINES``, or ``inline`` for what only this process can reach.
        workers: processes or tasks at once; all usable cores if None.
        jobs: how many there will be; no engine starts more workers.

    Raises:
        EngineError: there is no such engine, or it cannot be used.
    """
    if name == "local":
        from puzzlegen.engines.local import Local  # noqa: PLC0415 - engines import what they define here

        return Local(min(workers or usable_cores(), jobs))
    if name == "inline":
        from puzzlegen.engines.inline import Inline  # noqa: PLC0415

        return Inline()
    if name == "ray":
        from puzzlegen.engines.ray import Ray  # noqa: PLC0415

        return Ray(workers)
    raise EngineError(f"unknown engine '{name}'; known: {', '.join(ENGINES)}")
