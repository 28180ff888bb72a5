"""Tiles whose place in the image is clear, and tiles for which it is not."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pytest
from conftest import recipe_with
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.image import ImageSettings, clean_image
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import distinct, seen
from puzzlegen.media.scaled import unscaled
from puzzlegen.media.sums import WINDOW, window_sums
from puzzlegen.records import Item, Puzzle, Rejection
from puzzlegen.rng import rng_for
from puzzlegen.sources.samples import Samples
from puzzlegen.tasks import Task
from puzzlegen.tasks.jigsaw import Jigsaw
from puzzlegen.tasks.swap import Swap
from puzzlegen.tasks.tile_relation import TileRelation


@cache
def scene(number: int = 11) -> Image.Image:
    source = Samples(images=12, videos=0)
    item = list(source.items())[number]
    assert isinstance(item, Item)
    with source.open(item) as file:
        return clean_image(file.read(), rng_for(1, f"image-{number:06}"), ImageSettings()).pixels()


def refused(picture: Image.Image, rows: int = 3, cols: int = 3, *, beside: bool = False) -> str:
    with pytest.raises(Unusable) as no:
        distinct(seen(unscaled(picture), rows, cols), beside=beside)
    return no.value.reason


@pytest.mark.parametrize("shape", [(31, 31), (3, 9, 31, 31), (2, 7, 20), (12, 7), (7, 7)])
def test_window_sums_are_those_of_every_window(shape: tuple[int, ...]) -> None:
    values = np.frombuffer(rng_for("windows").raw(int(np.prod(shape))), np.uint8).reshape(shape).astype(np.float32)
    windows = np.lib.stride_tricks.sliding_window_view(values, (WINDOW, WINDOW), axis=(-2, -1))
    assert np.array_equal(window_sums(values), windows.sum(axis=(-2, -1)))


def test_a_scene_has_places() -> None:
    assert distinct(seen(unscaled(scene()), 3, 3)) > 0
    assert distinct(seen(unscaled(scene()), 2, 2)) > 0


def test_a_texture_has_none() -> None:
    for cell in (1, 4, 12):
        values = np.frombuffer(rng_for("texture", cell).raw((432 // cell) * (324 // cell) * 3), np.uint8)
        dots = Image.fromarray(values.reshape(324 // cell, 432 // cell, 3)).resize((432, 324))
        assert refused(dots) == "interchangeable"
        assert refused(dots, 2, 2) == "interchangeable"


def test_two_equal_places_have_none() -> None:
    picture = scene().copy()
    width, height = picture.width // 3, picture.height // 3
    picture.paste(picture.crop((0, 0, width, height)), (2 * width, height))
    assert refused(picture) == refused(picture, beside=True) == "interchangeable"


def test_beside_the_picture_less_is_needed() -> None:
    less = scene(3)
    assert refused(less) == "interchangeable"
    assert distinct(seen(unscaled(less), 3, 3), beside=True) > 0


@pytest.mark.parametrize("task", [Jigsaw(), TileRelation(), Swap(rows=3, cols=3)])
def test_tasks_that_show_the_picture_ask_less(task: Task) -> None:
    buffer = io.BytesIO()
    scene(3).resize((1000, 750)).save(buffer, "PNG")
    media = recipe_with([{"task": "jigsaw"}]).media
    item = OpenItem(Item("scene.png", "image"), lambda _: io.BytesIO(buffer.getvalue()), media, rng_for("clean"))
    assert isinstance(task.make(item, rng_for("beside")), Puzzle)
    alone = task.model_copy(update={"reference": False}).make(item, rng_for("beside"))
    assert isinstance(alone, Rejection)
    assert alone.reason == "interchangeable"


def test_a_tile_without_a_mark_has_no_place_beside_the_picture() -> None:
    picture = scene()
    width, height = picture.width // 3, picture.height // 3
    ramp = Image.linear_gradient("L").resize((width, height)).point(lambda v: 100 + v // 8)
    assert distinct(seen(unscaled(picture), 3, 3), beside=True) > 0
    bare = picture.copy()
    bare.paste(ramp, (0, 0))
    assert seen(unscaled(bare), 3, 3).clear > 9.5
    assert refused(bare, beside=True) == "interchangeable"


def test_an_empty_place_is_flat() -> None:
    picture = scene().copy()
    picture.paste((90, 120, 160), (0, 0, picture.width // 3, picture.height // 3))
    assert refused(picture) == "flat"
