"""SFT: JSON lines whose ``messages`` end with the stored solution, as ms-swift and LLaMA-Factory read them."""

from __future__ import annotations

from typing import Any, ClassVar

from puzzlegen.export import Carrier, Row, Target


class Sft(Target):
    """Rows to imitate: the prompt, then the solution as the assistant's turn; placeholders stay in the text."""

    videos: ClassVar[tuple[Carrier, ...]] = ("path", "data_uri")

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that SFT trainers read, and the puzzle's id and task."""
        return {
            "id": row["id"],
            "data_source": row["data_source"],
            "messages": [*row["prompt"], {"role": "assistant", "content": row["solution"]}],
            **self.media_column(row, media),
        }
