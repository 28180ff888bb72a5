"""Export a build for another program: a target of :mod:`puzzlegen.export` decides the form of rows and media.

Rows are streamed, so memory use does not grow with the build. The folder gets its name only once it is complete.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen import __version__
from puzzlegen.datafile import profile_of
from puzzlegen.errors import IntegrityError, OutputError, PuzzlegenError
from puzzlegen.export import Carrier, Made, Row, Target, target
from puzzlegen.output import made_aside, write_json
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import MIME, Profile, canonical_json

#: The file that marks a folder as an export, and says of which build and what it holds.
MARK: Final = "export.json"
MEDIA: Final = "media"
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,128}")
_GROUP_BYTES: Final = 1 << 26


def export(
    folder: Path,
    to: str,
    out: Path,
    *,
    images: str | None = None,
    videos: str | None = None,
    root: str | None = None,
) -> Made:
    """Export the puzzles of a build for another program.

    An export of this very build with the same arguments is kept as it is, so scripts can export before each run.

    Args:
        folder: a finished build.
        to: the target's name.
        out: the new folder; any other export to the same target is replaced.
        images: how rows carry images; the target's default if None.
        videos: how rows carry videos; the target's default if None.
        root: what media paths in rows begin with, if the folder will be moved; the path of ``out`` if None.

    Raises:
        PuzzlegenError: there is no such target, or it does not accept that carrier or any of the media.
        IntegrityError: ``folder`` is not a finished build, or is damaged.
        OutputError: ``out`` holds something else, or cannot be written.
    """
    export_target, manifest = target(to), manifest_of(folder)
    carriers = {
        "images": _choose_carrier(export_target, "images", images),
        "videos": _choose_carrier(export_target, "videos", videos),
    }
    refuse_foreign(out, to)
    source, media_root = hashlib.sha256(canonical_json(manifest).encode()).hexdigest(), root or str(out.resolve())
    if kept := _current_export(out, source, media_root, carriers):
        return kept
    try:
        with made_aside(out, "export") as staging, ExitStack() as files:
            writer = _ExportWriter(export_target, staging, media_root, carriers, files)
            for file in files_of(manifest):
                writer.copy(folder, file)
            made = writer.finish(to, source)
            if not made.rows:
                raise PuzzlegenError(
                    f"'{folder}' has nothing for {to}: {_describe_left_out(made)}; choose another --to"
                )
    except pa.ArrowException as err:
        raise IntegrityError(f"'{folder}' is damaged: {err}") from err
    return made


def _current_export(out: Path, source: str, root: str, carriers: dict[str, Carrier | None]) -> Made | None:
    """Return what ``out`` holds if it is an export of this build with these arguments, unchanged since; else None.

    Only the times of its data files are compared: the mark is written last, so a file changed later is newer.
    """
    mark = read_mark(out)
    used = {column: carrier for column, carrier in carriers.items() if carrier}
    if mark is None or (mark.source, mark.root, mark.carriers, mark.puzzlegen) != (source, root, used, __version__):
        return None
    made_at = (out / MARK).stat().st_mtime_ns
    files = [out / name for name in mark.files]
    is_whole = all(file.is_file() and file.stat().st_mtime_ns <= made_at for file in files)
    return mark if is_whole and (out / MEDIA).is_dir() == (mark.media > 0) else None


def read_mark(folder: Path) -> Made | None:
    """What an export holds; None if the folder is not an export."""
    try:
        parsed = json.loads((folder / MARK).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as err:
        raise IntegrityError(f"'{folder / MARK}' is damaged: {err}; export again") from err
    return Made(**{name: parsed[name] for name in Made._fields if name in parsed or name not in Made._field_defaults})


def refuse_foreign(out: Path, to: str) -> None:
    """Raise OutputError unless ``out`` is missing, empty, or an export to the same target and nothing else."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    mark = read_mark(out)
    if mark is None or mark.to != to:
        what = f"an export to {mark.to}" if mark else "something else"
        raise OutputError(f"'{out}' holds {what}; choose another --out")
    known = {MARK, MEDIA, *(name.partition("/")[0] for name in mark.files)}
    if foreign := sorted(entry.name for entry in out.iterdir() if entry.name not in known):
        raise OutputError(f"'{out}' holds '{foreign[0]}' beside its export; move it away, or choose another --out")


def _choose_carrier(export_target: Target, column: str, requested: str | None) -> Carrier | None:
    allowed: tuple[Carrier, ...] = getattr(export_target, column)
    if requested is None:
        return allowed[0] if allowed else None
    if requested not in allowed:
        name = type(export_target).__module__.rpartition(".")[2]
        raise PuzzlegenError(
            f"--{column} {requested}: {name} takes {column} as {', '.join(allowed) or 'nothing at all'}"
        )
    return requested


class _ExportWriter:
    """An export in progress: one open file of rows per profile and split, with media files beside them."""

    def __init__(
        self,
        export_target: Target,
        new_folder: Path,
        root: str,
        carriers: dict[str, Carrier | None],
        open_files: ExitStack,
    ) -> None:
        self._target, self._folder, self._root = export_target, new_folder, root
        self._carriers, self._open_files = carriers, open_files
        self._files: dict[str, Callable[[Row], None]] = {}
        self._rows: dict[str, Counter[str]] = defaultdict(Counter)
        self._left_out: Counter[str] = Counter()
        self._media = 0
        self._system = False

    def copy(self, folder: Path, file: dict[str, Any]) -> None:
        """Write the rows of one data file."""
        profile: Profile = profile_of(file["folder"])
        column = "videos" if profile == "video" else "images"
        carrier = self._carriers[column]
        for row in read_rows(folder / file["path"]):
            split = _check_name(row["extra_info"]["split"], "split")
            media = [*row.pop("images", ()), *row.pop("videos", ())]
            if media and carrier is None:
                self._left_out[profile] += 1
                continue
            stored_media = [
                self._store_medium(_check_name(row["id"], "id"), k, m, carrier) for k, m in enumerate(media)
            ]
            self._row_writer(profile, split, carrier or "path")(self._target.row(row, stored_media))
            self._rows[profile][split] += 1
            self._system |= any(message["role"] == "system" for message in row["prompt"])

    def finish(self, to: str, source: str) -> Made:
        """Close the files and write the mark last, so that only a complete export has it."""
        self._open_files.close()
        rows = {profile: dict(sorted(splits.items())) for profile, splits in sorted(self._rows.items())}
        carriers = {column: carrier for column, carrier in self._carriers.items() if carrier}
        files = sorted(self._files)
        left_out = dict(self._left_out)
        made = Made(to, rows, left_out, self._media, files, self._root, carriers, source, self._system, __version__)
        for name, data in sorted(self._target.files(made).items()):
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            files.append(name)
        write_json(self._folder / MARK, made._asdict())
        return made

    def _store_medium(self, puzzle: str, k: int, medium: dict[str, Any], carrier: Carrier | None) -> Any:  # noqa: ANN401
        data, suffix = medium["bytes"], medium["path"].rpartition(".")[2]
        if suffix not in MIME:
            raise IntegrityError(f"puzzle {puzzle}: the suffix of '{medium['path']}' is not one of {', '.join(MIME)}")
        name = f"{puzzle}-{k}.{suffix}"
        if carrier == "bytes":
            return {"bytes": data, "path": name}
        if carrier == "data_uri":
            return f"data:{MIME[suffix]};base64,{base64.b64encode(data).decode()}"
        # A folder with a million files is slow everywhere, so 256 folders share them, by the first digits of the id.
        path = f"{MEDIA}/{puzzle[:2]}/{name}"
        (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self._folder / path).write_bytes(data)
        self._media += 1
        return f"{self._root}/{path}"

    def _row_writer(self, profile: Profile, split: str, carrier: Carrier) -> Callable[[Row], None]:
        name = f"{profile}/{split}{self._target.suffix}"
        if name not in self._files:
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if self._target.suffix == ".jsonl":
                self._files[name] = _open_json_lines(path, self._open_files)
            else:
                self._files[name] = _open_parquet(path, self._target.schema(profile, carrier), self._open_files)
        return self._files[name]


def _check_name(name: str, what: str) -> str:
    """Check text from the data that becomes part of a file name: a build from elsewhere may hold anything."""
    if not _FILE_NAME.fullmatch(name):
        raise IntegrityError(f"{what} {name!r:.80} cannot be a file's name; allowed: letters, digits, - and _")
    return name


def _open_json_lines(path: Path, stack: ExitStack) -> Callable[[Row], None]:
    file = stack.enter_context(path.open("w", encoding="utf-8"))
    return lambda row: print(canonical_json(row), file=file)


def _open_parquet(path: Path, schema: pa.Schema, stack: ExitStack) -> Callable[[Row], None]:
    """Open a Parquet file whose row groups are limited in bytes, so that large media do not raise memory use."""
    file = stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd", use_dictionary=False))
    rows: list[Row] = []
    size = 0

    def flush() -> None:
        if rows:
            file.write_table(pa.Table.from_pylist(rows, schema=schema), row_group_size=len(rows))
            rows.clear()

    def write(row: Row) -> None:
        nonlocal size
        rows.append(row)
        size += sum(_medium_size(medium) for medium in (*row.get("images", ()), *row.get("videos", ()))) + 4096
        if size > _GROUP_BYTES:
            flush()
            size = 0

    stack.callback(flush)
    return write


def _medium_size(medium: object) -> int:
    return len(medium["bytes"]) if isinstance(medium, dict) and "bytes" in medium else 0


def lines(made: Made, out: Path) -> list[str]:
    """What was written, as lines for the terminal."""
    total = sum(sum(splits.values()) for splits in made.rows.values())
    text = [f"{total} puzzles for {made.to} in {out} ({made.media} media files)"]
    text += [f"  {name:32} {made.rows[name.partition('/')[0]][Path(name).stem]}" for name in _data_files(made)]
    return [*text, *([f"  {_describe_left_out(made)}"] if made.left_out else [])]


def _describe_left_out(made: Made) -> str:
    counts = ", ".join(f"{profile}: {n} left out" for profile, n in sorted(made.left_out.items()))
    return f"{counts}, {made.to} takes no such media" if counts else "no rows"


def _data_files(made: Made) -> Iterator[str]:
    return (name for name in made.files if name.rpartition("/")[0] in made.rows)
