"""Shares with intervals that account for sources, because puzzles of one source are not independent evidence."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Final

from puzzlegen.intervals import clustered

#: A result counts as found if its probability by chance is below this.
SURE: Final = 0.001
#: With fewer sources than this, results are not judged.
LEAST_SOURCES: Final = 10


@dataclass(frozen=True)
class Estimate:
    """A share between 0 and 1, its 95 % interval, and the share that a blind policy would get.

    Attributes:
        n: number of puzzles.
        sources: number of independent sources: items, or scenes where several items show one.
        value: the share.
        low: lower end of the interval.
        high: upper end of the interval.
        chance: the share to expect without a leak.
    """

    n: int
    sources: int
    value: float
    low: float
    high: float
    chance: float

    @property
    def precise(self) -> bool:
        """Whether the interval is at most 6 points wide, 3 to either side."""
        return self.high - self.low <= 2 * PRECISE


PRECISE: Final = 0.03


def estimate(values: Sequence[float], sources: Sequence[Hashable], chance: float, parts: int = 1) -> Estimate:
    """The mean of ``values`` with the interval of :func:`puzzlegen.intervals.clustered` over sources.

    Args:
        values: one per puzzle, from 0 to 1.
        sources: the source (item or scene) of each puzzle.
        chance: the mean to expect without a leak.
        parts: number of independent parts of which each value is the mean.
    """
    n, mean = len(values), math.fsum(values) / len(values)
    low, high = clustered(values, sources, n * parts)
    return Estimate(n, len(set(sources)), *(round(x, 4) for x in (mean, low, high, chance)))


def uniform_p(values: Sequence[Hashable], kinds: int) -> float:
    """The probability of counts at least as uneven as these if all ``kinds`` values are equally likely (chi-square).

    Wilson and Hilferty's approximation of the distribution, accurate to a few thousandths.
    """
    counts = Counter(values)
    expected, freedom = len(values) / kinds, kinds - 1
    if freedom < 1 or not values:
        return 1.0
    square = sum((n - expected) ** 2 for n in counts.values()) / expected + (kinds - len(counts)) * expected
    spread = 2 / (9 * freedom)
    z = ((square / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread)
    return round(0.5 * math.erfc(z / math.sqrt(2)), 6)


def repeats_p(times: int, n: int, share: float) -> float:
    """An upper bound on the probability that any of ``1 / share`` equally likely values occurs ``times`` times or more.

    This is Boole's bound over the values, of which ``n`` are drawn.
    """
    return min(1.0, at_least_p(times, n, share) / share)


def at_least_p(times: int, n: int, share: float) -> float:
    """The probability that a value with this share occurs ``times`` times or more among ``n``.

    The tail of the binomial distribution is summed until its terms vanish.
    """
    if share >= 1:  # the only value there is
        return 1.0
    total, term = 0.0, math.exp(
        math.lgamma(n + 1) - math.lgamma(times + 1) - math.lgamma(n - times + 1)
        + times * math.log(share) + (n - times) * math.log1p(-share)
    )  # fmt: skip
    for k in range(times, n + 1):
        total += term
        term *= (n - k) / (k + 1) * share / (1 - share)
        if term < total * 1e-9:
            break
    return total
