"""The torch adapter yields every row once for any number of ranks and workers, and resumes where it stopped."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from itertools import chain, islice
from pathlib import Path
from typing import Any

import fsspec
import pytest
import torch.distributed as dist
from conftest import recipe_with
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader
from torchdata.stateful_dataloader import StatefulDataLoader

from puzzlegen.adapters.torch import Puzzles, collate
from puzzlegen.building import build
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.reading import files_of, manifest_of, read_rows

# Warnings about code that is not ours: torchdata 0.11 calls a deprecated function of torch, and DataLoader objects to
# three workers on a machine with fewer cores, where they are intended.
pytestmark = [
    pytest.mark.filterwarnings("ignore:'set_vital' is deprecated"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create"),
]


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Builds of text puzzles, which are fast to make: several files of different sizes, as Parquet and as tars."""
    folder = tmp_path_factory.mktemp("graphs")
    for form in ("parquet", "webdataset"):
        recipe = recipe_with(
            [{"task": "neighbours"}, {"task": "link"}],
            source={"kind": "graph", "graphs": 2},
            output={"format": form, "shard_size": 6},
        )
        build(recipe, folder / form, workers=1)
    return {form: folder / form for form in ("parquet", "webdataset")}


def ids_in(folder: Path) -> list[str]:
    return [row["id"] for file in files_of(manifest_of(folder)) for row in read_rows(folder / file["path"])]


def ids(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [row["id"] for row in rows]


def loader(puzzles: Puzzles, workers: int, kind: Any = DataLoader) -> Any:
    return kind(puzzles, batch_size=2, num_workers=workers, collate_fn=collate)


def test_the_build_has_several_files(graphs: dict[str, Path]) -> None:
    for folder in graphs.values():
        assert len(files_of(manifest_of(folder))) >= 3
        assert len(set(ids_in(folder))) == len(ids_in(folder)) >= 20


@pytest.mark.parametrize("form", ["parquet", "webdataset"])
@pytest.mark.parametrize("seed", [None, 3])
def test_every_row_once_for_any_world(graphs: dict[str, Path], form: str, seed: int | None) -> None:
    for world in (1, 2, 3, 5, 40):
        parts = [ids(Puzzles(graphs[form], "text", seed=seed, buffer=4, rank=r, world=world)) for r in range(world)]
        assert sorted(chain.from_iterable(parts)) == sorted(ids_in(graphs[form]))
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize(("world", "workers"), [(1, 2), (1, 3), (2, 2), (3, 2)])
def test_every_row_once_for_any_workers(graphs: dict[str, Path], world: int, workers: int) -> None:
    found: list[str] = []
    for rank in range(world):
        puzzles = Puzzles(graphs["parquet"], "text", seed=1, buffer=4, rank=rank, world=world)
        found += [puzzle_id for batch in loader(puzzles, workers) for puzzle_id in batch["id"]]
    assert sorted(found) == sorted(ids_in(graphs["parquet"]))


def test_the_order_is_that_of_the_seed_and_the_epoch(graphs: dict[str, Path]) -> None:
    built = ids_in(graphs["parquet"])
    assert ids(Puzzles(graphs["parquet"], "text")) == built
    puzzles = Puzzles(graphs["parquet"], "text", seed=1)
    first = ids(puzzles)
    assert first == ids(puzzles) == ids(Puzzles(graphs["parquet"], "text", seed=1)) != built
    assert ids(Puzzles(graphs["parquet"], "text", seed=2)) != first
    puzzles.set_epoch(1)
    second = ids(puzzles)
    assert second != first
    assert ids(Puzzles(graphs["parquet"], "text", seed=1, epochs=2)) == first + second
    endless = ids(islice(Puzzles(graphs["parquet"], "text", seed=1, epochs=None), 3 * len(first)))
    assert endless[: 2 * len(first)] == first + second


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_resuming_equals_not_having_stopped(graphs: dict[str, Path], data: st.DataObject) -> None:
    world = data.draw(st.integers(1, 3))
    arguments: dict[str, Any] = {
        "seed": data.draw(st.sampled_from([None, 5])),
        "buffer": data.draw(st.integers(1, 30)),
        "rank": data.draw(st.integers(0, world - 1)),
        "world": world,
        "epochs": 2,
    }
    whole = ids(Puzzles(graphs["parquet"], "text", **arguments))
    stop = data.draw(st.integers(0, len(whole) - 1))
    stream = Puzzles(graphs["parquet"], "text", **arguments)
    before = ids(islice(stream, stop))
    resumed = Puzzles(graphs["parquet"], "text", **arguments)
    resumed.load_state_dict(pickle.loads(pickle.dumps(stream.state_dict())))  # noqa: S301 - our own bytes
    after = ids(resumed)
    assert before == whole[:stop]
    # A resumed stream yields the rest of the epoch, not a whole epoch.
    assert after == whole[stop:]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [1, 4, 9])
def test_a_stateful_loader_resumes_mid_epoch(graphs: dict[str, Path], workers: int, stop: int) -> None:
    def fresh() -> Any:
        return loader(Puzzles(graphs["parquet"], "text", seed=1, buffer=4), workers, StatefulDataLoader)

    whole = [batch["id"] for batch in fresh()]
    stopped = fresh()
    before = [batch["id"] for batch in islice(iter(stopped), stop)]
    resumed = fresh()
    resumed.load_state_dict(stopped.state_dict())
    assert before + [batch["id"] for batch in resumed] == whole
    assert [batch["id"] for batch in resumed] == whole  # the next epoch is complete


def test_a_state_of_something_else_is_refused(graphs: dict[str, Path]) -> None:
    state = Puzzles(graphs["parquet"], "text").state_dict()
    with pytest.raises(PuzzlegenError, match=r"another rank, world, worker and workers: \[0, 1, 0, 1\], here \[1, 2"):
        Puzzles(graphs["parquet"], "text", rank=1, world=2).load_state_dict(state)
    with pytest.raises(PuzzlegenError, match="another build"):
        Puzzles(graphs["parquet"], "text").load_state_dict(state | {"content": "0"})
    for other in (Puzzles(graphs["parquet"], "text", seed=2), Puzzles(graphs["parquet"], "text", buffer=7)):
        with pytest.raises(PuzzlegenError, match="another seed and buffer"):
            other.load_state_dict(state)


def test_the_rank_is_that_of_torch_distributed(graphs: dict[str, Path], tmp_path: Path) -> None:
    dist.init_process_group("gloo", init_method=f"file://{tmp_path / 'meet'}", rank=0, world_size=1)
    try:
        assert Puzzles(graphs["parquet"], "text").state_dict()["split"] == [0, 1, 0, 1]
    finally:
        dist.destroy_process_group()


def test_it_streams_from_any_file_system(graphs: dict[str, Path]) -> None:
    memory = fsspec.filesystem("memory")
    memory.put(str(graphs["parquet"]), "/puzzles", recursive=True)
    assert ids(Puzzles("memory://puzzles", "text", seed=1)) == ids(Puzzles(graphs["parquet"], "text", seed=1))


def test_pictures_are_decoded_and_clips_left_as_they_are(mixed_build: Path) -> None:
    stored = {row["id"]: row for f in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / f["path"])}
    for row in Puzzles(mixed_build, "multi_image"):
        assert [picture.mode for picture in row["images"]] == ["RGB"] * 10
    for profile in ("image", "video"):
        for row in Puzzles(mixed_build, profile, decode=False):
            assert row == stored[row["id"]]


def test_mistakes_are_said(graphs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(PuzzlegenError, match="no puzzles of profile image in split train; it has text: train"):
        Puzzles(graphs["parquet"], "image")
    with pytest.raises(IntegrityError, match=r"has no manifest\.json"):
        Puzzles(tmp_path, "text")
    with pytest.raises(PuzzlegenError, match="rank=2 is not one of 0 to 1"):
        Puzzles(graphs["parquet"], "text", rank=2, world=2)
    with pytest.raises(PuzzlegenError, match="rank=1 and world=None: give both or neither"):
        Puzzles(graphs["parquet"], "text", rank=1)
    with pytest.raises(PuzzlegenError, match="buffer=0 holds no row"):
        Puzzles(graphs["parquet"], "text", buffer=0)


@pytest.mark.parametrize("workers", [0, 2])
def test_each_iteration_begins_anew(graphs: dict[str, Path], workers: int) -> None:
    puzzles = Puzzles(graphs["parquet"], "text", seed=1)
    begun = next(iter(puzzles))["id"]
    assert next(iter(puzzles))["id"] == begun
    for _ in loader(puzzles, workers):
        break
    for _ in range(2):
        shown = [name for batch in loader(puzzles, workers) for name in batch["id"]]
        assert sorted(shown) == sorted(ids_in(graphs["parquet"]))


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_that_is_set_reaches_workers_that_stay(graphs: dict[str, Path], workers: int) -> None:
    puzzles = Puzzles(graphs["parquet"], "text", seed=1)
    staying = DataLoader(
        puzzles, batch_size=2, num_workers=workers, collate_fn=collate, persistent_workers=bool(workers)
    )
    orders = []
    for epoch in (0, 1, 1):
        puzzles.set_epoch(epoch)
        orders.append([name for batch in staying for name in batch["id"]])
    assert orders[0] != orders[1] == orders[2]
    assert sorted(orders[0]) == sorted(orders[1])


def test_a_loaded_place_is_kept_for_its_own_epoch_only(graphs: dict[str, Path]) -> None:
    puzzles = Puzzles(graphs["parquet"], "text", seed=1)
    puzzles.set_epoch(3)
    rows = iter(puzzles)
    kept = ids(islice(rows, 5))
    state = puzzles.state_dict()
    rest = ids(rows)
    for epoch, want in ((3, rest), (4, None)):
        again = Puzzles(graphs["parquet"], "text", seed=1)
        again.load_state_dict(state)
        again.set_epoch(epoch)
        shown = ids(again)
        assert shown == want if want else len(shown) == len(kept) + len(rest)
