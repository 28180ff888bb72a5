"""A folder of images and videos, read recursively, in an order that depends on the names alone.

It never leaves the folder: links that lead out, pipes and devices are listed as skipped, with their reason.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal
from urllib.parse import quote_from_bytes, unquote_to_bytes

from pydantic import Field, field_validator

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.records import Item, Kind, Skipped
from puzzlegen.sources import Source

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


class Folder(Source):
    """Images and videos below ``path``."""

    kind: Literal["folder"] = "folder"
    path: Path = Field(description="the folder; relative to the working directory")

    @field_validator("path")
    @classmethod
    def _is_folder(cls, path: Path) -> Path:
        if not path.is_dir():
            raise ValueError(f"'{path}' is {'not a folder' if path.exists() else 'missing'}; give an existing folder")
        return path

    def items(self) -> Iterator[Item | Skipped]:
        """Files in order of their escaped relative path."""
        if not os.access(self.path, os.R_OK | os.X_OK):
            raise SourceError(f"'{self.path}' cannot be listed; check its permissions")
        root = os.fsencode(self.path)
        yield from sorted(_walk(root, os.path.realpath(root), b""), key=lambda entry: entry.id)

    def open(self, item: Item) -> BinaryIO:
        """The item's file, if it is still a regular file inside the folder."""
        path = os.path.join(os.fsencode(self.path), unquote_to_bytes(item.id))  # noqa: PTH118 - bytes path
        try:
            if not _inside(os.path.realpath(path), os.path.realpath(os.fsencode(self.path))):
                raise Unusable("outside_source", item.id)
            file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - closed by the caller
        except OSError as err:
            raise Unusable("unreadable", os.strerror(err.errno or 0)) from err
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise Unusable("not_a_file", item.id)
        return file


def _open_without_waiting(path: str | bytes, flags: int) -> int:
    # A pipe put in a file's place between listing and reading must not hang the build.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _inside(path: bytes, root: bytes) -> bool:
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _walk(folder: bytes, root: bytes, prefix: bytes) -> Iterator[Item | Skipped]:
    try:
        entries = list(os.scandir(folder))
    except OSError as err:
        yield Skipped(escaped(prefix.rstrip(b"/")), "unreadable_folder", os.strerror(err.errno or 0))
        return
    for entry in entries:
        relative = prefix + entry.name
        if entry.name.startswith(b"."):
            yield Skipped(escaped(relative), "hidden")
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, root, relative + b"/")
        else:
            yield _file(entry, root, escaped(relative))


def _file(entry: os.DirEntry[bytes], root: bytes, name: str) -> Item | Skipped:
    try:
        info = entry.stat()
    except OSError as err:
        return Skipped(name, "unreadable", os.strerror(err.errno or 0))
    if stat.S_ISDIR(info.st_mode):
        return Skipped(name, "linked_folder")
    if not stat.S_ISREG(info.st_mode):
        return Skipped(name, "not_a_file")
    if entry.is_symlink() and not _inside(os.path.realpath(entry.path), root):
        return Skipped(name, "outside_source")
    kind = kind_of(entry.name)
    return Item(name, kind, info.st_size, stamp=info.st_mtime_ns) if kind else Skipped(name, "unsupported_file")


def kind_of(name: bytes) -> Kind | None:
    """What a file holds by its extension, in any case of letters."""
    suffix = os.path.splitext(name)[1].lower().decode("ascii", "replace")  # noqa: PTH122 - bytes path
    if suffix in IMAGE_SUFFIXES:
        return "image"
    return "video" if suffix in VIDEO_SUFFIXES else None


def escaped(path: bytes) -> str:
    """A relative path as text that is the same on every machine: odd bytes, control characters and % as %XX."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return quote_from_bytes(path, safe=_PLAIN)
    return "".join(c if c.isprintable() and c != "%" else quote_from_bytes(c.encode()) for c in text)
