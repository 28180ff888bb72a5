"""The ground and background of scenes: hills, grass, paving, water, stones and flowers."""

from __future__ import annotations

import itertools

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, floats, jitter, mix, shade, sine

_ROCK: Colour = (128, 124, 118)


def ridge_line(rng: Rng, width: float, y: float, amplitude: float, steps: int = 48, rough: float = 0.2) -> list[Point]:
    """Return the upper edge of hills, from left to right: three random waves plus some roughness."""
    waves = [(rng.uniform(0.4, 1.2) * (i + 1), rng.uniform(), 1 / (i + 1)) for i in range(3)]
    points = []
    for i in range(steps + 1):
        u = i / steps
        swell = sum(size * sine(rate * u + start) for rate, start, size in waves) / 1.8
        points.append((u * width, y - amplitude * (swell + rough * rng.uniform(-1, 1))))
    return points


def hills(canvas: Canvas, rng: Rng, air: Air, horizon: float, height: float) -> None:
    """Draw two to four wooded ridges, the far ones pale with haze."""
    count = rng.integer(2, 4)
    for i in range(count):
        near = (i + 1) / count
        y = horizon - height * (1 - near) * 0.7
        edge = ridge_line(rng, canvas.width, y - height * 0.1, height * (0.45 - 0.25 * near))
        haze = 0.62 * (1 - near) + 0.12
        dark, light = (mix(c, air.hour.low, haze) for c in air.season.grass)
        shape = [*edge, (canvas.width, horizon + 4), (0, horizon + 4)]
        canvas.paint(rng, shape, shade(dark, 0.9), light, (70, 22), 3)
        _woods(canvas, rng, edge, mix(_wood_colour(air), air.hour.low, haze), height * 0.07 * (0.4 + near))


def _wood_colour(air: Air) -> Colour:
    return shade(air.season.leaves[0], 0.75) if air.season.leaves else (84, 92, 96)


def _woods(canvas: Canvas, rng: Rng, edge: list[Point], colour: Colour, size: float) -> None:
    for _ in range(rng.integer(2, 5)):
        start, length = rng.below(len(edge) - 8), rng.integer(2, 7)
        for x, y in edge[start : start + length]:
            for _ in range(4):
                r = size * rng.uniform(0.5, 1.1)
                spot = (x + rng.uniform(-2, 2) * size, y + rng.uniform(-0.6, 0.9) * size)
                canvas.ellipse(*spot, r * 0.9, r, jitter(rng, colour, 12))


def mountains(canvas: Canvas, rng: Rng, air: Air, horizon: float, height: float) -> None:
    """Draw jagged peaks, lit from the side of the sun, with snow on top."""
    for layer in range(2):
        tone = mix((104, 108, 124) if layer else (134, 144, 166), air.hour.low, 0.45 - 0.3 * layer)
        for _ in range(rng.integer(4, 6)):
            x, h = rng.uniform(0, canvas.width), height * rng.uniform(0.5, 1.0) * (1 - 0.3 * layer)
            _peak(canvas, rng, (x, horizon - h), horizon, tone, air)


def _peak(canvas: Canvas, rng: Rng, top: Point, base: float, tone: Colour, air: Air) -> None:
    x, y = top
    h, lean = base - y, rng.uniform(-0.08, 0.08)
    left, right = x - h * rng.uniform(0.8, 1.2), x + h * rng.uniform(0.8, 1.2)
    middle = [(x + h * (lean * k + rng.uniform(-0.05, 0.05)), y + h * k) for k in (0.2, 0.4, 0.6, 0.8, 1.0)]
    bright, dull = shade(tone, 1.12), shade(tone, 0.74)
    sunny = air.sun * canvas.width < x
    for side, edge in ((True, left), (False, right)):
        flank = [top, *middle, (edge, base)]
        lit = side == sunny
        canvas.paint(rng, flank, shade(bright if lit else dull, 0.82), bright if lit else dull, (26, 40), 4)
        slope = 0.3 * rng.uniform(0.7, 1.0)
        cap = [top, middle[0], (x + (edge - x) * 0.12, y + h * 0.26), (x + (edge - x) * 0.17, y + h * 0.2)]
        cap.append((x + (edge - x) * slope, y + h * slope))
        canvas.polygon(cap, (250, 252, 255) if lit else (196, 208, 226))


def grass(canvas: Canvas, rng: Rng, air: Air, top: float, blades: int = 1100) -> None:
    """Draw ground from ``top`` to the lower edge: lawn or snow, with tufts, stones, and flowers or footprints."""
    dark, light = air.season.grass
    w, h = canvas.width, canvas.height
    canvas.paint(rng, [(0, top), (w, top), (w, h), (0, h)], dark, light, (60, 14), 5)
    mottle(canvas, rng, (top + h * 0.05, h), _stain_tones(air))
    tall = h * 0.03
    stroke = shade(light, 1.12), shade(dark, 0.86), mix(dark, light, 0.6)
    samples = floats(rng, blades * 4).reshape(blades, 4).tolist()
    for i, (u, v, lean, size) in enumerate(sorted(samples, key=lambda d: d[1])):
        depth = v * v
        x, y, s = u * w, top + depth * (h - top), tall * (0.25 + depth) * (0.5 + size)
        canvas.line([(x, y), (x + (lean - 0.5) * s, y - s)], stroke[i % 3], 0.6 + depth * 0.6)
    stones(canvas, rng, top, rng.integer(4, 14))
    if air.season.flowers:
        flowers(canvas, rng, air.season.flowers, top, rng.integer(70, 220))
    else:
        _footprints(canvas, rng, top)


def _stain_tones(air: Air) -> tuple[Colour, ...]:
    dark, light = air.season.grass
    if air.snowy:
        return shade(dark, 0.72), (166, 186, 214), (255, 255, 255), (176, 166, 150)
    return (shade(dark, 0.6), shade(light, 1.25), mix(light, (236, 214, 110), 0.5), mix(dark, (110, 80, 50), 0.6))


def _footprints(canvas: Canvas, rng: Rng, top: float) -> None:
    x, lean = rng.uniform(0, canvas.width), rng.uniform(-60, 60)
    for i in range(26):
        u = i / 26
        y = top + (canvas.height - top) * u * u
        canvas.ellipse(x + lean * u + (i % 2) * 8 * u, y, 1 + 4 * u, 0.6 + 2 * u, (168, 180, 204))


def mottle(
    canvas: Canvas, rng: Rng, span: tuple[float, float], tones: tuple[Colour, ...], strength: float = 0.6
) -> None:
    """Draw broad soft stains between two heights, so that no two places of a meadow, beach or lake look alike."""
    top, bottom = span
    for _ in range(rng.integer(14, 20)):
        depth = rng.uniform()
        rx = canvas.width * rng.uniform(0.06, 0.15) * (0.5 + depth)
        spot = (rng.uniform(0, canvas.width), top + (bottom - top) * depth)
        canvas.soft(*spot, rx, rx * rng.uniform(0.25, 0.5), rng.choice(tones), strength * rng.uniform(0.6, 1.2))


def stones(canvas: Canvas, rng: Rng, top: float, count: int) -> None:
    """Draw boulders, light above and dark below."""
    for y in sorted(rng.uniform(0.05, 1) for _ in range(count)):
        r, x = canvas.height * 0.026 * y * rng.uniform(0.4, 1.2), rng.uniform(0, canvas.width)
        base = top + (canvas.height - top) * y
        tone = jitter(rng, _ROCK, 14)
        canvas.soft(x, base + r * 0.3, r * 2, r * 0.7, (20, 24, 20), 0.45)
        canvas.ellipse(x, base - r * 0.3, r * 1.3, r * 0.8, shade(tone, 0.72))
        canvas.ellipse(x - r * 0.1, base - r * 0.45, r * 1.1, r * 0.6, tone)
        canvas.ellipse(x - r * 0.3, base - r * 0.6, r * 0.6, r * 0.3, shade(tone, 1.2))


def flowers(canvas: Canvas, rng: Rng, colours: tuple[Colour, ...], top: float, count: int) -> None:
    """Draw flowers on stems, smaller far away."""
    kinds = rng.sample(colours, min(3, len(colours)))
    for v in sorted(rng.uniform(0.15, 1) for _ in range(count)):
        x, y, r = rng.uniform(0, canvas.width), top + (canvas.height - top) * v * v, 0.7 + 2.6 * v * v
        canvas.line([(x, y), (x + rng.uniform(-1, 1), y - r * 4)], (52, 92, 40), 0.5 + v * 0.6)
        canvas.ellipse(x, y - r * 4, r * 1.2, r, rng.choice(kinds))
        canvas.ellipse(x, y - r * 4.2, r * 0.45, r * 0.35, (250, 226, 120))


def path(canvas: Canvas, rng: Rng, horizon: float) -> None:
    """Draw a winding path from ``horizon`` to the lower edge, wider towards the viewer."""
    x, sway, bend = rng.uniform(0.2, 0.8), rng.uniform(0.05, 0.18), rng.uniform()
    left, right = [], []
    for i in range(25):
        k = i / 24
        middle = canvas.width * (x + sway * sine(bend + 0.8 * k) * (0.3 + k))
        half, y = canvas.width * (0.006 + 0.09 * k * k), horizon + (canvas.height - horizon) * k * k
        left.append((middle - half, y))
        right.append((middle + half, y))
    canvas.paint(rng, [*left, *right[::-1]], (150, 124, 92), (214, 192, 154), (16, 5), 4)


def paving(canvas: Canvas, rng: Rng, top: float, bottom: float, tone: Colour) -> None:
    """Draw flagstones in perspective."""
    w = canvas.width
    canvas.paint(rng, [(0, top), (w, top), (w, bottom), (0, bottom)], shade(tone, 0.78), shade(tone, 1.12), (30, 9))
    stains = (shade(tone, 0.6), shade(tone, 1.25), mix(tone, (90, 100, 70), 0.5), mix(tone, (196, 150, 110), 0.5))
    mottle(canvas, rng, (top, bottom), stains, 0.5)
    rows = max(4, round((bottom - top) / 13))
    offset = rng.uniform(0.3, 0.7) * w
    edges = [top + (bottom - top) * (i / rows) * (0.45 + 0.55 * i / rows) for i in range(rows + 1)]
    for i, (y0, y1) in enumerate(itertools.pairwise(edges)):
        canvas.line([(0, y1), (w, y1)], shade(tone, 0.62), 0.7)
        spread = 26 + 30 * (y1 - top) / (bottom - top)
        for k in range(-int(offset / 26) - 2, int((w - offset) / 26) + 2):
            x = offset + (k + 0.5 * (i % 2)) * spread
            canvas.line([(x, y0), (x + (x - offset) * 0.03, y1)], shade(tone, 0.66), 0.7)


def water(canvas: Canvas, rng: Rng, air: Air, top: float, bottom: float) -> None:
    """Draw water in perspective: sky-coloured far away, deeper in the foreground, with ripples and glitter."""
    deep = mix(mix((24, 84, 118), air.hour.top, 0.35), rng.choice(((20, 90, 100), (30, 70, 120))), 0.4)
    w, count, far = canvas.width, 700, mix(air.hour.low, deep, 0.3)
    for i in range(9):
        y0, y1 = (top + (bottom - top) * k * (k + 3) / 108 for k in (i, i + 1))
        tone = mix(far, deep, (i + 0.5) / 9)
        band = [(0, y0), (w, y0), (w, y1 + 1), (0, y1 + 1)]
        canvas.paint(rng, band, shade(tone, 0.86), shade(tone, 1.14), (30 + 16 * i, 4 + 2 * i), 2)
    shallow = (
        mix(deep, (90, 200, 180), 0.5),
        shade(deep, 0.6),
        mix(far, (255, 255, 255), 0.3),
        mix(deep, air.hour.cloud, 0.5),
    )
    mottle(canvas, rng, (top, bottom), shallow, 0.7)
    for u, v, size, gleam in floats(rng, count * 4).reshape(count, 4).tolist():
        depth = v * v
        x, y, length = u * w, top + 1 + depth * (bottom - top - 2), (5 + 30 * depth) * (0.4 + size)
        ink = mix(deep, air.hour.low, 0.85) if gleam > 0.5 else shade(deep, 0.78)
        canvas.line([(x, y), (x + length / 2, y - depth * 1.6), (x + length, y)], (*ink, 150), 0.6 + depth * 1.1)
    for u, v in floats(rng, 160).reshape(80, 2).tolist():
        x = air.sun * w + (u - 0.5) * w * (0.06 + 0.12 * v)
        canvas.line([(x, top + v * (bottom - top)), (x + 3 + 8 * v, top + v * (bottom - top))], (255, 244, 214, 170))


def shadow(canvas: Canvas, air: Air, x: float, y: float, width: float, height: float) -> None:
    """Draw the ground shadow of an upright object, falling away from the sun and towards the viewer."""
    away = (1 if x > air.sun * canvas.width else -1) * height * 0.35
    fall, half = height * 0.16, width / 2
    shape = [(x - half, y), (x + half, y), (x + half * 0.8 + away, y + fall), (x - half * 0.8 + away, y + fall)]
    canvas.polygon(shape, (16, 22, 40, 40 if air.hour.name in ("overcast", "night") else 86))
