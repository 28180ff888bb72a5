"""What will be built, fixed before work starts: which item gets which tasks, in which shard, in which split.

Every choice depends on names and the recipe's seed, never on positions in a listing or on how the work is spread.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import islice, pairwise
from math import gcd
from typing import Any, NamedTuple

from puzzlegen.errors import SourceError
from puzzlegen.files import in_memory
from puzzlegen.hygiene import sift
from puzzlegen.recipe import Recipe, TaskEntry
from puzzlegen.records import Item, Kind, Skipped, canonical_json
from puzzlegen.rng import digest

#: Raised when the same recipe and source give other bytes than before.
FORMAT = 1
TRAIN = "train"


class Pick(NamedTuple):
    """One puzzle to make of an item: index of the task in the recipe, and which of its variants."""

    task: int
    variant: int


class Shard(NamedTuple):
    """The unit of work, of retry and of resume: some items of one kind and split, and the files they fill.

    Attributes:
        name: ``<kind>-<split>-00000-of-00002``.
        work: each item with the puzzles to make of it.
        files: the output file of each modality profile, relative to the output folder, without suffix.
    """

    name: str
    split: str
    work: tuple[tuple[Item, tuple[Pick, ...]], ...]
    files: dict[str, str]


class Group(NamedTuple):
    """Items of one kind and split, in the plan's order, and where each shard of them begins."""

    kind: Kind
    split: str
    items: list[Item]
    starts: list[int]


class Plan(NamedTuple):
    """Everything to be done.

    Attributes:
        groups: items by kind and split.
        skipped: what the source holds that is no item, or that no task accepts.
        listing: hex digest of the source's items (names, sizes and questions).
        items: how many items the plan has.
        excluded: hex digest of the media that hygiene keeps out; empty if there are none.
    """

    recipe: Recipe
    groups: list[Group]
    skipped: list[Skipped]
    listing: str
    items: int
    excluded: str = ""

    def shards(self) -> Iterator[Shard]:
        """All shards, in order. Files are numbered per folder and split, whichever kinds of item fill them."""
        totals: Counter[tuple[str, str]] = Counter()
        for group in self.groups:
            totals.update({key: len(group.starts) for key in _fills(self.recipe, group)})
        begun: Counter[tuple[str, str]] = Counter()
        for group in self.groups:
            keys = _fills(self.recipe, group)
            yield from _shards(
                self.recipe, group, {folder: (begun[s, folder], totals[s, folder]) for s, folder in keys}
            )
            begun.update(dict.fromkeys(keys, len(group.starts)))


def make_plan(recipe: Recipe, limit: int | None = None) -> Plan:
    """List the source and decide what is made of it.

    Args:
        recipe: what to build.
        limit: only the first so many items in the plan's order.

    Raises:
        SourceError: the source has nothing that any task accepts.
    """
    recipe = recipe.model_copy(update={"source": recipe.source.pinned()})
    items, skipped = _listing(recipe)
    seconds = 0 if in_memory(recipe.source.model_dump_json()) else recipe.media.time_limit_s
    sifted = sift(items, recipe.source.open, recipe.hygiene, seconds)
    items, skipped = sifted.items, skipped + sifted.skipped
    ordered = sorted(items, key=lambda item: digest("order", recipe.seed, item.bundle or item.id))
    chosen = list(islice(ordered, limit)) if limit is not None else ordered
    groups = []
    for kind, split in _kinds_and_splits(recipe):
        members = [i for i in chosen if i.kind == kind and split_of(recipe, i.group or i.id) == split]
        if members and not _entries(recipe, kind, split):
            skipped += [Skipped(item.id, "no_task_for_split", split) for item in members]
        elif members:
            groups.append(Group(kind, split, members, _shard_starts(recipe, kind, split, members)))
    if not groups:
        kinds = " or ".join(sorted({entry.task.accepts for entry in recipe.tasks}))
        raise SourceError(f"the source has no {kinds} for the recipe's tasks, only {len(skipped)} other entries")
    return Plan(recipe, groups, skipped, listing_digest(chosen), len(chosen), sifted.excluded)


def _listing(recipe: Recipe) -> tuple[list[Item], list[Skipped]]:
    wanted = {entry.task.accepts for entry in recipe.tasks}
    items: list[Item] = []
    skipped: list[Skipped] = []
    names: set[str] = set()
    for entry in recipe.source.items():
        if isinstance(entry, Skipped):
            skipped.append(entry)
        elif entry.id in names:
            skipped.append(Skipped(entry.id, "duplicate_id"))
        elif entry.kind in wanted:
            items.append(entry)
            names.add(entry.id)
        else:
            skipped.append(Skipped(entry.id, "no_task_for_kind", entry.kind))
    return items, skipped


def listing_digest(items: Sequence[Item]) -> str:
    """Hex digest of names, sizes and questions, whatever their order."""
    h = hashlib.sha256()
    for item in sorted(items):
        told = [item.id, item.kind, item.size, item.qa, item.group, item.bundle]
        h.update(canonical_json(told if item.bundle else told[:-1]).encode())
    return h.hexdigest()


def _kinds_and_splits(recipe: Recipe) -> Iterator[tuple[Kind, str]]:
    kinds: list[Kind] = sorted({entry.task.accepts for entry in recipe.tasks})
    for kind in kinds:
        for split in (TRAIN, *sorted(recipe.splits)):
            yield kind, split


def split_of(recipe: Recipe, group: str) -> str:
    """The split of an item or group: by its name's hash, so that all its puzzles share it and no other moves it."""
    place = Fraction(int.from_bytes(digest("split", recipe.seed, group)[:8], "big"), 1 << 64)
    upto = Fraction(0)
    for name, share in sorted(recipe.splits.items()):
        upto += Fraction(str(share))
        if place < upto:
            return name
    return TRAIN


def _entries(recipe: Recipe, kind: Kind, split: str) -> list[tuple[int, TaskEntry]]:
    """The tasks for a kind of item in a split (empty: in any), with their numbers."""
    return [
        (k, entry)
        for k, entry in enumerate(recipe.tasks)
        if entry.task.accepts == kind and (not entry.splits or not split or split in entry.splits)
    ]


def picks(recipe: Recipe, kind: Kind, rank: int, count: int, split: str = "") -> tuple[Pick, ...]:
    """The puzzles to make of the ``rank``-th of ``count`` items of a split.

    With ``per_item: N`` each item gets N puzzles and each task its exact share: systematic sampling, in which item
    ``rank`` takes, of task t, floor(B[t] + u) - floor(B[t-1] + u), where B are the cumulated shares and u runs over
    0, 1/count, 2/count ... in a scattered order. The sum over all items is the share, rounded once.
    """
    entries = _entries(recipe, kind, split)
    if recipe.per_item == "all":
        return tuple(Pick(k, v) for k, _ in entries for v in range(recipe.variants))
    u = Fraction(rank * _stride(count) % count, count)
    bounds = _cumulated([entry for _, entry in entries], recipe.per_item)
    taken = [int(high + u) - int(low + u) for low, high in pairwise(bounds)]
    return tuple(Pick(k, v) for (k, _), times in zip(entries, taken, strict=True) for v in range(times))


def _stride(count: int) -> int:
    """A step near the golden section that visits every rank once."""
    step = max(1, count * 618 // 1000)
    while gcd(step, count) != 1:
        step += 1
    return step


def _cumulated(entries: Sequence[TaskEntry], per_item: int) -> list[Fraction]:
    weights = [Fraction(str(entry.weight)) for entry in entries]
    total = sum(weights)
    bounds = [Fraction(0)]
    for weight in weights:
        bounds.append(bounds[-1] + per_item * weight / total)
    return bounds


def _shard_starts(recipe: Recipe, kind: Kind, split: str, members: list[Item]) -> list[int]:
    """Cut the items so that no file of a shard is meant to hold more than ``shard_size`` puzzles."""
    folders = [folder_of(recipe, k) for k in range(len(recipe.tasks))]
    starts, filled = [0], dict.fromkeys(folders, 0)
    for rank in range(len(members)):
        adds = dict.fromkeys(folders, 0)
        for pick in picks(recipe, kind, rank, len(members), split):
            adds[folders[pick.task]] += 1
        if rank > starts[-1] and any(filled[f] + adds[f] > recipe.output.shard_size for f in folders):
            starts.append(rank)
            filled = dict.fromkeys(folders, 0)
        filled = {f: filled[f] + adds[f] for f in folders}
    return starts


def folder_of(recipe: Recipe, task: int) -> str:
    """The folder below ``data/`` for a task's records: its profile, one per number of media for WebDataset.

    ``load_dataset("webdataset")`` refuses samples with different members, so there the number is in the name.
    """
    made = recipe.tasks[task].task
    if recipe.output.format == "webdataset" and made.media_count > 1:
        return f"{made.profile}_{made.media_count}"
    return made.profile


def _fills(recipe: Recipe, group: Group) -> list[tuple[str, str]]:
    """Split and folder of every file that a shard of the group may fill."""
    folders = {folder_of(recipe, k) for k, _ in _entries(recipe, group.kind, group.split)}
    return [(group.split, folder) for folder in sorted(folders)]


def _shards(recipe: Recipe, group: Group, numbers: dict[str, tuple[int, int]]) -> Iterator[Shard]:
    total = len(group.starts)
    for k, start in enumerate(group.starts):
        stop = group.starts[k + 1] if k + 1 < total else len(group.items)
        work = tuple(
            (group.items[rank], picks(recipe, group.kind, rank, len(group.items), group.split))
            for rank in range(start, stop)
        )
        files = {f: f"data/{f}/{_number(group.split, begun + k, of)}" for f, (begun, of) in numbers.items()}
        yield Shard(f"{group.kind}-{_number(group.split, k, total)}", group.split, work, files)


def _number(split: str, k: int, of: int) -> str:
    return f"{split}-{k:05d}-of-{of:05d}"


def identity(plan: Plan, limit: int | None, environment: dict[str, str]) -> dict[str, Any]:
    """What decides the bytes of a build: its canonical recipe, source listing, limit and library versions."""
    excluded = {"excluded": plan.excluded} if plan.excluded else {}
    return {
        "format": FORMAT,
        "recipe": plan.recipe.canonical(),
        "task_versions": {entry.task.name: entry.task.version for entry in plan.recipe.tasks},
        "source": {"items": plan.items, "listing": plan.listing, **excluded},
        "limit": limit,
        "environment": environment,
    }
