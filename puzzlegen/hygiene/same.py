"""Files of equal bytes, found without reading most of them: only those of equal size and equal beginning are read."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import BinaryIO, Final

from puzzlegen.errors import Unusable
from puzzlegen.records import Item

_BEGINNING: Final = 1 << 14
_PIECE: Final = 1 << 20
#: Larger files are not compared: a sparse one may claim terabytes.
_MOST_BYTES: Final = 1 << 32


def same_bytes(items: Sequence[Item], open_item: Callable[[Item], BinaryIO]) -> dict[str, str]:
    """The digest of every item that shares its bytes with another, by name. Items of unknown size are left out."""
    sized = _shared(items, lambda item: f"{item.kind} {item.size}" if 0 < item.size <= _MOST_BYTES else "")
    alike = _shared(sized, lambda item: f"{item.kind} {item.size} {_digest(item, open_item, _BEGINNING)}")
    digests = {item.id: _digest(item, open_item, item.size) for item in alike}
    return {name: digest for name, digest in digests.items() if digest}


def _shared(items: Iterable[Item], key: Callable[[Item], str]) -> list[Item]:
    """The items whose key another one has, too."""
    found: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        found[key(item)].append(item)
    return [item for name, members in found.items() if name and len(members) > 1 for item in members]


def _digest(item: Item, open_item: Callable[[Item], BinaryIO], most: int) -> str:
    digest, left = hashlib.sha256(), most
    try:
        with open_item(item) as file:
            while left > 0 and (piece := file.read(min(left, _PIECE))):
                digest.update(piece)
                left -= len(piece)
    except (Unusable, OSError):
        return ""  # the build will say why
    return digest.hexdigest()
