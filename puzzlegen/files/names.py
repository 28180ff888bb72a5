"""Names of files in a source, the same on every machine and safe to print; and the kinds of files by their names."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import Final, NamedTuple
from urllib.parse import quote_from_bytes, unquote_to_bytes

from puzzlegen.records import Kind, Skipped

#: Folder for what a build needs in order to resume; a folder that contains it is a build's output.
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
# In paths that are not valid UTF-8, only printable ASCII other than the escape character stands for itself.
_UNESCAPED: Final = bytes(b for b in range(0x20, 0x7F) if b != ord("%")).decode()


#: Archives whose members are read in place; a compressed tar would have to be unpacked from its beginning.
ARCHIVE_SUFFIXES: Final = (".zip", ".tar")


class Found(NamedTuple):
    """A file of a tree.

    Attributes:
        id: its escaped relative path; for a member of an archive, the id that :func:`joined` makes.
        size: bytes, 0 if unknown.
        stamp: modification time in ns, or another number that changes when the file does.
        at: position of a member in its archive; empty for a file of its own.
        text: content of the file, if that was asked for and is short.
    """

    id: str
    size: int
    stamp: int
    at: str = ""
    text: bytes = b""


def joined(file: str, part: str) -> str:
    """Return the id of a part of a file: the file's escaped path, ``#``, and the part's name, escaped likewise."""
    return f"{file.replace('#', '%23')}#{escaped(part.encode('utf-8', 'surrogatepass')).replace('#', '%23')}"


def parted(item_id: str) -> tuple[str, str]:
    """Return the escaped path and the plain name from an id that :func:`joined` made."""
    file, _, part = item_id.rpartition("#")
    return file, unquote_to_bytes(part).decode("utf-8", "surrogatepass")


def kind_of(name: bytes | str) -> Kind | None:
    """Return the kind of a file by its extension in upper or lower case, or None if the extension is unknown."""
    suffix = os.path.splitext(os.fsencode(name))[1].lower().decode("ascii", "replace")  # noqa: PTH122 - bytes path
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def escaped(path: bytes) -> str:
    """Return a relative path as text that is the same on every machine: odd bytes, control characters and % as %XX."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(path, safe=_UNESCAPED)
    if text.isprintable() and "%" not in text:
        return text
    return "".join(c if c.isprintable() and c != "%" else quote_from_bytes(c.encode()) for c in text)


def suffix_of(name: str) -> str:
    """Return the last suffix in lower case, with its dot."""
    return PurePosixPath(name).suffix.lower()


def since(name: str, what: str) -> str:
    """Return the message for a file that ``is gone`` or ``has changed`` while a build relies on it."""
    remedy = "put it back and run the same command again, or choose another --out"
    return f"'{name}' {what} since the source was listed; {remedy}"


def undotted(name: bytes) -> bytes:
    """Return a path without ``.`` parts: ``tar cf x.tar .`` puts ``./`` before every name."""
    return b"/".join(part for part in name.split(b"/") if part != b".")


def refused_name(name: bytes) -> Skipped | None:
    """Return why a name from outside (in an archive, on a server) is not followed; None if it is accepted."""
    parts = name.replace(b"\\", b"/").split(b"/")
    if name.startswith((b"/", b"\\")) or b".." in parts or not name:
        return Skipped(escaped(name), "outside_source")
    return Skipped(escaped(name), "hidden") if any(part.startswith(b".") for part in parts) else None
