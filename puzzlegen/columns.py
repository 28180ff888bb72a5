"""What a table's row says about a medium: which file, the user's question, the licence. Presets name the columns."""

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
_DIALOGUE_COLUMNS: Final = ("conversations", "video", "image")
_LICENCE_ALIAS: Final = "license"
_HEX_DIGITS: Final = 12


class Said(NamedTuple):
    """What a row says; a text is empty if the row does not say it.

    Attributes:
        id: the row's name.
        media: the value of the media column.
        qa: the user's question with its answer, as canonical JSON; also empty if the question cannot be asked.
        licence: the medium's licence.
        wrong: why the question cannot be asked; empty if it can, or if the build asks no such questions.
    """

    id: str
    media: object
    qa: str
    licence: str
    wrong: str = ""


class Columns(NamedTuple):
    """Which columns hold what.

    Attributes:
        names: the column of each field.
        dialogue: whether the question and answer stand in a LLaVA conversation instead.
        asks: whether the build asks the rows' questions.
    """

    names: dict[Field, str]
    dialogue: bool = False
    asks: bool = False

    @classmethod
    def of(cls, preset: Preset | None, own: Mapping[Field, str], media: str = "", *, asks: bool) -> Columns:
        """The columns of a preset, or those with plain names; ``own`` and ``media`` override some of them."""
        names = _VIDEO_R1 if preset == "video_r1" else _PLAIN | ({"media": media} if media else {})
        return cls({**names, **own}, preset == "llava", asks)

    @property
    def wanted(self) -> set[str]:
        """All columns that may be read."""
        return {*self.names.values(), *_DIALOGUE_COLUMNS, _LICENCE_ALIAS}

    @property
    def of_media(self) -> str:
        """The name of the media column, for messages."""
        return "'image' or 'video'" if self.dialogue else f"'{self.names['media']}'"

    def read(self, row: Mapping[str, Any]) -> Said:
        """Read a row. A bad question invalidates nothing else in the row, least of all the licence."""
        flat, wrong = _flatten_dialogue(row) if self.dialogue else (row, "")
        cells = {name: flat.get(column) for name, column in self.names.items()}
        licence = text_of(cells["licence"]) or text_of(flat.get(_LICENCE_ALIAS))
        qa = ""
        if not wrong and text_of(cells["question"]):
            try:
                qa = _question_json(cells)
            except Unusable as unusable:
                wrong = unusable.detail
        return Said(text_of(cells["id"]), cells["media"], qa, licence, wrong if self.asks else "")


def _question_json(cells: Mapping[Field, Any]) -> str:
    """The row's question as canonical JSON."""
    extras = {"options": cells["options"], "kind": cells["type"], "thought": cells["thought"]}
    return question_of(cells["question"], cells["answer"], **extras).to_json()


def _flatten_dialogue(row: Mapping[str, Any]) -> tuple[dict[str, Any], str]:
    """A LLaVA row under plain names, with the first question and answer of its conversation.

    The second value says what is wrong with the conversation; empty if nothing is.
    """
    flat = {**row, "media": row.get("video") or row.get("image")}
    turns = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        return flat, "conversations is not a list of turns"
    first_turns: dict[str, object] = {}
    for turn in turns:
        first_turns.setdefault(str(turn.get("from")), turn.get("value"))
    return {**flat, "question": first_turns.get("human"), "answer": first_turns.get("gpt")}, ""


def text_of(value: object) -> str:
    """A cell's value as stripped text; empty if the cell is null."""
    return "" if value is None else str(value).encode("utf-8", "replace").decode().strip()


def short(text: str) -> str:
    """A short name for a text: the first 12 hexadecimal digits of its SHA-256."""
    return sha256(text.encode()).hexdigest()[:_HEX_DIGITS]
