"""Networks as values: what an item of kind ``graph`` holds, and pure functions on it.

An item is a part of a network that fits in a question: an ego network, which is some nodes around a centre with all
edges among them. Distances and neighbourhoods ignore the direction of edges; every question that needs them says so.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any, Final, NamedTuple, TypeAlias

from puzzlegen.errors import Unusable
from puzzlegen.records import canonical_json
from puzzlegen.rng import Rng

Adjacency: TypeAlias = Mapping[str, set[str]]
MOST_NODES: Final = 900
_MOST_CHARACTERS: Final = 4_000


class Node(NamedTuple):
    """What is known of a node: attributes by name, and its own text (a title, an abstract)."""

    attributes: dict[str, str]
    text: str = ""


class Network(NamedTuple):
    """Nodes by name, and edges between two different ones, each once.

    Attributes:
        nodes: in order of their names.
        edges: sorted; of an undirected edge the smaller name comes first.
        directed: whether edges point from their first node to their second.
        centre: the node that the part was taken around, if it is a part.
    """

    nodes: dict[str, Node]
    edges: list[tuple[str, str]]
    directed: bool = False
    centre: str = ""


def tidy(text: object) -> str:
    """A text on one line, without control characters and without the brackets that prompts are made of."""
    plain = str(text)[:_MOST_CHARACTERS]
    if not plain.isprintable() or "<" in plain or ">" in plain:
        plain = "".join(c if c.isprintable() and c not in "<>" else " " for c in plain)
    return " ".join(plain.split())


def network(
    nodes: Mapping[str, Node], edges: Iterable[tuple[str, str]], *, directed: bool = False, centre: str = ""
) -> Network:
    """A network in its one form: sorted, no edge twice, none from a node to itself; edges make the nodes they name."""
    pairs = {(a, b) if directed or a < b else (b, a) for a, b in edges if a != b}
    names = {*nodes, *(name for pair in pairs for name in pair)}
    return Network({n: nodes.get(n, Node({})) for n in sorted(names)}, sorted(pairs), directed, centre)


def adjacency(net: Network) -> Adjacency:
    """Each node's neighbours, whichever way an edge points."""
    near: dict[str, set[str]] = {name: set() for name in net.nodes}
    for a, b in net.edges:
        near[a].add(b)
        near[b].add(a)
    return near


def distances(near: Adjacency, start: str) -> dict[str, int]:
    """Length of the shortest path from ``start`` to every node that can be reached, itself included."""
    found = {start: 0}
    queue = [start]
    for name in queue:
        for other in near[name]:
            if other not in found:
                found[other] = found[name] + 1
                queue.append(other)
    return found


class Index(NamedTuple):
    """A whole network, ready to have parts taken of it."""

    net: Network
    near: Adjacency
    edges: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, net: Network) -> Index:
        """The index of a network."""
        return cls(net, adjacency(net), frozenset(net.edges))

    def ego(self, centre: str, *, hops: int, max_nodes: int, rng: Rng) -> Network:
        """The part around ``centre``: nodes up to ``hops`` edges away and all edges among them.

        Where there are more than ``max_nodes``, each ring gets an equal share of the places and a drawn sample fills
        it, so that a hub does not crowd out everything behind its neighbours.
        """
        kept, ring = [centre], [centre]
        for hop in range(hops):
            beyond = {other for name in ring for other in self.near[name]}.difference(kept)
            # Behind a hub are thousands, of which a few are drawn.
            ring = list(islice(rng.drawn(sorted(beyond)), (max_nodes - len(kept)) // (hops - hop)))
            kept += ring
        return self._part(set(kept), centre)

    def _part(self, names: set[str], centre: str) -> Network:
        edges = [(a, b) for a in names for b in self.near[a] & names if (a, b) in self.edges]
        return network({n: self.net.nodes[n] for n in names}, edges, directed=self.net.directed, centre=centre)


def to_json(net: Network) -> bytes:
    """A network as canonical JSON: the bytes of an item."""
    nodes = [
        {"id": name, "attributes": node.attributes, **({"text": node.text} if node.text else {})}
        for name, node in net.nodes.items()
    ]
    whole = {"nodes": nodes, "edges": net.edges, "directed": net.directed, "centre": net.centre}
    return canonical_json(whole).encode()


def from_json(data: bytes) -> Network:
    """The network of an item's bytes.

    Raises:
        Unusable: ``undecodable`` if they hold none, ``too_large`` if no question could.
    """
    try:
        raw = json.loads(data)
        nodes = {node["id"]: _node(node) for node in raw["nodes"]}
        pairs = [(a, b) for a, b in raw["edges"] if a in nodes and b in nodes]
        net = network(nodes, pairs, directed=raw["directed"] is True, centre=str(raw["centre"]))
        good = len(pairs) == len(raw["edges"]) and all(isinstance(name, str) for name in nodes)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as err:
        raise Unusable("undecodable", f"no network: {type(err).__name__}") from err
    if not good:
        raise Unusable("undecodable", "an edge of a network names no node of it")
    if len(nodes) > MOST_NODES:
        raise Unusable("too_large", f"{len(nodes)} nodes, at most {MOST_NODES} fit in a question")
    return net


def _node(raw: dict[str, Any]) -> Node:
    attributes = {tidy(key): tidy(value) for key, value in raw["attributes"].items()}
    return Node(attributes, tidy(raw.get("text", "")))
