"""The probes of one task: which features are to name what, and how often they do."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.estimates import estimate
from puzzlegen.audit.joints import best_order, in_context, order_score
from puzzlegen.audit.learning import Labels, Matrix, folds, log_odds, probabilities
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.seen import Seen

_LEAST_SOURCES: Final = 10
_MOST_CLASSES: Final = 40
_TERCILES: Final = ("low", "middle", "high")


class TaskProbes:
    """All puzzles of one task, and the folds of their sources.

    Args:
        seen: puzzles of one task with the same parameters.
        seed: of folds and learners.
    """

    def __init__(self, seen: Sequence[Seen], seed: int) -> None:
        self._seen = list(seen)
        self._seed = seed
        self._sources = [puzzle.source for puzzle in seen]
        self._fold = folds(self._sources, seed)

    def run(self) -> Iterator[Probe]:
        """Each probe that fits the kind of answer."""
        labels, allowed = self._classes()
        yield from self._constant(labels, allowed)
        if len(set(self._sources)) < _LEAST_SOURCES:
            return
        if labels:
            for family, sees, x in self._features():
                yield self._class_probe(family, sees, x, labels, allowed)
        if self._seen[0].target.letters:
            yield from self._letter_probes()
        if self._seen[0].parts:
            yield from self._place_probes()
        if all(puzzle.joints for puzzle in self._seen):
            yield from self._joint_probes()

    def _classes(self) -> tuple[list[str], list[tuple[str, ...]]]:
        """Each puzzle's class and those it could have had; nothing if classes are too many to learn, or none."""
        targets = [puzzle.target for puzzle in self._seen]
        if all(target.amount is not None for target in targets):
            cuts = np.quantile([float(t.amount or 0) for t in targets], (1 / 3, 2 / 3))
            third = [_TERCILES[int(np.searchsorted(cuts, float(t.amount or 0)))] for t in targets]
            return third, [_TERCILES] * len(targets)
        labels, allowed = [t.label for t in targets], [t.classes for t in targets]
        if not all(labels) or len({name for names in allowed for name in names}) > _MOST_CLASSES:
            return [], []
        return labels, allowed

    def _probe(self, family: Family, sees: str, names: str, hits: Sequence[float], chance: float) -> Probe:
        return Probe(family, sees, names, estimate(hits, self._sources, chance))

    def _constant(self, labels: list[str], allowed: list[tuple[str, ...]]) -> Iterator[Probe]:
        targets = [puzzle.target for puzzle in self._seen]
        if labels and self._seen[0].target.amount is None:
            chance = float(np.mean([1 / len(names) for names in allowed]))
            yield self._probe("blind", "constant", "class", _constant_hits(labels, allowed), chance)
        if targets[0].letters:
            rights = [str(target.right) for target in targets]
            letters = [tuple(map(str, range(target.letters))) for target in targets]
            chance = float(np.mean([1 / target.letters for target in targets]))
            yield self._probe("blind", "constant", "letter", _constant_hits(rights, letters), chance)
        if orders := [target.order for target in targets if target.order]:
            commonest = Counter(orders).most_common(1)[0][0]
            yield self._probe("blind", "constant", "order", [o == commonest for o in orders], self._order_chance())

    def _order_chance(self) -> float:
        return 1 / (math.factorial(len(self._seen[0].target.order)) - 2)

    def _features(self) -> Iterator[tuple[Family, str, Matrix]]:
        yield "blind", "words and fields", _stacked([puzzle.words for puzzle in self._seen])
        if all(puzzle.form is not None for puzzle in self._seen):
            yield "blind", "sizes, bytes, borders", _stacked([p.form for p in self._seen if p.form is not None])
        if all(puzzle.traces is not None for puzzle in self._seen):
            yield "artefact", "traces", _stacked([p.traces for p in self._seen if p.traces is not None])

    def _class_probe(
        self,
        family: Family,
        sees: str,
        x: Matrix,
        labels: list[str],
        allowed: list[tuple[str, ...]],
        names: str = "class",
    ) -> Probe:
        chance = float(np.mean(_constant_hits(labels, allowed)))
        if family == "artefact":
            # What washed copies tell as well is content, not a trace.
            washed = _stacked([p.content for p in self._seen if p.content is not None])
            chance = max(chance, float(np.mean(self._class_hits(washed, labels, allowed))))
        return self._probe(family, sees, names, self._class_hits(x, labels, allowed), chance)

    def _class_hits(self, x: Matrix, labels: list[str], allowed: list[tuple[str, ...]]) -> list[float]:
        known = sorted({name for possible in allowed for name in possible} | set(labels))
        index = {name: k for k, name in enumerate(known)}
        y = np.array([index[label] for label in labels], dtype=np.int64)
        found = probabilities(x, y, self._fold, len(known), self._seed)
        open_to = np.zeros(found.shape, dtype=bool)
        for row, possible in enumerate(allowed):
            open_to[row, [index[name] for name in possible]] = True
        hits: list[float] = (np.where(open_to, found, -1).argmax(axis=1) == y).astype(float).tolist()
        return hits

    def _letter_probes(self) -> Iterator[Probe]:
        letters = [tuple(map(str, range(puzzle.target.letters))) for puzzle in self._seen]
        rights = [str(puzzle.target.right) for puzzle in self._seen]
        blind = [x for family, _, x in self._features() if family == "blind"]
        yield self._class_probe("blind", "words, fields, sizes, bytes", np.hstack(blind), rights, letters, "letter")
        known: dict[str, tuple[Family, str]] = {
            "words": ("blind", "the options' words"),
            "form": ("blind", "the options' sizes, bytes, borders"),
            "traces": ("artefact", "the options' traces"),
        }
        for key, (family, sees) in known.items():
            tables = [puzzle.options[key] for puzzle in self._seen if key in puzzle.options]
            if len(tables) == len(self._seen):
                yield self._option_probe(family, sees, tables)

    def _option_probe(self, family: Family, sees: str, tables: list[Matrix]) -> Probe:
        """Each option by itself: right or not; the likeliest of a puzzle is its answer."""
        y = np.concatenate([np.arange(len(t)) == p.target.right for t, p in zip(tables, self._seen, strict=True)])
        fold = np.repeat(self._fold, [len(table) for table in tables])
        found = probabilities(np.vstack(tables), y.astype(np.int64), fold, 2, self._seed)[:, 1]
        hits, start = [], 0
        for table, puzzle in zip(tables, self._seen, strict=True):
            hits.append(float(int(found[start : start + len(table)].argmax()) == puzzle.target.right))
            start += len(table)
        chance = float(np.mean([1 / len(table) for table in tables]))
        return self._probe(family, sees, "option", hits, chance)

    def _place_probes(self) -> Iterator[Probe]:
        """Each part by itself: its place; then the order that fits all parts best."""
        n = len(self._seen[0].target.order)
        truth = np.array([puzzle.target.order for puzzle in self._seen]) - 1
        y = np.argsort(truth, axis=1).ravel()
        fold = np.repeat(self._fold, n)
        for key, family, sees in (("form", "blind", "the parts' sizes, bytes, borders"), ("traces", "artefact", "traces")):
            x = np.vstack([puzzle.parts[key] for puzzle in self._seen])
            found = np.log(probabilities(x, y, fold, n, self._seed)).reshape(-1, n, n)
            none = np.zeros((n, n))
            orders = np.array([best_order(none, None, 1, n, place.T) for place in found])
            yield from self._order_probes(family, sees, orders, truth)  # type: ignore[arg-type]

    def _order_probes(self, family: Family, sees: str, orders: Labels, truth: Labels) -> Iterator[Probe]:
        n = truth.shape[1]
        exact = (orders == truth).all(axis=1).astype(float).tolist()
        yield self._probe(family, sees, "order", exact, self._order_chance())
        placed = (orders == truth).mean(axis=1).tolist()
        chance = math.factorial(n - 1) * self._order_chance()
        yield Probe(family, sees, "positions", estimate(placed, self._sources, chance, n), counts=family != "edge")

    def _joint_probes(self) -> Iterator[Probe]:
        hypotheses = [_hypotheses(puzzle) for puzzle in self._seen]
        if any(not found or right < 0 for found, right in hypotheses):
            return
        plain = [(-p.joints.beside[..., 0], _negated(p)) for p in self._seen if p.joints]
        yield from self._joined("plain joints", plain, hypotheses)
        yield from self._joined("learned joints", self._learned(hypotheses), hypotheses)

    def _joined(
        self,
        sees: str,
        scores: list[tuple[Matrix, Matrix | None]],
        hypotheses: list[tuple[list[tuple[int, ...]], int]],
    ) -> Iterator[Probe]:
        if self._seen[0].target.order:
            found = [
                best_order(beside, below, p.joints.rows, p.joints.cols)
                for p, (beside, below) in zip(self._seen, scores, strict=True)
                if p.joints
            ]
            truth = np.array([puzzle.target.order for puzzle in self._seen]) - 1
            yield from self._order_probes("edge", sees, np.array(found), truth)
            yield self._neighbours(sees, np.array(found), truth)
            return
        hits = []
        for puzzle, (beside, below), (orders, right) in zip(self._seen, scores, hypotheses, strict=True):
            cols = puzzle.joints.cols if puzzle.joints else 1
            sums = [order_score(order, beside, below, cols) for order in orders]
            hits.append(float(int(np.argmax(sums)) == right))
        chance = float(np.mean([1 / len(orders) for orders, _ in hypotheses]))
        yield self._probe("edge", sees, "option", hits, chance)

    def _neighbours(self, sees: str, orders: Labels, truth: Labels) -> Probe:
        joints = self._seen[0].joints
        rows, cols = (joints.rows, joints.cols) if joints else (1, truth.shape[1])
        pairs = [(k, k + 1) for k in range(rows * cols) if (k + 1) % cols]
        under = [(k, k + cols) for k in range((rows - 1) * cols)]
        shares = []
        for found, right in zip(orders, truth, strict=True):
            known = [{(right[a], right[b]) for a, b in kind} for kind in (pairs, under)]
            kept = [(found[a], found[b]) in known[k] for k, kind in enumerate((pairs, under)) for a, b in kind]
            shares.append(sum(kept) / len(kept))
        n = rows * cols
        chance = (len(pairs) ** 2 + len(under) ** 2) / ((len(pairs) + len(under)) * n * (n - 1))
        found_share = estimate(shares, self._sources, chance, len(pairs) + len(under))
        return Probe("edge", sees, "neighbours", found_share, counts=False)

    def _learned(self, hypotheses: list[tuple[list[tuple[int, ...]], int]]) -> list[tuple[Matrix, Matrix | None]]:
        """Log-odds of all joints by a learner that has seen joints of other sources."""
        tables, labels, lengths = [], [], []
        for puzzle, (orders, right) in zip(self._seen, hypotheses, strict=True):
            x, y = _pairs(puzzle, orders[right])
            tables.append(x)
            labels.append(y)
            lengths.append(len(x))
        fold = np.repeat(self._fold, lengths)
        odds = log_odds(probabilities(np.vstack(tables), np.concatenate(labels), fold, 2, self._seed)[:, 1])
        scores: list[tuple[Matrix, Matrix | None]] = []
        start = 0
        for puzzle, length in zip(self._seen, lengths, strict=True):
            own = odds[start : start + length]
            start += length
            scores.append(_unpaired(puzzle, own))
        return scores


def _constant_hits(labels: list[str], allowed: list[tuple[str, ...]]) -> list[float]:
    """Hits of the rule "the class that is right most often when it can be", per puzzle."""
    right, possible = Counter(labels), Counter(name for names in allowed for name in names)
    rate = {name: right[name] / possible[name] for name in possible}
    return [float(max(names, key=lambda n: (rate[n], n)) == label) for label, names in zip(labels, allowed, strict=True)]


def _stacked(rows: Sequence[NDArray[np.float32]]) -> Matrix:
    """One matrix; where puzzles of a task have different numbers of media, the features that all have."""
    width = min(len(row) for row in rows)
    return np.stack([row[:width] for row in rows]).astype(np.float32)


def _negated(puzzle: Seen) -> Matrix | None:
    below = puzzle.joints.below if puzzle.joints else None
    return None if below is None else -below[..., 0]


def _hypotheses(puzzle: Seen) -> tuple[list[tuple[int, ...]], int]:
    """The orders, from 0, that the answers stand for, and which is right; nothing if they stand for none."""
    target, joints = puzzle.target, puzzle.joints
    n = joints.rows * joints.cols if joints else 0
    if target.order:
        return [tuple(k - 1 for k in target.order)], 0
    orders = [_order_of(text, n) for text in target.classes]
    return ([order for order in orders if order], target.right) if all(orders) else ([], -1)


def _order_of(text: str, n: int) -> tuple[int, ...]:
    """``3, 1, 2`` is an order, ``tiles 1 and 3`` the order in which these have changed places."""
    numbers = [int(k) - 1 for k in re.findall(r"\d{1,3}", text)]
    if sorted(numbers) == list(range(n)):
        return tuple(numbers)
    if len(numbers) == 2 and " and " in text and all(0 <= k < n for k in numbers):  # noqa: PLR2004 - a pair
        a, b = numbers
        return tuple(b if k == a else a if k == b else k for k in range(n))
    return ()


def _pairs(puzzle: Seen, order: tuple[int, ...]) -> tuple[Matrix, Labels]:
    """Features of all ordered pairs, beside then below, and whether they are neighbours."""
    joints = puzzle.joints
    if joints is None:
        raise TypeError("a puzzle without joints")
    n, cols = joints.rows * joints.cols, joints.cols
    off = ~np.eye(n, dtype=bool)
    x, y = [], []
    for side, pairs, step in ((0, joints.beside, 1), (1, joints.below, cols)):
        if pairs is None:
            continue
        right = np.zeros((n, n), dtype=np.int64)
        for k in range(n - step):
            if step == cols or (k + 1) % cols:
                right[order[k], order[k + step]] = 1
        table = in_context(pairs)[off]
        x.append(np.hstack([table, np.full((len(table), 1), side, np.float32)]))
        y.append(right[off])
    return np.vstack(x).astype(np.float32), np.concatenate(y)


def _unpaired(puzzle: Seen, odds: Matrix) -> tuple[Matrix, Matrix | None]:
    n = len(puzzle.joints.beside) if puzzle.joints else 0
    off = ~np.eye(n, dtype=bool)
    tables = []
    for start in range(0, len(odds), n * (n - 1)):
        table = np.zeros((n, n), dtype=np.float32)
        table[off] = odds[start : start + n * (n - 1)]
        tables.append(table)
    return tables[0], tables[1] if len(tables) > 1 else None
