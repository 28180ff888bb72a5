"""Rejections: counts by reason, and some of the rejected items with a thumbnail."""

from __future__ import annotations

from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from puzzlegen.output import REJECTIONS
from puzzlegen.preview.originals import Originals
from puzzlegen.reading import read_rows
from puzzlegen.records import REASONS

if TYPE_CHECKING:
    from puzzlegen.preview.entries import Spool

#: Maximum number of items shown per reason.
_MAX_SHOWN: Final = 24


def rejected(folder: Path, source: Originals | None, spool: Spool) -> list[dict[str, Any]]:
    """Return the reasons, most frequent first, each with its meaning, its counts per task and its first items."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    shown: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for row in read_rows(folder / REJECTIONS):
        counts[row["reason"]][row["task"]] += 1
        _add_item(shown[row["reason"]], row)
    return [
        {
            "reason": reason,
            "meaning": REASONS.get(reason, ""),
            "tasks": dict(sorted(tasks.items())),
            "items": [_with_thumbnail(item, source, spool) for item in shown[reason].values()],
        }
        for reason, tasks in sorted(counts.items(), key=lambda pair: (-pair[1].total(), pair[0]))
    ]


def _add_item(items: dict[str, dict[str, Any]], row: dict[str, Any]) -> None:
    """Add a rejection to the shown items: each item is listed once, with all tasks that rejected it."""
    if row["item"] in items or len(items) < _MAX_SHOWN:
        item = items.setdefault(row["item"], {"item": row["item"], "detail": row["detail"], "tasks": []})
        if row["task"] and row["task"] not in item["tasks"]:
            item["tasks"].append(row["task"])


def _with_thumbnail(item: dict[str, Any], source: Originals | None, spool: Spool) -> dict[str, Any]:
    medium = source.thumbnail(item["item"]) if source else None
    return item | {"thumbnail": spool.add(medium.data, medium.ext, item["item"]) if medium else None}
