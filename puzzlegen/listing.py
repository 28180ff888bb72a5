"""The listing of a source: its entries as columns on disk, in the order in which the source gave them.

A listing is written in parts, so that an interrupted listing resumes at the source's last mark, and so that no more
than one part is ever held as Python objects.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.rng import digest, heads

Numbers: TypeAlias = NDArray[Any]
#: A table or record batch of pyarrow, which has no types.
Table: TypeAlias = Any

ITEM: Final = pa.schema([(k, pa.int64() if k in ("size", "stamp") else pa.string()) for k in Item._fields])
SKIPPED: Final = pa.schema([(k, pa.string()) for k in Skipped._fields])
#: Two hashes per item: the order key, of its bundle's name if it has one, else of its own; and that of its own name,
#: by which equal names are found.
_KEYS: Final = (pa.field("key", pa.uint64()), pa.field("name", pa.uint64()))
_PART_ROWS: Final = 1 << 14
#: Seconds after which a part is written even if it is small, for sources that are slow to list.
_PART_S: Final = 30
#: Seconds between two reports of how many items were found.
_REPORT_S: Final = 2.0
#: How much is sorted at once: about this many bytes, or the whole divided by ``_MOST_SPANS`` if that is more; twice as
#: much is held for a moment.
_SPAN_BYTES: Final = 1 << 20
_MOST_SPANS: Final = 32
#: About how many names are compared at once.
_SPAN_NAMES: Final = 1 << 18
_HASH_VALUES: Final = 1 << 64
_DESCRIPTION_FILE: Final = "listing.json"
_PART_INFO_KEY: Final = b"told"


class _PartInfo(NamedTuple):
    """Metadata of a part: the source's mark at its end, its number of skipped entries, whether it is the last part."""

    mark: str
    skipped: int
    last: bool = False


class Span(NamedTuple):
    """A range of keys, from ``first`` to ``last``, both included."""

    first: int
    last: int

    def holds(self, keys: Numbers) -> Numbers:
        """Which keys lie in the span, as booleans."""
        return (keys >= np.uint64(self.first)) & (keys <= np.uint64(self.last))


class Listing:
    """The entries of a source. An item is known by its row: the number of items that the source listed before it.

    Args:
        place: a folder that only the listing uses.
        seed: the recipe's seed, on which the plan's order depends.
    """

    def __init__(self, place: Path, seed: int) -> None:
        self._folder = place
        self._seed = seed
        self._parts: list[tuple[Path, int]] = []
        self._left: Numbers = np.zeros(0, bool)
        self._dropped: list[Skipped] = []
        self._skipped_tables: list[Table] = []

    def take(
        self,
        listed: Callable[[str], Iterable[Item | Skipped | Mark]],
        kinds: set[str],
        what: str,
        report: Callable[[int], None] | None = None,
    ) -> None:
        """List a source, or resume a listing that was interrupted.

        Args:
            listed: gives the source's entries after a mark; all entries for an empty mark.
            kinds: the kinds of items that are wanted; others are skipped.
            what: description of the source; only a listing with the same description is resumed.
            report: called every few seconds with the number of items found.
        """
        resume_mark = self._resume(what)
        if resume_mark is not None:
            entries = listed(resume_mark)
            if report:
                entries = _reporting(entries, kinds, sum(rows for _, rows in self._parts), report)
            self._write_parts(entries, kinds)
        self._left = np.ones(sum(rows for _, rows in self._parts), bool)
        self._skipped_tables = [_read_table(path) for path in sorted(self._folder.glob("*.skipped"))]

    def _resume(self, what: str) -> str | None:
        """Load the parts that can be kept; returns the mark to resume from, or None if the listing is complete."""
        description_path = self._folder / _DESCRIPTION_FILE
        if not description_path.is_file() or description_path.read_text(encoding="utf-8") != what:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder.mkdir(parents=True)
            description_path.write_text(what, encoding="utf-8")
        part_infos = [part for part in iter(lambda: self._load_part(len(self._parts)), None) if part]
        is_complete = part_infos[-1].last if part_infos else False
        while not is_complete and part_infos and not part_infos[-1].mark:
            part_infos.pop()
        self._parts = self._parts[: len(part_infos)]
        for path in (*self._folder.glob("*.items"), *self._folder.glob("*.skipped")):
            if int(path.stem) >= len(part_infos):
                path.unlink()
        return None if is_complete else part_infos[-1].mark if part_infos else ""

    def _load_part(self, number: int) -> _PartInfo | None:
        """Load a part written earlier; None if it is missing, or damaged because the machine went down."""
        path = self._folder / f"{number:08}.items"
        try:
            part = _read_table(path)
            info = _PartInfo(*json.loads(part.schema.metadata[_PART_INFO_KEY]))
            if info.skipped and _read_table(path.with_suffix(".skipped")).num_rows != info.skipped:
                return None
        except (pa.ArrowException, OSError):
            return None
        self._parts.append((path, part.num_rows))
        return info

    def _write_parts(self, entries: Iterable[Item | Skipped | Mark], kinds: set[str]) -> None:
        items: list[Item] = []
        skipped: list[Skipped] = []
        has_mark, started = True, time.monotonic()
        for entry in entries:
            mark = ""
            if isinstance(entry, Mark):
                mark = entry.at
            elif isinstance(entry, Skipped):
                skipped.append(entry)
            elif entry.kind in kinds:
                items.append(entry)
            else:
                skipped.append(Skipped(entry.id, "no_task_for_kind", entry.kind))
            count = len(items) + len(skipped)
            is_due = mark and (count >= _PART_ROWS or not has_mark or time.monotonic() - started > _PART_S)
            if is_due or count >= 2 * _PART_ROWS:
                self._write(items, skipped, _PartInfo(mark, len(skipped)))
                items, skipped, has_mark, started = [], [], bool(mark), time.monotonic()
        self._write(items, skipped, _PartInfo("", len(skipped), last=True))

    def _write(self, items: list[Item], skipped: list[Skipped], info: _PartInfo) -> None:
        path = self._folder / f"{len(self._parts):08}.items"
        if skipped:
            _write_table(path.with_suffix(".skipped"), columns(skipped, SKIPPED))
        # Written last, because the presence of this file says that the part is complete.
        table = self._add_keys(columns(items, ITEM))
        _write_table(path, table.replace_schema_metadata({_PART_INFO_KEY: json.dumps(info)}))
        self._parts.append((path, len(items)))

    def _add_keys(self, table: Table) -> Table:
        ids, bundles = table["id"].to_pylist(), table["bundle"].to_pylist()
        names = keys = hashes(ids, "order", self._seed)
        if any(bundles):
            keys = hashes([b or i for b, i in zip(bundles, ids, strict=True)], "order", self._seed)
        for field, values in zip(_KEYS, (keys, names), strict=True):
            table = table.append_column(field, as_array(values))
        return table

    def __len__(self) -> int:
        """How many items are left, that is, not dropped."""
        return int(self._left.sum())

    @property
    def left(self) -> Numbers:
        """Which rows are left, as booleans."""
        return self._left

    def numbers(self, name: str) -> Numbers:
        """A numeric column, over all rows."""
        return np.concatenate([as_numbers(_read_table(path)[name]) for path, _ in self._parts])

    def equal(self, name: str, text: str) -> Numbers:
        """In which rows a column equals a text, as booleans."""
        return np.concatenate([equal(_read_table(path)[name], text) for path, _ in self._parts])

    def items(self, rows: Numbers | None = None) -> Iterator[tuple[int, Item]]:
        """Yield row number and item for the given rows, or for all that are left, in order."""
        wanted = np.flatnonzero(self._left) if rows is None else rows
        part_start = 0
        for path, count in self._parts:
            start, stop = np.searchsorted(wanted, (part_start, part_start + count))
            if start < stop:
                part_rows = wanted[start:stop]
                yield from zip(
                    part_rows.tolist(), items_of(_read_table(path).take(as_array(part_rows - part_start))), strict=True
                )
            part_start += count

    def drop(self, row: int, why: Skipped) -> None:
        """Drop an item from the plan, and note why."""
        self._left[row] = False
        self.skip([why])

    def skip(self, entries: Iterable[Skipped]) -> None:
        """Note entries that are not items of the plan."""
        self._dropped += entries
        if len(self._dropped) >= _PART_ROWS:
            self._skipped_tables.append(columns(self._dropped, SKIPPED))
            self._dropped = []

    def skipped(self) -> Table:
        """All skipped and dropped entries, sorted by all their columns."""
        tables = [*self._skipped_tables, columns(self._dropped, SKIPPED)]
        return pa.concat_tables(tables).sort_by([(name, "ascending") for name in SKIPPED.names])

    def drop_repeated(self) -> None:
        """Drop items whose name an earlier item has."""
        for span in _split_keys(sum(rows for _, rows in self._parts) // _SPAN_NAMES + 1):
            rows = self._sharing_names(span)
            seen: set[str] = set()
            for row, item in self.items(rows):
                if item.id in seen:
                    self.drop(row, Skipped(item.id, "duplicate_id"))
                seen.add(item.id)

    def _sharing_names(self, span: Span) -> Numbers:
        """The rows whose name's hash lies in the span and equals the hash of another row's name."""
        candidates, part_start = [], 0
        for path, count in self._parts:
            names = as_numbers(_read_table(path)["name"])
            matches = np.flatnonzero(span.holds(names))
            candidates.append((names[matches], matches + part_start))
            part_start += count
        names, rows = (np.concatenate(columns) for columns in zip(*candidates, strict=True))
        return rows[shared(names)]

    def ordered(self) -> Iterator[Table]:
        """Yield what is left in the plan's order (by the hash of the bundle's or item's name), one table per span."""
        size = sum(path.stat().st_size for path, _ in self._parts)
        for span in _split_keys(min(_MOST_SPANS, size // _SPAN_BYTES + 1)):
            tables, part_start = [], 0
            for path, count in self._parts:
                table = _read_table(path)
                matches = np.flatnonzero(
                    span.holds(as_numbers(table["key"])) & self._left[part_start : part_start + count]
                )
                tables.append(table.take(as_array(matches)).replace_schema_metadata())
                part_start += count
            yield in_order(pa.concat_tables(tables), self._seed).drop_columns(["key", "name"])

    def remove(self) -> None:
        """Delete the listing's files."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _reporting(
    entries: Iterable[Item | Skipped | Mark], kinds: set[str], found: int, report: Callable[[int], None]
) -> Iterator[Item | Skipped | Mark]:
    """Pass the entries of a source on, and report from time to time how many items there are."""
    report(found)
    last_report = time.monotonic()
    for entry in entries:
        found += isinstance(entry, Item) and entry.kind in kinds
        if time.monotonic() - last_report >= _REPORT_S:
            report(found)
            last_report = time.monotonic()
        yield entry


def in_order(table: Table, seed: int) -> Table:
    """Sort rows by key, keeping the order of rows within a bundle.

    A key is the first 64 bits of a hash; the whole hash decides between different names with the same key.
    """
    keys = as_numbers(table["key"])
    order = np.argsort(keys, kind="stable")
    keys, table = keys[order], table.take(as_array(order))
    names = pc.if_else(pc.equal(table["bundle"], texts([""])[0]), table["id"], table["bundle"]).combine_chunks()
    is_clash = (keys[1:] == keys[:-1]) & as_numbers(pc.not_equal(names[1:], names[:-1]))
    for key in np.unique(keys[1:][is_clash]):
        start, stop = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
        tied = sorted(range(start, stop), key=lambda row: digest("order", seed, names[row].as_py()))
        positions = np.arange(len(keys))
        positions[start:stop] = tied
        table = table.take(as_array(positions))
    return table


def shared(*columns: Numbers) -> Numbers:
    """The positions, in order, whose combination of values over all columns occurs at another position, too."""
    order = np.lexsort(columns)
    equals_next = np.logical_and.reduce([column[order][1:] == column[order][:-1] for column in columns])
    return np.sort(order[np.append(equals_next, False) | np.append(False, equals_next)] if len(order) else order)


def items_of(table: Table) -> Iterator[Item]:
    """The items in the rows of a table or batch."""
    columns = [table.column(name).to_pylist() for name in Item._fields]
    return map(Item._make, zip(*columns, strict=True))


def _split_keys(count: int) -> Iterator[Span]:
    edges = [k * _HASH_VALUES // count for k in range(count + 1)]
    return (Span(first, stop - 1) for first, stop in pairwise(edges))


def hashes(texts: Iterable[str], *parts: str | int) -> Numbers:
    """The first 64 bits of ``digest(*parts, text)``, for each text."""
    return np.frombuffer(heads(texts, *parts), ">u8").astype(np.uint64)


def columns(rows: Sequence[Any], schema: Any) -> Table:  # noqa: ANN401 - pyarrow has no types
    """Convert tuples to a table."""
    column_values = zip(*rows, strict=True) if rows else ((),) * len(schema)
    arrays = [
        texts(values) if field.type == pa.string() else as_array(np.array(values, field.type.to_pandas_dtype()))
        for values, field in zip(column_values, schema, strict=True)
    ]
    return pa.Table.from_arrays(arrays, schema=schema)


# pa.array and to_numpy are avoided: they import pandas where it is installed (40 MB, half a second) without using it.
def as_array(numbers: Numbers) -> Any:  # noqa: ANN401
    """A numpy array as an Arrow array, without a copy."""
    data = pa.py_buffer(np.ascontiguousarray(numbers))
    return pa.Array.from_buffers(pa.from_numpy_dtype(numbers.dtype), len(numbers), [None, data])


def as_numbers(column: Any) -> Numbers:  # noqa: ANN401
    """A column without nulls as a numpy array; copied only if it is in several chunks or boolean."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    array = array.cast(pa.uint8()) if array.type == pa.bool_() else array
    data = np.frombuffer(array.buffers()[1] or b"", array.type.to_pandas_dtype())[array.offset :][: len(array)]
    return data.astype(bool) if column.type == pa.bool_() else data


def equal(column: Any, text: str) -> Numbers:  # noqa: ANN401
    """Where a column equals a text, as booleans."""
    return as_numbers(pc.equal(column, texts([text])[0]))


def texts(values: Sequence[str]) -> Any:  # noqa: ANN401
    """Texts as an Arrow string array."""
    data = "".join(values)
    sizes = map(len, values) if data.isascii() else (len(value.encode()) for value in values)
    ends = np.zeros(len(values) + 1, np.int64)
    np.cumsum(np.fromiter(sizes, np.int64, len(values)), out=ends[1:])
    if ends[-1] > np.iinfo(np.int32).max:
        raise OverflowError(f"{ends[-1]} bytes of text in one part of a listing")
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data.encode()))


def _write_table(path: Path, table: Table) -> None:
    temporary = path.with_suffix(".tmp")
    with pa.OSFile(str(temporary), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    temporary.replace(path)


def _read_table(path: Path) -> Table:
    """A part, memory-mapped, so that it takes memory only while some of it is in use."""
    with pa.memory_map(str(path)) as file:
        return pa.ipc.open_file(file).read_all()
