"""A slow and simple planner, which handles one item at a time, with fractions; every plan must equal its result."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from math import gcd
from typing import Any, NamedTuple

from puzzlegen.quota import folder_of
from puzzlegen.recipe import Recipe, TaskEntry
from puzzlegen.records import Item, Skipped
from puzzlegen.rng import digest


class Planned(NamedTuple):
    """The shards (name, items with their (task, variant) pairs, and files), and the skipped items."""

    shards: list[tuple[str, list[tuple[Item, list[tuple[int, int]]]], dict[str, str]]]
    skipped: list[Skipped]


def reference(recipe: Recipe, limit: int | None = None) -> Planned:
    """Return the plan of a recipe whose hygiene settings remove nothing."""
    items, skipped = _listing(recipe)
    chosen = sorted(items, key=lambda item: digest("order", recipe.seed, item.bundle or item.id))[:limit]
    groups: list[tuple[str, str, list[Item]]] = []
    for kind in sorted({entry.task.accepts for entry in recipe.tasks}):
        for split in ("train", *sorted(recipe.splits)):
            members = [i for i in chosen if i.kind == kind and _split(recipe, i.group or i.id) == split]
            if members and _entries(recipe, kind, split):
                groups.append((kind, split, members))
            else:
                skipped += [Skipped(item.id, "no_task_for_split", split) for item in members]
    return Planned(list(_numbered(recipe, groups)), sorted(skipped))


def _numbered(recipe: Recipe, groups: list[tuple[str, str, list[Item]]]) -> Iterator[Any]:
    cut = [list(_cut(recipe, *group)) for group in groups]
    filled = [{folder_of(recipe, k) for k, _ in _entries(recipe, kind, split)} for kind, split, _ in groups]
    for g, (kind, split, _) in enumerate(groups):
        for k, work in enumerate(cut[g]):
            files = {}
            for folder in filled[g]:
                sharing = [h for h in range(len(groups)) if groups[h][1] == split and folder in filled[h]]
                before = sum(len(cut[h]) for h in sharing if h < g)
                files[folder] = f"data/{folder}/{split}-{before + k:05d}-of-{sum(len(cut[h]) for h in sharing):05d}"
            yield f"{kind}-{split}-{k:05d}-of-{len(cut[g]):05d}", work, files


def _listing(recipe: Recipe) -> tuple[list[Item], list[Skipped]]:
    items: dict[str, Item] = {}
    skipped = []
    for entry in recipe.source.items():
        if isinstance(entry, Skipped):
            skipped.append(entry)
        elif entry.kind not in {e.task.accepts for e in recipe.tasks}:
            skipped.append(Skipped(entry.id, "no_task_for_kind", entry.kind))
        elif items.setdefault(entry.id, entry) is not entry:
            skipped.append(Skipped(entry.id, "duplicate_id"))
    return list(items.values()), skipped


def _split(recipe: Recipe, group: str) -> str:
    place = Fraction(int.from_bytes(digest("split", recipe.seed, group)[:8], "big"), 1 << 64)
    upto = Fraction(0)
    for name, share in sorted(recipe.splits.items()):
        upto += Fraction(str(share))
        if place < upto:
            return name
    return "train"


def _entries(recipe: Recipe, kind: str, split: str) -> list[tuple[int, TaskEntry]]:
    entries = [(k, entry) for k, entry in enumerate(recipe.tasks) if entry.task.accepts == kind]
    return [(k, entry) for k, entry in entries if not entry.splits or split in entry.splits]


def _picks(recipe: Recipe, kind: str, split: str, rank: int, count: int) -> list[tuple[int, int]]:
    entries = _entries(recipe, kind, split)
    if recipe.per_item == "all":
        return [(k, v) for v in range(recipe.variants) for k, _ in entries]
    stride = max(1, count * 618 // 1000)
    while gcd(stride, count) != 1:
        stride += 1
    u = Fraction(rank * stride % count, count)
    weights = [Fraction(str(entry.weight)) for _, entry in entries]
    bounds = [recipe.per_item * sum(weights[:k], Fraction(0)) / sum(weights) for k in range(len(weights) + 1)]
    taken = [int(high + u) - int(low + u) for low, high in pairwise(bounds)]
    return [
        (k, v) for v in range(max(taken, default=0)) for (k, _), times in zip(entries, taken, strict=True) if v < times
    ]


def _cut(recipe: Recipe, kind: str, split: str, members: list[Item]) -> Iterator[list[tuple[Item, Any]]]:
    work: list[tuple[Item, Any]] = []
    filled: dict[str, int] = {}
    for rank, item in enumerate(members):
        picks = _picks(recipe, kind, split, rank, len(members))
        adds: dict[str, int] = {}
        for task, _ in picks:
            adds[folder_of(recipe, task)] = adds.get(folder_of(recipe, task), 0) + 1
        if work and any(filled.get(f, 0) + n > recipe.output.shard_size for f, n in adds.items()):
            yield work
            work, filled = [], {}
        work.append((item, picks))
        filled = {f: filled.get(f, 0) + adds.get(f, 0) for f in filled | adds}
    yield work
