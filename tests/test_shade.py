"""Each tile gets its own lighting."""

from __future__ import annotations

import numpy as np
from PIL import Image

from puzzlegen.media.shade import shaded
from puzzlegen.rng import rng_for

GREY = Image.new("RGB", (90, 60), (100, 100, 100))


def values(tile: Image.Image) -> np.ndarray:
    return np.asarray(tile, dtype=np.float64)


def test_no_shade_changes_nothing_and_draws_nothing() -> None:
    rng = rng_for("none")
    assert shaded([GREY], rng, 0) == [GREY]
    assert rng.bits(32) == rng_for("none").bits(32)


def test_each_tile_has_a_light_of_its_own_that_changes_slowly() -> None:
    first, second = (values(tile) for tile in shaded([GREY, GREY], rng_for("own"), 0.45))
    assert first.shape == (60, 90, 3)
    assert np.abs(first - second).mean() > 5
    assert max(np.abs(np.diff(first, axis=axis)).max() for axis in (0, 1)) <= 8
    assert np.ptp(first, axis=(0, 1)).min() > 10


def test_lights_darken_as_much_as_they_brighten() -> None:
    tiles = shaded([GREY] * 200, rng_for("both"), 0.3)
    assert abs(np.log(np.stack([values(tile) for tile in tiles]) / 100).mean()) < 0.02


def test_more_shade_changes_more() -> None:
    change = [np.abs(values(shaded([GREY], rng_for("more"), shade)[0]) - 100).mean() for shade in (0.1, 0.3, 0.6)]
    assert change == sorted(change)
    assert change[0] > 0
