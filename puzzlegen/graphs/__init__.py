"""Networks, which are what items of kind ``graph`` hold, and pure functions on them.

An item is a part of a network that fits in a question: an ego network, which is some nodes around a centre with all
edges among them. Distances and neighbourhoods ignore the direction of edges; every question that needs them says so.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from puzzlegen.errors import Unusable
from puzzlegen.records import canonical_json
from puzzlegen.rng import Rng

Adjacency: TypeAlias = Mapping[str, set[str]]
MOST_NODES: Final = 900
_MOST_CHARACTERS: Final = 4_000


class Node(NamedTuple):
    """A node's attributes by name, and its text (a title, an abstract)."""

    attributes: dict[str, str]
    text: str = ""


class Network(NamedTuple):
    """Nodes by name, and edges between two different nodes, each listed once.

    Attributes:
        nodes: in order of their names.
        edges: sorted; in an undirected edge, the smaller name comes first.
        directed: whether edges point from their first node to their second.
        centre: the node around which an ego network was taken; empty for a whole network.
    """

    nodes: dict[str, Node]
    edges: list[tuple[str, str]]
    directed: bool = False
    centre: str = ""


def tidy(text: object) -> str:
    """Put a text on one line, at most 4000 characters, without control characters or the angle brackets of prompts."""
    plain = str(text)[:_MOST_CHARACTERS]
    if not plain.isprintable() or "<" in plain or ">" in plain:
        plain = "".join(c if c.isprintable() and c not in "<>" else " " for c in plain)
    # Most texts are names without a space, of which large networks have millions.
    return " ".join(plain.split()) if " " in plain else plain


def network(
    nodes: Mapping[str, Node], edges: Iterable[tuple[str, str]], *, directed: bool = False, centre: str = ""
) -> Network:
    """Build a network in normal form: sorted, without double edges or loops, with all nodes that edges name."""
    pairs = {(a, b) if directed or a < b else (b, a) for a, b in edges if a != b}
    names = {*nodes, *(name for pair in pairs for name in pair)}
    return Network({n: nodes.get(n, Node({})) for n in sorted(names)}, sorted(pairs), directed, centre)


def adjacency(net: Network) -> Adjacency:
    """Return each node's neighbours, whichever way an edge points."""
    neighbours_of: dict[str, set[str]] = {name: set() for name in net.nodes}
    for a, b in net.edges:
        neighbours_of[a].add(b)
        neighbours_of[b].add(a)
    return neighbours_of


def distances(near: Adjacency, start: str) -> dict[str, int]:
    """Return the length of the shortest path from ``start`` to every node that can be reached, ``start`` included."""
    lengths = {start: 0}
    queue = [start]
    for name in queue:
        for other in near[name]:
            if other not in lengths:
                lengths[other] = lengths[name] + 1
                queue.append(other)
    return lengths


class Index(NamedTuple):
    """A whole network, indexed so that parts can be taken from it quickly.

    Attributes:
        near: see :func:`adjacency`.
        edges: as a set.
        names: of the nodes, sorted.
        places: the positions in ``names`` of each node's neighbours, for the nodes in that order.
    """

    net: Network
    near: Adjacency
    edges: frozenset[tuple[str, str]]
    names: list[str]
    places: list[NDArray[np.int64]]

    @classmethod
    def of(cls, net: Network) -> Index:
        """Index a network."""
        near, names = adjacency(net), sorted(net.nodes)
        place_of = {name: place for place, name in enumerate(names)}
        places = [np.array([place_of[other] for other in near[name]], np.int64) for name in names]
        return cls(net, near, frozenset(net.edges), names, places)

    def ego(self, centre: str, *, hops: int, max_nodes: int, rng: Rng) -> Network:
        """Return the ego network of ``centre``: nodes up to ``hops`` edges away and all edges among them.

        If there are more than ``max_nodes`` nodes, each ring around the centre gets an equal share of the places, which
        a random sample fills, so that a hub does not crowd out everything behind its neighbours.
        """
        start = bisect_left(self.names, centre)
        kept, ring = [start], [start]
        for hop in range(hops):
            # A hub may have thousands of nodes behind it, so they are marked, which is faster than sorting their names,
            # and only as many are drawn as are needed.
            is_beyond = np.zeros(len(self.names), bool)
            for place in ring:
                is_beyond[self.places[place]] = True
            is_beyond[kept] = False
            beyond = np.flatnonzero(is_beyond)
            ranks = islice(rng.drawn(range(len(beyond))), (max_nodes - len(kept)) // (hops - hop))
            ring = [int(beyond[rank]) for rank in ranks]
            kept += ring
        return self._induced_subgraph({self.names[place] for place in kept}, centre)

    def _induced_subgraph(self, names: set[str], centre: str) -> Network:
        edges = [(a, b) for a in names for b in self.near[a] & names if (a, b) in self.edges]
        return network({n: self.net.nodes[n] for n in names}, edges, directed=self.net.directed, centre=centre)


def to_json(net: Network) -> bytes:
    """Return a network as canonical JSON, which is what an item's bytes are."""
    nodes = [
        {"id": name, "attributes": node.attributes, **({"text": node.text} if node.text else {})}
        for name, node in net.nodes.items()
    ]
    document = {"nodes": nodes, "edges": net.edges, "directed": net.directed, "centre": net.centre}
    return canonical_json(document).encode()


def from_json(data: bytes) -> Network:
    """Read a network from an item's bytes.

    Raises:
        Unusable: ``undecodable`` if the bytes are no network, ``too_large`` if it has too many nodes for a question.
    """
    try:
        raw = json.loads(data)
        nodes = {node["id"]: _parse_node(node) for node in raw["nodes"]}
        pairs = [(a, b) for a, b in raw["edges"] if a in nodes and b in nodes]
        net = network(nodes, pairs, directed=raw["directed"] is True, centre=str(raw["centre"]))
        is_valid = len(pairs) == len(raw["edges"]) and all(isinstance(name, str) for name in nodes)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as err:
        raise Unusable("undecodable", f"no network: {type(err).__name__}") from err
    if not is_valid:
        raise Unusable("undecodable", "an edge of a network names no node of it")
    if len(nodes) > MOST_NODES:
        raise Unusable("too_large", f"{len(nodes)} nodes, at most {MOST_NODES} fit in a question")
    return net


def _parse_node(raw: dict[str, Any]) -> Node:
    attributes = {tidy(key): tidy(value) for key, value in raw["attributes"].items()}
    return Node(attributes, tidy(raw.get("text", "")))
