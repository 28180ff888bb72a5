"""Writers: write rows to one file of a shard, at a temporary path; the build moves the file to its final path."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from puzzlegen.records import Profile

Row = dict[str, Any]


class Writer(Protocol):
    """One open file of a shard."""

    def write(self, rows: list[Row]) -> None:
        """Append rows, which together form one row group."""

    def close(self) -> None:
        """Finish the file."""


def open_writer(output_format: str, path: Path, profile: Profile) -> Writer:
    """Return a writer for ``parquet`` or ``webdataset``."""
    if output_format == "parquet":
        from puzzlegen.writers.parquet import ParquetFile  # noqa: PLC0415 - only the one that is used

        return ParquetFile(path, profile)
    from puzzlegen.writers.webdataset import TarFile  # noqa: PLC0415

    return TarFile(path)


def suffix(output_format: str) -> str:
    """Return the file name extension of a format, with dot."""
    return ".parquet" if output_format == "parquet" else ".tar"
