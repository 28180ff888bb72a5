"""Rows with media in their cells as items: what they are called, what they say, where they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, BinaryIO, Final, NamedTuple

from puzzlegen.cells import MediaColumn, Table, address, media_cells
from puzzlegen.columns import Columns
from puzzlegen.errors import Unusable
from puzzlegen.files import Tree, escaped, joined
from puzzlegen.records import Item, Kind, Skipped

_MOST_PATH: Final = 120


class Reading(NamedTuple):
    """How rows are read: the columns of media (empty: those that say so), the other columns, a licence for the rest."""

    media: dict[str, Kind]
    named: Columns
    licence: str


def items_of_table(table: Table, name: str, stamp: int, reading: Reading) -> Iterator[Item | Skipped]:
    """All rows of a Parquet file, which is closed at the end; a row of several media gives as many items.

    Args:
        table: open.
        name: the file's escaped name, with which ids begin unless rows have their own.
        stamp: changes when the file does.
        reading: see there.
    """
    with closing(table):
        media = table.media_columns(reading.media)
        for group in table.groups():
            bundle = f"{name}:{group.number}"
            for place, row in enumerate(table.rows(group, media, reading.named.wanted)):
                spot = bundle, place, stamp
                yield from items_of_row(row, joined(name, str(group.first + place)), media, reading, spot)


def items_of_row(
    row: dict[str, Any], name: str, media: Sequence[MediaColumn], reading: Reading, spot: tuple[str, int, int]
) -> Iterator[Item | Skipped]:
    """The media of one row.

    Args:
        row: other columns as they are, of each media column how many media the cell has.
        name: of the row, unless it has an id.
        media: the columns of media.
        reading: see there.
        spot: the row's bundle, its place in it, and the stamp.
    """
    bundle, place, stamp = spot
    said = reading.named.read(row)
    if said.wrong:
        yield Skipped(name, "bad_row", said.wrong)
        return
    own = escaped(said.id.encode()) if said.id else name
    cells = media_cells(row, media)
    if not cells:
        yield Skipped(own, "bad_row", "the row has no medium")
    for cell in cells:
        alone = len(media) == 1 and not cell.column.several
        called = own if alone else f"{own}/{escaped(cell.column.name.encode())}-{cell.place}"
        licence, group = said.licence or reading.licence, "" if alone else own
        yield Item(called, cell.column.kind, 0, licence, stamp, said.qa, group, bundle, address(place, cell))


def open_beside(tree: Tree, file: str, path: str) -> BinaryIO:
    """The medium whose path a cell holds instead of bytes.

    Args:
        tree: nothing outside is opened.
        file: the escaped name of the Parquet file, beside which the path begins.
        path: what the cell holds.

    Raises:
        Unusable: it is not there or leads out.
    """
    folder = file.rpartition("/")[0]
    name = escaped(path.encode("utf-8", "surrogatepass"))
    try:
        return tree.whole(f"{folder}/{name}" if folder else name, 0)
    except Unusable as no:
        told = f": {no.detail}" if no.reason == "unreadable" else ""
        raise Unusable(no.reason, f"the cell holds no bytes but the path '{name[:_MOST_PATH]}'{told}") from no
