"""Plans: exact quotas, splits by item, shards that are known before work starts."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction

import pytest
from conftest import recipe_with
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzlegen.errors import SourceError
from puzzlegen.plan import make_plan, picks, split_of

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


def test_per_item_all_gives_each_item_every_task_that_accepts_it() -> None:
    recipe = recipe_with([*TWO, {"task": "arrow_of_time"}], variants=2)
    assert [tuple(pick) for pick in picks(recipe, "image", 0, 4)] == [(0, 0), (0, 1), (1, 0), (1, 1)]
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
    assert part.groups[0].items == whole.groups[0].items[:5]


def test_a_source_without_anything_fitting_is_refused() -> None:
    with pytest.raises(SourceError, match="no image"):
        make_plan(recipe_with(TWO, source={"kind": "samples", "images": 0, "videos": 2}))


def test_kinds_that_share_a_folder_share_its_numbering() -> None:
    """Frames of a clip shown as pictures lie beside pictures; neither may overwrite the other."""
    tasks = [{"task": "position"}, {"task": "frame_order"}, {"task": "arrow_of_time"}]
    recipe = recipe_with(tasks, source={"kind": "samples", "images": 5, "videos": 3}, output={"shard_size": 2})
    files = [file for shard in make_plan(recipe).shards() for file in shard.files.values()]
    assert len(files) == len(set(files))
    assert sorted(file for file in files if "multi_image" in file) == [
        f"data/multi_image/train-{k:05d}-of-00005" for k in range(5)
    ]
    assert {file.rpartition("-")[2] for file in files if "/video/" in file} == {"00002"}
