"""How sure a measured rate is."""

from __future__ import annotations

from math import sqrt
from typing import Final

#: Standard deviations of a normal distribution that hold 95 % of it.
_Z: Final = 1.96


def wilson(rate: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval of a rate seen in ``n`` trials; for means of values from 0 to 1 it is no narrower."""
    middle = (rate + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z * sqrt(max(rate * (1 - rate), 0) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
