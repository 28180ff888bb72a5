"""List a network's edges in random order and ask for the length of the shortest path between two nodes.

The first node is drawn before the answer, and so are the candidates for the second: one per distance, all with equally
many edges. Otherwise a node with many edges would probably be the nearer one (36 % instead of 25 % right for paths up
to 4). Networks without such nodes are rejected. What SSL4RL does with graphs is not public, so this is our design for
the same task family.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from puzzlegen import answers
from puzzlegen.errors import Unusable
from puzzlegen.graphs import Adjacency, adjacency, distances, from_json
from puzzlegen.graphs.listing import listing
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import Puzzle
from puzzlegen.rng import Rng
from puzzlegen.tasks import Task


class PathLength(Task):
    """Count the edges of the shortest path between two nodes."""

    accepts: ClassVar = "graph"
    ability: ClassVar = "graph reading"
    version: ClassVar = 2

    longest: int = Field(
        3,
        ge=2,
        le=6,
        description="the answer is 1 to this many edges, each equally often; at most twice the source's hops",
    )

    @property
    def needed_path(self) -> int:
        """The longest path, because every puzzle has one candidate for each length."""
        return self.longest

    @property
    def difficulty(self) -> float:
        """Grows with the longest path: 0.33 for 2, 0.5 for 3, 1 for 6."""
        return round(self.longest / 6, 4)

    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Pick a start and one end per distance, list the network, ask for the distance of one end."""
        net = from_json(item.raw())
        neighbours_of = adjacency(net)
        start, ends = self._draw_ends(neighbours_of, rng)
        length = rng.balanced("answer", self.longest) + 1
        net_listing = listing(net, rng)
        direction_note = ", whichever way the edges point" if net_listing.directed else ""
        question = (
            f"This is a network.\n{net_listing.names_text()}\n{net_listing.edges_text()}\n\n"
            f"How many edges does the shortest path between node {net_listing.names[start]} "
            f"and node {net_listing.names[ends[length - 1]]} have{direction_note}? "
            f"It has 1 to {self.longest}; 1 means that an edge joins the two nodes."
        )
        answer = answers.count(length, self.longest, least=1, unit="edges")
        return Puzzle(question, (), answer, self.difficulty, 0.0)

    def _draw_ends(self, neighbours_of: Adjacency, rng: Rng) -> tuple[str, list[str]]:
        for start in rng.shuffled(sorted(neighbours_of)):
            rings: list[list[str]] = [[] for _ in range(self.longest)]
            for name, distance in sorted(distances(neighbours_of, start).items()):
                if 1 <= distance <= self.longest:
                    rings[distance - 1].append(name)
            ends = _draw_same_degree(neighbours_of, rings, rng)
            if ends:
                return start, ends
        raise Unusable("too_few_nodes", f"no node has like ones at every distance from 1 to {self.longest}")


def _draw_same_degree(neighbours_of: Adjacency, rings: list[list[str]], rng: Rng) -> list[str]:
    """Draw one node per ring, all with the same number of edges; empty if there are no such nodes."""
    degrees = [{len(neighbours_of[name]) for name in ring} for ring in rings]
    if not (shared := set.intersection(*degrees)):
        return []
    degree = rng.choice(sorted(shared))
    return [rng.choice([name for name in ring if len(neighbours_of[name]) == degree]) for ring in rings]
