"""The chance level, stored with every puzzle: the exact mean score of a valid answer drawn without looking.

The valid answers of each kind are a finite set of equally likely ones (the ends of intervals and boxes lie on evenly
spaced steps), so every mean is a sum over them, not an estimate. The verifier itself scores them, so answers that are
right by luck count. The middle interval or box is nearer to most others than a random one is: where always naming the
middle one earns more than random answers, its mean score is the chance level.
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

#: Scores with their probabilities; a score may occur more than once, and scores of 0 may be left out.
Outcomes = Iterable[tuple[float, float]]
#: Number of the equally likely answers at each value of the metric.
Spread = Counter[Fraction]


def expected(spec: VerifierSpec) -> float:
    """The mean score of a valid answer drawn at random, or of the middle one if that earns more.

    The mean is 0 for free text and for numbers without ``allowed``, whose valid answers are not a finite set. In a
    composite, the blind response keeps the required form, since that needs no looking either.
    """
    return _mean(outcomes(spec))


def _mean(outcomes: Outcomes) -> float:
    return fsum(score * probability for score, probability in outcomes)


def outcomes(spec: VerifierSpec) -> Outcomes:
    """Every score that an answer given without looking can have, with its probability.

    Raises:
        VerifierError: the spec has further right targets (``also``), and its kind has too many answers to try each.
    """
    if spec.params.get("also") and spec.kind in {"permutation", "point", "set", "counts"}:
        raise VerifierError(
            f"no chance for kind {spec.kind}: got also {spec.params['also']}, allowed: one right target"
        )
    return _OUTCOMES[spec.kind](spec)


def _scoring_all(answers: Callable[[Mapping[str, Any]], list[Any]]) -> Callable[[VerifierSpec], Outcomes]:
    """Make the function that gives the outcomes of a kind with few enough answers to score them all."""
    return lambda spec: _score_answers(spec, answers(spec.params))


def _score_answers(spec: VerifierSpec, answers: list[Any]) -> Outcomes:
    grade = grader(spec.to_json())
    return [(grade(answer), 1 / len(answers)) for answer in answers]


def _choice(spec: VerifierSpec) -> Outcomes:
    """The outcomes of a choice, which depend only on the letters and on which of them is right, not on the texts."""
    letters = list(spec.params["options"])
    return _choice_outcomes(spec._replace(params=spec.params | {"options": letters}).to_json())


@lru_cache(maxsize=4096)
def _choice_outcomes(spec_json: str) -> Outcomes:
    spec = VerifierSpec(**json.loads(spec_json))
    return _score_answers(spec, spec.params["options"])


def _zero_outcome(spec: VerifierSpec) -> Outcomes:  # noqa: ARG001 - the same signature for all kinds
    return [(0.0, 1.0)]


def _number(spec: VerifierSpec) -> Outcomes:
    return _scoring_all(lambda params: params["allowed"])(spec) if "allowed" in spec.params else _zero_outcome(spec)


def _point(spec: VerifierSpec) -> Outcomes:
    """The outcomes of all points within the radius; other points earn nothing."""
    grade, (x, y), radius = grader(spec.to_json()), spec.target, spec.params["radius"]
    probability = 1 / (SIDE + 1) ** 2
    for across in range(max(0, x - int(radius)), min(SIDE, x + int(radius)) + 1):
        reach = isqrt(int(radius * radius) - (across - x) ** 2)
        for down in range(max(0, y - reach), min(SIDE, y + reach) + 1):
            yield grade([across, down]), probability


def _interval(spec: VerifierSpec) -> Outcomes:
    start, end = spec.target
    duration, length = spec.params["duration"], end - start
    slack = duration - length
    same_length = [[low, low + length] for low in _even_steps(slack, STEPS)]
    return _better_outcomes(spec, spans(duration), [slack / 2, slack / 2 + length], same_length)


def _box(spec: VerifierSpec) -> Outcomes:
    left, top, right, bottom = spec.target
    width, height = right - left, bottom - top
    across, down = SIDE - width, SIDE - height
    corners = product(_even_steps(across, BOX_STEPS), _even_steps(down, BOX_STEPS))
    same_size = [[x, y, x + width, y + height] for x, y in corners]
    return _better_outcomes(spec, boxes(), [across // 2, down // 2, across // 2 + width, down // 2 + height], same_size)


def _better_outcomes(spec: VerifierSpec, all_answers: list[Any], middle: Any, same_size: list[Any]) -> Outcomes:  # noqa: ANN401 - a target
    """The outcomes of a random answer, or of the middle answer of the target's size, whichever earns more on average.

    The middle answer is scored against targets of that size at every place. This is computed the other way round, with
    answers at every place scored against a target in the middle, because the metric is symmetric.
    """
    candidates = [_score_answers(spec, all_answers)]
    if same_size[0] != same_size[-1] and not spec.params.get("also"):
        candidates.append(_score_answers(spec._replace(target=middle), same_size))
    return max(candidates, key=_mean)


def _even_steps(room: float, steps: int) -> list[float]:
    return [room * k / steps for k in range(steps + 1)]


def _set(spec: VerifierSpec) -> Outcomes:
    """The outcomes of a set, which depend only on how many names there are and how many are right, not on the names."""
    other_params = {key: value for key, value in spec.params.items() if key != "names"}
    return _set_outcomes(len(spec.params["names"]), len(spec.target), canonical_json(other_params))


@lru_cache(maxsize=4096)
def _set_outcomes(count: int, right_count: int, params_json: str) -> list[tuple[float, float]]:
    """The outcomes by size and number of right names: answers that agree in both earn the same, so one is scored."""
    names, params = [str(k) for k in range(count)], json.loads(params_json)
    grade = grader(VerifierSpec("set", names[:right_count], {**params, "names": names}).to_json())
    sizes = range(params.get("least", 1), params.get("most", count) + 1)
    ways = sum(comb(count, size) for size in sizes)
    scored = []
    for size in sizes:
        for hits in range(max(0, size - count + right_count), min(size, right_count) + 1):
            probability = comb(right_count, hits) * comb(count - right_count, size - hits) / ways
            scored.append((grade([*names[:hits], *names[right_count : right_count + size - hits]]), probability))
    return scored


def _counts(spec: VerifierSpec) -> Outcomes:
    """The outcomes of several counts: the metric is a mean over independent counts, whose spreads are convolved."""
    most, metric = spec.params["most"], spec.params.get("metric", "relative")
    total: Spread = Counter({Fraction(0): 1})
    for right in spec.target.values():
        single = Counter(_nearness(metric, guess, right) for guess in range(most + 1))
        folded: Spread = Counter()
        for sum_, ways in total.items():
            for value, value_ways in single.items():
                folded[sum_ + value] += ways * value_ways
        total = folded
    return _credited_outcomes(Counter({sum_ / len(spec.target): ways for sum_, ways in total.items()}), spec.params)


def _nearness(metric: str, guess: int, right: int) -> Fraction:
    if metric == "share" or not right:
        return Fraction(guess == right)
    return max(Fraction(0), 1 - Fraction(abs(guess - right), right))


def _permutation(spec: VerifierSpec) -> Outcomes:
    """The outcomes of all orders, by their metric, without the orders that are never asked for."""
    metric = spec.params.get("metric", "positions")
    ranks = {part: rank for rank, part in enumerate(spec.target)}
    excluded = (ORDER_METRICS[metric][0]([ranks[part] for part in order]) for order in spec.params.get("excluded", []))
    other_params = {key: value for key, value in spec.params.items() if key != "excluded"}
    return _order_outcomes(metric, tuple(excluded), canonical_json(other_params))


@lru_cache(maxsize=4096)
def _order_outcomes(metric: str, excluded: tuple[float, ...], params_json: str) -> list[tuple[float, float]]:
    """The outcomes of all orders but those never asked for, whose values of the metric are ``excluded``."""
    params = json.loads(params_json)
    spread = _SPREADS[metric](params["n"]).copy()
    for measured in excluded:
        spread[min(spread, key=lambda value: abs(value - measured))] -= 1
    return list(_credited_outcomes(spread, params))


@lru_cache(maxsize=32)
def _positions(n: int) -> Spread:
    """Number of orders of n with k parts in place, for every k (rencontres numbers)."""
    deranged = [1, 0]
    for k in range(2, n + 1):
        deranged.append((k - 1) * (deranged[-1] + deranged[-2]))
    return Counter({Fraction(k, n): comb(n, k) * deranged[n - k] for k in range(n + 1)})


@lru_cache(maxsize=32)
def _adjacency(n: int) -> Spread:
    """Number of orders of n with k successions: choose k, glue their parts, and order what is left without any."""
    without_successions = [1, 1]
    for k in range(2, n + 1):
        without_successions.append((k - 1) * without_successions[-1] + (k - 2) * without_successions[-2])
    return Counter({Fraction(k, n - 1): comb(n - 1, k) * without_successions[n - k] for k in range(n)})


@lru_cache(maxsize=32)
def _pairs(n: int) -> Spread:
    """Number of orders of n by inversions (Mahonian numbers), found by inserting one part after the other."""
    ways = [1]
    for k in range(2, n + 1):
        longer = len(ways) + k - 1
        ways = [sum(ways[max(0, i - k + 1) : i + 1]) for i in range(longer)]
    most = n * (n - 1) // 2
    return Counter({Fraction(most - inversions, most): count for inversions, count in enumerate(ways)})


@lru_cache(maxsize=32)
def _footrule(n: int) -> Spread:
    """Number of orders of n by total distance of the parts from their places.

    Goes from place to place and counts how many places and parts still wait for each other.
    """
    ways: Counter[tuple[int, int]] = Counter({(0, 0): 1})
    for _ in range(n):
        next_ways: Counter[tuple[int, int]] = Counter()
        for (waiting, distance), count in ways.items():
            for next_waiting, choices in ((waiting - 1, waiting**2), (waiting, 2 * waiting + 1), (waiting + 1, 1)):
                if choices:
                    next_ways[next_waiting, distance + 2 * next_waiting] += count * choices
        ways = next_ways
    most = n * n // 2
    return Counter({1 - Fraction(distance, most): count for (waiting, distance), count in ways.items() if not waiting})


def _credited_outcomes(spread: Spread, params: Mapping[str, Any]) -> Iterator[tuple[float, float]]:
    """The scores of the metric's values: 1 for the right answer, else gamma times the part above the mean value."""
    gamma, signed = params.get("gamma", 0), params.get("signed", False)
    ways = sum(spread.values())
    mean = sum((value * count for value, count in spread.items()), Fraction(0)) / ways
    for value, count in spread.items():
        credit = gamma * float((value - mean) / (1 - mean)) if value < 1 and mean < 1 else float(value == 1)
        yield max(-gamma if signed else 0.0, credit), float(Fraction(count, ways))


def _composite(spec: VerifierSpec) -> Outcomes:
    """The outcomes of guessing both answers in a response of the form and length that are asked for."""
    weights = spec.params.get("weights", WEIGHTS)
    parts = [VerifierSpec(**spec.target[name]) for name in ("answer", "transform")]
    for (answer, p_answer), (transform, p_transform) in product(*(list(outcomes(part)) for part in parts)):
        earned = {"answer": answer, "transform": transform, "format": 1, "length": answer > LEAST_ACCURACY}
        yield sum(weights[part] * earned[part] for part in weights) / sum(weights.values()), p_answer * p_transform


_SPREADS = {"positions": _positions, "adjacency": _adjacency, "pairs": _pairs, "footrule": _footrule}
_OUTCOMES: dict[str, Callable[[VerifierSpec], Outcomes]] = {
    "choice": _choice,
    "label": _scoring_all(lambda params: params["labels"]),
    "number": _number,
    "permutation": _permutation,
    "interval": _interval,
    "box": _box,
    "point": _point,
    "set": _set,
    "counts": _counts,
    "text": _zero_outcome,
    "composite": _composite,
}
