"""Remove one edge from a network's list, ask of two nodes whether it was theirs.

The two nodes share several neighbours if it was, and are at least three steps apart if it was not; both pairs have
the same numbers of edges in the list, so being well connected tells nothing. Refuses networks whose linked nodes
mostly share no neighbours, for there the rule that the question states would be false, and networks without two such
pairs. Link prediction is one of SSL4RL's graph tasks; its settings are not public: our design, same task family.
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
    """The edge to remove, the pair that looks as well connected but never had one, and what the first two share."""

    removed: _Pair
    strangers: _Pair
    shared: int


class Link(Task):
    """Tell whether the missing edge of a network was between two nodes."""

    accepts: ClassVar = "graph"
    ability: ClassVar = "relational inference"

    shared: int = Field(2, ge=1, le=10, description="minimum number of neighbours that the two linked nodes share")

    @property
    def difficulty(self) -> float:
        """Less with more shared neighbours: 0.67 for one, 0.5 for two, 0.17 for ten."""
        return round(2 / (self.shared + 2), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Find an edge and its counterpart, list the rest, ask for one of the two."""
        net = from_json(item.raw())
        case = self._case(net, rng)
        shown = listing(net, rng)
        pairs = [rng.shuffled(case.removed), rng.shuffled(case.strangers)]
        words = ("yes", "no")
        correct = rng.balanced("answer", len(words))
        a, b = (shown.names[node] for node in pairs[correct])
        question = (
            f"This is a network.\n{shown.names_text()}\n{shown.edges_text(without=case.removed)}\n\n"
            "One edge was removed from this list. In this network, nodes with an edge between them mostly have "
            f"neighbours in common. Was the removed edge the one between node {a} and node {b}?"
        )
        return Puzzle(question, (), answers.label(words, correct), self.difficulty, case.shared - self.shared)

    def _case(self, net: Network, rng: Rng) -> _Case:
        near = adjacency(net)
        edges = [(a, b) for a, b in net.edges if (b, a) not in net.edges]
        together = {(a, b): len(near[a] & near[b]) for a, b in edges}
        if 2 * sum(count > 0 for count in together.values()) < len(together):
            raise Unusable("ambiguous", "linked nodes mostly have no neighbours in common")
        apart = _far_apart(net)
        for a, b in rng.shuffled(edge for edge in edges if together[edge] >= self.shared):
            wanted = sorted((len(near[a]) - 1, len(near[b]) - 1))
            alike = [(c, d) for c, d in apart if sorted((len(near[c]), len(near[d]))) == wanted and not {a, b} & {c, d}]
            if alike:
                return _Case((a, b), rng.choice(alike), together[a, b])
        raise Unusable("ambiguous", "no two pairs, one with an edge and one without, are equally well connected")


def _far_apart(net: Network) -> list[_Pair]:
    """Pairs with neither an edge nor a neighbour in common."""
    near = adjacency(net)
    away = {name: distances(near, name) for name in near}
    names = list(net.nodes)
    return [(a, b) for k, b in enumerate(names) for a in names[:k] if away[a].get(b, _NO_TRIANGLE) >= _NO_TRIANGLE]
