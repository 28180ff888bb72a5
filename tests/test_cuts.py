"""Cuts and wrong options by which laying together what goes together does not restore a picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import cut_apart
from puzzlegen.media.joins import Joints, joints, shrunk
from puzzlegen.media.orders import order_scores, rivals
from puzzlegen.media.tiles import cut
from puzzlegen.rng import rng_for
from puzzlegen.scenes import render_image

GRID = 3
N = GRID * GRID
SCENES = [render_image(rng_for("cuts", k)) for k in range(6)]


def found(tiles: list[Image.Image]) -> Joints:
    return joints(shrunk(tiles), np.arange(len(tiles)))


def beyond_strangers(tiles: list[Image.Image]) -> float:
    """How much better the true neighbours go together than any two tiles do, by joint."""
    scores = found(tiles)
    other = ~np.eye(N, dtype=bool)
    usual = sum(float(table[other].mean()) for table in scores) * GRID * (GRID - 1)
    return float(order_scores(np.arange(N)[None], GRID, scores)[0]) - usual


def test_true_neighbours_go_together_best_where_nothing_is_left_out() -> None:
    orders = np.stack([np.arange(N), *(np.array(rng_for(k).permutation(N)) for k in range(60))])
    for picture in SCENES:
        scores = order_scores(orders, GRID, found(cut(picture, GRID, GRID, 0, rng_for("cut"))))
        assert int(scores.argmax()) == 0


def test_cuts_are_chosen_so_that_neighbours_are_as_strangers() -> None:
    plain = [beyond_strangers(cut(p, GRID, GRID, 0.3, rng_for("cut", k))) for k, p in enumerate(SCENES)]
    apart = [beyond_strangers(cut_apart(p, GRID, GRID, 0.3, 0, rng_for("cut", k))) for k, p in enumerate(SCENES)]
    assert np.mean(apart) < 0.5 * np.mean(plain)


def test_cuts_apart_are_of_one_size_and_too_small_ones_are_refused() -> None:
    tiles = cut_apart(SCENES[0], 2, 4, 0.3, 0.8, rng_for("size"))
    assert len(tiles) == 8
    assert {tile.size for tile in tiles} == {cut(SCENES[0], 2, 4, 0.3, rng_for("size"))[0].size}
    with pytest.raises(Unusable, match="need 28"):
        cut_apart(SCENES[0].resize((150, 150)), 6, 6, 0.3, 0.8, rng_for("small"))


@pytest.mark.parametrize("distance", [7, 9])
@pytest.mark.parametrize("better", [0, 2])
def test_rivals_are_as_many_better_and_worse_as_asked_and_equally_far(distance: int, better: int) -> None:
    noise = np.frombuffer(rng_for("noise").raw(2 * N * N), np.uint8).reshape(2, N, N).astype(np.int64)
    scores = Joints(*noise)
    wrong = rivals(scores, GRID, 3, distance, better, rng_for("rivals", better))
    orders = np.array([range(N), *wrong])
    assert len(orders) == 4
    assert {int((a != b).sum()) for k, a in enumerate(orders) for b in orders[:k]} == {distance}
    right, *others = order_scores(orders, GRID, scores)
    assert sum(other > right for other in others) == better
