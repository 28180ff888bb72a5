"""People, standing or walking upright, in clothes of many colours."""

from __future__ import annotations

from typing import Final, NamedTuple

from puzzlegen.rng import Rng
from puzzlegen.scenes.canvas import Canvas, Point
from puzzlegen.scenes.noise import Colour, cosine, jitter, shade, sine

SKINS: Final[tuple[Colour, ...]] = ((240, 204, 172), (214, 166, 128), (160, 112, 80), (104, 72, 54))
HAIRS: Final[tuple[Colour, ...]] = ((40, 30, 26), (96, 62, 38), (186, 146, 84), (150, 150, 150), (128, 56, 34))
CLOTHES: Final[tuple[Colour, ...]] = (
    (196, 54, 54),
    (48, 96, 168),
    (240, 196, 70),
    (70, 136, 90),
    (232, 232, 226),
    (120, 70, 140),
    (224, 126, 60),
    (60, 64, 78),
)
TROUSERS: Final[tuple[Colour, ...]] = ((44, 54, 84), (70, 62, 56), (110, 104, 96), (36, 38, 44), (140, 112, 76))


class Look(NamedTuple):
    """What a person looks like; chosen once, so that the person stays the same through a clip."""

    skin: Colour
    hair: Colour
    top: Colour
    legs: Colour
    hat: Colour | None
    skirt: bool
    bag: bool


def draw_look(rng: Rng) -> Look:
    """Choose the look of a random person."""
    return Look(
        rng.choice(SKINS),
        rng.choice(HAIRS),
        jitter(rng, rng.choice(CLOTHES), 16),
        rng.choice(TROUSERS),
        jitter(rng, rng.choice(CLOTHES), 20) if rng.below(3) == 0 else None,
        rng.below(4) == 0,
        rng.below(3) == 0,
    )


def person(canvas: Canvas, look: Look, at: Point, height: float, facing: int = 0, phase: float | None = None) -> None:
    """Draw a person.

    Args:
        canvas: the picture to draw on.
        look: what the person looks like.
        at: the point on which the feet stand.
        height: from feet to top of head, in pixels.
        facing: -1 left, 1 right, 0 towards the viewer.
        phase: position in the stride, in turns; None for a standing person.
    """
    x, y = at
    swing = 0.0 if phase is None else sine(phase)
    bob = 0.0 if phase is None else height * 0.012 * cosine(phase * 2)
    hip, neck = (x, y - height * 0.47 + bob), (x + facing * height * 0.02, y - height * 0.81 + bob)
    far, near = (swing, -swing) if phase is not None else (0.25, -0.25)
    _arm(canvas, look, neck, height, facing, near, 0.8)
    _leg(canvas, look, hip, height, facing, far, 0.78, phase)
    _leg(canvas, look, hip, height, facing, near, 1.0, None if phase is None else phase + 0.5)
    _torso(canvas, look, hip, neck, height)
    if look.bag and facing:
        canvas.ellipse(
            x - facing * height * 0.1, y - height * 0.66 + bob, height * 0.055, height * 0.11, shade(look.top, 0.5)
        )
    _arm(canvas, look, neck, height, facing, far, 1.0)
    _head(canvas, look, (neck[0] + facing * height * 0.012, neck[1] - height * 0.095), height, facing)


def _leg(
    canvas: Canvas, look: Look, hip: Point, height: float, facing: int, swing: float, tone: float, phase: float | None
) -> None:
    side = facing or 1
    thigh = swing * (0.075 if facing else 0.03)
    bend = 0.0 if phase is None else 0.05 + 0.07 * max(0.0, cosine(phase))
    knee = (hip[0] + side * sine(thigh) * height * 0.24, hip[1] + cosine(thigh) * height * 0.235)
    shin = thigh - bend
    foot = (knee[0] + side * sine(shin) * height * 0.22, knee[1] + cosine(shin) * height * 0.215)
    canvas.limb([hip, knee], shade(look.legs, tone), height * 0.085)
    canvas.limb([knee, foot], shade(look.legs, tone), height * 0.065)
    toe = (foot[0] + (facing * 0.055 or swing * 0.06) * height, foot[1] + height * 0.012)
    canvas.limb([foot, toe], shade((58, 44, 38), tone), height * 0.042)


def _arm(canvas: Canvas, look: Look, neck: Point, height: float, facing: int, swing: float, tone: float) -> None:
    side = facing or 1
    angle = swing * (0.09 if facing else 0.12)
    shoulder = (neck[0] + (0 if facing else (0.09 if swing > 0 else -0.09) * height), neck[1] + height * 0.045)
    elbow = (shoulder[0] + side * sine(angle) * height * 0.17, shoulder[1] + cosine(angle) * height * 0.16)
    lower = angle + (0.05 if facing else -swing * 0.2)
    hand = (elbow[0] + side * sine(lower) * height * 0.15, elbow[1] + cosine(lower) * height * 0.15)
    canvas.limb([shoulder, elbow, hand], shade(look.top, tone * 0.86), height * 0.055)
    canvas.ellipse(*hand, height * 0.03, height * 0.03, shade(look.skin, tone))


def _torso(canvas: Canvas, look: Look, hip: Point, neck: Point, height: float) -> None:
    (hx, hy), (nx, ny) = hip, neck
    w = height * 0.1
    body = [(nx - w * 0.4, ny), (nx + w * 0.4, ny), (nx + w * 1.05, ny + w * 0.45)]
    body += [(hx + w * 0.85, hy + w * 0.2), (hx - w * 0.85, hy + w * 0.2), (nx - w * 1.05, ny + w * 0.45)]
    canvas.polygon(body, look.top)
    canvas.polygon([(nx + w * 0.2, ny), body[2], body[3], (hx + w * 0.3, hy + w * 0.2)], shade(look.top, 0.82))
    if look.skirt:
        low = hy + height * 0.2
        canvas.polygon(
            [(hx - w * 0.8, hy - w * 0.4), (hx + w * 0.8, hy - w * 0.4), (hx + w * 1.5, low), (hx - w * 1.5, low)],
            shade(look.top, 0.9),
        )
    else:
        canvas.rect(hx - w * 0.85, hy - w * 0.1, hx + w * 0.85, hy + w * 0.25, shade(look.legs, 0.8))


def _head(canvas: Canvas, look: Look, at: Point, height: float, facing: int) -> None:
    x, y = at
    r = height * 0.068
    canvas.rect(x - r * 0.4, y + r * 0.6, x + r * 0.4, y + r * 1.5, shade(look.skin, 0.84))
    canvas.ellipse(x - facing * r * 0.25, y - r * 0.2, r * 1.06, r * 1.2, look.hair)
    canvas.ellipse(x + facing * r * 0.22, y + r * 0.12, r * 0.84, r * 1.02, look.skin)
    canvas.ellipse(x - facing * r * 0.2, y - r * 0.85, r * 0.9, r * 0.5, look.hair)
    for side in (-0.34, 0.34) if facing == 0 else (0.5,):
        canvas.ellipse(
            x + (side * r if facing == 0 else facing * r * 0.55), y + r * 0.02, r * 0.11, r * 0.13, (36, 30, 30)
        )
    mouth = x + facing * r * 0.55
    canvas.line(
        [(mouth - r * 0.25, y + r * 0.58), (mouth + r * 0.25, y + r * 0.58)], shade(look.skin, 0.6), max(0.5, r * 0.12)
    )
    if look.hat is not None:
        canvas.rect(x - r * 0.95, y - r * 1.35, x + r * 0.95, y - r * 0.6, look.hat)
        canvas.rect(
            x - r * (1.3 if facing <= 0 else 0.95),
            y - r * 0.72,
            x + r * (1.3 if facing >= 0 else 0.95),
            y - r * 0.5,
            shade(look.hat, 0.7),
        )


def crowd(canvas: Canvas, rng: Rng, count: int, top: float, bottom: float, scale: float) -> None:
    """Draw people between two heights, larger towards the viewer: about ``scale`` times the y of their feet."""
    for y in sorted(rng.uniform(top, bottom) for _ in range(count)):
        x, tall = rng.uniform(0.05, 0.95) * canvas.width, scale * y * rng.uniform(0.9, 1.1)
        walking = rng.below(2)
        canvas.soft(x, y, tall * 0.22, tall * 0.045, (10, 14, 24), 0.7)
        phase = rng.uniform() if walking else None
        person(canvas, draw_look(rng), (x, y), tall, rng.choice((-1, 1)) if walking else rng.integer(-1, 1), phase)
