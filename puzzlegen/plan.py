"""The plan of a build, fixed before work starts: which item gets which tasks, and its shard and split.

Every choice depends on names and the recipe's seed, never on positions in a listing or on how the work is spread. The
plan lies in files, so that its memory does not grow with the number of items.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import cached_property, partial
from itertools import accumulate
from math import ceil
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from puzzlegen.errors import SourceError
from puzzlegen.files import in_memory, suffix_of
from puzzlegen.hygiene import Sifted, sift
from puzzlegen.listing import Listing, Table, as_array, equal, hashes
from puzzlegen.planned import Items, ItemsFile, ListingDigest, SkippedFile
from puzzlegen.quota import Pick, Quota, entries_of, folder_of
from puzzlegen.recipe import Recipe
from puzzlegen.records import Item, Kind, Skipped, canonical_json
from puzzlegen.rng import digest

__all__ = ["Group", "Pick", "Plan", "Shard", "folder_of", "identity", "make_plan", "picks", "split_of"]

#: Version of the output: increased whenever the same recipe and source give other bytes than before.
FORMAT = 5
TRAIN = "train"
#: What planning does, as it is reported.
LISTING: Final = "listing the source"
SORTING: Final = "planning"
_HASH_VALUES: Final = 1 << 64
_REASONS_SHOWN: Final = 3
#: Sources for files that others list as unsupported.
_SOURCE_KINDS: Final = {".parquet": "parquet", ".tar": "webdataset", ".arrow": "hub"}


class Shard(NamedTuple):
    """The unit of work, retry and resume: some items of one kind and split, and the files made from them.

    Attributes:
        name: ``<kind>-<split>-00000-of-00002``.
        split: the split of all its items.
        work: each item with the puzzles to make from it.
        files: the output file of each modality profile, relative to the output folder, without suffix.
    """

    name: str
    split: str
    work: tuple[tuple[Item, tuple[Pick, ...]], ...]
    files: dict[str, str]


class Group(NamedTuple):
    """The items of one kind and split, in the plan's order, their quota, and the rank at which each shard starts."""

    kind: Kind
    split: str
    items: Items
    quota: Quota
    starts: Sequence[int]


class Plan:
    """All the work of a build.

    Attributes:
        groups: items by kind and split.
        skipped: entries of the source that are no items, or that no task accepts.
        listing: hex digest of the items (names, kinds, sizes, questions, groups and bundles).
        items: number of items of the groups; an item for whose split the recipe has no task is skipped.
        excluded: hex digest of the media that hygiene keeps out; empty if there are none.
    """

    def __init__(
        self,
        recipe: Recipe,
        place: _PlanFolder,
        groups: list[Group],
        skipped: SkippedFile,
        listed: ListingDigest,
        excluded: str,
    ) -> None:
        self.recipe = recipe
        self.groups = groups
        self.skipped = skipped
        self.listing = listed.hex()
        self.items = sum(len(group.items) for group in groups)
        self.excluded = excluded
        self._folder = place  # a temporary folder is deleted with the plan
        self._shard_ends = list(accumulate(len(group.starts) for group in groups))

    def __len__(self) -> int:
        """Return the number of shards."""
        return self._shard_ends[-1]

    def name(self, number: int) -> str:
        """Return the name of a shard by its number in the plan."""
        group, k = self._locate(number)
        return _shard_name(self.groups[group], k)

    def shard(self, number: int) -> Shard:
        """Return a shard by its number in the plan, with its items read from the plan's files.

        Output files are numbered per folder and split, whichever kinds of items fill them.
        """
        g, k = self._locate(number)
        group = self.groups[g]
        start = group.starts[k]
        items = group.items[start : group.starts[k + 1] if k + 1 < len(group.starts) else None]
        work = tuple((item, group.quota.picks(start + rank)) for rank, item in enumerate(items))
        files = {}
        for folder in group.quota.folders:
            offset, total = self._files_before[g, folder], self._totals[group.split, folder]
            files[folder] = f"data/{folder}/{_file_number(group.split, offset + k, total)}"
        return Shard(_shard_name(group, k), group.split, work, files)

    def shards(self) -> Iterator[Shard]:
        """Return all shards, in order."""
        return (self.shard(number) for number in range(len(self)))

    def at(self, place: int) -> tuple[int, int, Item]:
        """Return the shard, the rank in that shard and the item at a place among all items of the plan."""
        first = 0
        for group in self.groups:
            if place < len(group.items):
                k = bisect_right(group.starts, place) - 1
                return first + k, place - group.starts[k], group.items[place]
            place -= len(group.items)
            first += len(group.starts)
        raise IndexError(place)

    def _locate(self, number: int) -> tuple[int, int]:
        group = bisect_right(self._shard_ends, number)
        return group, number - (self._shard_ends[group - 1] if group else 0)

    @cached_property
    def _totals(self) -> Counter[tuple[str, str]]:
        """The number of files of each split in each folder."""
        totals: Counter[tuple[str, str]] = Counter()
        for group in self.groups:
            totals.update({(group.split, folder): len(group.starts) for folder in group.quota.folders})
        return totals

    @cached_property
    def _files_before(self) -> dict[tuple[int, str], int]:
        """For each group and folder, the number of files that earlier groups have there."""
        offsets = {}
        file_counts: Counter[tuple[str, str]] = Counter()
        for g, group in enumerate(self.groups):
            for folder in group.quota.folders:
                offsets[g, folder] = file_counts[group.split, folder]
                file_counts[group.split, folder] += len(group.starts)
        return offsets


class _PlanFolder:
    """The folder of a plan; a temporary one is deleted when nothing uses it any more."""

    def __init__(self, given_path: Path | None) -> None:
        # Absolute, because Arrow takes a relative path with a colon for a URI.
        self.path = (given_path or Path(tempfile.mkdtemp(prefix="puzzlegen-plan-"))).absolute()
        self.path.mkdir(parents=True, exist_ok=True)
        if given_path is None:
            weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def make_plan(
    recipe: Recipe,
    limit: int | None = None,
    place: Path | None = None,
    report: Callable[[str, int], None] | None = None,
) -> Plan:
    """List the source and decide what is made from it.

    Args:
        recipe: what to build.
        limit: take only this many items, the first in the plan's order; the whole source is listed all the same.
        place: folder of the plan, where an interrupted listing is resumed; default: a temporary folder.
        report: called with what is being done and the number of items found, at most every few seconds.

    Raises:
        SourceError: the source has nothing that any task accepts.
    """
    source = recipe.source.pinned()
    recipe = recipe.model_copy(update={"source": source.asking() if recipe.join else source})
    plan_folder = _PlanFolder(place)
    listing = Listing(plan_folder.path / "listing", recipe.seed)
    kinds: set[str] = {entry.task.accepts for entry in recipe.tasks}
    description = canonical_json(
        [FORMAT, recipe.seed, sorted(kinds), _describe_source(recipe), recipe.source.listing_state()]
    )
    listing.take(recipe.source.listed, kinds, description, report and partial(report, LISTING))
    if report:
        report(SORTING, len(listing))
    listing.drop_repeated()
    seconds = 0 if in_memory(recipe.source.model_dump_json()) else recipe.media.time_limit_s
    sifted = sift(listing, recipe.source.open, recipe.hygiene, seconds)
    listing_digest = ListingDigest()
    groups = list(_groups(recipe, listing, sifted, limit, plan_folder.path, listing_digest))
    skipped = SkippedFile(plan_folder.path / "skipped.parquet", listing.skipped())
    listing.remove()
    if not groups:
        raise SourceError(
            f"the source has no {' or '.join(sorted(kinds))} for the recipe's tasks: {_describe_reasons(skipped)}"
        )
    return Plan(recipe, plan_folder, groups, skipped, listing_digest, sifted.excluded)


def _describe_reasons(skipped: SkippedFile) -> str:
    """Describe the commonest reasons why nothing is left, each with an example."""
    if not len(skipped):
        return "it is empty"
    examples: dict[str, Skipped] = {}
    for skipped_entry in skipped:
        examples.setdefault(skipped_entry.reason, skipped_entry)
        if len(examples) == len(skipped.reasons):
            break
    lines = []
    for reason, count in skipped.reasons.most_common(_REASONS_SHOWN):
        example = examples[reason]
        detail = example.detail or _kind_hint(example)
        lines.append(f"{reason} {count}, such as '{example.id}'" + (f" ({detail})" if detail else ""))
    return "; ".join(lines)


def _kind_hint(skipped: Skipped) -> str:
    kind = _SOURCE_KINDS.get(suffix_of(skipped.id)) if skipped.reason == "unsupported_file" else None
    return f"media in such files are read by source.kind: {kind}" if kind else ""


def _describe_source(recipe: Recipe) -> dict[str, Any]:
    source_state: dict[str, Any] = recipe.source.model_dump(mode="json")
    return {**source_state, "asked": recipe.join is not None}


def _groups(
    recipe: Recipe,
    listing: Listing,
    sifted: Sifted,
    limit: int | None,
    folder_path: Path,
    listing_digest: ListingDigest,
) -> Iterator[Group]:
    """Write the items of each kind and split to files, in order, and cut them into shards."""
    files: dict[tuple[Kind, str], ItemsFile] = {}
    for table, splits in _iter_chosen(recipe, listing, sifted, limit):
        listing_digest.add(table)
        for kind, split in _kinds_and_splits(recipe):
            members = table.take(as_array(np.flatnonzero(equal(table["kind"], kind) & (splits == split))))
            if members.num_rows and not entries_of(recipe, kind, split):
                listing.skip([Skipped(name, "no_task_for_split", split) for name in members["id"].to_pylist()])
            elif members.num_rows:
                if (kind, split) not in files:
                    files[kind, split] = ItemsFile(folder_path / f"{kind}-{split}.parquet")
                files[kind, split].add(members)
    for kind, split in _kinds_and_splits(recipe):
        if (kind, split) in files:
            items = files[kind, split].close()
            quota = Quota(recipe, kind, split, len(items))
            yield Group(kind, split, items, quota, quota.starts())


def _iter_chosen(recipe: Recipe, listing: Listing, sifted: Sifted, limit: int | None) -> Iterator[tuple[Table, Any]]:
    """Yield the items of the plan in order, a table at a time, with the split of each item."""
    remaining = len(listing) if limit is None else limit
    for ordered in listing.ordered():
        table = sifted.grouped(ordered).slice(0, remaining)
        remaining -= table.num_rows
        if table.num_rows:
            yield table, _splits_of(recipe, table)
        if not remaining:
            return


def _splits_of(recipe: Recipe, table: Table) -> Any:  # noqa: ANN401 - an array of names
    names = [*(name for name, _ in _split_bounds(recipe)), TRAIN]
    if len(names) == 1:
        return np.full(table.num_rows, TRAIN)
    groups, ids = table["group"].to_pylist(), table["id"].to_pylist()
    hash_values = hashes([group or name for group, name in zip(groups, ids, strict=True)], "split", recipe.seed)
    last_values = np.array([last for _, last in _split_bounds(recipe)], np.uint64)
    return np.array(names)[np.searchsorted(last_values, hash_values, side="left")]


def _split_bounds(recipe: Recipe) -> list[tuple[str, int]]:
    """Return each split with the last hash value that belongs to it.

    The splits divide the 2**64 values of a hash; values beyond all of them are train.
    """
    bounds, share_sum = [], Fraction(0)
    for name, share in sorted(recipe.splits.items()):
        share_sum += Fraction(str(share))
        bounds.append((name, min(ceil(share_sum * _HASH_VALUES), _HASH_VALUES) - 1))
    return bounds


def _kinds_and_splits(recipe: Recipe) -> Iterator[tuple[Kind, str]]:
    kinds: list[Kind] = sorted({entry.task.accepts for entry in recipe.tasks})
    for kind in kinds:
        for split in (TRAIN, *sorted(recipe.splits)):
            yield kind, split


def split_of(recipe: Recipe, group: str) -> str:
    """Return the split of an item or group.

    Only the hash of its name decides, so all puzzles of an item share a split, and no other item can move them.
    """
    hash_value = int.from_bytes(digest("split", recipe.seed, group)[:8], "big")
    return next((name for name, last in _split_bounds(recipe) if hash_value <= last), TRAIN)


def picks(recipe: Recipe, kind: Kind, rank: int, count: int, split: str = "") -> tuple[Pick, ...]:
    """Return the puzzles to make from the ``rank``-th of ``count`` items of a split; a :class:`Quota` decides."""
    return Quota(recipe, kind, split, count).picks(rank)


def _shard_name(group: Group, k: int) -> str:
    return f"{group.kind}-{_file_number(group.split, k, len(group.starts))}"


def _file_number(split: str, k: int, total: int) -> str:
    return f"{split}-{k:05d}-of-{total:05d}"


def terms(recipe: Recipe, limit: int | None, environment: dict[str, str]) -> dict[str, Any]:
    """Return what decides the bytes of a build besides its source: its canonical recipe, limit and versions."""
    return {
        "format": FORMAT,
        "recipe": recipe.canonical(),
        "task_versions": {entry.task.name: entry.task.version for entry in recipe.tasks},
        "limit": limit,
        "environment": environment,
    }


def identity(plan: Plan, limit: int | None, environment: dict[str, str]) -> dict[str, Any]:
    """Return everything that decides the bytes of a build: its terms, and the listing of its source."""
    excluded = {"excluded": plan.excluded} if plan.excluded else {}
    source = {"items": plan.items, "listing": plan.listing, **excluded}
    return {**terms(plan.recipe, limit, environment), "source": source}
