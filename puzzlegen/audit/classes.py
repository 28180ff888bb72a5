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
    """What answers of one task fall into.

    Attributes:
        labels: of each puzzle the right one; empty if answers are not of few kinds.
        allowed: of each puzzle those that its answer could have had.
        cut: whether we made them, out of amounts: parts are not even where amounts come more than once.
    """

    labels: list[str]
    allowed: list[tuple[str, ...]]
    cut: bool = False

    @property
    def even_share(self) -> float:
        """What any one class earns where all that are allowed are equally likely."""
        return float(np.mean([1 / len(names) for names in self.allowed]))

    @property
    def chance(self) -> float:
        """What is earned by one class for all, where these are uneven; otherwise their share."""
        return float(np.mean(self.constant_hits())) if self.cut or self.uneven else self.even_share

    @property
    def _counts(self) -> tuple[Counter[str], Counter[str]]:
        """Of each class how often it is right, and how often it may be."""
        return Counter(self.labels), Counter(name for names in self.allowed for name in names)

    def constant_hits(self) -> list[float]:
        """Hits of the rule "the class that is right most often when it can be", per puzzle."""
        right, possible = self._counts
        rate = {name: right[name] / possible[name] for name in possible}
        pairs = zip(self.labels, self.allowed, strict=True)
        return [float(max(names, key=lambda n: (rate[n], n)) == label) for label, names in pairs]

    @property
    def uneven(self) -> bool:
        """Whether some class is right more often than it would be by chance, over all the puzzles that allow it."""
        right, possible = self._counts
        share = self.even_share
        found = min(at_least_p(times, possible[name], share) for name, times in right.items() if name in possible)
        return found * len(possible) < SURE  # Boole's bound over the classes


def classes_of(targets: Sequence[Target]) -> Classes:
    """Classes of answers, none if too many to learn. Amounts fall into thirds, places in pictures into quarters."""
    if all(target.amounts for target in targets):
        return _parts(np.array([target.amounts for target in targets]))
    labels, allowed = [t.label for t in targets], [t.classes for t in targets]
    if not all(labels) or len({name for names in allowed for name in names}) > _MOST_CLASSES:
        return Classes([], [])
    return Classes(labels, allowed)


def _parts(amounts: NDArray[np.float64]) -> Classes:
    """Of ``(puzzles, 1)`` amounts the third, of ``(puzzles, 2)`` the half of each."""
    names = THIRDS if amounts.shape[1] == 1 else _HALVES
    cuts = np.quantile(amounts, [k / len(names) for k in range(1, len(names))], axis=0)
    parts = (amounts[:, None] > cuts).sum(axis=1)
    allowed = tuple(map(" ".join, product(names, repeat=amounts.shape[1])))
    return Classes([" ".join(names[k] for k in each) for each in parts], [allowed] * len(amounts), cut=True)


def letters_of(targets: Sequence[Target]) -> Classes:
    """The place of each puzzle's right option among its lettered ones; none without letters."""
    if not targets[0].letters:
        return Classes([], [])
    return Classes([str(t.right) for t in targets], [tuple(map(str, range(t.letters))) for t in targets])
