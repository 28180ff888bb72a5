"""Items from the rows of a table with media in its cells: their names, their metadata, and where their bytes lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO, Final, NamedTuple

from puzzlegen.cells import MediaColumn, Table, address, media_cells
from puzzlegen.columns import Columns
from puzzlegen.errors import Unusable
from puzzlegen.files import Tree, escaped, joined
from puzzlegen.records import Item, Kind, Skipped

_MAX_PATH_SHOWN: Final = 120


class Reading(NamedTuple):
    """How rows are read.

    Attributes:
        media: the columns of media, with their kinds; empty: the columns that are recognised as such.
        named: the other columns.
        licence: for rows that state none.
    """

    media: dict[str, Kind]
    named: Columns
    licence: str


def items_of_table(table: Table, name: str, stamp: int, reading: Reading) -> Iterator[Item | Skipped]:
    """Yield the items of all rows of a Parquet file, which is closed at the end; each medium of a row is an item.

    Args:
        table: the open file.
        name: the file's escaped name, with which the ids of rows begin unless the rows have ids of their own.
        stamp: changes when the file does.
        reading: how rows are read.
    """
    with closing(table):
        media = table.media_columns(reading.media)
        for group in table.groups():
            bundle = f"{name}:{group.number}"
            for index, row in enumerate(table.rows(group, media, reading.named.wanted)):
                spot = bundle, index, stamp
                yield from items_of_row(row, joined(name, str(group.first + index)), media, reading, spot)


def items_of_row(
    row: dict[str, Any], name: str, media: Sequence[MediaColumn], reading: Reading, spot: tuple[str, int, int]
) -> Iterator[Item | Skipped]:
    """Yield the media of one row as items.

    Args:
        row: the values of the other columns and, for each column of media, the number of media in the cell.
        name: the name of the row, unless it has an id.
        media: the columns of media.
        reading: how rows are read.
        spot: the row's bundle, its place in the bundle, and the stamp.
    """
    bundle, index, stamp = spot
    fields = reading.named.read(row)
    if fields.wrong:
        yield Skipped(name, "bad_row", fields.wrong)
        return
    row_id = escaped(fields.id.encode()) if fields.id else name
    cells = media_cells(row, media)
    if not cells:
        yield Skipped(row_id, "bad_row", "the row has no medium")
    for cell in cells:
        is_only_medium = len(media) == 1 and not cell.column.several
        item_id = row_id if is_only_medium else f"{row_id}/{escaped(cell.column.name.encode())}-{cell.place}"
        licence, group = fields.licence or reading.licence, "" if is_only_medium else row_id
        yield Item(item_id, cell.column.kind, 0, licence, stamp, fields.qa, group, bundle, address(index, cell))


def open_beside(tree: Tree, file: str, path: str) -> BinaryIO:
    """Open the medium whose path a cell holds instead of bytes.

    Args:
        tree: the source's files; nothing outside is opened.
        file: the escaped name of the Parquet file; the path is relative to its folder.
        path: what the cell holds.

    Raises:
        Unusable: there is no such file, or the path leads out of the tree.
    """
    folder = file.rpartition("/")[0]
    name = escaped(path.encode("utf-8", "surrogatepass"))
    try:
        return tree.whole(f"{folder}/{name}" if folder else name, 0)
    except Unusable as err:
        suffix = f": {err.detail}" if err.reason == "unreadable" else ""
        raise Unusable(err.reason, f"the cell holds no bytes but the path '{name[:_MAX_PATH_SHOWN]}'{suffix}") from err
