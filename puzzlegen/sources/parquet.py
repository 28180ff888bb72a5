"""Parquet files with media in their cells: bytes, ``{bytes, path}`` as written by ``datasets``, or lists of either.

Row groups are the unit of reading: items of one row group stay together in the plan, so that the group is read once and
never held as a whole. An item is called after its file and row or, if rows have an id (column ``id``, or another that
``fields`` names), by that id, so that it keeps its name when the files are split differently.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final, Literal

from pydantic import Field, field_validator

from puzzlegen import columns
from puzzlegen.cells import DamagedError, Table, open_cell
from puzzlegen.columns import Columns
from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import Found, Kept, Location, missing, suffix_of, tree_at
from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.sources import Source, unmarked
from puzzlegen.tables import Reading, items_of_table, open_beside

_SUFFIX: Final = ".parquet"
_tables: Final[Kept[Table]] = Kept(1)


class Parquet(Source):
    """Media in the cells of the Parquet files at ``path``."""

    kind: Literal["parquet"] = "parquet"
    path: Location = Field(description="a file, or a folder of files; a path or URL")
    media: dict[str, Literal["image", "video"]] = Field(
        {},
        description="media columns, such as {picture: image}; without it, the columns that the schema marks as media",
    )
    fields: dict[columns.Field, str] = Field({}, description="other columns by what they hold, such as {id: key}")
    licence: str = Field("", description="default licence for rows without one")

    @field_validator("path")
    @classmethod
    def _exists(cls, path: str) -> str:
        if problem := missing(path, "either"):
            raise ValueError(f"{problem}; give a Parquet file or a folder of them")
        return path

    def items(self) -> Iterator[Item | Skipped]:
        """Yield rows in order of files and of places in them; each medium of a row is an item."""
        return unmarked(self.listed())

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        """Yield the entries of :meth:`items`, with a mark after each file."""
        files = 0
        for found in tree_at(self.path, [_SUFFIX]).walk(after):
            if isinstance(found, Skipped):
                yield found
            elif suffix_of(found.id) != _SUFFIX:
                yield Skipped(found.id, "unsupported_file")
            else:
                files += 1
                yield from self._rows(found)
            yield Mark(found.id)
        if not files and not after:
            raise SourceError(f"'{self.path}' has no Parquet file")

    def open(self, item: Item) -> BinaryIO:
        """Open the bytes of the item's cell, or the file beside the Parquet file that the cell names."""
        file, _, group = item.bundle.rpartition(":")
        table = _tables.get((self.path, file, item.stamp), lambda: self._table(file, item.stamp))
        content = open_cell(table, int(group), item.at)
        if isinstance(content, str):
            return open_beside(tree_at(self.path), file, content)
        return content

    def _table(self, file: str, stamp: int) -> Table:
        return Table(tree_at(self.path, [_SUFFIX]).parts(file, stamp), file)

    def _rows(self, found: Found) -> Iterator[Item | Skipped]:
        reading = Reading(dict(self.media), Columns.of(None, self.fields, asks=self._asks), self.licence)
        try:
            table = self._table(found.id, found.stamp)
        except Unusable as unusable:
            yield Skipped(found.id, unusable.reason, unusable.detail)
        except DamagedError as err:
            yield Skipped(found.id, "undecodable", str(err))
        else:
            yield from items_of_table(table, found.id, found.stamp, reading)
