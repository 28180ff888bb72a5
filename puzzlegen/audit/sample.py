"""The puzzles of one task, and how their sources are folded, as all probes share them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from puzzlegen.audit.estimates import estimate
from puzzlegen.audit.learning import Labels, Matrix, folds, probabilities
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.seen import Seen

#: Of a few dozen sources one folding tells by chance 3 points more or less than the next.
_FOLDINGS: Final = 3


class Folding(NamedTuple):
    """One way to fold the sources.

    Attributes:
        fold: the fold of each puzzle: no source is in two.
        seed: of the learners.
    """

    fold: Labels
    seed: int


class Sample(NamedTuple):
    """All puzzles of one task with the same parameters.

    Attributes:
        seen: the puzzles.
        sources: the scene of each.
        foldings: what is learned is learned anew with each.
    """

    seen: list[Seen]
    sources: list[str]
    foldings: tuple[Folding, ...]

    @property
    def order_chance(self) -> float:
        """Of naming a whole order: neither the identity nor the prompt's example is ever asked."""
        return 1 / (math.factorial(len(self.seen[0].target.order)) - 2)

    def averaged(self, hits: Callable[[Folding], Sequence[float]]) -> list[float]:
        """Of each puzzle, how often a learner was right with the foldings; ``hits`` says so for one of them."""
        found: list[float] = np.mean([hits(folding) for folding in self.foldings], axis=0).tolist()
        return found

    def picked(self, tables: Sequence[Matrix], right: Sequence[int]) -> list[float]:
        """How often the option that a learner finds likeliest is the right one.

        Args:
            tables: of each puzzle a row per option, each judged by itself.
            right: of each puzzle the right option, from 0.
        """
        x, lengths = np.vstack(tables), [len(table) for table in tables]
        y = np.concatenate([np.arange(n) == k for n, k in zip(lengths, right, strict=True)]).astype(np.int64)

        def hits(folding: Folding) -> list[float]:
            found = probabilities(x, y, np.repeat(folding.fold, lengths), 2, folding.seed)[:, 1]
            each = np.split(found, np.cumsum(lengths)[:-1])
            return [float(int(odds.argmax()) == k) for odds, k in zip(each, right, strict=True)]

        return self.averaged(hits)

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
    """The puzzles with their foldings."""
    sources = [puzzle.scene for puzzle in seen]
    seeds = range(_FOLDINGS * seed, _FOLDINGS * (seed + 1))
    return Sample(list(seen), sources, tuple(Folding(folds(sources, one), one) for one in seeds))
