"""OpenRLHF: JSON lines whose reward gets ``label`` alone; pictures as paths or data URIs, no clips."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class OpenRLHF(Target):
    """Columns ``prompt``, ``images``, ``label``, ``datasource``, as ``--data.input_key`` and kin name them."""

    def row(self, row: Row, media: list[Any]) -> Row:
        """One row."""
        return {
            "id": row["id"],
            "prompt": row["prompt"],
            **({"images": media} if media else {}),
            "label": row["ground_truth"],
            "datasource": row["data_source"],
            "solution": row["solution"],
        }
