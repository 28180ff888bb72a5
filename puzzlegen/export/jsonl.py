"""Plain JSON lines with every column of the record, media as files or data URIs: for programs without a target."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class JsonLines(Target):
    """The record as it is, except for how media are carried."""

    videos = ("path", "data_uri")

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the record with its media as carried."""
        return row | self.media_column(row, media)
