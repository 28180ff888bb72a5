"""Cars, boats and trains, each drawn upright and from the side."""

from __future__ import annotations

from typing import Final

from puzzlegen.rng import Rng
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, cosine, jitter, shade, sine

PAINTS: Final[tuple[Colour, ...]] = (
    (192, 44, 44),
    (40, 84, 156),
    (232, 184, 56),
    (226, 228, 230),
    (58, 112, 78),
    (52, 56, 64),
    (214, 116, 48),
)


def car(canvas: Canvas, at: Point, length: float, facing: int, paint: Colour, roll: float = 0.0) -> None:
    """Draw a car from the side: wheels on ``at`` and rolled by ``roll`` turns, nose towards ``facing`` (-1 or 1)."""
    x, y = at
    u = length * facing

    def body(*points: Point) -> list[Point]:
        return [(x + px * u, y - py * length) for px, py in points]

    canvas.soft(x, y + length * 0.01, length * 0.56, length * 0.07, (8, 10, 14), 0.95)
    canvas.polygon(body((-0.5, 0.08), (-0.5, 0.2), (-0.46, 0.25), (0.34, 0.25), (0.48, 0.19), (0.5, 0.08)), paint)
    canvas.polygon(body((-0.4, 0.24), (-0.3, 0.37), (0.08, 0.38), (0.28, 0.24)), shade(paint, 0.92))
    canvas.polygon(body((-0.34, 0.25), (-0.27, 0.345), (-0.11, 0.35), (-0.11, 0.25)), (120, 150, 172))
    canvas.polygon(body((-0.08, 0.25), (-0.08, 0.35), (0.06, 0.35), (0.22, 0.25)), (142, 170, 190))
    canvas.polygon(body((-0.5, 0.08), (-0.5, 0.13), (0.5, 0.13), (0.5, 0.08)), shade(paint, 0.66))
    canvas.line(body((-0.48, 0.22), (0.4, 0.22)), shade(paint, 1.3), max(0.6, length * 0.008))
    canvas.line(body((-0.1, 0.12), (-0.1, 0.24)), shade(paint, 0.6), 0.7)
    canvas.ellipse(*body((0.47, 0.175))[0], length * 0.02, length * 0.024, (255, 246, 200))
    canvas.ellipse(*body((-0.49, 0.185))[0], length * 0.014, length * 0.024, (210, 40, 40))
    for px in (-0.3, 0.3):
        _wheel(canvas, x + px * u, y - length * 0.075, length * 0.082, roll * facing)


def _wheel(canvas: Canvas, x: float, y: float, r: float, turn: float) -> None:
    canvas.ellipse(x, y, r, r, (26, 26, 30))
    canvas.ellipse(x, y, r * 0.6, r * 0.6, (170, 174, 180))
    for i in range(5):
        angle = turn + i / 5
        canvas.line(
            [(x, y), (x + sine(angle) * r * 0.55, y - cosine(angle) * r * 0.55)], (84, 88, 96), max(0.6, r * 0.14)
        )


def sail_boat(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a boat with two sails and its reflection."""
    hull, side = jitter(rng, rng.choice(PAINTS), 16), 1 if rng.below(2) else -1
    canvas.soft(x, y + size * 0.1, size * 0.5, size * 0.1, (10, 26, 44), 0.6)
    canvas.line([(x, y - size * 0.12), (x, y - size)], (110, 84, 60), max(0.8, size * 0.02))
    sail = (246, 242, 230) if rng.below(2) else jitter(rng, (230, 150, 110), 40)
    canvas.polygon(
        [(x + side * 2, y - size * 0.96), (x + side * 2, y - size * 0.2), (x + side * size * 0.42, y - size * 0.2)],
        sail,
    )
    canvas.polygon(
        [(x - side * 2, y - size * 0.86), (x - side * 2, y - size * 0.2), (x - side * size * 0.26, y - size * 0.22)],
        shade(sail, 0.85),
    )
    canvas.shape(x, y, size, [(-0.42, -0.14), (0.46, -0.14), (0.32, 0.02), (-0.3, 0.02)], hull)
    canvas.line(
        [(x - size * 0.42, y - size * 0.14), (x + size * 0.46, y - size * 0.14)],
        (250, 246, 236),
        max(0.8, size * 0.025),
    )
    canvas.shape(x, y, size, [(-0.2, 0.03), (0.2, 0.03), (0.05, 0.4)], (255, 255, 255, 40))


def fishing_boat(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    """Draw a trawler with cabin, mast and rail."""
    hull, side = jitter(rng, rng.choice(PAINTS), 16), 1 if rng.below(2) else -1
    canvas.soft(x, y + size * 0.08, size * 0.6, size * 0.12, (10, 26, 44), 0.7)
    canvas.polygon(
        [
            (x - side * size * 0.5, y - size * 0.16),
            (x + side * size * 0.58, y - size * 0.26),
            (x + side * size * 0.4, y + size * 0.03),
            (x - side * size * 0.42, y + size * 0.03),
        ],
        hull,
    )
    canvas.polygon(
        [
            (x - side * size * 0.42, y + size * 0.03),
            (x + side * size * 0.4, y + size * 0.03),
            (x + side * size * 0.43, y - size * 0.03),
            (x - side * size * 0.44, y - size * 0.03),
        ],
        shade(hull, 0.6),
    )
    cabin = x - side * size * 0.12
    canvas.rect(cabin - size * 0.14, y - size * 0.42, cabin + size * 0.14, y - size * 0.17, (240, 236, 226))
    canvas.rect(cabin - size * 0.17, y - size * 0.46, cabin + size * 0.17, y - size * 0.41, (196, 84, 52))
    for k in (-0.08, 0.03):
        canvas.rect(cabin + k * size, y - size * 0.37, cabin + (k + 0.06) * size, y - size * 0.28, (70, 96, 118))
    mast = x + side * size * 0.18
    canvas.line([(mast, y - size * 0.2), (mast, y - size * 0.8)], (96, 76, 58), max(0.8, size * 0.02))
    canvas.line([(mast, y - size * 0.78), (x + side * size * 0.56, y - size * 0.26)], (90, 90, 90), 0.6)
    canvas.line([(mast, y - size * 0.78), (x - side * size * 0.48, y - size * 0.18)], (90, 90, 90), 0.6)
    canvas.text(
        x + side * size * 0.2,
        y - size * 0.1,
        f"{rng.choice('ABKLMS')}{rng.integer(10, 99)}",
        size * 0.1,
        (250, 250, 244),
    )


def train(canvas: Canvas, rng: Rng, x: float, y: float, size: float, wagons: int) -> None:
    """Draw a steam engine at ``x`` with its wagons to the left; the wheels stand on ``y``."""
    for i in range(wagons, 0, -1):
        _wagon(canvas, rng, x - i * size * 1.2, y, size)
    paint = rng.choice(PAINTS)
    canvas.rect(x - size * 0.5, y - size * 0.62, x + size * 0.55, y - size * 0.2, shade(paint, 0.9))
    canvas.rect(x - size * 0.5, y - size * 0.62, x + size * 0.55, y - size * 0.52, shade(paint, 1.2))
    canvas.rect(x - size * 0.52, y - size * 0.9, x - size * 0.1, y - size * 0.2, paint)
    canvas.rect(x - size * 0.58, y - size * 0.96, x - size * 0.04, y - size * 0.89, (50, 50, 54))
    canvas.rect(x - size * 0.42, y - size * 0.82, x - size * 0.2, y - size * 0.62, (150, 178, 190))
    canvas.shape(x, y, size, [(0.3, -0.62), (0.42, -0.62), (0.48, -0.92), (0.24, -0.92)], (44, 44, 48))
    canvas.shape(x, y, size, [(0.55, -0.24), (0.74, -0.03), (0.5, -0.03)], (150, 46, 40))
    canvas.rect(x - size * 0.5, y - size * 0.22, x + size * 0.56, y - size * 0.12, (48, 46, 50))
    for k, r in ((-0.34, 0.15), (-0.02, 0.15), (0.24, 0.09), (0.45, 0.09)):
        _wheel(canvas, x + k * size, y - r * size, r * size, rng.uniform())
    for i in range(10):
        spot = (x + size * (0.36 - 0.26 * i), y - size * (1.0 + 0.09 * i + rng.uniform(0, 0.1)))
        canvas.soft(*spot, size * (0.14 + 0.045 * i), size * (0.12 + 0.03 * i), (238, 238, 240), 0.9 - 0.06 * i)


def _wagon(canvas: Canvas, rng: Rng, x: float, y: float, size: float) -> None:
    paint = jitter(rng, rng.choice(PAINTS), 14)
    canvas.rect(x - size * 0.55, y - size * 0.8, x + size * 0.55, y - size * 0.17, paint)
    canvas.rect(x - size * 0.58, y - size * 0.86, x + size * 0.58, y - size * 0.79, shade(paint, 0.6))
    canvas.rect(x - size * 0.55, y - size * 0.34, x + size * 0.55, y - size * 0.3, (244, 226, 160))
    for i in range(4):
        left = x + size * (-0.47 + 0.25 * i)
        canvas.rect(left, y - size * 0.7, left + size * 0.17, y - size * 0.45, (206, 220, 224))
        canvas.shape(left, y, size, [(0, -0.45), (0.06, -0.45), (0.15, -0.7)], (160, 184, 198))
    canvas.rect(x + size * 0.55, y - size * 0.24, x + size * 0.66, y - size * 0.2, (40, 40, 44))
    for k in (-0.36, 0.36):
        _wheel(canvas, x + k * size, y - size * 0.09, size * 0.09, rng.uniform())
