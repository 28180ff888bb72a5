"""The output folder on disk: atomic files, the lock of a running build, and one line for a disk that refuses."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from puzzlegen.errors import OutputError

#: Where a build keeps what it needs to go on after a stop; no reader of the data needs it.
STATE = ".puzzlegen"


def refused(path: Path, err: OSError) -> OutputError:
    """The one-line error for a write that the system refused."""
    why = os.strerror(err.errno) if err.errno else str(err)
    remedy = {
        errno.ENOSPC: "free some space and run the same command again: finished shards are kept",
        errno.EACCES: "choose a folder you may write to with --out",
        errno.EROFS: "choose a folder you may write to with --out",
    }.get(err.errno or 0, "choose another folder with --out, or mend this one and run the same command again")
    return OutputError(f"cannot write '{path}': {why}; {remedy}")


def write_atomic(path: Path, data: bytes) -> None:
    """Write a whole file or nothing: temporary name, fsync, rename, fsync of the folder."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        publish(temporary, path)
    except OSError as err:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise refused(path, err) from err


def write_json(path: Path, value: Any) -> None:  # noqa: ANN401 - JSON is any
    """Write JSON atomically, keys sorted."""
    write_atomic(path, (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode())


def publish(temporary: Path, path: Path) -> None:
    """Make a finished temporary file final and durable."""
    path.parent.mkdir(parents=True, exist_ok=True)
    _sync(temporary)
    temporary.replace(path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def workplace(out: Path, share: str) -> Iterator[Path]:
    """The folder for temporary files of this run, locked against a second run of the same share, empty at first.

    The system drops the lock when the process dies, however it dies.

    Args:
        out: output folder.
        share: names the part of the work, such as ``0-of-1``; other shares may run beside it.
    """
    place = out / STATE / "tmp" / share
    try:
        place.mkdir(parents=True, exist_ok=True)
        lock = (out / STATE / f"lock-{share}").open("wb")
    except OSError as err:
        raise refused(out, err) from err
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as err:
            raise OutputError(f"another build is at work on '{out}'; wait for it, or choose another --out") from err
        _empty(place)
        try:
            yield place
        finally:
            _empty(place)


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)
