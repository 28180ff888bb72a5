"""ms-swift: JSON lines with ``messages``; pictures and clips as paths or data URIs."""

from __future__ import annotations

from typing import Any, ClassVar

from puzzlegen.export import Carrier, Row, Target


class Swift(Target):
    """Rows with ``messages``, as ms-swift reads ``prompt`` as a bare question; rewards get all other columns."""

    videos: ClassVar[tuple[Carrier, ...]] = ("path", "data_uri")

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that ms-swift and its rewards read."""
        return {
            "id": row["id"],
            "data_source": row["data_source"],
            "messages": row["prompt"],
            **self.media_column(row, media),
            "ground_truth": row["ground_truth"],
            "solution": row["solution"],
        }
