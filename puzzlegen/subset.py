"""Write some puzzles of a finished folder, such as those that still teach a model, to a new folder, unchanged."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from itertools import islice
from pathlib import Path
from typing import Any, Final

from puzzlegen.datafile import DataFile
from puzzlegen.errors import OutputError
from puzzlegen.files import is_url
from puzzlegen.finish import finish
from puzzlegen.manifest import MANIFEST, content_of
from puzzlegen.output import REJECTIONS, SOURCE, STATE, made_aside, scratch, write_atomic, write_json
from puzzlegen.reading import manifest_of, read_rows, unreadable
from puzzlegen.records import split_in

_ROWS_AT_ONCE: Final = 200


def write_subset(folder: Path, ids: Collection[str], out: Path, *, chosen_by: dict[str, Any]) -> dict[str, Any]:
    """Write the puzzles with the given ids as a folder of their own, in the same order and files.

    Args:
        folder: a finished build.
        ids: puzzles to keep; ids that the folder does not have are ignored.
        out: a new folder.
        chosen_by: how the puzzles were chosen, for the manifest.

    Returns:
        The new folder's manifest.

    Raises:
        OutputError: ``out`` exists and is not empty, or cannot be written.
        IntegrityError: ``folder`` is not a finished build, or is damaged.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"'{out}' exists already; choose another --out")
    manifest = manifest_of(folder)
    if is_url(str(out)) or out.is_mount():  # a folder cannot be renamed to it
        return _write(folder, manifest, set(ids), out, chosen_by)
    with made_aside(out, "subset") as staging:
        return _write(folder, manifest, set(ids), staging, chosen_by)


def _write(
    folder: Path, manifest: dict[str, Any], wanted: set[str], out: Path, chosen_by: dict[str, Any]
) -> dict[str, Any]:
    rows, kept = defaultdict[str, Counter[str]](Counter), Counter[str]()
    for shard in manifest["shards"]:
        files = []
        for file in shard["files"]:
            with scratch(out) as temp_dir:
                file_entry, tasks = _write_filtered(folder, file, wanted, out, temp_dir)
            if file_entry:
                files.append(file_entry)
                kept.update(tasks)
                rows[file["folder"]][split_in(file["path"])] += file_entry["rows"]
        shard["files"] = files
    manifest |= {
        "kept": dict(kept),
        "rows": {name: dict(splits) for name, splits in sorted(rows.items())},
        "content_sha256": content_of(manifest["shards"]),
        "subset": {"of": manifest["content_sha256"], **chosen_by},
    }
    try:
        rejections = (folder / REJECTIONS).read_bytes()
    except OSError as err:
        raise unreadable(folder / REJECTIONS, err) from err
    write_atomic(out / REJECTIONS, rejections)
    if (source_file := folder / STATE / SOURCE).exists():
        write_atomic(out / STATE / SOURCE, source_file.read_bytes())
    manifest["assets"] = finish(out, manifest)
    write_json(out / MANIFEST, manifest)
    return manifest


def _write_filtered(
    folder: Path, file: dict[str, Any], wanted: set[str], out: Path, temp_dir: Path
) -> tuple[dict[str, Any] | None, Counter[str]]:
    """Write the wanted rows of a file. Return its entry, or None if it has none of them, and the rows of each task."""
    target = DataFile(file["path"], temp_dir / f".{Path(file['path']).name}.tmp", file["folder"])
    tasks: Counter[str] = Counter()
    rows = (row for row in read_rows(folder / file["path"]) if row["id"] in wanted)
    while batch := list(islice(rows, _ROWS_AT_ONCE)):
        tasks.update(row["extra_info"]["task"] for row in batch)
        target.write(batch)
    return target.publish(out), tasks
