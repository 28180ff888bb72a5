"""What counting words gives away of puzzles that are all text: how often, and where, a text names each candidate.

Candidates are lettered options, or the names of a set of which some are right. The better connected of two nodes
stands more often in a list of edges, and the commonest value more often in a list of nodes.
"""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from puzzlegen.audit.constants import best_elsewhere
from puzzlegen.audit.learning import probabilities
from puzzlegen.audit.report import Probe
from puzzlegen.audit.sample import Folding, Sample
from puzzlegen.audit.surface import Vector
from puzzlegen.rng import rng_for
from puzzlegen.verify import grader

_SEES: Final = "how often names are named"
#: A set with more right names than this is not guessed by naming those named most.
_MOST_NAMED: Final = 8


def mention_probe(sample: Sample) -> Probe | None:
    """Lettered options: how often the right one is picked. Sets: what those that are picked earn."""
    tables = [puzzle.options["mentions"] for puzzle in sample.seen if "mentions" in puzzle.options]
    if len(tables) < len(sample.seen):
        return None
    if sample.seen[0].target.letters:
        hits = sample.picked(tables, [puzzle.target.right for puzzle in sample.seen])
        return sample.probe("blind", _SEES, "option", hits, float(np.mean([1 / len(table) for table in tables])))
    return _set_probe(sample, tables)


def _set_probe(sample: Sample, tables: list[Vector]) -> Probe:
    truths = [json.loads(puzzle.target.truth) for puzzle in sample.seen]
    names = [truth["params"]["names"] for truth in truths]
    inside = [np.isin(few, truth["target"]) for few, truth in zip(names, truths, strict=True)]
    graders = [grader(puzzle.target.truth) for puzzle in sample.seen]
    x, y = np.vstack(tables), np.concatenate(inside).astype(np.int64)
    lengths = [len(table) for table in tables]

    def earned(likely: Vector, folding: Folding) -> list[float]:
        rewards = np.zeros((len(names), _MOST_NAMED))
        for row, odds in enumerate(np.split(likely, np.cumsum(lengths)[:-1])):
            ranked = np.argsort(-odds, kind="stable")
            for k in range(_MOST_NAMED):
                rewards[row, k] = graders[row]([names[row][i] for i in sorted(ranked[: k + 1])])
        return best_elsewhere(rewards, folding)

    def learned(folding: Folding) -> list[float]:
        return earned(probabilities(x, y, np.repeat(folding.fold, lengths), 2, folding.seed)[:, 1], folding)

    def drawn(folding: Folding) -> list[float]:
        noise = np.frombuffer(rng_for("named", folding.seed).raw(4 * len(y)), dtype=np.uint32)
        return earned(noise.astype(np.float32), folding)

    return sample.probe("blind", _SEES, "reward", sample.averaged(learned), float(np.mean(sample.averaged(drawn))))
