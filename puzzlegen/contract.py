"""The contract for a task's puzzles, checked before a puzzle is kept, so that a faulty plugin is named at once."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from typing import Any, Final

from PIL import Image

from puzzlegen.errors import TaskError
from puzzlegen.prompts import PLACEHOLDERS
from puzzlegen.records import MIME, Medium, Puzzle

#: The beginning of an MP4 file, after four bytes of length.
_FTYP: Final = b"ftyp"
#: What a whole JPEG file begins and ends with. Having Pillow read every header would cost 2 % of a build.
_JPEG_ENDS: Final = (b"\xff\xd8\xff", b"\xff\xd9")
_PLACEHOLDER: Final = re.compile("|".join(PLACEHOLDERS))


def check_puzzle(puzzle: Any, task: str, item: str, media_count: int) -> None:  # noqa: ANN401 - what plugins return
    """Raise TaskError for the first violation of the contract.

    Args:
        puzzle: what the task's ``pose`` returned.
        task: the task's name.
        item: the id of the item that the puzzle was made from.
        media_count: how many media the task declares for its puzzles.
    """
    violation = next(_violations(puzzle, media_count), "")
    if violation:
        raise TaskError(f"task {task}, '{item}': {violation}")


def _violations(puzzle: Any, media_count: int) -> Iterator[str]:  # noqa: ANN401
    if not isinstance(puzzle, Puzzle):
        yield f"pose returned {type(puzzle).__name__}; return a Puzzle or raise Unusable"
        return
    if len(puzzle.media) != media_count:
        yield f"the puzzle has {len(puzzle.media)} media, but the task's media_count is {media_count}"
    placeholders = _PLACEHOLDER.findall(puzzle.question)
    needed = ["<video>" if medium.ext == "mp4" else "<image>" for medium in puzzle.media]
    if placeholders != needed:
        yield f"the question has the placeholders {placeholders}, its media need {needed}"
    options = puzzle.answer.spec.params.get("options")
    if isinstance(options, dict) and len(set(options.values())) < len(options):
        yield f"two options are the same: {', '.join(map(repr, options.values()))}"
    if not 0 <= puzzle.difficulty <= 1:
        yield f"difficulty {puzzle.difficulty} is not between 0 and 1"
    if not (math.isfinite(puzzle.margin) and puzzle.margin >= 0):
        yield f"margin {puzzle.margin} is not a number of at least 0; raise Unusable for what falls below a threshold"
    yield from (f"medium {k} {fault}" for k, medium in enumerate(puzzle.media, 1) if (fault := _fault(medium)))


def _fault(medium: Medium) -> str:
    """What is wrong with a medium, judged by its header alone: decoding a medium costs as much as making it."""
    if medium.ext not in MIME:
        return f"has the suffix '{medium.ext}'; allowed: {', '.join(MIME)}"
    if medium.ext == "mp4":
        return _clip_fault(medium)
    if MIME[medium.ext] == "image/jpeg" and (medium.data[:3], medium.data[-2:]) == _JPEG_ENDS:
        return ""
    try:
        with Image.open(io.BytesIO(medium.data)) as image:
            mime = image.get_format_mimetype()
    except (OSError, ValueError, SyntaxError) as err:
        return f"cannot be opened as {medium.ext} ({type(err).__name__})"
    return "" if mime == MIME[medium.ext] else f"is {mime}, its suffix '{medium.ext}' says {MIME[medium.ext]}"


def _clip_fault(medium: Medium) -> str:
    if medium.meta is None:
        return "is a clip without meta: its frames per second and their times"
    return "" if medium.data[4:8] == _FTYP else "is not an MP4 file, as its suffix says"
