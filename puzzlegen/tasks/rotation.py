"""Turn a picture and ask by how much.

The picture is cropped to a square, so its shape reveals nothing, and 0 degrees is processed like every other angle.
Right angles move whole pixels. With a finer ``step_deg`` every turn is off by a small random angle, so that all angles
are resampled alike, and only the square that lies inside the picture at every angle is shown.

Pictures that look the same after a turn are rejected, and so are pictures in which nothing shows which side is up, as
far as this can be measured. Whether the camera was held level is not known, so use finer steps with ``reference``,
which shows the upright picture beside the turned one; then no "up" is needed either.

ViSS-R1, SSL4RL (with reference) and SSL-R1 all have this task. Angles are counter-clockwise, as in the first two.
"""

from __future__ import annotations

from typing import ClassVar, Final, Literal

from PIL import Image
from pydantic import Field

from puzzlegen import answers
from puzzlegen.media.geometry import inner, tilt_margin, tilted, turn_margin, turned
from puzzlegen.media.image import encode_image, thumbnail
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.places import clarity_of
from puzzlegen.media.upright import SIDE, least_margin
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_RIGHT_ANGLE_DEG: Final = 90
_MAX_OFFSET_DEG: Final = 1.5
_OPTIONS: Final = 4


class Rotation(Task):
    """By how many degrees was the picture turned?"""

    accepts: ClassVar = "image"
    ability: ClassVar = "orientation"
    spoils: ClassVar = "directions"
    version: ClassVar = 6

    step_deg: Literal[90, 60, 45, 30, 15] = Field(90, description="the angles are multiples of it")
    reference: bool = Field(default=False, description="show the upright picture first")
    form: Literal["choice", "number"] = Field("choice", description="answer by option letter or by the angle itself")

    @property
    def media_count(self) -> int:
        """The turned picture, and with ``reference`` the upright one."""
        return 2 if self.reference else 1

    @property
    def difficulty(self) -> float:
        """Grows with the number of angles, from 0.3 for right angles to 0.8; 0.2 less with ``reference``."""
        return round(0.3 + 0.5 * (360 / self.step_deg - 4) / 20 - 0.2 * self.reference, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Crop the picture to a square and turn it."""
        picture = item.picture()
        box = item.square_box(picture.size, rng)
        if self.reference:
            square = picture.pixels().crop(box)
            margin = self._turn_margin(square)
        else:
            small = picture.miniature(SIDE, box)
            margin = least_margin(self._turn_margin(small), item, small, lambda: clarity_of(item))
            square = picture.pixels().crop(box)
        angles = range(0, 360, self.step_deg)
        k = rng.balanced("answer", len(angles))
        question, answer = self._ask(angles, k, rng)
        turns = [(square, angles[k])]
        if self.reference:
            turns = [(square, 0), (inner(square, rng), angles[k])]
        media = tuple(encode_image(self._turn(part, angle, rng)) for part, angle in turns)
        return Puzzle(question, media, answer, self.difficulty, margin)

    def _turn_margin(self, square: Image.Image) -> float:
        margin = turn_margin(thumbnail(square, 16))
        if self.step_deg != _RIGHT_ANGLE_DEG:
            margin = min(margin, tilt_margin(thumbnail(square, 32), self.step_deg))
        return margin

    def _turn(self, square: Image.Image, angle: int, rng: Rng) -> Image.Image:
        if self.step_deg == _RIGHT_ANGLE_DEG:
            return turned(square, angle // _RIGHT_ANGLE_DEG)
        return tilted(square, angle + rng.uniform(-_MAX_OFFSET_DEG, _MAX_OFFSET_DEG))

    def _ask(self, angles: range, k: int, rng: Rng) -> tuple[str, Answer]:
        text = self._question(angles)
        if self.form == "number":
            return text, answers.degrees(angles, k)
        if len(angles) == _OPTIONS:
            return answers.angle(rng, text, "choice", angles, k)
        others = rng.sample([angle for angle in angles if angle != angles[k]], _OPTIONS - 1)
        return answers.angle(rng, text, "choice", [angles[k], *others], 0)

    def _question(self, angles: range) -> str:
        start = (
            "Original: <image>\nRotated: <image>\nThe second picture shows most of the first one,"
            if self.reference
            else "<image>\nThis picture was"
        )
        choices = f"{', '.join(map(str, angles[:-1]))} or {angles[-1]} degrees"
        tolerance_note = "" if self.step_deg == _RIGHT_ANGLE_DEG else " (give or take two degrees)"
        return (
            f"{start} rotated counter-clockwise by {choices}{tolerance_note}, where 0 means that it was not rotated. "
            "By how many degrees was it rotated?"
        )
