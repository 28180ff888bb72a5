"""Show a network with the attributes of a few nodes hidden, ask for one of them: linked nodes are mostly alike.

Everything else about these nodes is hidden too, so that only their neighbours tell. A network is refused unless its
linked nodes are mostly alike, and unless for enough values there is a node that has it and whose neighbours clearly
agree on it. Which of these values is asked is drawn evenly, so the commonest value of the network is no better a guess
than the others. All these nodes are hidden, not only the one that is asked about, or the value that is missing would be
the better guess (59 % right, of two); and they have equally many edges, or well connected nodes would be of the
commoner value (81 %). Of parts of real networks (citations, pages) one in 15 has two such values, and few have three.
Node attribute prediction is one of SSL4RL's graph tasks; its settings are not public: our design, same task family.
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
    """A node that could be asked about, and which share of its neighbours have its value."""

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
        """Grows with the options and with the disagreement allowed: 0.44 by default, 0 to 1."""
        return round(0.5 * (self.options - 2) / 6 + 0.5 * min(1.0, (1 - self.agreement) / 0.45), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find what can be asked, hide one node per value, list the rest."""
        net = from_json(item.raw())
        attribute, cases = self._cases(net, rng)
        values = sorted(cases)
        correct = rng.balanced("answer", self.options)
        asked = cases[values[correct]].node
        shown = listing(net, rng)
        hidden, most = {case.node for case in cases.values()}, self.text_characters
        nodes = shown.described(lambda node: "?" if node in hidden else described(net.nodes[node], most))
        block, answer = answers.choice(rng, values, correct)
        question = (
            f"This is a part of a network.\n{nodes}\n{shown.edges_text()}\n\n"
            f"Nodes with an edge between them mostly have the same {attribute}. "
            f"What is known of nodes {shown.written([node for node in shown.nodes if node in hidden])} is hidden. "
            f"Judging by its neighbours, what is the {attribute} of node {shown.names[asked]}?\n{block}"
        )
        # Of the commonest value neighbours agree most: the margin is not to tell which one is asked.
        share = min(case.share for case in cases.values())
        return Puzzle(question, (), answer, self.difficulty, max(0.0, share - self.agreement))

    def _cases(self, net: Network, rng: Rng) -> tuple[str, dict[str, _Case]]:
        """An attribute, and by value the node to hide: all of them with as many edges, no two of them neighbours."""
        known = sorted({key for node in net.nodes.values() for key in node.attributes})
        near = adjacency(net)
        for attribute in [self.attribute] if self.attribute is not None else rng.shuffled(known):
            by_edges: dict[int, list[tuple[str, _Case]]] = defaultdict(list)
            for value, case in self._clear(net, near, attribute):
                by_edges[len(near[case.node])].append((value, case))
            for edges in rng.shuffled(sorted(by_edges)):
                cases = self._apart(near, rng.shuffled(by_edges[edges]))
                if len(cases) == self.options:
                    return attribute, cases
        wanted = f"'{self.attribute}'" if self.attribute is not None else "an attribute"
        raise Unusable("ambiguous", f"neighbours tell {wanted} of no {self.options} nodes that have as many edges")

    def _apart(self, near: Adjacency, clear: list[tuple[str, _Case]]) -> dict[str, _Case]:
        """The first node of each value, up to as many as are asked, that is no neighbour of those before it."""
        found: dict[str, _Case] = {}
        for value, case in clear:
            if value not in found and not any(case.node in near[other.node] for other in found.values()):
                found[value] = case
            if len(found) == self.options:
                break
        return found

    def _clear(self, net: Network, near: Adjacency, attribute: str) -> Iterator[tuple[str, _Case]]:
        """The nodes of which the neighbours tell the value, with the share of them that do."""
        of = {name: node.attributes[attribute] for name, node in net.nodes.items() if attribute in node.attributes}
        if not _alike(net, of):
            return
        for name, value in of.items():
            counts = Counter(of[other] for other in near[name] if other in of)
            if counts.total() >= self.least_neighbours and counts[value] >= self.agreement * counts.total():
                yield value, _Case(name, counts[value] / counts.total())


def _alike(net: Network, of: dict[str, str]) -> bool:
    """Whether nodes with an edge between them mostly have the same value, as the question says."""
    same = [of[a] == of[b] for a, b in net.edges if a in of and b in of]
    return 2 * sum(same) > len(same)
