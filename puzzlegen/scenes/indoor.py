"""Indoor pictures: living room, study, kitchen, still life."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import HOURS, SEASONS, Air, Tint
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.furniture import (
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
from puzzlegen.scenes.houses import bricks
from puzzlegen.scenes.interior import (
    PAPERS,
    candle,
    cat,
    cupboards,
    desk,
    hooks,
    papered,
    rug,
    side_table,
    sofa,
    stove,
    table_cloth,
    tiles,
)
from puzzlegen.scenes.noise import jitter, shade
from puzzlegen.scenes.people import draw_look, person

_LAMPLIGHT: tuple[Tint, ...] = ((1.02, 0.97, 0.88), (1.0, 1.0, 1.0), (0.95, 0.93, 0.92), (1.04, 0.98, 0.94))


def _outdoor_air(rng: Rng) -> Air:
    return Air(rng.choice(HOURS[:5]), rng.choice(SEASONS), 0.3)


def living_room(canvas: Canvas, rng: Rng) -> Tint:
    """A living room: a sofa with a window, pictures, a clock, a lamp and a plant around it."""
    w, h, air = canvas.width, canvas.height, _outdoor_air(rng)
    floor = h * rng.uniform(0.7, 0.76)
    papered(canvas, rng, floor)
    left = rng.below(2) == 0
    wx, span = w * (0.1 if left else 0.58), w * rng.uniform(0.24, 0.32)
    view_window(canvas, rng, air, (wx, h * 0.12, wx + span, h * rng.uniform(0.44, 0.5)))
    px = w * (0.62 if left else 0.1)
    for i in range(rng.integer(1, 2)):
        picture(
            canvas, rng, air, (px + i * w * 0.19, h * 0.14, px + w * (0.14 + 0.19 * i), h * rng.uniform(0.26, 0.38))
        )
    clock(canvas, rng, w * 0.5 + (w * 0.02 if left else -w * 0.02), h * rng.uniform(0.1, 0.2), h * 0.055)
    rug(canvas, rng, w * rng.uniform(0.4, 0.6), h * 0.9, w * 0.36)
    lamp(canvas, rng, w * (0.93 if left else 0.07), floor + h * 0.05, h * rng.uniform(0.46, 0.56))
    sofa(canvas, rng, w * rng.uniform(0.4, 0.6), floor + h * 0.09, w * rng.uniform(0.4, 0.52))
    house_plant(canvas, rng, w * (0.08 if left else 0.92), floor + h * 0.12, h * rng.uniform(0.28, 0.4))
    side_table(canvas, rng, w * rng.uniform(0.25, 0.75), h * 0.97, h * 0.2)
    if rng.below(2):
        cat(canvas, rng, w * rng.uniform(0.15, 0.85), h * 0.94, h * 0.1)
    return rng.choice(_LAMPLIGHT)


def study(canvas: Canvas, rng: Rng) -> Tint:
    """A study: a book shelf, a window, a clock and a desk with a lamp; a person or a plant."""
    w, h, air = canvas.width, canvas.height, _outdoor_air(rng)
    floor = h * rng.uniform(0.76, 0.82)
    papered(canvas, rng, floor)
    left = rng.below(2) == 0
    split = w * rng.uniform(0.52, 0.62)
    shelf = (w * 0.03, h * 0.08, split - w * 0.03, floor) if left else (w - split + w * 0.03, h * 0.08, w * 0.97, floor)
    book_shelf(canvas, rng, shelf, rng.integer(4, 6))
    room_left = split if left else 0.0
    room = w - split
    view_window(canvas, rng, air, (room_left + room * 0.26, h * 0.14, room_left + room * 0.74, h * 0.42))
    clock(canvas, rng, room_left + room * 0.88, h * 0.1, h * 0.04)
    desk(canvas, rng, room_left + room * rng.uniform(0.4, 0.6), h * 0.95, room * 0.84, h * 0.3)
    if rng.below(3):
        person(
            canvas,
            draw_look(rng)._replace(bag=False),
            (w * (0.36 if left else 0.64), h * 0.97),
            h * rng.uniform(0.6, 0.68),
            rng.integer(-1, 1),
        )
    else:
        house_plant(canvas, rng, w * (0.3 if left else 0.7), h * 0.97, h * rng.uniform(0.34, 0.5))
    return rng.choice(_LAMPLIGHT)


def kitchen(canvas: Canvas, rng: Rng) -> Tint:
    """A kitchen: tiles, cupboards, pots on a stove and food on the counter; often a cook."""
    w, h, air = canvas.width, canvas.height, _outdoor_air(rng)
    counter, floor = h * rng.uniform(0.56, 0.62), h * 0.9
    tiles(canvas, rng, counter)
    planks(canvas, rng, (0, floor, w, h), rng.choice(WOODS), 3)
    tone = jitter(rng, rng.choice(((214, 206, 190), (120, 146, 140), (150, 106, 72), (90, 110, 140))), 14)
    wx = w * rng.uniform(0.34, 0.44)
    view_window(canvas, rng, air, (wx, h * 0.13, wx + w * 0.22, counter - h * 0.12))
    for x0, x1 in ((0.0, wx - w * 0.1), (wx + w * 0.32, float(w))):
        cupboards(canvas, rng, (x0, h * 0.04, x1, h * 0.3), tone, max(1, round((x1 - x0) / (w * 0.16))))
        hooks(canvas, rng, x0, x1, h * 0.33, h * 0.1)
    canvas.rect(0, counter, w, counter + h * 0.035, (92, 86, 84))
    canvas.rect(0, counter, w, counter + h * 0.008, (170, 164, 158))
    cupboards(canvas, rng, (0, counter + h * 0.035, w, floor), tone, rng.integer(4, 6))
    stove(canvas, rng, w * rng.uniform(0.08, 0.2), counter, h * 0.12)
    bowl(canvas, rng, w * rng.uniform(0.48, 0.56), counter + 2, h * 0.2)
    vase(canvas, rng, w * rng.uniform(0.68, 0.74), counter + 2, h * 0.22, flowers=True)
    book_pile(canvas, rng, w * rng.uniform(0.86, 0.92), counter + 2, h * 0.16)
    if rng.below(3):
        person(
            canvas,
            draw_look(rng)._replace(bag=False),
            (w * rng.uniform(0.25, 0.8), h * 0.97),
            h * rng.uniform(0.66, 0.74),
            rng.integer(-1, 1),
        )
    return rng.choice(_LAMPLIGHT)


def still_life(canvas: Canvas, rng: Rng) -> Tint:
    """A still life: flowers, fruit, a candle and books on a cloth in front of a wall."""
    w, h, air = canvas.width, canvas.height, _outdoor_air(rng)
    edge = h * rng.uniform(0.58, 0.66)
    tone = jitter(rng, rng.choice(PAPERS), 20)
    if rng.below(2):
        bricks(canvas, rng, (0, 0, w, edge), shade(tone, 0.7), h / 26)
    else:
        canvas.paint(rng, [(0, 0), (w, 0), (w, edge), (0, edge)], shade(tone, 0.4), shade(tone, 0.9), (w / 4, h / 4), 6)
    picture(canvas, rng, air, (w * rng.uniform(0.04, 0.1), h * 0.08, w * rng.uniform(0.24, 0.3), h * 0.34))
    clock(canvas, rng, w * rng.uniform(0.78, 0.9), h * rng.uniform(0.14, 0.22), h * rng.uniform(0.07, 0.1))
    planks(canvas, rng, (0, edge, w, h), rng.choice(WOODS), 5)
    table_cloth(canvas, rng, edge + h * 0.1)
    vase(canvas, rng, w * rng.uniform(0.4, 0.58), edge + h * 0.13, h * rng.uniform(0.54, 0.64), flowers=True)
    book_pile(canvas, rng, w * rng.uniform(0.14, 0.22), edge + h * 0.14, w * rng.uniform(0.22, 0.28))
    candle(canvas, rng, w * rng.uniform(0.66, 0.72), edge + h * 0.12, h * rng.uniform(0.2, 0.3))
    bowl(canvas, rng, w * rng.uniform(0.78, 0.86), edge + h * 0.22, h * rng.uniform(0.24, 0.3))
    for i in range(rng.integer(3, 6)):
        fruit(
            canvas,
            rng,
            w * (0.12 + 0.15 * i + rng.uniform(-0.04, 0.04)),
            h * rng.uniform(0.88, 0.97),
            h * rng.uniform(0.035, 0.06),
        )
    return rng.choice(_LAMPLIGHT)
