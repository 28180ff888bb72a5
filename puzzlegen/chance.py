"""What answering without looking earns, stored with every puzzle: the exact mean score of a random valid answer.

Each kind of answer is a finite set of equally likely ones (intervals and boxes have their ends on even steps), so
every mean is a sum, not an estimate. Scores are the ones the verifier gives, right answers by luck included. Of
intervals and boxes the middle one is nearer to most others than a random one is: where always naming it earns more,
that is what counts.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb, fsum, isqrt
from typing import Any

from puzzlegen.records import VerifierSpec, canonical_json
from puzzlegen.verify import (
    BOX_STEPS,
    LEAST_ACCURACY,
    ORDER_METRICS,
    SIDE,
    STEPS,
    WEIGHTS,
    VerifierError,
    boxes,
    grader,
    spans,
)

#: Scores and how likely each is; scores may repeat, and those of 0 may be left out.
Outcomes = Iterable[tuple[float, float]]
#: How many of all equally likely answers have each value of the metric.
Spread = Counter[Fraction]


def expected(spec: VerifierSpec) -> float:
    """The mean score of an answer drawn evenly from all valid ones, or of the middle one, if that earns more.

    Free text and numbers without ``allowed`` have no such set: 0. In a composite the form is as asked for, since
    that needs no looking either.
    """
    return _mean(outcomes(spec))


def _mean(outcomes: Outcomes) -> float:
    return fsum(score * likely for score, likely in outcomes)


def outcomes(spec: VerifierSpec) -> Outcomes:
    """Every score that an answer without looking can have, with how likely it is.

    Raises:
        VerifierError: the spec has further right targets, and its kind too many answers to try each.
    """
    if spec.params.get("also") and spec.kind in {"permutation", "point", "set", "counts"}:
        raise VerifierError(
            f"no chance for kind {spec.kind}: got also {spec.params['also']}, allowed: one right target"
        )
    return _OUTCOMES[spec.kind](spec)


def _each(answers: Callable[[Mapping[str, Any]], list[Any]]) -> Callable[[VerifierSpec], Outcomes]:
    """The outcomes of a kind whose answers are few enough to try them all."""
    return lambda spec: _tried(spec, answers(spec.params))


def _tried(spec: VerifierSpec, answers: list[Any]) -> Outcomes:
    grade = grader(spec.to_json())
    return [(grade(answer), 1 / len(answers)) for answer in answers]


def _nothing(spec: VerifierSpec) -> Outcomes:  # noqa: ARG001 - one form for all kinds
    return [(0.0, 1.0)]


def _number(spec: VerifierSpec) -> Outcomes:
    return _each(lambda params: params["allowed"])(spec) if "allowed" in spec.params else _nothing(spec)


def _point(spec: VerifierSpec) -> Outcomes:
    """Only points within the radius earn anything."""
    grade, (x, y), radius = grader(spec.to_json()), spec.target, spec.params["radius"]
    likely = 1 / (SIDE + 1) ** 2
    for across in range(max(0, x - int(radius)), min(SIDE, x + int(radius)) + 1):
        reach = isqrt(int(radius * radius) - (across - x) ** 2)
        for down in range(max(0, y - reach), min(SIDE, y + reach) + 1):
            yield grade([across, down]), likely


def _interval(spec: VerifierSpec) -> Outcomes:
    start, end = spec.target
    duration, length = spec.params["duration"], end - start
    free = duration - length
    as_long = [[low, low + length] for low in _even(free, STEPS)]
    return _best(spec, spans(duration), [free / 2, free / 2 + length], as_long)


def _box(spec: VerifierSpec) -> Outcomes:
    left, top, right, bottom = spec.target
    width, height = right - left, bottom - top
    across, down = SIDE - width, SIDE - height
    corners = product(_even(across, BOX_STEPS), _even(down, BOX_STEPS))
    as_large = [[x, y, x + width, y + height] for x, y in corners]
    return _best(spec, boxes(), [across // 2, down // 2, across // 2 + width, down // 2 + height], as_large)


def _best(spec: VerifierSpec, every: list[Any], middle: Any, as_large: list[Any]) -> Outcomes:  # noqa: ANN401 - a target
    """Of any answer, and the middle one that is as large as the target, the one that earns more.

    What the middle one earns, wherever a target may lie, is what answers anywhere earn of a target in the middle.
    """
    found = [_tried(spec, every)]
    if as_large[0] != as_large[-1] and not spec.params.get("also"):
        found.append(_tried(spec._replace(target=middle), as_large))
    return max(found, key=_mean)


def _even(room: float, steps: int) -> list[float]:
    return [room * k / steps for k in range(steps + 1)]


def _set(spec: VerifierSpec) -> Outcomes:
    """What names are called does not count: sets of as many names, of which as many are right, share their outcomes."""
    others = {key: value for key, value in spec.params.items() if key != "names"}
    return _set_of(len(spec.params["names"]), len(spec.target), canonical_json(others))


@lru_cache(maxsize=4096)
def _set_of(count: int, right: int, others: str) -> list[tuple[float, float]]:
    """Answers of one size with as many right names all earn the same, so one of them is tried."""
    names, params = [str(k) for k in range(count)], json.loads(others)
    grade = grader(VerifierSpec("set", names[:right], {**params, "names": names}).to_json())
    sizes = range(params.get("least", 1), params.get("most", count) + 1)
    ways = sum(comb(count, size) for size in sizes)
    found = []
    for size in sizes:
        for hits in range(max(0, size - count + right), min(size, right) + 1):
            likely = comb(right, hits) * comb(count - right, size - hits) / ways
            found.append((grade([*names[:hits], *names[right : right + size - hits]]), likely))
    return found


def _counts(spec: VerifierSpec) -> Outcomes:
    """The metric is a mean over independent counts: their spreads are folded together."""
    most, metric = spec.params["most"], spec.params.get("metric", "relative")
    total: Spread = Counter({Fraction(0): 1})
    for right in spec.target.values():
        one = Counter(_nearness(metric, guess, right) for guess in range(most + 1))
        folded: Spread = Counter()
        for sum_, ways in total.items():
            for value, more in one.items():
                folded[sum_ + value] += ways * more
        total = folded
    return _credited(Counter({sum_ / len(spec.target): ways for sum_, ways in total.items()}), spec.params)


def _nearness(metric: str, guess: int, right: int) -> Fraction:
    if metric == "share" or not right:
        return Fraction(guess == right)
    return max(Fraction(0), 1 - Fraction(abs(guess - right), right))


def _permutation(spec: VerifierSpec) -> Outcomes:
    """All orders by their metric, less those that are never asked for."""
    metric = spec.params.get("metric", "positions")
    place = {part: rank for rank, part in enumerate(spec.target)}
    excluded = (ORDER_METRICS[metric][0]([place[part] for part in order]) for order in spec.params.get("excluded", []))
    others = {key: value for key, value in spec.params.items() if key != "excluded"}
    return _orders(metric, tuple(excluded), canonical_json(others))


@lru_cache(maxsize=4096)
def _orders(metric: str, excluded: tuple[float, ...], others: str) -> list[tuple[float, float]]:
    """The outcomes of orders of which those with the values ``excluded`` are never asked for."""
    params = json.loads(others)
    spread = _SPREADS[metric](params["n"]).copy()
    for measured in excluded:
        spread[min(spread, key=lambda value: abs(value - measured))] -= 1
    return list(_credited(spread, params))


@lru_cache(maxsize=32)
def _positions(n: int) -> Spread:
    """Rencontres numbers: orders of n with k parts in place."""
    deranged = [1, 0]
    for k in range(2, n + 1):
        deranged.append((k - 1) * (deranged[-1] + deranged[-2]))
    return Counter({Fraction(k, n): comb(n, k) * deranged[n - k] for k in range(n + 1)})


@lru_cache(maxsize=32)
def _adjacency(n: int) -> Spread:
    """Orders of n with k successions: choose which, glue them, and let what is left have none."""
    free = [1, 1]
    for k in range(2, n + 1):
        free.append((k - 1) * free[-1] + (k - 2) * free[-2])
    return Counter({Fraction(k, n - 1): comb(n - 1, k) * free[n - k] for k in range(n)})


@lru_cache(maxsize=32)
def _pairs(n: int) -> Spread:
    """Mahonian numbers: orders of n by inversions, one part put in after the other."""
    ways = [1]
    for k in range(2, n + 1):
        longer = len(ways) + k - 1
        ways = [sum(ways[max(0, i - k + 1) : i + 1]) for i in range(longer)]
    most = n * (n - 1) // 2
    return Counter({Fraction(most - inversions, most): count for inversions, count in enumerate(ways)})


@lru_cache(maxsize=32)
def _footrule(n: int) -> Spread:
    """Orders of n by distance: place by place, counting the places and parts still waiting for each other."""
    ways: Counter[tuple[int, int]] = Counter({(0, 0): 1})
    for _ in range(n):
        after: Counter[tuple[int, int]] = Counter()
        for (waiting, far), count in ways.items():
            for now, choices in ((waiting - 1, waiting**2), (waiting, 2 * waiting + 1), (waiting + 1, 1)):
                if choices:
                    after[now, far + 2 * now] += count * choices
        ways = after
    most = n * n // 2
    return Counter({1 - Fraction(far, most): count for (waiting, far), count in ways.items() if not waiting})


def _credited(spread: Spread, params: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """What the metric's values earn: full for the right answer, else what lies above their mean, times gamma."""
    gamma, signed = params.get("gamma", 0), params.get("signed", False)
    ways = sum(spread.values())
    mean = sum((value * count for value, count in spread.items()), Fraction(0)) / ways
    for value, count in spread.items():
        part = gamma * float((value - mean) / (1 - mean)) if value < 1 and mean < 1 else float(value == 1)
        yield max(-gamma if signed else 0.0, part), float(Fraction(count, ways))


def _composite(spec: VerifierSpec) -> Outcomes:
    """Both parts guessed, in the form and at the length asked for."""
    weights = spec.params.get("weights", WEIGHTS)
    parts = [VerifierSpec(**spec.target[name]) for name in ("answer", "transform")]
    for (answer, one), (transform, other) in product(*(list(outcomes(part)) for part in parts)):
        earned = {"answer": answer, "transform": transform, "format": 1, "length": answer > LEAST_ACCURACY}
        yield sum(weights[part] * earned[part] for part in weights) / sum(weights.values()), one * other


_SPREADS = {"positions": _positions, "adjacency": _adjacency, "pairs": _pairs, "footrule": _footrule}
_OUTCOMES: dict[str, Callable[[VerifierSpec], Outcomes]] = {
    "choice": _each(lambda params: list(params["options"])),
    "label": _each(lambda params: params["labels"]),
    "number": _number,
    "permutation": _permutation,
    "interval": _interval,
    "box": _box,
    "point": _point,
    "set": _set,
    "counts": _counts,
    "text": _nothing,
    "composite": _composite,
}
