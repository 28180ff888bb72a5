"""Counts over a finished folder, for its dataset card: answers, difficulty, licences, and one example per task."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from puzzlegen.reading import files_of, read_rows
from puzzlegen.writers import Row

#: Counts of answers are dropped for a task with more different answers than this.
_MOST_ANSWERS: Final = 64
_BINS: Final = 10
_TEXT_COLUMNS: Final = ["id", "answer", "extra_info"]


class TaskCensus:
    """Counts over one task's puzzles.

    Attributes:
        n: number of puzzles.
        answers: how often each answer is the right one; None if there are too many different answers.
        difficulty: least, mean and largest difficulty.
        chance: mean score of a policy that answers without looking.
        histogram: number of puzzles in each of ten equal ranges of difficulty.
        example: one complete record, with its media.
    """

    def __init__(self) -> None:
        self.n = 0
        self.answers: Counter[str] | None = Counter()
        self.histogram = [0] * _BINS
        self.example: Row = {}
        self._difficulty_totals = [1.0, 0.0, 0.0]
        self._chance_total = 0.0

    @property
    def difficulty(self) -> tuple[float, float, float]:
        """Least, mean and largest difficulty."""
        low, total, high = self._difficulty_totals
        return low, total / self.n, high

    @property
    def chance(self) -> float:
        """Mean chance level of the puzzles."""
        return self._chance_total / self.n

    def add(self, answer: str, info: dict[str, Any]) -> None:
        """Count a puzzle."""
        self.n += 1
        if self.answers is not None:
            self.answers[answer] += 1
            if len(self.answers) > _MOST_ANSWERS:
                self.answers = None
        low, total, high = self._difficulty_totals
        puzzle_difficulty = info["difficulty"]
        self._difficulty_totals = [min(low, puzzle_difficulty), total + puzzle_difficulty, max(high, puzzle_difficulty)]
        self._chance_total += info["chance"]
        self.histogram[min(int(puzzle_difficulty * _BINS + 1e-9), _BINS - 1)] += 1


class Census:
    """Counts over all files of a folder.

    Attributes:
        tasks: the counts of each task, by its name.
        licences: number of puzzles by licence, as the source states it; the empty text stands for no stated licence.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, TaskCensus] = {}
        self.licences: Counter[str] = Counter()


def take_census(out: Path, manifest: dict[str, Any]) -> Census:
    """Count all records, reading only their text, and keep each task's first record complete as its example.

    Args:
        out: a folder whose data files are all in place.
        manifest: lists the data files; it need not be written yet.
    """
    census = Census()
    for file in files_of(manifest):
        path = out / file["path"]
        example_tasks: dict[str, str] = {}
        for row in read_rows(path, _TEXT_COLUMNS):
            info = row["extra_info"]
            if info["task"] not in census.tasks:
                census.tasks[info["task"]] = TaskCensus()
                example_tasks[row["id"]] = info["task"]
            census.tasks[info["task"]].add(row["answer"], info)
            census.licences[info["licence"]] += 1
        _take_examples(census, path, example_tasks)
    return census


def _take_examples(census: Census, path: Path, example_tasks: dict[str, str]) -> None:
    if not example_tasks:
        return
    for row in read_rows(path):
        if task := example_tasks.pop(row["id"], ""):
            census.tasks[task].example = row
            if not example_tasks:
                return
