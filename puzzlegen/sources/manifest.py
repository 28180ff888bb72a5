"""A table whose rows name media and may ask a question about them: each row is an item, with its question if any.

Columns are found by name, with presets for those of Video-R1 and LLaVA. Media lie below ``root``, and nothing outside
is read. An item is called ``<medium>#<row's id>``, so that its name does not depend on its place in the table. All rows
about one medium share a split.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from posixpath import isabs, normpath, relpath
from typing import Any, BinaryIO, Final, Literal, TypeAlias

from pydantic import Field, field_validator

from puzzlegen import columns
from puzzlegen.columns import Columns
from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import (
    Found,
    Location,
    escaped,
    find_inside,
    is_url,
    joined,
    kind_of,
    missing,
    parted,
    real,
    suffix_of,
    tree_at,
)
from puzzlegen.records import Item, Skipped, canonical_json
from puzzlegen.rows import SUFFIXES, read_table
from puzzlegen.sources import Source

_MAX_NAMES_LENGTH: Final = 200
_CELLS_HINT: Final = "media in the cells of Parquet are read by source.kind: parquet, as media: {picture: image}"
#: Finds the file with an escaped name, or says why there is none.
Find: TypeAlias = Callable[[str], Found | Skipped]


class Manifest(Source):
    """Media and questions that the rows of a table name."""

    kind: Literal["manifest"] = "manifest"
    path: Location = Field(description=f"the table: {', '.join(SUFFIXES)}; a path or URL")
    root: Location | None = Field(
        None, description="the folder that media paths are relative to; without it, the table's own"
    )
    preset: columns.Preset | None = Field(None, description="the dataset whose column names are used")
    fields: dict[columns.Field, str] = Field({}, description="columns by what they hold, such as {media: path}")

    @field_validator("path")
    @classmethod
    def _is_table(cls, path: str) -> str:
        if problem := missing(path, "file"):
            raise ValueError(f"{problem}; give a table of rows")
        if suffix_of(path) not in SUFFIXES:
            raise ValueError(f"'{path}' has none of the suffixes {', '.join(SUFFIXES)}")
        return path

    @field_validator("root")
    @classmethod
    def _is_folder(cls, root: str | None) -> str | None:
        if root is not None and (problem := missing(root, "folder")):
            raise ValueError(f"{problem}; give the media's folder")
        return root

    def items(self) -> Iterator[Item | Skipped]:
        """Yield rows in the table's order; bad rows are skipped under their number in the table, from 1."""
        qa_by_id: dict[str, str] = {}
        find = _make_finder(self._root)
        column_map = Columns.of(self.preset, self.fields, asks=self._asks)
        for number, row in enumerate(self._rows(column_map.wanted), 1):
            try:
                item = _raise_bad_row(row) if isinstance(row, str) else _make_item(column_map, row, self._root, find)
            except Unusable as unusable:
                yield Skipped(f"row {number}", unusable.reason, unusable.detail)
                continue
            if qa_by_id.get(item.id, item.qa) != item.qa:
                # Two rows with one id are told apart by their questions, unless these are equal.
                item = item._replace(id=f"{item.id}-{columns.short(item.qa)}")
            if item.id in qa_by_id:
                yield Skipped(f"row {number}", "duplicate_row", item.id)
                continue
            qa_by_id[item.id] = item.qa
            yield item

    def open(self, item: Item) -> BinaryIO:
        """Open the medium's file, if it is still a regular file inside the root."""
        return tree_at(self._root).whole(parted(item.id)[0], item.size, item.stamp)

    @property
    def _root(self) -> str:
        return self.root or self.path.rpartition("/")[0] or ("/" if self.path.startswith("/") else ".")

    def _rows(self, wanted: set[str]) -> Iterator[Any]:
        tree = tree_at(self.path, SUFFIXES)
        (table,) = tree.walk()
        try:
            with tree.parts(table.id) as file:
                yield from read_table(file, suffix_of(self.path), wanted)
        except (OSError, Unusable) as err:
            raise SourceError(f"'{self.path}' cannot be read: {err}") from err
        except SourceError as err:
            raise SourceError(f"'{self.path}': {err}") from err


def _make_finder(root: str) -> Find:
    """Return a function that finds files by name: looked up on disk, or in one listing made behind a URL."""
    if not is_url(root):
        folder = real(Path(root))
        return lambda name: find_inside(folder, name)
    entries = {entry.id: entry for entry in tree_at(root).walk()}
    return lambda name: entries.get(name) or Skipped(name, "unreadable", "no such file")


def _make_item(column_map: Columns, row: Mapping[str, Any], root: str, find: Find) -> Item:
    record = column_map.read(row)
    if record.wrong:
        raise Unusable("bad_row", record.wrong)
    if record.media is None or record.media == "":
        raise Unusable("bad_row", f"no medium in column {column_map.of_media}; {_columns_hint(row)}")
    found = find(_relative_name(record.media, root, column_map.of_media))
    if isinstance(found, Skipped):
        raise Unusable(found.reason, found.id)
    kind = kind_of(found.id)
    if kind is None:
        raise Unusable("unsupported_file", found.id)
    own_id = record.id or columns.short(canonical_json([found.id, record.qa]))
    return Item(joined(found.id, own_id), kind, found.size, record.licence, found.stamp, record.qa, found.id)


def _columns_hint(row: Mapping[str, Any]) -> str:
    """Return the end of a message: which columns there are, and how to choose the one that names the media."""
    likely = (name for name, cell in row.items() if isinstance(cell, str) and kind_of(cell))
    setting = f"source.fields: {{media: {next(likely, 'COLUMN')}}}"
    return f"the row has {', '.join(map(str, row))}"[:_MAX_NAMES_LENGTH] + f"; name one by {setting}"


def _raise_bad_row(message: str) -> Item:
    raise Unusable("bad_row", message)


def _relative_name(path: object, root: str, column: str) -> str:
    """Return a row's path as an escaped name below the root; that it stays inside is checked when it is looked up."""
    if not isinstance(path, str) or not path.strip():
        raise Unusable("bad_row", f"column {column} holds no path; {_CELLS_HINT}")
    relative = path.strip()
    # The root is removed, as names must not depend on where the media lie.
    if is_url(root):
        relative = normpath(relative.removeprefix(root.rstrip("/") + "/"))
    else:
        relative = normpath(relative)
        relative = relpath(relative, os.fsdecode(real(Path(root)))) if isabs(relative) else relative
    return escaped(relative.encode("utf-8", "surrogatepass"))
