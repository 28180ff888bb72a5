"""One data file on its way from rows to its final name, with the digests that the manifest keeps of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from puzzlegen.output import measured, publish
from puzzlegen.records import canonical_json
from puzzlegen.writers import Row, Writer, open_writer


class DataFile:
    """A file that exists only once it has rows, and under its final name only once it is whole.

    Args:
        path: final name, relative to the output folder.
        temporary: where it is written until then; on the same file system.
        folder: the folder below ``data/`` that it lies in; names its modality profile.
    """

    def __init__(self, path: str, temporary: Path, folder: str) -> None:
        self._path, self._temporary, self._folder = path, temporary, folder
        self._writer: Writer | None = None
        self._content = hashlib.sha256()
        self._rows = 0

    def write(self, rows: list[Row]) -> None:
        """Append rows; together they are one row group."""
        if self._writer is None:
            self._temporary.parent.mkdir(parents=True, exist_ok=True)
            output_format = "parquet" if self._path.endswith(".parquet") else "webdataset"
            self._writer = open_writer(output_format, self._temporary, profile_of(self._folder))
        for row in rows:
            self._content.update(content_of_row(row))
        self._writer.write(rows)
        self._rows += len(rows)

    def publish(self, out: Path) -> dict[str, Any] | None:
        """Finish the file, make it final and describe it for the manifest; None if it has no rows."""
        if self._writer is None:
            return None
        self._writer.close()
        measures = measured(self._temporary)
        publish(self._temporary, out / self._path)
        return {
            "path": self._path,
            "folder": self._folder,
            "rows": self._rows,
            **measures,
            "content_sha256": self._content.hexdigest(),
        }


def content_of_row(row: Row) -> bytes:
    """What of a row ``content_sha256`` is made of."""
    return canonical_json([row["id"], row["problem"], row["answer"], row["ground_truth"]]).encode()


def profile_of(folder: str) -> Any:  # noqa: ANN401 - a Profile
    """The modality profile of a folder below ``data/``; a WebDataset's may end in a number of media."""
    return folder.rstrip("0123456789").rstrip("_")
