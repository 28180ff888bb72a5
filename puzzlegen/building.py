"""Build a recipe: plan, make the missing shards, close the folder. The same call resumes a build that was stopped."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from contextlib import closing
from functools import partial
from itertools import islice
from operator import add
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.engines import Engine, Progress, open_engine
from puzzlegen.errors import OutputError, RecipeError, Unusable
from puzzlegen.files import in_memory, is_url
from puzzlegen.guard import refuse_while_starting
from puzzlegen.listed import describe_change, keep_listed, remove_listed
from puzzlegen.manifest import (
    MANIFEST,
    build_digest,
    entries_in,
    entry_path,
    environment,
    not_of_this_build,
    read_begun,
    read_entry,
    read_manifest,
    write_manifest,
)
from puzzlegen.media.opened import sha256_of
from puzzlegen.output import SOURCE, STATE, entries, folder_at, refused, workplace, write_json
from puzzlegen.plan import Plan, identity, make_plan, terms
from puzzlegen.recipe import Recipe, difference
from puzzlegen.records import Item
from puzzlegen.shard import Job

_TICK_S: Final = 0.2
#: Errors of a file system that refuses to write: full, over quota, read-only, or a file too large for it.
_WRITE_ERRNOS: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


class Share(NamedTuple):
    """Which shards this run builds: those whose number modulo ``of`` is ``part``."""

    part: int = 0
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Share:
        """Parse ``I/N``; raises RecipeError if ``text`` is not of that form."""
        part, _, of = text.partition("/")
        if not (part.isdecimal() and of.isdecimal() and int(part) < int(of)):
            raise RecipeError(f"--shards '{text}' is not I/N with 0 <= I < N, such as 0/2")
        return cls(int(part), int(of))


class Status(NamedTuple):
    """Progress of this run's share of a build.

    Attributes:
        done: finished shards of the share.
        shards: all shards of the share.
        now: what this run has done.
        before: what earlier runs had done.
    """

    done: int
    shards: int
    now: Progress
    before: Progress

    @property
    def all(self) -> Progress:
        """What this run and earlier runs have done together."""
        return Progress(*map(add, self.now, self.before))


class Built(NamedTuple):
    """Result of a run: the manifest if the whole build is complete, and how many shards this run made."""

    manifest: dict[str, Any] | None
    made: int
    plan: Plan


def build(
    recipe: Recipe,
    out: str | Path,
    *,
    workers: int | None = None,
    engine: str = "local",
    limit: int | None = None,
    share: Share | None = None,
    report: Callable[[Status], None] | None = None,
    report_planning: Callable[[str, int], None] | None = None,
) -> Built:
    """Build ``recipe`` into ``out``, or resume a build that was stopped.

    Args:
        recipe: what to make.
        out: output folder or URL; created if missing.
        workers: number of worker processes; one per usable core if None.
        engine: where shards are built, one of ``engines.ENGINES``.
        limit: build only the first ``limit`` items in the plan's order.
        share: build only these shards; the run that makes the build's last missing shard closes the folder.
        report: called with the progress a few times a second.
        report_planning: called before that, while the plan is made; see :func:`puzzlegen.plan.make_plan`.

    Raises:
        OutputError: the folder holds another build, or cannot be written.
        PuzzlegenError: see the tree in ``errors.py``.
    """
    refuse_while_starting()
    out = folder_at(out) if isinstance(out, str) else out
    share = share or Share()
    recipe = recipe.model_copy(update={"source": recipe.source.pinned()})
    _refuse_foreign_folder(out)
    with workplace(out, f"{share.part}-of-{share.of}", beside=share.of > 1) as work_dir:
        # Refuses another build's folder before the source is listed, which may take long.
        _read_identity(out, recipe, limit)
        plan = _make_plan(recipe, limit, _plan_path(out, work_dir, share), report_planning)
        stored_identity = claim(out, plan, limit)
        # Kept out of the manifest, which is published: where the source lies on this machine is private.
        write_json(out / STATE / SOURCE, recipe.source.model_dump(mode="json"))
        own_shards = range(share.part, len(plan), share.of)
        done, earlier_progress = _finished_shards(out, plan, build_digest(stored_identity), own_shards)
        todo = [number for number in own_shards if not done[number]]
        if todo:
            keep_listed(out, plan, work_dir)
            engine_name = "inline" if _only_here(recipe, out) else engine
            with closing(open_engine(engine_name, workers, len(todo))) as shard_engine:
                reporter = _Reporter(report, len(own_shards) - len(todo), len(own_shards), earlier_progress)
                _run(plan, todo, out, work_dir, build_digest(stored_identity), shard_engine, reporter)
        manifest = _finish_build(out, plan, stored_identity)
        if manifest is None and share.of == 1:
            raise _missing_shards_error(out, plan, stored_identity)
        _remove_plan(out, work_dir, share)
    return Built(manifest, len(todo), plan)


def _make_plan(
    recipe: Recipe, limit: int | None, plan_dir: Path, report: Callable[[str, int], None] | None = None
) -> Plan:
    try:
        return make_plan(recipe, limit, plan_dir.absolute(), report)
    except OSError as err:
        # Only errors of the plan's folder are converted: sources report their own failures.
        if err.errno in _WRITE_ERRNOS or str(plan_dir.absolute()) in f"{err.filename} {err}":
            raise refused(plan_dir, err) from err
        raise


def _plan_path(out: Path, work_dir: Path, share: Share) -> Path:
    """Where this run keeps its plan: in the output folder if not a URL, so that an interrupted listing can resume."""
    return work_dir / "plan" if is_url(str(out)) else out / STATE / "plan" / f"{share.part}-of-{share.of}"


def _remove_plan(out: Path, work_dir: Path, share: Share) -> None:
    """Delete this run's plan; the next run makes a new one. Files of the plan that are open can still be read."""
    own_plan = _plan_path(out, work_dir, share)
    # A run without other shares at work also deletes the plans that killed shares have left.
    shutil.rmtree(own_plan.parent if share.of == 1 and not is_url(str(out)) else own_plan, ignore_errors=True)


def _refuse_foreign_folder(out: Path) -> None:
    """Refuse a folder that holds something other than a build, without changing the folder."""
    entry_names = entries(out) or set()
    if entry_names - {STATE} and not entry_names & {STATE, MANIFEST}:
        raise OutputError(f"'{out}' is not empty and holds no build; choose another --out, or empty it")


def claim(out: Path, plan: Plan, limit: int | None) -> dict[str, Any]:
    """Make ``out`` the folder of this build, or check that it already is.

    Returns:
        The build's identity, as stored in the folder.

    Raises:
        OutputError: the folder holds another build (the message says what differs), or something else.
    """
    stored = _read_identity(out, plan.recipe, limit)
    expected = identity(plan, limit, environment(plan.recipe))
    if stored is None:
        write_json(out / STATE / "build.json", expected, over=False)
        # Another run may have written its identity at the same moment; the stored one is authoritative.
        stored = _read_identity(out, plan.recipe, limit) or expected
    if stored["source"] != expected["source"]:
        sha256_of_item = partial(_source_sha256, plan.recipe)
        change = describe_change(out, stored["source"], expected["source"], plan, sha256_of_item)
        raise OutputError(
            f"the source has changed since '{out}' was begun: {change}; put it back as it was, or choose another --out"
        )
    return {key: stored[key] for key in expected}


def _read_identity(out: Path, recipe: Recipe, limit: int | None) -> dict[str, Any] | None:
    """The identity with which this build was begun in ``out``; None if it has not begun yet.

    Raises:
        OutputError: the folder holds a build with another recipe, limit or environment, or a selection of puzzles.
        IntegrityError: the stored identity is damaged.
    """
    stored = read_begun(out) or read_manifest(out)
    if stored is None:
        return None
    if "subset" in stored:
        raise OutputError(f"'{out}' holds a selection of another build's puzzles; choose another --out")
    if changes := _describe_changes(stored, terms(recipe, limit, environment(recipe))):
        raise _other_build_error(out, changes)
    return stored


def _other_build_error(out: Path, changes: list[str]) -> OutputError:
    return OutputError(
        f"'{out}' holds another build: {'; '.join(changes)}; choose another --out, or delete it to start again"
    )


def _describe_changes(stored: dict[str, Any], expected: dict[str, Any]) -> list[str]:
    changes = [f"recipe {line}" for line in difference(stored["recipe"], expected["recipe"])]
    changes += difference(stored["environment"], expected["environment"])
    changes += [f"task version {line}" for line in difference(stored["task_versions"], expected["task_versions"])]
    for key in ("limit", "format"):
        if stored[key] != expected[key]:
            changes.append(f"{key} {stored[key]} -> {expected[key]}")
    return changes


def _finished_shards(out: Path, plan: Plan, digest: str, own_shards: range) -> tuple[bytearray, Progress]:
    """One byte per shard, 1 if it is finished, and the total progress of the finished ones in ``own_shards``.

    A shard is finished if its files are in place and the items that they were made from are unchanged.

    Raises:
        OutputError: an item has changed (only items with a new stamp are read again), or a shard is of another build.
    """
    recorded = entries_in(out)
    done, earlier_progress = bytearray(len(plan)), Progress(0, 0, 0)
    for number in range(len(plan)):
        if (name := plan.name(number)) in recorded and (entry := read_entry(out, name, digest)) is not None:
            _refuse_changed_sources(out, plan, number, entry["sources"])
            done[number] = 1
            if number in own_shards:
                counts = len(entry["sources"]), sum(entry["kept"].values()), len(entry["rejections"])
                earlier_progress = Progress(*map(add, earlier_progress, counts))
    return done, earlier_progress


def _refuse_changed_sources(out: Path, plan: Plan, number: int, sources: dict[str, list[Any]]) -> None:
    items = [item for item, _ in plan.shard(number).work]
    if sources.keys() != {item.id for item in items}:
        raise not_of_this_build(entry_path(out, plan.name(number)))
    for item in items:
        sha256, stamp = sources[item.id]
        if sha256 and stamp != item.stamp and _source_sha256(plan.recipe, item) != sha256:
            raise OutputError(f"'{item.id}' has changed since '{out}' was begun; put it back, or choose another --out")


def _source_sha256(recipe: Recipe, item: Item) -> str:
    try:
        with recipe.source.open(item) as file:
            return sha256_of(file)
    except Unusable as unusable:
        return unusable.reason


class _Reporter:
    """Reports the run's progress to the caller, including shards that earlier runs made."""

    def __init__(self, report: Callable[[Status], None] | None, done: int, total: int, before: Progress) -> None:
        self._report = report
        self._done = done
        self._total = total
        self._before = before

    def __call__(self, made: int, now: Progress) -> None:
        if self._report:
            self._report(Status(self._done + made, self._total, now, self._before))


def _run(
    plan: Plan, todo: list[int], out: Path, work_dir: Path, digest: str, engine: Engine, report: _Reporter
) -> None:
    """Build the shards in ``todo``; the items of a shard are read from the plan only when a worker has room for it."""
    finished, pending = 0, iter(todo)
    while finished < len(todo):
        for number in islice(pending, engine.room):
            engine.submit(Job(plan.recipe, plan.shard(number), _absolute(out), _absolute(work_dir)))
        for entry in engine.wait(_TICK_S):
            write_json(entry_path(out, entry["shard"]), entry | {"build": digest})
            finished += 1
        report(finished, engine.progress())


def _absolute(folder: Path) -> str:
    return str(folder) if is_url(str(folder)) else str(folder.resolve())


def merge(recipe: Recipe, out: Path, *, limit: int | None = None) -> dict[str, Any]:
    """Close a folder whose shards several runs have built: write its manifest, card and rejections.

    The run that makes the last shard does this by itself. Merging is for folders that no run closed, because two runs
    ended at once or shards were copied from elsewhere.

    Raises:
        OutputError: shards are missing, or the folder holds another build.
    """
    with workplace(out, "merge", beside=True) as work_dir:
        plan = _make_plan(recipe, limit, work_dir / "plan")
        stored_identity = claim(out, plan, limit)
        _finished_shards(out, plan, build_digest(stored_identity), range(0))
        manifest = _finish_build(out, plan, stored_identity)
        if manifest is None:
            raise _missing_shards_error(out, plan, stored_identity)
    return manifest


def _missing_shards_error(out: Path, plan: Plan, stored_identity: dict[str, Any]) -> OutputError:
    names, digest = map(plan.name, range(len(plan))), build_digest(stored_identity)
    missing = [name for name in names if read_entry(out, name, digest) is None]
    example = f", such as {missing[0]}" if missing else ""  # none if another share has made the last one by now
    return OutputError(
        f"'{out}' lacks {len(missing)} of {len(plan)} shards{example}; run the build again, it makes those that are "
        "missing"
    )


def _only_here(recipe: Recipe, out: Path) -> bool:
    """Whether the source or the output lies in the memory of this process, where no worker process can reach it."""
    return in_memory(f"{out} {recipe.source.model_dump_json()}")


def _finish_build(out: Path, plan: Plan, stored_identity: dict[str, Any]) -> dict[str, Any] | None:
    """Write and return the manifest if all shards are done, including those of other runs; else return None."""
    completed = entries_in(out)
    if not all(plan.name(number) in completed for number in range(len(plan))):
        return None
    manifest = write_manifest(out, plan, stored_identity)
    if manifest is not None:
        remove_listed(out)
    return manifest
