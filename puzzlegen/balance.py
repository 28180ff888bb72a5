"""Evens out answers within a shard, so that no answer is more frequent than another by more than one.

Every puzzle draws its answer from its own stream, so that no other puzzle moves it. Chance leaves such draws uneven;
some puzzles of a shard are therefore given the answers that are too rare. Where rejections leave a few too many of an
answer even so, those are made again with another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from puzzlegen.rng import Rng


def overdue(counts: Sequence[int], left: int) -> tuple[float, list[int]]:
    """How likely the next puzzle must have one of the rarest answers if all are to become even, and which they are.

    As likely as those that are missing are among those to come: so they lie anywhere in a shard. Were the last ones
    given all of them, as many variants of one item would have one and the same answer.

    Args:
        counts: how many puzzles have each answer, by its number.
        left: how many are still to come.
    """
    missing = sum(max(counts) - count for count in counts)
    rarest = [k for k, count in enumerate(counts) if count == min(counts)]
    return (min(1.0, missing / left) if left > 0 else 0.0), rarest


def even_out(counts: Sequence[int], movable: Sequence[Sequence[str]], rng: Rng) -> dict[str, int]:
    """Which puzzles to give another answer.

    Args:
        counts: how many puzzles have each answer, by its number.
        movable: the ids of those that may still change, by answer, in the order in which they were made; the last
            change first, for their items may still be open.
        rng: draws which answers are the more frequent ones. Were it always the first, a build of many small shards
            would have more of these: of four answers and two puzzles a shard, a quarter more.

    Returns:
        New answer by puzzle id: the fewest moves after which counts differ by at most one, as far as ``movable``
        allows.
    """
    share, extra = divmod(sum(counts), len(counts))
    by_count = sorted(rng.permutation(len(counts)), key=lambda k: -counts[k])
    goal = {k: share + (place < extra) for place, k in enumerate(by_count)}
    free = [name for k, names in enumerate(movable) for name in names[::-1][: max(0, counts[k] - goal[k])]]
    wanted = rng.shuffled(k for k in range(len(counts)) for _ in range(goal[k] - counts[k]))
    return dict(zip(free, wanted, strict=False))
