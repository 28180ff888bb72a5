"""Engines: where shards are built, one file per engine. All produce the same bytes."""

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
    """Runs jobs and returns their entries in any order."""

    @property
    def room(self) -> int:
        """How many more jobs may be submitted now."""

    def submit(self, job: Job) -> None:
        """Start a job, or queue it."""

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Return the entries of the jobs that ended, after at most ``seconds``; raise what a job raised."""

    def progress(self) -> Progress:
        """Return what has been done so far, including shards still being built where the engine can tell."""

    def close(self) -> None:
        """Stop at once; running jobs are lost."""


def open_engine(name: str, workers: int | None, jobs: int) -> Engine:
    """Return the engine of that name, ready for work.

    Args:
        name: one of ``ENGINES``, or ``inline`` for data that only this process can reach.
        workers: number of processes or tasks at once; all usable cores if None.
        jobs: number of jobs to come; the local engine starts no more workers than that.

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
