"""Read the rows of a table one at a time (JSON, JSON lines, CSV, TSV, Parquet), without holding the whole file."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final, TextIO, TypeAlias

from puzzlegen.errors import SourceError

#: A row, or a message that says what is wrong with the row.
Row: TypeAlias = dict[str, Any] | str
_PIECE: Final = 1 << 20
_MOST_CHARACTERS: Final = 1 << 24
_BATCH_ROWS: Final = 1000
_WHITESPACE: Final = re.compile(r"[ \t\r\n]*")
_DECODER: Final = json.JSONDecoder()


def read_table(file: BinaryIO, suffix: str, columns: set[str]) -> Iterator[Row]:
    """Yield all rows in the file's order.

    Args:
        file: the table, from its beginning.
        suffix: one of :data:`SUFFIXES`.
        columns: the columns that are needed; Parquet reads only these, and the others are None.

    Raises:
        SourceError: the file is not such a table.
    """
    try:
        yield from _READERS[suffix](file, columns)
    except (ValueError, csv.Error, RecursionError, UnicodeDecodeError) as err:
        raise SourceError(f"it is not a {suffix.removeprefix('.')} table: {err}"[:300]) from err


@contextmanager
def _open_text(file: BinaryIO) -> Iterator[TextIO]:
    """Yield the file as text with its line ends unchanged; the file stays open."""
    text = io.TextIOWrapper(file, "utf-8-sig", newline="")
    try:
        yield text
    finally:
        text.detach()


def _read_lines(file: BinaryIO, _: set[str]) -> Iterator[Row]:
    with _open_text(file) as text:
        yield from (_parse_line(line) for line in text if line.strip())


def _parse_line(line: str) -> Row:
    try:
        return _check_mapping(json.loads(line))
    except (ValueError, RecursionError) as err:
        return f"no JSON: {err}"[:200]


def _read_array(file: BinaryIO, _: set[str]) -> Iterator[Row]:
    """Yield the elements of one JSON array, decoded one by one."""
    with _open_text(file) as text:
        reader = _JsonReader(text)
        reader.take("[")
        end = reader.peek() == "]"
        while not end:
            yield _check_mapping(reader.value())
            end = reader.take(",]") == "]"


class _JsonReader:
    """A reader of JSON that holds only a piece of the text at a time."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._buffer = ""
        self._position = 0

    def peek(self) -> str:
        """Return the next character that is not white space; empty at the end."""
        while True:
            space = _WHITESPACE.match(self._buffer, self._position)
            self._position = space.end() if space else self._position
            if self._position < len(self._buffer) or not self._read_more():
                return self._buffer[self._position : self._position + 1]

    def take(self, allowed: str) -> str:
        """Consume and return the next character, which must be one of ``allowed``."""
        char = self.peek()
        if not char or char not in allowed:
            raise ValueError(f"found {char or 'the end'} where {' or '.join(allowed)} must stand")
        self._position += 1
        return char

    def value(self) -> object:
        """Consume and return the next JSON value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._position)
            except ValueError:
                if len(self._buffer) - self._position > _MOST_CHARACTERS or not self._read_more():
                    raise
                continue
            # A number at the end of a piece may continue in the next one.
            if end < len(self._buffer) or not self._read_more():
                self._position = end
                return value

    def _read_more(self) -> bool:
        piece = self._text.read(_PIECE)
        self._buffer, self._position = self._buffer[self._position :] + piece, 0
        return bool(piece)


def _check_mapping(value: object) -> Row:
    return value if isinstance(value, dict) else f"{type(value).__name__}, not an object of fields"


def _delimited_reader(delimiter: str) -> Callable[[BinaryIO, set[str]], Iterator[Row]]:
    def read(file: BinaryIO, _: set[str]) -> Iterator[Row]:
        with _open_text(file) as text:
            for row in csv.DictReader(text, delimiter=delimiter, strict=True):
                yield "more cells than the table has columns" if None in row else row

    return read


def _read_parquet(file: BinaryIO, columns: set[str]) -> Iterator[Row]:
    import pyarrow as pa  # noqa: PLC0415 - only this format pays for it
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.ParquetFile(file)
        names = table.schema_arrow.names
        unread = dict.fromkeys(name for name in names if name not in columns)
        for batch in table.iter_batches(_BATCH_ROWS, columns=[name for name in names if name in columns]):
            yield from ({**row, **unread} for row in batch.to_pylist())
    except (pa.ArrowException, OSError) as err:
        raise ValueError(str(err)) from err


_READERS: Final[dict[str, Callable[[BinaryIO, set[str]], Iterator[Row]]]] = {
    ".json": _read_array,
    ".jsonl": _read_lines,
    ".csv": _delimited_reader(","),
    ".tsv": _delimited_reader("\t"),
    ".parquet": _read_parquet,
}
SUFFIXES: Final = tuple(_READERS)
