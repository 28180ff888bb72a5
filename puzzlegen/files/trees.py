"""A tree of files at a path or URL, with the same interface for both; archives in it are like folders.

A location that is one file is a tree of that file alone.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Container, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import BinaryIO
from urllib.parse import unquote_to_bytes

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files import archives, local, remote
from puzzlegen.files.locations import is_url
from puzzlegen.files.names import ARCHIVE_SUFFIXES, Found, escaped, parted, suffix_of
from puzzlegen.records import Skipped


class Tree(ABC):
    """Files below a location, under escaped relative names."""

    def __init__(self, location: str) -> None:
        self.location = location

    @abstractmethod
    def walk(self, after: str = "") -> Iterable[Found | Skipped]:
        """Return everything in the tree, in order of names.

        Args:
            after: return only what comes after this name.

        Raises:
            SourceError: the tree cannot be listed.
        """

    def state(self) -> str:
        """Return text that changes when files come or go; empty if that is no faster to find out than to list all."""
        return ""

    @abstractmethod
    def named(self, names: Container[str]) -> list[Found | Skipped]:
        """Return the files with one of these names, in any folder that is not hidden, in order.

        Raises:
            SourceError: the disk or the network fails.
        """

    @abstractmethod
    def names(self, folder: str = "") -> list[str]:
        """Return the escaped names of what lies directly in a folder, sorted, with a slash after folders.

        Args:
            folder: escaped relative path, without a trailing slash; empty for the tree's own folder.

        Raises:
            SourceError: the folder cannot be listed.
        """

    @abstractmethod
    def find(self, name: str) -> Found | Skipped:
        """Return the file of a name, or the reason why it cannot be an item."""

    @abstractmethod
    def parts(self, name: str, stamp: int = 0) -> BinaryIO:
        """Open a file for reading in parts.

        Args:
            name: escaped.
            stamp: as for :meth:`whole`.

        Raises:
            Unusable: the file is not there or leads out of the tree.
        """

    @abstractmethod
    def whole(self, name: str, size: int, stamp: int = 0) -> BinaryIO:
        """Open a file that will be read as a whole, with all its content available when this returns.

        Args:
            name: escaped.
            size: bytes, 0 if unknown.
            stamp: the file's stamp when it was listed; 0 if it was not listed and may be missing.

        Raises:
            Unusable: the file is not there or leads out of the tree.
            SourceError: a listed file is gone or has changed; behind a URL, only a change of size is noticed.
        """

    def members(self, archive: Found, read: tuple[str, ...] = ()) -> Iterator[Found | Skipped]:
        """Yield what an archive in the tree holds, in the archive's order.

        Args:
            archive: the archive.
            read: suffixes of those members of a tar whose content is wanted with the listing, if it is short.
        """
        try:
            with self.parts(archive.id, archive.stamp) as file:
                yield from archives.members(file, archive.id, suffix_of(archive.id), archive.stamp, read)
        except Unusable as err:
            yield Skipped(archive.id, err.reason, err.detail)

    def walk_archives(self) -> Iterator[Found | Skipped]:
        """Yield everything in the tree, with each archive replaced by its members."""
        for found in self.walk():
            if isinstance(found, Found) and suffix_of(found.id) in ARCHIVE_SUFFIXES:
                yield from self.members(found)
            else:
                yield found

    def open(self, name: str, at: str, size: int, stamp: int) -> BinaryIO:
        """Open an entry of :meth:`walk_archives` as a seekable file.

        Raises:
            Unusable: the entry is damaged or leads out of the tree.
            SourceError: the entry is gone or has changed, or the network fails.
        """
        if not at:
            return self.whole(name, size, stamp)
        archive = parted(name)[0]
        key = self.location, archive, stamp
        return archives.open_member(lambda: self.parts(archive, stamp), key, suffix_of(archive), at, size)


def tree_at(location: str, file_suffixes: Iterable[str] = ARCHIVE_SUFFIXES) -> Tree:
    """Return the tree at a location.

    Args:
        location: path or URL, of a folder or of one file.
        file_suffixes: suffixes of URLs that are files; other URLs are folders.
    """
    if is_url(location):
        return _Remote(location, is_single_file=location.lower().endswith(tuple(file_suffixes)))
    return _Local(location)


class _Local(Tree):
    def __init__(self, location: str) -> None:
        super().__init__(location)
        path = Path(location)
        self._file_name = escaped(os.fsencode(path.name)) if path.is_file() else ""
        self._folder = path.parent if self._file_name else path

    def walk(self, after: str = "") -> Iterable[Found | Skipped]:
        if self._file_name:
            return [] if after else [self.find(self._file_name)]
        return local.walk(self._folder, after)

    def state(self) -> str:
        if not self._file_name:
            return local.state(self._folder)
        found = self.find(self._file_name)
        return f"{found.size} {found.stamp}" if isinstance(found, Found) else found.reason

    def named(self, names: Container[str]) -> list[Found | Skipped]:
        return [] if self._file_name else [self.find(name) for name in local.named(self._folder, names)]

    def names(self, folder: str = "") -> list[str]:
        return local.names(self._folder / os.fsdecode(unquote_to_bytes(folder)))

    def find(self, name: str) -> Found | Skipped:
        folder, name_in_folder = self._locate(name)
        found = local.find_inside(local.real(folder), name_in_folder)
        return found._replace(id=name)

    def parts(self, name: str, stamp: int = 0) -> BinaryIO:
        return local.open_inside(*self._locate(name), stamp)

    def whole(self, name: str, size: int, stamp: int = 0) -> BinaryIO:
        file = local.open_inside(*self._locate(name), stamp)
        return local.Listed(file, name, size, stamp) if stamp else file

    def _locate(self, name: str) -> tuple[Path, str]:
        if name != self._file_name:
            return self._folder, name
        # A file that the user names may be a link; files below a folder must not lead out of it.
        file = Path(os.path.realpath(self.location))
        return file.parent, escaped(os.fsencode(file.name))


class _Remote(Tree):
    def __init__(self, location: str, *, is_single_file: bool) -> None:
        super().__init__(location)
        base_url = location.rstrip("/")
        self._folder, _, name = base_url.rpartition("/") if is_single_file else (base_url, "", "")
        self._file_name = escaped(name.encode())

    def walk(self, after: str = "") -> Iterable[Found | Skipped]:
        if not self._file_name:
            return [entry for entry in self._listed if entry.id > after]
        found = self.find(self._file_name)
        if isinstance(found, Skipped):
            raise SourceError(f"'{self.location}' is missing")
        return [] if after else [found]

    def named(self, names: Container[str]) -> list[Found | Skipped]:
        if self._file_name:
            return []
        matching = (entry for entry in self._listed if entry.id.rpartition("/")[2] in names)
        return [entry for entry in matching if not (isinstance(entry, Skipped) and entry.reason == "hidden")]

    @cached_property
    def _listed(self) -> list[Found | Skipped]:
        return remote.walk(self._folder)

    def names(self, folder: str = "") -> list[str]:
        return remote.names(self._folder, folder)

    def find(self, name: str) -> Found | Skipped:
        return remote.find(self._folder, name)

    def parts(self, name: str, stamp: int = 0) -> BinaryIO:  # noqa: ARG002 - a server's listing has other stamps
        return remote.parts(self._folder, name)

    def whole(self, name: str, size: int, stamp: int = 0) -> BinaryIO:
        return remote.fetch(self._folder, name, size, listed=stamp != 0)
