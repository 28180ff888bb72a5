"""Which puzzles each item gets, with exact shares: a function of the item's rank among those of its kind and split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from math import ceil, gcd
from typing import Any, Final, NamedTuple

import numpy as np

from puzzlegen.recipe import Recipe, TaskEntry
from puzzlegen.records import Kind

#: Ranks that are counted at once when items are cut into shards.
_WINDOW: Final = 1 << 16


class Pick(NamedTuple):
    """One puzzle to make from an item: the index of the task in the recipe, and the variant of the item."""

    task: int
    variant: int


def folder_of(recipe: Recipe, task: int) -> str:
    """Return the folder below ``data/`` for a task's records: its profile and, for WebDataset, its number of media.

    ``load_dataset("webdataset")`` refuses samples with different members, so there each number of media has its own
    folder.
    """
    made = recipe.tasks[task].task
    if recipe.output.format == "webdataset" and made.media_count > 1:
        return f"{made.profile}_{made.media_count}"
    return made.profile


def entries_of(recipe: Recipe, kind: Kind, split: str) -> list[tuple[int, TaskEntry]]:
    """Return the recipe's tasks, with their indexes, for a kind of item in a split (empty: in any split)."""
    return [
        (k, entry)
        for k, entry in enumerate(recipe.tasks)
        if entry.task.accepts == kind and (not entry.splits or not split or split in entry.splits)
    ]


def _by_variant(pick: Pick) -> int:
    """Return the sort key of picks. Tasks on the same variant share its clean medium, which then is made only once."""
    return pick.variant


class Quota:
    """The puzzles to make from each of ``count`` items of a kind and split.

    With ``per_item: N``, each item gets N puzzles and each task gets its exact share, by systematic sampling: from item
    ``rank``, floor(B[t] + u) - floor(B[t-1] + u) puzzles of task t are made. B are the cumulated shares of the tasks
    per item, and u takes the values 0, 1/count, 2/count ... in a scattered order. The sum over all items is the task's
    share, rounded once. As u stays below 1, floor(B + u) equals floor(B) until u reaches 1 - frac(B), and is one more
    from there; so integer arithmetic decides everything.
    """

    def __init__(self, recipe: Recipe, kind: Kind, split: str, count: int) -> None:
        self._tasks = [k for k, _ in entries_of(recipe, kind, split)]
        self._folders = [folder_of(recipe, k) for k in self._tasks]
        self._shard_size = recipe.output.shard_size
        self._variants = recipe.variants
        self._count = count
        self._is_sampled = recipe.per_item != "all"
        self._stride = _stride(count)
        weights = [recipe.tasks[k].weight for k in self._tasks]
        self._bounds = [] if recipe.per_item == "all" else _cumulated_shares(weights, recipe.per_item)
        self._cached_picks: dict[tuple[int, ...], tuple[Pick, ...]] = {}

    @property
    def folders(self) -> list[str]:
        """The folders that the puzzles go to."""
        return sorted(set(self._folders))

    def picks(self, rank: int) -> tuple[Pick, ...]:
        """Return the puzzles to make from the ``rank``-th item."""
        if not self._is_sampled:
            return self._all_picks
        step = rank * self._stride % self._count
        cumulated = [low + (step >= threshold) for low, threshold in zip(self._floors, self._thresholds, strict=True)]
        task_counts = tuple(high - low for low, high in pairwise(cumulated))
        if task_counts not in self._cached_picks:
            sampled = (Pick(k, v) for k, times in zip(self._tasks, task_counts, strict=True) for v in range(times))
            self._cached_picks[task_counts] = tuple(sorted(sampled, key=_by_variant))
        return self._cached_picks[task_counts]

    def totals(self) -> Counter[int]:
        """Return how many puzzles each task gets from all items together."""
        if not self._is_sampled:
            return Counter(dict.fromkeys(self._tasks, self._variants * self._count))
        # Of the steps 0 .. count - 1, those from a bound's turn on add one.
        cumulated = [
            low * self._count + self._count - threshold
            for low, threshold in zip(self._floors, self._thresholds, strict=True)
        ]
        return Counter({k: high - low for k, (low, high) in zip(self._tasks, pairwise(cumulated), strict=True)})

    def starts(self) -> Sequence[int]:
        """Cut the items into shards, so that no file of a shard is planned to hold more than ``shard_size`` puzzles.

        Returns:
            The rank at which each shard starts.
        """
        if not self._is_sampled:
            most = max(self._folders.count(folder) for folder in self._folders) * self._variants
            return range(0, self._count, max(1, self._shard_size // most))
        starts = [0]
        # Each item gives at least one puzzle, so a shard has no more items than its files together have room for.
        window = max(_WINDOW, self._shard_size * len(self.folders) + 1)
        while (begin := starts[-1]) + 1 < self._count:
            filled = self._count_filled(begin, min(self._count, begin + window))
            cuts = _find_cuts(filled, self._shard_size)
            if not cuts:
                break
            starts += [begin + cut for cut in cuts]
        return starts

    @cached_property
    def _all_picks(self) -> tuple[Pick, ...]:
        return tuple(Pick(k, v) for v in range(self._variants) for k in self._tasks)

    @cached_property
    def _floors(self) -> list[int]:
        return [int(bound) for bound in self._bounds]

    @cached_property
    def _thresholds(self) -> list[int]:
        """For each bound, the first step at which one more puzzle is taken."""
        return [ceil(self._count * (1 - bound % 1)) for bound in self._bounds]

    def _count_filled(self, begin: int, stop: int) -> Any:  # noqa: ANN401 - an array of whole numbers, by folder and rank
        """Return how many puzzles each folder has before each rank of a range, and after its last rank."""
        steps = np.arange(begin, stop, dtype=np.int64) * self._stride % self._count
        cumulated = [low + (steps >= threshold) for low, threshold in zip(self._floors, self._thresholds, strict=True)]
        filled = np.zeros((len(self.folders), len(steps) + 1), np.int64)
        for folder, (low, high) in zip(self._folders, pairwise(cumulated), strict=True):
            filled[self.folders.index(folder), 1:] += high - low
        return filled.cumsum(axis=1)


def _find_cuts(filled: Any, most: int) -> list[int]:  # noqa: ANN401
    """Return the ranks, counted from the first, at which a shard must end because the next item does not fit."""
    cuts: list[int] = []
    position, last = 0, filled.shape[1] - 1
    while True:
        # The last rank up to which no folder exceeds its file; a shard has one item at least.
        fits = min(int(np.searchsorted(row, row[position] + most, side="right")) - 1 for row in filled)
        position = max(fits, position + 1)
        if position >= last:
            return cuts
        cuts.append(position)


def _stride(count: int) -> int:
    """Return a step near the golden section of ``count`` that visits every rank once."""
    step = max(1, count * 618 // 1000)
    while gcd(step, count) != 1:
        step += 1
    return step


def _cumulated_shares(weights: Sequence[float], per_item: int) -> list[Fraction]:
    shares = [Fraction(str(weight)) for weight in weights]
    bounds = [Fraction(0)]
    for share in shares:
        bounds.append(bounds[-1] + per_item * share / sum(shares))
    return bounds
