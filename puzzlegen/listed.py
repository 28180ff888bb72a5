"""What the source held when a build was begun: kept until the build is finished, to name what has changed since."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from puzzlegen.files import is_url
from puzzlegen.listing import ITEM
from puzzlegen.manifest import whole_entry
from puzzlegen.output import STATE, publish, refused
from puzzlegen.plan import Plan
from puzzlegen.records import Item

_FILE: Final = "listed.parquet"
#: What of an item decides its puzzles besides its bytes, the name first.
_COLUMNS: Final = ["id", "size", "qa", "group", "bundle"]
_MOST_NAMED: Final = 3
#: How many items with a new stamp are read to find out whether their bytes are new, too.
_MOST_READ: Final = 64


def keep_listed(out: Path, plan: Plan, work_dir: Path) -> None:
    """Keep the names and sizes of a plan's items in the output folder, unless it lies behind a URL.

    Args:
        out: output folder.
        plan: the plan whose listing the build was begun with.
        work_dir: where the file is written until it is complete; on the file system of ``out``.

    Raises:
        OutputError: the file cannot be written.
    """
    # Absolute, because Arrow takes a relative path with a colon for a URI.
    path, temporary = out / STATE / _FILE, (work_dir / _FILE).absolute()
    if is_url(str(out)) or path.exists():
        return
    schema = pa.schema([ITEM.field(name) for name in _COLUMNS])
    try:
        with pq.ParquetWriter(temporary, schema, compression="zstd", use_dictionary=False) as file:
            for group in plan.groups:
                for batch in group.items.columns(_COLUMNS):
                    file.write_batch(batch)
        publish(temporary, path)
    except OSError as err:
        raise refused(path, err) from err


def remove_listed(out: Path) -> None:
    """Delete the file of :func:`keep_listed`: a finished build's entries say what it was made from."""
    if not is_url(str(out)):
        (out / STATE / _FILE).unlink(missing_ok=True)


def describe_change(
    out: Path, stored: Mapping[str, Any], expected: Mapping[str, Any], plan: Plan, sha256_of_item: Callable[[Item], str]
) -> str:
    """Describe how the source differs from what the build was begun with, with the names of items as far as known.

    Args:
        out: output folder.
        stored: the source's part of the build's identity.
        expected: the same of ``plan``.
        plan: a plan of the source as it is now.
        sha256_of_item: returns the digest of an item's bytes.
    """
    before, now = stored["items"], expected["items"]
    if stored["listing"] == expected["listing"]:
        return "hygiene.exclude now stands for other media"
    listed = _read_listed(out)
    names = _by_listing(listed, plan) if listed is not None else _by_entries(out, before, plan, sha256_of_item)
    counts = [f"{before} -> {now} items"] if before != now else []
    changes = counts + [f"{word}: {_format_names(group)}" for word, group in names.items() if group]
    return "; ".join(changes) or f"names, sizes or questions of its {now} items differ"


def _by_listing(listed: dict[str, int], plan: Plan) -> dict[str, Collection[str]]:
    """What has changed since the listing that was kept."""
    current = _hashes_by_name(batch for group in plan.groups for batch in group.items.columns(_COLUMNS))
    changed = [name for name, value in listed.items() if current.get(name, value) != value]
    return {"gone": listed.keys() - current.keys(), "new": current.keys() - listed.keys(), "changed": changed}


def _by_entries(out: Path, count: int, plan: Plan, sha256_of_item: Callable[[Item], str]) -> dict[str, Collection[str]]:
    """What has changed of the items of finished shards, and what is new if these are all ``count`` items."""
    entries = map(whole_entry, sorted((out / STATE / "shards").glob("*.json")))
    old = {name: source for entry in entries if entry for name, source in entry["sources"].items()}
    current = {item.id: item for group in plan.groups for item in group.items}
    touched = [
        name for name, (sha256, stamp) in old.items() if sha256 and name in current and current[name].stamp != stamp
    ]
    changed = [name for name in touched[:_MOST_READ] if sha256_of_item(current[name]) != old[name][0]]
    new = current.keys() - old.keys() if len(old) == count else ()
    return {"gone": old.keys() - current.keys(), "new": new, "changed": changed}


def _read_listed(out: Path) -> dict[str, int] | None:
    """The kept items by name, each with a hash of its columns; None if the file is missing or damaged."""
    if is_url(str(out)) or not (path := (out / STATE / _FILE).absolute()).is_file():
        return None
    try:
        with pq.ParquetFile(path) as file:
            return _hashes_by_name(file.iter_batches(columns=_COLUMNS, use_threads=False))
    except (pa.ArrowException, OSError):
        return None


def _hashes_by_name(batches: Iterable[Any]) -> dict[str, int]:
    return {
        row[0]: hash(row)
        for batch in batches
        for row in zip(*(batch[name].to_pylist() for name in _COLUMNS), strict=True)
    }


def _format_names(names: Collection[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(map(repr, sorted(names)[:_MOST_NAMED])) + more
