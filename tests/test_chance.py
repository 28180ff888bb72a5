"""The ``chance`` of a record is what a policy earns without looking: counted over all answers."""

from __future__ import annotations

from itertools import combinations, permutations, product
from math import fsum

import pytest

from puzzlegen import answers
from puzzlegen.chance import expected, outcomes
from puzzlegen.records import VerifierSpec
from puzzlegen.verify import ORDER_METRICS, VerifierError, grader, score

EXACT = 1e-12


def mean(values: list[float]) -> float:
    return fsum(values) / len(values)


def said(spec: VerifierSpec, texts: list[str]) -> float:
    """Return the mean score of these answers, graded by the whole verifier."""
    results = [score(f"<answer>{text}</answer>", spec.to_json()) for text in texts]
    assert not {result.reason for result in results} & {"malformed", "no_answer"}
    return mean([result.value for result in results])


def never_asked(n: int) -> list[list[int]]:
    return [list(range(1, n + 1)), [*range(2, n + 1), 1]] if n > 2 else []


@pytest.mark.parametrize("metric", ORDER_METRICS)
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
def test_orders_random_and_constant(n: int, metric: str) -> None:
    every = [list(order) for order in permutations(range(1, n + 1))]
    for gamma, signed in ((0, False), (0.2, False), (0.2, True), (1, False), (1, True)):
        params = {"n": n, "gamma": gamma, "metric": metric, "signed": signed}
        target = every[len(every) // 2]
        spec = VerifierSpec("permutation", target, params)
        grade = grader(spec.to_json())
        assert mean([grade(answer) for answer in every]) == pytest.approx(expected(spec), abs=EXACT)
        asked = [order for order in every if order not in never_asked(n)]
        kept = spec._replace(target=asked[0], params=params | {"excluded": never_asked(n)})
        grade = grader(kept.to_json())
        assert mean([grade(answer) for answer in asked]) == pytest.approx(expected(kept), abs=EXACT)
        if signed:
            for each, count in ((spec, len(every)), (kept, len(asked))):
                assert expected(each) == pytest.approx((1 - gamma) / count, abs=EXACT)
    constant = [grader(spec._replace(target=order, params=params).to_json())(every[0]) for order in every]
    assert mean(constant) == pytest.approx(expected(spec), abs=EXACT)


@pytest.mark.parametrize("metric", ORDER_METRICS)
def test_no_constant_order_beats_chance_by_much_where_some_are_never_asked(metric: str) -> None:
    asked = [list(order) for order in permutations(range(1, 6)) if list(order) not in never_asked(5)]
    params = {"n": 5, "gamma": 0.2, "metric": metric, "excluded": never_asked(5)}
    graders = [grader(VerifierSpec("permutation", target, params).to_json()) for target in asked]
    chance = expected(VerifierSpec("permutation", asked[0], params))
    assert max(mean([grade(answer) for grade in graders]) for answer in asked) < chance + 0.005


@pytest.mark.parametrize("metric", ORDER_METRICS)
@pytest.mark.parametrize("n", [9, 16, 36])
def test_large_orders_add_up(n: int, metric: str) -> None:
    spec = VerifierSpec("permutation", list(range(n, 0, -1)), {"n": n, "gamma": 0.2, "metric": metric, "signed": True})
    assert fsum(likely for _, likely in outcomes(spec)) == pytest.approx(1, abs=EXACT)
    assert expected(spec) == pytest.approx(0, abs=1e-5)
    assert 0 < expected(spec._replace(params=spec.params | {"signed": False})) < 0.03


def middle_or_any(spec: VerifierSpec, middle: list[int], as_large: list[str], every: list[str]) -> float:
    """Return the score of the better of two policies that do not look.

    One answers at random. The other always gives the middle place, with the target's size; by symmetry, it earns what
    answers of this size at all places earn when the target is in the middle.
    """
    return max(said(spec, every), said(spec._replace(target=middle), as_large))


@pytest.mark.parametrize("floor", [0, 0.5])
@pytest.mark.parametrize("metric", ["iou", "boundary"])
@pytest.mark.parametrize("target", [[0, 4], [4, 10], [2, 18], [18, 20]])
def test_intervals(metric: str, target: list[int], floor: float) -> None:
    texts = [f"{low}-{high}" for low, high in combinations(range(21), 2)]
    spec = VerifierSpec("interval", target, {"duration": 20, "floor": floor, "gamma": 1, "metric": metric})
    length = target[1] - target[0]
    starts = [k * (20 - length) / 20 for k in range(21)]
    as_long = [f"{start:.2f}-{start + length:.2f}" for start in starts]
    middle = [10 - length // 2, 10 + length // 2]
    assert expected(spec) == pytest.approx(middle_or_any(spec, middle, as_long, texts), abs=EXACT)
    signed = spec._replace(params=spec.params | {"floor": 0, "signed": True})
    assert max(said(signed, texts), said(signed, ["0-20"])) == pytest.approx(0, abs=EXACT)


def test_an_interval_as_long_as_the_clip_is_no_guess() -> None:
    texts = [f"{low}-{high}" for low, high in combinations(range(21), 2)]
    spec = VerifierSpec("interval", [0, 20], {"duration": 20, "gamma": 1})
    assert said(spec, texts) == pytest.approx(expected(spec), abs=EXACT)
    assert said(spec._replace(params=spec.params | {"signed": True}), texts[1:2]) == -1


def test_no_constant_interval_beats_chance() -> None:
    every = [[low / 2, high / 2] for low, high in combinations(range(41), 2)]
    for length in (2, 4, 6, 8):
        places = [[k / 20 * (20 - length), k / 20 * (20 - length) + length] for k in range(21)]
        params = {"duration": 20, "floor": 0.5, "gamma": 1}
        specs = [VerifierSpec("interval", place, params) for place in places]
        graders = [grader(spec.to_json()) for spec in specs]
        best = max(mean([grade(answer) for grade in graders]) for answer in every)
        assert best <= mean([expected(spec) for spec in specs]) + 0.01


@pytest.mark.parametrize("floor", [0, 0.5])
@pytest.mark.parametrize("target", [[125, 250, 525, 850], [0, 0, 1000, 520], [332, 8, 348, 992]])
def test_boxes(target: list[int], floor: float) -> None:
    sides = list(combinations(range(0, 1001, 125), 2))
    texts = [f"{left}, {top}, {right}, {bottom}" for left, right in sides for top, bottom in sides]
    spec = VerifierSpec("box", target, {"floor": floor, "gamma": 1})
    wide, high = target[2] - target[0], target[3] - target[1]
    corners = product(*([k * (1000 - side) // 8 for k in range(9)] for side in (wide, high)))
    as_large = [f"{x}, {y}, {x + wide}, {y + high}" for x, y in corners]
    middle = [500 - wide // 2, 500 - high // 2, 500 + wide // 2, 500 + high // 2]
    assert expected(spec) == pytest.approx(middle_or_any(spec, middle, as_large, texts), abs=EXACT)
    signed = spec._replace(params={"gamma": 1, "signed": True})
    assert max(said(signed, texts), said(signed, ["0, 0, 1000, 1000"])) == pytest.approx(0, abs=EXACT)


def test_points() -> None:
    for at, radius, hit in (([500, 400], 12.5, 4), ([0, 3], 10, 10), ([1000, 1000], 3, 0)):
        spec = VerifierSpec("point", at, {"radius": radius, "hit": hit})
        near = [range(max(0, part - 14), min(1000, part + 14) + 1) for part in at]
        grade = grader(spec.to_json())
        total = fsum(grade([x, y]) for x, y in product(*near))
        assert expected(spec) == pytest.approx(total / 1001**2, abs=EXACT)


@pytest.mark.parametrize("sizes", [{}, {"least": 0}, {"least": 2, "most": 3}, {"most": 2}])
def test_sets(sizes: dict[str, int]) -> None:
    names = ["a", "b", "c", "d", "e"]
    every = [
        ", ".join(part) or "none"
        for k in range(sizes.get("least", 1), sizes.get("most", 5) + 1)
        for part in combinations(names, k)
    ]
    for target in (["b", "d"], ["a", "b"]):
        spec = VerifierSpec("set", target, {"names": names, "gamma": 1, **sizes})
        assert said(spec, every) == pytest.approx(expected(spec), abs=EXACT)
        signed = spec._replace(params=spec.params | {"signed": True})
        longest = [text for text in every if text.count(",") == sizes.get("most", 5) - 1]
        assert said(signed, longest) == pytest.approx(0, abs=EXACT)
        assert said(signed, every) <= 0


@pytest.mark.parametrize("metric", ["relative", "share"])
def test_counts(metric: str) -> None:
    every = [f"a: {a}, b: {b}, c: {c}" for a, b, c in product(range(5), repeat=3)]
    spec = VerifierSpec("counts", {"a": 0, "b": 1, "c": 3}, {"names": ["a", "b", "c"], "most": 4, "metric": metric})
    for extra in ({}, {"gamma": 0.5}, {"gamma": 1, "signed": True}):
        given = spec._replace(params=spec.params | extra)
        assert said(given, every) == pytest.approx(expected(given), abs=EXACT)
    assert expected(given) == pytest.approx(0, abs=EXACT)


def test_choices_labels_numbers_and_free_text() -> None:
    for kind, target, params, chance in (
        ("choice", "B", {"options": {"A": "x", "B": "y"}}, 1 / 2),
        ("choice", "B", {"options": ["A", "B", "C"], "also": ["A"]}, 2 / 3),
        ("label", "b", {"labels": ["a", "b", "c"]}, 1 / 3),
        ("number", 90, {"allowed": [0, 90, 180, 270], "modulo": 360}, 1 / 4),
        ("number", 5, {"allowed": list(range(10)), "tolerance": 1}, 3 / 10),
        ("number", 5, {}, 0),
        ("text", "cat", {"metric": "rouge"}, 0),
    ):
        assert expected(VerifierSpec(kind, target, params)) == pytest.approx(chance)


def test_further_targets_are_refused_where_they_cannot_be_counted() -> None:
    with pytest.raises(VerifierError, match="one right target"):
        expected(VerifierSpec("set", ["a"], {"names": ["a", "b"], "also": [["b"]]}))


def test_composites_pay_the_form_without_looking() -> None:
    question, change = answers.count(7, 9), answers.label(["turned", "mirrored", "as it was"], 1)
    weights = {"answer": 1, "transform": 0.5, "format": 1, "length": 0.2}
    target = {"answer": question.spec._asdict(), "transform": change.spec._asdict()}
    spec = VerifierSpec("composite", target, {"weights": weights, "think": True})
    got = [
        score(f"<think>{'x ' * 400}</think><transform>{done}</transform><answer>{n}</answer>", spec.to_json()).value
        for n in range(10)
        for done in change.spec.params["labels"]
    ]
    assert mean(got) == pytest.approx(expected(spec), abs=EXACT)
    assert expected(spec) == pytest.approx((1 / 10 + 0.5 / 3 + 1 + 0.2 / 10) / 2.7, abs=EXACT)
