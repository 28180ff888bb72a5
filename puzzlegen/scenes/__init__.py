"""Synthetic pictures and clips, drawn from random numbers alone: upright, textured, never the same twice.

They stand in for a user's own media in examples, tests and first builds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.rng import Rng
from puzzlegen.scenes import clips_change, clips_fire, clips_impact, clips_motion, country, indoor, town
from puzzlegen.scenes.air import Air, Tint
from puzzlegen.scenes.canvas import Canvas
from puzzlegen.scenes.film import Shot, Size, shoot

IMAGE_KINDS: Final[tuple[Callable[[Canvas, Rng], Air | Tint], ...]] = (
    country.countryside,
    town.street,
    country.harbour,
    country.beach,
    country.mountain_lake,
    town.railway,
    town.city_park,
    town.market,
    indoor.living_room,
    indoor.study,
    indoor.kitchen,
    indoor.still_life,
)
CLIP_KINDS: Final[tuple[Callable[[Rng, Size], Shot], ...]] = (
    clips_motion.bouncing_balls,
    clips_motion.walker,
    clips_motion.driving_car,
    clips_fire.rocket,
    clips_change.growing_plant,
    clips_change.burning_candle,
    clips_change.spreading_ink,
    clips_change.settling_snow,
    clips_impact.stones_in_pond,
    clips_impact.falling_tower,
    clips_fire.fireworks,
    clips_impact.melting_sandcastle,
)
_ASPECTS: Final = ((4, 3), (3, 2), (1, 1), (3, 4), (16, 10), (5, 4), (4, 5))
_CLIP_SIZES: Final = ((384, 288), (400, 300), (432, 288), (432, 324), (480, 360), (480, 320))


def image_kind(rng: Rng) -> str:
    """Name the kind of picture that :func:`render_image` draws from the same stream, such as ``city park``."""
    return _display_name(rng.choice(IMAGE_KINDS))


def clip_kind(rng: Rng) -> str:
    """Name the kind of clip that :func:`render_clip` draws from the same stream, such as ``bouncing balls``."""
    return _display_name(rng.choice(CLIP_KINDS))


def _display_name(kind: Callable[..., object]) -> str:
    return kind.__name__.replace("_", " ")


def render_image(rng: Rng) -> Image.Image:
    """Draw a random picture of one of ``IMAGE_KINDS``: RGB, sides of 480 to 1024 pixels."""
    kind, (across, down) = rng.choice(IMAGE_KINDS), rng.choice(_ASPECTS)
    long_side = rng.integer(max(640, 480 * max(across, down) // min(across, down)), 1024)
    canvas = Canvas.blank(long_side * across // max(across, down), long_side * down // max(across, down))
    air = kind(canvas, rng)
    return canvas.reduced().light(rng, air.hour.tint if isinstance(air, Air) else air).image


def render_clip(rng: Rng) -> tuple[NDArray[np.uint8], int]:
    """Draw a random clip of one of ``CLIP_KINDS``, 4 to 8 seconds long.

    Returns:
        Frames of shape (T, H, W, 3), and frames per second.
    """
    kind, (width, height) = rng.choice(CLIP_KINDS), rng.choice(_CLIP_SIZES)
    fps, seconds = rng.choice((12, 15)), rng.uniform(4.0, 8.0)
    return shoot(kind(rng, Size(width, height, seconds)), seconds, fps), fps
