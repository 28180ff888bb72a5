"""Media in the cells of Parquet files, listed by row group and read a few rows at a time.

A cell holds bytes, or ``{bytes, path}`` as ``datasets`` writes images and videos, or a list of either.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any, BinaryIO, Final, NamedTuple

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.records import Kind

_MAX_BATCH_ROWS: Final = 64
_BATCH_BYTES: Final = 8 << 20
_BUFFER_BYTES: Final = 1 << 20
_ROWS_AT_ONCE: Final = 512
_KEPT_BATCHES: Final = 3
_USUAL_COLUMNS: Final[dict[str, Kind]] = {"image": "image", "images": "image", "video": "video", "videos": "video"}
_FEATURE_KINDS: Final[dict[str, Kind]] = {"Image": "image", "Video": "video"}


class MediaColumn(NamedTuple):
    """A column that holds media; ``several`` says whether its cells are lists of media."""

    name: str
    kind: Kind
    several: bool


class Cell(NamedTuple):
    """One medium of a row: its column, and its place in the cell's list (0 if the cell is no list)."""

    column: MediaColumn
    place: int


class DamagedError(SourceError):
    """A file is not a Parquet file; unlike other failures to read, this one is permanent."""


class Group(NamedTuple):
    """A row group: its number, the index of its first row in the file, and its number of rows."""

    number: int
    first: int
    rows: int


class Table:
    """An open Parquet file.

    Args:
        file: a seekable file, which is closed together with the table.
        name: the file's name for messages.

    Raises:
        DamagedError: the file is not a Parquet file.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        import pyarrow as pa  # noqa: PLC0415 - only these sources pay for it
        import pyarrow.parquet as pq  # noqa: PLC0415

        self._read_errors = (pa.ArrowException, OSError)
        self._raw_file = file
        try:
            # Without a buffer, pyarrow would read a whole column of a row group at once.
            self._file = pq.ParquetFile(file, buffer_size=_BUFFER_BYTES, pre_buffer=False)
        except self._read_errors as err:
            file.close()
            raise DamagedError(f"'{name}' is not a Parquet file: {err}"[:300]) from err
        except SourceError:
            file.close()
            raise
        self.name = name
        self._current: _Batches | None = None
        self.schema = self._file.schema_arrow

    def close(self) -> None:
        """Close the file."""
        self._current = None
        self._file.close()
        self._raw_file.close()

    def groups(self) -> Iterator[Group]:
        """All row groups, in the order of the file."""
        first = 0
        for number in range(self._file.num_row_groups):
            rows = self._file.metadata.row_group(number).num_rows
            yield Group(number, first, rows)
            first += rows

    def media_columns(self, named: dict[str, Kind]) -> list[MediaColumn]:
        """The media columns: those in ``named``, else those that ``datasets`` marked, else those with usual names.

        Raises:
            SourceError: there is no media column, or one is missing or does not hold media.
        """
        columns = named or self._known_columns()
        if not columns:
            raise SourceError(f"'{self.name}' has no known column of media; {self._columns_hint()}")
        return [self._media_column(name, kind) for name, kind in columns.items()]

    def holds_media(self, *, beside_files: bool) -> bool:
        """Whether cells hold media, as far as the schema tells.

        Args:
            beside_files: whether columns of plain bytes count only under a known name, since the table may just
                describe the files beside it.
        """
        forms = {name: _media_form(self.schema.field(name).type) for name in self.schema.names}
        if known := self._known_columns():
            return all(forms[name] for name in known)
        if "bytes and path" in forms.values():
            return True
        names_files = "media" in forms and not forms["media"]
        return "bytes" in forms.values() and not (beside_files or names_files)

    def _known_columns(self) -> dict[str, Kind]:
        """The columns that ``datasets`` marked as media, else those with usual names."""
        usual: dict[str, Kind] = {n: k for n, k in _USUAL_COLUMNS.items() if n in self.schema.names}
        return _marked_columns(self.schema) or usual

    def _columns_hint(self) -> str:
        names = ", ".join(self.schema.names)
        possible = [name for name in self.schema.names if _media_form(self.schema.field(name).type)]
        if not possible:
            return f"it has {names}, none with bytes; where rows name files, give source.kind: manifest"
        return f"name one by source.media: {{{possible[0]}: image}}, or video; it has {names}"

    def _media_column(self, name: str, kind: Kind) -> MediaColumn:
        import pyarrow.types as pt  # noqa: PLC0415

        if name not in self.schema.names:
            raise SourceError(f"'{self.name}' has no column '{name}'; it has {', '.join(self.schema.names)}")
        dtype = self.schema.field(name).type
        if not _media_form(dtype):
            raise SourceError(
                f"'{self.name}': column '{name}' is {dtype}, neither bytes nor {{bytes, path}} nor a list"
            )
        return MediaColumn(name, kind, pt.is_list(dtype) or pt.is_large_list(dtype))

    def rows(self, group: Group, media: Sequence[MediaColumn], others: set[str]) -> Iterator[dict[str, Any]]:
        """The rows of a group: the values of the columns ``others``, and how many media each media column has.

        Media bytes are not read, except where cells are lists of plain bytes, which have no path to count instead.
        """
        present = [name for name in self.schema.names if name in others and name not in {c.name for c in media}]
        count_leaves = [leaf for column in media if (leaf := self._count_leaf(column))]
        try:
            batches = self._file.iter_batches(_ROWS_AT_ONCE, row_groups=[group.number], columns=present + count_leaves)
            rows = (row for batch in batches for row in batch.to_pylist())
            # With no column to read there are no batches, but every row must still be yielded.
            for row in rows if present or count_leaves else ({} for _ in range(group.rows)):
                yield {name: row.get(name) for name in present} | {c.name: _count_media(row, c) for c in media}
        except self._read_errors as err:
            raise SourceError(f"'{self.name}' is damaged: {err}"[:300]) from err

    def _count_leaf(self, column: MediaColumn) -> str:
        """The leaf column to read for the number of media in a cell; empty if each cell holds a single medium."""
        import pyarrow.types as pt  # noqa: PLC0415

        if not column.several:
            return ""
        leaves = [self._file.schema.column(k).path for k in range(len(self._file.schema))]
        column_leaves = [leaf for leaf in leaves if leaf.split(".")[0] == column.name]
        is_plain_bytes = not pt.is_struct(self.schema.field(column.name).type.value_type)
        return str(
            column_leaves[0] if is_plain_bytes else next(leaf for leaf in column_leaves if leaf.endswith(".path"))
        )

    def cell(self, group: int, row: int, column: str, place: int, *, several: bool) -> bytes | str:
        """The bytes of a medium, or the path of its file.

        Raises:
            Unusable: ``unreadable``: the cell is empty, or there is no such row.
            SourceError: the file is damaged.
        """
        try:
            value = self._open_batches(group, column).at(row)
        except self._read_errors as err:
            raise SourceError(f"'{self.name}' is damaged: {err}"[:300]) from err
        if several:
            value = value[place] if value and place < len(value) else None
        if isinstance(value, dict):
            value = value["bytes"] if value["bytes"] is not None else value["path"]
        if not isinstance(value, bytes | str):
            raise Unusable("unreadable", "the cell is empty")
        return value

    def _open_batches(self, group: int, column: str) -> _Batches:
        if self._current is None or self._current.key != (group, column):
            size = self._batch_rows(group, column)
            self._current = None  # frees the old batches first: a single page may be as large as its row group
            self._current = _Batches(
                (group, column), lambda: self._file.iter_batches(size, row_groups=[group], columns=[column])
            )
        return self._current

    def _batch_rows(self, group: int, column: str) -> int:
        """How many rows of a column to read at once, so that memory use stays bounded."""
        group_metadata = self._file.metadata.row_group(group)
        leaves = (group_metadata.column(k) for k in range(group_metadata.num_columns))
        size = sum(leaf.total_uncompressed_size for leaf in leaves if leaf.path_in_schema.split(".")[0] == column)
        return int(max(1, min(_MAX_BATCH_ROWS, _BATCH_BYTES * group_metadata.num_rows // max(1, size))))


class _Batches:
    """A column of a row group, read forwards in batches; a row before the last few batches restarts the reading."""

    def __init__(self, key: tuple[int, str], read: Callable[[], Iterator[Any]]) -> None:
        self.key = key
        self._reopen = read
        self._remaining: Iterator[Any] = iter(())
        self._recent: list[tuple[int, Any]] = []
        self._next_row = -1

    def at(self, row: int) -> Any:  # noqa: ANN401 - whatever the cell holds
        """The value in a row's cell."""
        if self._next_row < 0 or row < (self._recent[0][0] if self._recent else 0):
            self._remaining, self._recent, self._next_row = self._reopen(), [], 0
        while row >= self._next_row:
            batch = next(self._remaining, None)
            if batch is None:
                raise Unusable("unreadable", "there is no such row")
            self._recent = [*self._recent[1 - _KEPT_BATCHES :], (self._next_row, batch)]
            self._next_row += batch.num_rows
        first, batch = next(entry for entry in reversed(self._recent) if entry[0] <= row)
        return batch.column(0)[row - first].as_py()


def _media_form(dtype: Any) -> str:  # noqa: ANN401 - pyarrow has no types
    """How cells of a type, or lists in cells, can hold media: ``bytes`` or ``bytes and path``; empty if they cannot."""
    import pyarrow.types as pt  # noqa: PLC0415

    cell_type = dtype.value_type if pt.is_list(dtype) or pt.is_large_list(dtype) else dtype
    if pt.is_struct(cell_type):
        names = {cell_type.field(k).name for k in range(cell_type.num_fields)}
        return "bytes and path" if {"bytes", "path"} <= names else ""
    return "bytes" if pt.is_binary(cell_type) or pt.is_large_binary(cell_type) else ""


def _marked_columns(schema: Any) -> dict[str, Kind]:  # noqa: ANN401 - pyarrow has no types
    """The columns that the metadata written by ``datasets`` marks as media."""
    try:
        features = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
    except (KeyError, ValueError, TypeError):
        return {}
    kinds = ((name, _feature_kind(feature)) for name, feature in features.items() if name in schema.names)
    return {name: kind for name, kind in kinds if kind}


def _feature_kind(feature: Any) -> Kind | None:  # noqa: ANN401 - JSON
    if isinstance(feature, list) and feature:
        feature = feature[0]
    if isinstance(feature, dict) and feature.get("_type") in ("List", "Sequence", "LargeList"):
        feature = feature.get("feature")
    return _FEATURE_KINDS.get(str(feature.get("_type"))) if isinstance(feature, dict) else None


def _count_media(row: dict[str, Any], column: MediaColumn) -> int:
    if not column.several:
        return 1
    cells = row.get(column.name)
    return len(cells) if cells else 0


def media_cells(row: dict[str, Any], media: Sequence[MediaColumn]) -> list[Cell]:
    """The media in a row that :meth:`Table.rows` gave."""
    return [Cell(column, place) for column in media for place in range(row[column.name])]


def address(row: int, cell: Cell) -> str:
    """The address of a medium within its row group, to be read by :func:`open_cell`."""
    return f"{row}:{cell.place if cell.column.several else ''}:{cell.column.name}"


def open_cell(table: Table, group: int, at: str) -> BinaryIO | str:
    """Open the medium at an :func:`address`; a medium that is a separate file is returned as its path."""
    row, place, column = at.split(":", 2)
    value = table.cell(group, int(row), column, int(place or 0), several=bool(place))
    return io.BytesIO(value) if isinstance(value, bytes) else value
