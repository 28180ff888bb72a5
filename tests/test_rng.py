"""Random streams are pinned, independent and uniform."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puzzlegen.rng import Rng, digest, rng_for


def test_streams_are_pinned_for_all_time() -> None:
    rng = rng_for("pinned", 7)
    assert [rng.below(1000) for _ in range(5)] == [33, 877, 678, 945, 916]
    assert rng.uniform(0, 10) == 4.7724311844543035
    assert rng.permutation(6) == [3, 2, 4, 5, 1, 0]
    assert rng.raw(4).hex() == "6ec4d6d8"


def test_parts_are_not_run_together() -> None:
    assert (
        len(
            {
                digest("ab", "c"),
                digest("a", "bc"),
                digest("abc"),
                digest("ab", "c", ""),
                digest(1),
                digest("1"),
            }
        )
        == 6
    )


def test_neighbouring_seeds_share_nothing() -> None:
    first = {rng_for("items", 42, k).bits(64) for k in range(500)}
    second = {rng_for("items", 43, k).bits(64) for k in range(500)}
    assert len(first) == len(second) == 500
    assert first.isdisjoint(second)


@given(st.integers(1, 40), st.binary(min_size=1, max_size=8))
def test_draws_stay_in_range(n: int, key: bytes) -> None:
    rng = Rng(key)
    assert 0 <= rng.below(n) < n
    assert sorted(rng.permutation(n)) == list(range(n))
    assert -2 <= rng.uniform(-2, 3) < 3


@given(st.integers(0, 40), st.binary(min_size=1, max_size=8))
def test_values_are_drawn_as_by_swapping_them(n: int, key: bytes) -> None:
    swapping, values, expected = Rng(key), list(range(n)), []
    while values:
        k = swapping.below(len(values))
        values[k], values[-1] = values[-1], values[k]
        expected.append(values.pop())
    assert list(Rng(key).drawn(range(n))) == expected


def test_draws_are_uniform() -> None:
    counts = Counter(rng_for("uniform", k).below(6) for k in range(6000))
    assert sum((counts[k] - 1000) ** 2 / 1000 for k in range(6)) < 20.5  # chi-square, 5 degrees of freedom, p = 0.001


def test_a_decided_slot_changes_nothing_else() -> None:
    free, fixed = Rng(b"k"), Rng(b"k", {"answer": 2})
    natural = free.balanced("answer", 4)
    assert fixed.balanced("answer", 4) == 2
    assert natural != 2
    assert free.bits(64) == fixed.bits(64)
    assert fixed.slots == {"answer": (2, 4)}


def test_below_refuses_an_empty_range() -> None:
    with pytest.raises(ValueError, match="n >= 1, got 0"):
        Rng(b"k").below(0)
