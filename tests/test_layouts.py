"""Arrangements and swaps: the right option has the best matching tile sides no more often than by chance."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
from conftest import recipe_with
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import cut_apart
from puzzlegen.media.joins import SIDE, UNIT, sides_of
from puzzlegen.media.layouts import Looks, alone
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Item, Puzzle, Rejection
from puzzlegen.rng import Rng, rng_for
from puzzlegen.scenes import render_image
from puzzlegen.tasks.arrangement import Arrangement
from puzzlegen.tasks.swap import Pair, Swap, _swap_pair

N = 9
DRAWS = 40
TASK = Arrangement()
SWAP = Swap(rows=3, cols=3)
SCENES = [render_image(rng_for("layouts", k)) for k in range(16)]
TILES = [cut_apart(scene, 3, 3, 0.3, 1, rng_for("cut", k)) for k, scene in enumerate(SCENES)]


ITEM = OpenItem(
    Item("p", "image"), lambda _: io.BytesIO(), recipe_with([{"task": "arrangement"}]).media, rng_for("clean")
)


class Fixed(Looks):
    """Looks with a known score: the number of tiles in their own places."""

    def __init__(self, *_: object) -> None: ...

    def of(self, order: Sequence[int]) -> float:
        return sum(place == tile for place, tile in enumerate(order))


def rank(looks: Looks, orders: list[list[int]]) -> int:
    own, *others = map(looks.of, orders)
    return sum(other > own for other in others)


def ranks(looks: Looks, rng: Rng) -> Counter[int]:
    """Count the ranks of the right order by looks, over the draws that give orders."""
    found = [TASK._draw_ranked_orders(looks, rng) for _ in range(DRAWS)]
    return Counter(rank(looks, orders) for orders in found if orders)


def test_the_right_one_looks_best_as_often_as_worst() -> None:
    chosen, any_drawn = Counter[int](), Counter[int]()
    for k, tiles in enumerate(TILES):
        looks, rng = Looks(tiles, 3), rng_for("orders", k)
        chosen += ranks(looks, rng)
        any_drawn += Counter(rank(looks, TASK._draw_orders(rng)) for _ in range(DRAWS))
    assert chosen.total() > DRAWS * len(TILES) / 3
    assert all(0.2 < chosen[k] / chosen.total() < 0.3 for k in range(4))
    assert any_drawn[0] > 1.5 * any_drawn[3]


@pytest.mark.slow
def test_the_right_exchange_looks_best_as_often_as_worst(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Counter[int]()
    for k, tiles in enumerate(TILES):
        monkeypatch.setattr("puzzlegen.tasks.swap.told_apart", lambda *_, tiles=tiles, **__: (tiles, 1.0))
        for draw in range(DRAWS):
            rng = rng_for("swap", k, draw)
            right, *others = rng.shuffled(SWAP._pairs())
            shown, wrong, _ = SWAP._cut_tiles(ITEM, right, others, rng)
            looks, lie = Looks(shown, 3), _swap_pair(range(N), right)
            found[rank(looks, [_swap_pair(lie, pair) for pair in (right, *wrong)])] += 1
    assert all(0.1 < found[k] / found.total() < 0.25 for k in range(6))


def test_beside_the_original_four_tiles_are_cut_until_their_sides_mislead(monkeypatch: pytest.MonkeyPatch) -> None:
    task, rng, ranks_by_cut = Swap(reference=True), rng_for("four"), list[int]()

    def split(_: Looks, __: int, ___: Pair, wrong: list[Pair]) -> tuple[list[Pair], list[Pair]]:
        """Let the right pair look best in seven of ten cuts."""
        ranks_by_cut.append(0 if rng.below(10) < 7 else 1 + rng.below(5))
        return wrong[: ranks_by_cut[-1]], wrong[ranks_by_cut[-1] :]

    monkeypatch.setattr("puzzlegen.tasks.swap._split_by_looks", split)
    monkeypatch.setattr("puzzlegen.tasks.swap.told_apart", lambda *_, **__: (TILES[0][:4], float(len(ranks_by_cut))))
    found = Counter[int]()
    for _ in range(200):
        ranks_by_cut.clear()
        right, *others = rng.shuffled(task._pairs())
        _, wrong, number = task._cut_tiles(ITEM, right, others, rng)
        assert sorted(wrong) == sorted(others)
        found[ranks_by_cut[int(number)]] += 1
    assert 0.1 < found[0] / found.total() < 0.5


def test_only_the_first_cut_can_reject_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a later one is tried depends on the answer, and so would the rejection."""
    accepted, tried = 1, list[int]()

    def cut(*_: object, **__: object) -> tuple[list[Image.Image], float]:
        tried.append(1)
        if len(tried) > accepted:
            raise Unusable("interchangeable", "twins")
        return TILES[0], 1.0

    monkeypatch.setattr("puzzlegen.tasks.swap.Looks", Fixed)
    monkeypatch.setattr("puzzlegen.tasks.swap.told_apart", cut)
    assert isinstance(SWAP.model_copy(update={"reference": False}).make(ITEM, rng_for("fixed")), Puzzle)
    assert len(tried) > 1
    tried.clear()
    accepted = 0
    assert isinstance(SWAP.model_copy(update={"reference": False}).make(ITEM, rng_for("fixed")), Rejection)


def test_an_exchange_that_sides_always_tell_is_asked_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other pairs of the same image would be accepted, so rejecting this one would reveal the answer."""
    monkeypatch.setattr("puzzlegen.tasks.swap.Looks", Fixed)
    monkeypatch.setattr("puzzlegen.tasks.swap.told_apart", lambda *_, **__: (TILES[0], 1.0))
    made = SWAP.model_copy(update={"reference": False}).make(ITEM, rng_for("fixed"))
    assert isinstance(made, Puzzle)
    assert len(made.answer.spec.params["options"]) == 6


def test_more_than_four_tiles_hide_their_sides_unless_told_otherwise() -> None:
    assert (SWAP.gap, SWAP.level, SWAP.shade, SWAP.reference) == (0.4, 1, 0.7, True)
    assert (Swap().gap, Swap().level, Swap().shade, Swap().reference) == (0.3, 0.8, 0, False)
    own = Swap(rows=3, gap=0.1, reference=False)
    assert (own.gap, own.shade, own.reference) == (0.1, 0.7, False)


def test_what_sides_always_tell_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.tasks.arrangement.Looks", Fixed)
    monkeypatch.setattr("puzzlegen.tasks.arrangement.told_apart", lambda *_, **__: (TILES[0], 1.0))
    made = TASK.make(ITEM, rng_for("fixed"))
    assert isinstance(made, Rejection)
    assert made.reason == "telling"


@pytest.mark.parametrize("params", [{"gap": 0}, {"rows": 2, "cols": 2}])
def test_where_sides_can_do_nothing_but_tell_nothing_is_refused(
    params: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("puzzlegen.tasks.arrangement.Looks", Fixed)
    monkeypatch.setattr(
        "puzzlegen.tasks.arrangement.told_apart", lambda _, rows, cols, *__: (TILES[0][: rows * cols], 1.0)
    )
    assert isinstance(Arrangement(**params).make(ITEM, rng_for("fixed")), Puzzle)


def test_an_order_looks_as_its_joints_do() -> None:
    looks = Looks(TILES[0], 3)
    straight = looks.of(range(N))
    assert straight == int(straight)
    below = [[0, 1, 2, 3, 4, 5, 6, 7, 8], [3, 4, 5, 0, 1, 2, 6, 7, 8]]
    beside = [Looks(TILES[0], N).of(order) for order in below]
    assert beside[0] != beside[1]
    assert looks.of(below[0]) != looks.of(below[1])


def test_sides_are_told_by_how_rough_they_are() -> None:
    smooth = np.full((SIDE, SIDE, 3), 90, np.uint8)
    smooth[SIDE // 2] = 200
    rough = smooth.copy()
    rough[::4, -1] = rough[1::4, -1] = 255
    features = alone(sides_of(np.stack([smooth, rough])))
    right = features[0]
    assert (right[:3, 1] > right[:3, 0] + UNIT).all()
    assert np.array_equal(features, np.floor(features))
