"""The manifest of a build (what was built, from what, with which versions), and the entries of its shards."""

from __future__ import annotations

import hashlib
import platform
import uuid
from collections import Counter, defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen import __version__
from puzzlegen.errors import IntegrityError, OutputError, RecipeError
from puzzlegen.files import is_url, retried
from puzzlegen.listing import Table, as_array, columns, texts
from puzzlegen.output import REJECTIONS, STATE, publish, read_json, refused, scratch, write_json
from puzzlegen.plan import Plan
from puzzlegen.recipe import Recipe
from puzzlegen.records import canonical_json
from puzzlegen.stated import Begun, Entry, Manifest, refuse_unstated

#: Packages whose versions decide the bytes of every build.
DECISIVE: Final = ("av", "numpy", "pillow", "pyarrow")
MANIFEST: Final = "manifest.json"
#: Arrow's own default for the rows of a row group.
_ROWS_PER_GROUP: Final = 1 << 20
_REJECTION_SCHEMA = pa.schema(
    [(k, pa.string()) for k in ("item", "task", "reason", "detail")] + [("variant", pa.int64())]
)


def environment(recipe: Recipe) -> dict[str, str]:
    """Return the versions that decide the bytes of a recipe's puzzles; a build is resumed only with the same versions.

    Raises:
        RecipeError: a task needs a package that is not installed.
    """
    versions = {name: version(name) for name in DECISIVE}
    for task in (entry.task for entry in recipe.tasks):
        for name in task.packages:
            try:
                versions[name] = version(name)
            except PackageNotFoundError as err:
                raise RecipeError(f'task {task.name} needs {name}: pip install "puzzlegen[augment]"') from err
    return versions | {"puzzlegen": __version__, "machine": platform.machine()}


def entry_path(out: Path, shard: str) -> Path:
    """Return the path of a finished shard's entry. The existence of this file marks the shard as done."""
    return out / STATE / "shards" / f"{shard}.json"


def build_digest(identity: dict[str, Any]) -> str:
    """Return the digest by which shards' entries name their build, made from all that decides the build's bytes."""
    return hashlib.sha256(canonical_json(identity).encode()).hexdigest()


def whole_entry(path: Path) -> dict[str, Any] | None:
    """Return a shard's entry, or None if the entry is missing or damaged."""
    try:
        entry = read_json(path)
        refuse_unstated(entry, Entry, path)
    except (FileNotFoundError, IntegrityError):
        return None
    return entry


def read_entry(out: Path, shard: str, build: str) -> dict[str, Any] | None:
    """Return a shard's entry if the shard's files are in place, or None if the shard is not done.

    Args:
        out: output folder.
        shard: the shard's name.
        build: digest of the build that the entry must belong to.

    Raises:
        OutputError: the entry belongs to another build.
    """
    path = entry_path(out, shard)
    entry = whole_entry(path)
    if entry is None:
        return None
    if entry["build"] != build or entry["shard"] != shard:
        raise not_of_this_build(path)
    for file in entry["files"]:
        path = out / file["path"]
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            return None
    return entry


def not_of_this_build(path: Path) -> OutputError:
    """Return the error for a shard's entry that another build wrote."""
    return OutputError(
        f"the shard '{path.stem}' was made by another build (recipe, --limit, source or versions differ) than the "
        f"folder's; delete '{path}' and run the build again, which makes this shard anew"
    )


def entries_in(out: Path) -> set[str]:
    """Return the names of all shards that have an entry, from one listing of their folder."""
    folder = out / STATE / "shards"

    def list_names() -> set[str]:
        try:
            return {path.stem for path in folder.iterdir() if path.suffix == ".json"}
        except (FileNotFoundError, NotADirectoryError):
            return set()

    return retried(str(folder), list_names) if is_url(str(out)) else list_names()


class _Totals:
    """Totals over the entries of all shards."""

    def __init__(self, skipped: Counter[str]) -> None:
        self.kept: Counter[str] = Counter()
        self.rejected: dict[str, Counter[str]] = defaultdict(Counter, {"": skipped} if skipped else {})
        self.rows: dict[str, Counter[str]] = defaultdict(Counter)
        self.shards: list[dict[str, Any]] = []

    def add(self, entry: dict[str, Any]) -> None:
        self.kept.update(entry["kept"])
        for _, task, reason, *_ in entry["rejections"]:
            self.rejected[task][reason] += 1
        for file in entry["files"]:
            self.rows[file["folder"]][entry["split"]] += file["rows"]
        self.shards.append({"name": entry["shard"], "files": entry["files"]})


def write_manifest(out: Path, plan: Plan, identity: dict[str, Any]) -> dict[str, Any] | None:
    """Finish a build: write the rejections, the card and, last of all, the manifest.

    Returns:
        The manifest, or None if a shard turns out not to be done.
    """
    from puzzlegen.finish import finish  # noqa: PLC0415 - it reads the folder back, which needs this module

    with scratch(out / STATE) as temp_dir:
        # Two shares that end at the same time may both finish the folder, with the same bytes.
        temporary = temp_dir / f".{REJECTIONS}.{uuid.uuid4().hex}.tmp"
        try:
            totals = _gather_entries(out, plan, build_digest(identity), temporary)
            if totals is None:
                return None
            publish(temporary, out / REJECTIONS)
        except OSError as err:
            raise refused(out / REJECTIONS, err) from err
        finally:
            temporary.unlink(missing_ok=True)
    manifest: dict[str, Any] = {
        **identity,
        "shards": totals.shards,
        "rows": {folder: dict(rows) for folder, rows in sorted(totals.rows.items())},
        "kept": dict(totals.kept),
        "rejected": {task: dict(reasons) for task, reasons in sorted(totals.rejected.items())},
        "content_sha256": content_of(totals.shards),
    }
    manifest["assets"] = finish(out, manifest)
    write_json(out / MANIFEST, manifest)
    return manifest


def _gather_entries(out: Path, plan: Plan, build: str, rejections: Path) -> _Totals | None:
    """Read every entry once and write the file of rejections; return None if an entry is missing."""
    totals = _Totals(plan.skipped.reasons)
    with pq.ParquetWriter(rejections.absolute(), _REJECTION_SCHEMA, compression="zstd", use_dictionary=False) as file:
        for skipped in plan.skipped.tables(_ROWS_PER_GROUP):
            file.write_batch(_as_rejections(skipped))
        for number in range(len(plan)):
            entry = read_entry(out, plan.name(number), build)
            if entry is None:
                return None
            totals.add(entry)
            _write_rejections(file, entry["rejections"])
    return totals


def content_of(shards: list[dict[str, Any]]) -> str:
    """Return the digest of ids, questions and answers, which is the same across library versions, unlike the bytes."""
    digests = [file["content_sha256"] for shard in shards for file in shard["files"]]
    return hashlib.sha256(canonical_json(digests).encode()).hexdigest()


def _as_rejections(skipped: Table) -> Table:
    """Return what a plan skipped as rows of the rejections: without a task, and with variant 0."""
    count = skipped.num_rows
    item, reason, detail = (skipped[name] for name in ("id", "reason", "detail"))
    arrays = [item, texts([""] * count), reason, detail, as_array(np.zeros(count, np.int64))]
    return pa.RecordBatch.from_arrays(arrays, schema=_REJECTION_SCHEMA)


def _write_rejections(file: pq.ParquetWriter, rows: list[list[Any]]) -> None:
    if rows:
        file.write_table(columns(rows, _REJECTION_SCHEMA))


def read_manifest(out: Path) -> dict[str, Any] | None:
    """Return the manifest of a finished build, or None if there is none.

    Raises:
        IntegrityError: the manifest is damaged, or the file is something else.
    """
    try:
        stored = read_json(out / MANIFEST)
    except FileNotFoundError:
        return None
    refuse_unstated(stored, Manifest, out / MANIFEST)
    return stored


def read_begun(out: Path) -> dict[str, Any] | None:
    """Return what a build was started with, or None if its folder does not know, as a published one does not.

    Raises:
        IntegrityError: the file is damaged, or is something else.
    """
    path = out / STATE / "build.json"
    if not path.exists():
        return None
    stored = read_json(path)
    refuse_unstated(stored, Begun, path)
    return stored
