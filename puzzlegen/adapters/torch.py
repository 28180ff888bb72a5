"""Plain torch: the rows of a build as a stream, each row exactly once per epoch across all ranks and workers.

    from torch.utils.data import DataLoader
    from puzzlegen.adapters.torch import Puzzles, collate
    puzzles = Puzzles("puzzles/mine", "image", seed=1)
    loader = DataLoader(puzzles, batch_size=8, num_workers=2, collate_fn=collate)
    for epoch in range(3):
        puzzles.set_epoch(epoch)
        for batch in loader:
            ...

With a ``seed``, each epoch orders the files anew and shuffles rows within windows of ``buffer`` rows. The rows of an
epoch are split into one contiguous span per rank and worker; the lengths of the spans differ by at most one, and no
worker reads rows outside its span.

As with torch's samplers, ``set_epoch`` sets the epoch, for persistent workers too; without it every iteration has the
order of the first epoch. Each iteration starts from the beginning, however far the last one went. Only after
``load_state_dict`` does the next iteration continue mid-epoch, with the same rows. With several workers, use
torchdata's ``StatefulDataLoader``, which keeps the state of each worker.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, NamedTuple

import pyarrow.parquet as pq
from PIL import Image

from puzzlegen.datafile import profile_of
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.manifest import MANIFEST
from puzzlegen.reading import UNREADABLE, files_of, read_tar, unreadable
from puzzlegen.records import Profile, split_in
from puzzlegen.rng import rng_for
from puzzlegen.stated import Manifest, refuse_unstated

try:
    import fsspec
    import torch
    import torch.distributed as dist
    from torch.utils.data import IterableDataset, get_worker_info
except ImportError as err:
    raise PuzzlegenError(f'the torch adapter needs {err.name}: pip install "puzzlegen[train]"') from err

Row = dict[str, Any]
State = dict[str, Any]
BUFFER: Final = 1000
_STATE_LABELS: Final = {"split": "rank, world, worker and workers", "content": "build", "order": "seed and buffer"}


class _File(NamedTuple):
    path: str
    rows: int


class _Position(NamedTuple):
    """Where an iteration is: its first epoch, its current epoch, and how many rows of the current epoch are done."""

    first: int
    epoch: int
    done: int


class Puzzles(IterableDataset[Row]):
    """The rows of one profile and split of a build.

    Args:
        folder: the build's folder, or an fsspec URL of it (``hf://datasets/me/puzzles``, ``s3://...``).
        profile: ``image``, ``multi_image``, ``video`` or ``text``; a loader reads one profile at a time.
        split: a split's name, as in the recipe.
        seed: seed of the order; None keeps the order of the build.
        buffer: number of rows that are shuffled together; each worker holds this many encoded rows in memory.
        epochs: number of passes in one iteration; None for an endless stream.
        rank: index of this process among ``world`` processes. By default ``torch.distributed`` provides both; if
            something else distributes rows to the ranks, as ``accelerate`` does, give rank 0 and world 1.
        world: number of processes.
        decode: whether to decode ``images`` to PIL images; clips always stay encoded, as stored.

    Raises:
        PuzzlegenError: there is no such build, it has no puzzles of this profile in this split, or an argument is out
            of range.
    """

    def __init__(
        self,
        folder: object,
        profile: Profile,
        split: str = "train",
        *,
        seed: int | None = None,
        buffer: int = BUFFER,
        epochs: int | None = 1,
        rank: int | None = None,
        world: int | None = None,
        decode: bool = True,
    ) -> None:
        self._rank, self._world = _rank_and_world(rank, world)
        if buffer < 1:
            raise PuzzlegenError(f"buffer={buffer} holds no row; give at least 1")
        self._seed, self._buffer, self._epochs, self._decode = seed, buffer, epochs, decode
        self._root = str(folder)
        manifest = _read_manifest(self._root)
        chosen = (f for f in files_of(manifest) if profile_of(f["folder"]) == profile and split_in(f["path"]) == split)
        self._files = [_File(file["path"], file["rows"]) for file in chosen]
        if not self._files:
            available = "; ".join(f"{name}: {', '.join(splits)}" for name, splits in manifest["rows"].items())
            raise PuzzlegenError(f"'{folder}' has no puzzles of profile {profile} in split {split}; it has {available}")
        self._content = manifest["content_sha256"]
        # In shared memory, so that persistent workers see a change made by set_epoch.
        self._start_epoch = torch.zeros(1, dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]
        self._position = _Position(0, 0, 0)
        self._loaded_position: _Position | None = None

    def set_epoch(self, epoch: int) -> None:
        """Start the next iteration at this epoch, or continue within it if a state of the same epoch was loaded."""
        self._start_epoch[0] = epoch
        if self._loaded_position is None or self._loaded_position.epoch != epoch:
            self._position, self._loaded_position = _Position(epoch, epoch, 0), None

    def state_dict(self) -> State:
        """Return the position of this rank's worker: the epoch, and how many rows of it have been yielded."""
        return self._position._asdict() | self._state_identity()

    def _state_identity(self) -> State:
        """Return what a saved state must match so that its position means the same rows in this stream."""
        return {"split": self._rank_and_worker(), "content": self._content, "order": [self._seed, self._buffer]}

    def load_state_dict(self, state: State) -> None:
        """Make the next iteration continue from a saved state of the same build, rank, worker and order.

        Raises:
            PuzzlegenError: the state belongs to another build, rank, worker, number of ranks or workers, seed or
                buffer.
        """
        for key, expected in self._state_identity().items():
            if (saved := state[key]) != expected:
                raise PuzzlegenError(f"this state belongs to another {_STATE_LABELS[key]}: {saved}, here {expected}")
        self._position = self._loaded_position = _Position(state["first"], state["epoch"], state["done"])

    def _rank_and_worker(self) -> list[int]:
        worker = get_worker_info()
        return [self._rank, self._world, *((worker.id, worker.num_workers) if worker else (0, 1))]

    def __iter__(self) -> Iterator[Row]:
        initial = int(self._start_epoch[0])
        (first, start, done), self._loaded_position = self._loaded_position or _Position(initial, initial, 0), None
        for epoch in count(start) if self._epochs is None else range(start, first + self._epochs):
            self._position = _Position(first, epoch, done)
            for row in self._rows(epoch, done):
                self._position = self._position._replace(done=self._position.done + 1)
                yield self._decode_images(row)
            done = 0
        self._position = _Position(first, first, 0)

    def _rows(self, epoch: int, skip: int) -> Iterator[Row]:
        """Yield this worker's rows of an epoch without the first ``skip``."""
        files = self._files if self._seed is None else rng_for("files", self._seed, epoch).shuffled(self._files)
        first, last = self._span(sum(file.rows for file in files))
        for start in range(first + skip // self._buffer * self._buffer, last, self._buffer):
            rows = self._window(files, start, min(start + self._buffer, last))
            if self._seed is not None:
                rows = rng_for("rows", self._seed, epoch, start).shuffled(rows)
            yield from rows[max(0, first + skip - start) :]

    def _span(self, total: int) -> tuple[int, int]:
        rank, world, worker, workers = self._rank_and_worker()
        first, last = rank * total // world, (rank + 1) * total // world
        return first + worker * (last - first) // workers, first + (worker + 1) * (last - first) // workers

    def _window(self, files: list[_File], first: int, last: int) -> list[Row]:
        """Return the rows ``first`` to ``last`` (exclusive) of the concatenated files."""
        window_rows: list[Row] = []
        offset = 0
        for file in files:
            low, high = max(first - offset, 0), min(last - offset, file.rows)
            if low < high:
                window_rows += self._read(file, low, high)
            offset += file.rows
        return window_rows

    def _read(self, file: _File, low: int, high: int) -> list[Row]:
        path = f"{self._root.rstrip('/')}/{file.path}"
        try:
            with fsspec.open(path, "rb") as handle:
                is_tar = file.path.endswith(".tar")
                rows = list(read_tar(handle))[low:high] if is_tar else _read_parquet(handle, low, high)
        except UNREADABLE as err:
            raise unreadable(path, err) from err
        if len(rows) != high - low:
            raise IntegrityError(f"{file.path} has fewer rows than the {file.rows} in the manifest; verify the build")
        return rows

    def _decode_images(self, row: Row) -> Row:
        if not self._decode or "images" not in row:
            return row
        return row | {"images": [Image.open(io.BytesIO(medium["bytes"])).convert("RGB") for medium in row["images"]]}


def collate(rows: list[Row]) -> dict[str, list[Any]]:
    """Collate rows into one list per column: prompts, pictures and clips differ in size, so they cannot be stacked."""
    return {key: [row[key] for row in rows] for key in rows[0]}


def _rank_and_world(rank: int | None, world: int | None) -> tuple[int, int]:
    if (rank is None) != (world is None):
        raise PuzzlegenError(f"rank={rank} and world={world}: give both or neither")
    if rank is None or world is None:
        ready = dist.is_available() and dist.is_initialized()
        return (dist.get_rank(), dist.get_world_size()) if ready else (0, 1)
    if not 0 <= rank < world:
        raise PuzzlegenError(f"rank={rank} is not one of 0 to {world - 1}")
    return rank, world


def _read_manifest(root: str) -> dict[str, Any]:
    try:
        with fsspec.open(f"{root.rstrip('/')}/{MANIFEST}", "rb") as file:
            parsed: dict[str, Any] = json.loads(file.read())
    except FileNotFoundError as err:
        raise IntegrityError(f"'{root}' has no {MANIFEST}: no build, or one that is not finished") from err
    except ValueError as err:
        raise IntegrityError(f"'{root}/{MANIFEST}' is damaged: {err}") from err
    refuse_unstated(parsed, Manifest, f"{root}/{MANIFEST}")
    return parsed


def _read_parquet(handle: Any, low: int, high: int) -> list[Row]:  # noqa: ANN401 - a file opened by fsspec
    """Return rows ``low`` to ``high`` (exclusive) of a Parquet file; only the row groups that hold them are read."""
    with pq.ParquetFile(handle) as file:
        ends = [0]
        for k in range(file.num_row_groups):
            ends.append(ends[-1] + file.metadata.row_group(k).num_rows)
        groups = [k for k in range(file.num_row_groups) if ends[k] < high and ends[k + 1] > low]
        table = file.read_row_groups(groups)
    rows: list[Row] = table.slice(low - ends[groups[0]], high - low).to_pylist()
    return rows
