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
    """What a row says; each empty if it does not.

    Attributes:
        id: the row's name.
        media: what it names as its medium.
        qa: its question, as JSON; empty also if that cannot be asked.
        licence: of the medium.
        wrong: why its question cannot be asked; empty if it can, or if nobody asks it.
    """

    id: str
    media: object
    qa: str
    licence: str
    wrong: str = ""


class Columns(NamedTuple):
    """Which columns hold what, and whether the questions in them are going to be asked."""

    names: dict[Field, str]
    dialogue: bool = False
    asks: bool = False

    @classmethod
    def of(cls, preset: Preset | None, own: Mapping[Field, str], media: str = "", *, asks: bool) -> Columns:
        """A preset's columns, or plain ones, with some named otherwise."""
        names = _VIDEO_R1 if preset == "video_r1" else _PLAIN | ({"media": media} if media else {})
        return cls({**names, **own}, preset == "llava", asks)

    @property
    def wanted(self) -> set[str]:
        """All columns that may be looked at."""
        return {*self.names.values(), *_DIALOGUE, _SPELT_OTHERWISE}

    @property
    def of_media(self) -> str:
        """The column of media, for messages."""
        return "'image' or 'video'" if self.dialogue else f"'{self.names['media']}'"

    def read(self, row: Mapping[str, Any]) -> Said:
        """What a row says. A bad question takes nothing else from it: least of all the licence."""
        plain, wrong = _turned(row) if self.dialogue else (row, "")
        known = {name: plain.get(column) for name, column in self.names.items()}
        licence = text_of(known["licence"]) or text_of(plain.get(_SPELT_OTHERWISE))
        qa = ""
        if not wrong and text_of(known["question"]):
            try:
                qa = _question(known)
            except Unusable as no:
                wrong = no.detail
        return Said(text_of(known["id"]), known["media"], qa, licence, wrong if self.asks else "")


def _question(known: Mapping[Field, Any]) -> str:
    """The row's question as JSON."""
    rest = {"options": known["options"], "kind": known["type"], "thought": known["thought"]}
    return question_of(known["question"], known["answer"], **rest).to_json()


def _turned(row: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A LLaVA row under plain names, with the first turn of its conversation; and what is wrong with that."""
    plain = {**row, "media": row.get("video") or row.get("image")}
    turns = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return plain, "conversations is not a list of turns"
    said: dict[str, object] = {}
    for turn in turns:
        said.setdefault(str(turn.get("from")), turn.get("value"))
    return {**plain, "question": said.get("human"), "answer": said.get("gpt")}, ""


def text_of(value: object) -> str:
    """A cell as text; empty if there is nothing in it."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode().strip()


def short(text: str) -> str:
    """A few digits that stand for a text."""
    return sha256(text.encode()).hexdigest()[:_DIGITS]
