"""Which media look alike: perceptual hashes that differ in few bits, found without comparing all with all."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from puzzlegen.records import Kind

_WORD: Final = 64
_FRAMES: Final[dict[str, int]] = {"image": 1, "video": 3}


class Near(NamedTuple):
    """What is compared of a medium: 64 bits per picture, 192 of a clip."""

    id: str
    kind: Kind
    phash: int


def close(a: int, b: int, kind: Kind, bits: int) -> bool:
    """Whether two hashes of a kind differ in at most ``bits`` per picture."""
    return (a ^ b).bit_count() <= bits * _FRAMES[kind]


def bands(phash: int, kind: Kind, bits: int) -> Iterator[tuple[int, int, int]]:
    """Each picture's hash in ``bits + 1`` parts: two media that are close share at least one part of one picture."""
    count = bits + 1
    for frame in range(_FRAMES[kind]):
        word = (phash >> (frame * _WORD)) & ((1 << _WORD) - 1)
        for k in range(count):
            start, stop = k * _WORD // count, (k + 1) * _WORD // count
            yield frame, k, (word >> start) & ((1 << (stop - start)) - 1)


class Index:
    """Hashes by their bands, to be asked which known ones are close to a new one."""

    def __init__(self, bits: int) -> None:
        self._bits = bits
        self._places: dict[tuple[Kind, int, int, int], list[int]] = defaultdict(list)
        self._known: list[Near] = []

    def add(self, near: Near) -> None:
        """Know one more."""
        for band in bands(near.phash, near.kind, self._bits):
            self._places[near.kind, *band].append(len(self._known))
        self._known.append(near)

    def close_to(self, phash: int, kind: Kind) -> Iterator[Near]:
        """The known ones that are close; some of them more than once."""
        for band in bands(phash, kind, self._bits):
            for place in self._places.get((kind, *band), ()):
                if close(phash, self._known[place].phash, kind, self._bits):
                    yield self._known[place]


def clusters(media: Sequence[Near], bits: int) -> dict[str, str]:
    """For each medium that looks like another, the first by name of its cluster; alike is passed on."""
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
