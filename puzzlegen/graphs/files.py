"""Read networks from files: edge lists (CSV, TSV), node-link JSON, GraphML.

An edge list names two nodes per row, under the headings ``source`` and ``target`` (or synonyms) or, without headings,
in the first two columns. A companion file beside ``cites.csv``, ``cites.nodes.csv`` (first column: the node) or
``cites.nodes.json`` (one object per node), may state the attributes of nodes; its column or key ``text`` is a node's
text.
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
    """Read the network in a file.

    Args:
        suffix: one of :data:`SUFFIXES`.
        data: the file's bytes.
        companion: returns the bytes of the companion file with one of the endings :data:`COMPANIONS`, or None.
        directed: whether the edges of an edge list are directed; other formats say so themselves.

    Raises:
        Unusable: ``undecodable``, with what is wrong.
        SourceError: the file is GraphML, but networkx is not installed.
    """
    try:
        if suffix == ".graphml":
            return _read_graphml(data)
        if suffix == ".json":
            return _read_node_link(json.loads(data))
        return network(_read_companion(companion), _parse_edges(_read_rows(data, suffix)), directed=directed)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, csv.Error) as err:
        raise Unusable("undecodable", f"{type(err).__name__}: {err}"[:200]) from err


def _read_rows(data: bytes, suffix: str) -> list[tuple[int, list[str]]]:
    """Return the rows, without empty ones and comments, each with its line number."""
    lines = io.StringIO(data.decode("utf-8-sig"), newline="")
    rows = csv.reader(lines, delimiter="\t" if suffix.endswith(".tsv") else ",", strict=True)
    return [(rows.line_num, [tidy(cell) for cell in row]) for row in rows if any(row) and not row[0].startswith("#")]


def _parse_edges(rows: list[tuple[int, list[str]]]) -> Iterator[tuple[str, str]]:
    headings = [cell.casefold() for cell in rows[0][1]] if rows else []
    columns = [next((headings.index(word) for word in words if word in headings), -1) for words in (_FROM, _TO)]
    a, b = columns if min(columns) >= 0 else (0, 1)
    for line, row in rows[min(columns) >= 0 :]:
        for column in (a, b):
            if len(row) <= column or not row[column]:
                heading = f" ('{rows[0][1][column]}')" if min(columns) >= 0 else ""
                raise _undecodable_error(f"line {line} has no node in column {column + 1}{heading}")
        yield row[a], row[b]


def _read_companion(companion: Callable[[str], bytes | None]) -> dict[str, Node]:
    for suffix in COMPANIONS:
        if (data := companion(suffix)) is None:
            continue
        if suffix.endswith(".json"):
            descriptions = json.loads(data)
            if not isinstance(descriptions, dict) or not all(
                isinstance(properties, dict) for properties in descriptions.values()
            ):
                raise _undecodable_error(f"{suffix} is not an object that has an object for each node")
            return {tidy(name): _make_node(properties) for name, properties in descriptions.items()}
        (_, headings), *rows = _read_rows(data, suffix) or [(0, [])]
        for line, row in rows:
            if len(row) != len(headings):
                raise _undecodable_error(
                    f"line {line} of {suffix} has {len(row)} cells, its headings are {len(headings)}"
                )
        return {row[0]: _make_node(dict(zip(headings[1:], row[1:], strict=True))) for _, row in rows}
    return {}


def _read_node_link(raw: Any) -> Network:  # noqa: ANN401 - JSON is any
    if not isinstance(raw, dict) or "nodes" not in raw or not {"links", "edges"} & set(raw):
        raise _undecodable_error("not node-link JSON, an object with nodes and links")
    links = "links" if "links" in raw else "edges"
    nodes = {tidy(name): _make_node(node) for node, name in _node_link_entries(raw, "nodes", "id")}
    edges = [(tidy(a), tidy(b)) for _, a, b in _node_link_entries(raw, links, "source", "target")]
    return network(nodes, edges, directed=raw.get("directed", False) is True)


def _node_link_entries(raw: Mapping[str, Any], part: str, *keys: str) -> Iterator[tuple[Any, ...]]:
    """Yield the objects in a part of node-link JSON, each followed by the values that it must have."""
    if not isinstance(raw[part], list):
        raise _undecodable_error(f"'{part}' is not a list")
    for number, entry in enumerate(raw[part], 1):
        if not isinstance(entry, dict) or not all(key in entry for key in keys):
            raise _undecodable_error(f"entry {number} of '{part}' is not an object with {' and '.join(keys)}")
        yield entry, *(entry[key] for key in keys)


def _undecodable_error(message: str) -> Unusable:
    return Unusable("undecodable", message[:200])


def _read_graphml(data: bytes) -> Network:
    try:
        import networkx  # noqa: PLC0415, ICN001 - an extra: only those who read GraphML pay for it
    except ImportError as err:
        raise SourceError('GraphML needs networkx; run: pip install "puzzlegen[graph]"') from err
    try:
        raw = networkx.parse_graphml(data.decode("utf-8-sig"))
    except (networkx.NetworkXError, SyntaxError) as err:
        raise ValueError(str(err)) from err
    nodes = {tidy(name): _make_node(properties) for name, properties in raw.nodes(data=True)}
    return network(nodes, [(tidy(a), tidy(b)) for a, b in raw.edges()], directed=raw.is_directed())


def _make_node(properties: Mapping[str, object]) -> Node:
    """Make a node of what a file says about it: plain values become text, nested and empty values are left out."""
    plain_values = {
        tidy(k): tidy(v) for k, v in properties.items() if isinstance(v, str | int | float) and k not in ("id", _TEXT)
    }
    text = properties.get(_TEXT)
    return Node({k: v for k, v in plain_values.items() if k and v}, tidy(text) if isinstance(text, str) else "")
