"""Builds shards as tasks of a Ray cluster: the cluster named by ``RAY_ADDRESS``, else one of this machine's cores.

A task gets a job and returns the shard's entry, a few kilobytes; media go to the output folder, never through Ray. The
folders of the output and of the source must have the same path on every node. Ray runs a task again if its worker or
node died. Until its files are renamed to their final paths, a task writes under unique names, so two runs of one shard
never collide. The shard itself is built in a child process of Ray's worker, which can be killed if an item takes too
long.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
import uuid
from functools import cache
from pathlib import Path
from typing import Any, Final

from puzzlegen.engines import Engine, Progress, open_engine
from puzzlegen.errors import EngineError, OutputError, PuzzlegenError
from puzzlegen.files import is_url
from puzzlegen.manifest import environment
from puzzlegen.shard import Job

_RETRIES: Final = 3
_JOBS_PER_CORE: Final = 2
_CONNECT_TIMEOUT_S: Final = 20
_POLL_S: Final = 1.0
_AUTH_HINT: Final = (
    "a cluster with tokens wants RAY_AUTH_MODE=token and its token in RAY_AUTH_TOKEN or the file RAY_AUTH_TOKEN_PATH; "
    "one without wants RAY_AUTH_MODE=disabled"
)


class Ray:
    """Ray tasks of one core each.

    Args:
        workers: most tasks that run at once; all cores of the cluster if None.

    Raises:
        EngineError: Ray is not installed, or the cluster does not answer.
    """

    def __init__(self, workers: int | None) -> None:
        self._ray = _import_ray()
        self._owns_cluster = not self._ray.is_initialized()
        if self._owns_cluster:
            _connect(self._ray, workers)
        self._workers = workers
        self._task = self._ray.remote(num_cpus=1, max_retries=_RETRIES)(_work)
        self._running: dict[Any, Job] = {}
        self._done = Progress(0, 0, 0)

    @property
    def room(self) -> int:
        """Room for two tasks per core of the cluster, one running and one waiting; at least one, to make it grow."""
        cores = max(1, int(self._ray.cluster_resources().get("CPU", 0)))
        return max(0, _JOBS_PER_CORE * min(cores, self._workers or cores) - len(self._running))

    def submit(self, job: Job) -> None:
        """Submit a job to the cluster."""
        self._running[self._task.remote(job, str(Path.cwd()), environment(job.recipe))] = job

    def wait(self, seconds: float) -> list[dict[str, Any]]:
        """Return the entries of the tasks that ended.

        Raises:
            OutputError: a shard's worker died again and again.
            EngineError: the cluster is lost.
            PuzzlegenError: a job raised it.
        """
        done, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=seconds)
        entries = []
        for task in done:
            entries.append(self._get_entry(task))
            del self._running[task]
        for entry in entries:
            kept, rejected = sum(entry["kept"].values()), len(entry["rejections"])
            self._done = Progress(*map(sum, zip(self._done, (len(entry["sources"]), kept, rejected), strict=True)))
        return entries

    def _get_entry(self, task: Any) -> dict[str, Any]:  # noqa: ANN401 - Ray's reference
        failures = self._ray.exceptions
        try:
            entry: dict[str, Any] = self._ray.get(task)
        except failures.RayTaskError as err:
            raise (err.cause if isinstance(err.cause, PuzzlegenError) else err) from None
        except (failures.WorkerCrashedError, failures.NodeDiedError, failures.OutOfMemoryError) as err:
            raise OutputError(
                f"the worker of {self._running[task].shard.name} died {_RETRIES + 1} times; if memory was short, use a "
                "smaller output.shard_size, then run the same command again"
            ) from err
        except failures.RayError as err:
            raise EngineError(f"Ray lost {self._running[task].shard.name}: {_first_line(err)}") from err
        return entry

    def progress(self) -> Progress:
        """Return the sums over the finished shards; shards still being built are not counted."""
        return self._done

    def close(self) -> None:
        """End the running tasks; a cluster that was there before is left as it was."""
        if self._owns_cluster:
            # Ray ends the tasks of a driver that disconnects. Cancelling a task while its result is under way makes Ray
            # end this process silently (issue 54846 of ray-project/ray), before its own error is shown.
            self._ray.shutdown()
            return
        for task in self._running:
            with contextlib.suppress(self._ray.exceptions.RayError):
                self._ray.cancel(task, force=True)


def _import_ray() -> Any:  # noqa: ANN401 - a module without types
    try:
        import ray  # noqa: PLC0415 - 0.8 s, only for its users
        import ray.exceptions  # noqa: PLC0415
    except ModuleNotFoundError as err:
        raise EngineError('--engine ray needs Ray: pip install "puzzlegen[ray]"') from err
    return ray


def _connect(ray: Any, workers: int | None) -> None:  # noqa: ANN401
    address = os.environ.get("RAY_ADDRESS")
    local_options: dict[str, Any] = {"num_cpus": workers, "include_dashboard": False}
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        if address:
            _check_reachable(address)
        # "local" always starts a cluster of its own, even if another one runs on this machine.
        ray.init(address or "local", log_to_driver=False, logging_level="ERROR", **({} if address else local_options))
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError, SystemExit) as err:
        where = f"the Ray cluster at '{address}'" if address else "a Ray cluster on this machine"
        raise EngineError(f"cannot use {where}: {_first_line(err)}; {_AUTH_HINT}") from err


def _check_reachable(address: str) -> None:
    """Raise OSError if the address does not answer: Ray itself would try for minutes, then end the process."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdecimal():
        # Brackets separate an IPv6 address from its port and are not part of it.
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_TIMEOUT_S).close()


def _first_line(err: BaseException) -> str:
    return (str(err).strip() or type(err).__name__).splitlines()[0]


def _work(job: Job, folder: str, versions: dict[str, str]) -> dict[str, Any]:
    """On a node: build the shard as the driver would, in the driver's working directory."""
    with contextlib.suppress(FileNotFoundError):  # absolute paths work without it
        os.chdir(folder)
    if (node_versions := environment(job.recipe)) != versions:
        differing = [
            f"{name} {node_versions.get(name)} for {value}"
            for name, value in versions.items()
            if node_versions.get(name) != value
        ]
        raise OutputError(
            f"a node would give other bytes: it has {', '.join(differing)}; install the same versions on every node"
        )
    if is_url(job.out):
        with tempfile.TemporaryDirectory(prefix="puzzlegen-") as temp_dir:
            return _build_in_child(job._replace(workplace=temp_dir))
    return _build_in_child(job._replace(workplace=str(Path(job.workplace) / uuid.uuid4().hex)))


@cache
def _child_engine() -> Engine:
    """Return this worker's child process, kept from task to task because starting one takes a second."""
    return open_engine("local", 1, 1)


def _build_in_child(job: Job) -> dict[str, Any]:
    """Build the shard in a child process. A child that hangs on an item is ended; the next one leaves the item out."""
    try:
        _child_engine().submit(job)
        entries: list[dict[str, Any]] = []
        while not entries:
            entries = _child_engine().wait(_POLL_S)
    except BaseException:
        _child_engine().close()
        _child_engine.cache_clear()
        raise
    return entries[0]
