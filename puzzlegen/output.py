"""The output folder: atomic files, the lock of a running build, and one-line errors when the system refuses a write.

The folder may lie behind a URL. Files are then made on this machine and uploaded whole, and no lock keeps two builds
apart.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

from puzzlegen.errors import IntegrityError, OutputError
from puzzlegen.files import BUILD_STATE, checked, is_url, place_of, retried

#: Folder for what a build needs in order to resume; no reader of the data needs it.
STATE = BUILD_STATE
#: File in ``STATE`` that says where the source lies; not published, since this holds on this machine only.
SOURCE = "source.json"
REJECTIONS: Final = "rejections.parquet"
CARD: Final = "README.md"
#: Errors of file systems without hard links.
_NO_LINK_ERRNOS: Final = (errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS)
_WRITABLE_PROTOCOLS: Final = ("s3", "gs", "az", "memory")


def folder_at(location: str) -> Path:
    """Return a folder to write to or read from: a path, or a URL that behaves like one.

    Raises:
        OutputError: the URL cannot be written to, or needs a package that is missing.
    """
    if not is_url(location):
        return Path(location)
    try:
        protocol = checked(location).partition("://")[0]
    except ValueError as err:
        raise OutputError(str(err)) from err
    if protocol not in _WRITABLE_PROTOCOLS:
        known = ", ".join(f"{name}://" for name in _WRITABLE_PROTOCOLS)
        raise OutputError(f"'{location}' cannot be written to; use {known}, or build into a folder and push that")
    try:
        from upath import UPath  # noqa: PLC0415 - only URLs need it
    except ImportError as err:
        raise OutputError(f"'{location}' needs universal-pathlib: pip install \"puzzlegen[remote]\"") from err
    place_of(location)
    return cast("Path", UPath(location.rstrip("/"), use_listings_cache=False))


def entries(out: Path) -> set[str] | None:
    """Return the names of what an output folder holds, or None if the folder does not exist.

    Raises:
        OutputError: the path is a file, or the folder cannot be listed.
    """
    is_present = retried(str(out), out.exists, write=True) if is_url(str(out)) else os.path.lexists(out)
    if not is_present:
        return None
    if not out.is_dir():
        raise OutputError(f"'{out}' is a file; choose another --out")
    try:
        return {entry.name for entry in out.iterdir()}
    except OSError as err:
        raise refused(out, err) from err


def refused(path: Path, err: OSError) -> OutputError:
    """Return the one-line error for a write that the system refused."""
    why = os.strerror(err.errno) if err.errno else str(err)
    remedy = {
        errno.ENOSPC: "free some space and run the same command again: finished shards are kept",
        errno.EACCES: "choose a folder you may write to with --out",
        errno.EROFS: "choose a folder you may write to with --out",
    }.get(err.errno or 0, "choose another folder with --out, or fix this one and run the same command again")
    return OutputError(f"cannot write '{path}': {why}; {remedy}")


def read_json(path: Path) -> dict[str, Any]:
    """Return the JSON object in a file that :func:`write_json` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        IntegrityError: the file is damaged, does not hold an object, or may not be read.
        SourceError: the network failed.
    """
    try:
        parsed = json.loads(retried(str(path), path.read_bytes) if is_url(str(path)) else path.read_bytes())
    except ValueError as err:
        raise IntegrityError(f"'{path}' is damaged: {err}") from err
    except NotADirectoryError as err:
        raise FileNotFoundError(err.errno, err.strerror, str(path)) from err
    except FileNotFoundError:
        raise
    except OSError as err:
        raise IntegrityError(f"'{path}' cannot be read: {err.strerror or err}") from err
    if not isinstance(parsed, dict):
        raise IntegrityError(f"'{path}' is damaged, or of something else: it is not an object")
    return parsed


def measured(path: Path) -> dict[str, Any]:
    """Return the size in bytes and the SHA-256 of a file under the manifest's keys."""
    with path.open("rb") as file:
        return {"bytes": path.stat().st_size, "sha256": hashlib.file_digest(file, "sha256").hexdigest()}


def write_atomic(path: Path, data: bytes, *, over: bool = True) -> None:
    """Write a whole file or nothing: temporary name, fsync, rename, fsync of the folder.

    Args:
        path: final path of the file.
        data: content of the file.
        over: False keeps a file that already exists, except behind a URL or on a file system without hard links.

    Raises:
        OutputError: the system refuses the write.
    """
    if is_url(str(path)):
        retried(str(path), lambda: path.write_bytes(data), write=True)
        return
    # Not named by process id: processes in two containers that share the folder may have the same one.
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        if over:
            publish(temporary, path)
        else:
            _publish_new(temporary, path)
    except OSError as err:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise refused(path, err) from err


def write_json(path: Path, value: Any, *, over: bool = True) -> None:  # noqa: ANN401 - JSON is any
    """Write JSON atomically with sorted keys; ``over`` is as for :func:`write_atomic`."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomic(path, text.encode(), over=over)


def publish(temporary: Path, path: Path) -> None:
    """Move a finished temporary file to its final path, durably."""
    if is_url(str(path)):
        fs, target = place_of(str(path))
        retried(str(path), lambda: fs.put_file(str(temporary), target), write=True)
        temporary.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    _fsync(temporary)
    temporary.replace(path)
    _fsync(path.parent)


def _publish_new(temporary: Path, path: Path) -> None:
    """Publish like :func:`publish`, but keep a file that another process has put there in the meantime."""
    _fsync(temporary)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        temporary.unlink()
        return
    except OSError as err:
        if err.errno not in _NO_LINK_ERRNOS:
            raise
        temporary.replace(path)
    temporary.unlink(missing_ok=True)
    _fsync(path.parent)


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def workplace(out: Path, share: str, *, beside: bool = False) -> Iterator[Path]:
    """Yield an empty folder for the temporary files of this run, locked against a second run of the same share.

    The system releases the locks when the process dies, however it dies. Unless runs of other shares are at work on
    ``out``, files that dead runs left half written anywhere in ``out`` are removed.

    Args:
        out: output folder.
        share: name of the part of the work, such as ``0-of-1``.
        beside: whether runs of other shares may be at work on the folder.

    Raises:
        OutputError: another run is at work on the folder, or the folder cannot be written.
    """
    if is_url(str(out)):
        with scratch(out) as work_dir:
            yield work_dir
        return
    work_dir = out / STATE / "tmp" / share
    with ExitStack() as locks:
        try:
            work_dir.mkdir(parents=True, exist_ok=True)
            # Opened for reading and writing: over NFS, a shared lock needs the former and an exclusive one the latter.
            build_lock, share_lock, sweep_lock = (
                locks.enter_context((out / STATE / name).open("w+b"))
                for name in ("lock", f"lock-{share}", "lock-sweep")
            )
            if not (
                _try_lock(build_lock, fcntl.LOCK_SH if beside else fcntl.LOCK_EX)
                and _try_lock(share_lock, fcntl.LOCK_EX)
            ):
                raise OutputError(f"another build is at work on '{out}'; wait for it, or choose another --out")
            if _try_lock(sweep_lock, fcntl.LOCK_EX):
                _sweep(out)
            # Shares that start together wait here for the one that sweeps, instead of being refused.
            fcntl.flock(sweep_lock, fcntl.LOCK_SH)
            _clear_folder(work_dir)
        except OSError as err:
            raise refused(out, err) from err
        try:
            yield work_dir
        finally:
            # If the folder has become unwritable, the earlier error is the one that counts.
            with suppress(OSError):
                _clear_folder(work_dir)


@contextmanager
def made_aside(out: Path, share: str) -> Iterator[Path]:
    """Yield a path for a new folder, which is renamed to ``out`` once it is complete and then replaces what lay there.

    The next run for the same ``out`` removes what a killed run left.

    Args:
        out: the final path, on this machine.
        share: name of the work, for the lock.

    Raises:
        OutputError: another run is at work on ``out``, or it cannot be written.
    """
    out = out.resolve()
    staging, is_locked = out.with_name(f".{out.name}.part"), False
    try:
        with workplace(staging, share) as work_dir:
            is_locked = True
            yield work_dir / "new"
            out.parent.mkdir(parents=True, exist_ok=True)
            if out.exists():
                out.rename(work_dir / "old")
            (work_dir / "new").rename(out)
    except OSError as err:
        raise refused(out, err) from err
    finally:
        if is_locked:
            shutil.rmtree(staging, ignore_errors=True)


def _sweep(out: Path) -> None:
    for leftover in out.rglob(".*.tmp"):
        leftover.unlink(missing_ok=True)


def _try_lock(file: BinaryIO, operation: int) -> bool:
    """Whether the lock was free. If so, it is held until the file is closed or the process dies."""
    try:
        fcntl.flock(file, operation | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def scratch(folder: Path) -> Iterator[Path]:
    """Yield a folder for making files of ``folder``: that folder, or one on this machine if it lies behind a URL."""
    if is_url(str(folder)):
        with tempfile.TemporaryDirectory(prefix="puzzlegen-") as work_dir:
            yield Path(work_dir)
    else:
        yield folder


def _clear_folder(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
