"""Read the records of a finished folder back, whichever format they are in."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from puzzlegen.errors import IntegrityError
from puzzlegen.manifest import MANIFEST, read_manifest
from puzzlegen.writers import Row


def manifest_of(folder: Path) -> dict[str, Any]:
    """The manifest of a finished build; IntegrityError if the folder has none."""
    try:
        found = read_manifest(folder)
    except ValueError as err:
        raise IntegrityError(f"'{folder / MANIFEST}' is damaged: {err}") from err
    if found is None:
        state = "the build is not finished: run it again" if folder.is_dir() else "there is no such folder"
        raise IntegrityError(f"'{folder}' has no {MANIFEST}; {state}")
    return found


def files_of(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """All data files that a manifest names."""
    return [file for shard in manifest["shards"] for file in shard["files"]]


def read_rows(path: Path, columns: list[str] | None = None) -> Iterator[Row]:
    """The rows of one data file, in order, a row group at a time.

    Args:
        path: a ``.parquet`` or ``.tar`` of a build.
        columns: only these.
    """
    if path.suffix == ".parquet":
        with path.open("rb") as handle, pq.ParquetFile(handle) as file:
            for batch in file.iter_batches(batch_size=64, columns=columns):
                yield from batch.to_pylist()
    else:
        yield from _read_tar(path, columns)


def _read_tar(path: Path, columns: list[str] | None) -> Iterator[Row]:
    with path.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
        row: Row = {}
        for member in tar:
            data = tar.extractfile(member)
            if data is None:
                continue
            if member.name.endswith(".json"):
                if row:
                    yield _only(row, columns)
                row = json.loads(data.read())
            else:
                _, k, ext = member.name.split(".")
                column = "videos" if ext == "mp4" else "images"
                row.setdefault(column, []).append({"bytes": data.read(), "path": f"{row['id']}-{k}.{ext}"})
        if row:
            yield _only(row, columns)


def _only(row: Row, columns: list[str] | None) -> Row:
    return row if columns is None else {key: row[key] for key in columns}
