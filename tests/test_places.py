"""Tiles that have a place, and those that have none."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media.image import ImageSettings, clean_image
from puzzlegen.media.places import distinct, seen
from puzzlegen.media.scaled import unscaled
from puzzlegen.records import Item
from puzzlegen.rng import rng_for
from puzzlegen.sources.samples import Samples


@cache
def scene() -> Image.Image:
    source = Samples(images=12, videos=0)
    item = list(source.items())[11]
    assert isinstance(item, Item)
    with source.open(item) as file:
        return clean_image(file.read(), rng_for(1, "image-000011"), ImageSettings()).pixels()


def refused(picture: Image.Image, rows: int = 3, cols: int = 3) -> str:
    with pytest.raises(Unusable) as no:
        distinct(seen(unscaled(picture), rows, cols))
    return no.value.reason


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
    assert refused(picture) == "interchangeable"


def test_an_empty_place_is_flat() -> None:
    picture = scene().copy()
    picture.paste((90, 120, 160), (0, 0, picture.width // 3, picture.height // 3))
    assert refused(picture) == "flat"
