"""Answers are balanced exactly, with the fewest changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from puzzlegen.balance import even_out, overdue
from puzzlegen.rng import rng_for


@given(st.lists(st.integers(0, 30), min_size=2, max_size=7))
def test_counts_end_within_one_with_fewest_moves(counts: list[int]) -> None:
    movable = [[f"{k}-{i}" for i in range(n)] for k, n in enumerate(counts)]
    moves = even_out(counts, movable, rng_for("ties"))
    after = list(counts)
    for name, to in moves.items():
        after[int(name.split("-")[0])] -= 1
        after[to] += 1
    assert max(after) - min(after) <= 1
    ceiling = -(-sum(counts) // len(counts))
    assert len(moves) <= sum(max(0, n - ceiling + 1) for n in counts)


def test_what_may_not_move_stays() -> None:
    rng = rng_for("ties")
    assert even_out([5, 1], [["a"], []], rng) == {"a": 1}
    assert even_out([5, 1], [[], []], rng) == {}
    assert even_out([3, 3], [["a", "b", "c"], ["d", "e", "f"]], rng) == {}


@pytest.mark.parametrize(("answers", "puzzles"), [(4, 2), (4, 3), (9, 5), (24, 20)])
def test_no_answer_is_favoured_over_many_small_shards(answers: int, puzzles: int) -> None:
    shards, total = 4000, [0] * answers
    for shard in range(shards):
        rng = rng_for("small", answers, puzzles, shard)
        draws = {str(k): rng.below(answers) for k in range(puzzles)}
        movable = [[name for name, draw in draws.items() if draw == k] for k in range(answers)]
        draws |= even_out([len(names) for names in movable], movable, rng)
        for draw in draws.values():
            total[draw] += 1
    fair = shards * puzzles / answers
    assert max(abs(count - fair) for count in total) < 4.5 * fair**0.5


def drawn(answers: int, draws: list[int], seed: int) -> tuple[list[int], list[int]]:
    """Return the count of each answer after all puzzles, and the puzzles whose answers were assigned."""
    counts, decided = [0] * answers, []
    for k, draw in enumerate(draws):
        likely, rarest = overdue(counts, len(draws) - k)
        rng = rng_for("even", seed, k)
        if rng.uniform() < likely:
            decided.append(k)
            counts[rng.choice(rarest)] += 1
        else:
            counts[draw % answers] += 1
    return counts, decided


@given(st.integers(2, 7), st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(0, 9))
def test_the_puzzles_to_come_make_up_for_chance(n: int, draws: list[int], seed: int) -> None:
    counts, _ = drawn(n, draws, seed)
    assert max(counts) - min(counts) <= 1


def test_decided_answers_lie_anywhere() -> None:
    # Variants of one item follow one another: if only the last puzzles were assigned answers, all of its variants would
    # have the same one.
    puzzles, ends = 2000, []
    for seed in range(20):
        _, decided = drawn(2, [rng_for("draw", seed, k).below(2) for k in range(puzzles)], seed)
        ends.append([len(decided), sum(k >= puzzles - 24 for k in decided), sum(k < puzzles / 2 for k in decided)])
    count, last, early = (sum(column) / len(ends) for column in zip(*ends, strict=True))
    assert count < 0.08 * puzzles
    assert last < 16
    assert early > count / 6


def test_the_next_puzzle_must_as_likely_as_any_to_come() -> None:
    assert overdue([3, 0], 6) == (0.5, [1])
    assert overdue([3, 0], 3) == (1, [1])
    assert overdue([3, 0], 2) == (1, [1])
    assert overdue([3, 3], 1) == (0, [0, 1])
    assert overdue([3, 1, 1], 8) == (0.5, [1, 2])
    assert overdue([3, 0], 0) == (0, [1])
