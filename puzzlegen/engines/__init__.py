"""Engines: where shards are built. One file per engine; all give the same bytes."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from puzzlegen.shard import Job


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
