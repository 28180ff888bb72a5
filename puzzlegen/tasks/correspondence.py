"""Show two views of a picture, mark a place in the first, and ask where it is in the second (SSL-R1).

The views are turned and bent squares that overlap. Both show all of the lettered places, and any of these may be the
one asked about, so the second view is the same for every answer. For each lettered place, the places of the second view
are ranked by distance from that place's coordinates in the first view. The place itself ranks first for one of them,
second for another, and so on, so copying coordinates earns chance. Places are corners and spots. If the surroundings of
two places look alike, other places are drawn, and finally the item is rejected. The paper does not say how its views
and places are made: our design, same task family.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Literal, NamedTuple

from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.media.image import encode_image, tone
from puzzlegen.media.landmarks import Surroundings, landmarks
from puzzlegen.media.marks import lettered_rings, ring
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.warp import Point, Warp, draw_corners, warp_onto, warped
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_VIEW_SIDE: Final = 0.75
_REACH_RANGE: Final = (0.32, 0.4)
_BORDER: Final = 0.08
_PATCH_SIDE: Final = 0.16
_LANDMARK_GAP: Final = 0.04
_TONE_CHANGE: Final = 0.15
_WARP_TRIES: Final = 12
_PLACE_TRIES: Final = 40
_COORDINATES: Final = 1000
# Set by eye on 114 photos: at 20 a careful person can still distinguish all places; bricks, wood and moss lie below.
_LEAST_DISTANCE: Final = 20.0


class _Place(NamedTuple):
    """The position of one place, in pixels of the picture, of the first view and of the second view."""

    source: tuple[int, int]
    first: Point
    second: Point


class Correspondence(Task):
    """Where is the marked place in the other view?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "correspondence"
    version: ClassVar = 4

    form: Literal["choice", "point"] = Field("choice", description="answer by letter of a place or by coordinates")
    options: int = Field(4, ge=2, le=5, description="number of lettered points")
    turn_deg: float = Field(45.0, ge=0, le=90, description="maximum rotation of each view, either way")
    bend: float = Field(
        0.15, ge=0, le=0.3, description="maximum shift of a view's corner, as a fraction of half its side"
    )
    spacing: float = Field(
        0.14, ge=0.14, le=0.3, description="minimum distance between points, as a fraction of the view's side"
    )
    radius: int = Field(50, ge=10, le=150, description="tolerance of coordinates, in thousandths of the side")

    @property
    def media_count(self) -> int:
        """Two views."""
        return 2

    @property
    def difficulty(self) -> float:
        """0.3 by letter, 0.5 by coordinates; turning adds up to 0.3, bending up to 0.1."""
        base = 0.3 if self.form == "choice" else 0.5
        return round(base + 0.3 * self.turn_deg / 90 + 0.1 * self.bend / 0.3, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find two views and places that both show, then draw the place to ask about."""
        picture = item.image()
        side = round(_VIEW_SIDE * min(picture.size))
        warps, places, margin = self._draw_views(picture, rng, side)
        first, second = (tone(warped(picture, warp, side), rng, _TONE_CHANGE) for warp in warps)
        k, answer = answers.pick(rng, self.options)
        ring(first, places[k].first)
        if self.form == "choice":
            lettered_rings(second, [place.second for place in places])
        else:
            x, y = (round(value / side * _COORDINATES) for value in places[k].second)
            answer = answers.point((x, y), self.radius)
        return Puzzle(self._question(), (encode_image(first), encode_image(second)), answer, self.difficulty, margin)

    def _draw_views(self, picture: Image.Image, rng: Rng, side: int) -> tuple[list[Warp], list[_Place], float]:
        """Draw the two views and the lettered places.

        Returns:
            The maps from each view into the picture, the places, which both views show, and how clearly the places
            differ.

        Raises:
            Unusable: ``flat``, too few places are found, or ``repeated``, their surroundings look alike.
        """
        marks = landmarks(picture, round(_LANDMARK_GAP * side))
        surroundings = Surroundings(picture, round(_PATCH_SIDE * side))
        reason = "flat"
        for _ in range(_WARP_TRIES):
            warps = [self._draw_warp(picture.size, rng, side) for _ in range(2)]
            shared = _find_shared_places(marks, warps, side)
            for _ in range(_PLACE_TRIES):
                if not (places := self._draw_places(shared, rng, side)):
                    continue
                reason = "repeated"
                if (margin := distinct(surroundings, [place.source for place in places])) >= 0:
                    return warps, places, margin
        raise Unusable(reason, f"no {self.options} places to tell apart in {_WARP_TRIES} drawn pairs of views")

    def _draw_warp(self, size: tuple[int, int], rng: Rng, side: int) -> Warp:
        reach = min(size) * rng.uniform(*_REACH_RANGE)
        return warp_onto(draw_corners(size, rng, reach, self.turn_deg, self.bend), side)

    def _draw_places(self, shared: list[_Place], rng: Rng, side: int) -> list[_Place]:
        """Draw places far enough apart whose coordinates do not reveal them; empty if this draw gives none."""
        chosen: list[_Place] = []
        gap = self.spacing * side
        for place in rng.drawn(shared):
            if all(math.dist(place.second, other.second) >= gap for other in chosen):
                chosen.append(place)
            if len(chosen) == self.options:
                return chosen if _has_distinct_ranks(chosen) else []
        return []

    def _question(self) -> str:
        start = (
            "First view: <image>\nSecond view: <image>\nBoth are views of one picture, shifted, rotated and distorted. "
            "A ring in the first view marks the place at its centre. "
        )
        if self.form == "choice":
            return start + "Which of the lettered rings in the second view is centred on the same place?"
        return start + (
            "Where is that place in the second view? Measure x from its left edge and y from its top edge, on a scale "
            f"from 0 to {_COORDINATES}, where {_COORDINATES} is the opposite edge."
        )


def distinct(around: Surroundings, places: list[tuple[int, int]]) -> float:
    """Return how clearly the surroundings of any two places differ, in grey levels; below 0 two look alike."""
    least = math.inf
    for a, b in ((a, b) for i, a in enumerate(places) for b in places[:i]):
        least = min(least, around.apart(a, b))
        if least < _LEAST_DISTANCE:
            break
    return least - _LEAST_DISTANCE


def _find_shared_places(marks: list[tuple[int, int]], warps: list[Warp], side: int) -> list[_Place]:
    """Return the landmarks that lie well inside both views."""
    low, high = _BORDER * side, (1 - _BORDER) * side
    to_first, to_second = (warp.inverse() for warp in warps)
    places = []
    for mark in marks:
        x, y = first = to_first(mark)
        if low < x < high and low < y < high:
            u, v = second = to_second(mark)
            if low < u < high and low < v < high:
                places.append(_Place(mark, first, second))
    return places


def _has_distinct_ranks(places: list[_Place]) -> bool:
    """Whether no rule that compares coordinates finds more than one of the places.

    A place's rank is how many places of the second view are closer than the place itself to its coordinates in the
    first view. All ranks must differ.
    """
    ranks = set()
    for place in places:
        own_distance = math.dist(place.first, place.second)
        rank = sum(math.dist(place.first, other.second) < own_distance for other in places)
        if rank in ranks:
            return False
        ranks.add(rank)
    return True
