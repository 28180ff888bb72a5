"""Clips of irreversible changes: a plant grows, a candle burns down, ink spreads, snow settles."""

from __future__ import annotations

from typing import Final

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import HOURS, SEASONS, Air
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.film import Puff, Shot, Size, puffs, smoke
from puzzlegen.scenes.furniture import WOODS, book_pile, bowl, fruit, vase
from puzzlegen.scenes.houses import house
from puzzlegen.scenes.land import grass, hills
from puzzlegen.scenes.noise import Colour, cosine, floats, jitter, noise, shade, sine
from puzzlegen.scenes.sets import table_room
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import bench, fence, lamp_post
from puzzlegen.scenes.trees import pine

#: How far (0..1) a flower has opened when its bud takes on the petals' colour.
_SHOWS_COLOUR: Final = 0.34
#: Petals whose green channel reaches this value are light, so their centre is drawn dark to stand out.
_LIGHT_PETAL: Final = 180
_PETALS: Final[tuple[Colour, ...]] = ((230, 84, 96), (250, 196, 70), (180, 110, 210), (244, 240, 236), (240, 140, 170))


def growing_plant(rng: Rng, size: Size) -> Shot:
    """A stem rises from a pot, leaves unfold one after another, and finally a flower opens."""
    w, h, _ = size
    canvas, edge = Canvas.blank(w, h), h * rng.uniform(0.7, 0.76)
    table_room(canvas, rng, edge, rng.choice(WOODS))
    x, foot, pot = w * rng.uniform(0.42, 0.58), edge + h * 0.19, h * rng.uniform(0.2, 0.24)
    book_pile(canvas, rng, w * 0.14, edge + h * 0.1, w * 0.18)
    bowl(canvas, rng, w * 0.87, edge + h * 0.12, h * 0.2)
    clay = jitter(rng, (182, 100, 66), 24)
    tall, sway, petal = (h * rng.uniform(0.5, 0.56), rng.uniform(-0.16, 0.16), jitter(rng, rng.choice(_PETALS), 14))
    leaf, count = jitter(rng, (78, 142, 66), 16), rng.integer(6, 8)

    def point(u: float) -> Point:
        return x + tall * sway * sine(u * 0.4), foot - pot - tall * u

    def draw(frame: Canvas, t: float, k: float) -> None:
        _sunbeam(frame, k, edge)
        grown = 0.05 + 0.95 * min(1.0, k / 0.72)
        _pot(frame, x, foot, pot, clay)
        wind = sine(t * 0.35) * 0.015
        straight = [point(grown * i / 10) for i in range(11)]
        stem = [(px + wind * tall * i / 10, py) for i, (px, py) in enumerate(straight)]
        frame.line(stem, shade(leaf, 0.8), h * 0.016)
        for i in range(count):
            born = (i + 0.6) / (count + 0.8)
            _leaf(frame, point(born), (-1) ** i, tall * 0.34 * min(1.0, max(0.0, (grown - born) * 2.6)), leaf)
        _flower(frame, stem[-1], h * 0.12, max(0.0, (k - 0.5) / 0.5), petal, leaf)

    return Shot(canvas.light(rng), draw)


def _sunbeam(frame: Canvas, k: float, edge: float) -> None:
    """Draw light from the window, which moves across wall and table as the hours pass."""
    w, h = frame.width, frame.height
    for i in range(6):
        x, wide = w * (1.15 * k - 0.25) + i * 3, w * 0.3 - i * 6
        wall = [(x, h * 0.04), (x + wide, h * 0.04), (x + wide + h * 0.12, edge), (x + h * 0.12, edge)]
        table = [wall[3], wall[2], (wall[2][0] + h * 0.14, h), (wall[3][0] + h * 0.14, h)]
        frame.polygon(wall, (255, 240, 190, 16))
        frame.polygon(table, (255, 236, 180, 16))


def _pot(canvas: Canvas, x: float, y: float, size: float, tone: Colour) -> None:
    canvas.soft(x, y, size * 0.9, size * 0.18, (8, 6, 6), 0.8)
    canvas.shape(x, y, size, [(-0.5, -1), (0.5, -1), (0.36, 0), (-0.36, 0)], tone)
    canvas.shape(x, y, size, [(0.1, -1), (0.5, -1), (0.36, 0), (0.08, 0)], shade(tone, 0.8))
    canvas.rect(x - size * 0.57, y - size * 1.1, x + size * 0.57, y - size * 0.86, shade(tone, 1.1))
    canvas.rect(x - size * 0.5, y - size * 1.1, x + size * 0.5, y - size * 1.03, (70, 48, 34))


def _leaf(frame: Canvas, at: Point, side: float, length: float, tone: Colour) -> None:
    if length < 1:
        return
    (x, y), tip = at, (at[0] + side * length, at[1] - length * 0.45)
    upper, lower = (x + side * length * 0.45, y - length * 0.55), (x + side * length * 0.6, y - length * 0.02)
    frame.polygon([(x, y), upper, tip, lower], tone)
    frame.polygon([(x, y), tip, lower], shade(tone, 0.76))
    frame.line([(x, y), tip], shade(tone, 1.3), 0.8)


def _flower(frame: Canvas, at: Point, size: float, opened: float, petal: Colour, leaf: Colour) -> None:
    x, y = at
    if opened <= 0:
        return
    bud = size * min(1.0, opened * 3) * 0.34
    frame.ellipse(x, y, bud, bud * 1.4, leaf if opened < _SHOWS_COLOUR else petal)
    spread = max(0.0, opened - 0.3) / 0.7
    if spread:
        for k in range(9):
            far = size * 0.72 * spread
            spot = (x + sine(k / 9) * far, y + cosine(k / 9) * far)
            frame.ellipse(*spot, size * 0.36 * spread, size * 0.36 * spread, shade(petal, 0.86 + 0.025 * k))
        frame.ellipse(
            x,
            y,
            size * 0.34 * spread,
            size * 0.34 * spread,
            (242, 190, 70) if petal[1] < _LIGHT_PETAL else (140, 90, 44),
        )


def burning_candle(rng: Rng, size: Size) -> Shot:
    """A candle burns down in time lapse: the flame flickers, wax runs down, thin smoke rises."""
    w, h, seconds = size
    canvas, edge = Canvas.blank(w, h), h * rng.uniform(0.68, 0.74)
    table_room(canvas, rng, edge, rng.choice(WOODS))
    vase(canvas, rng, w * rng.uniform(0.12, 0.2), edge + h * 0.1, h * 0.4, flowers=True)
    fruit(canvas, rng, w * 0.8, edge + h * 0.14, h * 0.05)
    book_pile(canvas, rng, w * 0.84, edge + h * 0.08, w * 0.18)
    x, foot, tall = w * rng.uniform(0.42, 0.58), edge + h * 0.16, h * rng.uniform(0.5, 0.58)
    half, wax = (
        h * rng.uniform(0.04, 0.055),
        jitter(rng, rng.choice(((240, 228, 200), (200, 80, 70), (110, 150, 170))), 14),
    )
    canvas.ellipse(x, foot, half * 2.6, half * 0.6, (186, 156, 84))
    drips = [(rng.uniform(-0.9, 0.9), rng.uniform(0, 0.8), rng.uniform(0.2, 0.5)) for _ in range(9)]
    rising = puffs(rng, int(seconds * 8), (0.0, -h * 0.13), h * 0.05, h * 0.022)

    def top(k: float) -> float:
        return foot - tall * (1 - 0.86 * k)

    trail = [Puff(p.born * seconds, (x, top(p.born) - half * 2.2), p.drift, p.swell) for p in rising]

    def draw(frame: Canvas, t: float, k: float) -> None:
        smoke(frame, trail, t, 2.2, (220, 218, 216), 0.5)
        frame.ellipse(x, foot, half * (1 + 1.3 * k), half * (0.3 + 0.22 * k), shade(wax, 0.9))
        frame.rect(x - half, top(k), x + half, foot, wax)
        frame.rect(x + half * 0.3, top(k), x + half, foot, shade(wax, 0.84))
        for u, born, length in drips:
            run = min(1.0, max(0.0, (k - born) * 5)) * length * tall
            start = max(top(k), top(born))
            frame.limb([(x + u * half, start), (x + u * half, min(foot, start + run))], shade(wax, 1.06), half * 0.3)
        frame.ellipse(x, top(k), half, half * 0.24, shade(wax, 1.12))
        _flame(frame, x, top(k), half, t)

    return Shot(canvas.light(rng, (0.82, 0.74, 0.66)), draw)


def _flame(frame: Canvas, x: float, y: float, half: float, t: float) -> None:
    tall, lean = half * (2.2 + 0.3 * sine(t * 2.7) + 0.15 * sine(t * 6.1)), half * 0.25 * sine(t * 1.9)
    frame.line([(x, y), (x, y - half * 0.5)], (40, 30, 26), 1.2)
    frame.soft(x, y - tall * 0.6, half * 7, half * 7, (255, 206, 120), 0.5)
    for scale, ink in ((1.0, (255, 170, 60)), (0.72, (255, 226, 130)), (0.4, (255, 250, 220))):
        r, low = half * 0.55 * scale, y - half * 0.3
        tip = (x + lean, low - tall * scale)
        frame.polygon(
            [
                (x - r * 0.7, low),
                (x - r, low - tall * scale * 0.35),
                tip,
                (x + r, low - tall * scale * 0.35),
                (x + r * 0.7, low),
            ],
            ink,
        )


def spreading_ink(rng: Rng, size: Size) -> Shot:
    """Drops of ink fall into a tank of water, sink, curl and tint it."""
    w, h, seconds = size
    canvas, edge = Canvas.blank(w, h), h * rng.uniform(0.66, 0.72)
    table_room(canvas, rng, edge, rng.choice(WOODS))
    book_pile(canvas, rng, w * 0.12, edge + h * 0.1, w * 0.18)
    vase(canvas, rng, w * 0.9, edge + h * 0.1, h * 0.36, flowers=True)
    half, foot = w * rng.uniform(0.2, 0.24), edge + h * 0.2
    middle = w * rng.uniform(0.46, 0.54)
    box = (middle - half, foot - h * rng.uniform(0.46, 0.5), middle + half, foot)
    ink = rng.choice(((24, 30, 110), (130, 20, 60), (20, 90, 70), (60, 20, 100)))
    canvas.soft(middle, foot, half * 1.2, h * 0.04, (6, 6, 8), 0.8)
    canvas.rect(*box, (206, 228, 238, 150))
    drops = [(0.03, rng.uniform(-0.2, 0.2)), (0.3, rng.uniform(-0.5, 0.0)), (0.55, rng.uniform(0.0, 0.5))]
    clouds = [floats(rng, 80 * 4).reshape(80, 4).tolist() for _ in drops]

    def draw(frame: Canvas, _t: float, k: float) -> None:
        x0, y0, x1, y1 = box
        bands = 8
        for i in range(bands):
            tint = max(0.0, k - 0.25 + 0.2 * i / bands) * 150
            frame.rect(x0, y0 + (y1 - y0) * i / bands, x1, y0 + (y1 - y0) * (i + 1) / bands, (*ink, int(tint)))
        for (born, offset), cloud in zip(drops, clouds, strict=True):
            start = (middle + offset * half, y0)
            if k < born:
                ahead = (born - k) / 0.08
                if ahead < 1:
                    frame.ellipse(start[0], y0 - h * 0.16 * (1 - (1 - ahead) * (1 - ahead)), h * 0.012, h * 0.016, ink)
            else:
                _plume(frame, box, start, cloud, (k - born) * seconds, ink)
        _glass(frame, box)
        frame.polygon(
            [(middle - 5, 0), (middle + 5, 0), (middle + 2, y0 - h * 0.18), (middle - 2, y0 - h * 0.18)], (90, 100, 110)
        )

    return Shot(canvas.light(rng), draw)


def _plume(
    frame: Canvas,
    box: tuple[float, float, float, float],
    start: Point,
    cloud: list[list[float]],
    age: float,
    ink: Colour,
) -> None:
    x0, y0, x1, y1 = box
    deep = y1 - y0
    for a, b, c, d in cloud:
        sink = deep * (0.25 + 0.75 * a) * age / (age + 1.6)
        wide = (b - 0.5) * deep * (0.1 + 0.9 * age / (age + 3)) * (0.4 + a)
        curl = sine(c + age * (0.1 + 0.1 * d)) * deep * 0.05 * min(1.0, age)
        r = deep * (0.03 + 0.06 * age / (age + 1.2) * (0.6 + d))
        x = min(x1 - r, max(x0 + r, start[0] + wide + curl))
        y = min(y1 - r, max(y0 + r * 0.8, start[1] + sink + curl * 0.5))
        frame.soft(x, y, r, r, ink, 0.8 / (1 + age * 0.22))


def _glass(frame: Canvas, box: tuple[float, float, float, float]) -> None:
    x0, y0, x1, y1 = box
    rim = y0 - (y1 - y0) * 0.12
    frame.line([(x0, rim), (x0, y1), (x1, y1), (x1, rim)], (236, 244, 248), 2.0)
    frame.line([(x0, y0), (x1, y0)], (250, 252, 255), 1.2)
    frame.rect(x0 + 5, rim + 6, x0 + 9, y1 - 12, (255, 255, 255, 90))


def settling_snow(rng: Rng, size: Size) -> Shot:
    """Snow falls on a village until roofs, trees and ground are white."""
    w, h, seconds = size
    before, after = (Canvas.blank(w, h) for _ in range(2))
    seed = rng.fork("village")
    for canvas, season in ((before, SEASONS[2]), (after, SEASONS[3])):
        _village(canvas, seed, Air(HOURS[3], season, 0.3))
    light_rng = rng.fork("light")
    start, end = (c.light(light_rng.fork("same"), HOURS[3].tint).image for c in (before, after))
    patches = noise(rng, start.size, (50, 24), 4)
    flakes = floats(rng, 240 * 4).reshape(240, 4).tolist()

    def draw(frame: Canvas, t: float, _k: float) -> None:
        snow_mask = patches.point(
            [min(255, max(0, int((t / max(seconds, 6.5) * 1.35 - 0.12) * 420 - v * 1.2))) for v in range(256)]
        )
        frame.image.paste(end, (0, 0), snow_mask)
        for a, b, c, d in flakes:
            y = (a * 1.1 + t * (0.16 + 0.14 * b)) % 1.1 - 0.05
            x = (c + t * 0.03 + 0.012 * sine(t * 0.3 + d)) % 1.0
            frame.ellipse(x * w, y * h, 0.9 + 1.6 * b, 0.9 + 1.6 * b, (252, 253, 255))

    return Shot(Canvas(start), draw)


def _village(canvas: Canvas, rng: Rng, air: Air) -> None:
    """Draw a village that is the same in any season, because each part draws from a random stream of its own."""
    w, h, place_rng = canvas.width, canvas.height, rng.fork("places")
    horizon = h * place_rng.uniform(0.46, 0.54)
    sky(canvas, rng.fork("sky"), air, horizon)
    hills(canvas, rng.fork("hills"), air, horizon, h * 0.2)
    grass(canvas, rng.fork("grass"), air, horizon, 400)
    for i, y in enumerate(sorted(place_rng.uniform(0.04, 0.36) for _ in range(6))):
        x, foot = w * place_rng.uniform(0.02, 0.9), horizon + (h - horizon) * y
        if i % 2:
            house(canvas, rng.fork("house", i), air, x, foot, h * (0.2 + 0.24 * y), 1)
        else:
            pine(canvas, rng.fork("tree", i), air, x, foot, h * (0.26 + 0.3 * y))
    fence(canvas, rng.fork("fence"), -4, w * place_rng.uniform(0.5, 1.1), h * 0.8, h * 0.09)
    lamp_post(canvas, air, w * place_rng.uniform(0.1, 0.9), h * 0.84, h * 0.42)
    bench(canvas, air, w * place_rng.uniform(0.2, 0.8), h * 0.92, h * 0.22)
