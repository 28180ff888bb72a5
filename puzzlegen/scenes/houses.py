"""Buildings and their parts: houses, tall buildings, walls, windows, doors, roofs."""

from __future__ import annotations

from typing import Final

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import Air
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, jitter, shade

Box = tuple[float, float, float, float]
WALLS: Final[tuple[Colour, ...]] = (
    (226, 208, 172),
    (198, 118, 88),
    (216, 216, 208),
    (170, 186, 196),
    (232, 188, 120),
    (188, 104, 84),
    (160, 176, 140),
    (206, 160, 156),
)
ROOFS: Final[tuple[Colour, ...]] = ((164, 74, 52), (92, 84, 88), (126, 82, 60), (70, 84, 104))
DOORS: Final[tuple[Colour, ...]] = ((122, 52, 40), (44, 84, 70), (50, 70, 120), (96, 66, 44))
SHOPS: Final = [
    "BAKERY",
    "CAFE",
    "HOTEL",
    "BOOKS",
    "PHARMACY",
    "GROCER",
    "FLOWERS",
    "BARBER",
    "TAILOR",
    "CINEMA",
    "MUSIC",
    "TOYS",
    "GALLERY",
    "SHOES",
    "TEA",
    "BANK",
    "POST",
]
PLACES: Final = [
    "OAKHILL",
    "RIVERSIDE",
    "LAKE",
    "HARBOUR",
    "STATION",
    "CHURCH",
    "MARKET",
    "SCHOOL",
    "MUSEUM",
    "AIRPORT",
    "BEACH",
    "MILL",
]
_LIT: Final[Colour] = (255, 214, 130)


def bricks(canvas: Canvas, rng: Rng, box: Box, tone: Colour, size: float) -> None:
    """Draw a wall of bricks in random shades, each brick ``size`` pixels high."""
    x0, y0, x1, y1 = box
    canvas.rect(x0, y0, x1, y1, shade(tone, 0.72))
    gap = max(0.5, size * 0.14)
    y, row = y0, 0
    while y < y1:
        x = x0 - (row % 2) * size
        while x < x1:
            ink = shade(tone, 0.86 + 0.28 * rng.below(16) / 16)
            canvas.rect(max(x, x0), y, min(x + size * 2 - gap, x1), min(y + size - gap, y1), ink)
            x += size * 2
        y, row = y + size, row + 1


def wall(canvas: Canvas, rng: Rng, box: Box, tone: Colour) -> None:
    """Draw a wall of stained plaster, bricks or boards, at random."""
    x0, y0, x1, y1 = box
    style = rng.below(3)
    if style == 0:
        bricks(canvas, rng, box, tone, max(3.0, (y1 - y0) / 34))
        return
    canvas.paint(rng, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], shade(tone, 0.84), shade(tone, 1.1), (40, 50), 5)
    if style == 1:
        step = max(3.5, (y1 - y0) / 22)
        for i in range(1, int((y1 - y0) / step)):
            canvas.rect(x0, y0 + i * step, x1, y0 + i * step + 0.8, shade(tone, 0.74))


def window(canvas: Canvas, rng: Rng, box: Box, *, lit: bool) -> None:
    """Draw a window with frame, curtains, reflection and sill; one in three has a flower box."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    canvas.rect(x0 - w * 0.09, y0 - h * 0.06, x1 + w * 0.09, y1 + h * 0.04, (238, 234, 224))
    canvas.gradient_box(box, (58, 76, 98), (128, 152, 172))
    for side in (0, 1):
        edge = x1 if side else x0
        inner = edge + (-1 if side else 1) * w * rng.uniform(0.15, 0.35)
        canvas.polygon([(edge, y0), (inner, y0), (edge + (inner - edge) * 0.4, y1), (edge, y1)], (226, 216, 200, 190))
    canvas.polygon(
        [(x0 + w * 0.3, y1), (x0 + w * 0.5, y1), (x0 + w * 0.8, y0), (x0 + w * 0.6, y0)], (255, 255, 255, 46)
    )
    if lit:
        canvas.lights.append(lambda c: c.rect(x0, y0, x1, y1, (*_LIT, 190)))
        canvas.lights.append(lambda c: _bars(c, box, (120, 96, 70)))
    _bars(canvas, box, (236, 232, 222))
    canvas.rect(x0 - w * 0.16, y1 + h * 0.03, x1 + w * 0.16, y1 + h * 0.11, (206, 200, 190))
    canvas.rect(x0 - w * 0.16, y1 + h * 0.11, x1 + w * 0.16, y1 + h * 0.15, (60, 56, 60, 130))
    if rng.below(3) == 0:
        _flower_box(canvas, rng, box)


def _bars(canvas: Canvas, box: Box, ink: Colour) -> None:
    x0, y0, x1, y1 = box
    t = max(0.7, (x1 - x0) * 0.05)
    canvas.rect((x0 + x1 - t) / 2, y0, (x0 + x1 + t) / 2, y1, ink)
    canvas.rect(x0, y0 * 0.62 + y1 * 0.38, x1, y0 * 0.62 + y1 * 0.38 + t, ink)


def _flower_box(canvas: Canvas, rng: Rng, box: Box) -> None:
    x0, _, x1, y1 = box
    h = (y1 - box[1]) * 0.16
    canvas.rect(x0, y1 - h * 0.2, x1, y1 + h, (122, 78, 50))
    for _ in range(14):
        spot = (rng.uniform(x0, x1), y1 - h * rng.uniform(0.1, 0.9))
        canvas.ellipse(
            *spot, h * 0.3, h * 0.25, rng.choice(((70, 120, 56), (226, 70, 80), (250, 196, 80), (70, 130, 60)))
        )


def door(canvas: Canvas, rng: Rng, box: Box) -> None:
    """Draw a door with panels, handle, step and house number."""
    x0, y0, x1, y1 = box
    w, h = x1 - x0, y1 - y0
    tone = rng.choice(DOORS)
    canvas.rect(x0 - w * 0.1, y0 - h * 0.05, x1 + w * 0.1, y1, (232, 226, 214))
    canvas.rect(x0, y0, x1, y1, tone)
    for v in (0.36, 0.66):
        for u in (0.14, 0.56):
            canvas.rect(x0 + w * u, y0 + h * v, x0 + w * (u + 0.3), y0 + h * (v + 0.22), shade(tone, 0.78))
    canvas.rect(x0 + w * 0.14, y0 + h * 0.06, x1 - w * 0.14, y0 + h * 0.28, (130, 156, 176))
    canvas.ellipse(x1 - w * 0.12, y0 + h * 0.56, w * 0.06, w * 0.06, (232, 196, 90))
    canvas.rect(x0 - w * 0.25, y1 - h * 0.03, x1 + w * 0.25, y1 + h * 0.04, (168, 164, 158))
    canvas.text((x0 + x1) / 2, y0 - h * 0.14, str(rng.integer(1, 99)), h * 0.13, (60, 52, 48))


def house(canvas: Canvas, rng: Rng, air: Air, x: float, y: float, width: float, floors: int) -> None:
    """Draw a house with roof, smoking chimney, door and windows; its front begins at ``x`` and stands on ``y``."""
    storey = width * rng.uniform(0.36, 0.44)
    top = y - storey * floors
    box = (x, top, x + width, y)
    wall(canvas, rng, box, jitter(rng, rng.choice(WALLS), 10))
    canvas.rect(x, y - storey * 0.1, x + width, y, (112, 106, 102))
    _roof(canvas, rng, air, (x, top), width, width * rng.uniform(0.28, 0.45))
    columns, spot = rng.integer(2, 4), rng.below(2)
    cell = width / columns
    for floor in range(floors):
        for i in range(columns):
            left, head = x + cell * (i + 0.28), y - storey * (floor + 0.78)
            if floor == 0 and i == min(spot, columns - 1):
                door(canvas, rng, (left, y - storey * 0.72, left + cell * 0.42, y - storey * 0.02))
            else:
                lit = air.dark and rng.below(3) > 0
                window(canvas, rng, (left, head, left + cell * 0.42, head + storey * 0.46), lit=lit)


def _roof(canvas: Canvas, rng: Rng, air: Air, corner: Point, width: float, rise: float) -> None:
    x, y = corner
    tone = rng.choice(ROOFS)
    eave, inset = width * 0.07, width * rng.uniform(0.1, 0.42)
    _chimney(canvas, rng, x + width * rng.uniform(0.2, 0.75), y - rise * 0.5, rise * 0.9)
    left, right, a, b = x - eave, x + width + eave, x + inset, x + width - inset
    canvas.polygon([(left, y), (a, y - rise), (b, y - rise), (right, y)], tone)
    rows = max(5, int(rise / 4))
    for i in range(rows):
        k0, k1 = i / rows, (i + 0.35) / rows
        l0, r0 = left + (a - left) * k0, right + (b - right) * k0
        canvas.line([(l0, y - rise * k0), (r0, y - rise * k0)], shade(tone, 0.78), 0.8)
        for j in range(int((r0 - l0) / 7)):
            if rng.below(3) == 0:
                canvas.rect(
                    l0 + j * 7, y - rise * k1, l0 + j * 7 + 5, y - rise * k0, shade(tone, rng.uniform(0.85, 1.25))
                )
    if air.snowy:
        m = 0.35
        base = [(right + (b - right) * m, y - rise * m), (left + (a - left) * m, y - rise * m)]
        canvas.polygon([(a, y - rise * 1.06), (b, y - rise * 1.06), *base], (244, 248, 252))
    canvas.rect(left, y - 1, right, y + width * 0.02, shade(tone, 0.55))


def _chimney(canvas: Canvas, rng: Rng, x: float, y: float, height: float) -> None:
    w = height * 0.28
    bricks(canvas, rng, (x - w / 2, y - height, x + w / 2, y + height * 0.4), (158, 92, 76), max(2.0, height / 16))
    canvas.rect(x - w * 0.65, y - height * 1.05, x + w * 0.65, y - height * 0.95, (110, 100, 98))
    for i in range(rng.integer(0, 7)):
        r = w * (0.4 + 0.22 * i)
        canvas.soft(
            x + w * 0.22 * i * i * 0.4, y - height * 1.1 - w * i * 0.6, r * 1.4, r, (214, 214, 218), 0.75 - 0.08 * i
        )


def tower(canvas: Canvas, rng: Rng, air: Air, box: Box) -> None:
    """Draw a tall building with a grid of windows and something on its roof."""
    x0, y0, x1, y1 = box
    tone = jitter(rng, rng.choice(((120, 134, 150), (164, 150, 138), (98, 104, 120), (180, 170, 160))), 14)
    canvas.paint(rng, [(x0, y0), (x1, y0), (x1, y1), (x0, y1)], shade(tone, 0.86), shade(tone, 1.08), (30, 60), 3)
    canvas.rect(x1 - (x1 - x0) * 0.2, y0, x1, y1, (10, 14, 30, 60))
    cols, step = max(2, int((x1 - x0) / 11)), rng.uniform(10, 15)
    for i in range(int((y1 - y0) / step)):
        for j in range(cols):
            spot = (x0 + (x1 - x0) * (j + 0.22) / cols, y0 + step * (i + 0.35))
            _pane(canvas, rng, air, spot, (x1 - x0) * 0.56 / cols, step * 0.52)
    mast = rng.below(3)
    if mast:
        canvas.line([(x0 * 0.6 + x1 * 0.4, y0), (x0 * 0.6 + x1 * 0.4, y0 - step * mast)], (70, 74, 84), 1.2)
    canvas.rect(x0 + (x1 - x0) * 0.55, y0 - step * 0.6, x0 + (x1 - x0) * 0.85, y0, shade(tone, 0.7))


def _pane(canvas: Canvas, rng: Rng, air: Air, spot: Point, w: float, h: float) -> None:
    x, y = spot
    glass = (92, 112, 138) if rng.below(3) else (150, 172, 192)
    canvas.rect(x, y, x + w, y + h, glass)
    if air.dark and rng.below(2):
        canvas.lights.append(lambda c: c.rect(x, y, x + w, y + h, (*_LIT, 220)))
