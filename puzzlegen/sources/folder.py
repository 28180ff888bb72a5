"""A folder of images and videos, read recursively, in an order that depends only on the names.

Nothing outside the folder is read: links that lead out, pipes and devices are listed as skipped, with the reason. Zip
and tar archives in the folder are read like folders. A file ``metadata.{csv,jsonl,parquet}`` whose rows name files
beside it (column ``file_name``, as in imagefolder) may state a licence or a question for each. A metadata file that
cannot be read is an error: without it, files would be used whose licence the recipe denies.
"""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from posixpath import dirname, normpath
from typing import Any, BinaryIO, Final, Literal
from urllib.parse import unquote

from pydantic import Field, field_validator

from puzzlegen import columns
from puzzlegen.columns import Columns, Said
from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import ARCHIVE_SUFFIXES, Found, Location, Tree, escaped, kind_of, missing, suffix_of, tree_at
from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.rows import read_table
from puzzlegen.sources import Source, unmarked

_METADATA: Final = ("metadata.csv", "metadata.jsonl", "metadata.parquet")
_MARK_EVERY: Final = 256


class Folder(Source):
    """Images and videos below ``path``."""

    later = frozenset({"glob", "licence", "fields"})

    kind: Literal["folder"] = "folder"
    path: Location = Field(description="a folder, a zip or tar archive, or a URL; relative to the working directory")
    glob: tuple[str, ...] = Field((), description="use only names that match one of these, such as ['train/*.jpg']")
    licence: str = Field("", description="default licence for files without one in the metadata")
    fields: dict[columns.Field, str] = Field({}, description="metadata columns by what they hold")

    @field_validator("path")
    @classmethod
    def _is_folder(cls, path: str) -> str:
        problem = missing(path, "folder")
        if problem and (missing(path, "file") or suffix_of(path) not in ARCHIVE_SUFFIXES):
            raise ValueError(f"{problem.replace('no folder', 'not a folder')}; give an existing folder or archive")
        return path

    def items(self) -> Iterator[Item | Skipped]:
        """Yield files in order of their escaped relative paths, and members of an archive in the archive's order."""
        return unmarked(self.listed())

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        """Yield items with marks between files; with metadata, which may describe any file, there are no marks."""
        tree = tree_at(self.path)
        tables = [_require_readable(found) for found in tree.named(_METADATA)]
        metadata = _MetadataIndex(tree, Columns.of(None, self.fields, media="file_name", asks=self._asks))
        for table in tables:
            yield from metadata.read(table)
        names = {table.id for table in tables}
        for number, found in enumerate(tree.walk(after), 1):
            if isinstance(found, Skipped):
                yield found
                continue
            archive = suffix_of(found.id) in ARCHIVE_SUFFIXES
            for entry in tree.members(found) if archive else [found]:
                if entry.id not in names:
                    yield self._item(entry, metadata)
            if not tables and (archive or number % _MARK_EVERY == 0):
                yield Mark(found.id)
        yield from metadata.unknown()

    def open(self, item: Item) -> BinaryIO:
        """Open the item's file, if it is still a regular file inside the folder."""
        return tree_at(self.path).open(item.id, item.at, item.size, item.stamp)

    def _item(self, found: Found | Skipped, metadata: _MetadataIndex) -> Item | Skipped:
        record = metadata.said(found.id)
        if isinstance(found, Skipped):
            return found
        kind = kind_of(found.id)
        if not kind:
            return Skipped(found.id, "unsupported_file")
        if self.glob and not any(fnmatchcase(unquote(found.id), pattern) for pattern in self.glob):
            return Skipped(found.id, "not_selected")
        if not record and (row := metadata.lost(found.id)):
            return Skipped(found.id, "bad_row", f"{row} cannot be read and may be about it; correct that row")
        licence = (record.licence if record else "") or self.licence
        return Item(found.id, kind, found.size, licence, found.stamp, record.qa if record else "", at=found.at)


def _require_readable(table: Found | Skipped) -> Found:
    if isinstance(table, Skipped):
        raise _unreadable_error(table.id, f"{table.reason}: {table.detail}" if table.detail else table.reason)
    return table


def _unreadable_error(table: str, reason_text: str) -> SourceError:
    return SourceError(
        f"'{table}' cannot be read ({reason_text}), so licences and questions that it states would not count; make it "
        "readable, mend it, or take it away"
    )


class _MetadataIndex:
    """What metadata files say about other files."""

    def __init__(self, tree: Tree, column_map: Columns) -> None:
        self._tree = tree
        self._columns = column_map
        self._by_name: dict[str, tuple[Said, str]] = {}
        self._unreadable_rows: dict[str, str] = {}

    def read(self, table: Found) -> Iterator[Skipped]:
        """Read a metadata file and yield its bad rows.

        Raises:
            SourceError: the file cannot be read.
        """
        try:
            with self._tree.parts(table.id) as file:
                for number, row in enumerate(read_table(file, suffix_of(table.id), self._columns.wanted), 1):
                    yield from self._read_row(row, table.id, f"{table.id} row {number}")
        except (OSError, SourceError, Unusable) as err:
            raise _unreadable_error(table.id, str(err)) from err

    def _read_row(self, row: dict[str, Any] | str, table: str, row_name: str) -> Iterator[Skipped]:
        if isinstance(row, str):
            yield Skipped(row_name, "bad_row", row)
            self._unreadable_rows.setdefault(dirname(table), row_name)
            return
        record = self._columns.read(row)
        if not isinstance(record.media, str) or not record.media:
            yield Skipped(row_name, "bad_row", f"it names no file in the column {self._columns.names['media']}")
            return
        if record.wrong:
            yield Skipped(row_name, "bad_row", record.wrong)
        name = normpath(f"{dirname(table)}/{escaped(record.media.encode('utf-8', 'surrogatepass'))}".lstrip("/"))
        previous = self._by_name.get(name, (None, ""))[0]
        if previous is None:
            self._by_name[name] = record, row_name
        elif previous.wrong and not record.wrong:  # a valid question replaces an invalid one
            self._by_name[name] = record._replace(licence=previous.licence or record.licence), row_name
        elif not record.wrong:
            yield Skipped(row_name, "duplicate_row", name)

    def said(self, name: str) -> Said | None:
        """Return what metadata say about a file, and forget it: what is left at the end is about missing files."""
        return self._by_name.pop(name, (None, ""))[0]

    def lost(self, name: str) -> str:
        """Return the place of an unreadable row that may have been about a file; empty if there is none."""
        return next(
            (row for folder, row in self._unreadable_rows.items() if name.startswith(f"{folder}/".lstrip("/"))), ""
        )

    def unknown(self) -> Iterator[Skipped]:
        """Return the rows about files that do not exist."""
        return (
            Skipped(row_name, "unreadable", f"no file '{name}'")
            for name, (_, row_name) in sorted(self._by_name.items())
        )
