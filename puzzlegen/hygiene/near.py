"""Near-duplicate media: perceptual hashes that differ in few bits, found without comparing every pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from puzzlegen.records import Kind

_HASH_BITS: Final = 64
_FRAME_COUNTS: Final[dict[str, int]] = {"image": 1, "video": 3}


class Near(NamedTuple):
    """The perceptual hash of a medium: 64 bits for an image, 192 for a clip (64 for each of three frames)."""

    id: str
    kind: Kind
    phash: int


def close(a: int, b: int, kind: Kind, bits: int) -> bool:
    """Whether two hashes of media of one kind differ in at most ``bits`` per picture; a clip counts as three."""
    return (a ^ b).bit_count() <= bits * _FRAME_COUNTS[kind]


def bands(phash: int, kind: Kind, bits: int) -> Iterator[tuple[int, int, int]]:
    """Split the hash of each picture into ``bits + 1`` parts and yield them as ``(frame, part, value)``.

    Two media that are close share at least one part of one picture, so only media that share a part need comparing.
    """
    count = bits + 1
    for frame in range(_FRAME_COUNTS[kind]):
        word = (phash >> (frame * _HASH_BITS)) & ((1 << _HASH_BITS) - 1)
        for k in range(count):
            start, stop = k * _HASH_BITS // count, (k + 1) * _HASH_BITS // count
            yield frame, k, (word >> start) & ((1 << (stop - start)) - 1)


class Index:
    """Media indexed by the bands of their hashes, to look up which of them are close to a given hash."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._positions: dict[tuple[Kind, int, int, int], list[int]] = defaultdict(list)
        self._entries: list[Near] = []

    def add(self, near: Near) -> None:
        """Add a medium to the index."""
        for band in bands(near.phash, near.kind, self._bits):
            self._positions[near.kind, *band].append(len(self._entries))
        self._entries.append(near)

    def close_to(self, phash: int, kind: Kind) -> Iterator[Near]:
        """Yield the media in the index that are close to this hash; some of them more than once."""
        for band in bands(phash, kind, self._bits):
            for position in self._positions.get((kind, *band), ()):
                if close(phash, self._entries[position].phash, kind, self._bits):
                    yield self._entries[position]


def clusters(media: Sequence[Near], bits: int) -> dict[str, str]:
    """Map each medium that looks like another to the first id of its cluster.

    Clusters are transitive: if A is close to B and B is close to C, all three are in one cluster.
    """
    index, parent = Index(bits), {near.id: near.id for near in media}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    for near in sorted(media, key=lambda near: near.id):
        for other in index.close_to(near.phash, near.kind):
            low, high = sorted((root(near.id), root(other.id)))
            parent[high] = low
        index.add(near)
    sizes: dict[str, int] = defaultdict(int)
    for name in parent:
        sizes[root(name)] += 1
    return {name: root(name) for name in parent if sizes[root(name)] > 1}
