"""Objects on open ground: sheep, hay, ponds, flower patches, towels, balls, zebra crossings."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.land import shadow
from puzzlegen.scenes.noise import Colour, cosine, jitter, mix, shade, sine

_TOWELS: tuple[Colour, ...] = ((206, 60, 70), (50, 110, 180), (244, 200, 80), (80, 160, 130), (150, 90, 170))


def scatter(canvas: Canvas, rng: Rng, air: Air, top: float, *, farm: bool = True) -> None:
    """Draw a pond, flower patches and (on a farm) sheep and hay at random below ``top``, larger towards the viewer."""
    w, h = canvas.width, canvas.height
    if rng.below(3):
        pond(canvas, rng, air, w * rng.uniform(0.1, 0.9), top + (h - top) * rng.uniform(0.2, 0.8), w * 0.16)
    for depth in sorted(rng.uniform(0.1, 1.0) for _ in range(rng.integer(7, 11))):
        x, y = rng.uniform(0, w), top + (h - top) * depth
        size = h * (0.03 + 0.09 * depth)
        kind = rng.below(4) if farm else 3
        if kind == 0:
            sheep(canvas, rng, air, x, y, size)
        elif kind == 1 and not air.snowy:
            hay_bale(canvas, rng, air, x, y, size)
        elif air.season.flowers:
            flower_patch(canvas, rng, rng.choice(air.season.flowers), x, y, size * 2.4)


def flower_patch(canvas: Canvas, rng: Rng, colour: Colour, x: float, y: float, size: float) -> None:
    """Draw many flowers of one colour, up to ``size`` pixels to either side of ``x``."""
    canvas.soft(x, y, size, size * 0.4, mix(colour, (60, 100, 50), 0.6), 0.8)
    for _ in range(70):
        u, v = rng.uniform(-1, 1), rng.uniform(-1, 1)
        if u * u + v * v < 1:
            r, py = size * 0.045 * (1 + 0.3 * v), y + v * size * 0.36
            canvas.line([(x + u * size, py), (x + u * size, py - r * 3)], (48, 88, 40), r * 0.4)
            canvas.ellipse(x + u * size, py - r * 3, r, r * 0.8, jitter(rng, colour, 20))


def sheep(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, size: float) -> None:
    """Draw a sheep, woolly above its legs."""
    side, wool = rng.choice((-1, 1)), rng.choice(((238, 234, 222), (224, 214, 196), (96, 84, 76)))
    shadow(canvas, air, x, y, size * 1.1, size)
    for u in (-0.4, -0.25, 0.25, 0.4):
        canvas.rect(x + u * size - size * 0.05, y - size * 0.4, x + u * size + size * 0.05, y, (50, 44, 42))
    for i in range(14):
        u = -0.45 + 0.9 * i / 13
        lift = size * (0.55 + 0.16 * sine(i * 0.37))
        canvas.ellipse(x + u * size, y - lift + size * 0.08, size * 0.22, size * 0.2, shade(wool, 0.82))
        canvas.ellipse(x + u * size, y - lift, size * 0.2, size * 0.18, wool)
    canvas.ellipse(x + side * size * 0.62, y - size * 0.72, size * 0.17, size * 0.2, (62, 54, 52))
    canvas.ellipse(x + side * size * 0.56, y - size * 0.86, size * 0.12, size * 0.09, wool)


def hay_bale(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, size: float) -> None:
    """Draw a round bale on its side."""
    tone = jitter(rng, (206, 168, 84), 14)
    shadow(canvas, air, x, y, size * 1.3, size)
    canvas.rect(x - size * 0.9, y - size, x, y, shade(tone, 0.86))
    canvas.ellipse(x - size * 0.9, y - size / 2, size * 0.2, size / 2, shade(tone, 0.8))
    for i in range(7):
        canvas.line([(x - size, y - size * (0.1 + 0.13 * i)), (x, y - size * (0.1 + 0.13 * i))], shade(tone, 0.7), 0.8)
    for i in range(5):
        r = 1 - i * 0.2
        canvas.ellipse(x, y - size / 2, size * 0.42 * r, size * 0.5 * r, shade(tone, 1.12 if i % 2 else 0.92))


def pond(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, half: float) -> None:
    """Draw a pond that mirrors the sky, with reeds on its far bank."""
    canvas.ellipse(x, y, half * 1.08, half * 0.31, (104, 92, 62))
    for i in range(8):
        u = i / 8
        canvas.ellipse(
            x,
            y + half * 0.01 * i,
            half * (1 - u),
            half * 0.28 * (1 - u),
            mix(air.hour.top, air.hour.low, 0.2 + 0.1 * i),
        )
    for _ in range(18):
        u = rng.uniform(-0.9, 0.9)
        foot = y - half * 0.26 * (1 - u * u)
        tall = half * rng.uniform(0.16, 0.4)
        canvas.line([(x + u * half, foot + 2), (x + u * half + tall * 0.1, foot - tall)], (78, 104, 52), 1.2)
        canvas.ellipse(x + u * half + tall * 0.1, foot - tall, 1.6, tall * 0.14, (104, 70, 42))


def towel(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a striped towel on the sand, with a bag beside it."""
    tone, lean = jitter(rng, rng.choice(_TOWELS), 16), rng.uniform(-0.5, 0.5)
    for i in range(6):
        ink = tone if i % 2 else mix(tone, (255, 250, 240), 0.75)
        a, b = -0.6 + 0.2 * i, -0.4 + 0.2 * i
        canvas.shape(x, y, size, [(a + lean * 0.4, -0.3), (b + lean * 0.4, -0.3), (b, 0.3), (a, 0.3)], ink)
    bag = jitter(rng, rng.choice(_TOWELS), 30)
    canvas.soft(x + size * 0.85, y, size * 0.4, size * 0.1, (60, 44, 30), 0.8)
    canvas.shape(x + size * 0.85, y, size, [(-0.28, -0.4), (0.28, -0.4), (0.22, 0), (-0.22, 0)], bag)
    canvas.ring(x + size * 0.85, y - size * 0.42, size * 0.14, size * 0.16, shade(bag, 0.6), 1.5)


def beach_ball(canvas: Canvas, rng: Rng, x: float, y: float, r: float) -> None:
    """Draw a ball of coloured stripes."""
    canvas.soft(x + r * 0.4, y, r * 1.4, r * 0.35, (60, 44, 30), 0.8)
    tones = rng.sample(_TOWELS, 3)
    for i, half in enumerate((1.0, 0.74, 0.46, 0.18)):
        canvas.ellipse(x, y - r, r * half, r, tones[i % 3] if i % 2 == 0 else (250, 248, 240))
    canvas.soft(x - r * 0.3, y - r * 1.4, r * 0.4, r * 0.35, (255, 255, 255), 0.7)


def dune_grass(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a clump of long blades of grass."""
    canvas.soft(x, y, size, size * 0.3, (120, 96, 60), 0.7)
    for _ in range(40):
        foot, lean, tall = x + rng.uniform(-0.6, 0.6) * size, rng.uniform(-0.5, 0.7), size * rng.uniform(0.5, 1.1)
        blade = [(foot, y), (foot + lean * tall * 0.3, y - tall * 0.7), (foot + lean * tall * 0.7, y - tall)]
        canvas.line(blade, jitter(rng, (116, 134, 72), 24), 1.3)


def crossing(canvas: Canvas, x: float, top: float, bottom: float, width: float) -> None:
    """Draw a zebra crossing over the whole road, in perspective."""
    for i in range(6):
        a, b = (i - 3) / 6 * width, (i - 2.45) / 6 * width
        canvas.polygon([(x + a * 0.7, top), (x + b * 0.7, top), (x + b, bottom), (x + a, bottom)], (232, 230, 222, 220))


def puddle(canvas: Canvas, air: Air, x: float, y: float, half: float) -> None:
    """Draw a puddle that mirrors the sky."""
    for i in range(5):
        r = 1 - i * 0.16
        canvas.ellipse(
            x + half * 0.06 * i, y, half * r, half * 0.24 * r, mix((70, 74, 84), air.hour.low, 0.2 + 0.16 * i)
        )


def ball(canvas: Canvas, x: float, y: float, r: float, paint: Colour, turn: float) -> None:
    """Draw a spotted ball centred on (x, y), rolled by ``turn`` turns."""
    canvas.ellipse(x, y, r, r, shade(paint, 0.7))
    canvas.ellipse(x - r * 0.06, y - r * 0.08, r * 0.92, r * 0.9, paint)
    for i in range(3):
        angle = turn + i / 3
        canvas.ellipse(x + sine(angle) * r * 0.5, y - cosine(angle) * r * 0.5, r * 0.26, r * 0.26, (246, 242, 230))
    canvas.soft(x - r * 0.35, y - r * 0.4, r * 0.4, r * 0.35, (255, 255, 255), 0.8)
