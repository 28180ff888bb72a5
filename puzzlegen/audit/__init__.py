"""Audit: is the data any good? Shortcuts that give answers away without a look at the content, balance, duplicates.

Four families of probes are trained on some sources and tested on others (``learning``): *blind* probes see words,
record fields, sizes, bytes, drawn borders (``surface``) and overall tones (``marks``); *artefact* probes see traces of
how media were made (``traces``) and how sharp and noisy they are (``sharpness``); *edge* probes see whether tiles and
clips join (``joints``); *mark* probes see colours at fixed places (``marks``). The rules in ``report`` turn results
into verdicts. The same folder and arguments give the same report.
"""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from puzzlegen.audit.checks import Splits, evidence, scenes_note, task_checks
from puzzlegen.audit.estimates import Estimate
from puzzlegen.audit.habits import habits
from puzzlegen.audit.learning import sklearn
from puzzlegen.audit.passes import Cut, Key, Spread, Stage, key_of, looked_at, spread, staged, washed
from puzzlegen.audit.probes import TaskProbes
from puzzlegen.audit.report import Check, Histogram, Probe, Report, TaskReport, Verdict, lines
from puzzlegen.audit.section import section
from puzzlegen.audit.seen import Seen
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.output import CARD, write_atomic, write_json
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.rng import digest
from puzzlegen.writers.card import with_audit

__all__ = [
    "AUDIT",
    "Check",
    "Estimate",
    "Histogram",
    "Probe",
    "Report",
    "Stage",
    "TaskReport",
    "Verdict",
    "audit",
    "lines",
]

#: The report's file name, beside the manifest.
AUDIT: Final = "audit.json"
_BINS: Final = 10
#: Small enough that progress is seen, large enough that reading a file anew for each stripe takes little time.
_ROWS_PER_STRIPE: Final = 256
_NO_MEDIA: Final = "No media: the text is the content, so only its form and the record's fields were probed."


def audit(
    folder: Path,
    *,
    seed: int = 0,
    limit: int | None = None,
    workers: int = 1,
    together: str = "",
    report: Callable[[Stage], None] = lambda _: None,
) -> Report:
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
        report: called at the start of each stage and after each of its parts.

    Raises:
        IntegrityError: there is no finished build, or it is damaged.
        PuzzlegenError: scikit-learn is not installed, ``together`` is not a regular expression, or there are no
            puzzles.
        OutputError: the report cannot be written.
    """
    sklearn("base")
    scene_of = _scene_function(together)
    manifest = manifest_of(folder)
    entries = list(files_of(manifest))
    if not (files := [folder / entry["path"] for entry in entries]):
        raise PuzzlegenError(f"'{folder}' has no puzzles to audit")
    if missing_files := [file.name for file in files if not file.is_file()]:
        raise IntegrityError(f"'{folder}' lacks {missing_files[0]}; puzzlegen verify lists what is wrong with it")
    chosen_ids = None if limit is None else _draw_ids(files, seed, limit)
    # To pick out a few puzzles takes as long as reading the file, so it is not read more often than needed.
    most_rows = 0 if limit else max(int(entry["rows"]) for entry in entries)
    cut = Cut(files, max(workers, -(-most_rows // _ROWS_PER_STRIPE)))
    puzzles_by_key: dict[Key, list[Seen]] = defaultdict(list)
    splits = Splits()
    with spread(workers) as process_map:
        for key, puzzle in looked_at(cut, chosen_ids, staged("looking at puzzles", process_map, report)):
            puzzles_by_key[key].append(puzzle._replace(scene=scene_of(puzzle.source)))
            splits.add(puzzle, str(key))
        probes = _probe_all(puzzles_by_key, seed, staged("probing tasks", process_map, report))
        if suspects := {key: puzzles_by_key[key] for key in probes if _is_suspect(probes[key])}:
            puzzles_by_id = {puzzle.id: puzzle for puzzles in suspects.values() for puzzle in puzzles}
            once_per_worker = cut._replace(stripes=workers)  # each stripe of this pass is sent all the puzzles
            controls = washed(
                once_per_worker, puzzles_by_id, staged("making copies without traces", process_map, report)
            )
            with_controls = {key: [controls[puzzle.id] for puzzle in puzzles] for key, puzzles in suspects.items()}
            probes |= _probe_all(with_controls, seed, staged("probing copies", process_map, report))
    names = _task_names(list(puzzles_by_key))
    tasks = tuple(_task_report(names[key], puzzles_by_key[key], probes[key]) for key in sorted(puzzles_by_key))
    found = Report(seed, limit, tasks, tuple(splits.checks()), manifest.get("content_sha256", ""), together)
    write_json(folder / AUDIT, found.to_json())
    card = folder / CARD
    if card.is_file():
        write_atomic(card, with_audit(card.read_text(encoding="utf-8"), section(found)).encode())
    return found


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


def _probe_all(
    puzzles_by_key: Mapping[Key, list[Seen]], seed: int, over: Spread[Any, Any]
) -> dict[Key, tuple[Probe, ...]]:
    results = over(_run_probes, [(puzzles, seed) for puzzles in puzzles_by_key.values()])
    return dict(zip(puzzles_by_key, results, strict=True))


def _run_probes(work: tuple[list[Seen], int]) -> tuple[Probe, ...]:
    return tuple(TaskProbes(*work).run())


def _is_suspect(probes: Sequence[Probe]) -> bool:
    """Whether an artefact probe that has no control yet is not clean."""
    return any(probe.family == "artefact" and probe.verdict != "clean" and probe.washed is None for probe in probes)


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
    difficulty = _histogram([puzzle.difficulty for puzzle in task_puzzles], (0, 1))
    margins = [puzzle.margin for puzzle in task_puzzles]
    margin = np.quantile(margins, (0, 0.25, 0.5, 0.75, 1))
    return TaskReport(
        task=name,
        n=len(task_puzzles),
        sources=len({puzzle.source for puzzle in task_puzzles}),
        kind=task_puzzles[0].target.kind,
        probes=probes,
        checks=(*task_checks(task_puzzles), *habits(task_puzzles), evidence(task_puzzles, probes)),
        difficulty=difficulty.counts,
        margin=tuple(round(float(m), 4) for m in margin),
        note=scenes_note(task_puzzles) if task_puzzles[0].form is not None else _NO_MEDIA,
        histograms={"difficulty": difficulty, "margin": _histogram(margins, (min(0.0, *margins), max(margins) or 1.0))},
    )


def _histogram(values: Sequence[float], limits: tuple[float, float]) -> Histogram:
    counts, edges = np.histogram(values, _BINS, limits)
    return Histogram(tuple(round(float(edge), 4) for edge in edges), tuple(int(n) for n in counts))
