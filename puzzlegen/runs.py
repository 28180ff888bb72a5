"""What people see of a build or an audit: its progress, and a summary at the end."""

from __future__ import annotations

import re
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from puzzlegen.building import Built, Share, Status, build, merge
from puzzlegen.errors import Interrupted, RecipeError, SourceError
from puzzlegen.evenness import balanced, choosable, farmable
from puzzlegen.manifest import read_begun
from puzzlegen.output import SOURCE, STATE, read_json
from puzzlegen.plan import make_plan
from puzzlegen.progress import Step, open_progress
from puzzlegen.reading import manifest_of
from puzzlegen.recipe import Recipe, recipe_from_canonical, source_at
from puzzlegen.records import REASONS
from puzzlegen.scoring import Scored, select
from puzzlegen.subset import write_subset
from puzzlegen.threads import usable_cores

if TYPE_CHECKING:
    from puzzlegen.audit import Report, Stage
    from puzzlegen.integrity import Verified

#: Problems found by ``verify`` that the build's own command repairs.
_FILE_DAMAGED = re.compile(r"^(data|assets)/\S+: (missing$|\d+ bytes, the manifest|its bytes changed)")


def run(
    recipe: Recipe,
    out: Path,
    *,
    workers: int | None,
    engine: str,
    limit: int | None,
    shards: str,
) -> dict[str, Any]:
    """Build with progress on stderr, and return the summary as data."""
    started = time.monotonic()
    try:
        with open_progress("planning") as show:
            built = build(
                recipe,
                out,
                workers=workers,
                engine=engine,
                limit=limit,
                share=Share.parse(shards),
                report=lambda status: show(_build_step(status, show.seconds)),
                report_planning=lambda stage, items: show(_planning_step(stage, items)),
            )
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command goes on from here") from None
    return _summary(built, out, time.monotonic() - started)


def audited(folder: Path, *, seed: int, limit: int | None, workers: int | None, together: str) -> Report:
    """Audit a folder with progress on stderr; the arguments are those of :func:`puzzlegen.audit.audit`."""
    from puzzlegen.audit import audit  # noqa: PLC0415 - needs an extra

    try:
        with open_progress("starting") as show:
            return audit(
                folder,
                seed=seed,
                limit=limit,
                workers=workers or usable_cores(),
                together=together,
                report=lambda stage: show(_audit_step(stage)),
            )
    except KeyboardInterrupt:
        raise Interrupted("stopped; the same command audits the folder from the beginning") from None


def recipe_of(folder: Path, source: str | None) -> Recipe:
    """Return the recipe that a folder was built by, with the source it was built from or ``source`` instead."""
    canonical = _read_identity(folder)["recipe"]
    if source is not None:
        return recipe_from_canonical(canonical, source_at(source, canonical["source"]))
    source_file = folder / STATE / SOURCE
    if not source_file.exists():
        raise SourceError(f"'{folder}' does not know where its source lies; give --source")
    return recipe_from_canonical(canonical, read_json(source_file))


def _read_identity(folder: Path) -> dict[str, Any]:
    """Return what a folder's build was started with, also while shards are missing."""
    return read_begun(folder) or manifest_of(folder)


def merged(folder: Path, source: str | None) -> dict[str, Any]:
    """Finish a folder that several runs have filled, and return the summary as data."""
    started = time.monotonic()
    manifest = merge(recipe_of(folder, source), folder, limit=_read_identity(folder)["limit"])
    return {"out": str(folder), "complete": True, "shards_made": 0} | _counts(manifest, time.monotonic() - started)


def _summary(built: Built, out: Path, seconds: float) -> dict[str, Any]:
    summary: dict[str, Any] = {"out": str(out), "complete": built.manifest is not None, "shards_made": built.made}
    if built.manifest:
        return summary | _counts(built.manifest, seconds)
    return summary | {"items": built.plan.items, "seconds": round(seconds, 1)}


def _counts(manifest: dict[str, Any], seconds: float) -> dict[str, Any]:
    files = [file for shard in manifest["shards"] for file in shard["files"]]
    return {
        "items": manifest["source"]["items"],
        "seconds": round(seconds, 1),
        "kept": manifest["kept"],
        "rejected": manifest["rejected"],
        "rows": manifest["rows"],
        "files": len(files),
        "bytes": sum(file["bytes"] for file in files),
    }


def summary_lines(summary: dict[str, Any]) -> list[str]:
    """Return the summary as lines for people."""
    if not summary["complete"]:
        return [f"{summary['shards_made']} shards made in {summary['out']}; other shards are still to be built"]
    kept, rejected, out = summary["kept"], summary["rejected"], summary["out"]
    size = f"{summary['files']} files, {summary['bytes'] / 1e6:.1f} MB, {summary['seconds']} s"
    return [
        f"{sum(kept.values())} puzzles from {summary['items']} items in {out} ({size})",
        *(f"  {task:16} kept {n:6}{_format_reasons(rejected.get(task, {}))}" for task, n in _by_task(kept, rejected)),
        *([f"  {'not items':16}            {_format_reasons(rejected[''])}"] if "" in rejected else []),
        *(f"  {reason}: {REASONS[reason]}" for reason in _common_reasons(kept, rejected)),
        f"next: puzzlegen {f'verify {out} --replay 10' if any(kept.values()) else f'preview {out}'}",
    ]


def _common_reasons(kept: dict[str, int], rejected: dict[str, dict[str, int]]) -> list[str]:
    """Return the reasons that rejected at least half of the attempts at some task."""
    tries = {task: sum(counts.values()) + kept.get(task, 0) for task, counts in rejected.items() if task}
    return sorted({reason for task, n in tries.items() for reason, count in rejected[task].items() if 2 * count >= n})


def _by_task(kept: dict[str, int], rejected: dict[str, dict[str, int]]) -> list[tuple[str, int]]:
    return [(task, kept.get(task, 0)) for task in sorted(set(kept) | set(rejected) - {""})]


def _format_reasons(reasons: dict[str, int]) -> str:
    ordered = sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    return "   rejected " + ", ".join(f"{reason} {count}" for reason, count in ordered) if ordered else ""


def outline(recipe: Recipe, limit: int | None) -> dict[str, Any]:
    """Return what a build would make, without making it."""
    with open_progress("planning") as show:
        plan = make_plan(recipe, limit, report=lambda stage, items: show(_planning_step(stage, items)))
    planned: Counter[str] = Counter()
    splits: Counter[str] = Counter()
    for group in plan.groups:
        splits[group.split] += len(group.items)
        for task, count in group.quota.totals().items():
            planned[recipe.tasks[task].task.name] += count
    skipped = plan.skipped.reasons
    return {
        "items": plan.items,
        "splits": dict(splits),
        "shards": len(plan),
        "puzzles_at_most": dict(sorted(planned.items())),
        "skipped": dict(sorted(skipped.items())),
    }


def outline_lines(found: dict[str, Any]) -> list[str]:
    """Return the outline as lines for people."""
    tasks = ", ".join(f"{name} {count}" for name, count in found["puzzles_at_most"].items())
    splits = ", ".join(f"{name} {count}" for name, count in found["splits"].items())
    lines = [f"{found['items']} items ({splits}) in {found['shards']} shards; at most: {tasks}"]
    if found["skipped"]:
        lines.append("skipped: " + ", ".join(f"{reason} {count}" for reason, count in found["skipped"].items()))
    return lines


def verified_lines(found: Verified) -> list[str]:
    """Return the outcome of ``verify`` as lines for people."""
    head = f"{found.files} files, {found.rows} puzzles checked, {found.replayed} rebuilt from source"
    if not found.problems:
        return [f"{head}: all as built"]
    is_repairable = any(_FILE_DAMAGED.search(problem) for problem in found.problems)
    advice = "delete damaged files: the build's own command makes what is missing again, the same"
    return [f"{head}: {len(found.problems)} problems", *found.problems, *([advice] if is_repairable else [])]


def selected(folder: Path, pass_rates: Path, keep: str, out: Path, *, balance: bool) -> dict[str, Any]:
    """Write the puzzles whose mean reward lies in ``keep``, such as ``0.2..0.8``, to ``out``.

    With ``balance``, puzzles are dropped until the answers of each task are as even as in a build. What
    constant answers still earn above chance is returned as ``farmable``.
    """
    low, _, high = keep.partition("..")
    try:
        bounds = float(low), float(high)
    except ValueError as err:
        raise RecipeError(f"--keep '{keep}' is not LOW..HIGH, such as 0.2..0.8") from err
    if not (ids := set(select(folder, pass_rates, bounds))):
        raise RecipeError(f"no puzzle has a mean reward in {keep}; choose another --keep")
    puzzles = choosable(folder, ids)
    if balance:
        ids = balanced(puzzles)
        puzzles = [puzzle for puzzle in puzzles if puzzle.id in ids]
    constants = farmable(puzzles)
    chosen_by = {"mean_reward": list(bounds)} | ({"balanced": True} if balance else {})
    manifest = write_subset(folder, ids, out, chosen_by=chosen_by)
    kept, total = (sum(one["kept"].values()) for one in (manifest, manifest_of(folder)))
    return {"kept": kept, "of": total, "out": str(out), "farmable": constants}


def scored_lines(found: Scored) -> list[str]:
    """Return the outcome of ``score`` as lines for people."""
    lines = [f"{'task':16} {'n':>6} {'reward':>7} {'95 %':>15} {'right':>6} {'format':>7} {'chance':>7}"]
    for task in found.tasks:
        interval = f"{task.low:.3f}-{task.high:.3f}"
        numbers = f"{task.reward:7.3f} {interval:>15} {task.accuracy:6.3f} {task.format:7.3f} {task.chance:7.3f}"
        lines.append(f"{task.task:16} {task.n:6} {numbers}")
        for group in (group for group in found.groups if group.task == task.task):
            interval = f"{group.low:.3f}-{group.high:.3f}"
            numbers = f"{group.reward:7.3f} {interval:>15} {group.accuracy:6.3f} {'':>7} {group.chance:7.3f}"
            lines.append(f"  {group.group:14} {group.n:6} {numbers}")
    lines.append(f"{found.unknown} responses name no puzzle here; {found.missing} puzzles have no response")
    return lines


def _planning_step(stage: str, items: int) -> Step:
    return Step(0, None, f"{stage}: {items} items", {"stage": stage, "items": items}, due=False)


def _build_step(status: Status, seconds: float) -> Step:
    counts, rate = status.all, status.now.kept / max(seconds, 1e-9)
    return Step(
        status.done,
        status.shards,
        f"{status.done}/{status.shards} shards  {counts.kept} puzzles, {rate:.0f}/s  {counts.rejected} rejected",
        {"shards": status.done, "of": status.shards, **counts._asdict()},
        due=status.done >= status.shards,
    )


def _audit_step(stage: Stage) -> Step:
    return Step(
        stage.done,
        stage.of,
        f"{stage.name}  {stage.done}/{stage.of}",
        {"stage": stage.name, "done": stage.done, "of": stage.of},
        due=stage.done in (0, stage.of),
    )
