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
        return self._pose_set(net, rng) if self.form == "set" else self._pose_choice(net, rng)

    def _pose_set(self, net: Network, rng: Rng) -> Puzzle:
        by_count: dict[int, list[str]] = defaultdict(list)
        rings = self._nodes_at_distance(net)
        for name, ring in rings.items():
            if 1 <= len(ring) <= (len(net.nodes) - 1) // 2:
                by_count[len(ring)].append(name)
        if not by_count:
            raise Unusable("too_few_nodes", "no node has neighbours enough, but not too many")
        # The number of neighbours is drawn first; otherwise nodes with few neighbours would be asked about too often.
        asked = rng.choice(by_count[rng.choice(sorted(by_count))])
        net_listing = listing(net, rng)
        others = [net_listing.names[name] for name in net_listing.nodes if name != asked]
        answer = answers.subset(others, [net_listing.names[name] for name in rings[asked]], "node")
        return self._make_puzzle(
            net_listing, f"List all nodes that {self._describe_distance(net_listing.names[asked])}.", answer
        )

    def _pose_choice(self, net: Network, rng: Rng) -> Puzzle:
        rings, neighbours_of = self._nodes_at_distance(net), adjacency(net)
        for asked in rng.shuffled(net.nodes):
            for right in rng.shuffled(sorted(rings[asked])):
                others = set(net.nodes) - rings[asked] - {asked}
                decoys = sorted(name for name in others if len(neighbours_of[name]) == len(neighbours_of[right]))
                if len(decoys) >= self.options - 1:
                    net_listing = listing(net, rng)
                    option_texts = [net_listing.names[name] for name in (right, *rng.sample(decoys, self.options - 1))]
                    block, answer = answers.choice(rng, option_texts, 0)
                    return self._make_puzzle(
                        net_listing,
                        f"Which of these nodes {self._describe_distance(net_listing.names[asked])}?\n{block}",
                        answer,
                    )
        raise Unusable("too_few_nodes", f"no neighbour has {self.options - 1} like it that are none")

    def _nodes_at_distance(self, net: Network) -> dict[str, set[str]]:
        neighbours_of = adjacency(net)
        if self.steps == 1:
            return dict(neighbours_of)
        return {
            name: {n for n, distance in distances(neighbours_of, name).items() if distance == self.steps}
            for name in neighbours_of
        }

    def _describe_distance(self, node: str) -> str:
        is_single = self.form == "choice"
        if self.steps == 1:
            return f"{'has' if is_single else 'have'} an edge with node {node}"
        path = f"the shortest path to it has {self.steps} edges"
        return f"{'is' if is_single else 'are'} exactly {self.steps} steps from node {node}, which means that {path}"

    def _make_puzzle(self, net_listing: Listing, request: str, answer: Answer) -> Puzzle:
        direction_note = " Edges count whichever way they point." if net_listing.directed else ""
        question = (
            f"This is a network.\n{net_listing.names_text()}\n{net_listing.edges_text()}\n\n{request}{direction_note}"
        )
        return Puzzle(question, (), answer, self.difficulty, 0.0)
