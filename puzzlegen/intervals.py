"""Confidence intervals of measured rates."""

from __future__ import annotations

from math import sqrt
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
