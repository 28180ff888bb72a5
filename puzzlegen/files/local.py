"""Files below a folder, safely: listed in an order that depends on names alone, opened only inside the folder.

Nothing outside is ever read: links that lead out, pipes and devices are listed as skipped, with their reason, and
what a name means is checked again when it is opened.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files.names import Found, escaped
from puzzlegen.records import Skipped


def walk(folder: Path) -> list[Found | Skipped]:
    """Everything below ``folder``, in order of the escaped relative paths.

    Raises:
        SourceError: the folder itself cannot be listed.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SourceError(f"'{folder}' cannot be listed; check its permissions")
    root = os.fsencode(folder)
    return sorted(_walk(root, os.path.realpath(root), b""), key=lambda entry: entry.id)


def open_inside(folder: Path, name: str) -> BinaryIO:
    """The file of an escaped relative path, if it is still a regular file inside the folder.

    Raises:
        Unusable: ``outside_source``, ``not_a_file``, or ``unreadable`` when it is gone or may not be read.
    """
    path = os.path.join(os.fsencode(folder), unquote_to_bytes(name))  # noqa: PTH118 - bytes path
    try:
        if not _inside(os.path.realpath(path), real(folder)):
            raise Unusable("outside_source", name)
        file = open(path, "rb", opener=_open_without_waiting)  # noqa: SIM115 - closed by the caller
    except ValueError as err:
        raise Unusable("unreadable", "no such name can exist") from err
    except OSError as err:
        raise Unusable("unreadable", os.strerror(err.errno or 0)) from err
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise Unusable("not_a_file", name)
    return file


def real(folder: Path) -> bytes:
    """Where a folder really lies, for :func:`find_inside`."""
    return os.path.realpath(os.fsencode(folder))


def find_inside(root: bytes, name: str) -> Found | Skipped:
    """The file of an escaped path relative to ``root``, or why it cannot be an item."""
    try:
        path = os.path.realpath(os.path.join(root, unquote_to_bytes(name)))  # noqa: PTH118 - bytes path
        if not _inside(path, root):
            return Skipped(name, "outside_source")
        info = os.stat(path)  # noqa: PTH116 - bytes path
    except ValueError:
        return Skipped(name, "unreadable", "no such name can exist")
    except OSError as err:
        return Skipped(name, "unreadable", os.strerror(err.errno or 0))
    if not stat.S_ISREG(info.st_mode):
        return Skipped(name, "not_a_file")
    return Found(name, info.st_size, info.st_mtime_ns)


def _open_without_waiting(path: str | bytes, flags: int) -> int:
    # A pipe put in a file's place between listing and reading must not hang the build.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _inside(path: bytes, root: bytes) -> bool:
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _walk(folder: bytes, root: bytes, prefix: bytes) -> Iterator[Found | Skipped]:
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


def _file(entry: os.DirEntry[bytes], root: bytes, name: str) -> Found | Skipped:
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
    return Found(name, info.st_size, info.st_mtime_ns)
