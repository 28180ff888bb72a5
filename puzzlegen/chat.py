"""A record as a chat, for models that read text, pictures and perhaps clips in the order in which they are said.

Most chat APIs take no clips. By default a clip becomes its frames, evenly spaced from the first to the last, each
behind its time, which is what most questions about clips need; a server that knows ``video_url`` may have it whole.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, Literal, NamedTuple

from puzzlegen.errors import PuzzlegenError
from puzzlegen.records import MIME

#: Frames per puzzle where nothing else is asked for: about 1,500 visual tokens of Qwen2.5-VL.
FRAMES: Final = 32
#: Fewest frames of a clip that show what changes.
LEAST_PER_CLIP: Final = 2
_QUALITY: Final = 90
_PLACEHOLDER: Final = re.compile(r"(<image>|<video>)")
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
        frames: most frames per puzzle, shared evenly by its clips, at least two each; None leaves clips whole.

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
    for k, medium in enumerate(found):
        if column == "videos" and frames is not None:
            times = metas[k]["timestamps"] if k < len(metas) else []
            yield frame_parts(medium["bytes"], times, max(LEAST_PER_CLIP, frames // len(found)))
        else:
            mime = MIME[medium["path"].rpartition(".")[2]]
            yield [Part("image" if column == "images" else "video", data=medium["bytes"], mime=mime)]


def frame_parts(clip: bytes, times: list[float], most: int) -> list[Part]:
    """At most ``most`` frames of an MP4, evenly spaced from the first to the last, each behind its time in seconds.

    Args:
        clip: the file.
        times: each frame's time; empty for the file's own.
        most: at least 2.

    Raises:
        IntegrityError: the clip has not as many frames as ``times``.
    """
    from puzzlegen.media.shown import timed_frames  # noqa: PLC0415 - pictures and text do without

    parts: list[Part] = []
    for time, picture in timed_frames(clip, times, most):
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=_QUALITY)
        parts += [Part("text", f"frame at {time:.2f} s:"), Part("image", data=buffer.getvalue(), mime="image/jpeg")]
    return parts
