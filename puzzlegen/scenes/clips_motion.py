"""Clips of things that move across the scene: bouncing balls, a walker, a car."""

from __future__ import annotations

from collections.abc import Callable

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import SEASONS, draw_air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.film import Puff, Shot, Size, fall, puffs, smoke
from puzzlegen.scenes.land import paving
from puzzlegen.scenes.meadow import ball
from puzzlegen.scenes.noise import shade, sine
from puzzlegen.scenes.people import draw_look, person
from puzzlegen.scenes.sets import garden
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import lamp_post
from puzzlegen.scenes.town import road, terrace
from puzzlegen.scenes.vehicles import PAINTS, car


def bouncing_balls(rng: Rng, size: Size) -> Shot:
    """Balls bounce through a garden, each bounce lower than the last, each landing leaving a mark."""
    w, h, _ = size
    canvas = Canvas.blank(w, h)
    air = garden(canvas, rng, h * rng.uniform(0.42, 0.5))
    side, count = rng.choice((-1, 1)), rng.integer(2, 3)
    balls = [_ball(rng, size, side, i) for i in range(count)]

    def draw(frame: Canvas, t: float, k: float) -> None:
        for bounce in balls:
            bounce(frame, t, k)

    return Shot(canvas.light(rng, air.hour.tint), draw)


def _ball(rng: Rng, size: Size, side: int, lane: int) -> Callable[[Canvas, float, float], None]:
    w, h, seconds = size
    r, ground = h * rng.uniform(0.05, 0.07), h * (0.78 + 0.09 * lane)
    start, delay = rng.uniform(0.0, 0.12), 0.24 * lane
    path = fall(ground * (1.0 if lane else 0.85), h * rng.uniform(1.1, 1.5), rng.uniform(0.8, 0.86), seconds)
    paint, reach = rng.choice(PAINTS), w * rng.uniform(0.8, 0.95)

    def x_at(k: float) -> float:
        travelled = reach * (1.2 * k - 0.2 * k * k)
        return w * (start * 0.6 + 0.02) + travelled if side > 0 else w * (0.98 - start * 0.6) - travelled

    landings = [i / 120 for i in range(1, len(path)) if path[i][1] > path[i - 1][1] and path[i][1] < 9]

    def draw(frame: Canvas, t: float, k: float) -> None:
        t -= delay * seconds
        if t < 0:
            return
        k = (k - delay) / (1 - delay)
        lift, _ = path[min(len(path) - 1, int(t * 120))]
        x, closeness = x_at(k), max(0.2, 1 - lift / h)
        for landing in landings:
            if landing < t:
                frame.ellipse(x_at(landing / (seconds * (1 - delay))), ground, r * 0.8, r * 0.16, (60, 44, 26, 130))
        frame.soft(x, ground, r * (1.7 - closeness * 0.5), r * 0.4, (10, 14, 10), 0.9 * closeness)
        ball(frame, x, ground - lift - r, r, paint, side * k * reach / (r * 6.3))

    return draw


def walker(rng: Rng, size: Size) -> Shot:
    """Somebody walks across a snowy or sandy place from one side to the other and leaves footprints."""
    w, h, seconds = size
    canvas, horizon = Canvas.blank(w, h), h * rng.uniform(0.42, 0.5)
    snow, air = rng.below(2), draw_air(rng, night=False, winter=False)
    air = air._replace(season=SEASONS[3]) if snow else air
    garden(canvas, rng, horizon, air)
    ground = h * rng.uniform(0.86, 0.9)
    dark, light = ((206, 214, 226), (248, 250, 252)) if snow else ((164, 132, 92), (210, 182, 136))
    canvas.paint(rng, [(0, ground - h * 0.1), (w, ground - h * 0.12), (w, h), (0, h)], dark, light, (30, 8), 4)
    side, tall, look = rng.choice((-1, 1)), h * rng.uniform(0.44, 0.54), draw_look(rng)
    reach, rate = w * rng.uniform(0.84, 0.94), 0.0
    stride = tall * 0.62
    rate = reach / stride
    dust = puffs(rng, int(rate * 2), (-side * 6.0, -5.0), 8.0, h * 0.022)

    def x_at(k: float) -> float:
        return w * 0.5 + side * (k - 0.5) * reach

    steps = [(i + 0.5) / (rate * 2) for i in range(int(rate * 2))]
    trail = [p._replace(born=s * seconds, at=(x_at(s), ground)) for p, s in zip(dust, steps, strict=True)]

    def draw(frame: Canvas, t: float, k: float) -> None:
        for i, step_time in enumerate(steps):
            if step_time < k:
                spot = (x_at(step_time), ground + (3 if i % 2 else -2) * h / 300)
                frame.ellipse(*spot, tall * 0.045, tall * 0.016, shade(dark, 0.66))
        frame.soft(x_at(k), ground + 2, tall * 0.24, tall * 0.05, (14, 16, 24), 0.8)
        person(frame, look, (x_at(k), ground), tall, side, k * rate)
        smoke(frame, trail, t, 0.9, shade(light, 1.0), 0.6)

    return Shot(canvas.light(rng, air.hour.tint), draw)


def driving_car(rng: Rng, size: Size) -> Shot:
    """A car drives along a street, and its exhaust hangs in the air behind it."""
    w, h, seconds = size
    canvas, air = Canvas.blank(w, h), draw_air(rng, night=False)
    curb = h * rng.uniform(0.62, 0.68)
    sky(canvas, rng, air, curb)
    terrace(canvas, rng, air, curb)
    paving(canvas, rng, curb, curb + h * 0.06, (172, 166, 158))
    road(canvas, rng, curb + h * 0.05)
    for i in range(3):
        lamp_post(canvas, air, w * (0.12 + 0.34 * i), curb + h * 0.04, h * 0.42)
    side, length, paint = rng.choice((-1, 1)), w * rng.uniform(0.3, 0.38), rng.choice(PAINTS)
    ground, travel = h * rng.uniform(0.86, 0.92), w * 0.98
    ease = rng.uniform(-0.3, 0.3)

    def x_at(k: float) -> float:
        return w * 0.5 + side * travel * (k + ease * k * (1 - k) - 0.5)

    trail = []
    for puff in puffs(rng, int(seconds * 9), (-side * 5.0, -h * 0.035), 12.0, h * 0.04):
        start = (x_at(puff.born) - side * length * 0.52, ground - length * 0.08)
        trail.append(Puff(puff.born * seconds, start, puff.drift, puff.swell))

    def draw(frame: Canvas, t: float, k: float) -> None:
        smoke(frame, trail, t, 2.4, (214, 214, 220), 0.95)
        x = x_at(k)
        car(frame, (x, ground + sine(t * 2.3) * 0.4), length, side, paint, x * side / (length * 0.515))

    return Shot(canvas.light(rng, air.hour.tint), draw)
