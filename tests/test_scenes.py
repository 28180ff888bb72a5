"""Drawn scenes are the same in every run, differ by seed, and come in all kinds; clips keep moving one way."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from conftest import only_under_the_lock
from PIL import Image

from puzzlegen import scenes
from puzzlegen.errors import Unusable
from puzzlegen.media.motion import find_shots, motion, reversible, static
from puzzlegen.records import Item
from puzzlegen.rng import Rng, rng_for
from puzzlegen.scenes import CLIP_KINDS, IMAGE_KINDS, render_clip, render_image
from puzzlegen.scenes.canvas import PLAIN, Canvas
from puzzlegen.scenes.film import Shot, Size, shoot
from puzzlegen.scenes.noise import cosine, floats, noise, sine
from puzzlegen.sources import source_class
from puzzlegen.sources.samples import Samples

IMAGE_DIGESTS = {0: "3dfb4a3bc8efd996", 1: "1ce5b257846695f9", 2: "002d366fd7a2d78d"}
CLIP_DIGESTS = {0: "cde786d0deeaa9e4", 1: "57e506e190fc241d"}


def digest(pixels: Any) -> str:
    return hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest()[:16]


def name(kind: Callable[..., Any]) -> str:
    return kind.__name__


def test_sine_is_a_sine() -> None:
    turns = [k / 97 - 3 for k in range(600)]
    assert max(abs(sine(t) - float(np.sin(2 * np.pi * t))) for t in turns) < 5e-6
    assert max(abs(cosine(t) - float(np.cos(2 * np.pi * t))) for t in turns) < 5e-6


def test_floats_and_noise_fill_their_range() -> None:
    values = floats(rng_for("t"), 4000)
    assert 0 <= values.min() < 0.01
    assert 0.99 < values.max() < 1
    grey = np.asarray(noise(rng_for("t"), (120, 80), (30, 20)))
    assert grey.shape == (80, 120)
    assert grey.std() > 15


@pytest.mark.parametrize("seed", IMAGE_DIGESTS)
def test_images_are_pinned(seed: int) -> None:
    only_under_the_lock()
    assert digest(np.asarray(render_image(rng_for("test", seed)))) == IMAGE_DIGESTS[seed]


@pytest.mark.parametrize("seed", CLIP_DIGESTS)
def test_clips_are_pinned(seed: int) -> None:
    only_under_the_lock()
    assert digest(render_clip(rng_for("test", seed))[0]) == CLIP_DIGESTS[seed]


def test_images_differ_and_keep_their_bounds() -> None:
    images = [render_image(rng_for("bounds", seed)) for seed in range(10)]
    assert len({digest(np.asarray(image)) for image in images}) == len(images)
    assert all(image.mode == "RGB" and 480 <= min(image.size) <= max(image.size) <= 1024 for image in images)


@pytest.mark.parametrize("kind", IMAGE_KINDS, ids=name)
def test_every_part_of_an_image_has_content(kind: Callable[[Canvas, Rng], Any]) -> None:
    canvas = Canvas.blank(640, 480)
    kind(canvas, rng_for("content", kind.__name__))
    picture = canvas.reduced().light(rng_for("light")).image
    tiles = [picture.crop((x, y, x + 160, y + 160)) for x in range(0, 640, 160) for y in range(0, 480, 160)]
    assert min(float(np.asarray(tile.convert("L")).std()) for tile in tiles) > 4
    upside_down = picture.transpose(Image.Transpose.ROTATE_180)
    assert np.abs(np.asarray(picture).astype(int) - np.asarray(upside_down)).mean() > 15


@pytest.mark.slow
@pytest.mark.parametrize("kind", CLIP_KINDS, ids=name)
def test_clips_move_all_the_time_and_one_way(kind: Callable[[Rng, Size], Shot]) -> None:
    shot = kind(rng_for("clip", kind.__name__), Size(384, 288, 5.0))
    frames = shoot(shot, 5.0, 12)
    assert frames.shape == (60, 288, 384, 3)
    assert not any(static(part) for part in np.array_split(frames, 3))
    changes = motion(frames)
    assert all(changes[i : i + 6].sum() > 0 for i in range(len(changes) - 6))
    assert reversible(frames) < 0.7
    assert len(find_shots(frames, 12.0)) == 1
    thirds = [part.mean(axis=0) for part in np.array_split(frames, 3)]
    assert min(np.abs(thirds[i] - thirds[j]).mean() for i, j in ((0, 1), (1, 2), (0, 2))) > 0.3


def test_all_kinds_occur(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[str] = set()

    def image(kind: str) -> Callable[[Canvas, Rng], Any]:
        return lambda *_: seen.add(kind) or PLAIN  # type: ignore[func-returns-value]

    def clip(kind: str) -> Callable[[Rng, Size], Shot]:
        return lambda *_: seen.add(kind) or Shot(Canvas.blank(2, 2), lambda *_: None)  # type: ignore[func-returns-value]

    monkeypatch.setattr(scenes, "IMAGE_KINDS", tuple(image(name(kind)) for kind in IMAGE_KINDS))
    monkeypatch.setattr(scenes, "CLIP_KINDS", tuple(clip(name(kind)) for kind in CLIP_KINDS))
    for seed in range(60):
        render_image(rng_for("kinds", seed))
        render_clip(rng_for("kinds", seed))
    assert seen == {*map(name, IMAGE_KINDS), *map(name, CLIP_KINDS)}
    assert min(len(IMAGE_KINDS), len(CLIP_KINDS)) >= 8


def test_samples_list_is_stable() -> None:
    few, more = list(Samples(images=2, videos=1).items()), list(Samples(images=3, videos=1).items())
    assert [item.id for item in few] == ["image-000000", "image-000001", "video-000000"]
    assert set(few) < set(more)
    assert all(isinstance(item, Item) and item.licence == "CC0-1.0" and item.size == 0 for item in more)
    assert source_class("samples") is Samples


def test_samples_open_as_media() -> None:
    source = Samples(seed=3)
    picture = source.open(Item("image-000000", "image")).read()
    assert Image.open(io.BytesIO(picture)).format == "JPEG"
    assert picture == Samples(seed=3, images=99).open(Item("image-000000", "image")).read()
    assert picture != Samples(seed=4).open(Item("image-000000", "image")).read()
    with av.open(source.open(Item("video-000000", "video"))) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.name == "h264"
        assert stream.average_rate in (12, 15)
        assert 4 * stream.average_rate - 1 <= stream.frames <= 8 * stream.average_rate
        assert stream.width % 2 == stream.height % 2 == 0


@pytest.mark.parametrize("item", [Item("image-0", "image"), Item("video-000000", "image"), Item("../x", "image")])
def test_samples_refuse_what_is_not_theirs(item: Item) -> None:
    with pytest.raises(Unusable, match="unreadable"):
        Samples().open(item)
