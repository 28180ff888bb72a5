"""What a probe tries to predict: the answer of a puzzle, read from its verifier spec."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final, NamedTuple

from puzzlegen.rng import rng_for
from puzzlegen.verify import SIDE

THIRDS: Final = ("low", "middle", "high")


class Target(NamedTuple):
    """The answer as something to predict; fields that do not apply are empty.

    Attributes:
        kind: kind of the verifier spec.
        label: the answer's class: the text of the right option, the word, the number.
        classes: the classes that this puzzle's answer could have; empty if the spec does not say.
        letters: number of lettered options.
        right: index of the right option or label; -1 if there is none.
        order: the right permutation, 1-based.
        amounts: numbers that stand for an answer with many possible values: the number itself, its position in time,
            or its positions across and down a picture.
        truth: the ground truth, where a near answer may be credited, too, or nothing else is known.
    """

    kind: str
    label: str = ""
    classes: tuple[str, ...] = ()
    letters: int = 0
    right: int = -1
    order: tuple[int, ...] = ()
    amounts: tuple[float, ...] = ()
    truth: str = ""


def target_of(ground_truth: str) -> Target:
    """The target in a record's ``ground_truth``; of unknown kinds, only ``kind`` and ``truth`` are filled in."""
    spec = json.loads(ground_truth)
    if spec["kind"] == "composite":
        # The transform is what the puzzle adds to the user's own question.
        return target_of(json.dumps(spec["target"]["transform"]))
    read = _READERS.get(spec["kind"])
    target = read(spec["target"], spec["params"]) if read else Target(spec["kind"], truth=ground_truth)
    return target._replace(truth=ground_truth) if target.amounts or target.kind == "set" else target


def _choice(target: str, params: dict[str, Any]) -> Target:
    options = params["options"]
    letters = list(options)
    right = letters.index(target)
    if isinstance(options, list):
        return Target("choice", letters=len(letters), right=right)
    return Target("choice", options[target], tuple(options.values()), len(letters), right)


def _label(target: str, params: dict[str, Any]) -> Target:
    labels = tuple(params["labels"])
    return Target("label", target, labels, right=labels.index(target))


def _number(target: float, params: dict[str, Any]) -> Target:
    if allowed := params.get("allowed"):
        return Target("number", str(target), tuple(map(str, allowed)))
    return Target("number", amounts=(float(target),))


def _permutation(target: list[int], _: dict[str, Any]) -> Target:
    return Target("permutation", order=tuple(target))


def _interval(target: list[float], params: dict[str, Any]) -> Target:
    return Target("interval", amounts=(_relative_position(target[0], target[1], params.get("duration") or 1),))


def _box(target: list[float], _: dict[str, Any]) -> Target:
    return Target(
        "box", amounts=(_relative_position(target[0], target[2], SIDE), _relative_position(target[1], target[3], SIDE))
    )


def _relative_position(start: float, end: float, length: float) -> float:
    """The position of an interval, from 0 to 1, in the room that its length leaves.

    Its middle would not do: the piece that is shown reveals its length, and the middle of a long one is always near
    the middle of the whole.
    """
    return start / max(1e-9, length - (end - start))


def _point(target: list[float], _: dict[str, Any]) -> Target:
    return Target("point", amounts=(float(target[0]), float(target[1])))


def _set(target: list[str], params: dict[str, Any]) -> Target:
    """The third of the list of names in which a randomly drawn one of the right names lies.

    The number of names, and of right ones, reveals where right names lie on average, but not where this one lies. The
    position within the name's share of the list is drawn, too, because few names do not fall evenly into thirds.
    """
    names, rng = params["names"], rng_for("third", *params["names"])
    position = (names.index(rng.choice(target)) + rng.uniform()) / len(names)
    return Target("set", THIRDS[int(len(THIRDS) * position)], THIRDS)


def _counts(target: dict[str, int], _: dict[str, Any]) -> Target:
    return Target("counts", amounts=(float(sum(target.values())),))


_READERS: Final[dict[str, Callable[[Any, dict[str, Any]], Target]]] = {
    "choice": _choice,
    "label": _label,
    "number": _number,
    "permutation": _permutation,
    "interval": _interval,
    "box": _box,
    "point": _point,
    "set": _set,
    "counts": _counts,
}
