"""Score a file of responses against a build, per task and against chance."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import sqrt
from pathlib import Path
from typing import Any, NamedTuple

from puzzlegen.errors import PuzzlegenError
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.verify import score

_Z = 1.96


class TaskScore(NamedTuple):
    """How responses to the puzzles of one task did; ``low`` and ``high`` bound the mean reward (95 %, Wilson)."""

    task: str
    n: int
    reward: float
    low: float
    high: float
    accuracy: float
    format: float
    chance: float


class Scored(NamedTuple):
    """Scores by task, ``all`` last, and how many responses named no puzzle of the folder or were missing."""

    tasks: list[TaskScore]
    unknown: int
    missing: int


def score_file(folder: Path, responses: Path) -> Scored:
    """Score ``responses``, JSON lines of ``{"id": ..., "response": ...}``, against the puzzles in ``folder``.

    Raises:
        PuzzlegenError: the file cannot be read, or a line is not of that form.
    """
    given = dict(_read(responses))
    results: dict[str, list[tuple[float, float, float]]] = {}
    seen = total = 0
    for file in files_of(manifest_of(folder)):
        for row in read_rows(folder / file["path"], ["id", "ground_truth", "extra_info"]):
            total += 1
            if row["id"] in given:
                seen += 1
                found = score(given[row["id"]], row["ground_truth"])
                info = row["extra_info"]
                results.setdefault(info["task"], []).append((found.value, found.parts["format"], info["chance"]))
    tasks = [_summary(task, rows) for task, rows in sorted(results.items())]
    if results:
        tasks.append(_summary("all", [row for rows in results.values() for row in rows]))
    return Scored(tasks, len(given) - seen, total - seen)


def _read(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as err:
        raise PuzzlegenError(f"cannot read '{path}': {err}") from err
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield str(row["id"]), row["response"]
        except (ValueError, KeyError, TypeError) as err:
            raise PuzzlegenError(f'{path}:{number}: not of the form {{"id": ..., "response": ...}} ({err})') from err


def _summary(task: str, rows: list[tuple[float, float, float]]) -> TaskScore:
    n = len(rows)
    reward = sum(row[0] for row in rows) / n
    low, high = _wilson(reward, n)
    accuracy = sum(row[0] >= 1 for row in rows) / n
    return TaskScore(task, n, reward, low, high, accuracy, sum(r[1] for r in rows) / n, sum(r[2] for r in rows) / n)


def _wilson(p: float, n: int) -> tuple[float, float]:
    """Wilson's interval; for rewards between 0 and 1 it is no narrower than it should be."""
    middle = (p + _Z * _Z / (2 * n)) / (1 + _Z * _Z / n)
    half = _Z * sqrt(p * (1 - p) / n + _Z * _Z / (4 * n * n)) / (1 + _Z * _Z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
