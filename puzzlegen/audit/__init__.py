"""Audit: is the data any good? Shortcuts that give answers away without a look at the content, balance, duplicates.

Four families of probes are trained on some sources and tested on others (``learning``): *blind* probes see words,
record fields, sizes, bytes, drawn borders (``surface``) and overall tones (``marks``); *artefact* probes see traces of
how media were made (``traces``); *edge* probes see whether tiles and clips join (``joints``); *mark* probes see colours
at fixed places (``marks``). The rules in ``report`` turn results into verdicts. The same folder and arguments give the
same report.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from puzzlegen.audit.checks import Splits, evidence, scenes_note, task_checks
from puzzlegen.audit.estimates import Estimate
from puzzlegen.audit.habits import habits
from puzzlegen.audit.learning import sklearn
from puzzlegen.audit.passes import Key, key_of, looked_at, spread, washed
from puzzlegen.audit.probes import TaskProbes
from puzzlegen.audit.report import Check, Probe, Report, TaskReport, Verdict, lines
from puzzlegen.audit.section import section
from puzzlegen.audit.seen import Seen
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.output import CARD, write_atomic, write_json
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.rng import digest
from puzzlegen.writers.card import with_audit

__all__ = ["AUDIT", "Check", "Estimate", "Probe", "Report", "TaskReport", "Verdict", "audit", "lines"]

#: The report's file name, beside the manifest.
AUDIT: Final = "audit.json"
_BINS: Final = 10
_NO_MEDIA: Final = "No media: the text is the content, so only its form and the record's fields were probed."


def audit(folder: Path, *, seed: int = 0, limit: int | None = None, workers: int = 1, together: str = "") -> Report:
    """Audit a finished build: write ``audit.json`` into its folder and a section into its dataset card.

    Media are decoded one puzzle at a time; only numbers are kept, about 10 KB per puzzle.

    Args:
        folder: a build's output.
        seed: seed of the folds and of the draw of ``limit`` puzzles.
        limit: maximum number of puzzles to look at per task.
        workers: number of processes; it changes no result.
        together: regular expression. Sources in whose names its first match is the same text show one scene (clips of
            one camera, frames of one film). They go into one fold, because a learner that has been trained on a scene
            knows answers by heart that nothing in the media reveals.

    Raises:
        IntegrityError: there is no finished build, or it is damaged.
        PuzzlegenError: scikit-learn is not installed, ``together`` is not a regular expression, or there are no
            puzzles.
        OutputError: the report cannot be written.
    """
    sklearn("base")
    scene_of = _scene_function(together)
    manifest = manifest_of(folder)
    if not (files := [folder / file["path"] for file in files_of(manifest)]):
        raise PuzzlegenError(f"'{folder}' has no puzzles to audit")
    if missing_files := [file.name for file in files if not file.is_file()]:
        raise IntegrityError(f"'{folder}' lacks {missing_files[0]}; puzzlegen verify lists what is wrong with it")
    chosen_ids = None if limit is None else _draw_ids(files, seed, limit)
    puzzles_by_key: dict[Key, list[Seen]] = defaultdict(list)
    splits = Splits()
    with spread(workers) as process_map:
        for key, puzzle in looked_at(files, chosen_ids, workers, process_map):
            puzzles_by_key[key].append(puzzle._replace(scene=scene_of(puzzle.source)))
            splits.add(puzzle, str(key))
        probes = dict(
            zip(
                puzzles_by_key,
                process_map(_run_probes, [(puzzles, seed) for puzzles in puzzles_by_key.values()]),
                strict=True,
            )
        )
        if suspects := [key for key, task_probes in probes.items() if _is_suspect(task_probes)]:
            control_puzzles = washed(
                files, {puzzle.id: puzzle for key in suspects for puzzle in puzzles_by_key[key]}, workers, process_map
            )
            control_work = [([control_puzzles[puzzle.id] for puzzle in puzzles_by_key[key]], seed) for key in suspects]
            probes |= dict(zip(suspects, process_map(_run_probes, control_work), strict=True))
    names = _task_names(list(puzzles_by_key))
    tasks = tuple(_task_report(names[key], puzzles_by_key[key], probes[key]) for key in sorted(puzzles_by_key))
    report = Report(seed, limit, tasks, tuple(splits.checks()), manifest.get("content_sha256", ""), together)
    write_json(folder / AUDIT, report.to_json())
    card = folder / CARD
    if card.is_file():
        write_atomic(card, with_audit(card.read_text(encoding="utf-8"), section(report)).encode())
    return report


def _scene_function(together: str) -> Callable[[str], str]:
    """Return the function that maps a source's name to its scene: the matched text or, without a match, the name."""
    try:
        pattern = re.compile(together)
    except re.error as err:
        raise PuzzlegenError(f"together: {together!r} is not a regular expression: {err}") from err

    def scene(source: str) -> str:
        match = pattern.search(source) if together else None
        return match.group() if match else source

    return scene


def _run_probes(work: tuple[list[Seen], int]) -> tuple[Probe, ...]:
    return tuple(TaskProbes(*work).run())


def _is_suspect(probes: Sequence[Probe]) -> bool:
    return any(probe.family == "artefact" and probe.verdict != "clean" for probe in probes)


def _draw_ids(files: Sequence[Path], seed: int, limit: int) -> frozenset[str]:
    ids: dict[Key, list[str]] = defaultdict(list)
    for path in files:
        for row in read_rows(path, ["id", "extra_info"]):
            ids[key_of(row)].append(row["id"])
    draws = (
        heapq.nsmallest(limit, task_ids, key=lambda puzzle_id: digest("audit", seed, puzzle_id))
        for task_ids in ids.values()
    )
    return frozenset(puzzle_id for draw in draws for puzzle_id in draw)


def _task_names(keys: Sequence[Key]) -> dict[Key, str]:
    """The name of each task, with the parameters that set it apart if a recipe has the task more than once."""
    counts = Counter(task for task, _ in keys)
    names = {}
    for task, params in keys:
        others = [json.loads(other) for name, other in keys if name == task]
        distinct_params = {k: v for k, v in json.loads(params).items() if any(other.get(k) != v for other in others)}
        suffix = " ".join(f"{k}={v}" for k, v in sorted(distinct_params.items()))
        names[task, params] = f"{task} {suffix}" if counts[task] > 1 else task
    return names


def _task_report(name: str, task_puzzles: list[Seen], probes: tuple[Probe, ...]) -> TaskReport:
    difficulty, _ = np.histogram([puzzle.difficulty for puzzle in task_puzzles], _BINS, (0, 1))
    margin = np.quantile([puzzle.margin for puzzle in task_puzzles], (0, 0.25, 0.5, 0.75, 1))
    return TaskReport(
        task=name,
        n=len(task_puzzles),
        sources=len({puzzle.source for puzzle in task_puzzles}),
        kind=task_puzzles[0].target.kind,
        probes=probes,
        checks=(*task_checks(task_puzzles), *habits(task_puzzles), evidence(task_puzzles, probes)),
        difficulty=tuple(int(n) for n in difficulty),
        margin=tuple(round(float(m), 4) for m in margin),
        note=scenes_note(task_puzzles) if task_puzzles[0].form is not None else _NO_MEDIA,
    )
