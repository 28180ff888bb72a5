"""Build a recipe: plan, make the missing shards, close the folder. The same call resumes a build that was stopped."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from contextlib import closing
from itertools import islice
from operator import add
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.engines import Engine, Progress, open_engine
from puzzlegen.errors import OutputError, RecipeError, Unusable
from puzzlegen.files import in_memory, is_url
from puzzlegen.guard import refuse_while_starting
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
    whole_entry,
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
_NOT_WRITTEN: Final = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


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

    Raises:
        OutputError: the folder holds another build, or cannot be written.
        PuzzlegenError: see the tree in ``errors.py``.
    """
    refuse_while_starting()
    out = folder_at(out) if isinstance(out, str) else out
    share = share or Share()
    recipe = recipe.model_copy(update={"source": recipe.source.pinned()})
    _refuse_strangers(out)
    with workplace(out, f"{share.part}-of-{share.of}", beside=share.of > 1) as place:
        _begun(out, recipe, limit)  # refuses another build's folder before the source is listed, which may take long
        plan = _planned(recipe, limit, _plan_place(out, place, share))
        begun = claim(out, plan, limit)
        # Kept out of the manifest, which is published: where the source lies on this machine is private.
        write_json(out / STATE / SOURCE, recipe.source.model_dump(mode="json"))
        mine = range(share.part, len(plan), share.of)
        done, before = _done(out, plan, build_digest(begun), mine)
        todo = [number for number in mine if not done[number]]
        if todo:
            name = "inline" if _only_here(recipe, out) else engine
            with closing(open_engine(name, workers, len(todo))) as opened:
                report_on = _Reporter(report, len(mine) - len(todo), len(mine), before)
                _run(plan, todo, out, place, build_digest(begun), opened, report_on)
        manifest = _close(out, plan, begun)
        if manifest is None and share.of == 1:
            raise _incomplete(out, plan, begun)
        _remove_plan(out, place, share)
    return Built(manifest, len(todo), plan)


def _planned(recipe: Recipe, limit: int | None, place: Path) -> Plan:
    try:
        return make_plan(recipe, limit, place.absolute())
    except OSError as err:
        # Only errors of the plan's folder are converted: sources report their own failures.
        if err.errno in _NOT_WRITTEN or str(place.absolute()) in f"{err.filename} {err}":
            raise refused(place, err) from err
        raise


def _plan_place(out: Path, place: Path, share: Share) -> Path:
    """Where this run keeps its plan: in the output folder if not a URL, so that an interrupted listing can resume."""
    return place / "plan" if is_url(str(out)) else out / STATE / "plan" / f"{share.part}-of-{share.of}"


def _remove_plan(out: Path, place: Path, share: Share) -> None:
    """Delete this run's plan; the next run makes a new one. Files of the plan that are open can still be read."""
    mine = _plan_place(out, place, share)
    # A run without other shares at work also deletes the plans that killed shares have left.
    shutil.rmtree(mine.parent if share.of == 1 and not is_url(str(out)) else mine, ignore_errors=True)


def _refuse_strangers(out: Path) -> None:
    """Refuse a folder that holds something other than a build, without changing the folder."""
    held = entries(out) or set()
    if held - {STATE} and not held & {STATE, MANIFEST}:
        raise OutputError(f"'{out}' is not empty and holds no build; choose another --out, or empty it")


def claim(out: Path, plan: Plan, limit: int | None) -> dict[str, Any]:
    """Make ``out`` the folder of this build, or check that it already is.

    Returns:
        The build's identity, as stored in the folder.

    Raises:
        OutputError: the folder holds another build (the message says what differs), or something else.
    """
    found = _begun(out, plan.recipe, limit)
    mine = identity(plan, limit, environment(plan.recipe))
    if found is None:
        write_json(out / STATE / "build.json", mine, over=False)
        # Another run may have written its identity at the same moment; the stored one is authoritative.
        found = _begun(out, plan.recipe, limit) or mine
    if found["source"] != mine["source"]:
        raise _other(out, [_source_change(out, found["source"], mine["source"], plan)])
    return {key: found[key] for key in mine}


def _begun(out: Path, recipe: Recipe, limit: int | None) -> dict[str, Any] | None:
    """The identity with which this build was begun in ``out``; None if it has not begun yet.

    Raises:
        OutputError: the folder holds a build with another recipe, limit or environment, or a selection of puzzles.
        IntegrityError: the stored identity is damaged.
    """
    found = read_begun(out) or read_manifest(out)
    if found is None:
        return None
    if "subset" in found:
        raise OutputError(f"'{out}' holds a selection of another build's puzzles; choose another --out")
    if changes := _changes(found, terms(recipe, limit, environment(recipe))):
        raise _other(out, changes)
    return found


def _other(out: Path, changes: list[str]) -> OutputError:
    return OutputError(
        f"'{out}' holds another build: {'; '.join(changes)}; choose another --out, or delete it to start again"
    )


def _changes(found: dict[str, Any], mine: dict[str, Any]) -> list[str]:
    changes = [f"recipe {line}" for line in difference(found["recipe"], mine["recipe"])]
    changes += difference(found["environment"], mine["environment"])
    changes += [f"task version {line}" for line in difference(found["task_versions"], mine["task_versions"])]
    for key in ("limit", "format"):
        if found[key] != mine[key]:
            changes.append(f"{key} {found[key]} -> {mine[key]}")
    return changes


def _source_change(out: Path, found: dict[str, Any], mine: dict[str, Any], plan: Plan) -> str:
    """How the source's listing differs from the earlier one: counts, and the names known from shards made so far."""
    before, now = found["items"], mine["items"]
    entries = map(whole_entry, sorted((out / STATE / "shards").glob("*.json")))
    old = {name for entry in entries if entry for name in entry["sources"]}
    new = {item.id for group in plan.groups for item in group.items}
    gone = sorted(old - new)
    added = sorted(new - old) if len(old) == before else []
    names = [f"{word} {', '.join(map(repr, found[:3]))}" for word, found in (("gone:", gone), ("new:", added)) if found]
    count = f"{before} -> {now} items" if before != now else f"names or sizes of its {now} items"
    return "; ".join([f"source {count}", *names])


def _done(out: Path, plan: Plan, build: str, mine: range) -> tuple[bytearray, Progress]:
    """One byte per shard, 1 if it is finished, and the total progress of the finished shards in ``mine``.

    A shard is finished if its files are in place and the items that they were made from are unchanged.

    Raises:
        OutputError: an item has changed (only items with a new stamp are read again), or a shard is of another build.
    """
    begun = entries_in(out)
    done, before = bytearray(len(plan)), Progress(0, 0, 0)
    for number in range(len(plan)):
        if (name := plan.name(number)) in begun and (entry := read_entry(out, name, build)) is not None:
            _refuse_changed_sources(out, plan, number, entry["sources"])
            done[number] = 1
            if number in mine:
                made = len(entry["sources"]), sum(entry["kept"].values()), len(entry["rejections"])
                before = Progress(*map(add, before, made))
    return done, before


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
    except Unusable as no:
        return no.reason


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


def _run(plan: Plan, todo: list[int], out: Path, place: Path, build: str, engine: Engine, report: _Reporter) -> None:
    """Build the shards in ``todo``; the items of a shard are read from the plan only when a worker has room for it."""
    made, waiting = 0, iter(todo)
    while made < len(todo):
        for number in islice(waiting, engine.room):
            engine.submit(Job(plan.recipe, plan.shard(number), _absolute(out), _absolute(place)))
        for entry in engine.wait(_TICK_S):
            write_json(entry_path(out, entry["shard"]), entry | {"build": build})
            made += 1
        report(made, engine.progress())


def _absolute(folder: Path) -> str:
    return str(folder) if is_url(str(folder)) else str(folder.resolve())


def merge(recipe: Recipe, out: Path, *, limit: int | None = None) -> dict[str, Any]:
    """Close a folder whose shards several runs have built: write its manifest, card and rejections.

    The run that makes the last shard does this by itself. Merging is for folders that no run closed, because two runs
    ended at once or shards were copied from elsewhere.

    Raises:
        OutputError: shards are missing, or the folder holds another build.
    """
    with workplace(out, "merge", beside=True) as place:
        plan = _planned(recipe, limit, place / "plan")
        begun = claim(out, plan, limit)
        _done(out, plan, build_digest(begun), range(0))
        manifest = _close(out, plan, begun)
        if manifest is None:
            raise _incomplete(out, plan, begun)
    return manifest


def _incomplete(out: Path, plan: Plan, begun: dict[str, Any]) -> OutputError:
    names, build = map(plan.name, range(len(plan))), build_digest(begun)
    missing = [name for name in names if read_entry(out, name, build) is None]
    such = f", such as {missing[0]}" if missing else ""  # none if another share has made the last one by now
    return OutputError(
        f"'{out}' lacks {len(missing)} of {len(plan)} shards{such}; run the build again, it makes those that are "
        "missing"
    )


def _only_here(recipe: Recipe, out: Path) -> bool:
    """Whether the source or the output lies in the memory of this process, where no worker process can reach it."""
    return in_memory(f"{out} {recipe.source.model_dump_json()}")


def _close(out: Path, plan: Plan, begun: dict[str, Any]) -> dict[str, Any] | None:
    """Write and return the manifest if all shards are done, including those of other runs; else return None."""
    there = entries_in(out)
    if not all(plan.name(number) in there for number in range(len(plan))):
        return None
    return write_manifest(out, plan, begun)
