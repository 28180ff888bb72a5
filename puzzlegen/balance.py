"""Balance the right answers within a shard, so that the counts of any two answers differ by at most one.

Every puzzle draws its answer from its own random stream, so that no other puzzle influences the draw. Such draws come
out uneven by chance; some puzzles of a shard are therefore assigned answers that are too rare (:func:`overdue`). Where
rejections still leave a few too many of an answer, puzzles with that answer are made again with another answer
(:func:`even_out`).
"""

from __future__ import annotations

from collections.abc import Sequence

from puzzlegen.rng import Rng


def overdue(counts: Sequence[int], left: int) -> tuple[float, list[int]]:
    """The probability with which the next puzzle must get one of the rarest answers, and the numbers of those answers.

    The probability is the number of puzzles needed to make all answers equally frequent, divided by the number of
    puzzles to come. The assigned answers are thus spread over the whole shard. If the last puzzles got all of them,
    that many variants of one item would have the same answer.

    Args:
        counts: how many puzzles have each answer, by the answer's number.
        left: how many puzzles are still to come.
    """
    missing = sum(max(counts) - count for count in counts)
    rarest = [k for k, count in enumerate(counts) if count == min(counts)]
    return (min(1.0, missing / left) if left > 0 else 0.0), rarest


def even_out(counts: Sequence[int], movable: Sequence[Sequence[str]], rng: Rng) -> dict[str, int]:
    """Choose which puzzles get another answer.

    Args:
        counts: how many puzzles have each answer, by the answer's number.
        movable: for each answer, the ids of the puzzles that may still change, in the order in which they were made.
            The last made change first, because their items may still be open.
        rng: draws which answers remain more frequent by one. If these were always the first answers, a build of many
            small shards would have more of them: a quarter more with four answers and two puzzles per shard.

    Returns:
        New answer by puzzle id: the fewest changes after which counts differ by at most one, as far as ``movable``
        allows.
    """
    share, extra = divmod(sum(counts), len(counts))
    by_count = sorted(rng.permutation(len(counts)), key=lambda k: -counts[k])
    goal = {k: share + (place < extra) for place, k in enumerate(by_count)}
    changeable = [
        puzzle_id
        for k, puzzle_ids in enumerate(movable)
        for puzzle_id in puzzle_ids[::-1][: max(0, counts[k] - goal[k])]
    ]
    new_answers = rng.shuffled(k for k in range(len(counts)) for _ in range(goal[k] - counts[k]))
    return dict(zip(changeable, new_answers, strict=False))
