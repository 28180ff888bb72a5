"""Show a network with the attributes of a few nodes hidden, and ask for one of them: linked nodes are mostly alike.

Everything else known about these nodes is hidden too, so that only their neighbours give the answer. A network is
rejected unless linked nodes mostly have the same value and, for enough values, some node has that value and neighbours
that clearly agree on it.

Which of these values is asked for is drawn evenly, so guessing the network's commonest value is no better than guessing
any other. One node per value is hidden, not only the node asked about; otherwise the value that is missing would be the
better guess (59 % right with two values). The hidden nodes have equally many edges; otherwise well connected nodes
would have the commoner value (81 %). Of parts of real networks (citations, pages) one in 15 has two such values, and
few have three.

Node attribute prediction is one of SSL4RL's graph tasks. Its settings are not public, so this is our design for the
same task family.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import ClassVar, NamedTuple

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.graphs import Adjacency, Network, adjacency, from_json
from puzzlegen.graphs.listing import described, listing
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class _Case(NamedTuple):
    """A node that could be asked about, and the share of its neighbours that have the same value."""

    node: str
    share: float


class NodeAttribute(Task):
    """Infer a node's hidden attribute from its neighbours."""

    accepts: ClassVar = "graph"
    ability: ClassVar = "relational inference"
    version: ClassVar = 2

    attribute: str | None = Field(None, description="the attribute to ask for; without it, any that qualifies")
    options: int = Field(2, ge=2, le=8, description="number of values to choose from")
    agreement: float = Field(0.6, gt=0.5, le=1, description="minimum share of the neighbours that have the value")
    least_neighbours: int = Field(3, ge=2, le=20, description="minimum number of neighbours whose value is shown")
    text_characters: int = Field(80, ge=0, le=1000, description="characters of each node's own text that are shown")

    @property
    def difficulty(self) -> float:
        """Grows from 0 to 1 with the options and the disagreement allowed among neighbours; 0.44 by default."""
        return round(0.5 * (self.options - 2) / 6 + 0.5 * min(1.0, (1 - self.agreement) / 0.45), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find an attribute that can be asked for, hide one node per value, list the network, ask about one of them."""
        net = from_json(item.raw())
        attribute, cases = self._find_cases(net, rng)
        values = sorted(cases)
        correct = rng.balanced("answer", self.options)
        asked = cases[values[correct]].node
        net_listing = listing(net, rng)
        hidden, max_characters = {case.node for case in cases.values()}, self.text_characters
        nodes = net_listing.described(
            lambda node: "?" if node in hidden else described(net.nodes[node], max_characters)
        )
        block, answer = answers.choice(rng, values, correct)
        question = (
            f"This is part of a network.\n{nodes}\n{net_listing.edges_text()}\n\n"
            f"Nodes with an edge between them mostly have the same {attribute}. "
            f"What is known about nodes {net_listing.written([node for node in net_listing.nodes if node in hidden])} "
            f"is hidden. Judging by its neighbours, what is the {attribute} of node {net_listing.names[asked]}?"
            f"\n{block}"
        )
        # Neighbours agree most on the commonest value, so one node's own share would reveal which value is asked for.
        share = min(case.share for case in cases.values())
        return Puzzle(question, (), answer, self.difficulty, max(0.0, share - self.agreement))

    def _find_cases(self, net: Network, rng: Rng) -> tuple[str, dict[str, _Case]]:
        """Choose an attribute, and for each value the node to hide.

        The nodes to hide all have the same number of edges, and no two of them are neighbours.

        Raises:
            Unusable: ``ambiguous``, the network has no such nodes.
        """
        known = sorted({key for node in net.nodes.values() for key in node.attributes})
        neighbours_of = adjacency(net)
        for attribute in [self.attribute] if self.attribute is not None else rng.shuffled(known):
            by_edges: dict[int, list[tuple[str, _Case]]] = defaultdict(list)
            for value, case in self._agreeing_nodes(net, neighbours_of, attribute):
                by_edges[len(neighbours_of[case.node])].append((value, case))
            for edges in rng.shuffled(sorted(by_edges)):
                cases = self._choose_unconnected(neighbours_of, rng.shuffled(by_edges[edges]))
                if len(cases) == self.options:
                    return attribute, cases
        attribute_text = f"'{self.attribute}'" if self.attribute is not None else "an attribute"
        raise Unusable(
            "ambiguous", f"neighbours tell {attribute_text} of no {self.options} nodes that have as many edges"
        )

    def _choose_unconnected(self, neighbours_of: Adjacency, candidates: list[tuple[str, _Case]]) -> dict[str, _Case]:
        """Choose the first node of each value that is no neighbour of those chosen before, at most ``options``."""
        chosen: dict[str, _Case] = {}
        for value, case in candidates:
            if value not in chosen and not any(case.node in neighbours_of[other.node] for other in chosen.values()):
                chosen[value] = case
            if len(chosen) == self.options:
                break
        return chosen

    def _agreeing_nodes(self, net: Network, neighbours_of: Adjacency, attribute: str) -> Iterator[tuple[str, _Case]]:
        """Yield the nodes, each with its value, whose neighbours clearly agree on that value."""
        value_of = {
            name: node.attributes[attribute] for name, node in net.nodes.items() if attribute in node.attributes
        }
        if not _is_homophilous(net, value_of):
            return
        for name, value in value_of.items():
            counts = Counter(value_of[other] for other in neighbours_of[name] if other in value_of)
            if counts.total() >= self.least_neighbours and counts[value] >= self.agreement * counts.total():
                yield value, _Case(name, counts[value] / counts.total())


def _is_homophilous(net: Network, value_of: dict[str, str]) -> bool:
    """Whether nodes with an edge between them mostly have the same value, as the question states."""
    same = [value_of[a] == value_of[b] for a, b in net.edges if a in value_of and b in value_of]
    return 2 * sum(same) > len(same)
