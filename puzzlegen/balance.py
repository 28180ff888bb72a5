"""Evens out answers within a shard, so that no answer is more frequent than another by more than one.

Every puzzle draws its answer from its own stream, so that no other puzzle moves it. Chance leaves such draws uneven;
at the end of a shard the few puzzles too many of an answer are made again with one that is too rare.
"""

from __future__ import annotations

from collections.abc import Sequence


def even_out(counts: Sequence[int], movable: Sequence[Sequence[str]]) -> dict[str, int]:
    """Which puzzles to give another answer.

    Args:
        counts: how many puzzles have each answer, by its number.
        movable: the ids of those that may still change, by answer.

    Returns:
        New answer by puzzle id: the fewest moves after which counts differ by at most one, as far as ``movable``
        allows.
    """
    share, extra = divmod(sum(counts), len(counts))
    by_count = sorted(range(len(counts)), key=lambda k: (-counts[k], k))
    goal = {k: share + (place < extra) for place, k in enumerate(by_count)}
    free = [name for k, names in enumerate(movable) for name in sorted(names)[: max(0, counts[k] - goal[k])]]
    wanted = [k for k in range(len(counts)) for _ in range(goal[k] - counts[k])]
    return dict(zip(free, wanted, strict=False))
