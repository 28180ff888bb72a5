"""Media that must not be trained on, such as a benchmark's pictures, given as folders of media or lists of hashes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import partial
from typing import BinaryIO, Final, NamedTuple

from puzzlegen.errors import SourceError
from puzzlegen.files import ARCHIVE_SUFFIXES, Found, Location, Tree, in_memory, kind_of, suffix_of, tree_at
from puzzlegen.hygiene.looking import UNSEEN, Looking, Looks, look_at
from puzzlegen.hygiene.near import Index, Near
from puzzlegen.records import Item, Kind, Skipped

_LISTS: Final = (".txt", ".lst", ".csv")
_FOLDERS: Final = ("unreadable_folder", "linked_folder")
_NO_MEDIA: Final = ("hidden", "build")
_SHA256: Final = re.compile("[0-9a-f]{64}")
_PHASH: Final = re.compile("[0-9a-f]{16}")


class Excluded(NamedTuple):
    """The excluded media: SHA-256 digests of their bytes, an index of their perceptual hashes, and a digest of both."""

    sha256: frozenset[str]
    near: Index
    digest: str

    def holds(self, looks: Looks, kind: Kind) -> bool:
        """Whether a medium is excluded or looks like an excluded one."""
        seen = looks.phash != UNSEEN and next(self.near.close_to(looks.phash, kind), None) is not None
        return seen or looks.sha256 in self.sha256


def read_excluded(places: Sequence[Location], bits: int, seconds: float) -> Excluded:
    """Read all excluded media and hashes from the given places.

    Raises:
        SourceError: a place is missing or holds nothing, one of its media cannot be compared, or a line is not a hash.
    """
    digests: set[str] = set()
    hashes: set[tuple[Kind, int]] = set()
    for place in places:
        found = list(_listed(place) if suffix_of(place) in _LISTS else _seen(place, seconds))
        if not found:
            raise SourceError(f"hygiene.exclude: '{place}' holds no picture, clip or hash")
        digests |= {sha256 for sha256, _, _ in found if sha256}
        hashes |= {(kind, phash) for _, kind, phash in found if phash >= 0}
    index = Index(bits)
    for kind, phash in sorted(hashes):
        index.add(Near("", kind, phash))
    told = "\n".join([*sorted(digests), *(f"{kind} {phash:x}" for kind, phash in sorted(hashes))])
    return Excluded(frozenset(digests), index, hashlib.sha256(told.encode()).hexdigest())


def _listed(place: str) -> Iterator[tuple[str, Kind, int]]:
    """Read a text file with one hash per line: 64 hexadecimal digits of SHA-256, or 16 of a picture's perceptual hash.

    Yields ``(sha256, kind, phash)``; of the two hashes the one that the line does not give is empty or -1.
    """
    tree = tree_at(place, _LISTS)
    with tree.parts(_only(tree, place).id) as file:
        for number, line in enumerate(file, 1):
            text = line.decode("ascii", "replace").strip().lower()
            if _SHA256.fullmatch(text):
                yield text, "image", -1
            elif _PHASH.fullmatch(text):
                yield "", "image", int(text, 16)
            elif text and not text.startswith("#"):
                raise SourceError(f"hygiene.exclude: '{place}', line {number}: '{text[:40]}' is neither 64 nor 16 hex")


def _only(tree: Tree, place: str) -> Found:
    found = next(iter(tree.walk()))
    if not isinstance(found, Found):
        raise SourceError(f"hygiene.exclude: '{place}' cannot be read: {found.reason}")
    return found


def _open(place: str, item: Item) -> BinaryIO:
    return tree_at(place).open(item.id, item.at, item.size, item.stamp)


def _seen(place: str, seconds: float) -> Iterator[tuple[str, Kind, int]]:
    items = []
    for entry in tree_at(place).walk_archives():
        kind = kind_of(entry.id)
        if isinstance(entry, Skipped):
            _refuse_loss(place, entry)
        elif kind:
            items.append(Item(entry.id, kind, entry.size, stamp=entry.stamp, at=entry.at))
    looks = look_at(items, Looking(partial(_open, place), 0 if in_memory(place) else seconds))
    for item in items:
        seen = looks.get(item.id)
        if seen is None or seen.phash == UNSEEN:
            raise SourceError(
                f"hygiene.exclude: '{item.id}' of '{place}' cannot be {'decoded' if seen else 'read'}, so what looks "
                "like it would not be left out; put a sound, smaller copy there, or take it away and list its SHA-256"
            )
        yield seen.sha256, item.kind, seen.phash


def _refuse_loss(place: str, skipped: Skipped) -> None:
    """Raise SourceError if a skipped entry may hold media that are to be excluded."""
    held = kind_of(skipped.id) or suffix_of(skipped.id) in ARCHIVE_SUFFIXES or skipped.reason in _FOLDERS
    if held and skipped.reason not in _NO_MEDIA:
        why = f"{skipped.reason}: {skipped.detail}" if skipped.detail else skipped.reason
        raise SourceError(
            f"hygiene.exclude: '{skipped.id}' of '{place}' cannot be read ({why}), so items that are the same would "
            "not be left out; make it readable or take it away"
        )
