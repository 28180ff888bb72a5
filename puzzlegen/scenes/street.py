"""Objects along streets and paths: shop fronts, lamps, signs, fences, benches, flags, and balloons above."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.houses import PLACES, SHOPS, Box
from puzzlegen.scenes.land import shadow
from puzzlegen.scenes.noise import Colour, jitter, shade, sine

_AWNINGS: tuple[Colour, ...] = ((196, 52, 48), (44, 110, 92), (52, 84, 150), (216, 150, 52))


def shop_front(canvas: Canvas, rng: Rng, box: Box) -> None:
    """Draw a shop window under a striped awning, with the shop's name above."""
    x0, y0, x1, y1 = box
    h, w = y1 - y0, x1 - x0
    tone = rng.choice(_AWNINGS)
    canvas.rect(x0, y0, x1, y0 + h * 0.22, shade(tone, 0.6))
    canvas.text((x0 + x1) / 2, y0 + h * 0.11, rng.choice(SHOPS), min(h * 0.2, w * 0.17), (250, 240, 214))
    canvas.rect(x0 + w * 0.04, y0 + h * 0.4, x1 - w * 0.04, y1 - h * 0.12, (72, 92, 108))
    for _ in range(12):
        spot = (rng.uniform(x0 + w * 0.1, x1 - w * 0.1), y1 - h * 0.16)
        size = h * rng.uniform(0.06, 0.2)
        canvas.rect(
            spot[0] - size * 0.4, spot[1] - size, spot[0] + size * 0.4, spot[1], jitter(rng, (190, 150, 110), 60)
        )
    stripes = 8
    for i in range(stripes):
        a, b = x0 + w * i / stripes, x0 + w * (i + 1) / stripes
        ink = tone if i % 2 else (244, 238, 226)
        drop = y0 + h * 0.44
        canvas.polygon(
            [(a, y0 + h * 0.22), (b, y0 + h * 0.22), (b, drop), ((a + b) / 2, drop + h * 0.05), (a, drop)], ink
        )


def lamp_post(canvas: Canvas, air: Air, x: float, y: float, height: float) -> None:
    """Draw a street lamp, which shines when it is dark."""
    shadow(canvas, air, x, y, height * 0.03, height)
    iron = (48, 52, 58)
    canvas.rect(x - height * 0.012, y - height * 0.86, x + height * 0.012, y, iron)
    canvas.rect(x - height * 0.03, y - height * 0.06, x + height * 0.03, y, iron)
    top = y - height * 0.86
    canvas.shape(x, top, height, [(-0.03, 0), (0.03, 0), (0.045, -0.09), (-0.045, -0.09)], (250, 240, 200))
    canvas.shape(x, top, height, [(-0.06, -0.09), (0.06, -0.09), (0, -0.14)], iron)
    if air.dark:
        canvas.lights.append(
            lambda c: c.soft(x, top - height * 0.04, height * 0.4, height * 0.4, (255, 220, 140), 0.75)
        )
        canvas.lights.append(
            lambda c: c.ellipse(x, top - height * 0.045, height * 0.03, height * 0.04, (255, 248, 220))
        )
        canvas.lights.append(lambda c: c.soft(x, y, height * 0.45, height * 0.1, (255, 214, 130), 0.35))


def sign_post(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, height: float) -> None:
    """Draw a wooden signpost with one to three boards that name places."""
    shadow(canvas, air, x, y, height * 0.05, height)
    canvas.rect(x - height * 0.025, y - height, x + height * 0.025, y, (110, 82, 56))
    for i, name in enumerate(rng.sample(PLACES, rng.integer(1, 3))):
        side = 1 if rng.below(2) else -1
        mid, half, reach = y - height * (0.9 - 0.2 * i), height * 0.08, height * 0.55
        near, far = x - side * reach * 0.35, x + side * reach
        tip = far + side * half
        canvas.polygon(
            [(near, mid - half), (far, mid - half), (tip, mid), (far, mid + half), (near, mid + half)], (214, 186, 132)
        )
        canvas.polygon(
            [(near, mid + half * 0.75), (far, mid + half * 0.75), (far, mid + half), (near, mid + half)], (150, 120, 80)
        )
        canvas.text((near + far) / 2, mid, name, height * 0.105, (58, 40, 28))


def fence(canvas: Canvas, rng: Rng, x0: float, x1: float, y: float, height: float) -> None:
    """Draw a slightly crooked picket fence from ``x0`` to ``x1``."""
    tone = rng.choice(((232, 228, 218), (150, 116, 80), (120, 96, 76)))
    for v in (0.32, 0.74):
        canvas.rect(x0, y - height * v - height * 0.05, x1, y - height * v + height * 0.05, shade(tone, 0.82))
    step = height * 0.36
    for i in range(int((x1 - x0) / step)):
        x, w, lean = x0 + i * step, step * 0.28, rng.uniform(-0.03, 0.03) * height
        top = y - height * rng.uniform(0.94, 1.04)
        ink = shade(tone, rng.uniform(0.88, 1.06))
        canvas.polygon(
            [(x - w, y), (x + w, y), (x + w + lean, top + w), (x + lean, top - w * 0.4), (x - w + lean, top + w)], ink
        )


def bench(canvas: Canvas, air: Air, x: float, y: float, width: float) -> None:
    """Draw a park bench seen from the front."""
    h = width * 0.42
    canvas.soft(x, y, width * 0.6, h * 0.2, (14, 18, 20), 0.5)
    for side in (-0.42, 0.42):
        canvas.rect(x + side * width - 1.2, y - h * 0.95, x + side * width + 1.2, y, (52, 54, 58))
    for k, ink in ((0.9, (150, 102, 62)), (0.7, (138, 92, 56)), (0.42, (164, 114, 70))):
        canvas.rect(x - width / 2, y - h * k, x + width / 2, y - h * k + h * 0.13, ink)
    if air.snowy:
        canvas.rect(x - width / 2, y - h * 0.46, x + width / 2, y - h * 0.4, (246, 249, 252))


def balloon(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a hot-air balloon with its basket below."""
    a, b = jitter(rng, rng.choice(_AWNINGS), 20), jitter(rng, (246, 216, 120), 24)
    for i in range(6, 0, -1):
        canvas.ellipse(x, y, size * i / 6 * 0.5, size * 0.56, shade(a if i % 2 else b, 0.84 + 0.05 * (6 - i)))
    canvas.shape(x, y, size, [(-0.3, 0.42), (0.3, 0.42), (0.09, 0.76), (-0.09, 0.76)], shade(a, 0.9))
    for side in (-0.08, 0.08):
        canvas.line([(x + side * size, y + size * 0.74), (x + side * size, y + size * 0.92)], (70, 54, 40), 0.7)
    canvas.rect(x - size * 0.1, y + size * 0.9, x + size * 0.1, y + size * 1.04, (140, 98, 58))


def flag(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a flag in the wind, on a pole that stands at (x, y)."""
    canvas.rect(x - 0.8, y - height, x + 0.8, y, (220, 220, 220))
    tones = rng.sample(_AWNINGS, 2)
    for i in range(10):
        x0, x1 = x + height * 0.045 * i, x + height * 0.045 * (i + 1)
        w0, w1 = (sine(0.11 * k) * height * 0.03 for k in (i, i + 1))
        for j, tone in enumerate((tones[0], (245, 242, 236), tones[1])):
            t0, t1 = y - height * (0.98 - 0.09 * j), y - height * (0.89 - 0.09 * j)
            canvas.polygon(
                [(x0, t0 + w0), (x1, t0 + w1), (x1, t1 + w1), (x0, t1 + w0)], shade(tone, 0.9 + 0.2 * sine(0.11 * i))
            )
