"""The Ray engine on real clusters on this machine: dying nodes and workers, clusters of other processes, tokens.

Not part of the default run, because Ray is an extra of 240 MB, and each cluster takes about ten seconds to start.
"""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from typing import Any

import pytest
from conftest import MIXED, export_samples, recipe_with, tree_bytes
from hostile import many_scans

from puzzlegen.building import Share, Status, build
from puzzlegen.engines.ray import _check_reachable
from puzzlegen.errors import EngineError, OutputError
from puzzlegen.manifest import environment
from puzzlegen.recipe import Recipe

pytestmark = pytest.mark.ray
ray = pytest.importorskip("ray", reason='needs pip install "puzzlegen[ray]"')

STORE_BYTES = 80 << 20


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    source = {"kind": "samples", "images": 40, "videos": 6}
    return recipe_with(MIXED, source=source, splits={"validation": 0.3}, output={"shard_size": 4})


@pytest.fixture(scope="module")
def undisturbed(recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("local") / "out"
    build(recipe, out, workers=2)
    return tree_bytes(out)


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable tokens and usage reports, as clusters of tests are local."""
    for name, value in {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A cluster with a head without cores and two nodes of one core each."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE_BYTES})
    for _ in range(2):
        made.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
    monkeypatch.setenv("RAY_ADDRESS", made.address)
    yield made
    ray.shutdown()
    made.shutdown()


def _once_shards_are_done(out: Path, count: int, act: Any) -> threading.Thread:
    def watch() -> None:
        _until_shards_are_done(out, count)
        act()

    thread = threading.Thread(target=watch)
    thread.start()
    return thread


def _until_shards_are_done(out: Path, count: int) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and len(list(out.glob(".puzzlegen/shards/*.json"))) < count:
        time.sleep(0.02)


def test_a_killed_node_and_a_killed_worker_change_no_byte(
    cluster: Any, recipe: Recipe, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    killed: list[int] = []

    def kill_worker() -> None:
        for pid in _pids("ray::_work"):
            os.kill(pid, signal.SIGKILL)
            killed.append(pid)
            return

    def kill_node() -> None:
        node = cluster.list_all_nodes()[-1]
        cluster.remove_node(node, allow_graceful=False)
        killed.append(0)

    threads = [_once_shards_are_done(out, 2, kill_worker), _once_shards_are_done(out, 5, kill_node)]
    built = build(recipe, out, engine="ray")
    for thread in threads:
        thread.join()
    assert len(killed) == 2
    assert built.manifest is not None
    assert tree_bytes(out) == undisturbed


def test_a_driver_that_is_killed_is_resumed_on_ray(
    recipe: Recipe, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    """The local engine starts the build and Ray finishes it: both use the same folder, entries and bytes."""
    out = tmp_path / "out"
    build(recipe, out, workers=1, share=Share(0, 3))
    built = build(recipe, out, engine="ray", workers=1)
    assert built.manifest is not None
    assert 0 < built.made < len(built.manifest["shards"])
    assert tree_bytes(out) == undisturbed


def test_a_cluster_of_other_processes(
    recipe: Recipe, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``ray start`` is run as on two machines; the build runs in a separate process and uses RAY_ADDRESS."""
    ray_command = str(Path(sys.executable).with_name("ray"))
    port = 26_379
    address = f"127.0.0.1:{port}"
    common = ["--num-cpus", "1", "--object-store-memory", str(STORE_BYTES), "--block", "--disable-usage-stats"]
    head = [ray_command, "start", "--head", "--node-ip-address", "127.0.0.1", "--port", str(port)]
    head += ["--include-dashboard", "false", *common]
    started = [subprocess.Popen(head, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)]
    try:
        _until_reachable(address, started[0])
        node = [ray_command, "start", "--address", address, "--node-ip-address", "127.0.0.1", *common]
        started.append(
            subprocess.Popen(node, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        )
        monkeypatch.setenv("RAY_ADDRESS", address)
        out = tmp_path / "out"
        script = (
            "import sys, json\nfrom pathlib import Path\nfrom puzzlegen.building import build\n"
            "from puzzlegen.recipe import recipe_from_canonical\n"
            "canonical, source, out = json.loads(sys.argv[1])\n"
            "build(recipe_from_canonical(canonical, source), Path(out), engine='ray')\n"
        )
        source = recipe.source.model_dump(mode="json")
        arguments = json.dumps([recipe.canonical(), source, str(out)])
        subprocess.run([sys.executable, "-c", script, arguments], check=True, timeout=240)
        assert tree_bytes(out) == undisturbed
    finally:
        for process in reversed(started):
            os.killpg(process.pid, signal.SIGTERM)
        for process in started:
            process.wait(120)


def _until_reachable(address: str, head: subprocess.Popen[bytes]) -> None:
    health = [str(Path(sys.executable).with_name("ray")), "health-check", "--address", address]
    deadline = time.monotonic() + 90
    while subprocess.run(health, capture_output=True, check=False).returncode != 0:
        assert head.poll() is None, "ray start --head ended"
        assert time.monotonic() < deadline, "the head does not answer"
        time.sleep(0.5)


def test_an_item_that_takes_too_long_costs_itself_alone(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    export_samples(folder, images=3)
    many_scans(folder / "slow.jpg", 3000)
    settings: dict[str, Any] = {"source": {"kind": "folder", "path": str(folder)}, "media": {"time_limit_s": 2}}
    recipe = recipe_with([{"task": "rotation", "reference": True}], **settings)
    build(recipe, tmp_path / "local", workers=1)
    built = build(recipe, tmp_path / "ray", engine="ray", workers=1)
    assert built.manifest is not None
    assert built.manifest["rejected"] == {"rotation": {"too_slow": 1}}
    assert tree_bytes(tmp_path / "ray") == tree_bytes(tmp_path / "local")


def test_an_unreachable_cluster_is_one_line(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "127.0.0.1:1")
    with pytest.raises(EngineError, match=r"cannot use the Ray cluster at '127\.0\.0\.1:1': .*RAY_AUTH_MODE"):
        build(recipe, tmp_path / "out", engine="ray")


@pytest.mark.parametrize("address", ["[::1]:1", "ray://[::1]:1", "::1:1"])
def test_an_ipv6_address_is_knocked_at(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def connected(place: tuple[str, int], _: float) -> io.BytesIO:
        seen.append(place)
        return io.BytesIO()

    monkeypatch.setattr("socket.create_connection", connected)
    _check_reachable(address)
    assert seen == [("::1", 1)]


def test_a_node_with_other_versions_is_refused(recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.engines.ray.environment", lambda recipe: environment(recipe) | {"pillow": "1.0"})
    with pytest.raises(OutputError, match=r"a node would give other bytes: it has pillow \S+ for 1\.0"):
        build(recipe, tmp_path / "out", engine="ray", workers=1)


@pytest.mark.usefixtures("cluster")
def test_an_interrupted_build_leaves_no_work_behind(
    recipe: Recipe, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out = tmp_path / "out"

    def interrupt(status: Status) -> None:
        if status.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(recipe, out, engine="ray", report=interrupt)
    deadline = time.monotonic() + 30
    while left := _pids("ray::_work"):
        assert time.monotonic() < deadline, left
        time.sleep(0.1)
    assert build(recipe, out, engine="ray").manifest is not None
    assert tree_bytes(out) == undisturbed


def test_nodes_killed_at_twenty_moments_change_no_byte(cluster: Any, tmp_path: Path) -> None:
    """In each of four builds, one of two nodes is killed five times and replaced by a new one."""
    export_samples(tmp_path / "media", images=20)
    source = {"kind": "folder", "path": str(tmp_path / "media")}
    recipe = recipe_with(MIXED[:1], source=source, output={"shard_size": 1})
    undisturbed = build(recipe, tmp_path / "undisturbed", workers=2).manifest
    assert undisturbed is not None
    shards, expected = len(undisturbed["shards"]), tree_bytes(tmp_path / "undisturbed")
    moments = Random(7)
    for k in range(4):
        out = tmp_path / str(k)
        # Ray can add nodes only in the main thread, so the build runs in another one.
        with ThreadPoolExecutor(1) as thread:
            building = thread.submit(build, recipe, out, engine="ray")
            for j in range(5):
                _until_shards_are_done(out, (4 * j + k) * (shards - 2) // 20)
                time.sleep(moments.uniform(0, 0.5))
                cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
                print(f"killed after {len(list(out.glob('.puzzlegen/shards/*.json')))} of {shards}")  # noqa: T201
                cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES)
            assert building.result().manifest is not None
        assert tree_bytes(out) == expected
        print("equal bytes")  # noqa: T201 - shown with -s


def _pids(title: str) -> list[int]:
    found = subprocess.run(["pgrep", "-f", title], capture_output=True, text=True, check=False)
    return [int(pid) for pid in found.stdout.split()]
