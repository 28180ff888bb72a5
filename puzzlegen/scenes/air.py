"""Time of day and season: the colours that a whole outdoor scene shares."""

from __future__ import annotations

from typing import Final, NamedTuple

from puzzlegen.rng import Rng
from puzzlegen.scenes.noise import Colour

Tint = tuple[float, float, float]


class Hour(NamedTuple):
    """A time of day: colours of the sky (``low`` at the horizon) and of clouds, and the tint of the light."""

    name: str
    top: Colour
    low: Colour
    cloud: Colour
    cloud_base: Colour
    tint: Tint


class Season(NamedTuple):
    """A season: dark and light colours of grass, colours of tree crowns (none: bare branches) and of flowers."""

    name: str
    grass: tuple[Colour, Colour]
    leaves: tuple[Colour, ...]
    flowers: tuple[Colour, ...]


class Air(NamedTuple):
    """Time of day, season and sun position, shared by all parts of an outdoor scene.

    Attributes:
        hour: colours of the sky and of the light.
        season: colours of the plants.
        sun: horizontal position of the sun as a fraction of the width; shadows fall away from it.
    """

    hour: Hour
    season: Season
    sun: float

    @property
    def dark(self) -> bool:
        """Whether it is dusk or night, so that lamps and windows are lit."""
        return self.hour.name in ("night", "dusk")

    @property
    def snowy(self) -> bool:
        """Whether snow lies on the ground and on roofs."""
        return self.season.name == "winter"


DAY: Final = Hour("day", (62, 124, 204), (196, 224, 242), (255, 255, 255), (172, 186, 206), (1.0, 1.0, 0.98))
HOURS: Final = (
    DAY,
    DAY._replace(top=(84, 150, 220), low=(226, 234, 230), tint=(1.03, 1.0, 0.93)),
    Hour("dawn", (104, 138, 196), (252, 206, 172), (255, 226, 210), (186, 150, 170), (1.05, 0.97, 0.92)),
    Hour("overcast", (120, 136, 154), (212, 216, 216), (236, 239, 242), (118, 128, 142), (0.92, 0.95, 0.98)),
    Hour("dusk", (58, 60, 124), (250, 158, 92), (250, 176, 140), (116, 84, 126), (0.93, 0.8, 0.82)),
    Hour("night", (12, 16, 46), (52, 62, 110), (74, 82, 122), (32, 38, 72), (0.62, 0.67, 0.88)),
)
SUMMER: Final = Season(
    "summer",
    ((62, 104, 40), (134, 170, 74)),
    ((70, 124, 50), (52, 104, 54), (96, 138, 54)),
    ((236, 84, 70), (250, 214, 66), (240, 240, 240), (150, 90, 190), (88, 120, 220)),
)
SEASONS: Final = (
    SUMMER,
    SUMMER._replace(name="spring", grass=((78, 132, 52), (158, 198, 88)), leaves=((126, 172, 72), (232, 176, 196))),
    Season(
        "autumn",
        ((104, 104, 46), (178, 160, 82)),
        ((204, 118, 42), (176, 70, 42), (216, 168, 58), (128, 128, 54)),
        ((206, 110, 46), (190, 150, 60), (150, 60, 50)),
    ),
    Season("winter", ((196, 206, 220), (246, 249, 252)), (), ()),
)


def draw_air(rng: Rng, *, night: bool = True, winter: bool = True) -> Air:
    """Pick a random time of day, season and sun position; ``night=False`` rules out dusk as well as night."""
    hour = rng.choice(HOURS if night else HOURS[:4])
    season = rng.choice(SEASONS if winter else SEASONS[:3])
    return Air(hour, season, rng.uniform(0.1, 0.35) if rng.below(2) else rng.uniform(0.65, 0.9))
