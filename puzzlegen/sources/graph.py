"""Networks, cut into parts that fit in a question: each item is an ego network, a node with what surrounds it.

Networks are read from a file or a folder of files (see ``graphs/files.py`` for the formats); without a path, synthetic
networks are generated.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Final, Literal

from pydantic import Field, field_validator

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import Found, Location, joined, missing, parted, tree_at
from puzzlegen.graphs import Index, Network, to_json
from puzzlegen.graphs.files import COMPANIONS, SUFFIXES, read_network
from puzzlegen.graphs.papers import papers
from puzzlegen.records import Item, Skipped
from puzzlegen.rng import rng_for
from puzzlegen.sources import Source

_LEAST_NODES: Final = 4
_DRAWN_PREFIX: Final = "papers-"
_DRAWN_ID: Final = re.compile(r"papers-[0-9]{6}")


class Graph(Source):
    """Ego networks of the networks at ``path``, or of synthetic networks of papers that cite each other."""

    kind: Literal["graph"] = "graph"
    path: Location | None = Field(
        None, description="a file, folder or URL; without it, synthetic networks are generated"
    )
    directed: bool = Field(default=False, description="edges in CSV and TSV files point from source to target")
    graphs: int = Field(20, ge=1, le=999_999, description="number of synthetic networks")
    nodes: int = Field(60, ge=8, le=900, description="nodes (papers) per synthetic network")
    seed: int = Field(0, description="seed of the synthetic networks")
    hops: int = Field(2, ge=1, le=6, description="radius of an ego network, in edges")
    max_nodes: int = Field(24, ge=4, le=90, description="maximum nodes per ego network")
    centres: Literal["sparse", "all"] = Field(
        "sparse", description="all: every node becomes a centre; sparse: only nodes that no earlier ego network shows"
    )

    @field_validator("path")
    @classmethod
    def _exists(cls, path: str | None) -> str | None:
        if path is not None and (problem := missing(path, "either")):
            raise ValueError(f"{problem}; give a file, a folder, or leave it out")
        return path

    @property
    def longest_path(self) -> int:
        """The most edges between two nodes of an ego network: from rim to rim, through its centre."""
        return 2 * self.hops

    def items(self) -> Iterator[Item | Skipped]:
        """Yield ego networks, network by network, in order of the files' names."""
        entries = list(self._list_networks())
        has_several = sum(isinstance(entry, Found) for entry in entries) > 1
        for entry in entries:
            if isinstance(entry, Skipped):
                yield entry
                continue
            try:
                # Ego networks of one network overlap, so they share a split, unless there is no other network. They are
                # also a bundle, so that the network is read once for all of them.
                group = entry.id if has_several else ""
                yield from self._ego_items(entry, self._index(entry.id, entry.stamp), group)
            except Unusable as err:
                if self.path is not None and Path(self.path).is_file():
                    raise SourceError(f"'{self.path}' is not a network: {err.detail or err.reason}") from err
                yield Skipped(entry.id, err.reason, err.detail)

    def open(self, item: Item) -> BinaryIO:
        """Open the ego network as canonical JSON."""
        file, centre = parted(item.id)
        index = self._index(file, item.stamp)
        if centre not in index.near:
            raise Unusable("unreadable", f"'{file}' has no node '{centre}'")
        return io.BytesIO(to_json(self._ego(index, file, centre)))

    def _list_networks(self) -> Iterator[Found | Skipped]:
        if self.path is None:
            yield from (Found(f"{_DRAWN_PREFIX}{k:06}", 0, 0) for k in range(self.graphs))
        elif Path(self.path).is_file() and not _suffix(self.path):
            raise SourceError(f"'{self.path}' has none of the suffixes {', '.join(SUFFIXES)}")
        else:
            for found in tree_at(self.path, SUFFIXES).walk():
                if isinstance(found, Skipped) or _suffix(found.id):
                    yield found if isinstance(found, Skipped) else found._replace(id=found.id.replace("#", "%23"))
                elif not found.id.lower().endswith(COMPANIONS):
                    yield Skipped(found.id, "unsupported_file")

    def _index(self, file: str, stamp: int) -> Index:
        if self.path is None:
            return _draw_network(self.seed, file, self.nodes)
        return _read(self.path, file, stamp, self.directed)

    def _ego_items(self, found: Found, index: Index, group: str) -> Iterator[Item | Skipped]:
        if not index.near:
            yield Skipped(found.id, "too_few_nodes", "no edge joins two nodes")
        covered: set[str] = set()
        for centre in rng_for("centres", found.id).shuffled(sorted(index.near)):
            if centre in covered and self.centres == "sparse":
                continue
            part = self._ego(index, found.id, centre)
            name = joined(found.id, centre)
            covered.update(part.nodes)
            if len(part.nodes) < _LEAST_NODES:
                yield Skipped(name, "too_few_nodes", f"{len(part.nodes)} nodes, need {_LEAST_NODES}")
            else:
                licence = "" if self.path else "CC0-1.0"
                yield Item(name, "graph", len(to_json(part)), licence, found.stamp, group=group, bundle=group)

    def _ego(self, index: Index, file: str, centre: str) -> Network:
        rng = rng_for("ego-v2", file, centre)
        return index.ego(centre, hops=self.hops, max_nodes=self.max_nodes, rng=rng)


def _suffix(name: str) -> str:
    """Return the suffix that says how to read a file; empty if the file is not a network by itself."""
    lowered = name.lower()
    return "" if lowered.endswith(COMPANIONS) else next((known for known in SUFFIXES if lowered.endswith(known)), "")


@lru_cache(maxsize=8)
def _draw_network(seed: int, file: str, nodes: int) -> Index:
    if not _DRAWN_ID.fullmatch(file):
        raise Unusable("unreadable", f"'{file}' is not a drawn network")
    return Index.of(papers(rng_for("papers-v1", seed, file), nodes))


# A network is read once for all parts that are taken from it.
@lru_cache(maxsize=8)
def _read(location: str, file: str, stamp: int, directed: bool) -> Index:
    suffix = _suffix(file)
    stem = file[: -len(suffix)]

    def companion(ending: str) -> bytes | None:
        try:
            return _read_bytes(location, stem + ending)
        except Unusable as err:
            if err.reason == "unreadable":
                return None
            raise

    return Index.of(read_network(suffix, _read_bytes(location, file, stamp), companion, directed=directed))


def _read_bytes(location: str, file: str, stamp: int = 0) -> bytes:
    with tree_at(location, SUFFIXES).whole(file.replace("%23", "#"), 0, stamp) as handle:
        return handle.read()
