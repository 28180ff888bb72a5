"""Files below a folder: listed in an order that depends on names alone, and opened only inside the folder.

Nothing outside the folder is ever read. Links that lead out, pipes and devices are listed as skipped, with the reason,
and where a name leads is checked again when it is opened.

A listed file must not change: if it has changed or gone, or cannot be read now, the build ends, because a puzzle must
not depend on when its file was read. An item is rejected only for what is permanent when it is listed, such as a broken
link or a mode that denies this user access.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import stat
from collections.abc import Container, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, Final
from urllib.parse import unquote_to_bytes

from puzzlegen.errors import SourceError, Unusable, unread
from puzzlegen.files.names import BUILD_STATE, Found, escaped, since
from puzzlegen.records import Skipped

_GONE_ERRNOS: Final = (errno.ENOENT, errno.ENOTDIR)
#: Permanent errors, caused by the name itself; others may come from the machine or its network, and pass.
_PERMANENT_ERRNOS: Final = (*_GONE_ERRNOS, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)
_INT64_LIMIT: Final = 2**63


def walk(folder: Path, after: str = "") -> Iterator[Found | Skipped]:
    """Yield everything below ``folder`` in order of the escaped relative paths, folder by folder.

    Args:
        folder: where to look.
        after: yield only what comes after this path, which an earlier walk gave.

    Raises:
        SourceError: the folder itself cannot be listed, or the disk or the network fails.
    """
    if not os.access(folder, os.R_OK | os.X_OK):
        raise SourceError(f"'{folder}' cannot be listed; check its permissions")
    root = os.fsencode(folder)
    return _walk(root, os.path.realpath(root), b"", "", _path_key(after))


def named(folder: Path, names: Container[str]) -> list[str]:
    """Return the escaped relative paths of all files with these names below ``folder``, in order. Reads no file.

    Raises:
        SourceError: the disk or the network fails.
    """
    root = os.fsencode(folder)
    paths = []

    def on_error(err: OSError) -> None:
        _raise_if_temporary(err.filename, escaped(os.path.relpath(err.filename, root)), err)

    for directory, folders, files in os.walk(root, onerror=on_error):
        folders[:] = [name for name in folders if not name.startswith(b".")]
        prefix = os.path.relpath(directory, root) + b"/" if directory != root else b""
        paths += [escaped(prefix + name) for name in files if escaped(name) in names]
    return sorted(paths)


def names(folder: Path) -> list[str]:
    """Return the escaped names of what lies directly in ``folder``, sorted, with a slash after folders.

    Raises:
        SourceError: the folder cannot be listed.
    """
    try:
        return _list_names(os.fsencode(folder))[0]
    except OSError as err:
        raise SourceError(f"'{folder}' cannot be listed: {err.strerror}; check its permissions") from err


def state(folder: Path) -> str:
    """Return a digest that changes when anything is added, removed or renamed in ``folder`` or any folder below it."""
    folder_digest = hashlib.sha256()
    root = os.fsencode(folder)
    for directory, folders, _ in os.walk(root):
        if directory != root and os.fsencode(BUILD_STATE) in folders:
            folders.clear()  # the output of a build, which a walk also leaves out
            continue
        folders[:] = sorted(name for name in folders if not name.startswith(b"."))
        # A folder that has gone in the meantime adds nothing, which changes the digest as it should.
        with suppress(OSError):
            info = os.stat(directory)  # noqa: PTH116 - bytes path
            # rsync and cp -a restore a folder's modification time, but nothing can set the time of its last change.
            folder_digest.update(b"%s\0%d\0%d\0" % (directory, info.st_mtime_ns, info.st_ctime_ns))
    return folder_digest.hexdigest()


def open_inside(folder: Path, name: str, stamp: int = 0) -> BinaryIO:
    """Open the file at an escaped relative path, if it is a regular file inside the folder.

    Args:
        folder: nothing outside is opened.
        name: escaped path, relative to the folder.
        stamp: the file's stamp when it was listed; 0 if it was not listed.

    Raises:
        Unusable: a file that was not listed is ``outside_source``, ``not_a_file`` or permanently ``unreadable``.
        SourceError: a listed file has changed, is gone or cannot be read; or the disk or the network fails.
    """
    path = os.path.join(os.fsencode(folder), unquote_to_bytes(name))  # noqa: PTH118 - bytes path
    try:
        file = io.BufferedReader(_RawFile(path, name))
    except ValueError as err:
        raise Unusable("unreadable", "no such name can exist") from err
    except OSError as err:
        if stamp:
            raise (SourceError(since(name, "is gone")) if err.errno in _GONE_ERRNOS else unread(name, err)) from err
        if not _is_inside(os.path.realpath(path), real(folder)):
            raise Unusable("outside_source", name) from err
        _raise_if_temporary(path, name, err)
        raise Unusable("unreadable", os.strerror(err.errno or 0)) from err
    # Checked after opening, so that nothing can take its place in between.
    if not _is_open_file_inside(file, path, real(folder)):
        file.close()
        raise SourceError(since(name, "has changed")) if stamp else Unusable("outside_source", name)
    info = os.fstat(file.fileno())
    if not stat.S_ISREG(info.st_mode) or stamp not in (0, stamp_of(info)):
        file.close()
        raise SourceError(since(name, "has changed")) if stamp else Unusable("not_a_file", name)
    return file


class _RawFile(io.FileIO):
    """A file whose read errors name it, because archives and tables would report a failing disk as damage."""

    def __init__(self, path: bytes, name: str) -> None:
        super().__init__(path, opener=_open_without_waiting)
        self._listed_name = name

    def readinto(self, buffer: Any) -> int | None:  # noqa: ANN401 - a writable buffer
        try:
            return super().readinto(buffer)
        except OSError as err:
            raise unread(self._listed_name, err) from err

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as err:
            raise unread(self._listed_name, err) from err


class Listed(io.BufferedReader):
    """A listed file that is checked, when closed, to be still what was listed."""

    def __init__(self, file: BinaryIO, name: str, size: int, stamp: int) -> None:
        """Take over ``file``, which was just opened."""
        super().__init__(file.detach())  # type: ignore[attr-defined]  # open() gives a BufferedReader
        self._listed = name, size, stamp

    def close(self) -> None:
        """Close the file; SourceError if it has changed."""
        if self.closed:
            return
        info = os.fstat(self.fileno())
        super().close()
        name, size, stamp = self._listed
        if stamp_of(info) != stamp or size not in (0, info.st_size):
            raise SourceError(since(name, "has changed"))


def stamp_of(info: os.stat_result) -> int:
    """Return a 64-bit number that changes when a file does; never 0, which stands for files that were not listed."""
    stamp = info.st_mtime_ns
    return (stamp if -_INT64_LIMIT <= stamp < _INT64_LIMIT else stamp % _INT64_LIMIT) or 1


def real(folder: Path) -> bytes:
    """Return the real path of a folder, for :func:`find_inside`."""
    try:
        info = folder.stat()
    except OSError:
        return os.path.realpath(os.fsencode(folder))
    return _cached_real_path(folder, info.st_dev, info.st_ino, info.st_ctime_ns)


@lru_cache(maxsize=64)
def _cached_real_path(folder: Path, *identity: int) -> bytes:  # noqa: ARG001 - looks a moved or another folder up anew
    return os.path.realpath(os.fsencode(folder))


def find_inside(root: bytes, name: str) -> Found | Skipped:
    """Return the file at an escaped path relative to ``root``, or the reason why it cannot be an item.

    Raises:
        SourceError: the disk or the network fails.
    """
    try:
        path = os.path.realpath(os.path.join(root, unquote_to_bytes(name)))  # noqa: PTH118 - bytes path
        if not _is_inside(path, root):
            return Skipped(name, "outside_source")
        info = os.stat(path)  # noqa: PTH116 - bytes path
    except ValueError:
        return Skipped(name, "unreadable", "no such name can exist")
    except OSError as err:
        return _unreadable(path, name, err)
    return _regular_file(path, name, info)


def _regular_file(path: bytes, name: str, info: os.stat_result) -> Found | Skipped:
    if not stat.S_ISREG(info.st_mode):
        return Skipped(name, "not_a_file")
    if not _permits(info, stat.S_IRUSR):
        # A privilege or an access control list may permit what the mode does not.
        try:
            os.close(_open_without_waiting(path, os.O_RDONLY))
        except OSError as err:
            return _unreadable(path, name, err)
    return Found(name, info.st_size, stamp_of(info))


def _unreadable(path: bytes, name: str, err: OSError) -> Skipped:
    _raise_if_temporary(path, name, err)
    return Skipped(name, "unreadable", os.strerror(err.errno or 0))


def _raise_if_temporary(path: bytes, name: str, err: OSError) -> None:
    """Raise SourceError unless an error is permanent: caused by the name, its mode, or that of a folder above it."""
    if err.errno in _PERMANENT_ERRNOS:
        return
    if err.errno == errno.EACCES:
        real_path = Path(os.fsdecode(os.path.realpath(path)))
        for target, permission in (
            (real_path, stat.S_IRUSR),
            *((folder, stat.S_IXUSR) for folder in real_path.parents),
        ):
            with suppress(OSError):  # then a folder further up is the cause
                if not _permits(target.stat(), permission):
                    return
    raise unread(name, err) from err


def _permits(info: os.stat_result, permission: int) -> bool:
    """Whether a mode gives this user the permission that the bit ``permission`` gives an owner."""
    if info.st_uid == os.geteuid():
        return bool(info.st_mode & permission)
    in_group = info.st_gid == os.getegid() or info.st_gid in os.getgroups()
    return bool(info.st_mode & (permission >> 3 if in_group else permission >> 6))


def _open_without_waiting(path: str | bytes, flags: int) -> int:
    # A pipe put in a file's place between listing and reading must not hang the build.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _is_open_file_inside(file: BinaryIO, path: bytes, root: bytes) -> bool:
    # On Linux, one call gives the real path of an open file; resolving links takes one call per folder on the way.
    with suppress(OSError):
        if _is_inside(os.readlink(b"/proc/self/fd/%d" % file.fileno()), root):  # noqa: PTH115 - bytes path
            return True
    return _is_inside(os.path.realpath(path), root)


def _is_inside(path: bytes, root: bytes) -> bool:
    return path == root or path.startswith(root.rstrip(b"/") + b"/")


def _path_key(name: str) -> str:
    """Return the key by which paths are ordered: each part is escaped alone, so a folder's files stay together."""
    return "/".join(escaped(part) for part in unquote_to_bytes(name).split(b"/"))


def _walk(folder: bytes, root: bytes, prefix: bytes, key: str, after: str) -> Iterator[Found | Skipped]:
    """Yield what lies below ``folder``, whose relative path is ``prefix`` and whose key in the order is ``key``."""
    try:
        # Only the names are held in memory, because a folder may hold millions of files.
        names, links = _list_names(folder)
    except OSError as err:
        name = escaped(prefix.rstrip(b"/"))
        _raise_if_temporary(folder, name, err)
        yield Skipped(name, "unreadable_folder", os.strerror(err.errno or 0))
        return
    # When the same source is built again, the listing must be what it was before the first output existed.
    if prefix and BUILD_STATE in names:
        yield Skipped(escaped(prefix.rstrip(b"/")), "build")
        return
    for name in names:
        entry_key = key + name
        if entry_key <= after and not (entry_key.endswith("/") and after.startswith(entry_key)):
            continue
        relative = prefix + unquote_to_bytes(name)
        if name.startswith("."):
            yield Skipped(escaped(relative), "hidden")
        elif name.endswith("/"):
            yield from _walk(_entry_path(folder, relative[:-1]), root, relative, entry_key, after)
        else:
            yield _file(folder, root, relative, is_link=name in links)


def _list_names(folder: bytes) -> tuple[list[str], set[str]]:
    """Return the escaped names in a folder, sorted, with a slash after folders; and which of the names are links."""
    names, links = [], set()
    with os.scandir(folder) as entries:
        for entry in entries:
            name = escaped(entry.name)
            if entry.is_symlink():
                links.add(name)
            elif entry.is_dir() and not entry.name.startswith(b"."):
                name += "/"
            names.append(name)
    return sorted(names), links


def _file(folder: bytes, root: bytes, relative: bytes, *, is_link: bool) -> Found | Skipped:
    name, path = escaped(relative), _entry_path(folder, relative)
    try:
        info = os.stat(path)  # noqa: PTH116 - bytes path
    except OSError as err:
        return _unreadable(path, name, err)
    if stat.S_ISDIR(info.st_mode):
        return Skipped(name, "linked_folder")
    if is_link and stat.S_ISREG(info.st_mode) and not _is_inside(os.path.realpath(path), root):
        return Skipped(name, "outside_source")
    return _regular_file(path, name, info)


def _entry_path(folder: bytes, relative: bytes) -> bytes:
    """Return the path of an entry of ``folder``, from the last part of its relative path."""
    return os.path.join(folder, relative.rpartition(b"/")[2])  # noqa: PTH118 - bytes path
