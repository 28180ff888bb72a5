"""Media are looked at in processes that can be spared: what hangs or crashes there is left for the build to reject."""

from __future__ import annotations

import hashlib
import multiprocessing
import signal
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from puzzlegen.errors import EngineError, Unusable, unread
from puzzlegen.guard import check_started
from puzzlegen.media.fingerprint import clip_hash, picture_hash
from puzzlegen.media.limit import SIGNALS, time_limit
from puzzlegen.records import Item
from puzzlegen.threads import usable_cores

#: The perceptual hash of what cannot be decoded or has too many pixels.
UNSEEN: Final = -1
#: What a process dies of by its item's doing: the time limit, a crash of the decoder.
_ITS_OWN: Final = frozenset(
    -number for number in (*SIGNALS, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL)
)
_AT_ONCE: Final = 64
_MOST_PIXELS: Final = 1 << 26
_MOST_BYTES: Final = 1 << 28
_PIECE: Final = 1 << 20
_MOST_WORKERS: Final = 8


class Looks(NamedTuple):
    """What is known of a medium: the digest of its bytes, and its perceptual hash (``UNSEEN``: it has none)."""

    sha256: str
    phash: int


Open: TypeAlias = Callable[[Item], BinaryIO]
_Chunk: TypeAlias = tuple[Item, ...]


class Looking(NamedTuple):
    """How media are looked at.

    Attributes:
        open_item: gives an item's bytes.
        seconds: of computing for each; 0: no limit, and in this process.
        decode: whether their perceptual hash is wanted, too.
    """

    open_item: Open
    seconds: float
    decode: bool = True


def look_at(items: Sequence[Item], looking: Looking) -> dict[str, Looks]:
    """Digest and hash of every item that can be read, by name.

    Raises:
        EngineError: a process was killed from outside, or for want of memory.
        SourceError: the disk or the network does not give an item.
    """
    chunks = deque(tuple(items[k : k + _AT_ONCE]) for k in range(0, len(items), _AT_ONCE))
    if not looking.seconds:
        return {name: seen for chunk in chunks for name, seen in _look(chunk, looking)}
    found: dict[str, Looks] = {}
    while chunks:
        for suspect in _together(chunks, min(usable_cores(), _MOST_WORKERS, len(chunks)), looking, found):
            found |= _alone(suspect, looking)
    return found


def _together(chunks: deque[_Chunk], workers: int, looking: Looking, found: dict[str, Looks]) -> list[_Chunk]:
    """Look at chunks until all are done or a process dies; then returns those that were on their way."""
    running: dict[Future[list[tuple[str, Looks]]], _Chunk] = {}
    with _pool(workers) as pool:
        try:
            while chunks or running:
                while chunks and len(running) < 2 * workers:
                    running[pool.submit(_look, chunks[0], looking)] = chunks[0]
                    chunks.popleft()
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    found.update(future.result())
                    del running[future]
        except BrokenProcessPool:
            return list(running.values())
    return []


def _alone(chunk: _Chunk, looking: Looking, again: int = 1) -> dict[str, Looks]:
    """A chunk in a process of its own; of one that its decoder kills, each item.

    An item that kills its process once more is known by its bytes alone, or not at all if it hangs there, too.

    Raises:
        EngineError: the process was killed from outside, or for want of memory: the item may be sound.
        PuzzlegenError: processes cannot start.
    """
    with _pool(1) as pool:
        looked = pool.submit(_look, chunk, looking)
        processes = list((pool._processes or {}).values())  # noqa: SLF001 - the pool forgets them when it breaks
        try:
            return dict(looked.result())
        except BrokenProcessPool:
            pass
    check_started(processes)
    if len(chunk) > 1:
        return {name: seen for item in chunk for name, seen in _alone((item,), looking).items()}
    code = processes[0].exitcode if processes else None
    if code not in _ITS_OWN:
        raise EngineError(
            f"a process that looked at '{chunk[0].id}' was killed, by the system or by a person; if memory was short, "
            "give it more, then run the same command again; if it is always this item, take it out"
        )
    # A job that was suspended meanwhile looks like one that waits for a file: only a second time counts.
    if code == -signal.SIGALRM and again:
        return _alone(chunk, looking, again - 1)
    return _alone(chunk, looking._replace(decode=False), again) if looking.decode else {}


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _look(chunk: _Chunk, looking: Looking) -> list[tuple[str, Looks]]:
    found = []
    for item in chunk:
        with time_limit(looking.seconds) if looking.seconds else nullcontext():
            found += [(item.id, seen) for seen in (_looks(item, looking),) if seen]
    return found


def _looks(item: Item, looking: Looking) -> Looks | None:
    """What an item looks like; None if it cannot be read or is too large, as the build will find, too."""
    if item.kind == "image" and item.size > _MOST_BYTES:
        return None
    try:
        with looking.open_item(item) as file:
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
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
