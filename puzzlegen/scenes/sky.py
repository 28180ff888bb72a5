"""Sky, sun and moon, clouds with flat undersides, birds."""

from __future__ import annotations

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.land import mottle
from puzzlegen.scenes.noise import Colour, mix, noise, sine

_CLOUD_SIZE = (160, 84)


def sky(canvas: Canvas, rng: Rng, air: Air, horizon: float) -> None:
    """Draw everything above ``horizon``: a gradient, a veil of cloud, sun or moon, clouds, birds."""
    canvas.gradient(0, horizon, air.hour.top, air.hour.low)
    tones = (mix(air.hour.top, (0, 0, 20), 0.25), mix(air.hour.top, air.hour.cloud, 0.4), air.hour.low, air.hour.cloud)
    mottle(canvas, rng, (0, horizon * 0.9), tones, 0.6)
    _veil(canvas, rng, air, horizon)
    if air.hour.name == "night":
        _stars(canvas, rng, horizon)
        _moon(canvas, rng, air, horizon)
    elif air.hour.name != "overcast":
        _sun(canvas, rng, air, horizon)
    for _ in range(rng.integer(5, 9)):
        depth = rng.uniform(0.02, 0.75)
        size = canvas.width * rng.uniform(0.2, 0.56) * (1.15 - depth)
        cloud(canvas, rng, rng.uniform(0, canvas.width), horizon * depth, size, air.hour.cloud, air.hour.cloud_base)
    if rng.below(3):
        birds(canvas, rng, horizon)


def _veil(canvas: Canvas, rng: Rng, air: Air, horizon: float) -> None:
    """Draw high thin cloud of random density."""
    size = (canvas.image.width, max(2, round(horizon * canvas.scale)))
    coarse = (size[0] // 4, max(2, size[1] // 4))
    streaks = noise(rng, coarse, (coarse[0] / 3, coarse[1] / 6), 3).point([max(0, v - 100) for v in range(256)])
    canvas.image.paste(air.hour.cloud, (0, 0), streaks.resize(size, Image.Resampling.BILINEAR))


def cloud(canvas: Canvas, rng: Rng, x: float, y: float, width: float, light: Colour, dark: Colour) -> None:
    """Draw a cloud ``width`` pixels wide: puffs on a flat base, bright above and dark below."""
    mask = Image.new("L", _CLOUD_SIZE)
    pen = ImageDraw.Draw(mask)
    for _ in range(rng.integer(10, 18)):
        u = rng.uniform(-1, 1)
        r = (1.1 - u * u) * rng.uniform(10, 24) + 4
        cx, base = 80 + u * 58, 66 + rng.uniform(-2, 3)
        pen.ellipse((cx - r * 1.2, base - r * 1.5, cx + r * 1.2, base + r * 0.12), fill=rng.integer(190, 255))
    fluff = noise(rng, _CLOUD_SIZE, (30, 22), 3).point([min(255, 110 + v) for v in range(256)])
    mask = ImageChops.multiply(mask.filter(ImageFilter.GaussianBlur(2.5)), fluff)
    ramp = Image.linear_gradient("L").resize(_CLOUD_SIZE)
    lumps = ImageChops.add(ramp, noise(rng, _CLOUD_SIZE, (24, 18), 2), 1.0, -128)
    body = Image.composite(Image.new("RGB", _CLOUD_SIZE, dark), Image.new("RGB", _CLOUD_SIZE, light), lumps)
    s = canvas.scale
    size = (max(4, round(width * s)), max(4, round(width * s * 0.5)))
    corner = (round(x * s - size[0] / 2), round(y * s - size[1] * 0.5))
    bicubic = Image.Resampling.BICUBIC
    canvas.image.paste(body.resize(size, bicubic), corner, mask.resize(size, bicubic))


def _sun(canvas: Canvas, rng: Rng, air: Air, horizon: float) -> None:
    low = air.hour.name in ("dawn", "dusk")
    x, y = air.sun * canvas.width, horizon * (rng.uniform(0.6, 0.85) if low else rng.uniform(0.14, 0.4))
    r = canvas.width * rng.uniform(0.025, 0.045)
    glow = (255, 190, 110) if low else (255, 246, 214)
    canvas.soft(x, y, r * 9, r * 7, glow, 0.5)
    canvas.soft(x, y, r * 4, r * 4, mix(glow, (255, 255, 255), 0.3), 0.7)
    canvas.ellipse(x, y, r, r, mix(glow, (255, 255, 240), 0.7))


def _stars(canvas: Canvas, rng: Rng, horizon: float) -> None:
    for _ in range(140):
        r = rng.uniform(0.4, 1.3)
        canvas.ellipse(rng.uniform(0, canvas.width), rng.uniform(0, horizon), r, r, (255, 255, 235, 170))


def _moon(canvas: Canvas, rng: Rng, air: Air, horizon: float) -> None:
    x, y, r = air.sun * canvas.width, horizon * rng.uniform(0.15, 0.4), canvas.width * rng.uniform(0.03, 0.05)
    canvas.soft(x, y, r * 5, r * 5, (150, 165, 215), 0.6)
    canvas.ellipse(x, y, r, r, (255, 252, 236))
    for _ in range(4):
        u, v = rng.uniform(-0.5, 0.5), rng.uniform(-0.5, 0.5)
        canvas.ellipse(x + u * r, y + v * r, r * 0.16, r * 0.14, (214, 212, 206))


def birds(canvas: Canvas, rng: Rng, horizon: float) -> None:
    """Draw a loose flock of birds."""
    x, y = rng.uniform(0.1, 0.8) * canvas.width, rng.uniform(0.12, 0.6) * horizon
    for i in range(rng.integer(3, 8)):
        span = canvas.width * rng.uniform(0.011, 0.022)
        bx, by = x + i * span * rng.uniform(1.5, 3.2), y + rng.uniform(-0.08, 0.08) * horizon
        bird(canvas, bx, by, span, rng.uniform(-0.1, 0.12))


def bird(canvas: Canvas, x: float, y: float, span: float, flap: float) -> None:
    """Draw a distant bird with wings ``span`` pixels long, lifted or lowered by ``flap`` (in turns)."""
    lift = span * (0.35 + sine(flap) * 0.4)
    for side in (-1, 1):
        wing = [(x, y), (x + side * span * 0.5, y - lift), (x + side * span, y - lift * 0.6)]
        canvas.line(wing, (44, 46, 56), max(0.8, span * 0.1))
