"""What a row says about a medium: which it is, the question asked about it, its licence; by columns, with presets."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from puzzlegen.errors import Unusable
from puzzlegen.questions import question_of

Field: TypeAlias = Literal["id", "media", "question", "options", "answer", "type", "thought", "licence"]
Preset: TypeAlias = Literal["video_r1", "llava"]
_PLAIN: Final[dict[Field, str]] = {
    "id": "id",
    "media": "media",
    "question": "question",
    "options": "options",
    "answer": "answer",
    "type": "type",
    "thought": "thought",
    "licence": "licence",
}
_VIDEO_R1: Final[dict[Field, str]] = _PLAIN | {
    "id": "problem_id",
    "media": "path",
    "question": "problem",
    "answer": "solution",
    "type": "problem_type",
    "thought": "process",
}
_DIALOGUE: Final = ("conversations", "video", "image")
_SPELT_OTHERWISE: Final = "license"
_DIGITS: Final = 12


class Said(NamedTuple):
    """What a row says; each empty if it does not."""

    id: str
    media: object
    qa: str
    licence: str


class Columns(NamedTuple):
    """Which columns hold what."""

    names: dict[Field, str]
    dialogue: bool = False

    @classmethod
    def of(cls, preset: Preset | None, own: Mapping[Field, str], media: str = "") -> Columns:
        """A preset's columns, or plain ones, with some named otherwise."""
        names = _VIDEO_R1 if preset == "video_r1" else _PLAIN | ({"media": media} if media else {})
        return cls({**names, **own}, preset == "llava")

    @property
    def wanted(self) -> set[str]:
        """All columns that may be looked at."""
        return {*self.names.values(), *_DIALOGUE, _SPELT_OTHERWISE}

    @property
    def of_media(self) -> str:
        """The column of media, for messages."""
        return "'image' or 'video'" if self.dialogue else f"'{self.names['media']}'"

    def read(self, row: Mapping[str, Any]) -> Said:
        """What a row says.

        Raises:
            Unusable: ``bad_row`` if it contradicts itself.
        """
        plain = _turned(row) if self.dialogue else row
        known = {name: plain.get(column) for name, column in self.names.items()}
        licence = text_of(known["licence"]) or text_of(plain.get(_SPELT_OTHERWISE))
        return Said(text_of(known["id"]), known["media"], _question(known), licence)


def _question(known: Mapping[Field, Any]) -> str:
    """The row's question as JSON; empty if it has none."""
    if not text_of(known["question"]):
        return ""
    rest = {"options": known["options"], "kind": known["type"], "thought": known["thought"]}
    return question_of(known["question"], known["answer"], **rest).to_json()


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """A LLaVA row under plain names, with the first turn of its conversation."""
    turns = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise Unusable("bad_row", "conversations is not a list of turns")
    said: dict[str, object] = {}
    for turn in turns:
        said.setdefault(str(turn.get("from")), turn.get("value"))
    first = {"question": said.get("human"), "answer": said.get("gpt")}
    return {**row, "media": row.get("video") or row.get("image"), **first}


def text_of(value: object) -> str:
    """A cell as text; empty if there is nothing in it."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode().strip()


def short(text: str) -> str:
    """A few digits that stand for a text."""
    return sha256(text.encode()).hexdigest()[:_DIGITS]
