"""EasyR1: Parquet with the text column ``problem`` and either ``images`` or ``videos``; media as paths by default."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa

from puzzlegen.export import Carrier, Row, Target
from puzzlegen.records import Profile
from puzzlegen.schema import MEDIUM, STRING


class EasyR1(Target):
    """For ``data.prompt_key=problem data.answer_key=ground_truth``: EasyR1's reward gets only ``ground_truth``."""

    images: ClassVar[tuple[Carrier, ...]] = ("path", "bytes")
    videos: ClassVar[tuple[Carrier, ...]] = ("path",)
    suffix = ".parquet"

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the text columns and the one media column that EasyR1 reads."""
        return {name: row[name] for name in _TEXT_COLUMNS} | self.media_column(row, media)

    def schema(self, profile: Profile, carrier: Carrier) -> pa.Schema:
        """Return text columns and at most one media column: even an empty ``images`` beside ``videos`` hides clips."""
        medium = MEDIUM if carrier == "bytes" else STRING
        column = {"video": "videos", "text": ""}.get(profile, "images")
        return pa.schema([(name, STRING) for name in _TEXT_COLUMNS] + ([(column, pa.list_(medium))] if column else []))


_TEXT_COLUMNS = ("id", "data_source", "problem", "solution", "ground_truth")
