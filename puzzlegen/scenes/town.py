"""Pictures of towns: a street, a station, a park in front of a skyline, a market."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air, draw_air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.houses import PLACES, house, tower
from puzzlegen.scenes.land import grass, hills, mottle, path, paving, ridge_line
from puzzlegen.scenes.meadow import crossing, puddle, scatter
from puzzlegen.scenes.noise import Colour, jitter, mix, shade
from puzzlegen.scenes.people import crowd
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import balloon, bench, flag, lamp_post, shop_front
from puzzlegen.scenes.trees import tree
from puzzlegen.scenes.vehicles import PAINTS, car, train

_FRUITS: tuple[Colour, ...] = (
    (206, 54, 44),
    (240, 160, 40),
    (120, 170, 60),
    (250, 214, 80),
    (120, 60, 110),
    (222, 100, 60),
)


def street(canvas: Canvas, rng: Rng) -> Air:
    """A row of houses and shops behind a pavement and a road with cars."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    curb = h * rng.uniform(0.7, 0.76)
    sky(canvas, rng, air, curb)
    _hedge(canvas, rng, air, curb, h * 0.16)
    terrace(canvas, rng, air, curb)
    paving(canvas, rng, curb, curb + h * 0.07, jitter(rng, (176, 170, 160), 12))
    road(canvas, rng, curb + h * 0.07)
    if rng.below(2):
        crossing(canvas, w * rng.uniform(0.15, 0.85), curb + h * 0.085, h, h * 0.4)
    for _ in range(rng.integer(2, 4)):
        puddle(canvas, air, rng.uniform(0, w), h * rng.uniform(0.84, 0.97), h * rng.uniform(0.05, 0.12))
    for i in range(rng.integer(2, 4)):
        x = w * (rng.uniform(0, 0.3) + 0.33 * i)
        lamp_post(canvas, air, x, curb + h * 0.05, h * rng.uniform(0.36, 0.44))
        if rng.below(2):
            tree(canvas, rng, air, x + w * 0.13, curb + h * 0.05, h * rng.uniform(0.24, 0.36))
    crowd(canvas, rng, rng.integer(3, 7), curb + h * 0.02, curb + h * 0.07, 0.2)
    for i in range(rng.integer(1, 3)):
        facing, length = rng.choice((-1, 1)), h * rng.uniform(0.3, 0.4)
        car(
            canvas, (w * (rng.uniform(0.05, 0.35) + 0.4 * i), h * (0.87 + 0.05 * i)), length, facing, rng.choice(PAINTS)
        )
    return air


def _hedge(canvas: Canvas, rng: Rng, air: Air, base: float, height: float) -> None:
    tone = air.season.leaves[0] if air.season.leaves else (110, 116, 120)
    edge = ridge_line(rng, canvas.width, base - height, height * 0.2, 60)
    shape = [*edge, (canvas.width, base), (0, base)]
    canvas.paint(rng, shape, shade(tone, 0.45), shade(tone, 0.85), (9, 7), 3)


def terrace(canvas: Canvas, rng: Rng, air: Air, curb: float) -> None:
    """Draw houses side by side with their fronts on ``curb``, about half of them with a shop."""
    x, h = -canvas.width * rng.uniform(0.0, 0.15), canvas.height
    while x < canvas.width:
        width = h * rng.uniform(0.24, 0.36)
        house(canvas, rng, air, x, curb, width, rng.integer(2, 3))
        if rng.below(2):
            shop_front(canvas, rng, (x + width * 0.03, curb - width * 0.42, x + width * 0.97, curb))
        x += width * rng.uniform(1.0, 1.25)


def road(canvas: Canvas, rng: Rng, top: float) -> None:
    """Draw a road with a dashed line, from ``top`` to the lower edge."""
    w, h = canvas.width, canvas.height
    canvas.paint(rng, [(0, top), (w, top), (w, h), (0, h)], (70, 70, 76), (112, 110, 112), (24, 8), 5)
    mottle(canvas, rng, (top, h), ((48, 48, 54), (140, 138, 136), (104, 92, 80), (96, 112, 130)), 0.6)
    canvas.rect(0, top, w, top + h * 0.012, (150, 146, 140))
    start, y = rng.uniform(-60, 0), top + (h - top) * 0.45
    for i in range(int(w / 70) + 2):
        canvas.polygon(
            [(start + i * 70 + 6, y), (start + i * 70 + 40, y), (start + i * 70 + 36, y + 4), (start + i * 70, y + 4)],
            (232, 228, 210),
        )
    for _ in range(6):
        x, z = rng.uniform(0, w), rng.uniform(top + 10, h)
        canvas.line([(x + k * 9, z + rng.uniform(-3, 3)) for k in range(6)], (52, 52, 56), 0.8)


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
    canvas.paint(
        rng,
        [(0, y - h * 0.02), (w, y - h * 0.02), (w, y + h * 0.07), (0, y + h * 0.07)],
        (88, 82, 78),
        (150, 142, 134),
        (6, 4),
        3,
    )
    for i in range(int(w / 14) + 1):
        canvas.rect(i * 14, y + 1, i * 14 + 7, y + h * 0.025, jitter(rng, (92, 66, 48), 10))
    canvas.rect(0, y, w, y + 3, (196, 196, 200))


def _name_board(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    for side in (-0.6, 0.6):
        canvas.rect(x + side * size - 2, y - size, x + side * size + 2, y, (60, 60, 64))
    canvas.rect(x - size * 0.75, y - size, x + size * 0.75, y - size * 0.6, (248, 246, 238))
    canvas.rect(
        x - size * 0.72,
        y - size * 0.97,
        x + size * 0.72,
        y - size * 0.63,
        rng.choice(((30, 60, 110), (120, 36, 36), (30, 84, 60))),
    )
    canvas.text(x, y - size * 0.8, rng.choice(PLACES), size * 0.22, (250, 250, 246))


def city_park(canvas: Canvas, rng: Rng) -> Air:
    """A park with benches, lamps and strollers in front of a skyline; often a pond."""
    air, h, w = draw_air(rng), canvas.height, canvas.width
    base = h * rng.uniform(0.56, 0.64)
    sky(canvas, rng, air, base)
    skyline(canvas, rng, air, base)
    grass(canvas, rng, air, base, 900)
    scatter(canvas, rng, air, base + h * 0.08, farm=False)
    path(canvas, rng, base)
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


def skyline(canvas: Canvas, rng: Rng, air: Air, base: float) -> None:
    """Draw two rows of tall buildings that stand on ``base``."""
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
    """Stalls with fruit and prices and a flag, on a square in front of old houses."""
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


def _stall(canvas: Canvas, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    paint, middle = rng.choice(PAINTS), x + width / 2
    canvas.soft(middle, y, width * 0.62, height * 0.12, (14, 14, 20), 0.7)
    for post in (x + width * 0.04, x + width * 0.96):
        canvas.rect(post - 2, y - height, post + 2, y, (120, 92, 62))
    back = mix(paint, (30, 26, 30), 0.7)
    canvas.rect(x + width * 0.06, y - height * 0.72, x + width * 0.94, y - height * 0.4, back)
    boxes = rng.integer(3, 5)
    for i in range(boxes):
        _fruit_box(canvas, rng, x + width * i / boxes, y - height * 0.34, width / boxes, height)
    canvas.rect(x, y - height * 0.36, x + width, y, (150, 112, 70))
    for i in range(1, int(width / 12)):
        canvas.rect(x + i * 12, y - height * 0.36, x + i * 12 + 1, y, (110, 80, 48))
    canvas.rect(x + width * 0.25, y - height * 0.27, x + width * 0.75, y - height * 0.09, (46, 60, 52))
    name = rng.choice(("FRUIT", "APPLES", "FRESH", "FARM", "PLUMS"))
    canvas.text(middle, y - height * 0.18, name, height * 0.13, (240, 236, 220))
    for i in range(10):
        a, b, ink = i / 10 - 0.5, i / 10 - 0.4, paint if i % 2 else (246, 240, 226)
        drop, rise = height / width * 0.04, -height / width * 0.3
        canvas.shape(
            middle,
            y - height * 0.86,
            width,
            [(a * 0.86, rise), (b * 0.86, rise), (b, 0), ((a + b) / 2, drop), (a, 0)],
            ink,
        )


def _fruit_box(canvas: Canvas, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    """Draw a heap of one fruit with its price above."""
    fruit = rng.choice(_FRUITS)
    for k in range(24):
        px, py = x + width * rng.uniform(0.12, 0.88), y - height * 0.16 * (1 - k / 24)
        canvas.ellipse(px, py, width * 0.1, width * 0.1, jitter(rng, fruit, 14))
        canvas.ellipse(px - width * 0.03, py - width * 0.04, width * 0.03, width * 0.03, shade(fruit, 1.35))
    canvas.rect(x + width * 0.3, y - height * 0.32, x + width * 0.7, y - height * 0.18, (250, 246, 226))
    price = f"{rng.integer(1, 9)}.{rng.integer(1, 9)}0"
    canvas.text(x + width * 0.5, y - height * 0.25, price, height * 0.09, (40, 36, 36))
