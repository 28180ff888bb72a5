"""Members of zip and tar archives: listed once, read in place, never unpacked to disk under their own names."""

from __future__ import annotations

import io
import lzma
import os
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Hashable, Iterator
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, Any, BinaryIO, Final, cast

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.files.kept import Kept
from puzzlegen.files.names import Found, joined, refused_name, undotted
from puzzlegen.files.spans import Span
from puzzlegen.records import Skipped

_IN_MEMORY: Final = 8 << 20
_MOST_UNPACKED: Final = 1 << 32
_PIECE: Final = 1 << 20
_SHORT: Final = 1 << 16
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED: Final = 1
_BROKEN: Final = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


def members(
    file: BinaryIO, archive: str, suffix: str, stamp: int, read: tuple[str, ...] = ()
) -> Iterator[Found | Skipped]:
    """Yield what an archive holds, in the archive's order, without folders.

    Args:
        file: the archive, seekable.
        archive: the archive's escaped name, with which the ids of members begin.
        suffix: ``.zip`` or ``.tar``.
        stamp: the archive's stamp, which its members get, too.
        read: suffixes of those members of a tar whose content is wanted with the listing, if it is short.

    Raises:
        SourceError: the archive cannot be read now.
    """
    entries = _zipped(file) if suffix == ".zip" else _taped(file)
    try:
        for name, size, at, why in entries:
            found = _member(name, size, at, why, archive, stamp)
            if read and suffix == ".tar" and isinstance(found, Found) and found.id.endswith(read) and size <= _SHORT:
                file.seek(at)
                found = found._replace(text=file.read(size))
            yield found
    except (*_BROKEN, ValueError, UnicodeError) as err:
        yield Skipped(archive, "undecodable", f"the archive is damaged: {type(err).__name__}")


def _member(name: bytes, size: int, at: int, why: str, archive: str, stamp: int) -> Found | Skipped:
    name = undotted(name)
    no = refused_name(name)
    found = joined(archive, os.fsdecode(name))
    if no or why:
        return Skipped(found, no.reason if no else why)
    return Found(found, size, stamp, str(at))


def _taped(file: BinaryIO) -> Iterator[tuple[bytes, int, int, str]]:
    whole = file.seek(0, io.SEEK_END)
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:", errorlevel=1) as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all members it has seen
            if member.isdir():
                continue
            why = "" if member.isreg() and not member.issparse() else "not_a_file"
            if not why and member.offset_data + member.size > whole:
                why = "unreadable"
            yield os.fsencode(member.name), member.size, member.offset_data, why


def _zipped(file: BinaryIO) -> Iterator[tuple[bytes, int, int, str]]:
    with zipfile.ZipFile(file) as archive:
        for number, info in enumerate(archive.infolist(), 1):
            if not info.is_dir():
                name = info.filename.encode("utf-8", "surrogateescape")
                yield name, info.file_size, number, _why_not(info)


def _why_not(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "not_a_file"
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        return "unreadable"
    return "too_large" if info.file_size > _MOST_UNPACKED else ""


def open_member(archive: Callable[[], BinaryIO], key: Hashable, suffix: str, at: str, size: int) -> BinaryIO:
    """Open a member as a seekable file.

    Args:
        archive: opens the archive.
        key: identifies the archive and its state; the archive's directory is kept open under this key.
        suffix: ``.zip`` or ``.tar``.
        at: position of the member, as :func:`members` gave it.
        size: size of the member in bytes.

    Raises:
        Unusable: ``unreadable`` if the archive is damaged or has changed.
        SourceError: the member cannot be read now, or there is no room to unpack it.
    """
    if suffix == ".tar":
        return io.BufferedReader(_Window(archive(), int(at), size))
    try:
        directory = _directories.get(key, lambda: _Directory(archive()))
        return _unpacked(directory, directory.infolist()[int(at) - 1])
    except (*_BROKEN, IndexError, OSError) as err:
        if isinstance(err, OSError) and err.errno:  # bzip2 reports damage as an OSError without a number
            raise SourceError(
                f"a member of an archive cannot be unpacked to '{gettempdir()}': {err.strerror}; free space there, or "
                "name another folder in TMPDIR, and run the same command again"
            ) from err
        raise Unusable("unreadable", f"the archive is damaged: {type(err).__name__}") from err


class _Directory(zipfile.ZipFile):
    """A zip archive that also closes the file it was given."""

    def __init__(self, file: BinaryIO) -> None:
        self._own = file
        try:
            super().__init__(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        super().close()
        self._own.close()


_directories: Final[Kept[_Directory]] = Kept(4)


def _unpacked(directory: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    # zipfile gives no more bytes than the directory states, so a zip bomb cannot be larger than it says it is.
    spool: IO[bytes] = SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - closed by the caller
    try:
        with directory.open(info) as packed:
            shutil.copyfileobj(packed, spool, _PIECE)
    except BaseException:
        spool.close()
        raise
    spool.seek(0)
    return cast("BinaryIO", spool)


class _Window(Span):
    """A part of a file as a file of its own."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        super().__init__(size)
        self._file, self._start = file, start

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a writable buffer
        wanted = max(0, min(len(buffer), self._size - self._at))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
