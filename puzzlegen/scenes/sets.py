"""Backdrops for clips: places with an unmistakable up, with room in the middle for what happens."""

from __future__ import annotations

from puzzlegen.rng import Rng
from puzzlegen.scenes.air import HOURS, SEASONS, Air, draw_air
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.furniture import book_shelf, clock, house_plant, lamp, picture, planks, view_window
from puzzlegen.scenes.houses import house
from puzzlegen.scenes.interior import papered
from puzzlegen.scenes.land import grass, hills
from puzzlegen.scenes.noise import Colour
from puzzlegen.scenes.sky import sky
from puzzlegen.scenes.street import fence, sign_post
from puzzlegen.scenes.trees import bush, tree


def garden(canvas: Canvas, rng: Rng, horizon: float, air: Air | None = None) -> Air:
    """Draw a lawn in front of houses, trees and hills; return the time and season used."""
    air = air or draw_air(rng, night=False, winter=False)
    w, h = canvas.width, canvas.height
    sky(canvas, rng, air, horizon)
    hills(canvas, rng, air, horizon, h * rng.uniform(0.14, 0.22))
    grass(canvas, rng, air, horizon, 500)
    for y in sorted(rng.uniform(0.02, 0.14) for _ in range(rng.integer(4, 6))):
        foot, x = horizon + (h - horizon) * y, rng.uniform(0.02, 0.9) * w
        if rng.below(2):
            house(canvas, rng, air, x, foot, h * rng.uniform(0.2, 0.26), 1)
        else:
            tree(canvas, rng, air, x, foot, h * rng.uniform(0.26, 0.38))
    fence(canvas, rng, -5, w * rng.uniform(0.3, 1.1), horizon + (h - horizon) * 0.24, h * 0.08)
    sign_post(canvas, rng, air, w * rng.uniform(0.1, 0.9), horizon + (h - horizon) * 0.34, h * 0.24)
    bush(canvas, rng, air, w * rng.uniform(0, 1), h * 1.02, h * 0.16)
    return air


def room(canvas: Canvas, rng: Rng, floor: float) -> Air:
    """Draw a papered room with a window on one side and books or pictures on the other."""
    w, h, left = canvas.width, canvas.height, rng.below(2) == 0
    air = Air(rng.choice(HOURS[:5]), rng.choice(SEASONS), 0.3)
    papered(canvas, rng, floor)
    wx = w * (0.12 if left else 0.64)
    view_window(canvas, rng, air, (wx, h * 0.12, wx + w * 0.24, min(floor * 0.78, h * 0.46)))
    far = w * (0.62 if left else 0.06)
    if rng.below(2):
        book_shelf(canvas, rng, (far, h * 0.1, far + w * 0.32, floor * 0.72), 2)
    else:
        picture(canvas, rng, air, (far, h * 0.1, far + w * 0.14, h * 0.3))
        picture(canvas, rng, air, (far + w * 0.18, h * 0.14, far + w * 0.32, h * 0.36))
    return air


def floor_room(canvas: Canvas, rng: Rng, floor: float) -> Air:
    """Draw a room with a lamp and a plant on its floor."""
    air, w, h = room(canvas, rng, floor), canvas.width, canvas.height
    lamp(canvas, rng, w * 0.05, floor + h * 0.03, h * 0.5)
    house_plant(canvas, rng, w * 0.94, floor + h * 0.04, h * 0.32)
    return air


def table_room(canvas: Canvas, rng: Rng, edge: float, wood: Colour) -> Air:
    """Draw a room seen over a table top that begins at height ``edge``."""
    air, w, h = room(canvas, rng, edge - canvas.height * 0.06), canvas.width, canvas.height
    clock(canvas, rng, w * 0.5, h * 0.1, h * 0.06)
    planks(canvas, rng, (0, edge, w, h), wood, 4)
    canvas.rect(0, edge - 2, w, edge + 1, (30, 20, 16, 150))
    return air
