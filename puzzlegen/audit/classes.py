"""Answers as classes that can be learned, and how often a class is right by chance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import product
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.estimates import SURE, at_least_p
from puzzlegen.audit.targets import THIRDS, Target

_MOST_CLASSES: Final = 40
_HALVES: Final = (THIRDS[0], THIRDS[-1])


class Classes(NamedTuple):
    """The classes into which the answers of one task fall.

    Attributes:
        labels: the right class of each puzzle; empty if the answers do not fall into few classes.
        allowed: for each puzzle, the classes that its answer could have had.
        cut: whether the classes were made here by cutting amounts at quantiles; such classes are not equally frequent
            if amounts repeat.
    """

    labels: list[str]
    allowed: list[tuple[str, ...]]
    cut: bool = False

    @property
    def even_share(self) -> float:
        """The share of hits of any one class if all allowed classes are equally likely."""
        return float(np.mean([1 / len(names) for names in self.allowed]))

    @property
    def chance(self) -> float:
        """The chance level: hits of the best constant class if classes are uneven or cut, otherwise ``even_share``."""
        return float(np.mean(self.constant_hits())) if self.cut or self.uneven else self.even_share

    @property
    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        """How often each class is right, and how often each is allowed."""
        return Counter(self.labels), Counter(name for names in self.allowed for name in names)

    def constant_hits(self) -> list[float]:
        """Hits, per puzzle, of always naming the allowed class that is right most often where it is allowed."""
        right, possible = self._counts
        rate = {name: right[name] / possible[name] for name in possible}
        pairs = zip(self.labels, self.allowed, strict=True)
        return [float(max(names, key=lambda n: (rate[n], n)) == label) for label, names in pairs]

    @property
    def uneven(self) -> bool:
        """Whether some class is right more often than chance explains, over all puzzles that allow it."""
        right, possible = self._counts
        share = self.even_share
        smallest_p = min(at_least_p(times, possible[name], share) for name, times in right.items() if name in possible)
        return smallest_p * len(possible) < SURE  # Boole's bound over the classes


def classes_of(targets: Sequence[Target]) -> Classes:
    """The answers as classes; empty if there are too many to learn.

    Amounts are cut into thirds, places in pictures into quarters.
    """
    if all(target.amounts for target in targets):
        return _cut_at_quantiles(np.array([target.amounts for target in targets]))
    labels, allowed = [t.label for t in targets], [t.classes for t in targets]
    if not all(labels) or len({name for names in allowed for name in names}) > _MOST_CLASSES:
        return Classes([], [])
    return Classes(labels, allowed)


def _cut_at_quantiles(amounts: NDArray[np.float64]) -> Classes:
    """Cut amounts at quantiles: ``(puzzles, 1)`` into thirds, ``(puzzles, 2)`` into halves along each axis."""
    names = THIRDS if amounts.shape[1] == 1 else _HALVES
    cuts = np.quantile(amounts, [k / len(names) for k in range(1, len(names))], axis=0)
    parts = (amounts[:, None] > cuts).sum(axis=1)
    allowed = tuple(map(" ".join, product(names, repeat=amounts.shape[1])))
    return Classes(
        [" ".join(names[k] for k in part_indices) for part_indices in parts], [allowed] * len(amounts), cut=True
    )


def letters_of(targets: Sequence[Target]) -> Classes:
    """The position of the right option among each puzzle's lettered options, as classes; empty without letters."""
    if not targets[0].letters:
        return Classes([], [])
    return Classes([str(t.right) for t in targets], [tuple(map(str, range(t.letters))) for t in targets])
