"""What counting words gives away in puzzles that are all text: how often, and where, the text names each candidate.

The better connected of two nodes occurs more often in a list of edges, and the commonest value more often in a list of
nodes. Candidates are lettered options, which are probed like all other features of options, or the names of a set of
which some are right.
"""

from __future__ import annotations

import json
from typing import Final

import numpy as np

from puzzlegen.audit.constants import best_elsewhere
from puzzlegen.audit.report import Probe
from puzzlegen.audit.sample import Folding, Sample
from puzzlegen.audit.surface import Vector
from puzzlegen.rng import rng_for
from puzzlegen.verify import grader

#: What the probes look at, both for lettered options and for sets.
MENTIONS: Final = "how often names are named"
#: The most names that are tried as an answer; a set with more right names is not guessed in this way.
_MOST_NAMED: Final = 8


def mention_probe(sample: Sample, tables: list[Vector]) -> Probe:
    """Probe the reward of naming the likeliest names of a set, judged by how often, and where, the text names each."""
    truths = [json.loads(puzzle.target.truth) for puzzle in sample.seen]
    names = [truth["params"]["names"] for truth in truths]
    graders = [grader(puzzle.target.truth) for puzzle in sample.seen]
    is_right = [np.isin(puzzle_names, truth["target"]) for puzzle_names, truth in zip(names, truths, strict=True)]

    def rewards_of(likelihoods: list[Vector], folding: Folding) -> list[float]:
        rewards = np.zeros((len(names), _MOST_NAMED))
        for row, odds in enumerate(likelihoods):
            ranked = np.argsort(-odds, kind="stable")
            for k in range(_MOST_NAMED):
                rewards[row, k] = graders[row]([names[row][i] for i in sorted(ranked[: k + 1])])
        return best_elsewhere(rewards, folding)

    def learned_rewards(folding: Folding) -> list[float]:
        return rewards_of(sample.odds(tables, is_right, folding), folding)

    def random_rewards(folding: Folding) -> list[float]:
        ends = np.cumsum([len(puzzle_names) for puzzle_names in names])
        noise = np.frombuffer(rng_for("named", folding.seed).raw(4 * int(ends[-1])), dtype=np.uint32)
        return rewards_of(np.split(noise.astype(np.float32), ends[:-1]), folding)

    chance = float(np.mean(sample.averaged(random_rewards)))
    return sample.probe("blind", MENTIONS, "reward", sample.averaged(learned_rewards), chance)
