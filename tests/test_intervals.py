from __future__ import annotations

import pytest

from puzzlegen.intervals import clustered, wilson


def test_independent_values_have_wilsons_interval() -> None:
    values = [1.0] * 30 + [0.0] * 70
    low, high = clustered(values, range(100), most=100)
    assert (low, high) == pytest.approx(wilson(0.3, 99), abs=1e-3)


def test_values_that_agree_within_clusters_count_once() -> None:
    values, clusters = [1.0] * 40 + [0.0] * 40, [k // 4 for k in range(80)]
    low, high = clustered(values, clusters, most=80)
    assert (low, high) == pytest.approx(wilson(0.5, 19), abs=1e-9)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_values_that_never_vary_are_worth_at_most_the_given_number(value: float) -> None:
    assert clustered([value] * 160, [k // 16 for k in range(160)], most=10) == wilson(value, 10)
    assert clustered([value] * 10, range(10), most=30) == wilson(value, 10)
