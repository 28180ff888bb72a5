"""List a network's edges in random order and ask for a neighbour of a node, or for a node a given number of steps away.

All lettered options have equally many edges, because otherwise the best connected node would be the best guess;
networks without such nodes are rejected. With ``form: set`` all nodes at the given distance must be listed: at least
one, at most half of the others. Listing the nodes that occur most often in the edge list then earns a quarter of the
reward in parts of real networks (random nodes: a twentieth), and audits report it. Neighbour prediction is one of
SSL4RL's graph tasks. Its settings are not public, so this is our design for the same task family.
"""

from __future__ import annotations

from collections import defaultdict
from typing import ClassVar, Literal

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.graphs import Network, adjacency, distances, from_json
from puzzlegen.graphs.listing import Listing, listing
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class Neighbours(Task):
    """Name the nodes that are a given number of steps from a node."""

    accepts: ClassVar = "graph"
    ability: ClassVar = "graph reading"
    version: ClassVar = 2

    form: Literal["choice", "set"] = Field("choice", description="pick one of lettered options, or list them all")
    steps: int = Field(1, ge=1, le=4, description="distance in edges; 1 asks for neighbours")
    options: int = Field(4, ge=2, le=8, description="number of nodes to choose from (with form: choice)")

    @property
    def difficulty(self) -> float:
        """0.1 for lettered options at one step, plus 0.2 per further step and 0.2 for ``form: set``."""
        return round(0.1 + 0.2 * (self.steps - 1) + 0.2 * (self.form == "set"), 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Pick a node, list the network, ask for nodes at the given distance."""
        net = from_json(item.raw())
        return self._set(net, rng) if self.form == "set" else self._choice(net, rng)

    def _set(self, net: Network, rng: Rng) -> Puzzle:
        by_count: dict[int, list[str]] = defaultdict(list)
        rings = self._rings(net)
        for name, ring in rings.items():
            if 1 <= len(ring) <= (len(net.nodes) - 1) // 2:
                by_count[len(ring)].append(name)
        if not by_count:
            raise Unusable("too_few_nodes", "no node has neighbours enough, but not too many")
        # The number of neighbours is drawn first; otherwise nodes with few neighbours would be asked about too often.
        asked = rng.choice(by_count[rng.choice(sorted(by_count))])
        shown = listing(net, rng)
        others = [shown.names[name] for name in shown.nodes if name != asked]
        answer = answers.subset(others, [shown.names[name] for name in rings[asked]])
        return self._puzzle(shown, f"List all nodes {self._that(shown.names[asked])}.", answer)

    def _choice(self, net: Network, rng: Rng) -> Puzzle:
        rings, near = self._rings(net), adjacency(net)
        for asked in rng.shuffled(net.nodes):
            for right in rng.shuffled(sorted(rings[asked])):
                others = set(net.nodes) - rings[asked] - {asked}
                alike = sorted(name for name in others if len(near[name]) == len(near[right]))
                if len(alike) >= self.options - 1:
                    shown = listing(net, rng)
                    named = [shown.names[name] for name in (right, *rng.sample(alike, self.options - 1))]
                    block, answer = answers.choice(rng, named, 0)
                    return self._puzzle(shown, f"Which is a node {self._that(shown.names[asked])}?\n{block}", answer)
        raise Unusable("too_few_nodes", f"no neighbour has {self.options - 1} like it that are none")

    def _rings(self, net: Network) -> dict[str, set[str]]:
        near = adjacency(net)
        if self.steps == 1:
            return dict(near)
        return {name: {n for n, away in distances(near, name).items() if away == self.steps} for name in near}

    def _that(self, node: str) -> str:
        one = self.form == "choice"
        if self.steps == 1:
            return f"that {'has' if one else 'have'} an edge with node {node}"
        path = f"the shortest path to it has {self.steps} edges"
        return f"that {'is' if one else 'are'} exactly {self.steps} steps from node {node}, which means that {path}"

    def _puzzle(self, shown: Listing, ask: str, answer: Answer) -> Puzzle:
        either = " Edges count whichever way they point." if shown.directed else ""
        question = f"This is a network.\n{shown.names_text()}\n{shown.edges_text()}\n\n{ask}{either}"
        return Puzzle(question, (), answer, self.difficulty, 0.0)
