"""The puzzles of one task, and the folds of their sources, as all probes share them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

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

    def probe(
        self,
        family: Family,
        sees: str,
        names: str,
        hits: Sequence[float],
        chance: float,
        *,
        parts: int = 1,
        counts: bool = True,
        washed: float | None = None,
    ) -> Probe:
        """A probe of which we know where it was right; ``parts`` as in :func:`estimate`."""
        known = None if washed is None else round(washed, 4)
        return Probe(family, sees, names, estimate(hits, self.sources, chance, parts), counts, known)


def sample(seen: Sequence[Seen], seed: int) -> Sample:
    """The puzzles with their folds."""
    sources = [puzzle.source for puzzle in seen]
    return Sample(list(seen), sources, folds(sources, seed), seed)
