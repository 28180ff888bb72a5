"""Objects in rooms: lamps, book shelves, vases, clocks, pictures, fruit, plants, and windows with a view."""

from __future__ import annotations

from typing import Final

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.houses import Box
from puzzlegen.scenes.land import hills
from puzzlegen.scenes.noise import Colour, cosine, jitter, mix, shade, sine
from puzzlegen.scenes.sky import cloud

WOODS: Final[tuple[Colour, ...]] = ((150, 102, 62), (112, 74, 48), (186, 142, 94), (90, 62, 50), (206, 172, 126))
CLOTHS: Final[tuple[Colour, ...]] = (
    (150, 60, 60),
    (60, 90, 130),
    (90, 120, 90),
    (200, 150, 80),
    (120, 90, 130),
    (70, 70, 80),
)
_TITLES: Final = [
    "ATLAS",
    "POEMS",
    "OCEAN",
    "HISTORY",
    "BIRDS",
    "MUSIC",
    "TRAVEL",
    "ART",
    "GARDEN",
    "SPACE",
    "CHEMISTRY",
    "TALES",
    "MAPS",
    "BREAD",
]
FRUITS: Final[tuple[Colour, ...]] = ((200, 44, 40), (236, 150, 40), (140, 170, 60), (240, 206, 80), (110, 50, 90))


def planks(canvas: Canvas, rng: Rng, box: Box, tone: Colour, rows: int) -> None:
    """Draw a surface of boards with grain, each board in its own shade."""
    x0, y0, x1, y1 = box
    for i in range(rows):
        a, b = y0 + (y1 - y0) * i / rows, y0 + (y1 - y0) * (i + 1) / rows
        plank = shade(tone, rng.uniform(0.86, 1.1))
        canvas.paint(rng, [(x0, a), (x1, a), (x1, b), (x0, b)], shade(plank, 0.82), shade(plank, 1.12), (90, 4), 3)
        canvas.rect(x0, a, x1, a + 0.8, shade(tone, 0.5))
        x = x0 + rng.uniform(0, 1) * (x1 - x0)
        canvas.rect(x, a, x + 0.8, b, shade(tone, 0.5))


def view_window(canvas: Canvas, rng: Rng, air: Air, box: Box) -> None:
    """Draw a window with frame, sill and curtains; through it, sky above and hills below."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    view = Canvas.blank(max(8, round(w)), max(8, round(h)))
    view.gradient(0, h * 0.75, air.hour.top, air.hour.low)
    for _ in range(3):
        cloud(
            view,
            rng,
            rng.uniform(0, w),
            h * rng.uniform(0.1, 0.45),
            w * rng.uniform(0.4, 0.7),
            air.hour.cloud,
            air.hour.cloud_base,
        )
    view.rect(0, h * 0.68, w, h, air.season.grass[0])
    hills(view, rng, air, h * 0.78, h * 0.24)
    canvas.rect(x0 - w * 0.06, y0 - w * 0.06, x1 + w * 0.06, y1 + w * 0.06, (240, 236, 226))
    canvas.image.paste(view.image, (round(x0 * canvas.scale), round(y0 * canvas.scale)))
    canvas.rect((x0 + x1) / 2 - w * 0.02, y0, (x0 + x1) / 2 + w * 0.02, y1, (240, 236, 226))
    canvas.rect(x0, y0 + h * 0.33, x1, y0 + h * 0.36, (240, 236, 226))
    canvas.rect(x0 - w * 0.12, y1 + w * 0.04, x1 + w * 0.12, y1 + w * 0.1, (224, 216, 200))
    canvas.rect(x0 - w * 0.12, y1 + w * 0.1, x1 + w * 0.12, y1 + w * 0.13, (40, 36, 40, 110))
    _curtains(canvas, rng, box)


def _curtains(canvas: Canvas, rng: Rng, box: Box) -> None:
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    tone = jitter(rng, rng.choice(CLOTHS), 20)
    canvas.rect(x0 - w * 0.3, y0 - h * 0.1, x1 + w * 0.3, y0 - h * 0.07, (90, 70, 52))
    for side, edge in ((-1, x0), (1, x1)):
        for i in range(9):
            a, b = edge + side * w * (0.24 - 0.04 * i), edge + side * w * (0.2 - 0.04 * i)
            drop = y1 + h * (0.16 + 0.012 * (i % 3))
            canvas.polygon(
                [(a, y0 - h * 0.08), (b, y0 - h * 0.08), (b + side * w * 0.05, drop), (a + side * w * 0.05, drop)],
                shade(tone, 1.1 if i % 2 else 0.82),
            )


def book_shelf(canvas: Canvas, rng: Rng, box: Box, rows: int) -> None:
    """Draw shelves of upright books, with a vase here and there."""
    x0, y0, x1, y1 = box
    tone = rng.choice(WOODS)
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.45))
    step, edge = (y1 - y0) / rows, (x1 - x0) * 0.025
    for i in range(rows):
        floor = y0 + step * (i + 1) - edge
        x = x0 + edge * 1.3
        while x < x1 - edge * 4:
            if rng.below(12) == 0:
                vase(canvas, rng, x + step * 0.2, floor, step * 0.55, rng.below(2) == 0)
                x += step * 0.42
            else:
                x += _book(canvas, rng, x, floor, step)
        canvas.rect(x0, floor, x1, floor + edge, tone)
        canvas.rect(x0, floor + edge, x1, floor + edge * 1.8, (0, 0, 0, 90))
    for x in (x0, x1 - edge):
        canvas.rect(x, y0 - edge, x + edge, y1, shade(tone, 1.1))
    canvas.rect(x0 - edge, y0 - edge * 1.4, x1 + edge, y0, shade(tone, 1.2))


def _book(canvas: Canvas, rng: Rng, x: float, floor: float, step: float) -> float:
    wide, tall = step * rng.uniform(0.1, 0.2), step * rng.uniform(0.55, 0.86)
    tone = jitter(rng, rng.choice(CLOTHS), 40)
    canvas.rect(x, floor - tall, x + wide, floor, tone)
    canvas.rect(x + wide * 0.75, floor - tall, x + wide, floor, shade(tone, 0.7))
    canvas.rect(x + wide * 0.1, floor - tall, x + wide * 0.3, floor, shade(tone, 1.2))
    for v in (0.14, 0.2, 0.82):
        canvas.rect(x, floor - tall * v - 1, x + wide, floor - tall * v, (236, 206, 130))
    return wide + step * 0.012


def book_pile(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a pile of lying books with titles, the lower ones larger."""
    for i in range(rng.integer(2, 5)):
        half, thick = size * (0.5 - 0.05 * i) * rng.uniform(0.85, 1.05), size * 0.17
        tone = jitter(rng, rng.choice(CLOTHS), 30)
        mid = x + rng.uniform(-0.05, 0.05) * size
        canvas.rect(mid - half, y - thick, mid + half, y, tone)
        canvas.rect(mid - half, y - thick, mid + half, y - thick * 0.82, shade(tone, 1.25))
        canvas.rect(mid - half, y - thick * 0.12, mid + half, y, shade(tone, 0.6))
        canvas.text(mid, y - thick * 0.5, rng.choice(_TITLES), thick * 0.72, (244, 232, 196))
        y -= thick


def vase(canvas: Canvas, rng: Rng, x: float, y: float, height: float, flowers: bool) -> None:
    """Draw a vase standing on ``y``, on request with flowers."""
    tone, body = jitter(rng, rng.choice(CLOTHS), 36), height * (0.45 if flowers else 0.9)
    canvas.soft(x, y, body * 0.5, body * 0.08, (0, 0, 0), 0.7)
    if flowers:
        _bunch(canvas, rng, x, y - body, height - body)
    swell, neck = rng.uniform(0.26, 0.4), rng.uniform(0.1, 0.18)
    half = [neck * 1.3, neck, neck * 1.1, swell * 0.8, swell, swell * 0.92, swell * 0.6]
    left = [(x - body * r, y - body * (1 - i / 6)) for i, r in enumerate(half)]
    right = [(x + body * r, py) for (_, py), r in zip(left, half, strict=True)]
    canvas.polygon([*left, *right[::-1]], tone)
    canvas.polygon([(x + (px - x) * 0.35, py) for px, py in right] + right[::-1], shade(tone, 0.75))
    canvas.polygon(
        [(x + (px - x) * 0.75, py) for px, py in left] + [(x + (px - x) * 0.5, py) for px, py in left[::-1]],
        shade(tone, 1.3),
    )
    band = y - body * rng.uniform(0.3, 0.45)
    canvas.rect(x - body * swell * 0.95, band, x + body * swell * 0.95, band + body * 0.06, (236, 224, 196, 200))


def _bunch(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    petals = [
        jitter(rng, c, 24)
        for c in rng.sample(((226, 80, 90), (248, 206, 90), (244, 240, 236), (170, 110, 200), (240, 150, 170)), 2)
    ]
    for i in range(rng.integer(6, 11)):
        lean, tall = rng.uniform(-0.7, 0.7), rng.uniform(0.55, 1.0)
        px, py = x + lean * height * 0.8, y - height * tall
        canvas.line(
            [(x, y + 2), (x + lean * height * 0.3, y - height * tall * 0.5), (px, py)],
            (66, 112, 58),
            max(0.8, height * 0.02),
        )
        canvas.ellipse(x + lean * height * 0.45, y - height * tall * 0.4, height * 0.08, height * 0.05, (84, 136, 66))
        tone, r = petals[i % 2], height * 0.1
        for k in range(6):
            canvas.ellipse(
                px + sine(k / 6) * r, py + cosine(k / 6) * r, r * 0.62, r * 0.62, shade(tone, 0.86 + 0.05 * k)
            )
        canvas.ellipse(px, py, r * 0.5, r * 0.5, (240, 190, 70) if tone[2] < 160 else (150, 100, 50))


def lamp(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a table or floor lamp, lit."""
    tone = jitter(rng, rng.choice(((232, 206, 150), (220, 150, 120), (190, 206, 190))), 16)
    canvas.ellipse(x, y, height * 0.14, height * 0.03, (70, 56, 44))
    canvas.rect(x - height * 0.02, y - height * 0.7, x + height * 0.02, y, (122, 96, 62))
    canvas.shape(x, y, height, [(-0.12, -1), (0.12, -1), (0.24, -0.62), (-0.24, -0.62)], tone)
    canvas.shape(x, y, height, [(0.05, -1), (0.12, -1), (0.24, -0.62), (0.1, -0.62)], shade(tone, 0.86))
    canvas.lights.append(lambda c: c.soft(x, y - height * 0.72, height * 0.7, height * 0.6, (255, 232, 170), 0.5))


def clock(canvas: Canvas, rng: Rng, x: float, y: float, r: float) -> None:
    """Draw a wall clock with numerals and two hands."""
    canvas.soft(x + r * 0.2, y + r * 0.3, r * 1.3, r * 1.3, (20, 16, 16), 0.5)
    canvas.ellipse(x, y, r * 1.12, r * 1.12, rng.choice(WOODS))
    canvas.ellipse(x, y, r, r, (248, 244, 232))
    for k in range(1, 13):
        canvas.text(x + sine(k / 12) * r * 0.78, y - cosine(k / 12) * r * 0.78, str(k), r * 0.26, (40, 36, 34))
    hour, minute = rng.uniform(0, 12), 0.0
    minute = hour - int(hour)
    canvas.line(
        [(x, y), (x + sine(hour / 12) * r * 0.45, y - cosine(hour / 12) * r * 0.45)], (30, 28, 28), max(1, r * 0.08)
    )
    canvas.line(
        [(x, y), (x + sine(minute) * r * 0.68, y - cosine(minute) * r * 0.68)], (30, 28, 28), max(0.8, r * 0.05)
    )


def picture(canvas: Canvas, rng: Rng, air: Air, box: Box) -> None:
    """Draw a framed picture of a landscape."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.rect(x0 + w * 0.03, y0 + w * 0.05, x1 + w * 0.09, y1 + w * 0.1, (20, 16, 16, 70))
    canvas.rect(x0 - w * 0.05, y0 - w * 0.05, x1 + w * 0.05, y1 + w * 0.05, rng.choice(WOODS))
    canvas.rect(x0, y0, x1, y1, (244, 240, 228))
    box = (x0 + w * 0.08, y0 + w * 0.08, x1 - w * 0.08, y1 - w * 0.08)
    canvas.gradient_box(box, mix(air.hour.top, (230, 220, 200), 0.3), (250, 226, 190))
    low, mid = y1 - w * 0.08, y0 + h * rng.uniform(0.5, 0.65)
    peak = x0 + w * rng.uniform(0.3, 0.7)
    canvas.polygon(
        [(box[0], mid), (peak, y0 + h * rng.uniform(0.2, 0.4)), (box[2], mid)], jitter(rng, (110, 120, 140), 20)
    )
    canvas.rect(box[0], mid, box[2], low, jitter(rng, (110, 140, 80), 30))
    canvas.ellipse(x0 + w * rng.uniform(0.2, 0.8), y0 + h * 0.22, w * 0.06, w * 0.06, (250, 236, 190))
    canvas.rect(x0 + w * 0.3, mid + h * 0.05, x0 + w * 0.34, low - h * 0.05, (80, 60, 44))
    canvas.ellipse(x0 + w * 0.32, mid, w * 0.09, h * 0.1, (70, 104, 60))


def fruit(canvas: Canvas, rng: Rng, x: float, y: float, r: float) -> None:
    """Draw a round fruit lying on ``y``, with its stalk on top and its shadow beside it."""
    tone = jitter(rng, rng.choice(FRUITS), 16)
    canvas.soft(x + r * 0.5, y, r * 1.5, r * 0.35, (10, 6, 6), 0.8)
    for k in range(6):
        canvas.ellipse(
            x - r * 0.06 * k,
            y - r * (1 + 0.06 * k),
            r * (1 - 0.14 * k),
            r * (0.96 - 0.14 * k),
            shade(tone, 0.7 + 0.1 * k),
        )
    canvas.soft(x - r * 0.36, y - r * 1.42, r * 0.3, r * 0.24, (255, 255, 255), 0.8)
    canvas.line([(x, y - r * 1.8), (x + r * 0.12, y - r * 2.2)], (88, 60, 36), max(0.8, r * 0.1))
    canvas.ellipse(x + r * 0.35, y - r * 2.12, r * 0.3, r * 0.13, (84, 130, 60))


def bowl(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a bowl heaped with fruit."""
    canvas.soft(x, y, size * 0.75, size * 0.12, (10, 6, 6), 0.8)
    for _ in range(9):
        fruit(canvas, rng, x + rng.uniform(-0.36, 0.36) * size, y - size * rng.uniform(0.24, 0.4), size * 0.13)
    tone = jitter(rng, rng.choice(((232, 228, 218), (70, 110, 150), (170, 104, 70))), 14)
    left = [(x - size * r, y - size * v) for r, v in ((0.56, 0.34), (0.52, 0.2), (0.38, 0.07), (0.2, 0.02), (0.2, 0.0))]
    canvas.polygon(left + [(2 * x - px, py) for px, py in left[::-1]], tone)
    canvas.polygon([(2 * x - px, py) for px, py in left] + [(x, y), (x + size * 0.2, y - size * 0.3)], shade(tone, 0.8))
    canvas.rect(x - size * 0.56, y - size * 0.36, x + size * 0.56, y - size * 0.32, shade(tone, 1.1))


def house_plant(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a plant in a pot on the floor."""
    pot = height * 0.28
    canvas.soft(x, y, pot * 0.9, pot * 0.2, (8, 6, 6), 0.8)
    for _ in range(16):
        lean, tall = rng.uniform(-1, 1), rng.uniform(0.5, 1.0)
        tip = (x + lean * height * 0.34, y - pot - (height - pot) * tall * (1 - 0.4 * abs(lean)))
        mid = (x + lean * height * 0.14, y - pot - (height - pot) * tall * 0.6)
        side = (mid[0] + height * 0.05, mid[1] + height * 0.04)
        canvas.polygon([(x, y - pot), mid, tip, side], shade((66, 124, 70), rng.uniform(0.7, 1.25)))
    tone = jitter(rng, (178, 98, 66), 22)
    canvas.shape(x, y, pot, [(-0.5, -1), (0.5, -1), (0.36, 0), (-0.36, 0)], tone)
    canvas.shape(x, y, pot, [(0.15, -1), (0.5, -1), (0.36, 0), (0.12, 0)], shade(tone, 0.76))
    canvas.rect(x - pot * 0.56, y - pot * 1.08, x + pot * 0.56, y - pot * 0.88, shade(tone, 1.12))
