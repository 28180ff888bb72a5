"""Trees and shrubs: trunk below, crown above, lit from the side of the sun."""

from __future__ import annotations

import itertools

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.land import shadow
from puzzlegen.scenes.noise import Colour, cosine, jitter, shade, sine

_BARK: tuple[Colour, ...] = ((92, 68, 48), (76, 60, 50), (112, 88, 64))


def tree(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, height: float) -> None:
    """Draw a random tree that suits the season, with its foot at (x, y)."""
    shadow(canvas, air, x, y, height * 0.25, height)
    kind = rng.below(6)
    if kind <= 1:
        pine(canvas, rng, air, x, y, height)
    elif not air.season.leaves:
        bare(canvas, rng, x, y, height)
    else:
        _leafy(canvas, rng, air, x, y, height, 0.16 if kind == 2 else rng.uniform(0.28, 0.4))


def _leafy(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, height: float, spread: float) -> None:
    bark, leaf = rng.choice(_BARK), jitter(rng, rng.choice(air.season.leaves), 12)
    trunk = height * rng.uniform(0.025, 0.045)
    top = y - height * 0.55
    canvas.polygon([(x - trunk, y), (x + trunk, y), (x + trunk * 0.5, top), (x - trunk * 0.5, top)], bark)
    canvas.polygon([(x, y), (x + trunk, y), (x + trunk * 0.5, top), (x, top)], shade(bark, 0.72))
    for side in (-1, 1):
        canvas.line([(x, y - height * 0.3), (x + side * height * spread * 0.6, y - height * 0.55)], bark, trunk * 0.6)
    side = 1 if x > air.sun * canvas.width else -1
    puffs = []
    for _ in range(rng.integer(34, 56)):
        angle, far = rng.uniform(), rng.uniform(0.0, 1.0)
        puffs.append((sine(angle) * far, cosine(angle) * far, rng.uniform(0.7, 1.2)))
    for u, v, size in sorted(puffs, key=lambda p: -p[1] - p[2]):
        r = height * spread * 0.3 * size
        tone = shade(leaf, 0.98 - 0.3 * v - 0.18 * side * u + rng.uniform(-0.08, 0.08))
        px, py = x + u * height * spread, y - height * 0.66 + v * height * 0.28
        canvas.ellipse(px, py + r * 0.2, r, r * 0.8, shade(tone, 0.8))
        canvas.ellipse(px - side * r * 0.15, py, r * 0.85, r * 0.65, tone)
    _sparkle(canvas, rng, x, y - height * 0.66, height * spread, height * 0.28, leaf)


def _sparkle(canvas: Canvas, rng: Rng, x: float, y: float, rx: float, ry: float, leaf: Colour) -> None:
    for _ in range(70):
        angle, far = rng.uniform(), rng.uniform(0.1, 1.05)
        px, py = x + sine(angle) * far * rx, y + cosine(angle) * far * ry
        canvas.ellipse(px, py, rx * 0.045, rx * 0.03, shade(leaf, rng.uniform(0.6, 1.45)))


def pine(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, height: float) -> None:
    """Draw a conifer of ragged tiers, covered with snow in winter."""
    tone = jitter(rng, (44, 84, 62), 12)
    canvas.rect(x - height * 0.025, y - height * 0.2, x + height * 0.025, y, rng.choice(_BARK))
    tiers = rng.integer(5, 8)
    wide = height * rng.uniform(0.2, 0.28)
    for i in range(tiers):
        low = y - height * (0.1 + 0.9 * i / (tiers + 0.6))
        half, rise = wide * (1 - i / tiers) + height * 0.02, height * 1.5 / tiers
        teeth = [(x + half * (k / 4), low + (k % 2) * height * 0.03 - abs(k) * half * 0.04) for k in range(-4, 5)]
        canvas.polygon([(x, low - rise), *teeth], shade(tone, 0.86 + 0.05 * (i % 2)))
        canvas.polygon([(x, low - rise), *teeth[: 5 if x > air.sun * canvas.width else 3]], shade(tone, 1.16))
        if air.snowy:
            canvas.polygon(
                [(x, low - rise), (x - half * 0.7, low - 2), (x + half * 0.1, low - rise * 0.45)], (240, 245, 250)
            )


def bare(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a tree without leaves."""
    _branch(canvas, rng, (x, y, height * 0.34, 0.0, height * 0.045), 6, rng.choice(_BARK))


def _branch(canvas: Canvas, rng: Rng, at: tuple[float, float, float, float, float], depth: int, bark: Colour) -> None:
    x, y, length, angle, width = at
    x1, y1 = x + sine(angle) * length, y - cosine(angle) * length
    canvas.line([(x, y), (x1, y1)], bark, max(0.6, width))
    if depth == 0:
        return
    for side in (-1, 1):
        turn = angle + side * rng.uniform(0.04, 0.11)
        _branch(canvas, rng, (x1, y1, length * rng.uniform(0.62, 0.82), turn, width * 0.62), depth - 1, bark)


def palm(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a leaning palm."""
    lean = rng.uniform(-0.25, 0.25) * height
    stem = [(x + lean * k * k / 64, y - height * k / 8) for k in range(9)]
    for k, (a, b) in enumerate(itertools.pairwise(stem)):
        canvas.line([a, b], (142, 112, 76) if k % 2 else (120, 92, 62), height * (0.05 - 0.003 * k))
    tx, ty = stem[-1]
    for i in range(11):
        side, droop = (i - 5) / 5, rng.uniform(0.1, 0.24)
        reach = height * 0.36 * (0.5 + abs(side) * 0.5)
        leaf = [(tx, ty), (tx + side * reach * 0.6, ty - height * (0.2 - 0.12 * abs(side)))]
        leaf += [(tx + side * reach, ty + height * droop * abs(side)), (tx + side * reach * 0.5, ty - height * 0.06)]
        canvas.polygon(leaf, jitter(rng, (58, 122, 60), 22))


def bush(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, size: float) -> None:
    """Draw a shrub, ``size`` pixels wide."""
    tone = rng.choice(air.season.leaves) if air.season.leaves else (120, 126, 128)
    canvas.soft(x, y, size * 0.7, size * 0.16, (16, 22, 20), 0.5)
    for i in range(26):
        u, v = rng.uniform(-0.5, 0.5), i / 26
        spot = (x + u * size * (1 - 0.4 * v), y - size * (0.08 + 0.42 * v * (1 - u * u)))
        canvas.ellipse(*spot, size * 0.13, size * 0.1, shade(tone, 0.6 + 0.55 * v + rng.uniform(-0.1, 0.1)))
