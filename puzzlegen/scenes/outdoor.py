"""Outdoor pictures: countryside, street, harbour, beach, mountain lake, railway, city park, market."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air, draw_air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.houses import PLACES, house, tower
from puzzlegen.scenes.land import grass, hills, mountains, paving, ridge_line, shadow, stones, water
from puzzlegen.scenes.noise import Colour, jitter, mix, shade, sine
from puzzlegen.scenes.people import crowd
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import balloon, bench, fence, flag, lamp_post, shop_front, sign_post
from puzzlegen.scenes.trees import bush, palm, pine, tree
from puzzlegen.scenes.vehicles import PAINTS, car, fishing_boat, sail_boat, train


def countryside(canvas: Canvas, rng: Rng) -> Air:
    """A meadow with a path, cottages, trees and walkers before hills."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon = h * rng.uniform(0.42, 0.58)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.14, 0.26))
    grass(canvas, rng, air, horizon)
    _path(canvas, rng, horizon)
    for y in sorted(rng.uniform(0.02, 0.25) for _ in range(rng.integer(4, 8))):
        x, foot = rng.uniform(0, w), horizon + (h - horizon) * y
        if rng.below(3) == 0:
            house(canvas, rng, air, x, foot, h * rng.uniform(0.13, 0.2) * (0.6 + 2 * y), 1)
        else:
            tree(canvas, rng, air, x, foot, h * rng.uniform(0.16, 0.26) * (0.5 + 3 * y))
    if rng.below(2):
        fence(canvas, rng, w * rng.uniform(-0.1, 0.5), w * rng.uniform(0.55, 1.1), h * rng.uniform(0.68, 0.76), h * 0.07)
    sign_post(canvas, rng, air, w * rng.uniform(0.15, 0.85), h * rng.uniform(0.78, 0.92), h * rng.uniform(0.17, 0.24))
    crowd(canvas, rng, rng.integer(1, 4), h * 0.72, h * 0.95, 0.24)
    for _ in range(rng.integer(1, 3)):
        bush(canvas, rng, air, rng.uniform(0, w), h * rng.uniform(0.9, 1.02), h * rng.uniform(0.1, 0.22))
    if rng.below(3) == 0:
        balloon(canvas, rng, w * rng.uniform(0.2, 0.8), horizon * rng.uniform(0.25, 0.5), h * rng.uniform(0.08, 0.16))
    return air


def _path(canvas: Canvas, rng: Rng, horizon: float) -> None:
    x, sway, bend = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.18), rng.uniform()
    left, right = [], []
    for i in range(25):
        k = i / 24
        middle = canvas.width * (x + sway * sine(bend + 0.8 * k) * (0.3 + k))
        half, y = canvas.width * (0.006 + 0.09 * k * k), horizon + (canvas.height - horizon) * k * k
        left.append((middle - half, y))
        right.append((middle + half, y))
    canvas.paint(rng, [*left, *right[::-1]], (150, 124, 92), (214, 192, 154), (16, 5), 4)


def street(canvas: Canvas, rng: Rng) -> Air:
    """A row of houses and shops behind a pavement and a road with cars."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    curb = h * rng.uniform(0.7, 0.76)
    sky(canvas, rng, air, curb)
    _hedge(canvas, rng, air, curb, h * 0.16)
    _terrace(canvas, rng, air, curb)
    paving(canvas, rng, curb, curb + h * 0.07, jitter(rng, (176, 170, 160), 12))
    _road(canvas, rng, curb + h * 0.07)
    for i in range(rng.integer(2, 4)):
        x = w * (rng.uniform(0, 0.3) + 0.33 * i)
        lamp_post(canvas, air, x, curb + h * 0.05, h * rng.uniform(0.36, 0.44))
        if rng.below(2):
            tree(canvas, rng, air, x + w * 0.13, curb + h * 0.05, h * rng.uniform(0.24, 0.36))
    crowd(canvas, rng, rng.integer(3, 7), curb + h * 0.02, curb + h * 0.07, 0.2)
    for i in range(rng.integer(1, 3)):
        facing, length = rng.choice((-1, 1)), h * rng.uniform(0.3, 0.4)
        car(canvas, (w * (rng.uniform(0.05, 0.35) + 0.4 * i), h * (0.87 + 0.05 * i)), length, facing, rng.choice(PAINTS))
    return air


def _hedge(canvas: Canvas, rng: Rng, air: Air, base: float, height: float) -> None:
    tone = air.season.leaves[0] if air.season.leaves else (110, 116, 120)
    edge = ridge_line(rng, canvas.width, base - height, height * 0.2, 60)
    shape = [*edge, (canvas.width, base), (0, base)]
    canvas.paint(rng, shape, shade(tone, 0.45), shade(tone, 0.85), (9, 7), 3)


def _terrace(canvas: Canvas, rng: Rng, air: Air, curb: float) -> None:
    x, h = -canvas.width * rng.uniform(0.0, 0.15), canvas.height
    while x < canvas.width:
        width = h * rng.uniform(0.24, 0.36)
        house(canvas, rng, air, x, curb, width, rng.integer(2, 3))
        if rng.below(2):
            shop_front(canvas, rng, (x + width * 0.03, curb - width * 0.42, x + width * 0.97, curb))
        x += width * rng.uniform(1.0, 1.25)


def _road(canvas: Canvas, rng: Rng, top: float) -> None:
    w, h = canvas.width, canvas.height
    canvas.paint(rng, [(0, top), (w, top), (w, h), (0, h)], (70, 70, 76), (112, 110, 112), (24, 8), 5)
    canvas.rect(0, top, w, top + h * 0.012, (150, 146, 140))
    start, y = rng.uniform(-60, 0), top + (h - top) * 0.45
    for i in range(int(w / 70) + 2):
        canvas.polygon([(start + i * 70 + 6, y), (start + i * 70 + 40, y), (start + i * 70 + 36, y + 4), (start + i * 70, y + 4)], (232, 228, 210))
    for _ in range(6):
        x, z = rng.uniform(0, w), rng.uniform(top + 10, h)
        canvas.line([(x + k * 9, z + rng.uniform(-3, 3)) for k in range(6)], (52, 52, 56), 0.8)


def harbour(canvas: Canvas, rng: Rng) -> Air:
    """Boats before a far shore with a lighthouse; people on the quay."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon, quay = h * rng.uniform(0.38, 0.48), h * rng.uniform(0.78, 0.84)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.06, 0.14))
    for _ in range(rng.integer(3, 7)):
        house(canvas, rng, air, w * rng.uniform(0, 0.95), horizon, h * rng.uniform(0.06, 0.1), rng.integer(1, 2))
    water(canvas, rng, air, horizon, quay + 4)
    _lighthouse(canvas, rng, w * rng.uniform(0.12, 0.88), horizon + h * 0.03, h * rng.uniform(0.22, 0.32), air)
    for y in sorted(rng.uniform(0.12, 0.95) for _ in range(rng.integer(3, 6))):
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
    canvas.polygon([(x - wide * 0.55, top - height * 0.1), (x + wide * 0.55, top - height * 0.1), (x, top - height * 0.19)], paint)
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
        canvas.text(left + size * 0.5, low - size * 0.5, rng.choice(("FISH", "TEA", "SALT", "FRAGILE")), size * 0.24, (60, 40, 26))


def beach(canvas: Canvas, rng: Rng) -> Air:
    """Sand with parasols, bathers and palms before the sea."""
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
    _wet_sand(canvas, edge, h * 0.03)
    stones(canvas, rng, shore + h * 0.05, rng.integer(4, 12))
    _prints(canvas, rng, shore + h * 0.06)
    for y in sorted(rng.uniform(0.15, 0.9) for _ in range(rng.integer(2, 5))):
        _parasol(canvas, rng, air, w * rng.uniform(0.08, 0.92), shore + (h - shore) * y, h * (0.14 + 0.14 * y))
    crowd(canvas, rng, rng.integer(3, 6), shore + h * 0.05, h * 0.95, 0.24)
    if rng.below(2):
        palm(canvas, rng, w * rng.choice((rng.uniform(0.04, 0.2), rng.uniform(0.8, 0.96))), h * 0.93, h * rng.uniform(0.5, 0.7))
    return air


def _wet_sand(canvas: Canvas, edge: list[tuple[float, float]], depth: float) -> None:
    canvas.polygon([*edge, *[(x, y + depth) for x, y in edge[::-1]]], (110, 84, 58, 90))
    canvas.line(edge, (255, 255, 255), 1.6)


def _prints(canvas: Canvas, rng: Rng, top: float) -> None:
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
    dome = [(x + half * (k / ribs * 2 - 1), y - size * (0.66 + 0.34 * (1 - abs(k / ribs * 2 - 1) ** 2))) for k in range(ribs + 1)]
    for i, (a, b) in enumerate(zip(dome, dome[1:], strict=False)):
        hem = [(b[0], y - size * 0.66), ((a[0] + b[0]) / 2, y - size * 0.62), (a[0], y - size * 0.66)]
        tone = paint if i % 2 else (248, 244, 232)
        canvas.polygon([(x, y - size), a, *hem, b], shade(tone, 1.0 - 0.03 * i))
    canvas.ellipse(x, y - size * 1.01, size * 0.03, size * 0.03, shade(paint, 0.7))


def mountain_lake(canvas: Canvas, rng: Rng) -> Air:
    """Peaks behind a lake, pines, a cabin, a jetty and campers."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon, shore = h * rng.uniform(0.42, 0.5), h * rng.uniform(0.64, 0.72)
    sky(canvas, rng, air, horizon)
    mountains(canvas, rng, air, horizon, h * rng.uniform(0.26, 0.36))
    for i in range(rng.integer(30, 50)):
        pine(canvas, rng, air, rng.uniform(0, w), horizon + rng.uniform(0, 3), h * rng.uniform(0.03, 0.07) * (1 + (i % 5) * 0.1))
    water(canvas, rng, air, horizon, shore + h * 0.03)
    sail_boat(canvas, rng, w * rng.uniform(0.1, 0.9), horizon + (shore - horizon) * rng.uniform(0.2, 0.7), h * 0.1)
    grass(canvas, rng, air, shore, 800)
    stones(canvas, rng, shore - 2, rng.integer(8, 16))
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
    canvas.polygon([(x - size, y), (x - size * 0.2, y - size), (x + size * 0.5, y - size * 0.86), (x + size, y)], shade(paint, 0.75))
    canvas.polygon([(x - size, y), (x - size * 0.2, y - size), (x + size * 0.4, y)], paint)
    canvas.polygon([(x - size * 0.45, y), (x - size * 0.2, y - size * 0.7), (x + size * 0.05, y)], shade(paint, 0.35))


def railway(canvas: Canvas, rng: Rng) -> Air:
    """A steam train at a platform with a name board and passengers."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    horizon, rail = h * rng.uniform(0.46, 0.54), h * rng.uniform(0.72, 0.77)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.14, 0.24))
    grass(canvas, rng, air, horizon, 500)
    for _ in range(rng.integer(3, 6)):
        tree(canvas, rng, air, rng.uniform(0, w), horizon + h * rng.uniform(0.02, 0.08), h * rng.uniform(0.16, 0.28))
    _track(canvas, rng, rail)
    size = h * rng.uniform(0.2, 0.26)
    train(canvas, rng, w * rng.uniform(0.5, 0.95), rail, size, 5)
    platform = rail + h * 0.06
    paving(canvas, rng, platform, h, jitter(rng, (170, 156, 138), 14))
    canvas.rect(0, platform, w, platform + h * 0.012, (240, 236, 220))
    _name_board(canvas, rng, w * rng.uniform(0.2, 0.7), h * 0.87, h * 0.22)
    lamp_post(canvas, air, w * rng.uniform(0.05, 0.95), h * 0.9, h * 0.36)
    crowd(canvas, rng, rng.integer(3, 7), platform + h * 0.06, h * 0.97, 0.25)
    if rng.below(2):
        bench(canvas, air, w * rng.uniform(0.1, 0.9), h * 0.94, h * 0.18)
    return air


def _track(canvas: Canvas, rng: Rng, y: float) -> None:
    w, h = canvas.width, canvas.height
    canvas.paint(rng, [(0, y - h * 0.02), (w, y - h * 0.02), (w, y + h * 0.07), (0, y + h * 0.07)], (88, 82, 78), (150, 142, 134), (6, 4), 3)
    for i in range(int(w / 14) + 1):
        canvas.rect(i * 14, y + 1, i * 14 + 7, y + h * 0.025, jitter(rng, (92, 66, 48), 10))
    canvas.rect(0, y, w, y + 3, (196, 196, 200))


def _name_board(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    for side in (-0.6, 0.6):
        canvas.rect(x + side * size - 2, y - size, x + side * size + 2, y, (60, 60, 64))
    canvas.rect(x - size * 0.75, y - size, x + size * 0.75, y - size * 0.6, (248, 246, 238))
    canvas.rect(x - size * 0.72, y - size * 0.97, x + size * 0.72, y - size * 0.63, rng.choice(((30, 60, 110), (120, 36, 36), (30, 84, 60))))
    canvas.text(x, y - size * 0.8, rng.choice(PLACES), size * 0.22, (250, 250, 246))


def city_park(canvas: Canvas, rng: Rng) -> Air:
    """A skyline behind a park with benches, lamps, a pond and strollers."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    base = h * rng.uniform(0.56, 0.64)
    sky(canvas, rng, air, base)
    _skyline(canvas, rng, air, base)
    grass(canvas, rng, air, base, 900)
    _path(canvas, rng, base)
    for y in sorted(rng.uniform(0.0, 0.35) for _ in range(rng.integer(4, 8))):
        tree(canvas, rng, air, rng.uniform(0, w), base + (h - base) * y, h * rng.uniform(0.18, 0.28) * (0.7 + 1.4 * y))
    for _ in range(rng.integer(1, 3)):
        bench(canvas, air, w * rng.uniform(0.08, 0.92), h * rng.uniform(0.78, 0.86), h * 0.16)
    lamp_post(canvas, air, w * rng.uniform(0.05, 0.45), h * 0.86, h * 0.36)
    lamp_post(canvas, air, w * rng.uniform(0.55, 0.95), h * 0.8, h * 0.3)
    crowd(canvas, rng, rng.integer(3, 7), base + h * 0.1, h * 0.96, 0.23)
    if rng.below(2):
        balloon(canvas, rng, w * rng.uniform(0.15, 0.85), base * rng.uniform(0.15, 0.35), h * rng.uniform(0.1, 0.16))
    return air


def _skyline(canvas: Canvas, rng: Rng, air: Air, base: float) -> None:
    for layer in range(2):
        x = -canvas.width * rng.uniform(0, 0.08)
        while x < canvas.width:
            width = canvas.width * rng.uniform(0.05, 0.12)
            tall = base * rng.uniform(0.2, 0.62) * (1.1 - 0.3 * layer)
            tower(canvas, rng, air, (x, base - tall, x + width, base + 2))
            x += width * rng.uniform(1.0, 1.5)
        if layer == 0:
            canvas.rect(0, base * 0.2, canvas.width, base, (*air.hour.low, 70))


def market(canvas: Canvas, rng: Rng) -> Air:
    """Stalls with fruit, prices and flags on a square before old houses."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    square = h * rng.uniform(0.56, 0.62)
    sky(canvas, rng, air, square)
    x = -w * rng.uniform(0, 0.1)
    while x < w:
        width = h * rng.uniform(0.2, 0.3)
        house(canvas, rng, air, x, square, width, rng.integer(2, 3))
        x += width * rng.uniform(1.0, 1.12)
    paving(canvas, rng, square, h, jitter(rng, (166, 156, 142), 14))
    flag(canvas, rng, w * rng.uniform(0.1, 0.9), square + h * 0.1, h * rng.uniform(0.4, 0.55))
    crowd(canvas, rng, rng.integer(3, 6), square + h * 0.03, square + h * 0.12, 0.24)
    stalls = rng.integer(2, 3)
    for i in range(stalls):
        width = w / stalls * rng.uniform(0.66, 0.86)
        left = w / stalls * (i + rng.uniform(0.02, 0.14))
        _stall(canvas, rng, left, h * rng.uniform(0.84, 0.9), width, min(h * 0.36, width))
    crowd(canvas, rng, rng.integer(1, 3), h * 0.93, h * 0.98, 0.27)
    return air


_FRUIT: tuple[Colour, ...] = ((206, 54, 44), (240, 160, 40), (120, 170, 60), (250, 214, 80), (120, 60, 110), (222, 100, 60))


def _stall(canvas: Canvas, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    paint = rng.choice(PAINTS)
    canvas.soft(x + width / 2, y, width * 0.62, height * 0.12, (14, 14, 20), 0.7)
    for side in (0.04, 0.96):
        canvas.rect(x + width * side - 2, y - height, x + width * side + 2, y, (120, 92, 62))
    canvas.rect(x + width * 0.06, y - height * 0.72, x + width * 0.94, y - height * 0.4, mix(paint, (30, 26, 30), 0.7))
    boxes = rng.integer(3, 5)
    for i in range(boxes):
        left, step = x + width * i / boxes, width / boxes
        fruit = rng.choice(_FRUIT)
        for k in range(24):
            spot = (left + step * rng.uniform(0.12, 0.88), y - height * (0.5 - 0.16 * k / 24))
            canvas.ellipse(*spot, step * 0.1, step * 0.1, jitter(rng, fruit, 14))
            canvas.ellipse(spot[0] - step * 0.03, spot[1] - step * 0.04, step * 0.03, step * 0.03, shade(fruit, 1.35))
        canvas.rect(left + step * 0.3, y - height * 0.66, left + step * 0.7, y - height * 0.52, (250, 246, 226))
        canvas.text(left + step * 0.5, y - height * 0.59, f"{rng.integer(1, 9)}.{rng.integer(1, 9)}0", height * 0.09, (40, 36, 36))
    canvas.rect(x, y - height * 0.36, x + width, y, (150, 112, 70))
    for i in range(1, int(width / 12)):
        canvas.rect(x + i * 12, y - height * 0.36, x + i * 12 + 1, y, (110, 80, 48))
    canvas.rect(x + width * 0.25, y - height * 0.27, x + width * 0.75, y - height * 0.09, (46, 60, 52))
    canvas.text(x + width / 2, y - height * 0.18, rng.choice(("FRUIT", "APPLES", "FRESH", "FARM", "PLUMS")), height * 0.13, (240, 236, 220))
    for i in range(10):
        a, b, ink = x + width * i / 10, x + width * (i + 1) / 10, paint if i % 2 else (246, 240, 226)
        canvas.polygon([(a * 0.86 + (x + width / 2) * 0.14, y - height * 1.16), (b * 0.86 + (x + width / 2) * 0.14, y - height * 1.16), (b, y - height * 0.86), ((a + b) / 2, y - height * 0.82), (a, y - height * 0.86)], ink)

