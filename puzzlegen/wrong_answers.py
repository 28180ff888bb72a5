"""Wrong answers made from a verifier spec alone, to test whether a reward tells them from the right one.

The answers of :mod:`puzzlegen.answers` are made with the puzzle; these here are for specs from anywhere, which may be
faulty. So they are not checked with the verifier, but are wrong by the meaning of the spec's kind: as far from the
right answers as the spec allows.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

Params = Mapping[str, Any]
_SIDE = 1000
_CELLS = 8
_SLICES = 32
#: How far a wrong number is from the right one, at least: beyond any tolerance that makes sense.
_FAR = 1000


def wrong_response(ground_truth: str) -> str | None:
    """Return a whole response with a wrong answer, in the form that the spec asks for.

    A composite's response names the right transformation, so that only its answer is wrong.

    Args:
        ground_truth: a valid verifier spec, as JSON.

    Returns:
        The response; None if the spec calls every possible answer right.
    """
    raw = json.loads(ground_truth)
    is_joint = raw["kind"] == "composite"
    spec = raw["target"]["answer"] if is_joint else raw
    params = spec.get("params", {})
    rights = [spec["target"], *params.get("also", [])]
    wrong = _MAKERS[spec["kind"]](rights, params)
    if wrong is None or wrong in rights:
        return None
    form = raw.get("params", {})
    reasoning = "<think>\nI guess.\n</think>\n" if form.get("think") else ""
    transform = f"<transform>{_as_text(raw['target']['transform']['target'])}</transform>\n" if is_joint else ""
    return f"{reasoning}{transform}{_in_place(_as_text(wrong), form.get('format', 'answer'))}"


def _in_place(text: str, place: str) -> str:
    if place == "json":
        return json.dumps({"answer": text})
    return f"\\boxed{{{text}}}" if place == "boxed" else f"<answer>{text}</answer>"


def _as_text(target: Any) -> str:  # noqa: ANN401 - the target of any kind
    if isinstance(target, dict):
        return ", ".join(f"{name}: {n}" for name, n in target.items())
    if isinstance(target, list):
        return ", ".join(map(_as_text, target)) or "none"
    return f"{target:.6f}".rstrip("0").rstrip(".") if isinstance(target, float) else str(target)


def _other_option(rights: list[Any], params: Params) -> Any:  # noqa: ANN401
    return next((letter for letter in params["options"] if letter not in rights), None)


def _other_label(rights: list[Any], params: Params) -> Any:  # noqa: ANN401
    return next((label for label in params["labels"] if label not in rights), None)


def _far_number(rights: list[Any], params: Params) -> Any:  # noqa: ANN401
    """Return the number, of those allowed, that is farthest from all right ones."""
    modulo, allowed = params.get("modulo"), params.get("allowed")

    def distance(value: float) -> float:
        gaps = [abs(value - right) for right in rights]
        return float(min(gaps if modulo is None else [min(gap % modulo, -gap % modulo) for gap in gaps]))

    if allowed is not None:
        candidates = allowed
    elif modulo is None:
        far = _FAR + max(map(abs, rights))
        candidates = [far, -far]
    else:
        candidates = [modulo * k / _SLICES for k in range(_SLICES)]
    farthest = max(candidates, key=distance)
    return farthest if distance(farthest) > 0 else None


def _other_order(rights: list[Any], params: Params) -> Any:  # noqa: ANN401
    """Return the reversed order or, if that is right or excluded, a rotated or swapped one, or else an excluded one."""
    order, excluded = rights[0], params.get("excluded", [])
    rotations = [[*order[k:], *order[:k]] for k in range(1, len(order))]
    others = [order[::-1], *rotations, [*reversed(order[:2]), *order[2:]]]
    candidates = [*(other for other in others if other not in excluded), *excluded]
    return next((other for other in candidates if other not in rights), None)


def _other_interval(rights: list[Any], params: Params) -> list[float]:
    """Return the short interval that overlaps the right ones least."""

    def overlap(cell: Sequence[float]) -> float:
        return sum(_common_length(cell, right) for right in rights)

    farthest = min(_cells(params["duration"], _SLICES), key=overlap)
    return list(farthest)


def _other_box(rights: list[Any], params: Params) -> list[int]:  # noqa: ARG001
    """Return the small box that overlaps the right ones least."""

    def overlap(box: Sequence[float]) -> float:
        return sum(_common_length(box[::2], right[::2]) * _common_length(box[1::2], right[1::2]) for right in rights)

    sides = [(int(low), int(high)) for low, high in _cells(_SIDE, _CELLS)]
    return min(([left, top, right, bottom] for left, right in sides for top, bottom in sides), key=overlap)


def _cells(length: float, n: int) -> list[tuple[float, float]]:
    return [(length * k / n, length * (k + 1) / n) for k in range(n)]


def _common_length(one: Sequence[float], other: Sequence[float]) -> float:
    return max(0.0, min(one[1], other[1]) - max(one[0], other[0]))


def _far_corner(rights: list[Any], params: Params) -> list[int]:  # noqa: ARG001
    """Return the corner of the picture that is farthest from all right points."""
    corners = [[x, y] for x in (0, _SIDE) for y in (0, _SIDE)]
    return max(corners, key=lambda corner: min(math.dist(corner, right) for right in rights))


def _other_set(rights: list[Any], params: Params) -> Any:  # noqa: ANN401
    """Return the set that shares the smallest part of its names with the first right one."""
    names, right = params["names"], rights[0]
    ordered = sorted(names, key=lambda name: sum(name in right for right in rights))
    sizes = range(params.get("least", 1), params.get("most", len(names)) + 1)
    candidates = [[name for name in names if name in ordered[:size]] for size in sizes]
    wrong = [candidate for candidate in candidates if candidate not in rights]
    return min(wrong, key=lambda candidate: _shared_part(candidate, right), default=None)


def _shared_part(names: Iterable[str], right: list[str]) -> float:
    shared = [name in right for name in names]
    return sum(shared) / len(shared) if shared else 0.0


def _other_counts(rights: list[Any], params: Params) -> dict[str, int]:
    """Return the counts that are each as far as possible from the first right one."""
    most = params["most"]
    return {name: 0 if n > most / 2 else most for name, n in rights[0].items()}


def _other_text(rights: list[Any], params: Params) -> str:
    """Return a word of no language or, if the answer is a number, a far one."""
    if params.get("metric") not in {"numeric", "relative"}:
        return "qwxz"
    digits = "".join(char for char in "".join(rights) if char.isdecimal())
    return f"-{_FAR}{digits[:9]}"


#: For each kind, the function that makes a wrong answer in the target's form from the right ones and the params.
_MAKERS: dict[str, Callable[[list[Any], Params], Any]] = {
    "choice": _other_option,
    "label": _other_label,
    "number": _far_number,
    "permutation": _other_order,
    "interval": _other_interval,
    "box": _other_box,
    "point": _far_corner,
    "set": _other_set,
    "counts": _other_counts,
    "text": _other_text,
}
