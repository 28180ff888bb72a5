"""ms-swift: JSON lines with ``messages``, pictures and clips as paths or data URIs."""

from __future__ import annotations

from typing import Any, ClassVar

from puzzlegen.export import Carrier, Row, Target


class Swift(Target):
    """``messages`` instead of ``prompt``, which ms-swift takes for a bare question; rewards get all other columns."""

    videos: ClassVar[tuple[Carrier, ...]] = ("path", "data_uri")

    def row(self, row: Row, media: list[Any]) -> Row:
        """One row."""
        column = "videos" if "video_meta" in row else "images"
        return {
            "id": row["id"],
            "data_source": row["data_source"],
            "messages": row["prompt"],
            **({column: media} if media else {}),
            "ground_truth": row["ground_truth"],
            "solution": row["solution"],
        }
