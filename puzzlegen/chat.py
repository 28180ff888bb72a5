"""A record as chat messages, for models that read text, pictures and perhaps clips in one sequence.

Most chat APIs take no clips. By default a clip is therefore shown as frames, evenly spaced from the first to the last,
each preceded by its number and time, which questions about clips refer to. A server that supports ``video_url`` can be
sent the whole clip instead.
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

#: Default number of frames per puzzle: about 1,500 visual tokens of Qwen2.5-VL.
FRAMES: Final = 32
#: Fewest frames of a clip that can show a change.
LEAST_PER_CLIP: Final = 2
_JPEG_QUALITY: Final = 90
_PLACEHOLDER: Final = re.compile(r"(<image>|<video>)")
#: Finds questions that count frames: ``This clip has 24 frames in 4 groups: frames 1 to 6 are group 1``.
_COUNTS_FRAMES: Final = re.compile(r"\bframes? \d|\b\d+ frames\b")
_MEDIA_COLUMNS: Final = {"<image>": "images", "<video>": "videos"}


class Part(NamedTuple):
    """A piece of a message: ``text``, or the encoded ``data`` of a medium with its MIME type."""

    kind: Literal["text", "image", "video"]
    text: str = ""
    data: bytes = b""
    mime: str = ""

    @property
    def uri(self) -> str:
        """The medium as a data URI."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode('ascii')}"


class Message(NamedTuple):
    """One message of a chat: who says it, and its parts."""

    role: str
    parts: list[Part]


def chat_of(row: Mapping[str, Any], frames: int | None = FRAMES) -> list[Message]:
    """The messages of a record, with its media in place of their placeholders.

    Args:
        row: a record with media as ``{bytes, path}``, as ``puzzlegen.reading.read_rows`` gives them.
        frames: most frames per puzzle, divided among its clips with at least two each; None leaves clips whole.

    Raises:
        PuzzlegenError: placeholders and media do not match, or ``frames`` is below two.
    """
    if frames is not None and frames < LEAST_PER_CLIP:
        raise PuzzlegenError(f"{frames} frames show no motion; give at least {LEAST_PER_CLIP}, or send clips whole")
    media = {placeholder: _media_parts(row, column, frames) for placeholder, column in _MEDIA_COLUMNS.items()}
    chat = [Message(turn["role"], list(_split_parts(turn["content"], media, row["id"]))) for turn in row["prompt"]]
    unused = sum(1 for column in media.values() for _ in column)
    if unused:
        raise PuzzlegenError(f"puzzle {row['id']}: {unused} media have no placeholder in its prompt; build it again")
    return chat


def openai_messages(chat: list[Message]) -> list[dict[str, Any]]:
    """A chat in the format of OpenAI's chat completions, with media as data URIs.

    Parts of type ``video_url`` are an extension that vLLM and SGLang support.
    """
    return [{"role": turn.role, "content": _message_content(turn.parts)} for turn in chat]


def whole_response(said: str | None, thought: object = None) -> str:
    """The response to score: the model's text, preceded by its reasoning if the server returned that separately."""
    return f"<think>\n{thought}\n</think>\n{said or ''}" if thought and isinstance(thought, str) else said or ""


def _message_content(parts: list[Part]) -> str | list[dict[str, Any]]:
    # A message of text alone stays a string: some servers accept no list as a system message.
    if all(part.kind == "text" for part in parts):
        return "\n".join(part.text for part in parts)
    return [_block(part) for part in parts]


def _block(part: Part) -> dict[str, Any]:
    if part.kind == "text":
        return {"type": "text", "text": part.text}
    return {"type": f"{part.kind}_url", f"{part.kind}_url": {"url": part.uri}}


def _split_parts(text: str, media: Mapping[str, Iterator[list[Part]]], puzzle_id: str) -> Iterator[Part]:
    for piece in _PLACEHOLDER.split(text):
        if piece in media:
            medium_parts = next(media[piece], None)
            if medium_parts is None:
                raise PuzzlegenError(f"puzzle {puzzle_id}: a {piece} has no medium; build it again")
            yield from medium_parts
        elif piece.strip():
            yield Part("text", piece.strip("\n"))


def _media_parts(row: Mapping[str, Any], column: str, frames: int | None) -> Iterator[list[Part]]:
    metas, stored = row.get("video_meta") or [], row.get(column) or []
    frame_limits = frames_of_each(row, frames) if column == "videos" and frames is not None else []
    for k, medium in enumerate(stored):
        if column == "videos" and frames is not None:
            times = metas[k]["timestamps"] if k < len(metas) else []
            yield frame_parts(medium["bytes"], times, frame_limits[k])
        else:
            mime = MIME[medium["path"].rpartition(".")[2]]
            yield [Part("image" if column == "images" else "video", data=medium["bytes"], mime=mime)]


def frames_of_each(row: Mapping[str, Any], most: int) -> list[int]:
    """How many frames to show of each clip. Warns if the question counts frames and some are left out.

    Args:
        row: a record, whose ``video_meta`` gives the number of frames of its clips.
        most: most frames of all clips together; each clip gets at least two even so.
    """
    if loses_counted(row, most):
        text = f"{row.get('data_source')}: a question counts frames, and its clips have more than the {most} shown"
        warnings.warn(f"{text}; raise frames to show them all", stacklevel=1)
    metas, clips = row.get("video_meta") or [], row.get("videos") or []
    is_complete = len(metas) == len(clips) or not clips
    return shares([meta["frames"] for meta in metas] if is_complete else [most] * len(clips), most)


def loses_counted(row: Mapping[str, Any], most: int) -> bool:
    """Whether the question counts frames and the clips have more than ``most`` frames in all."""
    counted = _COUNTS_FRAMES.search(str(row.get("problem"))) is not None
    return counted and sum(meta["frames"] for meta in row.get("video_meta") or ()) > most


def shares(counts: Sequence[int], most: int) -> list[int]:
    """Divide ``most`` frames among clips: all frames of short clips, and the same number of every longer clip.

    Frames that short clips do not need go to the longer ones. A clip gets no fewer than two, unless it has fewer.
    """
    levels = range(LEAST_PER_CLIP, max(counts, default=0) + 1)
    level = max((k for k in levels if sum(min(k, n) for n in counts) <= most), default=LEAST_PER_CLIP)
    return [min(level, n) for n in counts]


def frame_parts(clip: bytes, times: list[float], most: int) -> list[Part]:
    """At most ``most`` frames of an MP4, evenly spaced from the first to the last, each after its number and time.

    Args:
        clip: the bytes of the MP4 file.
        times: when each frame is shown, in seconds; empty to use the file's own times.
        most: most frames to show, at least 2.

    Raises:
        IntegrityError: the clip has another number of frames than ``times``.
    """
    from puzzlegen.media.shown import timed_frames  # noqa: PLC0415 - only clips need it

    parts: list[Part] = []
    for frame in timed_frames(clip, times, most):
        buffer = io.BytesIO()
        frame.picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
        parts += [Part("text", frame.caption), Part("image", data=buffer.getvalue(), mime="image/jpeg")]
    return parts
