"""Plans have exact quotas, splits by item, and shards that are known before work starts."""

from __future__ import annotations

import gc
import io
from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, BinaryIO, Literal

import pyarrow.parquet as pq
import pytest
from conftest import recipe_with
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reference_plan import reference

from puzzlegen import listing, planned, quota
from puzzlegen.building import build
from puzzlegen.errors import SourceError
from puzzlegen.finder import Finder
from puzzlegen.plan import make_plan, picks, split_of
from puzzlegen.records import Item, Skipped
from puzzlegen.sources import Source

TWO = [{"task": "rotation", "weight": 3}, {"task": "position", "weight": 1}]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=5), st.integers(1, 7), st.integers(1, 60))
def test_quotas_are_exact_and_every_item_gets_its_number(weights: list[int], per_item: int, items: int) -> None:
    tasks = [{"task": "jigsaw", "rows": k + 2, "cols": 2, "weight": float(w)} for k, w in enumerate(weights)]
    recipe = recipe_with(tasks, per_item=per_item)
    drawn: Counter[int] = Counter()
    for rank in range(items):
        mine = picks(recipe, "image", rank, items)
        assert len(mine) == len(set(mine)) == per_item
        drawn.update(pick.task for pick in mine)
    for k, weight in enumerate(weights):
        assert abs(drawn[k] - Fraction(items * per_item * weight, sum(weights))) <= 1


class Rows(Source):
    """A source of given entries."""

    kind: Literal["rows"] = "rows"
    rows: tuple[Item | Skipped, ...] = ()

    def items(self) -> Iterator[Item | Skipped]:
        yield from self.rows

    def open(self, item: Item) -> BinaryIO:  # noqa: ARG002
        return io.BytesIO()


NAMES = st.text("abé", min_size=1, max_size=2)
ITEMS = st.builds(
    Item,
    NAMES,
    st.sampled_from(["image", "video", "graph"]),
    group=st.sampled_from(["", "", "g", "h"]),
    bundle=st.sampled_from(["", "", "p", "q"]),
    qa=st.sampled_from(["", '{"a":1}']),
    size=st.just(0),
    licence=st.sampled_from(["", "MIT"]),
    stamp=st.integers(0, (1 << 63) - 1),
    at=st.just(""),
)
ENTRIES = st.lists(st.one_of(ITEMS, ITEMS, ITEMS, st.builds(Skipped, NAMES, st.just("hidden"))), max_size=60)
WEIGHTS = st.sampled_from([0.1, 0.3333, 1.0, 2.0, 17.0, 1e6, 1e-5])
KINDS = ("rotation", "position", "contrastive", "arrow_of_time", "frame_order")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    entries=ENTRIES,
    tasks=st.lists(st.sampled_from(KINDS), min_size=1, max_size=5, unique=True),
    weights=st.lists(WEIGHTS, min_size=5, max_size=5),
    held_out=st.lists(st.sampled_from([(), (), ("train",), ("test", "dev")]), min_size=5, max_size=5),
    per_item=st.sampled_from(["all", 1, 2, 5]),
    shard_size=st.sampled_from([1, 3, 7, 1000]),
    form=st.sampled_from(["parquet", "webdataset"]),
    limit=st.sampled_from([None, None, 7]),
)
def test_a_plan_is_what_working_it_out_item_by_item_gives(
    monkeypatch: pytest.MonkeyPatch,
    entries: list[Item | Skipped],
    tasks: list[str],
    weights: list[float],
    held_out: list[tuple[str, ...]],
    per_item: object,
    shard_size: int,
    form: str,
    limit: int | None,
) -> None:
    """The plan does not depend on the size of internal parts, also with repeated names, bundles and groups."""
    for module, name, value in (
        (listing, "_PART_ROWS", 7),
        (listing, "_SPAN_BYTES", 2000),
        (listing, "_SPAN_NAMES", 9),
        (planned, "_ROWS", 5),
        (quota, "_WINDOW", 1),
    ):
        monkeypatch.setattr(module, name, value)
    said: list[dict[str, Any]] = [
        {"task": task, "weight": weight, **({"splits": list(splits)} if splits else {})}
        for task, weight, splits in zip(tasks, weights, held_out, strict=False)
    ]
    output = {"shard_size": shard_size, "format": form}
    recipe = recipe_with(said, splits={"test": 0.3, "dev": 0.2}, per_item=per_item, output=output)
    recipe = recipe.model_copy(update={"source": Rows(rows=tuple(entries))})
    wanted = reference(recipe, limit)
    if not wanted.shards:
        with pytest.raises(SourceError, match="the source has no"):
            make_plan(recipe, limit)
        return
    plan = make_plan(recipe, limit)
    found = [(s.name, [(item, [tuple(p) for p in picks]) for item, picks in s.work], s.files) for s in plan.shards()]
    assert found == wanted.shards
    assert list(plan.skipped) == wanted.skipped
    assert [plan.name(k) for k in range(len(plan))] == [name for name, _, _ in wanted.shards]
    for group in plan.groups:
        taken = Counter(p.task for rank in range(len(group.items)) for p in group.quota.picks(rank))
        assert +taken == +group.quota.totals()
    assert plan.items == sum(len(work) for _, work, _ in wanted.shards)
    for k in range(plan.items):
        number, rank, item = plan.at(k)
        assert plan.shard(number).work[rank][0] == item
    finder = Finder(plan)
    item = plan.shard(0).work[0][0]
    assert finder.item(item.id) == item
    assert finder.item("no such name") is None


def test_an_item_without_a_task_for_its_split_counts_once(tmp_path: Path) -> None:
    recipe = recipe_with([{"task": "rotation", "splits": ["train"]}], source=_samples(12), splits={"test": 0.5})
    rejected = make_plan(recipe).skipped.reasons["no_task_for_split"]
    assert 0 < rejected < 12
    manifest = build(recipe, tmp_path / "out", workers=1).manifest
    assert manifest is not None
    assert manifest["source"]["items"] == 12 - rejected
    assert manifest["rejected"][""] == {"no_task_for_split": rejected}


def test_the_listing_digest_does_not_hang_on_how_it_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = recipe_with(TWO, source=_samples(40), splits={"test": 0.3})
    whole = make_plan(recipe)
    monkeypatch.setattr(listing, "_SPAN_BYTES", 900)
    monkeypatch.setattr(listing, "_PART_ROWS", 3)
    assert make_plan(recipe).listing == whole.listing
    assert make_plan(recipe_with(TWO, source=_samples(41), splits={"test": 0.3})).listing != whole.listing


def test_a_temporary_plan_is_deleted_with_it_and_a_named_one_stays(tmp_path: Path) -> None:
    plan = make_plan(recipe_with(TWO))
    place = plan._folder.path
    assert sorted(path.name for path in place.iterdir()) == ["image-train.parquet", "skipped.parquet"]
    del plan
    gc.collect()
    assert not place.exists()
    assert make_plan(recipe_with(TWO), None, tmp_path).items == 4
    assert pq.read_table(tmp_path / "image-train.parquet").num_rows == 4


def test_per_item_all_gives_each_item_every_task_that_accepts_it() -> None:
    recipe = recipe_with([*TWO, {"task": "arrow_of_time"}], variants=2)
    assert [tuple(pick) for pick in picks(recipe, "image", 0, 4)] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    assert [tuple(pick) for pick in picks(recipe, "video", 0, 4)] == [(2, 0), (2, 1)]


def test_more_items_move_no_item_to_another_split() -> None:
    recipe = recipe_with(TWO, splits={"validation": 0.2, "test": 0.1})
    found = Counter(split_of(recipe, f"item-{k}") for k in range(4000))
    assert abs(found["validation"] - 800) < 120
    assert abs(found["test"] - 400) < 90
    few, many = (
        make_plan(recipe_with(TWO, splits={"validation": 0.3}, source=s)) for s in (_samples(20), _samples(40))
    )
    where = {item.id: group.split for group in many.groups for item in group.items}
    assert all(where[item.id] == group.split for group in few.groups for item in group.items)


def _samples(images: int) -> dict[str, object]:
    return {"kind": "samples", "images": images, "videos": 0}


def test_no_file_is_planned_beyond_the_shard_size() -> None:
    recipe = recipe_with(TWO, source=_samples(23), output={"shard_size": 6})
    shards = list(make_plan(recipe).shards())
    assert [shard.name for shard in shards][:2] == [
        "image-train-00000-of-00004",
        "image-train-00001-of-00004",
    ]
    assert [len(shard.work) for shard in shards] == [6, 6, 6, 5]
    assert shards[0].files == {
        "image": "data/image/train-00000-of-00004",
        "multi_image": "data/multi_image/train-00000-of-00004",
    }


def test_limit_takes_a_prefix_of_the_same_order() -> None:
    recipe = recipe_with(TWO, source=_samples(12))
    whole, part = make_plan(recipe), make_plan(recipe, 5)
    assert list(part.groups[0].items) == whole.groups[0].items[:5]


def test_a_source_without_anything_fitting_is_refused() -> None:
    with pytest.raises(SourceError, match="no image"):
        make_plan(recipe_with(TWO, source={"kind": "samples", "images": 0, "videos": 2}))


def test_kinds_that_share_a_folder_share_its_numbering() -> None:
    """Images and frames of clips go into the same folder, and must not overwrite each other's files."""
    tasks = [{"task": "position"}, {"task": "frame_order"}, {"task": "arrow_of_time"}]
    recipe = recipe_with(tasks, source={"kind": "samples", "images": 5, "videos": 3}, output={"shard_size": 2})
    files = [file for shard in make_plan(recipe).shards() for file in shard.files.values()]
    assert len(files) == len(set(files))
    assert sorted(file for file in files if "multi_image" in file) == [
        f"data/multi_image/train-{k:05d}-of-00005" for k in range(5)
    ]
    assert {file.rpartition("-")[2] for file in files if "/video/" in file} == {"00002"}
