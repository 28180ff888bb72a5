"""The puzzles of one task, and the folds of their sources, as all probes share them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from puzzlegen.audit.estimates import estimate
from puzzlegen.audit.learning import Labels, folds
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.seen import Seen


class Sample(NamedTuple):
    """All puzzles of one task with the same parameters.

    Attributes:
        seen: the puzzles.
        sources: the item of each.
        fold: the fold of each: no source is in two.
        seed: of folds and learners.
    """

    seen: list[Seen]
    sources: list[str]
    fold: Labels
    seed: int

    @property
    def order_chance(self) -> float:
        """Of naming a whole order: neither the identity nor the prompt's example is ever asked."""
        return 1 / (math.factorial(len(self.seen[0].target.order)) - 2)


class Tried(NamedTuple):
    """A probe of which we know where it was right, with one folding of the sources.

    Attributes:
        family: as in :class:`Probe`, like ``sees``, ``names`` and ``counts``.
        values: one per puzzle: 1 where it was right, a part where it was right in part.
        chance: the mean to expect without a leak.
        parts: of how many independent parts a value is the mean.
        washed: the mean on copies of the media that bear no traces.
    """

    family: Family
    sees: str
    names: str
    values: Sequence[float]
    chance: float
    parts: int = 1
    counts: bool = True
    washed: float | None = None


def averaged(foldings: Sequence[Sequence[Tried]], sources: Sequence[str]) -> Iterator[Probe]:
    """The probes, each right as often as it is on average over the foldings of these sources.

    Of a few dozen sources one folding tells by chance 3 points more or less than the next.
    """
    for same in zip(*foldings, strict=True):
        first, values = same[0], np.mean([tried.values for tried in same], axis=0)
        known = [tried.washed for tried in same if tried.washed is not None]
        washed = round(float(np.mean(known)), 4) if known else None
        found = estimate(values.tolist(), sources, first.chance, first.parts)
        yield Probe(first.family, first.sees, first.names, found, first.counts, washed)


def sample(seen: Sequence[Seen], seed: int) -> Sample:
    """The puzzles with their folds."""
    sources = [puzzle.source for puzzle in seen]
    return Sample(list(seen), sources, folds(sources, seed), seed)
