"""Images that are scaled on demand, and small versions made from the unscaled image."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
import pytest
from conftest import recipe_with, scene
from PIL import Image

from puzzlegen.errors import Unusable
from puzzlegen.media import scaled
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.scaled import ScaledImage, sketch_edges, sketch_of, unscaled
from puzzlegen.records import Item
from puzzlegen.rng import rng_for
from puzzlegen.tasks.jigsaw import Jigsaw
from puzzlegen.tasks.rotation import Rotation

BOX = (10, 21, 590, 461)
SIZE = (400, 304)


def test_a_small_version_shows_what_the_scaled_picture_does() -> None:
    picture = ScaledImage(scene(), BOX, SIZE)
    for box in (None, (0, 0, *SIZE), (120, 40, 380, 300), (399, 303, *SIZE)):
        of_scaled = picture.pixels().resize((16, 12), Image.Resampling.BOX, box=box)
        apart = np.abs(np.asarray(picture.shrunk((16, 12), box), np.float32) - np.asarray(of_scaled, np.float32))
        assert apart.mean() < 1
    assert picture.pixels().size == SIZE


def test_what_was_asked_for_before_changes_nothing() -> None:
    first, second = ScaledImage(scene(), BOX, SIZE), ScaledImage(scene(), BOX, SIZE)
    small, pixels = first.shrunk((16, 12)), second.pixels()
    assert first.pixels().tobytes() == pixels.tobytes()
    assert second.shrunk((16, 12)).tobytes() == small.tobytes()
    assert second.pixels() is pixels


def test_large_pictures_are_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    held = ScaledImage(scene(), BOX, SIZE)
    monkeypatch.setattr(scaled, "_HELD_PIXELS", 640 * 480 - 1)
    large = ScaledImage(scene(), BOX, SIZE)
    assert large.pixels().tobytes() == held.pixels().tobytes()
    assert large.shrunk(SIZE).tobytes() == large.pixels().tobytes() != held.shrunk(SIZE).tobytes()


def test_a_sketch_shows_what_the_picture_does() -> None:
    sketch = sketch_of(scene())
    drawn, plain = ScaledImage(scene(), BOX, SIZE, lambda: sketch), ScaledImage(scene(), BOX, SIZE)
    assert (sketch.factor, sketch.pixels.size) == (3, (214, 160))
    for box in (None, (0, 0, *SIZE), (120, 40, 380, 300), (360, 270, *SIZE)):
        small, large = (np.asarray(one.shrunk((9, 9), box), np.float32) for one in (drawn, plain))
        assert 0 < np.abs(small - large).mean() < 1.5
    assert drawn.shrunk((200, 150)).tobytes() == plain.shrunk((200, 150)).tobytes()
    assert drawn.pixels().tobytes() == plain.pixels().tobytes()


@pytest.mark.parametrize("size", [(640, 480), (641, 479), (333, 977), (100, 60), (163, 160)])
def test_the_edges_of_a_sketch_are_its_outermost_lines(size: tuple[int, int]) -> None:
    picture = scene().resize(size)
    sketch = np.asarray(sketch_of(picture).pixels)
    lines = (sketch[:1], sketch[-1:], sketch[:, :1], sketch[:, -1:])
    for edge, line in zip(sketch_edges(picture), lines, strict=True):
        assert np.array_equal(np.asarray(edge), line)


def test_a_small_picture_is_its_own_sketch() -> None:
    picture = scene().resize((300, 200))
    assert sketch_of(picture).factor == 1
    assert sketch_of(picture).pixels.tobytes() == picture.tobytes()


def test_a_picture_as_it_is_is_not_copied() -> None:
    picture = scene()
    assert unscaled(picture).pixels() is picture


def test_a_miniature_keeps_proportions() -> None:
    assert unscaled(Image.new("RGB", (900, 600))).miniature(64).size == (96, 64)
    assert unscaled(Image.new("RGB", (301, 640))).miniature(64).size == (64, 136)
    part = ScaledImage(scene(), BOX, SIZE).miniature(64, (100, 0, 404, 304))
    assert (part.size, part.mode) == ((64, 64), "L")


@pytest.mark.parametrize("task", [Rotation(), Jigsaw()], ids=["rotation", "jigsaw"])
def test_what_is_refused_is_not_scaled(task: Rotation | Jigsaw, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.frombuffer(rng_for("noise").raw(640 * 480 * 3), np.uint8).reshape(480, 640, 3)
    buffer = io.BytesIO()
    Image.fromarray(noise).save(buffer, "PNG")
    monkeypatch.setattr(ScaledImage, "_scaled", lambda _: pytest.fail("scaled"))
    with pytest.raises(Unusable, match=r"flat|interchangeable"):
        task.pose(_opened(buffer.getvalue()), rng_for("posed"))


def _opened(data: bytes) -> OpenItem:
    def open_file(_: Item) -> BinaryIO:
        return io.BytesIO(data)

    return OpenItem(Item("noise.png", "image"), open_file, recipe_with([{"task": "rotation"}]).media, rng_for("clean"))
