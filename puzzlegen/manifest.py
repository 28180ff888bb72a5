"""The manifest: what was built, from what, by which versions; and the card and rejections beside it."""

from __future__ import annotations

import hashlib
import json
import platform
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen import __version__
from puzzlegen.errors import RecipeError
from puzzlegen.output import STATE, publish, refused, scratch, write_json
from puzzlegen.plan import Plan
from puzzlegen.recipe import Recipe
from puzzlegen.records import canonical_json

#: Packages whose version decides bytes.
DECISIVE: Final = ("av", "numpy", "pillow", "pyarrow")
MANIFEST: Final = "manifest.json"
REJECTIONS: Final = "rejections.parquet"
_REJECTION = pa.schema([(k, pa.string()) for k in ("item", "task", "reason", "detail")] + [("variant", pa.int64())])


def environment(recipe: Recipe) -> dict[str, str]:
    """Versions that decide the bytes of a recipe's puzzles; a build goes on only under the same.

    Raises:
        RecipeError: a task needs a package that is not installed.
    """
    found = {name: version(name) for name in DECISIVE}
    for task in (entry.task for entry in recipe.tasks):
        for name in task.packages:
            try:
                found[name] = version(name)
            except PackageNotFoundError as err:
                raise RecipeError(f'task {task.name} needs {name}: pip install "puzzlegen[augment]"') from err
    return found | {"puzzlegen": __version__, "machine": platform.machine()}


def entry_path(out: Path, shard: str) -> Path:
    """Where a finished shard's entry is kept; the file's existence is what says that the shard is done."""
    return out / STATE / "shards" / f"{shard}.json"


def read_entry(out: Path, shard: str) -> dict[str, Any] | None:
    """The entry of a shard whose files are in place, or None if it is not done."""
    try:
        entry: dict[str, Any] = json.loads(entry_path(out, shard).read_bytes())
    except (FileNotFoundError, ValueError):
        return None
    for file in entry["files"]:
        path = out / file["path"]
        if not path.is_file() or path.stat().st_size != file["bytes"]:
            return None
    return entry


def write_manifest(out: Path, plan: Plan, identity: dict[str, Any]) -> dict[str, Any]:
    """Close a build whose shards are all done: rejections, card, and last of all the manifest."""
    from puzzlegen.finish import finish  # noqa: PLC0415 - it reads the folder back, which needs this module

    kept: Counter[str] = Counter()
    rejected: dict[str, Counter[str]] = defaultdict(Counter)
    folders: dict[str, Counter[str]] = defaultdict(Counter)
    shards = []
    for entry in _entries(out, plan):
        kept.update(entry["kept"])
        for _, task, reason, *_ in entry["rejections"]:
            rejected[task][reason] += 1
        for file in entry["files"]:
            folders[file["folder"]][entry["split"]] += file["rows"]
        shards.append({"name": entry["shard"], "files": entry["files"]})
    for skipped in plan.skipped:
        rejected[""][skipped.reason] += 1
    manifest: dict[str, Any] = {
        **identity,
        "shards": shards,
        "rows": {folder: dict(rows) for folder, rows in sorted(folders.items())},
        "kept": dict(kept),
        "rejected": {task: dict(reasons) for task, reasons in sorted(rejected.items())},
        "content_sha256": content_of(shards),
    }
    _write_rejections(out, plan)
    manifest["assets"] = finish(out, manifest)
    write_json(out / MANIFEST, manifest)
    return manifest


def _entries(out: Path, plan: Plan) -> Iterator[dict[str, Any]]:
    for shard in plan.shards():
        entry = read_entry(out, shard.name)
        if entry is not None:
            yield entry


def content_of(shards: list[dict[str, Any]]) -> str:
    """Digest of ids, questions and answers: the same across library versions, unlike the files' bytes."""
    digests = [file["content_sha256"] for shard in shards for file in shard["files"]]
    return hashlib.sha256(canonical_json(digests).encode()).hexdigest()


def _write_rejections(out: Path, plan: Plan) -> None:
    with scratch(out / STATE) as place:
        # Two shares that end at once may both close the folder, with the same bytes.
        temporary = place / f".{REJECTIONS}.{uuid.uuid4().hex}.tmp"
        try:
            with pq.ParquetWriter(temporary, _REJECTION, compression="zstd", use_dictionary=False) as file:
                _append(file, [[s.id, "", s.reason, s.detail, 0] for s in sorted(plan.skipped)])
                for entry in _entries(out, plan):
                    _append(file, entry["rejections"])
            publish(temporary, out / REJECTIONS)
        except OSError as err:
            temporary.unlink(missing_ok=True)
            raise refused(out / REJECTIONS, err) from err


def _append(file: pq.ParquetWriter, rows: list[list[Any]]) -> None:
    if rows:
        columns = zip(*rows, strict=True)
        arrays = [pa.array(list(c), type=f.type) for c, f in zip(columns, _REJECTION, strict=True)]
        file.write_table(pa.Table.from_arrays(arrays, schema=_REJECTION))


def is_complete(out: Path, plan: Plan) -> bool:
    """Whether every shard of the plan is done."""
    return all(read_entry(out, shard.name) is not None for shard in plan.shards())


def read_manifest(out: Path) -> dict[str, Any] | None:
    """The manifest of a finished build, if there is one."""
    try:
        found: dict[str, Any] = json.loads((out / MANIFEST).read_bytes())
    except FileNotFoundError:
        return None
    return found
