"""Media are looked at in processes that can be spared: what hangs or crashes there is left for the build to reject."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from typing import BinaryIO, Final, NamedTuple, TypeAlias

from puzzlegen.errors import Unusable, unread
from puzzlegen.guard import check_started
from puzzlegen.media.fingerprint import clip_hash, picture_hash
from puzzlegen.media.limit import time_limit
from puzzlegen.records import Item
from puzzlegen.threads import usable_cores

_AT_ONCE: Final = 64
_MOST_PIXELS: Final = 1 << 26
_MOST_BYTES: Final = 1 << 28
_PIECE: Final = 1 << 20
_MOST_WORKERS: Final = 8


class Looks(NamedTuple):
    """What is known of a medium: the digest of its bytes, and its perceptual hash."""

    sha256: str
    phash: int


Open: TypeAlias = Callable[[Item], BinaryIO]
_Chunk: TypeAlias = tuple[Item, ...]


class Looking(NamedTuple):
    """How media are looked at: what opens them, seconds of computing for each (0: no limit, in this process)."""

    open_item: Open
    seconds: float


def look_at(items: Sequence[Item], looking: Looking) -> dict[str, Looks]:
    """Digest and hash of every item that can be decoded, by name.

    Raises:
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


def _alone(chunk: _Chunk, looking: Looking) -> dict[str, Looks]:
    """A chunk in a process of its own; one that kills it is cut into its items, and an item that does is left out.

    Raises:
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
    if len(chunk) == 1:
        return {}
    return {name: seen for item in chunk for name, seen in _alone((item,), looking).items()}


def _pool(workers: int) -> ProcessPoolExecutor:
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context("spawn"))


def _look(chunk: _Chunk, looking: Looking) -> list[tuple[str, Looks]]:
    found = []
    for item in chunk:
        with time_limit(looking.seconds) if looking.seconds else nullcontext():
            found += [(item.id, seen) for seen in _looks(item, looking.open_item)]
    return found


def _looks(item: Item, open_item: Open) -> Iterator[Looks]:
    """What an item looks like; nothing if it cannot be decoded, as the build will find, too."""
    try:
        with open_item(item) as file:
            if item.kind == "image" and item.size > _MOST_BYTES:
                return
            digest = hashlib.sha256()
            while piece := file.read(_PIECE):
                digest.update(piece)
            file.seek(0)
            hashed = picture_hash if item.kind == "image" else clip_hash
            if (phash := hashed(file, _MOST_PIXELS)) >= 0:
                yield Looks(digest.hexdigest(), phash)
    except Unusable:
        return
    except OSError as err:
        raise unread(item.id, err) from err
