"""Parts of rooms: papered and tiled walls, sofas, desks, cupboards, a cat."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.furniture import CLOTHS, WOODS, book_pile, lamp, planks, vase
from puzzlegen.scenes.houses import Box
from puzzlegen.scenes.noise import Colour, jitter, mix, shade

PAPERS: tuple[Colour, ...] = (
    (206, 190, 160),
    (170, 186, 176),
    (190, 164, 156),
    (160, 172, 196),
    (214, 206, 190),
    (150, 128, 112),
)


def papered(canvas: Canvas, rng: Rng, floor: float) -> Colour:
    """Draw a papered wall above a skirting board and a floor of planks; return the colour of the wallpaper."""
    w, h, tone = canvas.width, canvas.height, jitter(rng, rng.choice(PAPERS), 14)
    canvas.paint(rng, [(0, 0), (w, 0), (w, floor), (0, floor)], shade(tone, 0.84), shade(tone, 1.08), (w / 3, h / 3), 6)
    step, style = rng.uniform(26, 44), rng.below(3)
    for i in range(int(w / step) + 1):
        for j in range(int(floor / step) + 1):
            x, y = (i + 0.5 * (j % 2)) * step, (j + 0.5) * step
            if style == 0:
                canvas.polygon([(x, y - 5), (x + 2.6, y + 3), (x - 2.6, y + 3)], (*shade(tone, 0.72), 150))
                canvas.line([(x, y + 3), (x, y + 7)], (*shade(tone, 0.7), 150))
            elif style == 1 and j == 0:
                canvas.rect(i * step, 0, i * step + step * 0.4, floor, (*shade(tone, 0.8), 90))
    planks(canvas, rng, (0, floor, w, h), rng.choice(WOODS), 6)
    canvas.rect(0, floor - h * 0.03, w, floor, shade(tone, 1.2))
    canvas.rect(0, floor, w, floor + h * 0.01, (0, 0, 0, 80))
    return tone


def rug(canvas: Canvas, rng: Rng, x: float, y: float, half: float) -> None:
    """Draw an oval rug of concentric rings."""
    tone = jitter(rng, rng.choice(CLOTHS), 16)
    for k, f in enumerate((1.0, 0.86, 0.7, 0.5, 0.25)):
        canvas.ellipse(x, y, half * f, half * 0.2 * f, shade(tone, (1.0, 1.35, 0.8, 1.2, 0.7)[k]))


def sofa(canvas: Canvas, rng: Rng, x: float, y: float, width: float) -> None:
    """Draw a sofa with cushions, centred on ``x``, with its feet on ``y``."""
    tone, h = jitter(rng, rng.choice(CLOTHS), 20), width * 0.4
    canvas.soft(x, y, width * 0.62, h * 0.16, (6, 4, 6), 0.9)
    half = width / 2
    canvas.paint(
        rng,
        [
            (x - half * 0.92, y - h),
            (x + half * 0.92, y - h),
            (x + half * 0.92, y - h * 0.1),
            (x - half * 0.92, y - h * 0.1),
        ],
        shade(tone, 0.85),
        shade(tone, 1.05),
        (8, 8),
        3,
    )
    canvas.rect(x - half * 0.9, y - h * 0.5, x + half * 0.9, y - h * 0.32, shade(tone, 1.18))
    canvas.rect(x - half * 0.9, y - h * 0.32, x + half * 0.9, y - h * 0.08, shade(tone, 0.74))
    canvas.rect(x - 1, y - h, x + 1, y - h * 0.32, shade(tone, 0.6))
    for side in (-1, 1):
        canvas.rect(
            x + side * half - width * 0.06,
            y - h * 0.66,
            x + side * half + width * 0.06,
            y - h * 0.06,
            shade(tone, 0.92),
        )
        canvas.ellipse(x + side * half, y - h * 0.66, width * 0.06, h * 0.09, shade(tone, 1.1))
        canvas.rect(x + side * half * 0.9 - 3, y - h * 0.08, x + side * half * 0.9 + 3, y, (60, 42, 30))
    for _ in range(rng.integer(1, 3)):
        cx, c, s = x + rng.uniform(-0.75, 0.75) * half, jitter(rng, rng.choice(CLOTHS), 40), h * 0.2
        canvas.polygon(
            [(cx - s, y - h * 0.46), (cx - s * 0.8, y - h * 0.9), (cx + s * 0.9, y - h * 0.86), (cx + s, y - h * 0.46)],
            c,
        )
        canvas.line([(cx - s * 0.8, y - h * 0.7), (cx + s * 0.9, y - h * 0.68)], shade(c, 1.4), 1.5)


def side_table(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a low table with flowers and books."""
    tone = rng.choice(WOODS)
    canvas.soft(x, y, size * 0.8, size * 0.12, (6, 4, 6), 0.8)
    for side in (-0.6, 0.6):
        canvas.rect(x + side * size - 2.5, y - size * 0.6, x + side * size + 2.5, y, shade(tone, 0.7))
    canvas.rect(x - size * 0.75, y - size * 0.66, x + size * 0.75, y - size * 0.57, shade(tone, 1.1))
    vase(canvas, rng, x - size * 0.35, y - size * 0.64, size * rng.uniform(0.7, 1.0), flowers=True)
    book_pile(canvas, rng, x + size * 0.3, y - size * 0.65, size * 0.6)


def cat(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a sitting cat."""
    fur = rng.choice(((60, 54, 52), (206, 140, 74), (150, 146, 142), (236, 228, 214)))
    canvas.soft(x, y, size * 0.8, size * 0.15, (6, 4, 6), 0.8)
    canvas.limb(
        [(x + size * 0.4, y - size * 0.1), (x + size * 0.75, y - size * 0.2), (x + size * 0.8, y - size * 0.6)],
        shade(fur, 0.9),
        size * 0.12,
    )
    canvas.ellipse(x, y - size * 0.4, size * 0.42, size * 0.42, fur)
    canvas.ellipse(x - size * 0.1, y - size * 0.9, size * 0.28, size * 0.25, fur)
    for side in (-1, 1):
        ear = x - size * 0.1 + side * size * 0.17
        canvas.polygon(
            [
                (ear - size * 0.1, y - size * 1.04),
                (ear + side * size * 0.05, y - size * 1.3),
                (ear + size * 0.1, y - size * 1.04),
            ],
            shade(fur, 0.85),
        )
        canvas.ellipse(x - size * 0.1 + side * size * 0.11, y - size * 0.93, size * 0.045, size * 0.055, (150, 190, 80))
        canvas.limb(
            [(x + side * size * 0.15, y - size * 0.4), (x + side * size * 0.17, y - size * 0.05)],
            shade(fur, 0.92),
            size * 0.14,
        )


def desk(canvas: Canvas, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    """Draw a desk with drawers, lamp, books and a laptop."""
    tone, half, top = rng.choice(WOODS), width / 2, y - height
    canvas.soft(x, y, half * 1.1, height * 0.1, (6, 4, 6), 0.8)
    for side in (-1, 1):
        middle = x + side * half * 0.7
        canvas.rect(middle - half * 0.22, top, middle + half * 0.22, y - height * 0.04, shade(tone, 0.8))
        for k in range(3):
            low = top + height * (0.1 + 0.28 * k)
            canvas.rect(middle - half * 0.18, low, middle + half * 0.18, low + height * 0.23, shade(tone, 0.95))
            canvas.ellipse(middle, low + height * 0.11, 3, 2, (220, 190, 110))
    canvas.rect(x - half, top - height * 0.07, x + half, top, shade(tone, 1.15))
    lamp(canvas, rng, x - half * 0.66, top - height * 0.06, height * 0.8)
    book_pile(canvas, rng, x + half * 0.6, top - height * 0.06, half * 0.5)
    _laptop(canvas, rng, x - half * 0.08, top - height * 0.06, height * 0.44)


def _laptop(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    canvas.shape(x, y, size, [(-0.6, 0), (0.6, 0), (0.56, -1), (-0.64, -1)], (56, 58, 64))
    canvas.shape(x, y, size, [(-0.54, -0.08), (0.54, -0.08), (0.5, -0.92), (-0.58, -0.92)], (120, 170, 210))
    canvas.text(
        x - size * 0.04, y - size * 0.5, rng.choice(("HELLO", "NOTES", "MAIL", "PLAN")), size * 0.24, (250, 250, 250)
    )


def tiles(canvas: Canvas, rng: Rng, bottom: float) -> None:
    """Draw a tiled wall down to ``bottom``, with some tiles in an accent colour."""
    w, step = canvas.width, canvas.width / rng.integer(18, 26)
    tone, accent = jitter(rng, (214, 216, 208), 16), jitter(rng, rng.choice(CLOTHS), 30)
    canvas.rect(0, 0, w, bottom, shade(tone, 0.7))
    for i in range(int(w / step) + 1):
        for j in range(int(bottom / step) + 1):
            ink = accent if rng.below(9) == 0 else shade(tone, rng.uniform(0.86, 1.06))
            canvas.rect(i * step, j * step, i * step + step - 1.2, min(bottom, j * step + step - 1.2), ink)


def cupboards(canvas: Canvas, rng: Rng, box: Box, tone: Colour, count: int) -> None:
    """Draw ``count`` fronts side by side: doors, glass doors with crockery, drawers, shelves of jars, ovens."""
    x0, y0, x1, y1 = box
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.55))
    step, kinds = (x1 - x0) / count, rng.shuffled((_door, _crockery, _drawers, _jars, _oven, _door))
    for i in range(count):
        front = (x0 + i * step + 2, y0 + 2, x0 + (i + 1) * step - 2, y1 - 2)
        base_tone, (a, b, c, d) = shade(tone, rng.uniform(0.88, 1.1)), front
        canvas.paint(rng, [(a, b), (c, b), (c, d), (a, d)], shade(base_tone, 0.9), shade(base_tone, 1.06), (12, 50), 4)
        kinds[i % len(kinds)](canvas, rng, front, base_tone)
    canvas.rect(x0, y1, x1, y1 + 4, (0, 0, 0, 80))


def _inset(box: Box, share: float) -> Box:
    x0, y0, x1, y1 = box
    edge = (x1 - x0) * share
    return x0 + edge, y0 + edge, x1 - edge, y1 - edge


def _door(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    x0, y0, x1, y1 = _inset(box, 0.14)
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.78))
    canvas.rect(x0, y0, x1, y0 + 1.5, shade(tone, 0.6))
    canvas.ellipse(rng.choice((x0 - 3, x1 + 3)), y0 * 0.6 + y1 * 0.4, 3, 3, (214, 190, 120))


def _crockery(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    x0, y0, x1, y1 = _inset(box, 0.1)
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.4))
    step, size = (y1 - y0) / 2, (x1 - x0) / 4
    for row in (1, 2):
        for i in range(4):
            china = jitter(rng, rng.choice(((240, 238, 230), (120, 160, 200), (220, 130, 90))), 20)
            canvas.ellipse(x0 + size * (i + 0.5), y0 + step * row - size * 0.5, size * 0.42, size * 0.45, china)
            canvas.ellipse(
                x0 + size * (i + 0.5), y0 + step * row - size * 0.5, size * 0.22, size * 0.24, shade(china, 0.85)
            )
        canvas.rect(x0, y0 + step * row - 2, x1, y0 + step * row, shade(tone, 0.9))
    canvas.shape(x0, y1, x1 - x0, [(0.2, 0), (0.35, 0), (0.7, -1), (0.55, -1)], (255, 255, 255, 40))


def _drawers(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    x0, y0, x1, y1 = _inset(box, 0.06)
    count = rng.integer(3, 4)
    for i in range(count):
        a, b = y0 + (y1 - y0) * i / count, y0 + (y1 - y0) * (i + 0.88) / count
        canvas.rect(x0, a, x1, b, shade(tone, 1.12))
        canvas.rect(x0, b - 2, x1, b, shade(tone, 0.6))
        canvas.rect(x0 * 0.65 + x1 * 0.35, a + (b - a) * 0.4, x0 * 0.35 + x1 * 0.65, a + (b - a) * 0.55, (70, 64, 60))


def _jars(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    x0, y0, x1, y1 = _inset(box, 0.05)
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.35))
    step, size = (y1 - y0) / 2, (x1 - x0) / 3
    for row in (1, 2):
        for i in range(3):
            fill, low, mid = jitter(rng, rng.choice(CLOTHS), 50), y0 + step * row - 2, x0 + size * (i + 0.5)
            tall = step * rng.uniform(0.45, 0.75)
            canvas.rect(mid - size * 0.36, low - tall, mid + size * 0.36, low, shade(fill, 1.2))
            canvas.rect(mid - size * 0.4, low - tall * 1.14, mid + size * 0.4, low - tall, (196, 160, 110))
            canvas.rect(mid - size * 0.26, low - tall * 0.6, mid + size * 0.26, low - tall * 0.3, (246, 240, 224))
        canvas.rect(x0, y0 + step * row - 2, x1, y0 + step * row + 1, shade(tone, 1.1))


def _oven(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    x0, y0, x1, y1 = _inset(box, 0.03)
    metal = mix((190, 192, 198), tone, 0.15)
    canvas.rect(x0, y0, x1, y1, metal)
    for i in range(4):
        canvas.ellipse(x0 + (x1 - x0) * (i + 0.5) / 4, y0 + (y1 - y0) * 0.09, 3.4, 3.4, (50, 50, 54))
    canvas.rect(x0 + 3, y0 + (y1 - y0) * 0.2, x1 - 3, y0 + (y1 - y0) * 0.25, shade(metal, 1.2))
    glow = rng.choice(((40, 36, 38), (150, 84, 40)))
    canvas.gradient_box((x0 + 6, y0 + (y1 - y0) * 0.32, x1 - 6, y1 - (y1 - y0) * 0.12), shade(glow, 1.3), glow)


def hooks(canvas: Canvas, rng: Rng, x0: float, x1: float, y: float, size: float) -> None:
    """Draw pans hanging from a rail."""
    canvas.rect(x0, y, x1, y + 2, (90, 90, 94))
    for i in range(int((x1 - x0) / (size * 0.8))):
        x, tone = x0 + size * (0.5 + 0.8 * i), rng.choice(((150, 150, 156), (184, 110, 70), (60, 60, 64)))
        canvas.rect(x - 1.2, y, x + 1.2, y + size * 0.6, shade(tone, 0.7))
        canvas.ellipse(x, y + size * 0.8, size * rng.uniform(0.16, 0.3), size * rng.uniform(0.2, 0.3), tone)


def stove(canvas: Canvas, rng: Rng, x: float, counter: float, size: float) -> None:
    """Draw two steaming pots."""
    for i in range(2):
        px, tone = x + i * size * 1.5, rng.choice(((170, 172, 178), (190, 80, 60), (70, 90, 120)))
        canvas.rect(px - size * 0.6, counter - size * 0.08, px + size * 0.6, counter, (40, 40, 44))
        canvas.rect(px - size * 0.5, counter - size * 0.75, px + size * 0.5, counter - size * 0.08, tone)
        canvas.rect(px + size * 0.2, counter - size * 0.75, px + size * 0.5, counter - size * 0.08, shade(tone, 0.75))
        canvas.rect(px - size * 0.56, counter - size * 0.84, px + size * 0.56, counter - size * 0.74, shade(tone, 1.2))
        canvas.ellipse(px, counter - size * 0.9, size * 0.08, size * 0.08, (40, 36, 36))
        for k in range(5):
            canvas.soft(
                px + size * 0.12 * k * (1 - k * 0.4),
                counter - size * (1.1 + 0.28 * k),
                size * 0.34,
                size * 0.3,
                (250, 250, 250),
                0.4,
            )


def table_cloth(canvas: Canvas, rng: Rng, top: float) -> None:
    """Draw a checked tablecloth that hangs over the front edge."""
    w, h, tone = canvas.width, canvas.height, jitter(rng, rng.choice(CLOTHS), 20)
    x0, x1 = w * rng.uniform(0.05, 0.25), w * rng.uniform(0.75, 0.95)
    skew = w * rng.uniform(-0.1, 0.1)
    canvas.paint(
        rng, [(x0 + skew, top), (x1 + skew, top), (x1, h), (x0, h)], shade(tone, 0.7), shade(tone, 1.2), (60, 30), 4
    )
    for i in range(11):
        k = i / 10
        canvas.line([(x0 + skew + (x1 - x0) * k, top), (x0 + (x1 - x0) * k, h)], (*shade(tone, 1.5), 120), 2)
        if i % 2:
            y = top + (h - top) * k
            canvas.line([(x0 + skew * (1 - k), y), (x1 + skew * (1 - k), y)], (*shade(tone, 1.5), 120), 2)


def candle(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    """Draw a burning candle on a dish."""
    half = height * 0.1
    canvas.soft(x, y, height * 0.34, height * 0.06, (6, 4, 4), 0.8)
    canvas.ellipse(x, y, height * 0.26, height * 0.05, (190, 160, 90))
    canvas.rect(x - half, y - height * 0.8, x + half, y, jitter(rng, (240, 230, 206), 10))
    canvas.rect(x + half * 0.3, y - height * 0.8, x + half, y, (206, 190, 160))
    canvas.line([(x, y - height * 0.8), (x, y - height * 0.86)], (40, 30, 30), 1.2)
    flame = [
        (x, y - height),
        (x + half * 0.5, y - height * 0.88),
        (x, y - height * 0.83),
        (x - half * 0.5, y - height * 0.88),
    ]
    canvas.lights.append(lambda c: c.soft(x, y - height * 0.9, height * 0.6, height * 0.6, (255, 210, 130), 0.55))
    canvas.lights.append(lambda c: c.polygon(flame, (255, 236, 150)))
