"""The puzzles of one task and the folds of their sources, shared by all probes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.estimates import estimate
from puzzlegen.audit.learning import Labels, Matrix, folds, probabilities
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.seen import Seen

#: Results are averaged over this many foldings: with a few dozen sources, two foldings differ by 3 points by chance.
_FOLDINGS: Final = 3


class Folding(NamedTuple):
    """One way to fold the sources.

    Attributes:
        fold: the fold of each puzzle; all puzzles of a source are in one fold.
        seed: seed of the learners.
    """

    fold: Labels
    seed: int


class Sample(NamedTuple):
    """All puzzles of one task with the same parameters.

    Attributes:
        seen: the puzzles.
        sources: the scene of each puzzle.
        foldings: several ways to fold the sources; learners are trained anew with each.
    """

    seen: list[Seen]
    sources: list[str]
    foldings: tuple[Folding, ...]

    @property
    def order_chance(self) -> float:
        """The chance of guessing a whole order: neither the identity nor the prompt's example is ever asked."""
        return 1 / (math.factorial(len(self.seen[0].target.order)) - 2)

    def averaged(self, hits: Callable[[Folding], Sequence[float]]) -> list[float]:
        """The mean of ``hits`` over all foldings, per puzzle; ``hits`` gives the hits of a learner with one folding."""
        mean_hits: list[float] = np.mean([hits(folding) for folding in self.foldings], axis=0).tolist()
        return mean_hits

    def picked(self, tables: Sequence[Matrix], right: Sequence[int]) -> list[float]:
        """How often the option that a learner finds likeliest is the right one, per puzzle.

        Args:
            tables: features of each puzzle, one row per option; each option is judged by itself.
            right: the right option of each puzzle, from 0.
        """
        inside = [np.arange(len(table)) == k for table, k in zip(tables, right, strict=True)]

        def hits(folding: Folding) -> list[float]:
            puzzle_odds = self.odds(tables, inside, folding)
            return [float(int(odds.argmax()) == k) for odds, k in zip(puzzle_odds, right, strict=True)]

        return self.averaged(hits)

    def odds(self, tables: Sequence[Matrix], inside: Sequence[NDArray[Any]], folding: Folding) -> list[Matrix]:
        """The probability that each option of each puzzle is right, from a learner trained on other folds.

        Args:
            tables: features of each puzzle, one row per option; each option is judged by itself.
            inside: for each puzzle, whether each option is right.
            folding: the folds of the puzzles.
        """
        lengths = [len(table) for table in tables]
        x, y = np.vstack(tables), np.concatenate(inside).astype(np.int64)
        predicted = probabilities(x, y, np.repeat(folding.fold, lengths), 2, folding.seed)[:, 1]
        return np.split(predicted, np.cumsum(lengths)[:-1])

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
        """Make a probe from its hits per puzzle; ``parts`` as in :func:`puzzlegen.audit.estimates.estimate`."""
        washed_share = None if washed is None else round(washed, 4)
        return Probe(family, sees, names, estimate(hits, self.sources, chance, parts), counts, washed_share)


def sample(seen: Sequence[Seen], seed: int) -> Sample:
    """Return the puzzles with their foldings, which ``seed`` decides."""
    sources = [puzzle.scene for puzzle in seen]
    seeds = range(_FOLDINGS * seed, _FOLDINGS * (seed + 1))
    return Sample(list(seen), sources, tuple(Folding(folds(sources, fold_seed), fold_seed) for fold_seed in seeds))
