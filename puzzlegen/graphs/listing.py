"""Write a network as text for a question, with random numbers for its nodes, and nodes and edges in random order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from puzzlegen.graphs import MOST_NODES, Network, Node
from puzzlegen.rng import Rng

_MAX_TWO_DIGIT_NODES: Final = 90
_ELLIPSIS: Final = "..."


class Listing(NamedTuple):
    """How a network is shown.

    Attributes:
        names: the number that stands for each node; all have the same number of digits, and their order means nothing.
        nodes: in the order in which they are shown.
        edges: in the order in which they are shown; undirected edges are turned at random.
        directed: whether edges are directed.
    """

    names: dict[str, str]
    nodes: list[str]
    edges: list[tuple[str, str]]
    directed: bool

    def edges_text(self, without: tuple[str, str] | None = None) -> str:
        """Return all edges on one line, except the edge ``without``."""
        arrow = "->" if self.directed else "-"
        listed = [edge for edge in self.edges if without is None or set(edge) != set(without)]
        return f"Edges: {', '.join(f'{self.names[a]} {arrow} {self.names[b]}' for a, b in listed)}"

    def names_text(self) -> str:
        """Return the numbers of all nodes on one line."""
        return f"Nodes: {self.written(self.nodes)}"

    def described(self, describe: Callable[[str], str]) -> str:
        """Return the nodes, one per line, each with its description."""
        return "\n".join(["Nodes:", *(f"{self.names[node]}: {describe(node)}" for node in self.nodes)])

    def written(self, nodes: Sequence[str]) -> str:
        """Return the numbers of some nodes, separated by commas."""
        return ", ".join(self.names[node] for node in nodes)


def listing(net: Network, rng: Rng) -> Listing:
    """Draw numbers and orders, so that neither reveals anything about the network."""
    low, high = (10, 99) if len(net.nodes) <= _MAX_TWO_DIGIT_NODES else (100, 99 + MOST_NODES)
    numbers = rng.drawn(range(low, high + 1))
    names = {node: str(next(numbers)) for node in net.nodes}
    edges = [(b, a) if rng.below(2) and not net.directed else (a, b) for a, b in rng.shuffled(net.edges)]
    return Listing(names, rng.shuffled(net.nodes), edges, net.directed)


def _shorten(text: str, max_length: int) -> str:
    return f"{text[: max_length - len(_ELLIPSIS)]}{_ELLIPSIS}" if max_length > len(_ELLIPSIS) else text[:max_length]


def described(node: Node, text_characters: int) -> str:
    """Return a node's attributes and the beginning of its text on one line."""
    parts = [f"{key} {value}" for key, value in sorted(node.attributes.items())]
    if node.text and text_characters:
        shown_text = node.text if len(node.text) <= text_characters else _shorten(node.text, text_characters)
        parts.insert(0, f'"{shown_text}"')
    return "; ".join(parts)
