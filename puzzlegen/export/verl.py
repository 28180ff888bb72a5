"""verl: the record's own columns, with clips as paths because verl's loader does not read clips from bytes."""

from __future__ import annotations

from typing import Any, ClassVar

import pyarrow as pa

from puzzlegen.export import Carrier, Row, Target
from puzzlegen.records import Profile
from puzzlegen.schema import MEDIUM, STRING, arrow_schema

_COLUMNS = ("id", "data_source", "ability", "prompt", "solution", "reward_model", "extra_info")
#: A clip is stored with its frame rate, because verl samples two frames per second without it.
_CLIP_TYPE = pa.struct([("video", STRING), ("fps", pa.float64())])


class Verl(Target):
    """Pictures stay bytes by default; ``--images path`` saves memory, because verl keeps bytes in memory."""

    images: ClassVar[tuple[Carrier, ...]] = ("bytes", "path")
    videos: ClassVar[tuple[Carrier, ...]] = ("path",)
    suffix = ".parquet"

    def row(self, row: Row, media: list[Any]) -> Row:
        """Return the columns that verl reads, with each clip as path and frame rate."""
        columns = {name: row[name] for name in _COLUMNS}
        if "video_meta" in row:
            clips = zip(media, row["video_meta"], strict=True)
            return columns | {"videos": [{"video": path, "fps": meta["fps"]} for path, meta in clips]}
        return columns | ({"images": media} if media else {})

    def schema(self, profile: Profile, carrier: Carrier) -> pa.Schema:
        """Return the build's own fields, with a media column in the form that is carried."""
        fields = [field for field in arrow_schema(profile) if field.name in _COLUMNS]
        if profile == "video":
            fields.append(pa.field("videos", pa.list_(_CLIP_TYPE)))
        elif profile != "text":
            fields.append(pa.field("images", pa.list_(MEDIUM if carrier == "bytes" else STRING)))
        return pa.schema(fields)
