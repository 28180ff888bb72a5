"""Draw all media of a puzzle on one picture, for galleries and dataset cards; a clip becomes a strip of its frames."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from puzzlegen.media.shown import timed_frames
from puzzlegen.records import Medium

_WIDTH, _ROW_HEIGHT, _GAP = 960, 132, 6
_STRIP_FRAMES: Final = 6
_QUALITY: Final = 72
_NAMED_PLACEHOLDER: Final = re.compile(r"(?:([^\n:<>]+): )?<(?:image|video)>")


def sheet(media: Sequence[Medium], question: str) -> bytes:
    """Return a JPEG of all media in rows, each clip in its own row; several media are labelled as in the question.

    Args:
        media: one or more, encoded.
        question: with a placeholder for each medium.
    """
    font = ImageFont.load_default(size=14)
    row_height = _ROW_HEIGHT * 2 if len(media) == 1 and media[0].ext != "mp4" else _ROW_HEIGHT
    rows: list[list[Image.Image]] = [[]]
    for medium, name in zip(media, names(question), strict=True):
        strip = [
            p.resize((round(p.width * row_height / p.height), row_height), Image.Resampling.LANCZOS)
            for p in _frames(medium)
        ]
        if len(media) > 1 and name:
            draw = ImageDraw.Draw(strip[0])
            draw.rectangle((0, 0, 12 + round(font.getlength(name)), 20), fill="white")
            draw.text((6, 1), name, fill="black", font=font)
        row_width = sum(p.width + _GAP for p in rows[-1] + strip)
        if rows[-1] and (row_width > _WIDTH or medium.ext == "mp4"):
            rows.append([])
        rows[-1] += strip
    buffer = io.BytesIO()
    _lay_out(rows, row_height).save(buffer, "JPEG", quality=_QUALITY)
    return buffer.getvalue()


def names(question: str) -> list[str]:
    """Return what a question calls each of its media ("3" for "Tile 3"), empty for a medium without its own name.

    Where several media follow one name, only the first gets it.
    """
    labels = (placeholder[1] or "" for placeholder in _NAMED_PLACEHOLDER.finditer(question))
    return [name.split()[-1] if name[-1:].isdigit() else name for name in labels]


def _lay_out(rows: list[list[Image.Image]], row_height: int) -> Image.Image:
    sheet_width = max(sum(p.width + _GAP for p in row) for row in rows) - _GAP
    canvas = Image.new("RGB", (sheet_width, len(rows) * (row_height + _GAP) - _GAP), "white")
    for r, row in enumerate(rows):
        x = 0
        for picture in row:
            canvas.paste(picture, (x, r * (row_height + _GAP)))
            x += picture.width + _GAP
    return canvas if canvas.width <= _WIDTH else canvas.resize((_WIDTH, canvas.height * _WIDTH // canvas.width))


def _frames(medium: Medium) -> list[Image.Image]:
    """Return the picture itself, or at most six frames of a clip."""
    if medium.ext != "mp4":
        return [Image.open(io.BytesIO(medium.data)).convert("RGB")]
    return [frame.picture for frame in timed_frames(medium.data, (), _STRIP_FRAMES)]
