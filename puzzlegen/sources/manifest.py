"""A table of rows that name media and may ask about them: each row with a question is an item with that question.

Rows are mapped by column names, with presets for Video-R1's and LLaVA's; a row's medium lies below ``root``, and
nothing outside is read. An item is called ``<medium>#<row's id>``, so that it is known by what it is, and all rows
about one medium share a split.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from posixpath import isabs, normpath, relpath
from typing import Any, BinaryIO, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import escaped, find_inside, joined, kind_of, open_inside, parted, real
from puzzlegen.questions import question_of
from puzzlegen.records import Item, Skipped, canonical_json
from puzzlegen.rows import SUFFIXES, read_table
from puzzlegen.sources import Source

_Field: TypeAlias = Literal["id", "media", "question", "options", "answer", "type", "thought", "licence"]
_PLAIN: Final[dict[_Field, str]] = {
    "id": "id",
    "media": "media",
    "question": "question",
    "options": "options",
    "answer": "answer",
    "type": "type",
    "thought": "thought",
    "licence": "licence",
}
_VIDEO_R1: Final[dict[_Field, str]] = _PLAIN | {
    "id": "problem_id",
    "media": "path",
    "question": "problem",
    "answer": "solution",
    "type": "problem_type",
    "thought": "process",
}
_DIALOGUE: Final = ("conversations", "video", "image")
_DIGITS: Final = 12


class Manifest(Source):
    """Media and questions that the rows of a table name."""

    kind: Literal["manifest"] = "manifest"
    path: Path = Field(description=f"the table: {', '.join(SUFFIXES)}")
    root: Path | None = Field(None, description="the folder that media paths start from; without it, the table's own")
    preset: Literal["video_r1", "llava"] | None = Field(None, description="whose names the columns have")
    fields: dict[_Field, str] = Field({}, description="columns by what they hold, such as {media: path}")

    @field_validator("path")
    @classmethod
    def _is_table(cls, path: Path) -> Path:
        if not path.is_file():
            raise ValueError(f"'{path}' is {'no file' if path.exists() else 'missing'}; give a table of rows")
        if path.suffix.lower() not in SUFFIXES:
            raise ValueError(f"'{path}' is none of {', '.join(SUFFIXES)}")
        return path

    @field_validator("root")
    @classmethod
    def _is_folder(cls, root: Path | None) -> Path | None:
        if root is not None and not root.is_dir():
            raise ValueError(f"'{root}' is {'no folder' if root.exists() else 'missing'}; give the media's folder")
        return root

    def items(self) -> Iterator[Item | Skipped]:
        """Rows in the table's order; bad ones are skipped under the number of their place, from 1."""
        seen: dict[str, str] = {}
        root = real(self._root)
        for number, row in enumerate(self._rows(), 1):
            try:
                item = _bad(row) if isinstance(row, str) else self._item(row, root)
            except Unusable as no:
                yield Skipped(f"row {number}", no.reason, no.detail)
                continue
            if seen.get(item.id, item.qa) != item.qa:
                # Two rows with one id: what they say tells them apart, unless it is the same.
                item = item._replace(id=f"{item.id}-{_short(item.qa)}")
            if item.id in seen:
                yield Skipped(f"row {number}", "duplicate_row", item.id)
                continue
            seen[item.id] = item.qa
            yield item

    def open(self, item: Item) -> BinaryIO:
        """The medium's file, if it is still a regular file inside the root."""
        return open_inside(self._root, parted(item.id)[0])

    @property
    def _root(self) -> Path:
        return self.root or self.path.parent

    @property
    def _columns(self) -> dict[_Field, str]:
        return {**(_VIDEO_R1 if self.preset == "video_r1" else _PLAIN), **self.fields}

    def _rows(self) -> Iterator[Any]:
        try:
            with self.path.open("rb") as file:
                yield from read_table(file, self.path.suffix.lower(), {*self._columns.values(), *_DIALOGUE})
        except OSError as err:
            raise SourceError(f"'{self.path}' cannot be read: {err.strerror}") from err
        except SourceError as err:
            raise SourceError(f"'{self.path}': {err}") from err

    def _item(self, row: Mapping[str, Any], root: bytes) -> Item:
        plain = _turned(row) if self.preset == "llava" else row
        known = {name: plain.get(column) for name, column in self._columns.items()}
        found = find_inside(root, _relative(known["media"], root))
        if isinstance(found, Skipped):
            raise Unusable(found.reason, found.id)
        kind = kind_of(found.id)
        if kind is None:
            raise Unusable("unsupported_file", found.id)
        qa = _question(known)
        own = _text(known["id"]) or _short(canonical_json([found.id, qa]))
        return Item(joined(found.id, own), kind, found.size, _text(known["licence"]), found.stamp, qa, found.id)


def _bad(what: str) -> Item:
    raise Unusable("bad_row", what)


def _relative(path: object, root: bytes) -> str:
    """A row's path as an escaped name below the root; that it stays inside is checked when it is looked up."""
    if not isinstance(path, str) or not path.strip():
        raise Unusable("bad_row", "the row names no medium")
    plain = normpath(path.strip())
    # Where the media lie on this machine is no part of their names.
    if isabs(plain):
        plain = relpath(plain, os.fsdecode(root))
    return escaped(plain.encode("utf-8", "surrogatepass"))


def _question(known: Mapping[_Field, Any]) -> str:
    """The row's question as JSON; empty if it has none."""
    if not _text(known["question"]):
        return ""
    rest = {"options": known["options"], "kind": known["type"], "thought": known["thought"]}
    return question_of(known["question"], known["answer"], **rest).to_json()


def _turned(row: Mapping[str, Any]) -> dict[str, Any]:
    """A LLaVA row under plain names, with the first turn of its conversation."""
    turns = row.get("conversations")
    if not isinstance(turns, list) or not all(isinstance(turn, dict) for turn in turns):
        raise Unusable("bad_row", "conversations is no list of turns")
    said: dict[str, object] = {}
    for turn in turns:
        said.setdefault(str(turn.get("from")), turn.get("value"))
    first = {"question": said.get("human"), "answer": said.get("gpt")}
    return {**row, "media": row.get("video") or row.get("image"), **first}


def _text(value: object) -> str:
    return "" if value is None else str(value).encode("utf-8", "replace").decode().strip()


def _short(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:_DIGITS]
