"""A record as a chat, for models that read text, pictures and perhaps clips in the order in which they are said.

Most chat APIs take no clips. By default a clip becomes its frames, evenly spaced from the first to the last, each
behind its number and time, which questions about clips need; a server that knows ``video_url`` may have it whole.
"""

from __future__ import annotations

import base64
import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from puzzlegen.errors import PuzzlegenError
from puzzlegen.records import MIME

#: Frames per puzzle where nothing else is asked for: about 1,500 visual tokens of Qwen2.5-VL.
FRAMES: Final = 32
#: Fewest frames of a clip that show what changes.
LEAST_PER_CLIP: Final = 2
_QUALITY: Final = 90
_PLACEHOLDER: Final = re.compile(r"(<image>|<video>)")
#: As in ``This clip has 24 frames in 4 groups: frames 1 to 6 are group 1``.
_COUNTED: Final = re.compile(r"\bframes? \d|\b\d+ frames\b")
_COLUMNS: Final = {"<image>": "images", "<video>": "videos"}


class Part(NamedTuple):
    """A piece of a message: ``text``, or a medium's encoded ``data`` and its MIME type."""

    kind: Literal["text", "image", "video"]
    text: str = ""
    data: bytes = b""
    mime: str = ""

    @property
    def uri(self) -> str:
        """The medium as a data URI."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


class Message(NamedTuple):
    """What one side of a chat says."""

    role: str
    parts: list[Part]


def chat_of(row: Mapping[str, Any], frames: int | None = FRAMES) -> list[Message]:
    """The messages of a record, with its media where their placeholders stand.

    Args:
        row: a record with media as ``{bytes, path}``, as ``puzzlegen.reading.read_rows`` gives them.
        frames: most frames per puzzle, shared by its clips, at least two each; None leaves clips whole.

    Raises:
        PuzzlegenError: placeholders and media do not match, or ``frames`` is below two.
    """
    if frames is not None and frames < LEAST_PER_CLIP:
        raise PuzzlegenError(f"{frames} frames show no motion; give at least {LEAST_PER_CLIP}, or send clips whole")
    media = {mark: _media(row, column, frames) for mark, column in _COLUMNS.items()}
    chat = [Message(said["role"], list(_parts(said["content"], media, row["id"]))) for said in row["prompt"]]
    left = sum(1 for column in media.values() for _ in column)
    if left:
        raise PuzzlegenError(f"puzzle {row['id']}: {left} media have no placeholder in its prompt; build it again")
    return chat


def openai_messages(chat: list[Message]) -> list[dict[str, Any]]:
    """A chat in the form of OpenAI's chat completions, media as data URIs; ``video_url`` is vLLM's and SGLang's."""
    return [{"role": said.role, "content": _content(said.parts)} for said in chat]


def whole_response(said: str | None, thought: object = None) -> str:
    """What a model said, behind what it thought where a server parts the two: so is a response scored."""
    return f"<think>\n{thought}\n</think>\n{said or ''}" if thought and isinstance(thought, str) else said or ""


def _content(parts: list[Part]) -> str | list[dict[str, Any]]:
    # A message of text alone stays a string: some servers take no list for the system message.
    if all(part.kind == "text" for part in parts):
        return "\n".join(part.text for part in parts)
    return [_block(part) for part in parts]


def _block(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    return {"type": f"{part.kind}_url", f"{part.kind}_url": {"url": part.uri}}


def _parts(text: str, media: Mapping[str, Iterator[list[Part]]], puzzle_id: str) -> Iterator[Part]:
    for piece in _PLACEHOLDER.split(text):
        if piece in media:
            found = next(media[piece], None)
            if found is None:
                raise PuzzlegenError(f"puzzle {puzzle_id}: a {piece} has no medium; build it again")
            yield from found
        elif piece.strip():
            yield Part("text", piece.strip("\n"))


def _media(row: Mapping[str, Any], column: str, frames: int | None) -> Iterator[list[Part]]:
    metas, found = row.get("video_meta") or [], row.get(column) or []
    most = frames_of_each(row, frames) if column == "videos" and frames is not None else []
    for k, medium in enumerate(found):
        if column == "videos" and frames is not None:
            times = metas[k]["timestamps"] if k < len(metas) else []
            yield frame_parts(medium["bytes"], times, most[k])
        else:
            mime = MIME[medium["path"].rpartition(".")[2]]
            yield [Part("image" if column == "images" else "video", data=medium["bytes"], mime=mime)]


def frames_of_each(row: Mapping[str, Any], most: int) -> list[int]:
    """How many frames of each clip are shown. Warns if its question counts frames and some are left out.

    Args:
        row: a record; its clips' frames are told by ``video_meta``.
        most: for all clips together, but at least two each.
    """
    if loses_counted(row, most):
        text = f"{row.get('data_source')}: a question counts frames, and its clips have more than the {most} shown"
        warnings.warn(f"{text}; raise frames to show them all", stacklevel=1)
    metas, clips = row.get("video_meta") or [], row.get("videos") or []
    known = len(metas) == len(clips) or not clips
    return shares([meta["frames"] for meta in metas] if known else [most] * len(clips), most)


def loses_counted(row: Mapping[str, Any], most: int) -> bool:
    """Whether a question counts frames of clips that have more than ``most`` in all."""
    counted = _COUNTED.search(str(row.get("problem"))) is not None
    return counted and sum(meta["frames"] for meta in row.get("video_meta") or ()) > most


def shares(counts: Sequence[int], most: int) -> list[int]:
    """Frames of each clip: all, or one number for those that have more; what short clips do not need goes to others."""
    levels = range(LEAST_PER_CLIP, max(counts, default=0) + 1)
    level = max((k for k in levels if sum(min(k, n) for n in counts) <= most), default=LEAST_PER_CLIP)
    return [min(level, n) for n in counts]


def frame_parts(clip: bytes, times: list[float], most: int) -> list[Part]:
    """At most ``most`` frames of an MP4, evenly spaced from the first to the last, each behind its number and time.

    Args:
        clip: the file.
        times: each frame's time; empty for the file's own.
        most: at least 2.

    Raises:
        IntegrityError: the clip has not as many frames as ``times``.
    """
    from puzzlegen.media.shown import timed_frames  # noqa: PLC0415 - pictures and text do without

    parts: list[Part] = []
    for shown in timed_frames(clip, times, most):
        buffer = io.BytesIO()
        shown.picture.save(buffer, "JPEG", quality=_QUALITY)
        parts += [Part("text", shown.caption), Part("image", data=buffer.getvalue(), mime="image/jpeg")]
    return parts
