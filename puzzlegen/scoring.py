"""Score files of responses against a build: how each task does against chance, and which puzzles still teach.

A line of responses is ``{"id": ..., "response": ...}`` or, for several rollouts, ``{"id": ..., "responses": [...]}``;
an id may come again. Files are read line by line, so they may be larger than memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.intervals import wilson
from puzzlegen.output import write_atomic
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.verify import VerifierError, score

_BUCKETS = 5
#: Answers are told apart for tasks with this many or fewer; orders and places differ in every puzzle.
_MOST_ANSWERS = 12


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


class GroupScore(NamedTuple):
    """How responses to some puzzles of a task did, so that a model's calibration and its habits can be seen.

    ``group`` is a range of difficulty (``difficulty 0.2-0.4``) or a right answer (``answer B``); ``low`` and ``high``
    bound the mean reward as for tasks. Where rewards differ between answers, the model prefers one.
    """

    task: str
    group: str
    n: int
    reward: float
    low: float
    high: float
    accuracy: float
    chance: float


class Scored(NamedTuple):
    """Scores by task, ``all`` last, how many ids name no puzzle of the folder and how many puzzles have no response."""

    tasks: list[TaskScore]
    unknown: int
    missing: int
    groups: list[GroupScore]


class PassRate(NamedTuple):
    """What rollouts of one puzzle earned: how many there were, their mean reward, and the share that was right."""

    id: str
    n: int
    mean: float
    pass_rate: float


class _Rollouts:
    """One puzzle and what its responses earned."""

    __slots__ = ("answer", "forms", "id", "info", "rewards", "truth")

    def __init__(self, row: dict[str, Any]) -> None:
        self.id: str = row["id"]
        self.truth: str = row["ground_truth"]
        self.answer: str = row["answer"]
        self.info = {key: row["extra_info"][key] for key in ("task", "difficulty", "chance")}
        self.rewards: list[float] = []
        self.forms: list[float] = []

    def add(self, response: object) -> None:
        try:
            found = score(response, self.truth)
        except VerifierError as err:
            raise IntegrityError(f"puzzle {self.id}: {err}; puzzlegen verify finds what else was changed") from err
        self.rewards.append(found.value)
        self.forms.append(found.parts["format"])


def score_file(folder: Path, responses: Path) -> Scored:
    """Score ``responses`` against the puzzles in ``folder``.

    Raises:
        PuzzlegenError: the file cannot be read, or a line is not of the form above.
    """
    return _scored(*_rolled_out(folder, responses))


def score_rollouts(folder: Path, responses: Path, out: Path) -> tuple[Scored, list[PassRate]]:
    """:func:`score_file` and :func:`pass_rates` of one file, each response scored once.

    Raises:
        PuzzlegenError: the responses cannot be read, or ``out`` cannot be written or is their own file.
    """
    if out.exists() and responses.exists() and out.samefile(responses):
        raise PuzzlegenError(f"pass rates would overwrite the responses in '{responses}'; choose another --rollouts")
    puzzles, unknown = _rolled_out(folder, responses)
    return _scored(puzzles, unknown), _write_rates(puzzles, out)


def _scored(puzzles: dict[str, _Rollouts], unknown: int) -> Scored:
    answered = [puzzle for puzzle in puzzles.values() if puzzle.rewards]
    by_task: dict[str, list[_Rollouts]] = {}
    for puzzle in answered:
        by_task.setdefault(puzzle.info["task"], []).append(puzzle)
    tasks = [_summary(task, found) for task, found in sorted(by_task.items())]
    groups = [group for task, found in sorted(by_task.items()) for group in _groups(task, found)]
    if answered:
        tasks.append(_summary("all", answered))
    return Scored(tasks, unknown, len(puzzles) - len(answered), groups)


def pass_rates(folder: Path, responses: Path, out: Path) -> list[PassRate]:
    """Score rollouts and write, per puzzle that has any, one JSON line with the fields of :class:`PassRate`.

    Raises:
        PuzzlegenError: the responses cannot be read, or ``out`` cannot be written.
    """
    return _write_rates(_rolled_out(folder, responses)[0], out)


def _write_rates(puzzles: dict[str, _Rollouts], out: Path) -> list[PassRate]:
    rates = [_rate(puzzle_id, puzzle.rewards) for puzzle_id, puzzle in puzzles.items() if puzzle.rewards]
    write_atomic(out, "".join(json.dumps(rate._asdict()) + "\n" for rate in rates).encode())
    return rates


def select(folder: Path, pass_rates_file: Path, keep: tuple[float, float] = (0.2, 0.8)) -> Iterator[str]:
    """The ids of the folder's puzzles that still teach a model, in the folder's order.

    A group of rollouts that all earn the same has no gradient. SSL4RL found that puzzles of middling difficulty teach
    most, Temporal-RLT selects by the spread of rewards; both come to dropping those nearly always or never solved.

    Args:
        folder: the build.
        pass_rates_file: what :func:`pass_rates` wrote for the model that is to be trained.
        keep: least and largest mean reward, both included. Puzzles without rollouts are left out.

    Raises:
        PuzzlegenError: the file is not of that form, or ``keep`` is no range.
    """
    low, high = keep
    if not low <= high:
        raise PuzzlegenError(f"cannot keep mean rewards from {low} to {high}: give the least first")
    means = {str(row["id"]): row["mean"] for row in _lines(pass_rates_file, {"id": (str,), "mean": (int, float)})}
    return (row["id"] for row in _rows(folder, ["id"]) if low <= means.get(row["id"], low - 1) <= high)


def _rate(puzzle_id: str, rewards: list[float]) -> PassRate:
    n = len(rewards)
    return PassRate(puzzle_id, n, round(sum(rewards) / n, 6), round(sum(value >= 1 for value in rewards) / n, 6))


def _rolled_out(folder: Path, responses: Path) -> tuple[dict[str, _Rollouts], int]:
    """The folder's puzzles with what their responses earned, and how many ids are none of theirs."""
    columns = ["id", "answer", "ground_truth", "extra_info"]
    puzzles = {row["id"]: _Rollouts(row) for row in _rows(folder, columns)}
    unknown: set[str] = set()
    for puzzle_id, response in _read(responses):
        if puzzle_id in puzzles:
            puzzles[puzzle_id].add(response)
        else:
            unknown.add(puzzle_id)
    if unknown and not any(puzzle.rewards for puzzle in puzzles.values()):
        example = min(unknown)
        raise PuzzlegenError(
            f"no id in '{responses}' is one of '{folder}', such as '{example}'; is it another build's?"
        )
    return puzzles, len(unknown)


def _rows(folder: Path, columns: list[str]) -> Iterator[dict[str, Any]]:
    for file in files_of(manifest_of(folder)):
        yield from read_rows(folder / file["path"], columns)


def _read(path: Path) -> Iterator[tuple[str, Any]]:
    """Every response with the id of its puzzle."""
    for row in _lines(path, {"id": (str, int)}):
        several = row.get("responses", [])
        if not isinstance(several, list) or ("response" in row) == ("responses" in row):
            raise PuzzlegenError(f"{path}: puzzle '{row['id']}' needs either a response or a list of responses")
        yield from ((str(row["id"]), response) for response in ([row["response"]] if "response" in row else several))


def _lines(path: Path, needed: dict[str, tuple[type, ...]]) -> Iterator[dict[str, Any]]:
    """The objects of a file of JSON lines, each with the keys that are needed."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _object(line, needed, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as err:
        raise PuzzlegenError(f"cannot read '{path}': {err}") from err


def _object(line: str, needed: dict[str, tuple[type, ...]], where: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise PuzzlegenError(f"{where}: not JSON ({err}); give one object per line") from err
    for key, kinds in needed.items():
        if not isinstance(row, dict) or not isinstance(row.get(key), kinds):
            form = ", ".join(f'"{name}": ...' for name in needed)
            raise PuzzlegenError(f"{where}: not of the form {{{form}, ...}}: got {line.strip():.80}")
    return row


def _groups(task: str, puzzles: list[_Rollouts]) -> Iterator[GroupScore]:
    """A task's puzzles by difficulty and, where they are few, by right answer."""
    by: dict[str, list[_Rollouts]] = {}
    answers = {puzzle.answer for puzzle in puzzles}
    for puzzle in puzzles:
        bucket = min(int(puzzle.info["difficulty"] * _BUCKETS + 1e-9), _BUCKETS - 1)
        name = f"difficulty {bucket / _BUCKETS:.1f}-{(bucket + 1) / _BUCKETS:.1f}"
        by.setdefault(name, []).append(puzzle)
        if len(answers) <= _MOST_ANSWERS:
            by.setdefault(f"answer {puzzle.answer}", []).append(puzzle)
    for name, found in sorted(by.items(), key=lambda group: (group[0].startswith("answer"), group[0])):
        whole = _summary(task, found)
        yield GroupScore(task, name, whole.n, whole.reward, whole.low, whole.high, whole.accuracy, whole.chance)


def _summary(task: str, puzzles: Iterable[_Rollouts]) -> TaskScore:
    """The mean over all responses."""
    rows = [(*pair, p.info["chance"]) for p in puzzles for pair in zip(p.rewards, p.forms, strict=True)]
    n = len(rows)
    reward, form, chance = (sum(column) / n for column in zip(*rows, strict=True))
    return TaskScore(task, n, reward, *wilson(reward, n), sum(row[0] >= 1 for row in rows) / n, form, chance)
