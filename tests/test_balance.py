"""Evening out: exact, with the fewest moves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from puzzlegen.balance import even_out


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
