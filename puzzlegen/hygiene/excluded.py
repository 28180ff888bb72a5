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

_LIST_SUFFIXES: Final = (".txt", ".lst", ".csv")
_SKIPPED_FOLDER_REASONS: Final = ("unreadable_folder", "linked_folder")
_HARMLESS_REASONS: Final = ("hidden", "build")
_SHA256: Final = re.compile("[0-9a-f]{64}")
_PHASH: Final = re.compile("[0-9a-f]{16}")


class Excluded(NamedTuple):
    """The excluded media.

    Media are named by their paths in the excluded folders, without the folders, because rejections are published and
    where the folders lie is private. A medium that a list gives is named by its hash.

    Attributes:
        sha256: names by the SHA-256 of the media's bytes.
        near: an index of the perceptual hashes.
        digest: of all hashes.
    """

    sha256: dict[str, str]
    near: Index
    digest: str

    def match(self, looks: Looks, kind: Kind) -> str | None:
        """Return the name of an excluded medium that a medium repeats or looks like; None if it is not excluded."""
        if looks.sha256 in self.sha256:
            return self.sha256[looks.sha256]
        near = None if looks.phash == UNSEEN else next(self.near.close_to(looks.phash, kind), None)
        return near.id if near else None


class _Row(NamedTuple):
    """A hash to exclude: of the two hashes, the one that is not known is empty or -1."""

    name: str
    sha256: str
    kind: Kind
    phash: int


def read_excluded(places: Sequence[Location], bits: int, seconds: float) -> Excluded:
    """Read all excluded media and hashes from the given places.

    Raises:
        SourceError: a place is missing or holds nothing, one of its media cannot be compared, or a line is not a hash.
    """
    digests: dict[str, str] = {}
    hashes: dict[tuple[Kind, int], str] = {}
    for location in places:
        hash_rows = list(
            _read_hash_list(location) if suffix_of(location) in _LIST_SUFFIXES else _hash_media(location, seconds)
        )
        if not hash_rows:
            raise SourceError(f"hygiene.exclude: '{location}' holds no picture, clip or hash")
        # Of equal media, the first by name is named, whatever the order of the places.
        for row in hash_rows:
            if row.sha256:
                digests[row.sha256] = min(row.name, digests.get(row.sha256, row.name))
            if row.phash >= 0:
                hashes[row.kind, row.phash] = min(row.name, hashes.get((row.kind, row.phash), row.name))
    index = Index(bits)
    for (kind, phash), name in sorted(hashes.items()):
        index.add(Near(name, kind, phash))
    canonical_text = "\n".join([*sorted(digests), *(f"{kind} {phash:x}" for kind, phash in sorted(hashes))])
    return Excluded(digests, index, hashlib.sha256(canonical_text.encode()).hexdigest())


def _read_hash_list(location: str) -> Iterator[_Row]:
    """Read a text file with one hash per line: 64 hexadecimal digits of SHA-256, or 16 of a picture's pHash."""
    tree = tree_at(location, _LIST_SUFFIXES)
    with tree.parts(_single_file(tree, location).id) as file:
        for number, line in enumerate(file, 1):
            text = line.decode("ascii", "replace").strip().lower()
            if _SHA256.fullmatch(text):
                yield _Row(text, text, "image", -1)
            elif _PHASH.fullmatch(text):
                yield _Row(text, "", "image", int(text, 16))
            elif text and not text.startswith("#"):
                raise SourceError(
                    f"hygiene.exclude: '{location}', line {number}: '{text[:40]}' is neither 64 nor 16 hex"
                )


def _single_file(tree: Tree, location: str) -> Found:
    first_entry = next(iter(tree.walk()))
    if not isinstance(first_entry, Found):
        raise SourceError(f"hygiene.exclude: '{location}' cannot be read: {first_entry.reason}")
    return first_entry


def _open_item(location: str, item: Item) -> BinaryIO:
    return tree_at(location).open(item.id, item.at, item.size, item.stamp)


def _hash_media(location: str, seconds: float) -> Iterator[_Row]:
    items = []
    for entry in tree_at(location).walk_archives():
        kind = kind_of(entry.id)
        if isinstance(entry, Skipped):
            _refuse_loss(location, entry)
        elif kind:
            items.append(Item(entry.id, kind, entry.size, stamp=entry.stamp, at=entry.at))
    fingerprints = look_at(items, Looking(partial(_open_item, location), 0 if in_memory(location) else seconds))
    for item in items:
        fingerprint = fingerprints.get(item.id)
        if fingerprint is None or fingerprint.phash == UNSEEN:
            raise SourceError(
                f"hygiene.exclude: '{item.id}' of '{location}' cannot be {'decoded' if fingerprint else 'read'}, "
                "so what looks like it would not be left out; put a sound, smaller copy there, or take it away and "
                "list its SHA-256"
            )
        yield _Row(item.id, fingerprint.sha256, item.kind, fingerprint.phash)


def _refuse_loss(location: str, skipped: Skipped) -> None:
    """Raise SourceError if a skipped entry may hold media that are to be excluded."""
    may_hold_media = (
        kind_of(skipped.id) or suffix_of(skipped.id) in ARCHIVE_SUFFIXES or skipped.reason in _SKIPPED_FOLDER_REASONS
    )
    if may_hold_media and skipped.reason not in _HARMLESS_REASONS:
        cause = f"{skipped.reason}: {skipped.detail}" if skipped.detail else skipped.reason
        raise SourceError(
            f"hygiene.exclude: '{skipped.id}' of '{location}' cannot be read ({cause}), so items that are the same "
            "would not be left out; make it readable or take it away"
        )
