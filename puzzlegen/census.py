"""What the files of a finished folder hold, counted for its card: answers, difficulty, licences, an example each."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any, Final

from puzzlegen.reading import files_of, read_rows
from puzzlegen.writers import Row

#: Tasks with more different answers than this are said to have many; their counts are not kept.
_MOST_ANSWERS: Final = 64
_BINS: Final = 10
_WORDS: Final = ["id", "answer", "extra_info"]


class TaskCensus:
    """One task's puzzles, counted.

    Attributes:
        n: puzzles.
        answers: how often each answer is right; None if there are too many different ones.
        difficulty: least, mean and largest.
        chance: mean score of a policy that answers without looking.
        histogram: puzzles in each of ten equal ranges of difficulty.
        example: a puzzle, whole.
    """

    def __init__(self) -> None:
        self.n = 0
        self.answers: Counter[str] | None = Counter()
        self.histogram = [0] * _BINS
        self.example: Row = {}
        self._difficulty = [1.0, 0.0, 0.0]
        self._chance = 0.0

    @property
    def difficulty(self) -> tuple[float, float, float]:
        """Least, mean and largest."""
        low, total, high = self._difficulty
        return low, total / self.n, high

    @property
    def chance(self) -> float:
        """Mean over the puzzles."""
        return self._chance / self.n

    def add(self, answer: str, info: dict[str, Any]) -> None:
        """Count a puzzle."""
        self.n += 1
        if self.answers is not None:
            self.answers[answer] += 1
            if len(self.answers) > _MOST_ANSWERS:
                self.answers = None
        low, total, high = self._difficulty
        hard = info["difficulty"]
        self._difficulty = [min(low, hard), total + hard, max(high, hard)]
        self._chance += info["chance"]
        self.histogram[min(int(hard * _BINS + 1e-9), _BINS - 1)] += 1


class Census:
    """All files counted.

    Attributes:
        tasks: by name.
        licences: how many puzzles come under each, as the source states it; empty where it does not.
    """

    def __init__(self) -> None:
        self.tasks: dict[str, TaskCensus] = {}
        self.licences: Counter[str] = Counter()


def take_census(out: Path, manifest: dict[str, Any]) -> Census:
    """Read the words of every record, and all of one record per task: the first of its first file.

    Args:
        out: a folder whose data files are all in place.
        manifest: names them; it need not be written yet.
    """
    census = Census()
    for file in files_of(manifest):
        path = out / file["path"]
        fresh: dict[str, str] = {}
        for row in read_rows(path, _WORDS):
            info = row["extra_info"]
            if info["task"] not in census.tasks:
                census.tasks[info["task"]] = TaskCensus()
                fresh[row["id"]] = info["task"]
            census.tasks[info["task"]].add(row["answer"], info)
            census.licences[info["licence"]] += 1
        _take_examples(census, path, fresh)
    return census


def _take_examples(census: Census, path: Path, fresh: dict[str, str]) -> None:
    if not fresh:
        return
    for row in read_rows(path):
        if task := fresh.pop(row["id"], ""):
            census.tasks[task].example = row
            if not fresh:
                return
