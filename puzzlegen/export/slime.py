"""slime: JSON lines; pictures as paths or data URIs, because it drops ``{bytes, path}`` without a word; no clips."""

from __future__ import annotations

from typing import Any

from puzzlegen.export import Row, Target


class Slime(Target):
    """``--input-key prompt --label-key label --metadata-key metadata``; the reward gets ``label``."""

    def row(self, row: Row, media: list[Any]) -> Row:
        """One row."""
        return {
            "prompt": row["prompt"],
            **({"images": media} if media else {}),
            "label": row["ground_truth"],
            "metadata": {"id": row["id"], "source_name": row["data_source"], "solution": row["solution"]},
        }
