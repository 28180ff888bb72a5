"""Probes of tasks about order, which look at each part by itself or at how parts join."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

import numpy as np

from puzzlegen.audit.joints import Floats, Joints, best_order, in_context, joints_of, order_score
from puzzlegen.audit.learning import Labels, Matrix, log_odds, probabilities
from puzzlegen.audit.report import Family, Probe
from puzzlegen.audit.sample import Sample
from puzzlegen.audit.seen import Seen
from puzzlegen.audit.sharpness import SHARPNESS
from puzzlegen.audit.surface import relative

_PENALTY = 1e4
#: Scores of all joints, ``(n, n)`` each: of part j beside part i, and of part j below part i.
Scores = tuple[Matrix, Matrix | None]
#: The orders for which a puzzle's possible answers stand, and the index of the right one.
Hypotheses = tuple[list[tuple[int, ...]], int]


def place_probes(sample: Sample) -> Iterator[Probe]:
    """Probe each part by itself: predict its place, then take the order that best fits all predictions."""
    n = len(sample.seen[0].target.order)
    truth = np.array([puzzle.target.order for puzzle in sample.seen]) - 1
    y = np.argsort(truth, axis=1).ravel()
    no_scores = np.zeros((n, n))

    def orders(key: str) -> Labels:
        x = np.vstack([puzzle.parts[key] for puzzle in sample.seen])
        log_probs = [
            np.log(probabilities(x, y, np.repeat(split.fold, n), n, split.seed)).reshape(-1, n, n)
            for split in sample.foldings
        ]
        return np.array(
            [
                [best_order(no_scores, None, 1, n, position_scores.T) for position_scores in puzzle_scores]
                for puzzle_scores in log_probs
            ]
        )

    form, traces, *washed = (orders(key) for key in ("form", "traces", "washed") if key in sample.seen[0].parts)
    yield from _order_probes(sample, "blind", "the parts' sizes, bytes, borders", form, truth)
    yield from _order_probes(sample, "artefact", "traces", traces, truth, *washed)
    if "sharpness" in sample.seen[0].parts:
        sharp = orders("sharpness")
        found = tuple(_order_probes(sample, "artefact", SHARPNESS, sharp, truth))
        if any(probe.verdict != "clean" for probe in found):
            found = tuple(_order_probes(sample, "artefact", SHARPNESS, sharp, truth, orders("sharpness of content")))
        yield from found


def _order_probes(
    sample: Sample, family: Family, sees: str, orders: Labels, truth: Labels, washed: Labels | None = None
) -> Iterator[Probe]:
    """Probe how many of the orders found, ``(foldings, puzzles, parts)``, are right, and how many of their places."""
    n = truth.shape[1]
    right = orders == truth
    washed_right = None if washed is None else washed == truth
    washed_whole, washed_single = (
        (None, None) if washed_right is None else (float(washed_right.all(axis=2).mean()), float(washed_right.mean()))
    )
    hits: list[float] = right.all(axis=2).mean(axis=0).tolist()
    yield sample.probe(family, sees, "order", hits, sample.order_chance, washed=washed_whole)
    chance = math.factorial(n - 1) * sample.order_chance
    shares: list[float] = right.mean(axis=2).mean(axis=0).tolist()
    yield sample.probe(
        family, sees, "positions", shares, chance, parts=n, counts=family != "edge", washed=washed_single
    )


def joint_probes(sample: Sample) -> Iterator[Probe]:
    """Probe whether parts can be put together by their joints alone, by plain distances and by a learner.

    Yields nothing if the answers do not stand for orders.
    """
    hypotheses = [_hypotheses(puzzle) for puzzle in sample.seen]
    if any(not candidates or right < 0 for candidates, right in hypotheses):
        return
    plain = [(-p.joints.beside[..., 0], _negated_below(p)) for p in sample.seen if p.joints]
    yield from _score_probes(sample, "plain joints", [plain], hypotheses)
    yield from _score_probes(sample, "learned joints", _learned_scores(sample, hypotheses), hypotheses)
    if len(hypotheses[0][0]) > 1:
        yield _option_probe(sample, hypotheses)


def _score_probes(
    sample: Sample,
    sees: str,
    scores: Sequence[list[Scores]],
    hypotheses: list[Hypotheses],
) -> Iterator[Probe]:
    """Probe what is found by joint scores, averaged over ``scores``.

    Each entry of ``scores`` has the scores of all puzzles, from one folding; plain scores need no folding and are a
    single entry.
    """
    if sample.seen[0].target.order:
        truth = np.array([puzzle.target.order for puzzle in sample.seen]) - 1
        best_orders = np.array(
            [
                [_best_asked_order(*args) for args in zip(sample.seen, fold_scores, strict=True)]
                for fold_scores in scores
            ]
        )
        yield from _order_probes(sample, "edge", sees, best_orders, truth)
        yield _neighbour_probe(sample, sees, best_orders, truth)
        return
    hits = [
        [_chosen_hit(*args) for args in zip(sample.seen, fold_scores, hypotheses, strict=True)]
        for fold_scores in scores
    ]
    chance = float(np.mean([1 / len(orders) for orders, _ in hypotheses]))
    yield sample.probe("edge", sees, "option", np.mean(hits, axis=0).tolist(), chance)


def _chosen_hit(puzzle: Seen, scores: Scores, hypotheses: Hypotheses) -> float:
    """1 if the right one of the orders offered joins best, else 0."""
    orders, right = hypotheses
    cols = puzzle.joints.cols if puzzle.joints else 1
    return float(int(np.argmax([order_score(order, *scores, cols) for order in orders])) == right)


def _best_asked_order(puzzle: Seen, scores: Scores) -> list[int]:
    """The order of the asked parts that joins best after the given parts, which come first."""
    joints = puzzle.joints
    if joints is None:
        raise TypeError("a puzzle without joints")
    n = joints.rows * joints.cols
    given = n - len(puzzle.target.order)
    position_scores = np.zeros((n, n))
    for k in range(given):
        position_scores[k] = np.where(np.arange(n) == k, 0, -_PENALTY)
    order = best_order(*scores, joints.rows, joints.cols, position_scores)
    return [part - given for part in order[given:]]


def _neighbour_probe(sample: Sample, sees: str, orders: Labels, truth: Labels) -> Probe:
    joints = sample.seen[0].joints
    rows, cols = (joints.rows, joints.cols) if joints and joints.rows > 1 else (1, truth.shape[1])
    pairs = [(k, k + 1) for k in range(rows * cols) if (k + 1) % cols]
    vertical_pairs = [(k, k + cols) for k in range((rows - 1) * cols)]
    kinds = list(enumerate((pairs, vertical_pairs)))

    def share(found_order: Labels, right: Labels) -> float:
        true_pairs = [{(right[a], right[b]) for a, b in kind} for _, kind in kinds]
        is_kept = [(found_order[a], found_order[b]) in true_pairs[k] for k, kind in kinds for a, b in kind]
        return sum(is_kept) / len(is_kept)

    shares = [[share(*order_pair) for order_pair in zip(found_order, truth, strict=True)] for found_order in orders]
    n = rows * cols
    chance = (len(pairs) ** 2 + len(vertical_pairs) ** 2) / ((len(pairs) + len(vertical_pairs)) * n * (n - 1))
    parts = len(pairs) + len(vertical_pairs)
    return sample.probe("edge", sees, "neighbours", np.mean(shares, axis=0).tolist(), chance, parts=parts, counts=False)


def _learned_scores(sample: Sample, hypotheses: list[Hypotheses]) -> list[list[Scores]]:
    """Log-odds of all joints for each folding, from learners trained on the joints of other sources."""
    pairs = [
        _pair_table(puzzle, orders[right]) for puzzle, (orders, right) in zip(sample.seen, hypotheses, strict=True)
    ]
    tables, is_neighbour = [table for table, _ in pairs], [joined_flags for _, joined_flags in pairs]
    scores = []
    for folding in sample.foldings:
        puzzle_odds = sample.odds(tables, is_neighbour, folding)
        scores.append(
            [_unstacked_scores(puzzle, log_odds(own)) for puzzle, own in zip(sample.seen, puzzle_odds, strict=True)]
        )
    return scores


def _option_probe(sample: Sample, hypotheses: list[Hypotheses]) -> Probe:
    """Probe with a learner that compares the orders offered by the sums of their joints' features."""
    tables = [
        relative(_summed_features(puzzle.joints, orders))
        for puzzle, (orders, _) in zip(sample.seen, hypotheses, strict=True)
        if puzzle.joints
    ]
    hits = sample.picked(tables, [right for _, right in hypotheses])
    return sample.probe("edge", "learned orders", "option", hits, float(np.mean([1 / len(table) for table in tables])))


def _summed_features(joints: Joints, orders: Sequence[Sequence[int]]) -> Floats:
    """The features in context of all joints of an order, summed: one row per order."""
    beside = in_context(joints.beside)
    below = None if joints.below is None else in_context(joints.below)
    return np.stack([sum(joints_of(order, beside, below, joints.cols)) for order in orders])


def _negated_below(puzzle: Seen) -> Matrix | None:
    below = puzzle.joints.below if puzzle.joints else None
    return None if below is None else -below[..., 0]


def _hypotheses(puzzle: Seen) -> Hypotheses:
    """The orders, from 0, for which the answers stand, and the index of the right one; ``([], -1)`` if for none."""
    target, joints = puzzle.target, puzzle.joints
    n = joints.rows * joints.cols if joints else 0
    if target.order:
        given = n - len(target.order)
        return [(*range(given), *(k - 1 + given for k in target.order))], 0
    if not target.classes and target.letters == n - 1:
        return [(0, k) for k in range(1, n)], target.right
    orders = [_order_of(text, n) for text in target.classes]
    return ([order for order in orders if order], target.right) if all(orders) else ([], -1)


def _order_of(text: str, n: int) -> tuple[int, ...]:
    """The order, from 0, that an answer's text states; empty if none.

    ``3, 1, 2`` is an order; ``tiles 1 and 3`` is the order in which these two have changed places.
    """
    numbers = [int(k) - 1 for k in re.findall(r"\d{1,3}", text)]
    if sorted(numbers) == list(range(n)):
        return tuple(numbers)
    if len(numbers) == 2 and " and " in text and all(0 <= k < n for k in numbers):  # noqa: PLR2004 - a pair
        a, b = numbers
        return tuple(b if k == a else a if k == b else k for k in range(n))
    return ()


def _pair_table(puzzle: Seen, order: tuple[int, ...]) -> tuple[Matrix, Labels]:
    """Features of all ordered pairs, beside then below, and for each pair whether its parts are neighbours."""
    joints = puzzle.joints
    if joints is None:
        raise TypeError("a puzzle without joints")
    n, cols = joints.rows * joints.cols, joints.cols
    off_diagonal = ~np.eye(n, dtype=bool)
    x, y = [], []
    for side, pairs, step in ((0, joints.beside, 1), (1, joints.below, cols)):
        if pairs is None:
            continue
        right = np.zeros((n, n), dtype=np.int64)
        for k in range(len(order) - step):
            if step == cols or (k + 1) % cols:
                right[order[k], order[k + step]] = 1
        table = in_context(pairs)[off_diagonal]
        x.append(np.hstack([table, np.full((len(table), 1), side, np.float32)]))
        y.append(right[off_diagonal])
    return np.vstack(x).astype(np.float32), np.concatenate(y)


def _unstacked_scores(puzzle: Seen, odds: Matrix) -> Scores:
    n = len(puzzle.joints.beside) if puzzle.joints else 0
    off_diagonal = ~np.eye(n, dtype=bool)
    tables = []
    for start in range(0, len(odds), n * (n - 1)):
        table = np.zeros((n, n), dtype=np.float32)
        table[off_diagonal] = odds[start : start + n * (n - 1)]
        tables.append(table)
    return tables[0], tables[1] if len(tables) > 1 else None
