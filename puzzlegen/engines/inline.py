"""Shards in this process, one after the other, for what no other process can reach. Nothing limits an item's time."""

from __future__ import annotations

from collections import deque
from typing import Any

from puzzlegen.engines import Progress
from puzzlegen.shard import Job, build_shard


class Inline:
    """Builds one shard each time it is waited for."""

    def __init__(self) -> None:
        self._jobs: deque[Job] = deque()
        self._counts = [0] * len(Progress._fields)

    @property
    def room(self) -> int:
        """One job at a time."""
        return 1 - len(self._jobs)

    def submit(self, job: Job) -> None:
        """Queue a job."""
        self._jobs.append(job._replace(lane=0))

    def wait(self, seconds: float) -> list[dict[str, Any]]:  # noqa: ARG002 - a shard takes as long as it takes
        """The entry of the job in the queue."""
        return [build_shard(self._jobs.popleft(), self._counts)] if self._jobs else []

    def progress(self) -> Progress:
        """What has been done so far."""
        return Progress(*self._counts)

    def close(self) -> None:
        """Forget what was queued."""
        self._jobs.clear()
