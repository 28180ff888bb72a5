"""The forms of the JSON files that a build leaves. Files are checked when read, so no reader has to check keys."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, ValidationError

from puzzlegen.errors import IntegrityError

_Count = Annotated[int, Field(strict=True, ge=0)]
_Integer = Annotated[int, Field(strict=True)]
_Text = Annotated[str, Field(strict=True)]
_Digest = Annotated[str, Field(strict=True, pattern=r"^[0-9a-f]{64}$")]
_DataPath = Annotated[
    str, Field(strict=True, pattern=r"^data/[a-z0-9_]+/[A-Za-z0-9_-]+-[0-9]{5,}-of-[0-9]{5,}\.(parquet|tar)$")
]
_Folder = Annotated[str, Field(strict=True, pattern=r"^(image|multi_image|video|text)(_[0-9]+)?$")]
_AssetPath = Annotated[str, Field(strict=True, pattern=r"^(rejections\.parquet|(data|assets)/[^\x00]+)$")]
#: Characters of a wrong value in an error message.
_MAX_SHOWN: Final = 60


class _Asset(BaseModel):
    path: _AssetPath
    bytes: _Count
    sha256: _Digest


class _File(BaseModel):
    path: _DataPath
    folder: _Folder
    rows: _Count
    bytes: _Count
    sha256: _Digest
    content_sha256: _Digest


class _Shard(BaseModel):
    name: _Text
    files: list[_File]


class _Output(BaseModel):
    format: Literal["parquet", "webdataset"]


class _Recipe(BaseModel):
    seed: _Integer
    source: dict[str, Any]
    splits: dict[str, Any]
    tasks: list[dict[str, Any]]
    output: _Output


class _Source(BaseModel):
    items: _Count
    listing: _Digest


class Begun(BaseModel):
    """``build.json``: what a build was started with."""

    environment: dict[str, _Text]
    format: _Count
    limit: _Count | None
    recipe: _Recipe
    source: _Source
    task_versions: dict[str, _Integer]


class Entry(BaseModel):
    """The entry that a finished shard leaves; ``build`` is the digest of the shard's build."""

    build: _Text
    files: list[_File]
    kept: dict[str, _Count]
    rejections: list[tuple[_Text, _Text, _Text, _Text, _Count]]
    shard: _Text
    sources: dict[str, tuple[_Text, _Integer]]
    split: _Text


class Manifest(Begun):
    """``manifest.json``: what a build was started with, and its results."""

    assets: list[_Asset]
    content_sha256: _Digest
    kept: dict[str, _Count]
    rejected: dict[str, dict[str, _Count]]
    rows: dict[str, dict[str, _Count]]
    shards: list[_Shard]
    subset: dict[str, Any] | None = None


def refuse_unstated(found: object, model: type[BaseModel], where: object) -> None:
    """Raise IntegrityError unless an object read from JSON has the keys and types of ``model``.

    Args:
        found: the object.
        model: the form that the object should have.
        where: the file of the object, for the message.

    Raises:
        IntegrityError: the object has another form; the message names the first place that is wrong.
    """
    try:
        model.model_validate(found)
    except ValidationError as err:
        error = err.errors(include_url=False)[0]
        field = ".".join(map(str, error["loc"]))
        wrong = f"has {field} {error['input']!r:.{_MAX_SHOWN}}: {error['msg']}" if field else "is not an object"
        what = f"lacks {field}" if error["type"] == "missing" else wrong
        raise IntegrityError(f"'{where}' is damaged, or of something else: it {what}") from None
