"""Hues are rotated along the colour circle, with the same rounding on every processor."""

from __future__ import annotations

import colorsys
import hashlib

import numpy as np
import pytest
from numpy.typing import NDArray

from puzzlegen.media.hue import hue_turned
from puzzlegen.rng import rng_for


def colours() -> NDArray[np.uint8]:
    """Return random colours, and all combinations of channels at none, half and full."""
    drawn = np.frombuffer(rng_for("colours").raw(3000), np.uint8).reshape(-1, 1, 3)
    ends = np.stack(np.meshgrid(*[np.array([0, 128, 255], np.uint8)] * 3), axis=-1).reshape(-1, 1, 3)
    return np.concatenate([drawn, ends])


@pytest.mark.parametrize("turn", [-0.2, -0.01, 0.05, 0.17, 0.5, 0.99])
def test_as_the_standard_library_turns_them(turn: float) -> None:
    found = hue_turned(colours(), turn).reshape(-1, 3)
    for (red, green, blue), got in zip(colours().reshape(-1, 3) / 255, found, strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
        wanted = colorsys.hsv_to_rgb((hue + turn) % 1, saturation, value)
        assert np.abs(255 * np.array(wanted) - got).max() < 0.51


def test_a_third_of_the_circle_hands_channels_on() -> None:
    assert np.array_equal(hue_turned(colours(), 1 / 3), colours()[..., [2, 0, 1]])
    assert np.array_equal(hue_turned(colours(), -1 / 3), colours()[..., [1, 2, 0]])


@pytest.mark.parametrize("turn", [0, 1, -2])
def test_a_whole_turn_changes_nothing(turn: int) -> None:
    assert np.array_equal(hue_turned(colours(), turn), colours())


def test_the_same_bytes_on_every_processor() -> None:
    """This holds for all versions, since no operation here can be rounded differently."""
    found = hashlib.sha256(b"".join(hue_turned(colours(), turn / 97).tobytes() for turn in range(97))).hexdigest()
    assert found[:16] == "b7b169c7d896e80a"
