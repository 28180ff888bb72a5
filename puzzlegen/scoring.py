"""Score files of responses against a build: how each task compares with chance, and which puzzles still teach.

A line of responses is ``{"id": ..., "response": ...}`` or, for several rollouts, ``{"id": ..., "responses": [...]}``;
an id may occur on several lines. Files are read line by line, so they may be larger than memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.intervals import clustered
from puzzlegen.output import write_atomic
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.verify import VerifierError, score

_BUCKETS = 5
#: Tasks with at most this many different answers are also scored by answer; orders and places are nearly all different.
_MOST_ANSWERS = 12


class TaskScore(NamedTuple):
    """The scores of one task's responses; ``low`` and ``high`` bound the mean reward (95 %).

    The interval counts sources, since puzzles of one source and rollouts of one puzzle are not independent evidence.
    """

    task: str
    n: int
    reward: float
    low: float
    high: float
    accuracy: float
    format: float
    chance: float


class GroupScore(NamedTuple):
    """The scores of the responses to some puzzles of a task, which show a model's calibration and habits.

    ``group`` is a range of difficulty (``difficulty 0.2-0.4``) or a right answer (``answer B``); ``low`` and ``high``
    bound the mean reward as for tasks. If rewards differ between answers, the model prefers one of them.
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
    """The scores of a file of responses.

    Attributes:
        tasks: by task, ``all`` last.
        unknown: how many ids name no puzzle of the folder.
        missing: how many puzzles have no response.
        groups: by groups of each task's puzzles.
    """

    tasks: list[TaskScore]
    unknown: int
    missing: int
    groups: list[GroupScore]


class PassRate(NamedTuple):
    """The rewards of one puzzle's rollouts: how many there are, their mean, and the share that is right."""

    id: str
    n: int
    mean: float
    pass_rate: float


class _Rollouts:
    """One puzzle with the rewards of its responses."""

    __slots__ = ("answer", "forms", "id", "info", "rewards", "truth")

    def __init__(self, row: dict[str, Any]) -> None:
        self.id: str = row["id"]
        self.truth: str = row["ground_truth"]
        self.answer: str = row["answer"]
        self.info = {key: row["extra_info"][key] for key in ("task", "difficulty", "chance", "source_uri")}
        self.rewards: list[float] = []
        self.forms: list[float] = []

    def add(self, response: object) -> None:
        try:
            result = score(response, self.truth)
        except VerifierError as err:
            raise IntegrityError(f"puzzle {self.id}: {err}; puzzlegen verify finds what else was changed") from err
        self.rewards.append(result.value)
        self.forms.append(result.parts["format"])


def score_file(folder: Path, responses: Path) -> Scored:
    """Score ``responses`` against the puzzles in ``folder``.

    Raises:
        PuzzlegenError: the file cannot be read, or a line does not have the form that this module describes.
    """
    return _score_puzzles(*_read_rollouts(folder, responses))


def score_rollouts(folder: Path, responses: Path, out: Path) -> tuple[Scored, list[PassRate]]:
    """Return the results of :func:`score_file` and :func:`pass_rates` for one file, scoring each response once.

    Raises:
        PuzzlegenError: the responses cannot be read, or ``out`` cannot be written or is the file of responses itself.
    """
    if out.exists() and responses.exists() and out.samefile(responses):
        raise PuzzlegenError(f"pass rates would overwrite the responses in '{responses}'; choose another --rollouts")
    puzzles, unknown = _read_rollouts(folder, responses)
    return _score_puzzles(puzzles, unknown), _write_rates(puzzles, out)


def _score_puzzles(puzzles: dict[str, _Rollouts], unknown: int) -> Scored:
    answered = [puzzle for puzzle in puzzles.values() if puzzle.rewards]
    by_task: dict[str, list[_Rollouts]] = {}
    for puzzle in answered:
        by_task.setdefault(puzzle.info["task"], []).append(puzzle)
    tasks = [_summarize(task, task_puzzles) for task, task_puzzles in sorted(by_task.items())]
    groups = [group for task, task_puzzles in sorted(by_task.items()) for group in _score_groups(task, task_puzzles)]
    if answered:
        tasks.append(_summarize("all", answered))
    return Scored(tasks, unknown, len(puzzles) - len(answered), groups)


def pass_rates(folder: Path, responses: Path, out: Path) -> list[PassRate]:
    """Score rollouts and write one JSON line, with the fields of :class:`PassRate`, per puzzle that has rollouts.

    Raises:
        PuzzlegenError: the responses cannot be read, or ``out`` cannot be written.
    """
    return _write_rates(_read_rollouts(folder, responses)[0], out)


def _write_rates(puzzles: dict[str, _Rollouts], out: Path) -> list[PassRate]:
    rates = [_make_rate(puzzle_id, puzzle.rewards) for puzzle_id, puzzle in puzzles.items() if puzzle.rewards]
    write_atomic(out, "".join(json.dumps(rate._asdict()) + "\n" for rate in rates).encode())
    return rates


def select(folder: Path, pass_rates_file: Path, keep: tuple[float, float] = (0.2, 0.8)) -> Iterator[str]:
    """Return the ids of the folder's puzzles that still teach a model, in the folder's order.

    A group of rollouts that all earn the same has no gradient. SSL4RL found that puzzles of medium difficulty teach
    most, and Temporal-RLT selects by the spread of rewards; both amount to dropping puzzles that are nearly always or
    nearly never solved.

    Args:
        folder: the build.
        pass_rates_file: output of :func:`pass_rates` for the model that is to be trained.
        keep: least and largest mean reward, both included, from -1 to 1. Puzzles without rollouts are left out.

    Raises:
        PuzzlegenError: the file does not have that form, or ``keep`` is not a range.
    """
    low, high = keep
    if not -1 <= low <= high <= 1:
        raise PuzzlegenError(f"cannot keep mean rewards from {low} to {high}: give the least first, both from -1 to 1")
    means = {str(row["id"]): row["mean"] for row in _read_lines(pass_rates_file, {"id": (str,), "mean": (int, float)})}
    return (row["id"] for row in _rows(folder, ["id"]) if low <= means.get(row["id"], low - 1) <= high)


def _make_rate(puzzle_id: str, rewards: list[float]) -> PassRate:
    n = len(rewards)
    return PassRate(puzzle_id, n, round(sum(rewards) / n, 6), round(sum(value >= 1 for value in rewards) / n, 6))


def _read_rollouts(folder: Path, responses: Path) -> tuple[dict[str, _Rollouts], int]:
    """Return the folder's puzzles with their responses scored, and how many ids name none of the puzzles."""
    columns = ["id", "answer", "ground_truth", "extra_info"]
    puzzles = {row["id"]: _Rollouts(row) for row in _rows(folder, columns)}
    unknown: set[str] = set()
    for puzzle_id, response in _iter_responses(responses):
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


def _iter_responses(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield every response with the id of its puzzle."""
    for row in _read_lines(path, {"id": (str, int)}):
        several = row.get("responses", [])
        if not isinstance(several, list) or ("response" in row) == ("responses" in row):
            raise PuzzlegenError(f"{path}: puzzle '{row['id']}' needs either a response or a list of responses")
        yield from ((str(row["id"]), response) for response in ([row["response"]] if "response" in row else several))


def _read_lines(path: Path, needed: dict[str, tuple[type, ...]]) -> Iterator[dict[str, Any]]:
    """Yield the objects in a file of JSON lines, each checked for the keys in ``needed``."""
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _parse_object(line, needed, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as err:
        raise PuzzlegenError(f"cannot read '{path}': {err}") from err


def _parse_object(line: str, needed: dict[str, tuple[type, ...]], where: str) -> dict[str, Any]:
    try:
        row: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError) as err:
        raise PuzzlegenError(f"{where}: not JSON ({err}); give one object per line") from err
    for key, kinds in needed.items():
        if not isinstance(row, dict) or not isinstance(row.get(key), kinds):
            form = ", ".join(f'"{name}": ...' for name in needed)
            raise PuzzlegenError(f"{where}: not of the form {{{form}, ...}}: got {line.strip():.80}")
    return row


def _score_groups(task: str, puzzles: list[_Rollouts]) -> Iterator[GroupScore]:
    """Yield a task's scores by difficulty and, if there are few different answers, by right answer."""
    by_group: dict[str, list[_Rollouts]] = {}
    answers = {puzzle.answer for puzzle in puzzles}
    for puzzle in puzzles:
        bucket = min(int(puzzle.info["difficulty"] * _BUCKETS + 1e-9), _BUCKETS - 1)
        name = f"difficulty {bucket / _BUCKETS:.1f}-{(bucket + 1) / _BUCKETS:.1f}"
        by_group.setdefault(name, []).append(puzzle)
        if len(answers) <= _MOST_ANSWERS:
            by_group.setdefault(f"answer {puzzle.answer}", []).append(puzzle)
    for name, group_puzzles in sorted(by_group.items(), key=lambda group: (group[0].startswith("answer"), group[0])):
        total = _summarize(task, group_puzzles)
        yield GroupScore(task, name, total.n, total.reward, total.low, total.high, total.accuracy, total.chance)


def _summarize(task: str, puzzles: Sequence[_Rollouts]) -> TaskScore:
    """Return the means over all responses."""
    rows = [(*pair, p.info["chance"]) for p in puzzles for pair in zip(p.rewards, p.forms, strict=True)]
    n, rewards = len(rows), [row[0] for row in rows]
    reward, form, chance = (sum(column) / n for column in zip(*rows, strict=True))
    sources = [puzzle.info["source_uri"] for puzzle in puzzles for _ in puzzle.rewards]
    low, high = clustered(rewards, sources, most=len(puzzles))
    return TaskScore(task, n, reward, low, high, sum(value >= 1 for value in rewards) / n, form, chance)
