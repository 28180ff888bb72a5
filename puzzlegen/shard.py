"""Build one shard: from items to puzzles to files.

The result depends only on the job, so a shard can be built anywhere and any number of times.
"""

from __future__ import annotations

from collections import Counter, OrderedDict, defaultdict
from collections.abc import Callable, MutableSequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from traceback import extract_tb
from typing import Any, BinaryIO, Final, NamedTuple, TypeAlias

from puzzlegen import joint
from puzzlegen.balance import even_out, overdue
from puzzlegen.contract import check_puzzle
from puzzlegen.datafile import DataFile
from puzzlegen.errors import EngineError, PuzzlegenError, TaskError, Unusable
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.shortage import refuse_shortage
from puzzlegen.output import folder_at, refused
from puzzlegen.plan import FORMAT, Pick, Shard, folder_of
from puzzlegen.prompts import PLACEHOLDERS, Posed, compose
from puzzlegen.recipe import Recipe
from puzzlegen.records import Item, Kind, Puzzle, Rejection, VideoMeta, canonical_json
from puzzlegen.rng import Rng, digest, rng_for
from puzzlegen.schema import media_column
from puzzlegen.tasks import Task
from puzzlegen.verify import score, solved
from puzzlegen.writers import Row, suffix

#: Size of a row group's media. Once held rows exceed twice this, half are written; the rest can still be evened out.
ROW_GROUP_BYTES: Final = 48_000_000
_PROGRESS_FIELDS: Final = ("items", "kept", "rejected")
_MAX_PEERS: Final = 8
#: How many clean media are kept open: enough to decode peers only once; clips are large and have no peers.
_MAX_OPEN: Final[dict[Kind, int]] = {"image": 2 * _MAX_PEERS, "video": 1, "graph": 2 * _MAX_PEERS}


class Job(NamedTuple):
    """A shard to build.

    Attributes:
        recipe: the recipe to build by.
        shard: the shard.
        out: output folder or URL.
        workplace: folder for temporary files.
        lane: the slot in which the job counts its progress.
        slow: ids of items that exceeded the time limit in an earlier try; they are not opened again.
    """

    recipe: Recipe
    shard: Shard
    out: str
    workplace: str
    lane: int = 0
    slow: frozenset[str] = frozenset()


#: Returns a context for opening the item of a given rank in the shard.
Watch: TypeAlias = Callable[[int], AbstractContextManager[None]]


class Made(NamedTuple):
    """A kept puzzle before it is written.

    Attributes:
        item: the item it was made from.
        pick: task and variant.
        slots: the draws that may be evened out, by name, as (value, number of possible values).
        row: its record.
    """

    item: Item
    pick: Pick
    slots: dict[str, tuple[int, int]]
    row: Row

    @property
    def size(self) -> int:
        """Bytes of the puzzle's media."""
        return sum(len(m["bytes"]) for column in ("images", "videos") for m in self.row.get(column, ()))


def build_shard(job: Job, progress: MutableSequence[int] | None = None, watch: Watch | None = None) -> dict[str, Any]:
    """Make every puzzle of a shard and move its files to their final paths.

    Args:
        job: what to build.
        progress: counts of items, kept puzzles and rejections, three per lane.
        watch: gives a context for opening each item, to limit the time that opening takes.

    Returns:
        The shard's entry, JSON-ready: its files with digests, counts, rejections and the digests of its sources.

    Raises:
        OutputError: a file cannot be written.
        EngineError: memory is too short.
        SourceError: an item cannot be read, or has changed since it was listed.
    """
    return _ShardBuild(job, progress, watch).run()


def make_puzzle(recipe: Recipe, opened: OpenItem, pick: Pick, split: str, slots: dict[str, int]) -> Made | Rejection:
    """Make one puzzle with its record, and check that its solution scores 1 and its wrong answers score less.

    Args:
        recipe: defines the task that ``pick`` names and the form of prompts.
        opened: the item.
        pick: task and variant.
        split: stored in the record.
        slots: draws that are already decided, by name.

    Raises:
        TaskError: the task broke its contract.
        MemoryError: memory is too short.
    """
    task, item = recipe.tasks[pick.task].task, opened.item
    join = recipe.join if recipe.join and (item.qa or recipe.join.unasked == "reject") else None
    if join and (refusal := joint.refusal(join, item, task.spoils, recipe.prompt)):
        return Rejection(item.id, task.name, *refusal, variant=pick.variant)
    parts = (FORMAT, recipe.seed, task.name, task.version, task.params, item.id, pick.variant)
    rng = Rng(digest("puzzle", *parts), slots)
    try:
        puzzle = task.make(opened, rng)
    except (PuzzlegenError, MemoryError):
        raise
    except Exception as err:
        refuse_shortage()
        raise TaskError(
            f"task {task.name} failed on '{opened.item.id}': {type(err).__name__}: {err}{_failure_location(err)}"
        ) from err
    if isinstance(puzzle, Rejection):
        return puzzle._replace(variant=pick.variant)
    check_puzzle(puzzle, task.name, item.id, task.media_count)
    puzzle_id = id_of(*parts)
    spoils, prompt = task.spoils, recipe.prompt
    posed = joint.compose(puzzle, item, spoils, prompt, join) if join else compose(puzzle, prompt)
    row = _make_row(task, opened, pick, split, puzzle, posed, puzzle_id, rng.slots)
    _check_scores(puzzle, posed, row, task.name)
    return Made(item, pick, rng.slots, row)


def id_of(*parts: str | int) -> str:
    """Return a puzzle's id, the digest of format, seed, task with version and parameters, item and variant."""
    return digest("id", *parts).hex()[:32]


def _failure_location(err: Exception) -> str:
    """Return where a task failed, because its author sees no traceback."""
    *_, frame = extract_tb(err.__traceback__)
    return f" ({frame.filename}:{frame.lineno}, in {frame.name})"


def _make_row(
    task: Task,
    opened: OpenItem,
    pick: Pick,
    split: str,
    puzzle: Puzzle,
    posed: Posed,
    puzzle_id: str,
    slots: dict[str, tuple[int, int]],
) -> Row:
    media = [{"bytes": m.data, "path": f"{puzzle_id}-{k}.{m.ext}"} for k, m in enumerate(puzzle.media)]
    row: Row = {
        "id": puzzle_id,
        "data_source": f"puzzlegen/{task.name}",
        "ability": f"{task.ability}{posed.tag}",
        "problem": posed.problem,
        "prompt": posed.prompt,
        "answer": posed.answer,
        "solution": posed.solution,
        "ground_truth": posed.ground_truth,
        "reward_model": {"style": "rule", "ground_truth": posed.ground_truth},
        "extra_info": {
            "index": int(puzzle_id[:15], 16),
            "id": puzzle_id,
            "split": split,
            "task": task.name,
            "difficulty": puzzle.difficulty,
            "margin": round(puzzle.margin, 6),
            "chance": posed.chance,
            "pair_id": "",
            "params": task.params,
            "variant": pick.variant,
            "slots": canonical_json({name: value for name, (value, _) in slots.items()}),
            "source_uri": opened.item.id,
            "source_sha256": opened.sha256,
            "licence": opened.item.licence,
        },
    }
    if column := media_column(task.profile):
        row[column] = media
    if task.profile == "video":
        row["video_meta"] = [_meta_row(m.meta) for m in puzzle.media if m.meta]
    return row


def _meta_row(meta: VideoMeta) -> Row:
    return {"fps": meta.fps, "frames": meta.frames, "timestamps": list(meta.timestamps)}


def _check_scores(puzzle: Puzzle, posed: Posed, row: Row, task: str) -> None:
    placeholders = sum(map(row["problem"].count, PLACEHOLDERS))
    if placeholders != len(puzzle.media):
        raise TaskError(f"task {task}: {placeholders} placeholders for {len(puzzle.media)} media, puzzle {row['id']}")
    gold = score(row["solution"], row["ground_truth"])
    if not solved(gold):
        raise TaskError(f"task {task}: its own solution scores {gold.value} ({gold.reason}), puzzle {row['id']}")
    for wrong in posed.wrong:
        if solved(score(wrong, row["ground_truth"])):
            raise TaskError(f"task {task}: the wrong answer '{wrong}' scores 1, puzzle {row['id']}")


class ShardItems:
    """Opens the items of a shard. The last few stay open, because neighbours need each other as peers."""

    def __init__(
        self, recipe: Recipe, shard: Shard, watch: Watch | None = None, slow: frozenset[str] = frozenset()
    ) -> None:
        self._recipe = recipe
        self._items = [item for item, _ in shard.work]
        self._watch = watch
        self._slow = slow
        self._open: OrderedDict[tuple[int, int], OpenItem] = OrderedDict()

    def __call__(self, rank: int, variant: int) -> OpenItem:
        """Return the ``rank``-th item, cleaned as ``variant``."""
        key = rank, variant
        if key not in self._open:
            self._open[key] = self._open_item(rank, variant)
        self._open.move_to_end(key)
        while len(self._open) > _MAX_OPEN[self._items[rank].kind]:
            self._open.popitem(last=False)
        return self._open[key]

    def _open_item(self, rank: int, variant: int) -> OpenItem:
        item, recipe = self._items[rank], self._recipe
        rng = rng_for("clean", FORMAT, recipe.seed, item.id, variant)
        watch = self._watch
        watched = nullcontext if watch is None else lambda: watch(rank)
        return OpenItem(item, self._open_file, recipe.media, rng, lambda: self._peers(rank, variant), watched)

    def _open_file(self, item: Item) -> BinaryIO:
        if item.id in self._slow:
            raise Unusable("too_slow", f"more than {self._recipe.media.time_limit_s} s")
        return self._recipe.source.open(item)

    def _peers(self, rank: int, variant: int) -> list[OpenItem]:
        count = len(self._items)
        return [self((rank + k) % count, variant) for k in range(1, min(_MAX_PEERS, count - 1) + 1)]


class _ShardFile:
    """One file of a shard, and the puzzles held back from it because their answers may still be evened out."""

    def __init__(self, job: Job, folder: str, relative: str) -> None:
        path = relative + suffix(job.recipe.output.format)
        self.held: list[Made] = []
        self._bytes = 0
        self._file = DataFile(path, Path(job.workplace) / path.replace("/", "-"), folder)

    def add(self, made: Made) -> None:
        self.held.append(made)
        self._bytes += made.size
        if self._bytes > 2 * ROW_GROUP_BYTES:
            self._write(len(self.held) // 2)

    def _write(self, count: int) -> None:
        ready, self.held = [made.row for made in self.held[:count]], self.held[count:]
        self._bytes = sum(made.size for made in self.held)
        self._file.write(ready)

    def publish(self, out: Path) -> dict[str, Any] | None:
        """Write the held puzzles, move the file to its final path and describe it; None if there are no rows."""
        while self.held:
            self._write(self._next_group())
        return self._file.publish(out)

    def _next_group(self) -> int:
        total = 0
        for count, made in enumerate(self.held, 1):
            total += made.size
            if total >= ROW_GROUP_BYTES:
                return count
        return len(self.held)


class _ShardBuild:
    """The state of one shard while it is built."""

    def __init__(self, job: Job, progress: MutableSequence[int] | None, watch: Watch | None) -> None:
        self.job = job
        self.recipe = job.recipe
        self.files = {f: _ShardFile(job, f, path) for f, path in job.shard.files.items()}
        self.slots: dict[tuple[int, str], Counter[int]] = defaultdict(Counter)
        self.kept: Counter[str] = Counter()
        self._remaining = Counter(pick.task for _, picks in job.shard.work for pick in picks)
        self._attempts: Counter[int] = Counter()
        self._made_counts: Counter[int] = Counter()
        self.rejections: list[Rejection] = []
        self.sources: dict[str, tuple[str, int]] = {}
        self.opened = ShardItems(job.recipe, job.shard, watch, job.slow)
        self._current_item = ""
        # Balancing names tasks by themselves: their places in the recipe change when another task is added.
        self._task_names = [(entry.task.name, entry.task.params) for entry in job.recipe.tasks]
        self._rank = {item.id: rank for rank, (item, _) in enumerate(job.shard.work)}
        self._progress = progress

    def run(self) -> dict[str, Any]:
        out = folder_at(self.job.out)
        try:
            for rank, (_, picks) in enumerate(self.job.shard.work):
                self._build_item(rank, picks)
            self._even_out()
            files = [file.publish(out) for _, file in sorted(self.files.items())]
        except OSError as err:
            raise refused(out, err) from err
        except MemoryError as err:
            raise EngineError(
                f"memory ran out in {self.job.shard.name} at '{self._current_item}'; leave each worker more (fewer "
                "--workers, a higher limit) and run the same command again; if it is always this item, take it out of "
                "the source"
            ) from err
        return {
            "shard": self.job.shard.name,
            "split": self.job.shard.split,
            "files": [file for file in files if file],
            "kept": dict(self.kept),
            "rejections": [list(rejection) for rejection in self.rejections],
            "sources": self.sources,
        }

    def _build_item(self, rank: int, picks: tuple[Pick, ...]) -> None:
        item = self.job.shard.work[rank][0]
        self._current_item = item.id
        for pick in picks:
            slots = self._decide_slots(item, pick)
            made = make_puzzle(self.recipe, self.opened(rank, pick.variant), pick, self.job.shard.split, slots)
            self._remaining[pick.task] -= 1
            self._attempts[pick.task] += 1
            if isinstance(made, Rejection):
                self.rejections.append(made)
            else:
                self._keep(made)
            self._count_progress(2 if isinstance(made, Rejection) else 1)
        self.sources[item.id] = (self.opened(rank, picks[-1].variant).sha256, item.stamp)
        self._count_progress(0)

    def _decide_slots(self, item: Item, pick: Pick) -> dict[str, int]:
        """Return the draws to set for the next puzzle so that answers become even and fewer are made again later."""
        decided = {}
        for (task, slot), counts in self.slots.items():
            if task == pick.task:
                left = self._remaining[task] * self._made_counts[task] // self._attempts[task]
                probability, rarest = overdue([counts[k] for k in range(len(counts))], left)
                if probability:
                    which = (*self._task_names[task], pick.variant, slot)
                    rng = rng_for("even", FORMAT, self.recipe.seed, item.id, *which)
                    if rng.uniform() < probability:
                        decided[slot] = rng.choice(rarest)
        return decided

    def _keep(self, made: Made) -> None:
        self.kept[self.recipe.tasks[made.pick.task].task.name] += 1
        self._made_counts[made.pick.task] += 1
        for slot, (value, n) in made.slots.items():
            counts = self.slots[made.pick.task, slot]
            counts.update({value: 1} | {k: 0 for k in range(n) if k not in counts and k != value})
        self.files[folder_of(self.recipe, made.pick.task)].add(made)

    def _even_out(self) -> None:
        for file in self.files.values():
            forced: dict[str, dict[str, int]] = defaultdict(dict)
            for (task, slot), counts in sorted(self.slots.items()):
                movable: list[list[str]] = [[] for _ in counts]
                for made in file.held:
                    if made.pick.task == task:
                        movable[made.slots[slot][0]].append(made.row["id"])
                if any(movable):
                    which = (*self._task_names[task], slot)
                    rng = rng_for("even", FORMAT, self.recipe.seed, self.job.shard.name, *which)
                    for puzzle_id, value in even_out([counts[k] for k in range(len(counts))], movable, rng).items():
                        forced[puzzle_id][slot] = value
            file.held = [self._remake(made, forced.get(made.row["id"])) for made in file.held]

    def _remake(self, made: Made, forced: dict[str, int] | None) -> Made:
        if not forced:
            return made
        self._current_item = made.item.id
        slots = {name: value for name, (value, _) in made.slots.items()} | forced
        opened = self.opened(self._rank[made.item.id], made.pick.variant)
        new = make_puzzle(self.recipe, opened, made.pick, self.job.shard.split, slots)
        if isinstance(new, Rejection):
            name = self.recipe.tasks[made.pick.task].task.name
            raise TaskError(f"task {name} refuses '{made.item.id}' for one answer but not for another ({new.reason})")
        return new

    def _count_progress(self, field: int) -> None:
        if self._progress is not None:
            self._progress[self.job.lane * len(_PROGRESS_FIELDS) + field] += 1
