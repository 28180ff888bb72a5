"""Whether sources have answers of their own, which a policy that knows a source by heart gives without looking.

Learned probes are tested on sources that they have not seen, but a policy that is trained for more than one epoch, or
on several variants of each item, has seen them all. If the content of a source decides what can be asked about it, its
puzzles have similar answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from puzzlegen.audit.classes import Classes, classes_of, letters_of
from puzzlegen.audit.estimates import LEAST_SOURCES, estimate
from puzzlegen.audit.report import SLACK, Check, judged
from puzzlegen.audit.seen import Seen

#: Puzzles that a source must have: with two, each predicts the other by chance too often if few sources have several.
_LEAST_PUZZLES: Final = 3


def habits(seen: Sequence[Seen]) -> Iterator[Check]:
    """Check how often the commonest answer of a source's other puzzles is right.

    Yields nothing if fewer than ``LEAST_SOURCES`` sources have at least three puzzles.
    """
    counts = Counter(puzzle.source for puzzle in seen)
    eligible = [puzzle for puzzle in seen if counts[puzzle.source] >= _LEAST_PUZZLES]
    sources, scenes = [puzzle.source for puzzle in eligible], [puzzle.scene for puzzle in eligible]
    if len(set(sources)) < LEAST_SOURCES:
        return
    targets = [puzzle.target for puzzle in eligible]
    for name, classes in {"answers": classes_of(targets), "letters": letters_of(targets)}.items():
        if classes.labels:
            hit_rate = estimate(list(_hits(classes, sources)), scenes, classes.chance)
            detail = f"that of others of its source is right {hit_rate.value:.1%} of the time"
            detail += f" ({hit_rate.low:.1%} to {hit_rate.high:.1%}), chance {hit_rate.chance:.1%}"
            # The slack is that of joints, because balancing the answers of a shard changes those of its last sources.
            yield Check(f"{name} by source", judged(hit_rate, hit_rate.chance, SLACK["edge"]), detail)


def _hits(classes: Classes, sources: Sequence[str]) -> Iterator[float]:
    """For each puzzle, the probability that the commonest answer of its source's other puzzles is right.

    Commonest means: right most often where it was allowed. Ties are broken at random.
    """
    right: dict[str, Counter[str]] = defaultdict(Counter)
    possible: dict[str, Counter[str]] = defaultdict(Counter)
    for label, names, source in zip(classes.labels, classes.allowed, sources, strict=True):
        right[source][label] += 1
        possible[source].update(names)
    for label, names, source in zip(classes.labels, classes.allowed, sources, strict=True):
        others = {n: (right[source][n] - (n == label)) / max(1, possible[source][n] - 1) for n in names}
        best = [name for name, rate in others.items() if rate == max(others.values())]
        yield (label in best) / len(best)
