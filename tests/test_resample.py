"""Scaling with FFmpeg: what the result shows, its colours, and the same bytes everywhere."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from conftest import scene
from PIL import Image

from puzzlegen.media.resample import resampled
from puzzlegen.rng import rng_for

BOX = (13, 21, 590, 461)


def apart(one: Image.Image, other: Image.Image) -> np.ndarray:
    return np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32))


@pytest.mark.parametrize("size", [(401, 303), (260, 200), (96, 72), (40, 30), (577, 440)])
def test_it_shows_what_pillow_shows(size: tuple[int, int]) -> None:
    got = resampled(scene(), size, BOX)
    assert (got.size, got.mode) == (size, "RGB")
    assert apart(got, scene().resize(size, Image.Resampling.BICUBIC, box=BOX, reducing_gap=3.0)).mean() < 0.8


def test_greys_stay_grey_and_plain_colours_what_they_are() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(2, axis=1).repeat(300, axis=0)
    got = np.asarray(resampled(Image.fromarray(ramp), (400, 200), (0, 0, 512, 300)))
    assert (got == got[:, :, :1]).all()
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (12, 200, 77)):
        plain = resampled(Image.new("RGB", (512, 300), colour), (400, 200), (0, 0, 512, 300))
        assert plain.getcolors() == [(400 * 200, colour)]


def test_it_shrinks_by_any_factor() -> None:
    large = scene().resize((6400, 4800))
    want = scene().resize((64, 48), Image.Resampling.BICUBIC)
    assert apart(resampled(large, (64, 48), (0, 0, *large.size)), want).mean() < 0.5


def test_its_bytes_are_known() -> None:
    noise = Image.frombytes("RGB", (640, 480), rng_for("noise").raw(640 * 480 * 3))
    digest = hashlib.sha256()
    for size in ((402, 304), (257, 201), (64, 48)):
        digest.update(resampled(noise, size, BOX).tobytes())
    assert digest.hexdigest()[:16] == "51127ecf03e469c1"
