"""Confidence intervals of measured rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from math import fsum, sqrt
from typing import Final

#: 95 % of a normal distribution lie within this many standard deviations of its mean.
_Z: Final = 1.96


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % confidence interval of a rate seen in ``n`` trials.

    The interval is also safe for the mean of ``n`` values from 0 to 1, which vary no more than a rate.
    """
    middle = (rate + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z * sqrt(max(rate * (1 - rate), 0) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)


def clustered(values: Sequence[float], clusters: Sequence[Hashable], most: float) -> tuple[float, float]:
    """Wilson's 95 % confidence interval of the mean of values that come in clusters.

    The interval is Wilson's at the effective number of values: the number of independent values whose mean would have
    the same variance as the cluster-robust one. It stays sensible where no value or every value is 1, and needs no
    resampling.

    Args:
        values: from 0 to 1.
        clusters: the cluster of each value; values of different clusters are independent.
        most: the largest effective number, for values that vary too little by luck or because they are copies.
    """
    n, mean = len(values), fsum(values) / len(values)
    totals: defaultdict[Hashable, float] = defaultdict(float)
    for value, cluster in zip(values, clusters, strict=True):
        totals[cluster] += value - mean
    variance = len(totals) / max(1, len(totals) - 1) * fsum(total * total for total in totals.values()) / n**2
    effective = min(mean * (1 - mean) / variance, most) if variance > 0 else min(most, n)
    return wilson(mean, max(1.0, effective))
