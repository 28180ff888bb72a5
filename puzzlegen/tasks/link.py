"""Remove one edge from a network's list of edges, and ask whether it joined two given nodes.

If the answer is yes, the two nodes share several neighbours; if it is no, they are at least three steps apart. Both
pairs have equal numbers of edges in the list, so how well connected the nodes are reveals nothing. Networks whose
linked nodes mostly share no neighbours are rejected, because the rule that the question states would be false there,
and so are networks without two such pairs. Link prediction is one of SSL4RL's graph tasks. Its settings are not public,
so this is our design for the same task family.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.graphs import Network, adjacency, distances, from_json
from puzzlegen.graphs.listing import listing
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task

_Pair = tuple[str, str]
_NO_TRIANGLE = 3


class _Case(NamedTuple):
    """An edge to remove, and its counterpart: a pair of nodes without an edge.

    Attributes:
        removed: the edge to remove.
        strangers: two nodes without an edge that are as well connected as the two of ``removed`` once it is removed.
        shared: number of neighbours that the two nodes of ``removed`` share.
    """

    removed: _Pair
    strangers: _Pair
    shared: int


class Link(Task):
    """Was the removed edge between these two nodes?"""

    accepts: ClassVar = "graph"
    ability: ClassVar = "relational inference"

    shared: int = Field(2, ge=1, le=10, description="minimum number of neighbours that the two linked nodes share")

    @property
    def difficulty(self) -> float:
        """Falls with the number of shared neighbours: 0.67 for one, 0.5 for two, 0.17 for ten."""
        return round(2 / (self.shared + 2), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find an edge and its counterpart, list the network without the edge, ask about one of the two pairs."""
        net = from_json(item.raw())
        case = self._find_case(net, rng)
        net_listing = listing(net, rng)
        pairs = [rng.shuffled(case.removed), rng.shuffled(case.strangers)]
        words = ("yes", "no")
        correct = rng.balanced("answer", len(words))
        a, b = (net_listing.names[node] for node in pairs[correct])
        question = (
            f"This is a network.\n{net_listing.names_text()}\n{net_listing.edges_text(without=case.removed)}\n\n"
            "One edge was removed from this list. In this network, nodes with an edge between them mostly have "
            f"neighbours in common. Was the removed edge the one between node {a} and node {b}?"
        )
        return Puzzle(question, (), answers.label(words, correct), self.difficulty, case.shared - self.shared)

    def _find_case(self, net: Network, rng: Rng) -> _Case:
        neighbours_of = adjacency(net)
        edges = [(a, b) for a, b in net.edges if (b, a) not in net.edges]
        shared_counts = {(a, b): len(neighbours_of[a] & neighbours_of[b]) for a, b in edges}
        if 2 * sum(count > 0 for count in shared_counts.values()) < len(shared_counts):
            raise Unusable("ambiguous", "linked nodes mostly have no neighbours in common")
        distant_pairs = _find_distant_pairs(net)
        for a, b in rng.shuffled(edge for edge in edges if shared_counts[edge] >= self.shared):
            wanted = sorted((len(neighbours_of[a]) - 1, len(neighbours_of[b]) - 1))
            counterparts = [
                (c, d)
                for c, d in distant_pairs
                if sorted((len(neighbours_of[c]), len(neighbours_of[d]))) == wanted and not {a, b} & {c, d}
            ]
            if counterparts:
                return _Case((a, b), rng.choice(counterparts), shared_counts[a, b])
        raise Unusable("ambiguous", "no two pairs, one with an edge and one without, are equally well connected")


def _find_distant_pairs(net: Network) -> list[_Pair]:
    """Return all pairs of nodes that have neither an edge between them nor a neighbour in common."""
    neighbours_of = adjacency(net)
    distances_from = {name: distances(neighbours_of, name) for name in neighbours_of}
    names = list(net.nodes)
    return [
        (a, b) for k, b in enumerate(names) for a in names[:k] if distances_from[a].get(b, _NO_TRIANGLE) >= _NO_TRIANGLE
    ]
