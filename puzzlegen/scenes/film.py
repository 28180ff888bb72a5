"""Render the frames of a clip from a still backdrop and a function that draws what moves."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.rng import Rng
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, floats

#: Draws what moves onto a copy of the backdrop, given the time in seconds and as a fraction (0..1) of the clip.
Draw = Callable[[Canvas, float, float], None]


class Shot(NamedTuple):
    """A clip before rendering: the still backdrop and the function that draws what moves."""

    backdrop: Canvas
    draw: Draw


class Size(NamedTuple):
    """Width and height of a clip in pixels, and its length in seconds."""

    width: int
    height: int
    seconds: float


def shoot(shot: Shot, seconds: float, fps: int) -> NDArray[np.uint8]:
    """Render all frames of a shot as one array of shape (T, H, W, 3)."""
    count = round(seconds * fps)
    frames = np.empty((count, shot.backdrop.height, shot.backdrop.width, 3), dtype=np.uint8)
    for i in range(count):
        frame = shot.backdrop.copy()
        shot.draw(frame, i / fps, i / count)
        frames[i] = frame.pixels()
    return frames


class Puff(NamedTuple):
    """One puff of smoke: when and where it appears, its drift, and its radius' growth (both in pixels per second)."""

    born: float
    at: Point
    drift: Point
    swell: float


def puffs(rng: Rng, count: int, drift: Point, spread: float, swell: float) -> list[Puff]:
    """Return ``count`` puffs born evenly over ``0 .. 1``, each with a slightly different drift and growth."""
    samples = floats(rng, count * 3).reshape(count, 3).tolist()
    return [
        Puff(i / count, (0.0, 0.0), (drift[0] + (a - 0.5) * spread, drift[1] + (b - 0.5) * spread), swell * (0.6 + c))
        for i, (a, b, c) in enumerate(samples)
    ]


def smoke(canvas: Canvas, cloud: list[Puff], now: float, life: float, colour: Colour, strength: float) -> None:
    """Draw the puffs visible at ``now``; each fades out over ``life``. ``born``, ``now``, ``life`` are in seconds."""
    for puff in cloud:
        age = now - puff.born
        if 0 <= age < life:
            r = 2 + puff.swell * age
            x, y = puff.at[0] + puff.drift[0] * age, puff.at[1] + puff.drift[1] * age
            canvas.soft(x, y, r * 1.2, r, colour, strength * (1 - age / life))


def fall(height: float, gravity: float, loss: float, seconds: float, step: float = 1 / 120) -> list[tuple[float, int]]:
    """Simulate a bouncing fall: height above the ground and number of bounces so far, every ``step`` seconds."""
    path, y, v, bounces = [], height, 0.0, 0
    for _ in range(int(seconds / step) + 2):
        path.append((y, bounces))
        v -= gravity * step
        y += v * step
        if y < 0:
            y, v, bounces = -y * loss, -v * loss, bounces + 1
    return path
