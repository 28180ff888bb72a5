"""Clips of things that rise on fire: a rocket, fireworks."""

from __future__ import annotations

from typing import NamedTuple

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import DAY, HOURS, SUMMER, Air, draw_air
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.film import Puff, Shot, Size, puffs, smoke
from puzzlegen.scenes.land import grass, hills
from puzzlegen.scenes.noise import Colour, cosine, floats, jitter, mix, shade, sine
from puzzlegen.scenes.people import crowd
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.town import skyline
from puzzlegen.scenes.trees import tree
from puzzlegen.scenes.vehicles import PAINTS


def rocket(rng: Rng, size: Size) -> Shot:
    """A rocket lifts off and climbs out of sight above spreading smoke."""
    w, h, seconds = size
    canvas, air = Canvas.blank(w, h), Air(DAY, SUMMER, rng.choice((0.15, 0.85)))
    horizon = h * rng.uniform(0.72, 0.78)
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * 0.14)
    grass(canvas, rng, air, horizon, 300)
    x, pad, tall = w * rng.uniform(0.4, 0.6), h * 0.88, h * rng.uniform(0.26, 0.32)
    for _ in range(3):
        tree(canvas, rng, air, w * rng.choice((rng.uniform(0, 0.22), rng.uniform(0.78, 1))), h * 0.84, h * 0.22)
    _gantry(canvas, x + tall * 0.3, pad, tall)
    paint = jitter(rng, rng.choice(PAINTS), 10)

    def y_at(k: float) -> float:
        up = max(0.0, k - 0.04) / 0.96
        return pad - h * 0.03 - h * 1.15 * up * (0.15 + 0.85 * up)

    trail = []
    for i, puff in enumerate(puffs(rng, int(seconds * 14), (0.0, h * 0.01), h * 0.06, h * 0.05)):
        low = min(pad, y_at(puff.born) + tall * 0.2)
        spread = (puff.drift[0] + (i % 5 - 2) * h * (0.1 if low > pad - h * 0.2 else 0.006), puff.drift[1])
        trail.append(Puff(puff.born * seconds, (x, low), spread, puff.swell))

    def draw(frame: Canvas, t: float, k: float) -> None:
        smoke(frame, trail, t, 4.5, (236, 234, 232), 1.0)
        y = y_at(k)
        flame = tall * (0.3 + 0.08 * sine(t * 5.3) + 0.04 * sine(t * 11.7))
        frame.soft(x, y + flame * 0.4, tall * 0.3, flame, (255, 190, 90), 0.9)
        frame.polygon([(x - tall * 0.07, y), (x + tall * 0.07, y), (x, y + flame)], (255, 236, 160))
        _rocket(frame, x, y, tall, paint)

    return Shot(canvas.light(rng, air.hour.tint), draw)


def _gantry(canvas: Canvas, x: float, y: float, tall: float) -> None:
    iron = (150, 70, 56)
    canvas.rect(x - tall * 0.7, y, x + tall * 0.4, y + tall * 0.08, (120, 118, 114))
    for i in range(7):
        low, high = y - tall * 0.17 * i, y - tall * 0.17 * (i + 1)
        canvas.line([(x, low), (x, high), (x + tall * 0.14, low), (x + tall * 0.14, high), (x, high)], iron, 1.2)


def _rocket(frame: Canvas, x: float, y: float, tall: float, paint: Colour) -> None:
    half, top = tall * 0.1, y - tall
    for side in (-1, 1):
        fin = [
            (x + side * half, y - tall * 0.28),
            (x + side * half * 2.2, y + tall * 0.02),
            (x + side * half, y - tall * 0.04),
        ]
        frame.polygon(fin, shade(paint, 0.8))
    frame.rect(x - half, top + tall * 0.25, x + half, y, (240, 240, 242))
    frame.rect(x + half * 0.35, top + tall * 0.25, x + half, y, (196, 198, 206))
    frame.polygon(
        [
            (x - half, top + tall * 0.26),
            (x + half, top + tall * 0.26),
            (x + half * 0.5, top + tall * 0.08),
            (x, top),
            (x - half * 0.5, top + tall * 0.08),
        ],
        paint,
    )
    frame.rect(x - half, y - tall * 0.34, x + half, y - tall * 0.3, paint)
    frame.ellipse(x, top + tall * 0.36, half * 0.5, half * 0.5, (60, 90, 120))


def fireworks(rng: Rng, size: Size) -> Shot:
    """Rockets rise over a town at night, burst, and rain down; their smoke stays."""
    w, h, _ = size
    canvas, base = Canvas.blank(w, h), h * rng.uniform(0.66, 0.72)
    air = Air(HOURS[5], draw_air(rng).season, rng.choice((0.12, 0.88)))
    sky(canvas, rng, air, base)
    skyline(canvas, rng, air, base)
    grass(canvas, rng, air, base, 300)
    for _ in range(3):
        tree(canvas, rng, air, rng.uniform(0, w), base + h * 0.06, h * 0.2)
    crowd(canvas, rng, 6, h * 0.82, h * 0.97, 0.24)
    shells = [_shell(rng, size, base, i) for i in range(4)]

    def draw(frame: Canvas, t: float, _k: float) -> None:
        for shell in shells:
            _burst(frame, shell, t, h)

    return Shot(canvas.light(rng, air.hour.tint), draw)


class Shell(NamedTuple):
    """One firework: where it starts and bursts, when it is lit and when it bursts (seconds), its sparks and smoke."""

    start: Point
    peak: Point
    lit: float
    bursts: float
    colour: Colour
    sparks: list[list[float]]
    trail: list[Puff]


def _shell(rng: Rng, size: Size, base: float, i: int) -> Shell:
    w, h, seconds = size
    lit = seconds * (0.0, 0.2, 0.4, 0.6)[i]
    bursts = lit + seconds * 0.13
    x = w * (0.2 + 0.2 * rng.integer(0, 3) + rng.uniform(-0.05, 0.05))
    start, peak = (x, base), (x + rng.uniform(-0.06, 0.06) * w, h * rng.uniform(0.18, 0.32))
    colour = rng.choice(((255, 120, 90), (255, 220, 110), (130, 220, 255), (180, 255, 150), (240, 140, 255)))
    drift = puffs(rng, 14, (h * 0.02, h * 0.008), h * 0.07, h * 0.03)
    trail = [p._replace(born=bursts + p.born * 0.8, at=peak) for p in drift]
    return Shell(start, peak, lit, bursts, colour, floats(rng, 120 * 3).reshape(120, 3).tolist(), trail)


def _burst(frame: Canvas, shell: Shell, t: float, h: float) -> None:
    smoke(frame, shell.trail, t, 9.0, (92, 94, 124), 0.75)
    if shell.lit <= t < shell.bursts:
        u = (t - shell.lit) / (shell.bursts - shell.lit)
        frame.soft(shell.start[0], shell.start[1], h * 0.2 * (1 - u), h * 0.1 * (1 - u), (255, 190, 120), 0.8)
        for lag in range(12):
            v = max(0.0, u - lag * 0.02)
            rise = v * (2 - v)
            x, y = (a + (b - a) * rise for a, b in zip(shell.start, shell.peak, strict=True))
            frame.soft(x, y, h * 0.03 * (1 - lag / 13), h * 0.05 * (1 - lag / 13), (255, 214, 150), 1 - lag / 12)
    age = t - shell.bursts
    if 0 <= age < 3.4:
        glow = min(1.0, age * 3) / (1 + age * age * 2)
        frame.soft(*shell.peak, h * 0.34, h * 0.34, shell.colour, 0.3 * glow)
        for spark in shell.sparks:
            _spark(frame, shell, spark, age, h)


def _spark(frame: Canvas, shell: Shell, spark: list[float], age: float, h: float) -> None:
    angle, speed, life = spark
    lifetime = 1.6 + 1.8 * life
    if age > lifetime:
        return
    points = []
    for at_age in (age, max(0.0, age - 0.12), max(0.0, age - 0.24)):
        reach = h * (0.1 + 0.24 * speed) * at_age / (at_age + 0.55) * 1.4
        points.append(
            (shell.peak[0] + sine(angle) * reach, shell.peak[1] - cosine(angle) * reach + h * 0.035 * at_age * at_age)
        )
    glow = 1 - age / lifetime
    ink = mix(shell.colour, (255, 255, 240), max(0.0, 0.8 - age * 1.4))
    frame.line(points, (*ink, int(255 * glow)), 1.1 + glow)
