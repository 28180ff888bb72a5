"""Compare a manifest with its folder: counts, digests, ids, shard names, and what the build was begun with."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, Final, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen.datafile import content_of_row
from puzzlegen.errors import IntegrityError
from puzzlegen.manifest import MANIFEST, content_of, read_begun
from puzzlegen.output import REJECTIONS
from puzzlegen.plan import TRAIN
from puzzlegen.records import Kind, split_in
from puzzlegen.shard import id_of
from puzzlegen.stated import Manifest
from puzzlegen.writers import Row

#: The columns that the comparison reads from each row.
WORDS: Final = ("id", "problem", "answer", "ground_truth", "extra_info")


class Claims:
    """Counts the rows of a folder's data files and compares the counts with the folder's manifest.

    Args:
        manifest: the folder's manifest.
    """

    def __init__(self, manifest: dict[str, Any]) -> None:
        self._manifest = manifest
        self._kept: Counter[str] = Counter()
        self._rows: dict[str, Counter[str]] = defaultdict(Counter)
        self._all_read = True

    def of_file(self, file: dict[str, Any]) -> _FileCount:
        """An empty count for the rows of one data file."""
        return _FileCount(self._manifest, file)

    def add(self, counted: _FileCount) -> Iterator[str]:
        """Add the count of a file that was read to its end; yields how the file differs from the manifest."""
        file = counted.file
        self._kept.update(counted.tasks)
        self._rows[file["folder"]][split_in(file["path"])] += counted.rows
        if counted.rows != file["rows"]:
            yield f"{file['path']}: {counted.rows} rows, the manifest says {file['rows']}"
        elif counted.content.hexdigest() != file["content_sha256"]:
            yield f"{file['path']}: its ids, questions and answers are not those of the manifest (content_sha256)"

    def miss(self) -> None:
        """Note that a file could not be read, so that totals over all files are not compared."""
        self._all_read = False

    def problems(self, folder: Path) -> Iterator[str]:
        """Yield how the manifest as a whole differs from the folder."""
        manifest = self._manifest
        if manifest["content_sha256"] != content_of(manifest["shards"]):
            yield _mismatch("content_sha256")
        if self._all_read:
            rows = {name: dict(splits) for name, splits in self._rows.items()}
            yield from (
                _mismatch(key) for key, value in (("kept", self._kept), ("rows", rows)) if manifest[key] != value
            )
        yield from self._rejections(folder)
        yield from _check_shard_names(manifest["shards"], {TRAIN, *manifest["recipe"]["splits"]})
        unknown = sorted(set(manifest) - set(Manifest.model_fields))
        yield from (f"{MANIFEST}: '{key}' is not a key of a manifest" for key in unknown)
        yield from _check_identity(folder, manifest)

    def _rejections(self, folder: Path) -> Iterator[str]:
        path = folder / REJECTIONS
        if not path.is_file():
            # From format 4 on, the file is one of the assets, and reported as missing with them.
            if all(asset["path"] != REJECTIONS for asset in self._manifest["assets"]):
                yield f"{REJECTIONS}: missing"
            return
        try:
            with path.open("rb") as handle:
                # On one thread: Arrow's thread pool can abort a process that ends soon after (apache/arrow#34314).
                table = pq.ParquetFile(handle).read(columns=["task", "reason"], use_threads=False)
        except (OSError, pa.ArrowException, LookupError) as err:
            yield f"{REJECTIONS}: cannot be read: {type(err).__name__}"
            return
        reason_counts: dict[str, dict[str, int]] = defaultdict(dict)
        counted = table.group_by(["task", "reason"], use_threads=False).aggregate([([], "count_all")])
        for group_row in counted.to_pylist():
            reason_counts[group_row["task"]][group_row["reason"]] = group_row["count_all"]
        if reason_counts != self._manifest["rejected"]:
            yield _mismatch("rejected")


class _FileCount:
    """Counts over the rows of one data file."""

    def __init__(self, manifest: dict[str, Any], file: dict[str, Any]) -> None:
        self.file = file
        self.rows = 0
        self.tasks: Counter[str] = Counter()
        self.content = hashlib.sha256()
        self._manifest = manifest

    def add(self, row: Row) -> Iterator[str]:
        """Count a row; yields a problem if its id is wrong."""
        info = row["extra_info"]
        self.rows += 1
        self.tasks[info["task"]] += 1
        self.content.update(content_of_row(row))
        manifest = self._manifest
        version = manifest["task_versions"].get(info["task"])
        parts = manifest["recipe"]["seed"], info["task"], version, info["params"], info["source_uri"], info["variant"]
        if row["id"] != id_of(manifest["format"], *parts):
            yield "its id is not that of its task, source and variant under the manifest's seed and versions"


def _mismatch(key: str) -> str:
    return f"{MANIFEST}: {key} is not what the folder holds"


def _check_shard_names(shards: list[dict[str, Any]], known: set[str]) -> Iterator[str]:
    """Check the names of shards: kind, split and number, the numbers of each kind and split complete and in order."""
    groups = Counter(shard["name"].rsplit("-", 3)[0] for shard in shards)
    numbers: dict[str, Iterator[int]] = defaultdict(count)
    for shard in shards:
        group = shard["name"].rsplit("-", 3)[0]
        kind, _, split = group.partition("-")
        expected_name = f"{group}-{next(numbers[group]):05d}-of-{groups[group]:05d}"
        splits = {split_in(file["path"]) for file in shard["files"]}
        if shard["name"] != expected_name or kind not in get_args(Kind) or split not in known or splits - {split}:
            yield f"{MANIFEST}: '{shard['name']}' is not the name of the shard in this place"
            return


def _check_identity(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Yield the manifest keys that differ from what the build was begun with, if the folder still records that."""
    try:
        identity = read_begun(folder) or {}
    except IntegrityError as err:
        yield str(err)
        return
    changed = (key for key in identity if identity[key] != manifest.get(key))
    yield from (f"{MANIFEST}: {key} is not what the build began with" for key in changed)
