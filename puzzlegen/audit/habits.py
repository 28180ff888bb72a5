"""Whether sources have answers of their own: what a policy that knows a source by heart names without looking.

Learned probes are judged on sources that they have not seen; a policy that is trained for more than one pass, or on
several variants of each item, has seen them all. Where what a source shows decides what can be asked about it, its
puzzles have like answers.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from typing import Final

from puzzlegen.audit.classes import Classes, classes_of, letters_of
from puzzlegen.audit.estimates import LEAST_SOURCES, estimate
from puzzlegen.audit.report import SLACK, Check, judged
from puzzlegen.audit.seen import Seen

#: Of two the other one is named by chance too often where few sources have as many.
_LEAST_PUZZLES: Final = 3


def habits(seen: Sequence[Seen]) -> Iterator[Check]:
    """How often the commonest answer of a source's other puzzles is right; nothing if few sources have several."""
    counts = Counter(puzzle.source for puzzle in seen)
    several = [puzzle for puzzle in seen if counts[puzzle.source] >= _LEAST_PUZZLES]
    sources, scenes = [puzzle.source for puzzle in several], [puzzle.scene for puzzle in several]
    if len(set(sources)) < LEAST_SOURCES:
        return
    targets = [puzzle.target for puzzle in several]
    for name, classes in {"answers": classes_of(targets), "letters": letters_of(targets)}.items():
        if classes.labels:
            found = estimate(list(_hits(classes, sources)), scenes, classes.chance)
            detail = f"that of others of its source is right {found.value:.1%} of the time"
            detail += f" ({found.low:.1%} to {found.high:.1%}), chance {found.chance:.1%}"
            # As much is let pass as for joints: evening out a shard's answers falls on its last sources.
            yield Check(f"{name} by source", judged(found, found.chance, SLACK["edge"]), detail)


def _hits(classes: Classes, sources: Sequence[str]) -> Iterator[float]:
    """For each puzzle how likely it is named by the answer that the others of its source have most often."""
    right: dict[str, Counter[str]] = defaultdict(Counter)
    possible: dict[str, Counter[str]] = defaultdict(Counter)
    for label, names, source in zip(classes.labels, classes.allowed, sources, strict=True):
        right[source][label] += 1
        possible[source].update(names)
    for label, names, source in zip(classes.labels, classes.allowed, sources, strict=True):
        others = {n: (right[source][n] - (n == label)) / max(1, possible[source][n] - 1) for n in names}
        best = [name for name, rate in others.items() if rate == max(others.values())]
        yield (label in best) / len(best)
