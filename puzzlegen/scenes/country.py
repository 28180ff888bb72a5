"""Pictures of the country: meadows, a harbour, a beach, a mountain lake."""

from __future__ import annotations

import itertools

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air, draw_air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.houses import house
from puzzlegen.scenes.land import grass, hills, mottle, mountains, path, paving, ridge_line, shadow, stones, water
from puzzlegen.scenes.meadow import beach_ball, dune_grass, scatter, towel
from puzzlegen.scenes.noise import jitter, shade
from puzzlegen.scenes.people import crowd
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import balloon, fence, sign_post
from puzzlegen.scenes.trees import bush, palm, pine, tree
from puzzlegen.scenes.vehicles import PAINTS, fishing_boat, sail_boat


def countryside(canvas: Canvas, rng: Rng) -> Air:
    """A meadow in front of hills, with a path, cottages, trees and walkers."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon = h * rng.uniform(0.42, 0.58)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.14, 0.26))
    grass(canvas, rng, air, horizon)
    scatter(canvas, rng, air, horizon + h * 0.06)
    path(canvas, rng, horizon)
    for y in sorted(rng.uniform(0.02, 0.25) for _ in range(rng.integer(4, 8))):
        x, foot = rng.uniform(0, w), horizon + (h - horizon) * y
        if rng.below(3) == 0:
            house(canvas, rng, air, x, foot, h * rng.uniform(0.13, 0.2) * (0.6 + 2 * y), 1)
        else:
            tree(canvas, rng, air, x, foot, h * rng.uniform(0.16, 0.26) * (0.5 + 3 * y))
    if rng.below(2):
        fence(
            canvas, rng, w * rng.uniform(-0.1, 0.5), w * rng.uniform(0.55, 1.1), h * rng.uniform(0.68, 0.76), h * 0.07
        )
    sign_post(canvas, rng, air, w * rng.uniform(0.15, 0.85), h * rng.uniform(0.78, 0.92), h * rng.uniform(0.17, 0.24))
    crowd(canvas, rng, rng.integer(1, 4), h * 0.72, h * 0.95, 0.24)
    for _ in range(rng.integer(1, 3)):
        bush(canvas, rng, air, rng.uniform(0, w), h * rng.uniform(0.9, 1.02), h * rng.uniform(0.1, 0.22))
    if rng.below(3) == 0:
        balloon(canvas, rng, w * rng.uniform(0.2, 0.8), horizon * rng.uniform(0.25, 0.5), h * rng.uniform(0.08, 0.16))
    return air


def harbour(canvas: Canvas, rng: Rng) -> Air:
    """Boats in front of a far shore with a lighthouse; people on the quay."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon, quay = h * rng.uniform(0.38, 0.48), h * rng.uniform(0.78, 0.84)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.06, 0.14))
    for _ in range(rng.integer(3, 7)):
        house(canvas, rng, air, w * rng.uniform(0, 0.95), horizon, h * rng.uniform(0.06, 0.1), rng.integer(1, 2))
    water(canvas, rng, air, horizon, quay + 4)
    _lighthouse(canvas, rng, w * rng.uniform(0.12, 0.88), horizon + h * 0.03, h * rng.uniform(0.22, 0.32), air)
    for y in sorted(rng.uniform(0.12, 0.95) for _ in range(rng.integer(5, 8))):
        boat = sail_boat if rng.below(2) else fishing_boat
        boat(canvas, rng, w * rng.uniform(0.06, 0.94), horizon + (quay - horizon) * y, h * (0.1 + 0.2 * y))
    paving(canvas, rng, quay, h, jitter(rng, (150, 142, 130), 12))
    canvas.rect(0, quay, w, quay + h * 0.015, (92, 86, 80))
    for i in range(rng.integer(2, 5)):
        x = w * (0.1 + 0.22 * i + rng.uniform(-0.05, 0.05))
        canvas.rect(x - 4, quay - h * 0.012, x + 4, quay + h * 0.03, (52, 52, 56))
        canvas.ellipse(x, quay - h * 0.012, 6, 3, (84, 84, 88))
    crowd(canvas, rng, rng.integer(2, 5), quay + h * 0.06, h * 0.97, 0.26)
    _crates(canvas, rng, w * rng.uniform(0.1, 0.8), h * 0.95, h * 0.06)
    return air


def _lighthouse(canvas: Canvas, rng: Rng, x: float, y: float, height: float, air: Air) -> None:
    stones_top, wide = y - height * 0.06, height * 0.1
    for i in range(9):
        canvas.ellipse(x + (i - 4) * wide * 0.5, y, wide * 0.5, height * 0.05, jitter(rng, (104, 100, 96), 14))
    paint = rng.choice(((200, 54, 46), (40, 72, 120), (60, 60, 64)))
    for i in range(6):
        y0, y1 = stones_top - height * 0.13 * i, stones_top - height * 0.13 * (i + 1)
        a, b = wide * (1 - 0.07 * i), wide * (1 - 0.07 * (i + 1))
        tone = paint if i % 2 else (240, 238, 232)
        canvas.polygon([(x - a, y0), (x + a, y0), (x + b, y1), (x - b, y1)], tone)
        canvas.polygon([(x + a * 0.3, y0), (x + a, y0), (x + b, y1), (x + b * 0.3, y1)], shade(tone, 0.8))
    top = stones_top - height * 0.78
    canvas.rect(x - wide * 0.75, top - height * 0.02, x + wide * 0.75, top + height * 0.01, (50, 50, 54))
    canvas.rect(x - wide * 0.4, top - height * 0.1, x + wide * 0.4, top - height * 0.02, (250, 236, 170))
    canvas.polygon(
        [(x - wide * 0.55, top - height * 0.1), (x + wide * 0.55, top - height * 0.1), (x, top - height * 0.19)], paint
    )
    if air.dark:
        canvas.lights.append(lambda c: c.soft(x, top - height * 0.06, height * 0.5, height * 0.3, (255, 236, 170), 0.8))


def _crates(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    for i in range(rng.integer(2, 4)):
        left, low = x + (i % 2) * size * 1.1, y - (i // 2) * size
        tone = jitter(rng, (164, 122, 76), 18)
        canvas.rect(left, low - size, left + size, low, tone)
        for k in range(1, 4):
            canvas.rect(left, low - size * k / 4, left + size, low - size * k / 4 + 1, shade(tone, 0.65))
        canvas.line([(left, low), (left + size, low - size)], shade(tone, 0.7), size * 0.08)
        canvas.text(
            left + size * 0.5,
            low - size * 0.5,
            rng.choice(("FISH", "TEA", "SALT", "FRAGILE")),
            size * 0.24,
            (60, 40, 26),
        )


def beach(canvas: Canvas, rng: Rng) -> Air:
    """A sandy beach by the sea, with parasols, people and at times a palm."""
    air, h, w = draw_air(rng, night=False, winter=False), canvas.height, canvas.width
    horizon, shore = h * rng.uniform(0.34, 0.44), h * rng.uniform(0.54, 0.64)
    sky(canvas, rng, air, horizon)
    water(canvas, rng, air, horizon, shore + h * 0.06)
    for _ in range(rng.integer(1, 4)):
        y = rng.uniform(0.1, 0.6)
        sail_boat(canvas, rng, w * rng.uniform(0.05, 0.95), horizon + (shore - horizon) * y, h * (0.07 + 0.12 * y))
    edge = ridge_line(rng, w, shore, h * 0.02, 40, 0.1)
    canvas.polygon([*[(x, y - h * 0.012) for x, y in edge], (w, h), (0, h)], (250, 252, 252))
    canvas.paint(rng, [*edge, (w, h), (0, h)], (192, 158, 108), (240, 216, 168), (36, 10), 5)
    mottle(canvas, rng, (shore + h * 0.05, h), ((150, 116, 74), (250, 232, 190), (206, 160, 130), (140, 130, 84)), 0.7)
    _wet_sand(canvas, edge, h * 0.03)
    stones(canvas, rng, shore + h * 0.05, rng.integer(4, 12))
    _footprints(canvas, rng, shore + h * 0.06)
    _beach_items(canvas, rng, shore)
    for y in sorted(rng.uniform(0.15, 0.9) for _ in range(rng.integer(2, 5))):
        _parasol(canvas, rng, air, w * rng.uniform(0.08, 0.92), shore + (h - shore) * y, h * (0.14 + 0.14 * y))
    crowd(canvas, rng, rng.integer(3, 6), shore + h * 0.05, h * 0.95, 0.24)
    if rng.below(2):
        palm(
            canvas,
            rng,
            w * rng.choice((rng.uniform(0.04, 0.2), rng.uniform(0.8, 0.96))),
            h * 0.93,
            h * rng.uniform(0.5, 0.7),
        )
    return air


def _wet_sand(canvas: Canvas, edge: list[tuple[float, float]], depth: float) -> None:
    canvas.polygon([*edge, *[(x, y + depth) for x, y in edge[::-1]]], (110, 84, 58, 90))
    canvas.line(edge, (255, 255, 255), 1.6)


def _beach_items(canvas: Canvas, rng: Rng, shore: float) -> None:
    """Draw towels, balls and dune grass all over the sand."""
    w, h = canvas.width, canvas.height
    for depth in sorted(rng.uniform(0.15, 1.0) for _ in range(rng.integer(7, 11))):
        x, y, size = rng.uniform(0, w), shore + (h - shore) * depth, h * (0.03 + 0.08 * depth)
        item_kind = rng.below(4)
        if item_kind <= 1:
            towel(canvas, rng, x, y, size)
        elif item_kind == 2:
            beach_ball(canvas, rng, x, y, size * 0.45)
        else:
            dune_grass(canvas, rng, x, y, size * 1.3)


def _footprints(canvas: Canvas, rng: Rng, top: float) -> None:
    for _ in range(4):
        x, lean = rng.uniform(0, canvas.width), rng.uniform(-160, 160)
        for i in range(24):
            u = i / 24
            y = top + (canvas.height - top) * u
            canvas.ellipse(x + lean * u + (i % 2) * (3 + 5 * u), y, 1.2 + 2.4 * u, 0.7 + 1.1 * u, (150, 118, 78))


def _parasol(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, size: float) -> None:
    shadow(canvas, air, x, y, size * 0.5, size)
    canvas.rect(x - size * 0.15, y - size * 0.02, x + size * 0.5, y + size * 0.06, jitter(rng, (90, 140, 190), 60))
    canvas.line([(x, y), (x + size * 0.04, y - size)], (226, 220, 206), max(1.0, size * 0.025))
    paint, ribs, half = rng.choice(PAINTS), 8, size * 0.5
    dome = [
        (x + half * (k / ribs * 2 - 1), y - size * (0.66 + 0.34 * 4 * k * (ribs - k) / (ribs * ribs)))
        for k in range(ribs + 1)
    ]
    for i, (a, b) in enumerate(itertools.pairwise(dome)):
        hem = [(a[0], y - size * 0.66), ((a[0] + b[0]) / 2, y - size * 0.62), (b[0], y - size * 0.66)]
        tone = paint if i % 2 else (248, 244, 232)
        canvas.polygon([(x, y - size), a, *hem, b], shade(tone, 1.0 - 0.03 * i))
    canvas.ellipse(x, y - size * 1.01, size * 0.03, size * 0.03, shade(paint, 0.7))


def mountain_lake(canvas: Canvas, rng: Rng) -> Air:
    """A lake in front of peaks, with pines, a cabin or a tent, and campers."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon, shore = h * rng.uniform(0.42, 0.5), h * rng.uniform(0.64, 0.72)
    sky(canvas, rng, air, horizon)
    mountains(canvas, rng, air, horizon, h * rng.uniform(0.26, 0.36))
    for i in range(rng.integer(30, 50)):
        pine(
            canvas,
            rng,
            air,
            rng.uniform(0, w),
            horizon + rng.uniform(0, 3),
            h * rng.uniform(0.03, 0.07) * (1 + (i % 5) * 0.1),
        )
    water(canvas, rng, air, horizon, shore + h * 0.03)
    sail_boat(canvas, rng, w * rng.uniform(0.1, 0.9), horizon + (shore - horizon) * rng.uniform(0.2, 0.7), h * 0.1)
    grass(canvas, rng, air, shore, 800)
    stones(canvas, rng, shore - 2, rng.integer(8, 16))
    scatter(canvas, rng, air, shore + h * 0.08)
    spot = rng.uniform(0.1, 0.7) * w
    if rng.below(2):
        house(canvas, rng, air, spot, h * 0.8, h * rng.uniform(0.24, 0.32), 1)
    else:
        _tent(canvas, rng, air, spot, h * 0.86, h * rng.uniform(0.14, 0.2))
    for y in sorted(rng.uniform(0.0, 0.5) for _ in range(rng.integer(3, 6))):
        pine(canvas, rng, air, rng.uniform(0, w), shore + (h - shore) * y, h * rng.uniform(0.2, 0.36) * (0.8 + y))
    crowd(canvas, rng, rng.integer(1, 4), h * 0.82, h * 0.96, 0.23)
    return air


def _tent(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, size: float) -> None:
    paint = rng.choice(PAINTS)
    shadow(canvas, air, x, y, size * 1.6, size * 0.7)
    canvas.shape(x, y, size, [(-1, 0), (-0.2, -1), (0.5, -0.86), (1, 0)], shade(paint, 0.75))
    canvas.shape(x, y, size, [(-1, 0), (-0.2, -1), (0.4, 0)], paint)
    canvas.shape(x, y, size, [(-0.45, 0), (-0.2, -0.7), (0.05, 0)], shade(paint, 0.35))
