"""Tiles are cut so that joining those whose sides match does not restore the image."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.cuts import cut_apart
from puzzlegen.media.joins import SIDE, Joints, joints
from puzzlegen.media.tiles import cut
from puzzlegen.rng import rng_for
from puzzlegen.scenes import render_image

GRID = 3
N = GRID * GRID
SCENES = [render_image(rng_for("cuts", k)) for k in range(6)]


def found(tiles: list[Image.Image]) -> Joints:
    small = [np.asarray(tile.resize((SIDE, SIDE), Image.Resampling.BOX)) for tile in tiles]
    return joints(np.stack(small), np.arange(len(tiles)))


def order_score(order: Sequence[int], cols: int, scores: Joints) -> int:
    """Return how well the tiles of an order join: the sum over its joints."""
    grid = np.array(order).reshape(-1, cols)
    return int(scores.beside[grid[:, :-1], grid[:, 1:]].sum() + scores.below[grid[:-1], grid[1:]].sum())


def beyond_strangers(tiles: list[Image.Image]) -> float:
    """Return how much the score of the true order exceeds that of as many joints between arbitrary tiles."""
    scores, n = found(tiles), len(tiles)
    side = math.isqrt(n)
    other = ~np.eye(n, dtype=bool)
    usual = sum(float(table[other].mean()) for table in scores) * side * (side - 1)
    return order_score(range(n), side, scores) - usual


def test_true_neighbours_go_together_best_where_nothing_is_left_out() -> None:
    orders = [range(N), *(rng_for(k).permutation(N) for k in range(60))]
    for picture in SCENES:
        joins = found(cut(picture, GRID, GRID, 0, rng_for("cut")))
        assert int(np.argmax([order_score(order, GRID, joins) for order in orders])) == 0


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


def test_cuts_of_few_places_fit_neither_better_nor_worse_than_strangers() -> None:
    beyond = [beyond_strangers(cut_apart(p, 2, 2, 0.3, 0, rng_for("few", k))) for k, p in enumerate(SCENES)]
    plain = [beyond_strangers(cut(p, 2, 2, 0.3, rng_for("few", k))) for k, p in enumerate(SCENES)]
    assert abs(np.mean(beyond)) < 0.5 * np.mean(plain)


def framed(plain: tuple[int, ...]) -> Image.Image:
    """Return a scene of nine places; the given ones are plain, except for a frame each that no cut shows whole."""
    pixels = np.asarray(SCENES[0].resize((900, 900))).copy()
    for place in plain:
        y, x = 300 * (place // GRID), 300 * (place % GRID)
        pixels[y : y + 300, x : x + 300] = 40 * place
        pixels[y + 4 : y + 296, x + 4 : x + 296] = 120
    return Image.fromarray(pixels)


def test_tiles_that_show_the_same_are_refused_though_their_places_differ() -> None:
    assert len(cut_apart(framed(()), GRID, GRID, 0.25, 0.8, rng_for("twins"))) == N
    with pytest.raises(Unusable, match="two tiles, as shown, differ by 0") as refused:
        cut_apart(framed((2, 5)), GRID, GRID, 0.4, 0.8, rng_for("twins"))
    assert refused.value.reason == "interchangeable"
