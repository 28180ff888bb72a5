"""Plain JSON lines with every column of the record, media as files or data URIs: for whatever has no target here."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class JsonLines(Target):
    """The record as it is, but for the media."""

    videos = ("path", "data_uri")

    def row(self, row: Row, media: list[Any]) -> Row:
        """One row."""
        column = "videos" if "video_meta" in row else "images"
        return row | ({column: media} if media else {})
