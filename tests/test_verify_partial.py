"""Partial credit: right answers earn 1, blind ones 0, and better ones never less. Metrics are reimplemented here."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from puzzlegen.records import VerifierSpec
from puzzlegen.verify import boxes, grader, score, spans

METRICS = ("positions", "adjacency", "pairs", "footrule")


def earns(text: str, kind: str, target: Any, **params: Any) -> float:
    return score(f"<answer>{text}</answer>", VerifierSpec(kind, target, params).to_json()).value


def written(order: list[int]) -> str:
    return ", ".join(map(str, order))


def order_metric(metric: str, answer: list[int], target: list[int]) -> Fraction:
    n = len(target)
    if metric == "positions":
        return Fraction(sum(a == t for a, t in zip(answer, target, strict=True)), n)
    if metric == "adjacency":
        steps = set(pairwise(target))
        return Fraction(sum(step in steps for step in pairwise(answer)), n - 1)
    if metric == "pairs":
        right = [answer.index(a) < answer.index(b) for a, b in combinations(target, 2)]
        return Fraction(sum(right), len(right))
    away = sum(abs(answer.index(part) - target.index(part)) for part in target)
    return 1 - Fraction(away, n * n // 2)


orders = st.integers(2, 9).flatmap(lambda n: st.tuples(*[st.permutations(range(1, n + 1))] * 3))


@settings(max_examples=150, deadline=None)
@given(three=orders, metric=st.sampled_from(METRICS), gamma=st.floats(0, 1), signed=st.booleans())
def test_a_better_order_never_earns_less(three: tuple[list[int], ...], metric: str, gamma: float, signed: bool) -> None:
    target, *answers = three
    low, high = sorted(answers, key=lambda answer: order_metric(metric, answer, target))
    params = {"n": len(target), "metric": metric, "gamma": gamma, "signed": signed}
    got = [earns(written(answer), "permutation", target, **params) for answer in (low, high, target)]
    assert -gamma - 1e-12 <= got[0] <= got[1] + 1e-12
    assert got[1] <= got[2] == 1.0
    assert signed or got[0] >= 0


@pytest.mark.parametrize(
    ("metric", "answer", "value"),
    [
        ("positions", [1, 2, 3, 5, 4], (Fraction(3, 5) - Fraction(1, 5)) / Fraction(4, 5)),
        ("positions", [2, 1, 4, 5, 3], Fraction(0)),
        ("adjacency", [3, 4, 5, 1, 2], (Fraction(3, 4) - Fraction(1, 5)) / Fraction(4, 5)),
        ("adjacency", [5, 4, 3, 2, 1], Fraction(0)),
        ("pairs", [1, 2, 3, 5, 4], (Fraction(9, 10) - Fraction(1, 2)) / Fraction(1, 2)),
        ("pairs", [5, 4, 3, 2, 1], Fraction(0)),
        ("footrule", [1, 2, 3, 5, 4], (1 - Fraction(2, 12) - Fraction(1, 3)) / Fraction(2, 3)),
        ("footrule", [5, 4, 3, 2, 1], Fraction(0)),
    ],
)
def test_orders_by_hand(metric: str, answer: list[int], value: Fraction) -> None:
    got = earns(written(answer), "permutation", [1, 2, 3, 4, 5], n=5, metric=metric, gamma=0.2)
    assert got == pytest.approx(float(value) / 5, abs=1e-12)


def test_orders_never_asked_for_earn_nothing() -> None:
    near = [2, 3, 4, 5, 6, 7, 8, 9, 1]
    params: dict[str, Any] = {"n": 9, "gamma": 0.2, "signed": True}
    target = [2, 3, 4, 5, 6, 7, 8, 1, 9]
    assert earns(written(near), "permutation", target, **params) > 0.1
    worst = earns("9, 1, 2, 3, 4, 5, 6, 7, 8", "permutation", target, **params, excluded=[near])
    assert earns(written(near), "permutation", target, **params, excluded=[near]) == worst < 0
    assert earns(written(near), "permutation", target, **params | {"signed": False}, excluded=[near]) == 0


SIGNED: list[tuple[str, Any, str, dict[str, Any]]] = [
    ("interval", [3, 8], "15-20", {"duration": 20}),
    ("interval", [3, 8], "15-20", {"duration": 20, "floor": 0.5}),
    ("box", [0, 0, 500, 500], "500, 500, 1000, 1000", {}),
    ("set", ["a", "b"], "c", {"names": ["a", "b", "c", "d"]}),
    ("counts", {"a": 1, "b": 2}, "a: 9, b: 9", {"names": ["a", "b"], "most": 9}),
    ("permutation", [1, 2, 3, 4], "2, 1, 4, 3", {"n": 4}),
]


@pytest.mark.parametrize(("kind", "target", "worst", "params"), SIGNED)
def test_not_answering_never_pays_where_scores_are_signed(
    kind: str, target: Any, worst: str, params: dict[str, Any]
) -> None:
    least = earns(worst, kind, target, **params, gamma=0.5, signed=True)
    assert -0.5 <= least < 0
    truth = VerifierSpec(kind, target, {**params, "gamma": 0.5, "signed": True}).to_json()
    for response in ("", "<answer></answer>", "<answer>I cannot tell</answer>", "<answer>"):
        assert score(response, truth).value == least
    assert earns("I cannot tell", kind, target, **params, gamma=0.5) == 0


@pytest.mark.parametrize("floor", [0.0, 0.5])
def test_random_answers_earn_at_most_0_on_average_where_scores_are_signed(floor: float) -> None:
    grade = grader(
        VerifierSpec("interval", [3, 8], {"duration": 20, "gamma": 1, "signed": True, "floor": floor}).to_json()
    )
    blind = spans(20)
    mean = sum(map(grade, blind)) / len(blind)
    assert -0.6 < mean < 0
    assert (mean > -0.1) == (floor == 0)


def test_without_gamma_only_the_right_answer_pays() -> None:
    assert earns("1, 2, 3, 4, 6, 5", "permutation", [1, 2, 3, 4, 5, 6], n=6) == 0
    assert earns("1-5.01", "interval", [1, 5], duration=9) == 0
    assert earns("0, 0, 500, 501", "box", [0, 0, 500, 500]) == 0
    assert earns("a, b, c", "set", ["a", "b"], names=["a", "b", "c", "d"]) == 0
    assert earns("a: 3, b: 5", "counts", {"a": 3, "b": 4}, names=["a", "b"], most=9) == 0


@pytest.mark.parametrize("metric", ["iou", "boundary"])
@settings(max_examples=100, deadline=None)
@given(ends=st.lists(st.integers(0, 90), min_size=6, max_size=6), signed=st.booleans())
def test_a_better_interval_never_earns_less(metric: str, ends: list[int], signed: bool) -> None:
    spans = [sorted(ends[i : i + 2]) for i in (0, 2, 4)]
    assume(all(low < high for low, high in spans))
    target, *answers = spans

    def true_metric(span: list[int]) -> Fraction:
        both = max(0, min(span[1], target[1]) - max(span[0], target[0]))
        either = span[1] - span[0] + target[1] - target[0] - both
        near = (1 - Fraction(abs(span[0] - target[0]), 90)) * (1 - Fraction(abs(span[1] - target[1]), 90))
        return Fraction(both, either) * (near if metric == "boundary" else 1)

    low, high = sorted(answers, key=true_metric)
    params = {"duration": 90, "gamma": 1, "metric": metric, "signed": signed}
    got = [earns(f"{a}-{b}", "interval", target, **params) for a, b in (low, high, target)]
    assert got[0] <= got[1] + 1e-12
    assert got[1] <= got[2] == 1.0
    assert earns("0-90", "interval", target, **params) <= 1e-12 or target == [0, 90]


@pytest.mark.parametrize(("end", "value"), [(4, 0), (5, 0), (6, 0.2), (8, 0.6), (10, 1)])
def test_up_to_the_floor_nothing_is_earned(end: int, value: float) -> None:
    assert earns(f"0-{end}", "interval", [0, 10], duration=40, gamma=1, floor=0.5) == pytest.approx(value)
    box = f"0, 0, 1000, {end * 10}"
    assert earns(box, "box", [0, 0, 1000, 100], gamma=1, floor=0.5) == pytest.approx(value)


@settings(max_examples=100, deadline=None)
@given(edges=st.lists(st.integers(0, 1000), min_size=12, max_size=12))
def test_a_better_box_never_earns_less(edges: list[int]) -> None:
    pairs = [sorted(edges[i : i + 2]) for i in range(0, 12, 2)]
    assume(all(low < high for low, high in pairs))
    boxes = [[x[0], y[0], x[1], y[1]] for x, y in zip(pairs[::2], pairs[1::2], strict=True)]
    target, *answers = boxes

    def iou(box: list[int]) -> Fraction:
        sides = [max(0, min(box[k + 2], target[k + 2]) - max(box[k], target[k])) for k in (0, 1)]
        areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (box, target))
        return Fraction(sides[0] * sides[1], areas - sides[0] * sides[1])

    low, high = sorted(answers, key=iou)
    got = [earns(written(box), "box", target, gamma=1) for box in (low, high, target)]
    assert 0 <= got[0] <= got[1] + 1e-12
    assert got[1] <= got[2] == 1.0
    assert earns("0, 0, 1000, 1000", "box", target, gamma=1) in {0.0, float(target == [0, 0, 1000, 1000])}


@settings(max_examples=60, deadline=None)
@given(ends=st.lists(st.integers(0, 1000), min_size=4, max_size=4))
def test_with_a_floor_the_mean_of_blind_answers_would_change_nothing(ends: list[int]) -> None:
    """The verifier does not compute it if the floor is 0.45 or more."""
    assume(ends[0] != ends[1] and ends[2] != ends[3])
    (left, right), (top, bottom) = sorted(ends[:2]), sorted(ends[2:])

    def mean_iou(kind: str, target: list[int], blind: list[Any], params: dict[str, Any]) -> float:
        grade = grader(VerifierSpec(kind, target, {**params, "gamma": 1, "floor": 1e-9, "signed": True}).to_json())
        earned = [grade(answer) for answer in blind]
        # With the chance level c, an answer earns (IoU - c) / (1 - c): one that misses the target tells c.
        chance = min(earned) / (min(earned) - 1)
        return sum(value * (1 - chance) + chance for value in earned) / len(earned)

    if right - left < 900:
        assert mean_iou("interval", [left, right], spans(1000), {"duration": 1000}) < 0.45
    if min(right - left, bottom - top) < 800:
        assert mean_iou("box", [left, top, right, bottom], boxes(), {}) < 0.45


NAMES = ["a", "b", "c", "d", "e"]
subsets = st.sets(st.sampled_from(NAMES), min_size=1)


@settings(max_examples=100, deadline=None)
@given(target=subsets, one=subsets, other=subsets)
def test_a_better_set_never_earns_less_and_all_names_earn_nothing(
    target: set[str], one: set[str], other: set[str]
) -> None:
    low, high = sorted((one, other), key=lambda answer: Fraction(len(answer & target), len(answer) + len(target)))
    params: dict[str, Any] = {"names": NAMES, "gamma": 1}
    got = [earns(", ".join(answer), "set", sorted(target), **params) for answer in (low, high, target)]
    assert 0 <= got[0] <= got[1] + 1e-12
    assert got[1] <= got[2] == 1.0
    assert earns(", ".join(NAMES), "set", sorted(target), **params) == float(len(target) == len(NAMES))


triples = st.lists(st.integers(0, 9), min_size=3, max_size=3)


@settings(max_examples=100, deadline=None)
@given(target=triples, one=triples, other=triples, metric=st.sampled_from(["relative", "share"]))
def test_better_counts_never_earn_less(target: list[int], one: list[int], other: list[int], metric: str) -> None:
    def near(answer: list[int]) -> Fraction:
        pairs = list(zip(answer, target, strict=True))
        if metric == "share":
            return Fraction(sum(a == t for a, t in pairs), 3)
        return sum(
            (max(Fraction(0), 1 - Fraction(abs(a - t), t)) if t else Fraction(a == 0) for a, t in pairs), Fraction(0)
        )

    low, high = sorted((one, other), key=near)
    right = dict(zip("abc", target, strict=True))
    params: dict[str, Any] = {"names": ["a", "b", "c"], "most": 9, "gamma": 1, "metric": metric}
    texts = [", ".join(f"{name}: {n}" for name, n in zip("abc", answer, strict=True)) for answer in (low, high, target)]
    got = [earns(text, "counts", right, **params) for text in texts]
    assert 0 <= got[0] <= got[1] + 1e-12
    assert got[1] <= got[2] == 1.0


@settings(max_examples=100, deadline=None)
@given(at=st.tuples(st.integers(0, 1000), st.integers(0, 1000)), hit=st.integers(0, 80))
def test_a_nearer_point_never_earns_less(at: tuple[int, int], hit: int) -> None:
    away = [((at[0] - 400) ** 2 + (at[1] - 300) ** 2) ** 0.5, ((at[0] - 399) ** 2 + (at[1] - 300) ** 2) ** 0.5]
    got = [earns(f"{at[0]}, {at[1]}", "point", [x, 300], radius=80, hit=hit) for x in (400, 399)]
    assert (got[0] >= got[1]) if away[0] <= away[1] else (got[0] <= got[1])
    assert all(g == 1.0 if d <= hit else g < 1.0 and (g == 0.0) == (d >= 80) for g, d in zip(got, away, strict=True))


words = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8)


def edits(one: list[str], other: list[str]) -> int:
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, 1):
        last, row = row, [i]
        for j, right in enumerate(other):
            row.append(min(last[j] + (word != right), last[j + 1] + 1, row[j] + 1))
    return row[-1]


def common(one: list[str], other: list[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        last, row = row, [0]
        for j, right in enumerate(other):
            row.append(last[j] + 1 if word == right else max(last[j + 1], row[j]))
    return row[-1]


@settings(max_examples=200, deadline=None)
@given(one=words, other=words)
def test_word_metrics_are_what_the_tables_say(one: list[str], other: list[str]) -> None:
    answer, target = " ".join(one), " ".join(other)
    assert earns(answer, "text", target, metric="wer") == pytest.approx(max(0, 1 - edits(one, other) / len(other)))

    def f1(both: int, n: int, m: int) -> float:
        return 2 * both / (n + m)

    grams = [[tuple(text[i : i + k]) for i in range(len(text) - k + 1)] for k in (1, 2) for text in (one, other)]
    both = [sum(min(a.count(g), b.count(g)) for g in set(a)) for a, b in (grams[:2], grams[2:])]
    parts = [f1(both[0], len(one), len(other)), f1(common(one, other), len(one), len(other))]
    if grams[2] or grams[3]:
        parts.append(f1(both[1], len(grams[2]), len(grams[3])))
    assert earns(answer, "text", target, metric="rouge") == pytest.approx(sum(parts) / len(parts))
