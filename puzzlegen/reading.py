"""Read the records of a finished folder, in either format."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen.errors import IntegrityError, PuzzlegenError, named_line
from puzzlegen.files import is_url
from puzzlegen.manifest import MANIFEST, read_manifest
from puzzlegen.records import split_in
from puzzlegen.schema import EXTRA_INFO, WORDS
from puzzlegen.writers import Row

#: What reading a damaged file raises, depending on the layer that finds the damage; for a bad page, Arrow's OSError.
UNREADABLE: Final = (pa.ArrowException, tarfile.TarError, OSError, EOFError, ValueError, LookupError)


def manifest_of(folder: Path) -> dict[str, Any]:
    """Return the manifest of a finished build; IntegrityError if the folder has none, or a damaged one."""
    stored = read_manifest(folder)
    if stored is None:
        missing = "it is a file" if folder.is_file() else "there is no such folder"
        state = "the build is not finished: run it again" if folder.is_dir() else missing
        raise IntegrityError(f"'{folder}' has no {MANIFEST}; {state}")
    return stored


def files_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the entries of all data files in a manifest."""
    return [file for shard in manifest["shards"] for file in shard["files"]]


def files_in(folder: Path, split: str | None = None) -> list[dict[str, Any]]:
    """Return the entries of the data files of one split or of all; PuzzlegenError if there is no such split."""
    files = files_of(manifest_of(folder))
    known = sorted({split_in(file["path"]) for file in files})
    if split is not None and split not in known:
        raise PuzzlegenError(f"'{folder}' has no split '{split}'; it has {', '.join(known)}")
    return [file for file in files if split in {None, split_in(file["path"])}]


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
    """Yield the rows of one data file in order, without holding the whole file in memory.

    Args:
        path: a ``.parquet`` or ``.tar`` of a build.
        columns: read only these columns.

    Raises:
        IntegrityError: the file is missing, may not be read, or is damaged.
    """
    try:
        yield from _iter_rows(path, columns)
    except UNREADABLE as err:
        raise unreadable(path, err) from err


def unreadable(path: object, err: Exception) -> IntegrityError:
    """Return the one-line error for a file that cannot be read."""
    return IntegrityError(f"'{path}' cannot be read: {named_line(err):.200}; puzzlegen verify lists what is damaged")


@contextmanager
def decoding(puzzle: str) -> Iterator[None]:
    """Context for decoding a stored puzzle's media: turns the errors of decoders into one of puzzlegen's.

    Raises:
        IntegrityError: a medium cannot be decoded.
    """
    try:
        yield
    except PuzzlegenError:
        raise
    # On damaged bytes, decoders raise almost anything.
    except Exception as err:
        what = f"puzzle {puzzle}: a medium cannot be decoded ({type(err).__name__})"
        raise IntegrityError(f"{what}; puzzlegen verify lists what is damaged") from err


def _iter_rows(path: Path, columns: list[str] | None) -> Iterator[Row]:
    if path.suffix == ".parquet":
        # Arrow reads local files itself, because what Python reads for it is in memory twice.
        with ExitStack() as stack:
            source = stack.enter_context(path.open("rb")) if is_url(str(path)) else path
            file = stack.enter_context(pq.ParquetFile(source))
            for batch in file.iter_batches(batch_size=64, columns=columns, use_threads=False):
                yield from batch.to_pylist()
    else:
        with path.open("rb") as file:
            yield from read_tar(file, columns)


def read_tar(file: BinaryIO, columns: list[str] | None = None) -> Iterator[Row]:
    """Yield the rows of an open tar of a build, in order."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        row: Row = {}
        for member in tar:
            data = tar.extractfile(member)
            if data is None:
                continue
            if member.name.endswith(".json"):
                if row:
                    yield _select_columns(row, columns)
                row = _check_record(member.name, json.loads(data.read()))
                continue
            _, k, ext = member.name.split(".")
            column = "videos" if ext == "mp4" else "images"
            if columns is None or column in columns:  # else the medium is skipped unread
                row.setdefault(column, []).append({"bytes": data.read(), "path": f"{row['id']}-{k}.{ext}"})
        if row:
            yield _select_columns(row, columns)


def _check_record(name: str, row: object) -> Row:
    """Return a record without its media, checked here because a tar has no schema."""
    if not isinstance(row, dict) or not row.keys() >= set(WORDS):
        raise ValueError(f"{name} is not a record")
    info = row["extra_info"]
    if not isinstance(info, dict) or not info.keys() >= set(EXTRA_INFO.names):
        raise ValueError(f"extra_info of {name} is not that of a record")
    return row


def _select_columns(row: Row, columns: list[str] | None) -> Row:
    return row if columns is None else {key: row[key] for key in columns}
