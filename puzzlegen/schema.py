"""The Arrow schema of a record: one per modality profile, the same in every shard.

The ``huggingface`` metadata uses the bracket form of lists, which every ``datasets`` from 3.6 on reads, with images
decoded. Videos are plain ``{bytes, path}`` structs, so that reading them never needs torchcodec.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from puzzlegen.records import Profile

STRING, LONG, DOUBLE = pa.string(), pa.int64(), pa.float64()
MEDIUM = pa.struct([("bytes", pa.binary()), ("path", STRING)])
EXTRA_INFO = pa.struct(
    [
        ("index", LONG),
        ("id", STRING),
        ("split", STRING),
        ("task", STRING),
        ("difficulty", DOUBLE),
        ("margin", DOUBLE),
        ("chance", DOUBLE),
        ("pair_id", STRING),
        ("params", STRING),
        ("variant", LONG),
        ("slots", STRING),
        ("source_uri", STRING),
        ("source_sha256", STRING),
        ("licence", STRING),
    ]
)
VIDEO_META = pa.struct([("fps", DOUBLE), ("frames", LONG), ("timestamps", pa.list_(DOUBLE))])
_HEAD = [
    ("id", STRING),
    ("data_source", STRING),
    ("ability", STRING),
    ("problem", STRING),
    ("prompt", pa.list_(pa.struct([("role", STRING), ("content", STRING)]))),
]
_TAIL = [
    ("answer", STRING),
    ("solution", STRING),
    ("ground_truth", STRING),
    ("reward_model", pa.struct([("style", STRING), ("ground_truth", STRING)])),
    ("extra_info", EXTRA_INFO),
]
_MEDIA = {
    "image": [("images", pa.list_(MEDIUM))],
    "multi_image": [("images", pa.list_(MEDIUM))],
    "video": [("videos", pa.list_(MEDIUM)), ("video_meta", pa.list_(VIDEO_META))],
    "text": [],
}
#: The columns that every record has, whatever its media.
WORDS = tuple(name for name, _ in (*_HEAD, *_TAIL))
#: Leaf columns of encoded media; they are stored uncompressed, all others compressed.
MEDIA_LEAVES = ("images.list.element.bytes", "videos.list.element.bytes")


def media_column(profile: Profile) -> str | None:
    """Return the column that holds the media of a profile, or None if it has no media."""
    return _MEDIA[profile][0][0] if _MEDIA[profile] else None


def arrow_schema(profile: Profile) -> pa.Schema:
    """Return the fixed schema of a profile, with the features for ``datasets`` in its metadata."""
    schema = pa.schema([*_HEAD, *_MEDIA[profile], *_TAIL])
    info = {"info": {"features": features(profile)}}
    return schema.with_metadata({"huggingface": json.dumps(info, sort_keys=True)})


def features(profile: Profile) -> dict[str, Any]:
    """Return the features of a profile in the form of the metadata of ``datasets``."""
    columns = {name: _feature(kind) for name, kind in [*_HEAD, *_MEDIA[profile], *_TAIL]}
    if "images" in columns:
        columns["images"] = [{"_type": "Image"}]
    return columns


def _feature(kind: pa.DataType) -> Any:  # noqa: ANN401 - nested dicts and lists
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    return {"dtype": {"double": "float64"}.get(str(kind), str(kind)), "_type": "Value"}


def leaves(schema: pa.Schema) -> list[str]:
    """Return the Parquet paths of all leaf columns."""
    return [path for field in schema for path in _leaves(field.name, field.type)]


def _leaves(path: str, kind: pa.DataType) -> list[str]:
    if pa.types.is_struct(kind):
        return [leaf for field in kind for leaf in _leaves(f"{path}.{field.name}", field.type)]
    if pa.types.is_list(kind):
        return _leaves(f"{path}.list.element", kind.value_type)
    return [path]
