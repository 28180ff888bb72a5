"""Show a network with one node's attributes hidden, ask for one of them: linked nodes are mostly alike.

Everything else about that node is hidden too, so that only its neighbours tell. A network is refused unless its
linked nodes are mostly alike, and unless enough values could be asked: for each, a node that has it and whose
neighbours clearly agree on it. Which of these values is asked is drawn evenly, so the commonest value of the network
is no better a guess than the others. Node attribute prediction is one of SSL4RL's graph tasks; its settings are not
public: our design, same task family.
"""

from __future__ import annotations

from collections import Counter
from typing import ClassVar

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.graphs import Adjacency, Network, adjacency, from_json
from puzzlegen.graphs.listing import described, listing
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class NodeAttribute(Task):
    """Infer a node's hidden attribute from its neighbours."""

    accepts: ClassVar = "graph"
    ability: ClassVar = "relational inference"

    attribute: str | None = Field(None, description="which attribute; without it, any that can be asked")
    options: int = Field(3, ge=2, le=8, description="how many values to choose from")
    agreement: float = Field(0.6, gt=0.5, le=1, description="least share of the neighbours that have the value")
    least_neighbours: int = Field(3, ge=2, le=20, description="least number of neighbours that are known")
    text_characters: int = Field(80, ge=0, le=1000, description="how much of each node's own text is shown")

    @property
    def difficulty(self) -> float:
        """Grows with the options and with the disagreement allowed: 0.53 by default, 0 to 1."""
        return round(0.5 * (self.options - 2) / 6 + 0.5 * min(1.0, (1 - self.agreement) / 0.45), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find what can be asked, hide one node, list the rest."""
        net = from_json(item.raw())
        attribute, clear = self._askable(net, rng)
        values = sorted(rng.sample(sorted(clear), self.options))
        candidates = [rng.choice(clear[value]) for value in values]
        correct = rng.balanced("answer", self.options)
        asked, share = candidates[correct]
        shown = listing(net, rng)
        nodes = shown.described(lambda node: "?" if node == asked else described(net.nodes[node], self.text_characters))
        block, answer = answers.choice(rng, values, correct)
        question = (
            f"This is a part of a network.\n{nodes}\n{shown.edges_text()}\n\n"
            f"Nodes with an edge between them mostly have the same {attribute}. "
            f"What is known of node {shown.names[asked]} is hidden. Judging by its neighbours, "
            f"what is its {attribute}?\n{block}"
        )
        return Puzzle(question, (), answer, self.difficulty, max(0.0, share - self.agreement))

    def _askable(self, net: Network, rng: Rng) -> tuple[str, dict[str, list[tuple[str, float]]]]:
        known = sorted({key for node in net.nodes.values() for key in node.attributes})
        near = adjacency(net)
        for attribute in [self.attribute] if self.attribute is not None else rng.shuffled(known):
            clear = self._clear(net, near, attribute)
            if len(clear) >= self.options:
                return attribute, clear
        wanted = f"'{self.attribute}'" if self.attribute is not None else "an attribute"
        raise Unusable("ambiguous", f"neighbours tell fewer than {self.options} values of {wanted}")

    def _clear(self, net: Network, near: Adjacency, attribute: str) -> dict[str, list[tuple[str, float]]]:
        """Each value's nodes of which the neighbours tell it, with the share of them that do."""
        of = {name: node.attributes[attribute] for name, node in net.nodes.items() if attribute in node.attributes}
        clear: dict[str, list[tuple[str, float]]] = {}
        if not _alike(net, of):
            return clear
        for name, value in of.items():
            counts = Counter(of[other] for other in near[name] if other in of)
            if counts.total() >= self.least_neighbours and counts[value] >= self.agreement * counts.total():
                clear.setdefault(value, []).append((name, counts[value] / counts.total()))
        return clear


def _alike(net: Network, of: dict[str, str]) -> bool:
    """Whether nodes with an edge between them mostly have the same value, as the question says."""
    same = [of[a] == of[b] for a, b in net.edges if a in of and b in of]
    return 2 * sum(same) > len(same)
