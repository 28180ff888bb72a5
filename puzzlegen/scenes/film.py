"""From a backdrop and a way to draw on it to the frames of a clip."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.rng import Rng
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, floats

#: Draws what moves: on a copy of the backdrop, at so many seconds, at that share (0..1) of the clip.
Draw = Callable[[Canvas, float, float], None]


class Shot(NamedTuple):
    """What stands still and what moves."""

    backdrop: Canvas
    draw: Draw


class Size(NamedTuple):
    """Width and height in pixels, and length in seconds."""

    width: int
    height: int
    seconds: float


def shoot(shot: Shot, seconds: float, fps: int) -> NDArray[np.uint8]:
    """Frames (T, H, W, 3) of the whole shot."""
    count = round(seconds * fps)
    frames = np.empty((count, shot.backdrop.height, shot.backdrop.width, 3), dtype=np.uint8)
    for i in range(count):
        frame = shot.backdrop.copy()
        shot.draw(frame, i / fps, i / count)
        frames[i] = frame.pixels()
    return frames


class Puff(NamedTuple):
    """One puff of smoke: born when, where it drifts (pixels per second), and how fast it swells."""

    born: float
    at: Point
    drift: Point
    swell: float


def puffs(rng: Rng, count: int, drift: Point, spread: float, swell: float) -> list[Puff]:
    """``count`` puffs born evenly over ``0 .. 1``, each drifting a little differently."""
    draws = floats(rng, count * 3).reshape(count, 3).tolist()
    return [
        Puff(i / count, (0.0, 0.0), (drift[0] + (a - 0.5) * spread, drift[1] + (b - 0.5) * spread), swell * (0.6 + c))
        for i, (a, b, c) in enumerate(draws)
    ]


def smoke(canvas: Canvas, cloud: list[Puff], now: float, life: float, colour: Colour, strength: float) -> None:
    """Draw the puffs that live at ``now``; ``born``, ``now`` and ``life`` in seconds."""
    for puff in cloud:
        age = now - puff.born
        if 0 <= age < life:
            r = 2 + puff.swell * age
            x, y = puff.at[0] + puff.drift[0] * age, puff.at[1] + puff.drift[1] * age
            canvas.soft(x, y, r * 1.2, r, colour, strength * (1 - age / life))


def fall(height: float, gravity: float, loss: float, seconds: float, step: float = 1 / 120) -> list[tuple[float, int]]:
    """Height over the ground and number of bounces so far, at every ``step`` of a bouncing fall."""
    path, y, v, hits = [], height, 0.0, 0
    for _ in range(int(seconds / step) + 2):
        path.append((y, hits))
        v -= gravity * step
        y += v * step
        if y < 0:
            y, v, hits = -y * loss, -v * loss, hits + 1
    return path
