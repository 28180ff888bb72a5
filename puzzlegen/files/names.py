"""Names of what lies in a source: the same on every machine, safe to print; and what a file holds by its name."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from puzzlegen.records import Kind, Skipped

#: Where a build keeps what it needs to go on after a stop; a folder that holds it is a build's output.
BUILD_STATE: Final = ".puzzlegen"
IMAGE_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "webp", "bmp", "dib", "tif", "tiff", "gif", "avif", "mpo"),
        *("ppm", "pgm", "pbm", "pnm"),
    )
)
VIDEO_SUFFIXES: Final = frozenset(
    f".{suffix}"
    for suffix in (
        *("mp4", "m4v", "mkv", "webm", "mov", "avi", "mpg", "mpeg", "m2v", "ts", "mts", "m2ts"),
        *("wmv", "flv", "3gp", "ogv", "vob"),
    )
)
# All bytes but control characters and the escape itself stand for themselves when they are valid UTF-8.
_PLAIN: Final = bytes(b for b in range(0x20, 0x7F) if b != ord("%")).decode()


#: Archives whose members are read where they stand; compressed tars would have to be unpacked from their beginning.
ARCHIVE_SUFFIXES: Final = (".zip", ".tar")


class Found(NamedTuple):
    """A file of a tree.

    Attributes:
        id: its escaped relative path; for a member of an archive, as :func:`joined` puts it together.
        size: bytes, 0 if unknown.
        stamp: when it was modified (ns), or what else changes with it.
        at: where in the archive a member lies; empty for a file of its own.
        text: what it holds, if that was asked for and is short.
    """

    id: str
    size: int
    stamp: int
    at: str = ""
    text: bytes = b""


def joined(file: str, part: str) -> str:
    """The id of a part of a file: its escaped path, ``#``, and the part's name, escaped likewise."""
    return f"{file.replace('#', '%23')}#{escaped(part.encode('utf-8', 'surrogatepass')).replace('#', '%23')}"


def parted(item_id: str) -> tuple[str, str]:
    """Escaped path and plain name of what :func:`joined` put together."""
    file, _, part = item_id.rpartition("#")
    return file, unquote_to_bytes(part).decode("utf-8", "surrogatepass")


def kind_of(name: bytes | str) -> Kind | None:
    """What a file holds by its extension, in any case of letters."""
    suffix = os.path.splitext(os.fsencode(name))[1].lower().decode("ascii", "replace")  # noqa: PTH122 - bytes path
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def escaped(path: bytes) -> str:
    """A relative path as text that is the same on every machine: odd bytes, control characters and % as %XX."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(path, safe=_PLAIN)
    if text.isprintable() and "%" not in text:
        return text
    return "".join(c if c.isprintable() and c != "%" else quote_from_bytes(c.encode()) for c in text)


def suffix_of(name: str) -> str:
    """The last suffix in small letters, with its dot."""
    return PurePosixPath(name).suffix.lower()


def since(name: str, what: str) -> str:
    """What is said of a file that ``is gone`` or ``has changed`` while a build relies on it."""
    remedy = "put it back and run the same command again, or choose another --out"
    return f"'{name}' {what} since the source was listed; {remedy}"


def undotted(name: bytes) -> bytes:
    """A path without parts that mean the folder itself: ``tar cf x.tar .`` puts ``./`` before every name."""
    return b"/".join(part for part in name.split(b"/") if part != b".")


def refused_name(name: bytes) -> Skipped | None:
    """Why a name that somebody else chose (in an archive, on a server) is not followed; None if it is."""
    parts = name.replace(b"\\", b"/").split(b"/")
    if name.startswith((b"/", b"\\")) or b".." in parts or not name:
        return Skipped(escaped(name), "outside_source")
    return Skipped(escaped(name), "hidden") if any(part.startswith(b".") for part in parts) else None
