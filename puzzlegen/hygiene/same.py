"""Byte-identical files, found without reading most files: only those of equal size and beginning are read in full."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.errors import Unusable, unread
from puzzlegen.hygiene.looking import MAX_IMAGE_BYTES
from puzzlegen.records import Item, Skipped

if TYPE_CHECKING:
    from puzzlegen.listing import Listing

_BEGINNING_BYTES: Final = 1 << 14
_READ_BYTES: Final = 1 << 20
#: Larger files are not compared: a sparse file may claim terabytes, and the build rejects such images anyway.
_MAX_BYTES: Final = {"image": MAX_IMAGE_BYTES, "video": 1 << 32}


def repeated(listing: Listing, open_item: Callable[[Item], BinaryIO]) -> Iterator[tuple[int, Skipped]]:
    """Yield the row and the reason of every item that repeats the bytes of one with an earlier id.

    Only items for which :func:`is_compared` holds are compared.
    """
    rows_by_digest: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for row, item in listing.items(_candidate_rows(listing, open_item)):
        if digest := _digest(item, open_item, item.size):
            rows_by_digest[digest.hex()].append((item.id, row))
    for copies in rows_by_digest.values():
        (first, _), *others = sorted(copies)
        yield from ((row, Skipped(name, "duplicate", f"of '{first}'")) for name, row in others)


def is_compared(item: Item) -> bool:
    """Whether an item may be removed as a copy: it is a medium of known, not excessive size, without own questions."""
    return not item.qa and 0 < item.size <= _MAX_BYTES.get(item.kind, 0)


def _candidate_rows(listing: Listing, open_item: Callable[[Item], BinaryIO]) -> NDArray[np.int64]:
    """The rows of items that share kind, size and beginning with another item."""
    from puzzlegen.listing import shared  # noqa: PLC0415 - settings are read without Arrow

    sizes = listing.numbers("size")
    kinds = np.select([listing.equal("kind", kind) for kind in _MAX_BYTES], [1, 2])
    max_bytes = np.array([0, *_MAX_BYTES.values()])[kinds]
    # The same condition as in is_compared, for all rows at once.
    rows = np.flatnonzero(listing.left & listing.equal("qa", "") & (sizes > 0) & (sizes <= max_bytes))
    rows = rows[shared(sizes[rows], kinds[rows])]
    beginnings = np.zeros(len(rows), np.uint64)
    is_readable = np.zeros(len(rows), bool)
    for k, (_, item) in enumerate(listing.items(rows)):
        digest = _digest(item, open_item, _BEGINNING_BYTES)
        beginnings[k], is_readable[k] = int.from_bytes(digest[:8], "big"), bool(digest)
    rows, beginnings = rows[is_readable], beginnings[is_readable]
    return rows[shared(sizes[rows], kinds[rows], beginnings)]


def _digest(item: Item, open_item: Callable[[Item], BinaryIO], max_bytes: int) -> bytes:
    """The SHA-256 of an item's first ``max_bytes`` bytes; empty if the item cannot be read."""
    digest, remaining = hashlib.sha256(), max_bytes
    try:
        with open_item(item) as file:
            while remaining > 0 and (block := file.read(min(remaining, _READ_BYTES))):
                digest.update(block)
                remaining -= len(block)
    except Unusable:
        return b""  # the build will say why
    except OSError as err:
        raise unread(item.id, err) from err
    return digest.digest()
