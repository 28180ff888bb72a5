"""Clips of one thing hitting another: stones and a pond, a ball and a tower, waves and a sandcastle."""

from __future__ import annotations

from typing import NamedTuple

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import draw_air
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.film import Puff, Shot, Size, puffs, smoke
from puzzlegen.scenes.land import grass, hills, stones, water
from puzzlegen.scenes.meadow import ball
from puzzlegen.scenes.noise import Colour, cosine, floats, jitter, mix, shade, sine
from puzzlegen.scenes.people import draw_look, person
from puzzlegen.scenes.sets import floor_room
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.trees import palm, tree
from puzzlegen.scenes.vehicles import PAINTS, sail_boat


def stones_in_pond(rng: Rng, size: Size) -> Shot:
    """Somebody on the bank throws stones into a pond; water splashes and rings spread."""
    w, h, _ = size
    canvas, air = Canvas.blank(w, h), draw_air(rng, night=False, winter=False)
    horizon, bank = h * rng.uniform(0.36, 0.42), h * 0.86
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * 0.16)
    for _ in range(rng.integer(3, 5)):
        tree(canvas, rng, air, rng.uniform(0, w), horizon + 2, h * rng.uniform(0.14, 0.24))
    water(canvas, rng, air, horizon, h)
    grass(canvas, rng, air, bank, 300)
    stones(canvas, rng, bank, 8)
    side, look = rng.choice((-1, 1)), draw_look(rng)
    hand = (w * (0.5 - side * 0.34), h * 0.6)
    throws = [_throw(rng, size, hand, side, i) for i in range(4)]
    boat, boat_y = rng.fork("boat"), horizon + h * 0.07

    def draw(frame: Canvas, t: float, k: float) -> None:
        sail_boat(frame, boat.fork("same"), w * (0.5 + side * (k - 0.5) * 0.8), boat_y, h * 0.16)
        for throw in throws:
            _rings(frame, throw, t, h)
        person(frame, look, (hand[0] - side * h * 0.05, h * 0.93), h * 0.4, side)
        for throw in throws:
            _stone(frame, throw, t, h)

    return Shot(canvas.light(rng, air.hour.tint), draw)


class Throw(NamedTuple):
    """A stone's flight: where it starts and ends, when it is thrown and when it lands (seconds), and its splash."""

    start: Point
    end: Point
    thrown: float
    lands: float
    drops: list[list[float]]


def _throw(rng: Rng, size: Size, hand: Point, side: int, i: int) -> Throw:
    w, h, seconds = size
    thrown = seconds * (0.01 + 0.23 * i)
    end = (hand[0] + side * w * (0.2 + 0.13 * i) + rng.uniform(-8, 8), h * rng.uniform(0.54, 0.78))
    return Throw(hand, end, thrown, thrown + 0.75, floats(rng, 26 * 3).reshape(26, 3).tolist())


def _stone(frame: Canvas, throw: Throw, t: float, h: float) -> None:
    u = (t - throw.thrown) / (throw.lands - throw.thrown)
    if 0 <= u < 1:
        x = throw.start[0] + (throw.end[0] - throw.start[0]) * u
        y = throw.start[1] + (throw.end[1] - throw.start[1]) * u - h * 0.9 * u * (1 - u)
        frame.ellipse(x, y, h * 0.018, h * 0.014, (70, 66, 64))
        frame.ellipse(x - 1, y - 1, h * 0.01, h * 0.006, (150, 146, 140))
    age = t - throw.lands
    if 0 <= age < 1.3:
        for a, b, c in throw.drops:
            y = throw.end[1] - h * (0.35 + 0.5 * b) * age + h * 0.75 * age * age
            if y < throw.end[1]:
                x = throw.end[0] + (a - 0.5) * h * 0.34 * age
                frame.ellipse(x, y, h * (0.004 + 0.006 * c), h * (0.005 + 0.008 * c), (236, 246, 252))


def _rings(frame: Canvas, throw: Throw, t: float, h: float) -> None:
    for i in range(5):
        age = t - throw.lands - 0.28 * i
        if age > 0:
            r, fade = h * (0.02 + 0.13 * age), 255 - int(52 * age) - 14 * i
            if fade > 0:
                frame.ring(*throw.end, r, r * 0.3, (240, 248, 255, fade), 2.2)
                frame.ring(throw.end[0], throw.end[1] + 2, r * 0.96, r * 0.28, (14, 40, 60, fade // 2), 2.0)


def falling_tower(rng: Rng, size: Size) -> Shot:
    """A ball rolls into a tower of blocks, which topples and scatters over the floor."""
    w, h, seconds = size
    canvas, floor = Canvas.blank(w, h), h * rng.uniform(0.64, 0.7)
    floor_room(canvas, rng, floor)
    side, ground = rng.choice((-1, 1)), h * 0.9
    block, levels = h * rng.uniform(0.085, 0.1), rng.integer(5, 6)
    x, hit = w * (0.5 - side * rng.uniform(0.02, 0.1)), seconds * rng.uniform(0.24, 0.28)
    pace = 2.6 / (seconds - hit)
    blocks = [_block(rng, (x, ground), block, level, j, side, (hit, pace)) for level in range(levels) for j in range(2)]
    paint, r = rng.choice(PAINTS), block * 0.75
    dust = [
        Puff(hit + 0.3 + p.born * 1.6, (x, ground), p.drift, p.swell)
        for p in puffs(rng, 26, (side * 20.0, -8.0), h * 0.3, h * 0.03)
    ]

    def x_ball(t: float) -> float:
        start = x - side * (w * 0.44)
        contact = x - side * (block + r)
        if t < hit:
            return start + (contact - start) * t / hit
        return contact + side * w * 0.42 * (t - hit) / (seconds - hit) * (1.25 - 0.25 * (t - hit) / (seconds - hit))

    def draw(frame: Canvas, t: float, _k: float) -> None:
        bx = x_ball(t)
        for piece in sorted(blocks, key=lambda b: b.depth):
            _draw_block(frame, piece, t, ground, block)
        frame.soft(bx, ground + 2, r * 1.3, r * 0.3, (8, 6, 6), 0.8)
        ball(frame, bx, ground - r, r, paint, bx / (r * 6.28))
        smoke(frame, dust, t, 1.4, (196, 180, 160), 0.5)

    return Shot(canvas.light(rng), draw)


class Block(NamedTuple):
    """A block of the tower.

    Attributes:
        start: centre of the block while the tower stands.
        loose: when the block comes loose, in seconds.
        pace: how many times as fast as the clip the block's time runs once it is loose.
        speed: velocity to the right and down when the block comes loose, in pixels per second of its time.
        spin: initial rotation in turns per second of its time.
        depth: how far below (or above) the tower's foot the block comes to rest, in pixels: in front or behind.
    """

    start: Point
    loose: float
    pace: float
    speed: Point
    spin: float
    depth: float
    paint: Colour
    letter: str


def _block(rng: Rng, foot: Point, size: float, level: int, j: int, side: int, timing: tuple[float, float]) -> Block:
    start = (foot[0] + (j - 0.5) * size * 1.02, foot[1] - size * (level + 0.5))
    speed = (side * size * rng.uniform(0.5, 2.4) * (0.7 + 0.45 * level), -size * rng.uniform(0.0, 3.0))
    depth = rng.uniform(-0.6, 1.0) * size * 0.5
    loose = timing[0] + (0.05 + 0.05 * level) / timing[1]
    return Block(
        start,
        loose,
        timing[1],
        speed,
        side * rng.uniform(0.2, 0.7),
        depth,
        jitter(rng, rng.choice(PAINTS), 14),
        rng.choice("ABCDEFGHKLMRT"),
    )


def _draw_block(frame: Canvas, spec: Block, t: float, ground: float, size: float) -> None:
    age, gravity = max(0.0, t - spec.loose) * spec.pace, size * 9
    x, y, turn = spec.start[0], spec.start[1], 0.0
    floor = ground - size * 0.5 + (spec.depth if age else 0)
    time_left, v, step = age, spec.speed[1], 1 / 60
    vx, spin = spec.speed[0], spec.spin
    while time_left > 0:
        step = min(time_left, 1 / 60)
        v += gravity * step
        x, y, turn, time_left = x + vx * step, y + v * step, turn + spin * step, time_left - step
        if y > floor:
            y, v = floor, -v * 0.38
            vx, spin = vx * 0.9, spin * 0.82
    _box(frame, (x, y), size, _settled(turn, spec.spin, spin), spec, shadow=floor + size * 0.5)


def _settled(turn: float, initial_spin: float, current_spin: float) -> float:
    """Pull the angle towards the nearest flat side as the spin dies down."""
    flat = int(turn * 4 + (0.5 if turn > 0 else -0.5)) / 4
    share = min(1.0, max(0.0, 1 - current_spin / initial_spin * 2)) if initial_spin else 1.0
    return turn + (flat - turn) * share


def _box(frame: Canvas, at: Point, size: float, turn: float, spec: Block, shadow: float) -> None:
    (x, y), half = at, size / 2
    frame.soft(x, shadow, size * 0.8, size * 0.16, (8, 6, 6), 0.6)
    c, s = cosine(turn), sine(turn)
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    outer = [(x + (u * c - v * s) * half, y + (u * s + v * c) * half) for u, v in corners]
    inner = [(x + (u * c - v * s) * half * 0.76, y + (u * s + v * c) * half * 0.76) for u, v in corners]
    frame.polygon(outer, spec.paint)
    frame.polygon(inner, mix(spec.paint, (250, 240, 214), 0.7))
    frame.polygon([outer[1], outer[2], inner[2], inner[1]], shade(spec.paint, 0.75))
    if abs(c) > 0.99:
        frame.text(x, y, spec.letter, size * 0.5, shade(spec.paint, 0.7))


def melting_sandcastle(rng: Rng, size: Size) -> Shot:
    """Waves run up a beach, each one further, until a sandcastle is only a heap."""
    w, h, _ = size
    canvas, air = Canvas.blank(w, h), draw_air(rng, night=False, winter=False)
    horizon, shore = h * rng.uniform(0.32, 0.38), h * 0.52
    sky(canvas, rng, air, horizon)
    water(canvas, rng, air, horizon, h)
    sail_boat(canvas, rng, w * rng.uniform(0.1, 0.9), horizon + h * 0.06, h * 0.14)
    canvas.paint(rng, [(0, shore), (w, shore), (w, h), (0, h)], (184, 148, 98), (232, 204, 152), (30, 9), 5)
    stones(canvas, rng, shore + h * 0.2, 8)
    sand, x, foot = jitter(rng, (206, 168, 112), 10), w * rng.uniform(0.4, 0.6), h * 0.84
    ripple, waves, tall = [rng.uniform(-1, 1) for _ in range(25)], rng.integer(3, 4), h * rng.uniform(0.3, 0.36)
    trunk, look = w * rng.choice((0.06, 0.94)), rng.fork("palm")
    lit = canvas.light(rng, air.hour.tint)
    sea = lit.mean((0, shore - h * 0.06, w, shore - h * 0.01))

    def front(k: float) -> float:
        return shore + h * (0.04 + 0.2 * k + (0.08 + 0.08 * k) * (1 - cosine(k * waves)))

    def draw(frame: Canvas, t: float, k: float) -> None:
        reach = max(front(i * k / 24) for i in range(25))
        frame.rect(0, shore, w, reach + h * 0.01, (96, 70, 46, 90))
        edge = [(w * i / 24, front(k) + h * 0.014 * (ripple[i] + sine(i * 0.13 + t * 0.4))) for i in range(25)]
        _swash(frame, shore, edge, sea)
        _castle(frame, x, foot, tall, k, sand)
        palm(frame, look.fork("same"), trunk, h * 0.97, h * 0.66)

    return Shot(lit, draw)


def _swash(frame: Canvas, shore: float, edge: list[Point], sea: Colour) -> None:
    """Draw water from the sea to its front edge: thinner towards the edge, with lines of foam."""
    for i in range(5):
        share = 1 - i * 0.19
        line = [(x, shore + (y - shore) * share) for x, y in edge]
        frame.polygon([(0, shore - 2), (frame.width, shore - 2), *line[::-1]], (*sea, 96))
    for lift, tone in ((0.0, (252, 254, 255)), (0.025, (226, 240, 246)), (0.07, (206, 228, 238))):
        foam = [(x, max(shore, y - frame.height * lift)) for x, y in edge]
        frame.line(foam, (*tone, 230), 2.6 - lift * 20)


def _castle(frame: Canvas, x: float, y: float, size: float, k: float, sand: Colour) -> None:
    erosion = k * k * (3 - 2 * k)
    frame.soft(x, y, size * (0.9 + 0.4 * erosion), size * 0.14, (60, 40, 20), 0.7)
    for offset, tall, wide in (
        (-0.5, 0.62, 0.15),
        (0.5, 0.7, 0.15),
        (0.0, 1.0, 0.2),
        (-0.25, 0.42, 0.26),
        (0.25, 0.42, 0.26),
    ):
        high = size * tall * (1 - 0.86 * erosion)
        half = size * wide * (1 + 0.9 * erosion)
        left, top, slope = x + offset * size, y - high, half * (0.14 + 0.7 * erosion)
        shape = [
            (left - half - slope * 0.4, y),
            (left - half + slope, top),
            (left + half - slope, top),
            (left + half + slope * 0.4, y),
        ]
        frame.polygon(shape, sand)
        frame.polygon([(left + half * 0.2, y), (left + half * 0.2, top), *shape[2:]], shade(sand, 0.82))
        teeth = size * 0.06 * max(0.0, 1 - erosion * 2.4)
        for i in range(3):
            a = left - half + slope + (half - slope) * 2 * (i + 0.1) / 3
            frame.rect(a, top - teeth, a + half * 0.4, top, shade(sand, 1.05))
        if wide < 0.25 and erosion < 0.45:
            frame.rect(left - half * 0.16, top + high * 0.3, left + half * 0.16, top + high * 0.5, shade(sand, 0.5))
    tilt, high = erosion * 0.2, size * (1 - 0.86 * erosion)
    pole = (x + sine(tilt) * size * 0.4, y - high - cosine(tilt) * size * 0.4)
    frame.line([(x, y - high), pole], (90, 70, 50), 1.5)
    frame.polygon(
        [pole, (pole[0] + size * 0.22, pole[1] + size * 0.07), (pole[0], pole[1] + size * 0.14)], (210, 50, 50)
    )
