"""Networks in files: lists of edges (CSV, TSV), node-link JSON, GraphML.

A list of edges names two nodes per row, under the headings ``source`` and ``target`` (or kin) or, without headings,
in its first two columns. Beside ``cites.csv``, ``cites.nodes.csv`` (first column: the node) or ``cites.nodes.json``
(an object by node) may say what is known of the nodes; the column or key ``text`` is a node's own text.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.graphs import Network, Node, network, tidy

SUFFIXES: Final = (".csv", ".tsv", ".json", ".graphml")
COMPANIONS: Final = (".nodes.csv", ".nodes.tsv", ".nodes.json")
_FROM: Final = ("source", "from", "src", "head", "a")
_TO: Final = ("target", "to", "dst", "tail", "b")
_TEXT: Final = "text"


def read_network(suffix: str, data: bytes, companion: Callable[[str], bytes | None], *, directed: bool) -> Network:
    """The network of a file.

    Args:
        suffix: one of :data:`SUFFIXES`.
        data: the file's bytes.
        companion: the bytes of the file of the same name with one of :data:`COMPANIONS`, or None.
        directed: whether the rows of a list of edges point; other formats say so themselves.

    Raises:
        Unusable: ``undecodable``, with what is wrong.
        SourceError: GraphML, but networkx is not installed.
    """
    try:
        if suffix == ".graphml":
            return _graphml(data)
        if suffix == ".json":
            return _node_link(json.loads(data))
        return network(_companions(companion), _edges(_rows(data, suffix)), directed=directed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, csv.Error) as err:
        raise Unusable("undecodable", f"{type(err).__name__}: {err}"[:200]) from err


def _rows(data: bytes, suffix: str) -> list[list[str]]:
    lines = io.StringIO(data.decode("utf-8-sig"), newline="")
    rows = csv.reader(lines, delimiter="\t" if suffix.endswith(".tsv") else ",", strict=True)
    return [[tidy(cell) for cell in row] for row in rows if any(row) and not row[0].startswith("#")]


def _edges(rows: list[list[str]]) -> Iterator[tuple[str, str]]:
    heads = [cell.casefold() for cell in rows[0]] if rows else []
    named = [next((heads.index(word) for word in words if word in heads), -1) for words in (_FROM, _TO)]
    a, b = named if min(named) >= 0 else (0, 1)
    for number, row in enumerate(rows[min(named) >= 0 :], 1):
        if len(row) <= max(a, b) or not row[a] or not row[b]:
            raise ValueError(f"edge {number} does not name two nodes")
        yield row[a], row[b]


def _companions(companion: Callable[[str], bytes | None]) -> dict[str, Node]:
    for suffix in COMPANIONS:
        if (data := companion(suffix)) is None:
            continue
        if suffix.endswith(".json"):
            return {tidy(name): _node(known) for name, known in json.loads(data).items()}
        heads, *rows = _rows(data, suffix)
        return {row[0]: _node(dict(zip(heads[1:], row[1:], strict=True))) for row in rows}
    return {}


def _node_link(raw: Any) -> Network:  # noqa: ANN401 - JSON is any; what is wrong raises
    nodes = {tidy(node["id"]): _node(node) for node in raw["nodes"]}
    links = raw["links"] if "links" in raw else raw["edges"]
    edges = [(tidy(link["source"]), tidy(link["target"])) for link in links]
    return network(nodes, edges, directed=raw.get("directed", False) is True)


def _graphml(data: bytes) -> Network:
    try:
        import networkx  # noqa: PLC0415, ICN001 - an extra: only those who read GraphML pay for it
    except ImportError as err:
        raise SourceError('GraphML needs networkx; run: pip install "puzzlegen[graph]"') from err
    try:
        raw = networkx.parse_graphml(data.decode("utf-8-sig"))
    except (networkx.NetworkXError, SyntaxError) as err:
        raise ValueError(str(err)) from err
    nodes = {tidy(name): _node(known) for name, known in raw.nodes(data=True)}
    return network(nodes, [(tidy(a), tidy(b)) for a, b in raw.edges()], directed=raw.is_directed())


def _node(known: Mapping[str, object]) -> Node:
    """What is known of a node: the plain values, as text; nested ones and nothing are left out."""
    plain = {tidy(k): tidy(v) for k, v in known.items() if isinstance(v, str | int | float) and k not in ("id", _TEXT)}
    text = known.get(_TEXT)
    return Node({k: v for k, v in plain.items() if k and v}, tidy(text) if isinstance(text, str) else "")
