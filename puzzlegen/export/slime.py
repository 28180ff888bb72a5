"""slime: JSON lines, pictures as paths or data URIs (slime silently drops ``{bytes, path}``), no clips."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class Slime(Target):
    """For ``--input-key prompt --label-key label --metadata-key metadata``; slime's reward gets ``label``."""

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that slime reads, with the puzzle's id and solution as metadata."""
        return {
            "prompt": row["prompt"],
            **({"images": media} if media else {}),
            "label": row["ground_truth"],
            "metadata": {"id": row["id"], "source_name": row["data_source"], "solution": row["solution"]},
        }
