"""Evening out: exact, with the fewest moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from puzzlegen.balance import even_out, overdue


@given(st.lists(st.integers(0, 30), min_size=2, max_size=7))
def test_counts_end_within_one_with_fewest_moves(counts: list[int]) -> None:
    movable = [[f"{k}-{i}" for i in range(n)] for k, n in enumerate(counts)]
    moves = even_out(counts, movable)
    after = list(counts)
    for name, to in moves.items():
        after[int(name.split("-")[0])] -= 1
        after[to] += 1
    assert max(after) - min(after) <= 1
    ceiling = -(-sum(counts) // len(counts))
    assert len(moves) <= sum(max(0, n - ceiling + 1) for n in counts)


def test_what_may_not_move_stays() -> None:
    assert even_out([5, 1], [["a"], []]) == {"a": 1}
    assert even_out([5, 1], [[], []]) == {}
    assert even_out([3, 3], [["a", "b", "c"], ["d", "e", "f"]]) == {}


@given(st.integers(2, 7), st.lists(st.integers(0, 6), min_size=1, max_size=60))
def test_last_puzzles_even_out_what_chance_left(n: int, draws: list[int]) -> None:
    counts = [0] * n
    for k, draw in enumerate(draws):
        rarest = overdue(counts, len(draws) - k)
        counts[rarest[draw % len(rarest)] if rarest else draw % n] += 1
    assert max(counts) - min(counts) <= 1


def test_chance_decides_while_it_may() -> None:
    assert overdue([3, 0], 4) == []
    assert overdue([3, 0], 3) == [1]
    assert overdue([3, 3], 1) == []
    assert overdue([3, 1, 1], 2) == [1, 2]
