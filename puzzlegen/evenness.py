"""What a constant answer earns on chosen puzzles, and which of them to leave out so that all answers are as frequent.

A build draws answers evenly, so that a constant answer earns chance. A selection of its puzzles may undo that: if a
model prefers one letter, its pass rates are middling mostly where that letter is right.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from math import fsum
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.intervals import clustered
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import canonical_json
from puzzlegen.verify import SIDE, boxes, grader, spans

_MAX_CANDIDATES: Final = 40
#: Kinds whose many constant answers are all tried need no more puzzles than this.
_MOST_PUZZLES: Final = 400


class Choosable(NamedTuple):
    """What matters here of a puzzle; ``group`` is its task and parameters, ``spec`` what a constant answer must fit."""

    id: str
    group: tuple[str, str]
    source: str
    chance: float
    spec: dict[str, Any]


class Constant(NamedTuple):
    """The constant answer that earns most on a task's puzzles; ``low`` and ``high`` bound its mean reward (95 %)."""

    task: str
    n: int
    answer: str
    reward: float
    low: float
    high: float
    chance: float
    dropped_by_balance: int

    def __str__(self) -> str:
        """Return the warning for people."""
        remedy = f"--balance drops {self.dropped_by_balance} of {self.n} puzzles"
        if not self.dropped_by_balance:
            remedy = "--balance cannot help, because its answers are not a few names or numbers"
        return (
            f"{self.task}: always answering {self.answer} earns {self.reward:.3f} ({self.low:.3f}-{self.high:.3f}), "
            f"chance is {self.chance:.3f}; {remedy}"
        )


def choosable(folder: Path, ids: Collection[str]) -> list[Choosable]:
    """Return the folder's puzzles with these ids. Of a composite, only the transform counts: it is what a build draws.

    Raises:
        IntegrityError: a file of the folder is missing or damaged.
    """
    columns = ["id", "ground_truth", "extra_info"]
    rows = (row for file in files_of(manifest_of(folder)) for row in read_rows(folder / file["path"], columns))
    return [_choosable(row) for row in rows if row["id"] in ids]


def _choosable(row: dict[str, Any]) -> Choosable:
    spec, info = json.loads(row["ground_truth"]), row["extra_info"]
    spec = spec["target"]["transform"] if spec["kind"] == "composite" else spec
    return Choosable(row["id"], (info["task"], info["params"]), info["source_uri"], info["chance"], spec)


def farmable(puzzles: Iterable[Choosable]) -> list[Constant]:
    """Return, for each task on which a constant answer earns surely more than chance, that answer."""
    constants = [_best_constant(group) for group in _by_group(puzzles)]
    return [constant for constant in constants if constant and constant.low > constant.chance]


def balanced(puzzles: Iterable[Choosable]) -> set[str]:
    """Return the ids of the puzzles that remain if each task's answers are made even.

    The numbers of any two answers then differ by at most one, both for letters and for the texts of the options. The
    commonest answer loses a puzzle until that holds: no way drops fewer where answers go by one name only; where they
    go by letter and text, puzzles go first that are common in both.
    Tasks whose answers are not a few names or numbers, such as boxes and orders, keep all puzzles.
    """
    return {puzzle_id for group in _by_group(puzzles) for puzzle_id in _even_ids(group)}


def _by_group(puzzles: Iterable[Choosable]) -> list[list[Choosable]]:
    groups: dict[tuple[str, str], list[Choosable]] = defaultdict(list)
    for puzzle in puzzles:
        groups[puzzle.group].append(puzzle)
    return [groups[key] for key in sorted(groups)]


def _classes(spec: dict[str, Any]) -> list[tuple[str, tuple[str, ...]]]:
    """The ways to name the answer, each with all answers that could be named: letter and text, label, or number."""
    target, params = spec["target"], spec["params"]
    if spec["kind"] == "choice":
        options = params["options"]
        texts = [(options[target], tuple(sorted(options.values())))] if isinstance(options, dict) else []
        return [(target, tuple(options)), *texts]
    allowed = {"label": params.get("labels"), "number": params.get("allowed")}.get(spec["kind"])
    return [(str(target), tuple(map(str, allowed)))] if allowed else []


def _margins(puzzles: Sequence[Choosable]) -> list[tuple[list[str], tuple[str, ...]]]:
    """Each way to name the answers that is the same for all puzzles: the right name of each puzzle, and all names."""
    by_way = zip(*(_classes(puzzle.spec) for puzzle in puzzles), strict=False)
    return [([right for right, _ in way], way[0][1]) for way in by_way if len({names for _, names in way}) == 1]


def _even_ids(puzzles: Sequence[Choosable]) -> list[str]:
    margins = _margins(puzzles)
    counts = [Counter(dict.fromkeys(names, 0) | Counter(rights)) for rights, names in margins]
    cells: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for puzzle, *rights in zip(puzzles, *(rights for rights, _ in margins), strict=True):
        cells[tuple(rights)].append(puzzle.id)
    for ids in cells.values():
        ids.sort()  # ids are digests, so which ones go does not depend on their source or place in the folder

    def excess(k: int) -> int:
        return max(counts[k].values()) - min(counts[k].values())

    while margins and excess(k := max(range(len(margins)), key=excess)) > 1:
        commonest = max(counts[k], key=lambda name: counts[k][name])
        inside = [cell for cell, ids in cells.items() if ids and cell[k] == commonest]
        cell = max(inside, key=lambda cell: sum(count[name] for count, name in zip(counts, cell, strict=True)))
        cells[cell].pop()
        for count, name in zip(counts, cell, strict=True):
            count[name] -= 1
    return [puzzle_id for ids in cells.values() for puzzle_id in ids]


def _best_constant(puzzles: Sequence[Choosable]) -> Constant | None:
    """Return the answer that earns most; None if the kind of answer has no constant ones to try."""
    earned: list[tuple[str, list[float]]] = [
        (name, [float(right == name) for right in rights]) for rights, names in _margins(puzzles) for name in names
    ]
    dropped = len(puzzles) - len(_even_ids(puzzles))
    if not earned:
        puzzles = puzzles[:: -(-len(puzzles) // _MOST_PUZZLES)]
        earned = _earned_elsewhere(puzzles)
    if not earned:
        return None
    answer, rewards = max(earned, key=lambda pair: fsum(pair[1]))
    n = len(puzzles)
    low, high = clustered(rewards, [puzzle.source for puzzle in puzzles], most=n)
    chance = fsum(puzzle.chance for puzzle in puzzles) / n
    return Constant(puzzles[0].group[0], n, answer, fsum(rewards) / n, low, high, chance, dropped)


def _earned_elsewhere(puzzles: Sequence[Choosable]) -> list[tuple[str, list[float]]]:
    """What the best answer of one half of the sources earns on the other half; the best of many is best by luck."""
    answers_of = _CANDIDATES.get(puzzles[0].spec["kind"])
    if not answers_of or len({puzzle.source for puzzle in puzzles}) == 1:
        return []
    common = _common_targets(puzzles)
    names: list[str] = []
    table = []
    for puzzle in puzzles:
        grade, answers = grader(puzzle.spec), answers_of(puzzle.spec["params"], common)
        names = [str(answer) for answer in answers]
        table.append([max(0.0, grade(answer)) for answer in answers])
    half_of = {source: k % 2 for k, source in enumerate(sorted({puzzle.source for puzzle in puzzles}))}
    half = [half_of[puzzle.source] for puzzle in puzzles]

    def best_on(side: int) -> int:
        rows = [row for row, h in zip(table, half, strict=True) if h == side]
        return max(range(len(names)), key=lambda c: fsum(row[c] for row in rows))

    best = best_on(1), best_on(0)
    return [(names[best[0]], [row[best[h]] for row, h in zip(table, half, strict=True)])]


def _common_targets(puzzles: Sequence[Choosable]) -> list[Any]:
    counts = Counter(canonical_json(puzzle.spec["target"]) for puzzle in puzzles)
    return [json.loads(text) for text, _ in counts.most_common(_MAX_CANDIDATES)]


def _grid_points(*_: Any) -> list[Any]:  # noqa: ANN401 - JSON
    steps = range(0, SIDE + 1, SIDE // 20)
    return [[x, y] for x in steps for y in steps]


#: The constant answers to try, by kind; a function of a puzzle's params and of the commonest targets.
_CANDIDATES: Final[dict[str, Callable[[dict[str, Any], list[Any]], list[Any]]]] = {
    "box": lambda _, common: [*boxes(), *common],
    "interval": lambda params, _: spans(params["duration"]),
    "point": _grid_points,
    "permutation": lambda _, common: common,
    "number": lambda _, common: common,
}
