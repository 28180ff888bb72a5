"""Fingerprint media in expendable processes: items that make one hang or crash are left for the build to reject."""

from __future__ import annotations

import hashlib
import signal
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from puzzlegen.errors import EngineError, Unusable, unread
from puzzlegen.guard import check_started
from puzzlegen.media.fingerprint import clip_hash, picture_hash
from puzzlegen.media.limit import SIGNALS, time_limit
from puzzlegen.records import Item
from puzzlegen.threads import usable_cores
from puzzlegen.workers import process_pool

#: Stands for the perceptual hash of a medium that was not decoded, cannot be decoded or has too many pixels.
UNSEEN: Final = -1
#: Larger images are not opened; the build rejects them.
MAX_IMAGE_BYTES: Final = 1 << 28
#: Exit codes of a process that its item killed, by exceeding the time limit or crashing the decoder.
_ITEM_FAULT_EXIT_CODES: Final = frozenset(
    -number for number in (*SIGNALS, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
)
_CHUNK_ITEMS: Final = 64
_MOST_PIXELS: Final = 1 << 26
_READ_BYTES: Final = 1 << 20
_MOST_WORKERS: Final = 8


class Looks(NamedTuple):
    """The fingerprint of a medium: the SHA-256 of its bytes and its perceptual hash (``UNSEEN`` if it has none)."""

    sha256: str
    phash: int


Open: TypeAlias = Callable[[Item], BinaryIO]
_Chunk: TypeAlias = tuple[Item, ...]


class Looking(NamedTuple):
    """How to fingerprint media.

    Attributes:
        open_item: opens an item's bytes.
        seconds: computing time allowed per item; 0 means no limit, in this process.
        decode: whether to compute the perceptual hash as well as the SHA-256.
    """

    open_item: Open
    seconds: float
    decode: bool = True


def look_at(items: Sequence[Item], looking: Looking) -> dict[str, Looks]:
    """Return the fingerprint of every item that can be read, by item id.

    Raises:
        EngineError: a process was killed from outside, or because memory ran out.
        SourceError: the disk or the network failed while an item was read.
    """
    chunks = deque(tuple(items[k : k + _CHUNK_ITEMS]) for k in range(0, len(items), _CHUNK_ITEMS))
    if not looking.seconds:
        return {name: fingerprint for chunk in chunks for name, fingerprint in _fingerprint_chunk(chunk, looking)}
    fingerprints: dict[str, Looks] = {}
    while chunks:
        for suspect in _fingerprint_in_pool(
            chunks, min(usable_cores(), _MOST_WORKERS, len(chunks)), looking, fingerprints
        ):
            fingerprints |= _fingerprint_isolated(suspect, looking)
    return fingerprints


def _fingerprint_in_pool(
    chunks: deque[_Chunk], workers: int, looking: Looking, fingerprints: dict[str, Looks]
) -> list[_Chunk]:
    """Process chunks until all are done or a process dies.

    Returns:
        The chunks that were in progress when a process died; empty if none did.
    """
    running: dict[Future[list[tuple[str, Looks]]], _Chunk] = {}
    with process_pool(workers) as pool:
        try:
            while chunks or running:
                while chunks and len(running) < 2 * workers:
                    running[pool.submit(_fingerprint_chunk, chunks[0], looking)] = chunks[0]
                    chunks.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    fingerprints.update(future.result())
                    del running[future]
        except BrokenProcessPool:
            return list(running.values())
    return []


def _fingerprint_isolated(chunk: _Chunk, looking: Looking, retries: int = 1) -> dict[str, Looks]:
    """Fingerprint a chunk in a process of its own and, if that process dies, each item in a process of its own.

    An item that kills its own process, too, is fingerprinted by its bytes alone, or left out if even that kills it.

    Raises:
        EngineError: the process was killed from outside, or because memory ran out: the item may be sound.
        PuzzlegenError: processes cannot start.
    """
    with process_pool(1) as pool:
        pending = pool.submit(_fingerprint_chunk, chunk, looking)
        processes = list((pool._processes or {}).values())  # noqa: SLF001 - the pool forgets them when it breaks
        try:
            return dict(pending.result())
        except BrokenProcessPool:
            pass
    check_started(processes)
    if len(chunk) > 1:
        return {
            name: fingerprint for item in chunk for name, fingerprint in _fingerprint_isolated((item,), looking).items()
        }
    code = processes[0].exitcode if processes else None
    if code not in _ITEM_FAULT_EXIT_CODES:
        raise EngineError(
            f"a process that looked at '{chunk[0].id}' was killed, by the system or by a person; if memory was short, "
            "give it more, then run the same command again; if it is always this item, take it out"
        )
    # SIGALRM, the limit on clock time, also hits a job that was merely suspended: only a second time counts.
    if code == -signal.SIGALRM and retries:
        return _fingerprint_isolated(chunk, looking, retries - 1)
    return _fingerprint_isolated(chunk, looking._replace(decode=False), retries) if looking.decode else {}


def _fingerprint_chunk(chunk: _Chunk, looking: Looking) -> list[tuple[str, Looks]]:
    fingerprints = []
    for item in chunk:
        with time_limit(looking.seconds) if looking.seconds else nullcontext():
            fingerprints += [
                (item.id, fingerprint) for fingerprint in (_fingerprint_item(item, looking),) if fingerprint
            ]
    return fingerprints


def _fingerprint_item(item: Item, looking: Looking) -> Looks | None:
    """Fingerprint one item; None if it cannot be read or is too large, which the build will find as well."""
    if item.kind == "image" and item.size > MAX_IMAGE_BYTES:
        return None
    try:
        with looking.open_item(item) as file:
            digest = hashlib.sha256()
            while block := file.read(_READ_BYTES):
                digest.update(block)
            return Looks(digest.hexdigest(), _phash(item, file) if looking.decode else UNSEEN)
    except Unusable:
        return None
    except OSError as err:
        raise unread(item.id, err) from err


def _phash(item: Item, file: BinaryIO) -> int:
    file.seek(0)
    try:
        return (picture_hash if item.kind == "image" else clip_hash)(file, _MOST_PIXELS)
    except Unusable:
        return UNSEEN
