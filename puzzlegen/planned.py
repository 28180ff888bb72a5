"""The files of a plan: its items in order, and what was skipped, in Parquet, read a few thousand rows at a time."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from puzzlegen.listing import ITEM, SKIPPED, Numbers, Table, as_array, as_numbers, columns, items_of
from puzzlegen.records import Item, Skipped

#: Rows of a row group, the least that is read to get one item.
_ROWS: Final = 1 << 13
_DICTIONARY_COLUMNS: Final = ["kind", "licence", "group", "bundle"]
_BATCH_ROWS: Final = 1 << 10


class ItemsFile:
    """Writes items as they come, in row groups of one size."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._writer = pq.ParquetWriter(path, ITEM, compression="zstd", use_dictionary=_DICTIONARY_COLUMNS)
        self._pending: Table = columns([], ITEM)

    def add(self, table: Table) -> None:
        """Append items."""
        self.rows += table.num_rows
        self._pending = pa.concat_tables([self._pending, table])
        self._write(self._pending.num_rows // _ROWS * _ROWS)

    def close(self) -> Items:
        """Write the remaining items and return all that were written."""
        self._write(self._pending.num_rows)
        self._writer.close()
        return Items(self.path)

    def _write(self, rows: int) -> None:
        if rows:
            self._writer.write_table(self._pending.slice(0, rows), row_group_size=_ROWS)
            # A copy, because a slice would keep the whole table in memory.
            self._pending = self._pending.take(as_array(np.arange(rows, self._pending.num_rows)))


class Items(Sequence[Item]):
    """The items of a file as a sequence. The row group that was read last stays in memory."""

    def __init__(self, path: Path) -> None:
        self._file = pq.ParquetFile(path, memory_map=True)
        self._cached_group: tuple[int, list[Item]] = -1, []

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    @overload
    def __getitem__(self, place: int) -> Item: ...

    @overload
    def __getitem__(self, place: slice) -> list[Item]: ...

    def __getitem__(self, place: int | slice) -> Item | list[Item]:
        if isinstance(place, slice):
            return self._slice(range(len(self))[place])
        return self._slice(range(len(self))[place : place + 1 or None])[0]

    def __iter__(self) -> Iterator[Item]:
        for group in range(self._file.num_row_groups):
            yield from self._read_group(group)

    def columns(self, names: list[str]) -> Iterator[Table]:
        """Yield some columns, a row group at a time."""
        yield from self._file.iter_batches(_ROWS, columns=names, use_threads=False)

    def _slice(self, places: range) -> list[Item]:
        if places.step != 1 and places:
            return [self[place] for place in places]
        selected: list[Item] = []
        for group in range(places.start // _ROWS, -(-places.stop // _ROWS) if places else 0):
            first = group * _ROWS
            selected += self._read_group(group)[max(0, places.start - first) : max(0, places.stop - first)]
        return selected

    def _read_group(self, group: int) -> list[Item]:
        if self._cached_group[0] != group:
            self._cached_group = group, list(items_of(self._file.read_row_group(group, use_threads=False)))
        return self._cached_group[1]


class SkippedFile:
    """The entries of a source that are no items of the plan, with the reasons, in order of names.

    Attributes:
        reasons: how often each reason occurs.
    """

    def __init__(self, path: Path, table: Table) -> None:
        counted = table["reason"].value_counts()
        self.reasons = Counter({entry["values"].as_py(): entry["counts"].as_py() for entry in counted})
        pq.write_table(table, path, compression="zstd", use_dictionary=["reason"])
        self._file = pq.ParquetFile(path, memory_map=True)

    def __len__(self) -> int:
        return int(self._file.metadata.num_rows)

    def __iter__(self) -> Iterator[Skipped]:
        for table in self.tables(_BATCH_ROWS):
            yield from map(Skipped._make, zip(*(table[name].to_pylist() for name in SKIPPED.names), strict=True))

    def tables(self, rows: int) -> Iterator[Table]:
        """Yield all entries, at most ``rows`` at a time."""
        yield from self._file.iter_batches(rows, use_threads=False)


class ListingDigest:
    """Digest of what is listed of items, in the plan's order, the same however the items are divided into tables."""

    _TEXT_COLUMNS: Final = ("id", "kind", "qa", "group", "bundle")

    def __init__(self) -> None:
        self._sizes = hashlib.sha256()
        self._text_digests = {name: (hashlib.sha256(), hashlib.sha256()) for name in self._TEXT_COLUMNS}

    def add(self, table: Table) -> None:
        """Add items."""
        self._sizes.update(_number_bytes(as_numbers(table["size"])))
        for name, (lengths, texts) in self._text_digests.items():
            column = table[name].cast(pa.large_binary()).combine_chunks()
            lengths.update(_number_bytes(as_numbers(pc.binary_length(column))))
            texts.update(_text_bytes(column))

    def hex(self) -> str:
        """Return the digest of all items added so far."""
        parts = [self._sizes, *(h for pair in self._text_digests.values() for h in pair)]
        return hashlib.sha256(b"".join(part.digest() for part in parts)).hexdigest()


def _number_bytes(numbers: Numbers) -> bytes:
    return numbers.astype("<i8").tobytes()


def _text_bytes(column: Any) -> memoryview:  # noqa: ANN401 - an Arrow array
    """Return all texts of a column, one after the other."""
    _, offsets, data = column.buffers()
    ends = np.frombuffer(offsets, np.int64)[column.offset : column.offset + len(column) + 1]
    return memoryview(data if data is not None else b"")[ends[0] : ends[-1]]
