"""The contents of a folder as a trainer sees it: a build, an export, or any data files with rows."""

from __future__ import annotations

import base64
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import av
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from puzzlegen.datafile import profile_of
from puzzlegen.errors import IntegrityError
from puzzlegen.exporting import MARK, read_mark
from puzzlegen.manifest import MANIFEST, read_manifest
from puzzlegen.media.container import open_container
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import split_in

Row = dict[str, Any]
Medium = Literal["image", "video", ""]
COLUMNS: Final = ("images", "videos")
_MAX_NAMED: Final = 5
_SUFFIXES: Final = (".parquet", ".jsonl", ".json", ".tar")
_PICTURE_MAGIC: Final = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
_CLIP_MAGIC: Final = (b"\x1aE\xdf\xa3", b"\0\0\x01\xba", b"\0\0\x01\xb3")
_STILL_BRANDS: Final = (b"avif", b"avis", b"heic", b"mif1")


class Part(NamedTuple):
    """One data file.

    Attributes:
        path: where it is.
        profile: its modality profile, or its folder's name if the profile is not known.
        split: its split.
        rows: number of its rows; None if nothing but the file itself says so.
    """

    path: Path
    profile: str
    split: str
    rows: int | None = None


class Clip(NamedTuple):
    """A clip's frames per second and its number of frames."""

    fps: float
    frames: int


class Contents(NamedTuple):
    """The data files of a folder.

    Attributes:
        folder: the folder that was looked at.
        kind: ``build``, ``export`` or ``files``.
        parts: the data files, in the folder's order.
        to: an export's target.
        root: what the media paths in an export's rows begin with; not ``folder`` if it was made for another place.
        system: whether an export was made from prompts with a system message, which its rows may lack.
    """

    folder: Path
    kind: Literal["build", "export", "files"]
    parts: list[Part]
    to: str = ""
    root: str = ""
    system: bool = False


def contents(folder: Path) -> Contents:
    """Find the data files of a folder.

    Raises:
        IntegrityError: there is no such folder, it holds no data files, or it is a parent folder of builds or exports.
    """
    if (folder / MANIFEST).is_file():
        files = files_of(manifest_of(folder))
        return Contents(folder, "build", [_built_part(folder, file) for file in files])
    if (mark := read_mark(folder)) is not None:
        names = [name for name in mark.files if name.rpartition("/")[0] in mark.rows]
        parts = [_exported_part(folder, name, mark.rows) for name in names]
        return Contents(folder, "export", parts, mark.to, mark.root, mark.system)
    if inner := _builds_and_exports_in(folder):
        more = f" and {len(inner) - _MAX_NAMED} more" if len(inner) > _MAX_NAMED else ""
        raise IntegrityError(f"'{folder}' holds builds or exports; give one: {', '.join(inner[:_MAX_NAMED])}{more}")
    data_paths = sorted(path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    if not data_paths:
        what = "no rows" if folder.is_dir() else "no such folder"
        raise IntegrityError(f"'{folder}': {what}; give a build ({MANIFEST}), an export ({MARK}) or a folder of rows")
    return Contents(folder, "files", [_plain_part(path) for path in data_paths])


def _builds_and_exports_in(folder: Path) -> list[str]:
    """The paths of the builds and exports below a folder. Files of other programs may have the same names."""
    readers: dict[str, Callable[[Path], object]] = {MANIFEST: read_manifest, MARK: read_mark}
    paths = []
    for name, read in readers.items():
        for path in folder.rglob(name):
            with suppress(IntegrityError, TypeError):
                read(path.parent)
                paths.append(path.parent.as_posix())
    return sorted(paths)


def _built_part(folder: Path, file: dict[str, Any]) -> Part:
    path = file["path"]
    return Part(folder / path, profile_of(file["folder"]), split_in(path), file["rows"])


def _exported_part(folder: Path, name: str, rows: dict[str, dict[str, int]]) -> Part:
    profile, split = name.partition("/")[0], Path(name).stem
    return Part(folder / name, profile, split, rows[profile].get(split))


def _plain_part(path: Path) -> Part:
    return Part(path, path.parent.name, split_in(path.as_posix()) if "-of-" in path.name else path.stem)


def head(path: Path, n: int) -> list[Row]:
    """The first ``n`` rows of a file; raises IntegrityError if they cannot be read."""
    with _reading(path):
        return list(islice(_iter_rows(path), n))


def most_media(path: Path, column: str) -> int:
    """The largest number of media that a row of a file has in a column; 0 if there is no such column.

    Raises:
        IntegrityError: the file cannot be read.
    """
    with _reading(path):
        if path.suffix == ".parquet":
            return max(_parquet_counts(path, column), default=0)
        # All samples of a tar of puzzles have the same number of media.
        rows = islice(_iter_rows(path), 1) if path.suffix == ".tar" else _iter_rows(path)
        return max((_count_media(row.get(column)) for row in rows), default=0)


def _count_media(value: object) -> int:
    return len(value) if isinstance(value, list) else int(bool(value))


def _parquet_counts(path: Path, column: str) -> Iterator[int]:
    """The largest number of media per batch of rows, read from the column's structure, not from the bytes of media."""
    with pq.ParquetFile(path) as file:
        leaves = [file.schema.column(k).path for k in range(len(file.schema))]
        leaves = [leaf for leaf in leaves if leaf.partition(".")[0] == column]
        # Any part of a medium shows how many there are, so the bytes are read only if there is nothing else.
        leaves.sort(key=lambda leaf: leaf.endswith(".bytes"))
        for batch in file.iter_batches(columns=leaves[:1], use_threads=False) if leaves else ():
            values = batch.column(0)
            if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
                yield pc.max(pc.list_value_length(values)).as_py() or 0
            else:
                yield int(values.null_count < len(values))


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as err:
        raise IntegrityError(f"'{path}' cannot be read: {err}"[:300]) from err


def _iter_rows(path: Path) -> Iterator[Row]:
    if path.suffix in {".parquet", ".tar"}:
        yield from read_rows(path)
    else:
        with path.open(encoding="utf-8") as file:
            yield from (_parse_line(path, line) for line in file if line.strip())


def _parse_line(path: Path, line: str) -> Row:
    value = json.loads(line)
    if isinstance(value, dict):
        return value
    what = f"a line holds a {type(value).__name__}, not an object; write each row as an object on one line"
    raise IntegrityError(f"'{path}' cannot be read: {what}")


def excerpt(part: Part, n: int, to: Path) -> Path:
    """Write the first ``n`` rows of a file to a new file of the same format and schema, for a real loader to read."""
    target = Path(tempfile.mkdtemp(dir=to)) / part.path.name  # files of several folders may share a name
    if part.path.suffix != ".parquet":
        with part.path.open(encoding="utf-8") as file:
            target.write_text("".join(islice((line for line in file if line.strip()), n)), encoding="utf-8")
        return target
    with pq.ParquetFile(part.path) as file:
        batch = next(file.iter_batches(batch_size=n, use_threads=False), None)
        schema = file.schema_arrow
    pq.write_table(pa.Table.from_batches([] if batch is None else [batch], schema=schema), target)
    return target


def carrier(value: object) -> str:
    """How a row carries a medium: ``bytes``, ``path``, ``data_uri``, ``clip`` (path and rate) or ``nothing``."""
    if isinstance(value, str) and value:
        return "data_uri" if value.startswith("data:") else "path"
    if isinstance(value, dict):
        if value.get("bytes"):
            return "bytes"
        return "clip" if isinstance(value.get("video"), str) else "path" if value.get("path") else "nothing"
    return "bytes" if isinstance(value, bytes) else "nothing"


def path_in(value: object) -> str:
    """The path in a row's value for a medium; empty if the value has no path."""
    if isinstance(value, dict):
        value = value.get("video") or value.get("path")
    return value if isinstance(value, str) and not value.startswith("data:") else ""


def file_of(found: Contents, path: str) -> Path:
    """The file that a row's media path refers to, even if the folder was made for another place."""
    is_inside = found.root and path.startswith(f"{found.root}/")
    return found.folder / path[len(found.root) + 1 :] if is_inside else Path(path)


def clips_of(found: Contents, row: Row) -> list[Clip]:
    """The clips of a row, by its ``video_meta``, or by the media files themselves if an export left that column out."""
    if metas := row.get("video_meta"):
        return [Clip(meta["fps"], meta["frames"]) for meta in metas]
    return [clip for medium in row.get("videos") or () if (clip := _clip(_medium_bytes(found, medium))) is not None]


def _medium_bytes(folder_contents: Contents, medium: object) -> bytes:
    """The bytes of a medium's file; empty if the file is missing, which another check reports."""
    if isinstance(medium, dict) and medium.get("bytes"):
        return bytes(medium["bytes"])
    if isinstance(medium, str) and medium.startswith("data:"):
        return base64.b64decode(medium.partition(",")[2])
    path = path_in(medium)
    file = file_of(folder_contents, path)
    return file.read_bytes() if path and file.is_file() else b""


def _clip(data: bytes) -> Clip | None:
    if kind_of(data[:16]) != "video":
        return None
    try:
        with open_container(io.BytesIO(data)) as container:
            stream = container.streams.video[0]
            return Clip(float(stream.average_rate or 0), stream.frames)
    except (av.FFmpegError, IndexError) as err:
        raise IntegrityError(f"a clip cannot be read: {err}; export the build again") from err


def kind_of(start: bytes) -> Medium:
    """The kind of medium in a file, by its first bytes; empty if these are not recognised."""
    if start[4:8] == b"ftyp":
        return "image" if start[8:12] in _STILL_BRANDS else "video"
    if start[:4] == b"RIFF":
        return "image" if start[8:12] == b"WEBP" else "video"
    if start.startswith(_PICTURE_MAGIC):
        return "image"
    return "video" if start.startswith(_CLIP_MAGIC) else ""
