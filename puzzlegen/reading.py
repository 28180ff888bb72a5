"""Read the records of a finished folder back, whichever format they are in."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow.parquet as pq

from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.files import is_url
from puzzlegen.manifest import MANIFEST, read_manifest
from puzzlegen.records import split_in
from puzzlegen.writers import Row


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a finished build; IntegrityError if the folder has none, or a damaged one."""
    found = read_manifest(folder)
    if found is None:
        missing = "it is a file" if folder.is_file() else "there is no such folder"
        state = "the build is not finished: run it again" if folder.is_dir() else missing
        raise IntegrityError(f"'{folder}' has no {MANIFEST}; {state}")
    return found


def files_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """All data files that a manifest names."""
    return [file for shard in manifest["shards"] for file in shard["files"]]


def files_in(folder: Path, split: str | None = None) -> list[dict[str, Any]]:
    """The data files of a split, or of all; PuzzlegenError if there is no such split."""
    files = files_of(manifest_of(folder))
    known = sorted({split_in(file["path"]) for file in files})
    if split is not None and split not in known:
        raise PuzzlegenError(f"'{folder}' has no split '{split}'; it has {', '.join(known)}")
    return [file for file in files if split in {None, split_in(file["path"])}]


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
    """The rows of one data file, in order, a row group at a time.

    Args:
        path: a ``.parquet`` or ``.tar`` of a build.
        columns: only these.
    """
    if path.suffix == ".parquet":
        # A local file is read by Arrow itself; what Python reads for it lies in memory twice.
        with ExitStack() as opened:
            source = opened.enter_context(path.open("rb")) if is_url(str(path)) else path
            file = opened.enter_context(pq.ParquetFile(source))
            for batch in file.iter_batches(batch_size=64, columns=columns):
                yield from batch.to_pylist()
    else:
        with path.open("rb") as file:
            yield from read_tar(file, columns)


def read_tar(file: BinaryIO, columns: list[str] | None = None) -> Iterator[Row]:
    """The rows of an open tar of a build, in order."""
    with tarfile.open(fileobj=file, mode="r:") as tar:
        row: Row = {}
        for member in tar:
            data = tar.extractfile(member)
            if data is None:
                continue
            if member.name.endswith(".json"):
                if row:
                    yield _only(row, columns)
                row = json.loads(data.read())
                continue
            _, k, ext = member.name.split(".")
            column = "videos" if ext == "mp4" else "images"
            if columns is None or column in columns:  # else the media are stepped over unread
                row.setdefault(column, []).append({"bytes": data.read(), "path": f"{row['id']}-{k}.{ext}"})
        if row:
            yield _only(row, columns)


def _only(row: Row, columns: list[str] | None) -> Row:
    return row if columns is None else {key: row[key] for key in columns}
