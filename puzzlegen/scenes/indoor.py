"""Indoor pictures: living room, study, kitchen, still life."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import HOURS, SEASONS, Air, Tint
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.furniture import (
    CLOTHS,
    WOODS,
    book_pile,
    book_shelf,
    bowl,
    clock,
    fruit,
    house_plant,
    lamp,
    picture,
    planks,
    vase,
    view_window,
)
from puzzlegen.scenes.houses import Box, bricks
from puzzlegen.scenes.noise import Colour, jitter, shade
from puzzlegen.scenes.people import draw_look, person

_PAPERS: tuple[Colour, ...] = ((206, 190, 160), (170, 186, 176), (190, 164, 156), (160, 172, 196), (214, 206, 190), (150, 128, 112))
_LAMPLIGHT: tuple[Tint, ...] = ((1.02, 0.97, 0.88), (1.0, 1.0, 1.0), (0.95, 0.93, 0.92), (1.04, 0.98, 0.94))


def _outside(rng: Rng) -> Air:
    return Air(rng.choice(HOURS[:5]), rng.choice(SEASONS), 0.3)


def _papered(canvas: Canvas, rng: Rng, floor: float) -> Colour:
    """A wall with pattern and stains above a skirting board and a floor of planks."""
    w, h, tone = canvas.width, canvas.height, jitter(rng, rng.choice(_PAPERS), 14)
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


def living_room(canvas: Canvas, rng: Rng) -> Tint:
    """A sofa between a window, pictures, a lamp and plants."""
    w, h, air = canvas.width, canvas.height, _outside(rng)
    floor = h * rng.uniform(0.7, 0.76)
    _papered(canvas, rng, floor)
    left = rng.below(2) == 0
    wx, span = w * (0.1 if left else 0.58), w * rng.uniform(0.24, 0.32)
    view_window(canvas, rng, air, (wx, h * 0.12, wx + span, h * rng.uniform(0.44, 0.5)))
    px = w * (0.62 if left else 0.1)
    for i in range(rng.integer(1, 2)):
        picture(canvas, rng, air, (px + i * w * 0.19, h * 0.14, px + w * (0.14 + 0.19 * i), h * rng.uniform(0.26, 0.38)))
    clock(canvas, rng, w * 0.5 + (w * 0.02 if left else -w * 0.02), h * rng.uniform(0.1, 0.2), h * 0.055)
    _rug(canvas, rng, w * rng.uniform(0.4, 0.6), h * 0.9, w * 0.36)
    lamp(canvas, rng, w * (0.93 if left else 0.07), floor + h * 0.05, h * rng.uniform(0.46, 0.56))
    _sofa(canvas, rng, w * rng.uniform(0.4, 0.6), floor + h * 0.09, w * rng.uniform(0.4, 0.52))
    house_plant(canvas, rng, w * (0.08 if left else 0.92), floor + h * 0.12, h * rng.uniform(0.28, 0.4))
    _side_table(canvas, rng, w * rng.uniform(0.25, 0.75), h * 0.97, h * 0.2)
    if rng.below(2):
        _cat(canvas, rng, w * rng.uniform(0.15, 0.85), h * 0.94, h * 0.1)
    return rng.choice(_LAMPLIGHT)


def _rug(canvas: Canvas, rng: Rng, x: float, y: float, half: float) -> None:
    tone = jitter(rng, rng.choice(CLOTHS), 16)
    for k, f in enumerate((1.0, 0.86, 0.7, 0.5, 0.25)):
        canvas.ellipse(x, y, half * f, half * 0.2 * f, shade(tone, (1.0, 1.35, 0.8, 1.2, 0.7)[k]))


def _sofa(canvas: Canvas, rng: Rng, x: float, y: float, width: float) -> None:
    tone, h = jitter(rng, rng.choice(CLOTHS), 20), width * 0.4
    canvas.soft(x, y, width * 0.62, h * 0.16, (6, 4, 6), 0.9)
    half = width / 2
    canvas.paint(rng, [(x - half * 0.92, y - h), (x + half * 0.92, y - h), (x + half * 0.92, y - h * 0.1), (x - half * 0.92, y - h * 0.1)], shade(tone, 0.85), shade(tone, 1.05), (8, 8), 3)
    canvas.rect(x - half * 0.9, y - h * 0.5, x + half * 0.9, y - h * 0.32, shade(tone, 1.18))
    canvas.rect(x - half * 0.9, y - h * 0.32, x + half * 0.9, y - h * 0.08, shade(tone, 0.74))
    canvas.rect(x - 1, y - h, x + 1, y - h * 0.32, shade(tone, 0.6))
    for side in (-1, 1):
        canvas.rect(x + side * half - width * 0.06, y - h * 0.66, x + side * half + width * 0.06, y - h * 0.06, shade(tone, 0.92))
        canvas.ellipse(x + side * half, y - h * 0.66, width * 0.06, h * 0.09, shade(tone, 1.1))
        canvas.rect(x + side * half * 0.9 - 3, y - h * 0.08, x + side * half * 0.9 + 3, y, (60, 42, 30))
    for _ in range(rng.integer(1, 3)):
        cx, c, s = x + rng.uniform(-0.75, 0.75) * half, jitter(rng, rng.choice(CLOTHS), 40), h * 0.2
        canvas.polygon([(cx - s, y - h * 0.46), (cx - s * 0.8, y - h * 0.9), (cx + s * 0.9, y - h * 0.86), (cx + s, y - h * 0.46)], c)
        canvas.line([(cx - s * 0.8, y - h * 0.7), (cx + s * 0.9, y - h * 0.68)], shade(c, 1.4), 1.5)


def _side_table(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    tone = rng.choice(WOODS)
    canvas.soft(x, y, size * 0.8, size * 0.12, (6, 4, 6), 0.8)
    for side in (-0.6, 0.6):
        canvas.rect(x + side * size - 2.5, y - size * 0.6, x + side * size + 2.5, y, shade(tone, 0.7))
    canvas.rect(x - size * 0.75, y - size * 0.66, x + size * 0.75, y - size * 0.57, shade(tone, 1.1))
    vase(canvas, rng, x - size * 0.35, y - size * 0.64, size * rng.uniform(0.7, 1.0), flowers=True)
    book_pile(canvas, rng, x + size * 0.3, y - size * 0.65, size * 0.6)


def _cat(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    fur = rng.choice(((60, 54, 52), (206, 140, 74), (150, 146, 142), (236, 228, 214)))
    canvas.soft(x, y, size * 0.8, size * 0.15, (6, 4, 6), 0.8)
    canvas.limb([(x + size * 0.4, y - size * 0.1), (x + size * 0.75, y - size * 0.2), (x + size * 0.8, y - size * 0.6)], shade(fur, 0.9), size * 0.12)
    canvas.ellipse(x, y - size * 0.4, size * 0.42, size * 0.42, fur)
    canvas.ellipse(x - size * 0.1, y - size * 0.9, size * 0.28, size * 0.25, fur)
    for side in (-1, 1):
        ear = x - size * 0.1 + side * size * 0.17
        canvas.polygon([(ear - size * 0.1, y - size * 1.04), (ear + side * size * 0.05, y - size * 1.3), (ear + size * 0.1, y - size * 1.04)], shade(fur, 0.85))
        canvas.ellipse(x - size * 0.1 + side * size * 0.11, y - size * 0.93, size * 0.045, size * 0.055, (150, 190, 80))
        canvas.limb([(x + side * size * 0.15, y - size * 0.4), (x + side * size * 0.17, y - size * 0.05)], shade(fur, 0.92), size * 0.14)


def study(canvas: Canvas, rng: Rng) -> Tint:
    """Book shelves, a desk with lamp and papers, a clock; somebody stands by."""
    w, h, air = canvas.width, canvas.height, _outside(rng)
    floor = h * rng.uniform(0.76, 0.82)
    _papered(canvas, rng, floor)
    left = rng.below(2) == 0
    split = w * rng.uniform(0.52, 0.62)
    shelf = (w * 0.03, h * 0.08, split - w * 0.03, floor) if left else (w - split + w * 0.03, h * 0.08, w * 0.97, floor)
    book_shelf(canvas, rng, shelf, rng.integer(4, 6))
    other = split if left else 0.0
    room = w - split
    view_window(canvas, rng, air, (other + room * 0.26, h * 0.14, other + room * 0.74, h * 0.42))
    clock(canvas, rng, other + room * 0.88, h * 0.1, h * 0.04)
    _desk(canvas, rng, other + room * rng.uniform(0.4, 0.6), h * 0.95, room * 0.84, h * 0.3)
    if rng.below(3):
        person(canvas, draw_look(rng), (w * (0.36 if left else 0.64), h * 0.97), h * rng.uniform(0.6, 0.68), rng.integer(-1, 1))
    else:
        house_plant(canvas, rng, w * (0.3 if left else 0.7), h * 0.97, h * rng.uniform(0.34, 0.5))
    return rng.choice(_LAMPLIGHT)


def _desk(canvas: Canvas, rng: Rng, x: float, y: float, width: float, height: float) -> None:
    tone, half, top = rng.choice(WOODS), width / 2, y - height
    canvas.soft(x, y, half * 1.1, height * 0.1, (6, 4, 6), 0.8)
    for side in (-1, 1):
        canvas.rect(x + side * half * 0.7 - half * 0.22, top, x + side * half * 0.7 + half * 0.22, y - height * 0.04, shade(tone, 0.8))
        for k in range(3):
            low = top + height * (0.1 + 0.28 * k)
            canvas.rect(x + side * half * 0.7 - half * 0.18, low, x + side * half * 0.7 + half * 0.18, low + height * 0.23, shade(tone, 0.95))
            canvas.ellipse(x + side * half * 0.7, low + height * 0.11, 3, 2, (220, 190, 110))
    canvas.rect(x - half, top - height * 0.07, x + half, top, shade(tone, 1.15))
    lamp(canvas, rng, x - half * 0.66, top - height * 0.06, height * 0.8)
    book_pile(canvas, rng, x + half * 0.6, top - height * 0.06, half * 0.5)
    canvas.polygon([(x - half * 0.3, top - height * 0.06), (x + half * 0.14, top - height * 0.06), (x + half * 0.06, top - height * 0.5), (x - half * 0.38, top - height * 0.5)], (56, 58, 64))
    canvas.polygon([(x - half * 0.27, top - height * 0.1), (x + half * 0.11, top - height * 0.1), (x + half * 0.04, top - height * 0.46), (x - half * 0.35, top - height * 0.46)], (120, 170, 210))
    canvas.text(x - half * 0.12, top - height * 0.28, rng.choice(("HELLO", "NOTES", "MAIL", "PLAN")), height * 0.1, (250, 250, 250))


def kitchen(canvas: Canvas, rng: Rng) -> Tint:
    """Tiles, cupboards, pots on a stove and food on the counter; a cook."""
    w, h, air = canvas.width, canvas.height, _outside(rng)
    counter, floor = h * rng.uniform(0.56, 0.62), h * 0.9
    _tiles(canvas, rng, counter)
    planks(canvas, rng, (0, floor, w, h), rng.choice(WOODS), 3)
    tone = jitter(rng, rng.choice(((214, 206, 190), (120, 146, 140), (150, 106, 72), (90, 110, 140))), 14)
    wx = w * rng.uniform(0.34, 0.44)
    view_window(canvas, rng, air, (wx, h * 0.13, wx + w * 0.22, counter - h * 0.12))
    for x0, x1 in ((0.0, wx - w * 0.1), (wx + w * 0.32, float(w))):
        _cupboards(canvas, rng, (x0, h * 0.04, x1, h * 0.3), tone, max(1, round((x1 - x0) / (w * 0.16))))
        _hooks(canvas, rng, x0, x1, h * 0.33, h * 0.1)
    canvas.rect(0, counter, w, counter + h * 0.035, (92, 86, 84))
    canvas.rect(0, counter, w, counter + h * 0.008, (170, 164, 158))
    _cupboards(canvas, rng, (0, counter + h * 0.035, w, floor), tone, rng.integer(4, 6))
    _stove(canvas, rng, w * rng.uniform(0.08, 0.2), counter, h * 0.12)
    bowl(canvas, rng, w * rng.uniform(0.48, 0.56), counter + 2, h * 0.2)
    vase(canvas, rng, w * rng.uniform(0.68, 0.74), counter + 2, h * 0.22, flowers=True)
    book_pile(canvas, rng, w * rng.uniform(0.86, 0.92), counter + 2, h * 0.16)
    if rng.below(3):
        person(canvas, draw_look(rng), (w * rng.uniform(0.25, 0.8), h * 0.97), h * rng.uniform(0.66, 0.74), rng.integer(-1, 1))
    return rng.choice(_LAMPLIGHT)


def _tiles(canvas: Canvas, rng: Rng, bottom: float) -> None:
    w, step = canvas.width, canvas.width / rng.integer(18, 26)
    tone, accent = jitter(rng, (214, 216, 208), 16), jitter(rng, rng.choice(CLOTHS), 30)
    canvas.rect(0, 0, w, bottom, shade(tone, 0.7))
    for i in range(int(w / step) + 1):
        for j in range(int(bottom / step) + 1):
            ink = accent if rng.below(9) == 0 else shade(tone, rng.uniform(0.86, 1.06))
            canvas.rect(i * step, j * step, i * step + step - 1.2, min(bottom, j * step + step - 1.2), ink)


def _cupboards(canvas: Canvas, rng: Rng, box: Box, tone: Colour, count: int) -> None:
    x0, y0, x1, y1 = box
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.55))
    step = (x1 - x0) / count
    for i in range(count):
        a, b = x0 + i * step + 2, x0 + (i + 1) * step - 2
        own = shade(tone, rng.uniform(0.93, 1.06))
        canvas.paint(rng, [(a, y0 + 2), (b, y0 + 2), (b, y1 - 2), (a, y1 - 2)], shade(own, 0.9), shade(own, 1.06), (12, 50), 4)
        inset = step * 0.14
        canvas.rect(a + inset, y0 + inset, b - inset, y1 - inset, (*shade(own, 0.78), 200))
        canvas.rect(a + inset, y0 + inset, b - inset, y0 + inset + 1.5, shade(own, 0.6))
        canvas.ellipse(b - inset * 0.5 if i % 2 else a + inset * 0.5, (y0 + y1) / 2, 3, 3, (214, 190, 120))
    canvas.rect(x0, y1, x1, y1 + 4, (0, 0, 0, 80))


def _hooks(canvas: Canvas, rng: Rng, x0: float, x1: float, y: float, size: float) -> None:
    canvas.rect(x0, y, x1, y + 2, (90, 90, 94))
    for i in range(int((x1 - x0) / (size * 0.8))):
        x, tone = x0 + size * (0.5 + 0.8 * i), rng.choice(((150, 150, 156), (184, 110, 70), (60, 60, 64)))
        canvas.rect(x - 1.2, y, x + 1.2, y + size * 0.6, shade(tone, 0.7))
        canvas.ellipse(x, y + size * 0.8, size * rng.uniform(0.16, 0.3), size * rng.uniform(0.2, 0.3), tone)


def _stove(canvas: Canvas, rng: Rng, x: float, counter: float, size: float) -> None:
    for i in range(2):
        px, tone = x + i * size * 1.5, rng.choice(((170, 172, 178), (190, 80, 60), (70, 90, 120)))
        canvas.rect(px - size * 0.6, counter - size * 0.08, px + size * 0.6, counter, (40, 40, 44))
        canvas.rect(px - size * 0.5, counter - size * 0.75, px + size * 0.5, counter - size * 0.08, tone)
        canvas.rect(px + size * 0.2, counter - size * 0.75, px + size * 0.5, counter - size * 0.08, shade(tone, 0.75))
        canvas.rect(px - size * 0.56, counter - size * 0.84, px + size * 0.56, counter - size * 0.74, shade(tone, 1.2))
        canvas.ellipse(px, counter - size * 0.9, size * 0.08, size * 0.08, (40, 36, 36))
        for k in range(5):
            canvas.soft(px + size * 0.12 * k * (1 - k * 0.4), counter - size * (1.1 + 0.28 * k), size * 0.34, size * 0.3, (250, 250, 250), 0.4)


def still_life(canvas: Canvas, rng: Rng) -> Tint:
    """Flowers, fruit, a candle and books on a cloth before a wall."""
    w, h, air = canvas.width, canvas.height, _outside(rng)
    edge = h * rng.uniform(0.58, 0.66)
    tone = jitter(rng, rng.choice(_PAPERS), 20)
    if rng.below(2):
        bricks(canvas, rng, (0, 0, w, edge), shade(tone, 0.7), h / 26)
    else:
        canvas.paint(rng, [(0, 0), (w, 0), (w, edge), (0, edge)], shade(tone, 0.4), shade(tone, 0.9), (w / 4, h / 4), 6)
    picture(canvas, rng, air, (w * rng.uniform(0.04, 0.1), h * 0.08, w * rng.uniform(0.24, 0.3), h * 0.34))
    clock(canvas, rng, w * rng.uniform(0.78, 0.9), h * rng.uniform(0.14, 0.22), h * rng.uniform(0.07, 0.1))
    planks(canvas, rng, (0, edge, w, h), rng.choice(WOODS), 5)
    _cloth(canvas, rng, edge + h * 0.1)
    vase(canvas, rng, w * rng.uniform(0.4, 0.58), edge + h * 0.13, h * rng.uniform(0.54, 0.64), flowers=True)
    book_pile(canvas, rng, w * rng.uniform(0.14, 0.22), edge + h * 0.14, w * rng.uniform(0.22, 0.28))
    _candle(canvas, rng, w * rng.uniform(0.66, 0.72), edge + h * 0.12, h * rng.uniform(0.2, 0.3))
    bowl(canvas, rng, w * rng.uniform(0.78, 0.86), edge + h * 0.22, h * rng.uniform(0.24, 0.3))
    for i in range(rng.integer(3, 6)):
        fruit(canvas, rng, w * (0.12 + 0.15 * i + rng.uniform(-0.04, 0.04)), h * rng.uniform(0.88, 0.97), h * rng.uniform(0.035, 0.06))
    return rng.choice(_LAMPLIGHT)


def _cloth(canvas: Canvas, rng: Rng, top: float) -> None:
    w, h, tone = canvas.width, canvas.height, jitter(rng, rng.choice(CLOTHS), 20)
    x0, x1 = w * rng.uniform(0.05, 0.25), w * rng.uniform(0.75, 0.95)
    skew = w * rng.uniform(-0.1, 0.1)
    canvas.paint(rng, [(x0 + skew, top), (x1 + skew, top), (x1, h), (x0, h)], shade(tone, 0.7), shade(tone, 1.2), (60, 30), 4)
    for i in range(11):
        k = i / 10
        canvas.line([(x0 + skew + (x1 - x0) * k, top), (x0 + (x1 - x0) * k, h)], (*shade(tone, 1.5), 120), 2)
        if i % 2:
            y = top + (h - top) * k
            canvas.line([(x0 + skew * (1 - k), y), (x1 + skew * (1 - k), y)], (*shade(tone, 1.5), 120), 2)


def _candle(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    half = height * 0.1
    canvas.soft(x, y, height * 0.34, height * 0.06, (6, 4, 4), 0.8)
    canvas.ellipse(x, y, height * 0.26, height * 0.05, (190, 160, 90))
    canvas.rect(x - half, y - height * 0.8, x + half, y, jitter(rng, (240, 230, 206), 10))
    canvas.rect(x + half * 0.3, y - height * 0.8, x + half, y, (206, 190, 160))
    canvas.line([(x, y - height * 0.8), (x, y - height * 0.86)], (40, 30, 30), 1.2)
    flame = [(x, y - height), (x + half * 0.5, y - height * 0.88), (x, y - height * 0.83), (x - half * 0.5, y - height * 0.88)]
    canvas.lights.append(lambda c: c.soft(x, y - height * 0.9, height * 0.6, height * 0.6, (255, 210, 130), 0.55))
    canvas.lights.append(lambda c: c.polygon(flame, (255, 236, 150)))
