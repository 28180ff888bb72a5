"""Builds shards in this process, one after the other, for data that no other process can reach.

Items have no time limit here.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from puzzlegen.engines import Progress
from puzzlegen.shard import Job, build_shard


class Inline:
    """Builds one shard in each call of :meth:`wait`."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._counts = [0] * len(Progress._fields)

    @property
    def room(self) -> int:
        """Room for one job at a time."""
        return 1 - len(self._jobs)

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.append(job._replace(lane=0))

    def wait(self, seconds: float) -> list[dict[str, Any]]:  # noqa: ARG002 - a shard cannot be interrupted
        """Build the queued shard and return its entry."""
        return [build_shard(self._jobs.popleft(), self._counts)] if self._jobs else []

    def progress(self) -> Progress:
        """Return what has been done so far."""
        return Progress(*self._counts)

    def close(self) -> None:
        """Drop the queued job."""
        self._jobs.clear()
