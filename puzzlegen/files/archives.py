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

_MAX_IN_MEMORY: Final = 8 << 20
_MAX_UNPACKED: Final = 1 << 32
_COPY_CHUNK: Final = 1 << 20
_SHORT: Final = 1 << 16
_COMPRESSION_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_ENCRYPTED_FLAG: Final = 1
_ARCHIVE_ERRORS: Final = (
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
    entries = _zip_entries(file) if suffix == ".zip" else _tar_entries(file)
    try:
        for name, size, position, reason_to_skip in entries:
            entry = _member(name, size, position, reason_to_skip, archive, stamp)
            if read and suffix == ".tar" and isinstance(entry, Found) and entry.id.endswith(read) and size <= _SHORT:
                file.seek(position)
                entry = entry._replace(text=file.read(size))
            yield entry
    except (*_ARCHIVE_ERRORS, ValueError, UnicodeError) as err:
        yield Skipped(archive, "undecodable", f"the archive is damaged: {type(err).__name__}")


def _member(name: bytes, size: int, position: int, reason_to_skip: str, archive: str, stamp: int) -> Found | Skipped:
    name = undotted(name)
    refusal = refused_name(name)
    member_id = joined(archive, os.fsdecode(name))
    if refusal or reason_to_skip:
        return Skipped(member_id, refusal.reason if refusal else reason_to_skip)
    return Found(member_id, size, stamp, str(position))


def _tar_entries(file: BinaryIO) -> Iterator[tuple[bytes, int, int, str]]:
    archive_size = file.seek(0, io.SEEK_END)
    file.seek(0)
    with tarfile.open(fileobj=file, mode="r:", errorlevel=1) as tar:
        while (member := tar.next()) is not None:
            tar.members.clear()  # type: ignore[attr-defined]  # tarfile would keep all members it has seen
            if member.isdir():
                continue
            reason_to_skip = "" if member.isreg() and not member.issparse() else "not_a_file"
            if not reason_to_skip and member.offset_data + member.size > archive_size:
                reason_to_skip = "unreadable"
            yield os.fsencode(member.name), member.size, member.offset_data, reason_to_skip


def _zip_entries(file: BinaryIO) -> Iterator[tuple[bytes, int, int, str]]:
    with zipfile.ZipFile(file) as archive:
        for number, info in enumerate(archive.infolist(), 1):
            if not info.is_dir():
                name = info.filename.encode("utf-8", "surrogateescape")
                yield name, info.file_size, number, _skip_reason(info)


def _skip_reason(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "not_a_file"
    if info.flag_bits & _ENCRYPTED_FLAG or info.compress_type not in _COMPRESSION_METHODS:
        return "unreadable"
    return "too_large" if info.file_size > _MAX_UNPACKED else ""


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
        return _unpack(directory, directory.infolist()[int(at) - 1])
    except (*_ARCHIVE_ERRORS, IndexError, OSError) as err:
        if isinstance(err, OSError) and err.errno:  # bzip2 reports damage as an OSError without a number
            raise SourceError(
                f"a member of an archive cannot be unpacked to '{gettempdir()}': {err.strerror}; free space there, or "
                "name another folder in TMPDIR, and run the same command again"
            ) from err
        raise Unusable("unreadable", f"the archive is damaged: {type(err).__name__}") from err


class _Directory(zipfile.ZipFile):
    """A zip archive that also closes the file it was given."""

    def __init__(self, file: BinaryIO) -> None:
        self._archive_file = file
        try:
            super().__init__(file)
        except BaseException:
            file.close()
            raise

    def close(self) -> None:
        super().close()
        self._archive_file.close()


_directories: Final[Kept[_Directory]] = Kept(4)


def _unpack(directory: zipfile.ZipFile, info: zipfile.ZipInfo) -> BinaryIO:
    # zipfile gives no more bytes than the directory states, so a zip bomb cannot be larger than it says it is.
    spool: IO[bytes] = SpooledTemporaryFile(_MAX_IN_MEMORY)  # noqa: SIM115 - closed by the caller
    try:
        with directory.open(info) as packed:
            shutil.copyfileobj(packed, spool, _COPY_CHUNK)
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
        wanted = max(0, min(len(buffer), self._size - self._position))
        self._file.seek(self._start + self._position)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def close(self) -> None:
        self._file.close()
        super().close()
