"""OpenRLHF: JSON lines, pictures as paths or data URIs, no clips; OpenRLHF's reward gets only ``label``."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class OpenRLHF(Target):
    """Columns ``prompt``, ``images``, ``label`` and ``datasource``, for ``--data.input_key`` and similar options."""

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that OpenRLHF reads, and the puzzle's id and solution."""
        return {
            "id": row["id"],
            "prompt": row["prompt"],
            **({"images": media} if media else {}),
            "label": row["ground_truth"],
            "datasource": row["data_source"],
            "solution": row["solution"],
        }
