"""One data file, from its first row to its final name, with the digests that the manifest stores."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from puzzlegen.output import measured, publish
from puzzlegen.records import canonical_json
from puzzlegen.writers import Row, Writer, open_writer


class DataFile:
    """A data file that is created with its first rows, and gets its final name only once it is complete.

    Args:
        path: final path, relative to the output folder.
        temporary: where the file is written until it is complete; on the same file system unless the output is a URL.
        folder: the file's folder below ``data/``, which names its modality profile.
    """

    def __init__(self, path: str, temporary: Path, folder: str) -> None:
        self._path, self._temporary, self._folder = path, temporary, folder
        self._writer: Writer | None = None
        self._content = hashlib.sha256()
        self._rows = 0

    def write(self, rows: list[Row]) -> None:
        """Append rows as one row group."""
        if self._writer is None:
            self._temporary.parent.mkdir(parents=True, exist_ok=True)
            output_format = "parquet" if self._path.endswith(".parquet") else "webdataset"
            self._writer = open_writer(output_format, self._temporary, profile_of(self._folder))
        for row in rows:
            self._content.update(content_of_row(row))
        self._writer.write(rows)
        self._rows += len(rows)

    def publish(self, out: Path) -> dict[str, Any] | None:
        """Complete the file, move it to its final path and return its manifest entry; None if it has no rows."""
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
    """The part of a row that ``content_sha256`` covers, as bytes."""
    return canonical_json([row["id"], row["problem"], row["answer"], row["ground_truth"]]).encode()


def profile_of(folder: str) -> Any:  # noqa: ANN401 - a Profile
    """The modality profile of a folder below ``data/``; a WebDataset folder's name may end in its number of media."""
    return folder.rstrip("0123456789").rstrip("_")
