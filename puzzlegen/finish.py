"""Files beside the data of a finished folder: the dataset card with pictures, and for tars the indexes for readers."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

from puzzlegen.census import Census, take_census
from puzzlegen.media.sheet import sheet
from puzzlegen.output import CARD, REJECTIONS, measured, write_atomic
from puzzlegen.reading import decoding, files_of
from puzzlegen.records import Medium, split_in
from puzzlegen.writers.card import card
from puzzlegen.writers.indexes import indexes

_PICTURE_FOLDER: Final = "assets"


def finish(out: Path, manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """Write README.md, its pictures, and the indexes of tars.

    Args:
        out: a folder whose data files are all in place.
        manifest: the manifest as it will be written, except for the entries that this function returns.

    Returns:
        The manifest's entries (path, bytes, sha256) for the pictures, the indexes and the file of rejections.
    """
    census = take_census(out, manifest)
    pictures = {f"{_PICTURE_FOLDER}/{task}.jpg": data for task, data in _draw_sheets(census)}
    for path, data in pictures.items():
        write_atomic(out / path, data)
    if not (out / CARD).is_file():  # keep what people edited and an audit added; a new one would be the same
        write_atomic(out / CARD, card(manifest, census, {Path(path).stem: path for path in pictures}).encode())
    assets = pictures | (
        _write_indexes(out, manifest) if manifest["recipe"]["output"]["format"] == "webdataset" else {}
    )
    entries = [{"path": p, "bytes": len(d), "sha256": hashlib.sha256(d).hexdigest()} for p, d in sorted(assets.items())]
    return [*entries, {"path": REJECTIONS, **measured(out / REJECTIONS)}]


def _draw_sheets(census: Census) -> list[tuple[str, bytes]]:
    sheets = []
    for task, task_census in sorted(census.tasks.items()):
        stored = [*task_census.example.get("images", ()), *task_census.example.get("videos", ())]
        if stored:
            media = [Medium(m["bytes"], m["path"].rpartition(".")[2]) for m in stored]
            with decoding(task_census.example["id"]):
                sheets.append((task, sheet(media, task_census.example["problem"])))
    return sheets


def _write_indexes(out: Path, manifest: dict[str, Any]) -> dict[str, bytes]:
    folders: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    for file in files_of(manifest):
        folders[file["folder"]][split_in(file["path"])].append(file)
    index_files: dict[str, bytes] = {}
    for folder, files in sorted(folders.items()):
        index_files |= indexes(out, folder, files)
    for path, data in index_files.items():
        write_atomic(out / path, data)
    return index_files
