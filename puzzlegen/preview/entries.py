"""The data that the page shows for each puzzle, and the media that belong to the puzzles."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import IO, Any, Self

import yaml
from PIL import Image

from puzzlegen.media.container import open_container
from puzzlegen.preview.originals import Originals
from puzzlegen.reading import decoding, files_of, read_rows
from puzzlegen.records import MIME, REASONS
from puzzlegen.rng import digest
from puzzlegen.writers import Row


class Spool:
    """Media to be embedded in the page: each stored once, as base64, on disk rather than in memory."""

    def __init__(self) -> None:
        self.described: list[dict[str, Any]] = []
        self._number_by_hash: dict[bytes, int] = {}
        self._file: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._sizes: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, data: bytes, ext: str, puzzle: str) -> int:
        """Store a medium of a puzzle unless it is stored already; return its number on the page."""
        key = hashlib.sha256(data).digest()
        if key not in self._number_by_hash:
            self._number_by_hash[key] = len(self.described)
            with decoding(puzzle):
                width, height = _pixel_size(data, ext)
            self.described.append({"type": MIME[ext], "w": width, "h": height})
            self._sizes.append(self._file.write(base64.b64encode(data)))
        return self._number_by_hash[key]

    def __iter__(self) -> Iterator[bytes]:
        """Yield the base64 of each medium, in the order of their numbers."""
        self._file.seek(0)
        yield from (self._file.read(size) for size in self._sizes)


def _pixel_size(data: bytes, ext: str) -> tuple[int, int]:
    """Return width and height of a picture or clip in pixels."""
    if MIME[ext].startswith("image"):
        return Image.open(io.BytesIO(data)).size
    with open_container(io.BytesIO(data)) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


def entries(
    folder: Path, manifest: dict[str, Any], limit: int, source: Originals | None, spool: Spool
) -> list[dict[str, Any]]:
    """Return the puzzles to show, cycling through the tasks so that the first screen has some of each."""
    rank, paths = chosen(folder, manifest, limit)
    rows = (row for path in paths for row in read_rows(path))
    entry_by_rank = {rank[row["id"]]: _entry(row, source, spool) for row in rows if row["id"] in rank}
    return [entry_by_rank[k] for k in sorted(entry_by_rank)]


def chosen(folder: Path, manifest: dict[str, Any], limit: int) -> tuple[dict[str, int], list[Path]]:
    """Choose the puzzles to show.

    The page shows one puzzle of each task, then the next of each, in an order fixed by the tasks' names and hashes of
    the puzzles' ids. Of a large build, only as many files are read as give every task its share: the first file of each
    config and split, then the second, and so on.

    Returns:
        The place on the page of each chosen puzzle, by id, and the files that were read to find them.
    """
    wanted_counts = _shares(manifest["kept"], limit)
    tasks: dict[str, list[str]] = defaultdict(list)
    paths = []
    for name in sorted((file["path"] for file in files_of(manifest)), key=lambda name: (name.rsplit("-", 3)[1], name)):
        if all(len(tasks[task]) >= count for task, count in wanted_counts.items()):
            break
        paths.append(folder / name)
        for row in read_rows(paths[-1], ["id", "extra_info"]):
            tasks[row["extra_info"]["task"]].append(row["id"])
    queues = [sorted(ids, key=lambda puzzle_id: digest("preview", puzzle_id)) for _, ids in sorted(tasks.items())]
    shown_ids = [puzzle_id for group in zip_longest(*queues) for puzzle_id in group if puzzle_id is not None][:limit]
    return {puzzle_id: k for k, puzzle_id in enumerate(shown_ids)}, paths


def _shares(kept: dict[str, int], limit: int) -> dict[str, int]:
    """Return how many puzzles of each task to show: even shares, and what rare tasks do not need goes to others."""
    shares: dict[str, int] = {}
    for task, count in sorted(kept.items(), key=lambda pair: pair[1]):
        shares[task] = min(count, -(-(limit - sum(shares.values())) // (len(kept) - len(shares))))
    return shares


def _entry(row: Row, source: Originals | None, spool: Spool) -> dict[str, Any]:
    info = row["extra_info"]
    media = [*row.get("images", ()), *row.get("videos", ())]
    original = source.of(row) if source else None
    return {
        "id": row["id"],
        "task": info["task"],
        "ability": row["ability"],
        "split": info["split"],
        "difficulty": round(info["difficulty"], 4),
        "margin": info["margin"],
        "chance": info["chance"],
        "problem": row["problem"],
        "system": next((m["content"] for m in row["prompt"] if m["role"] == "system"), ""),
        "answer": row["answer"],
        "solution": row["solution"],
        "spec": json.loads(row["ground_truth"]),
        "params": info["params"],
        "source": info["source_uri"],
        "licence": info["licence"],
        "media": [spool.add(m["bytes"], m["path"].rpartition(".")[2], row["id"]) for m in media],
        "original": spool.add(original.data, original.ext, row["id"]) if original else None,
    }


def facts(folder: Path, manifest: dict[str, Any], note: str) -> dict[str, Any]:
    """Return what the page shows about the build as a whole."""
    return {
        "name": folder.resolve().name,
        "kept": manifest["kept"],
        "rejected": manifest["rejected"],
        "reasons": {reason: REASONS.get(reason, "") for tally in manifest["rejected"].values() for reason in tally},
        "items": manifest["source"]["items"],
        "rows": manifest["rows"],
        "bytes": sum(file["bytes"] for file in files_of(manifest)),
        "environment": manifest["environment"],
        "recipe": yaml.safe_dump(manifest["recipe"], sort_keys=False, allow_unicode=True),
        "digest": manifest["content_sha256"],
        "note": note,
    }
