"""The kinds of answer that a task can ask for, each with its verifier spec, wrong answers and chance level."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from string import ascii_uppercase
from typing import Any, Literal

from puzzlegen.chance import expected
from puzzlegen.records import Answer, VerifierSpec
from puzzlegen.rng import Rng

PartialCredit = Literal["auto", "none", "positions", "adjacency", "pairs", "footrule"]
#: The largest part of the full score that a wrong order can earn; the only published setting (Visual Jigsaw).
_GAMMA = 0.2
#: IoU up to which an interval or box earns nothing: an answer that overlaps the target less might as well name the
#: middle of the clip or picture.
_FLOOR = 0.5
_MAX_COORDINATE = 1000


def choice(rng: Rng, options: Sequence[str], correct: int) -> tuple[str, Answer]:
    """A multiple-choice answer: the letter of the right option, with the options shuffled anew for every puzzle.

    Args:
        rng: draws the letter of the right option, then the order of the others.
        options: the options' texts, all different.
        correct: index of the right option.

    Returns:
        The block of lettered options to put into the question, and the answer.
    """
    n = len(options)
    letters = ascii_uppercase[:n]
    slot = rng.balanced("letter", n)
    distractors = rng.shuffled(text for i, text in enumerate(options) if i != correct)
    texts = [*distractors[:slot], options[correct], *distractors[slot:]]
    table = dict(zip(letters, texts, strict=True))
    block = "\n".join(f"{letter}. {text}" for letter, text in table.items())
    return block, _lettered_answer(letters, slot, table)


def pick(rng: Rng, n: int) -> tuple[int, Answer]:
    """The letter of one of ``n`` media, which are lettered A, B, ... in the order in which they are shown.

    Returns:
        The index, from 0, at which the right medium must be shown, and the answer.
    """
    letters = ascii_uppercase[:n]
    slot = rng.balanced("answer", n)
    return slot, _lettered_answer(letters, slot, list(letters))


def _lettered_answer(letters: str, slot: int, options: dict[str, str] | list[str]) -> Answer:
    wrong = letters[:slot] + letters[slot + 1 :]
    return _answer(
        "choice", letters[slot], {"options": options}, letters[slot], wrong, "only the letter of the correct option"
    )


def label(labels: Sequence[str], correct: int, prefix: str = "") -> Answer:
    """One label from a closed set that the question lists; ``prefix`` is a word that may stand before it."""
    wrong = [word for word in labels if word != labels[correct]]
    hint = f"only one of: {', '.join(labels)}"
    params: dict[str, Any] = {"labels": list(labels)}
    if prefix:
        params["aliases"] = {f"{prefix} {word}": word for word in labels}
    return _answer("label", labels[correct], params, labels[correct], wrong, hint)


def degrees(angles: Sequence[int], correct: int) -> Answer:
    """One of a few angles, given as a number of degrees."""
    params = {"allowed": list(angles), "modulo": 360, "tolerance": 0, "unit": "degrees"}
    wrong = [str(angle) for angle in angles if angle != angles[correct]]
    return _answer("number", angles[correct], params, str(angles[correct]), wrong, "only the number of degrees")


def angle(rng: Rng, text: str, form: str, angles: Sequence[int], correct: int) -> tuple[str, Answer]:
    """Ask for one of a few angles, as lettered options (form ``choice``) or as a number of degrees (``number``)."""
    if form == "number":
        return text, degrees(angles, correct)
    block, answer = choice(rng, [f"{angle} degrees" for angle in angles], correct)
    return f"{text}\n{block}", answer


def option(
    rng: Rng,
    text: str,
    form: str,
    options: Sequence[str],
    correct: int,
    *,
    labels: Sequence[str] | None = None,
    meaning: str = "",
) -> tuple[str, Answer]:
    """Ask for one of a few options, by its letter (form ``choice``) or by its name (``label``).

    Args:
        rng: draws the order of lettered options.
        text: the question.
        form: ``choice`` or ``label``.
        options: texts of the lettered options.
        correct: index of the right option.
        labels: the options' names, in the same order; the options themselves if None.
        meaning: appended to the question when it asks for a name.
    """
    if form == "label":
        return text + meaning, label(options if labels is None else labels, correct)
    block, answer = choice(rng, options, correct)
    return f"{text}\n{block}", answer


def count(n: int, most: int, least: int = 0, unit: str = "") -> Answer:
    """A count from ``least`` to ``most``; ``unit``, a plural, is what is counted and may stand after the number."""
    allowed = list(range(least, most + 1))
    params = {"allowed": allowed} | ({"unit": unit} if unit else {})
    return _answer("number", n, params, str(n), [str(k) for k in allowed if k != n], "only the number")


def counts(mapping: Mapping[str, int], most: int = 9) -> Answer:
    """A count from 0 to ``most`` for each name, scored by how near the counts are, less the chance level.

    The chance level subtracted is the mean score of random counts. If targets are drawn evenly, giving one middling
    count for every name earns up to 0.1 more than random counts: 0.23 for two names and counts up to 9, against 0.15.
    Draw targets that are seldom middling, or ask for one number.
    """
    params = {"gamma": 1, "most": most, "names": list(mapping)}
    wrong = [{**mapping, name: n + 1 if n < most else n - 1} for name, n in mapping.items()]
    names = ", ".join(mapping)
    hint = f"only the number of each, as name, colon, number, separated by commas, in the order {names}"
    return _answer("counts", dict(mapping), params, _format_counts(mapping), map(_format_counts, wrong), hint)


def _format_counts(mapping: Mapping[str, int]) -> str:
    return ", ".join(f"{name}: {n}" for name, n in mapping.items())


def subset(names: Sequence[str], chosen: Sequence[str], prefix: str = "") -> Answer:
    """One or more names from a closed set that the question lists, scored by F1 less what naming all of them earns.

    ``prefix`` is a word that may stand before a name.
    """
    target = [name for name in names if name in chosen]
    others = [name for name in names if name not in chosen]
    wrong = [", ".join(part) for part in (others, list(names), target[1:]) if part and part != target]
    hint = f"only the correct ones of: {', '.join(names)}; separated by commas"
    params = {"gamma": 1, "names": list(names)} | ({"prefix": prefix} if prefix else {})
    return _answer("set", target, params, ", ".join(target), wrong, hint)


def interval(start_s: float, end_s: float, duration_s: float, metric: Literal["iou", "boundary"] = "iou") -> Answer:
    """A part of a clip, in seconds to two decimals, scored by its IoU above one half.

    With the metric ``boundary``, the IoU is first multiplied by how near the start and the end are to the target's.
    """
    start, end, duration = (_format_seconds(time) for time in (start_s, end_s, duration_s))
    params = {"duration": float(duration), "floor": _FLOOR, "gamma": 1, "metric": metric}
    text, everything, half = f"{start}-{end}", f"0-{duration}", f"0-{_format_seconds(duration_s / 2)}"
    wrong = [guess for guess in (everything, half) if guess != text]
    hint = "only its start and its end in seconds, with a hyphen between them"
    return _answer("interval", [float(start), float(end)], params, text, wrong, hint)


def _format_seconds(time: float) -> str:
    return f"{time:.2f}".rstrip("0").rstrip(".")


def box(edges: tuple[int, int, int, int]) -> Answer:
    """A box (left, top, right, bottom, in thousandths of the picture's sides), scored by its IoU above one half."""
    text = _join_numbers(edges)
    wrong = [guess for guess in ("0, 0, 1000, 1000", "0, 0, 500, 500", "500, 500, 1000, 1000") if guess != text]
    hint = "only its left, top, right and bottom edge as whole numbers from 0 to 1000, separated by commas"
    return _answer("box", list(edges), {"floor": _FLOOR, "gamma": 1}, text, wrong, hint)


def point(at: tuple[int, int], radius: int) -> Answer:
    """A point in thousandths of the picture's width and height; right if within ``radius`` of the target."""
    farthest = [0 if coordinate > _MAX_COORDINATE // 2 else _MAX_COORDINATE for coordinate in at]
    hint = "only its distance from the left and from the top edge as whole numbers from 0 to 1000, separated by a comma"
    return _answer("point", list(at), {"radius": radius}, _join_numbers(at), [_join_numbers(farthest)], hint)


def text(value: str, metric: Literal["exact", "numeric", "relative", "rouge", "wer"]) -> Answer:
    """Free text, for questions that come with an answer written by a person."""
    return _answer("text", value, {"metric": metric}, value, [f"not {value}"], "only the answer itself")


def example_order(n: int) -> list[int]:
    """The order that prompts use as their worked example, 1-based: 2, 3, ..., n, 1. It is never the right answer."""
    return [*range(2, n + 1), 1]


def draw_order(rng: Rng, n: int) -> list[int]:
    """Draw a permutation of ``1 .. n``, all equally likely, but never the identity or the prompt's example."""
    while (order := [k + 1 for k in rng.permutation(n)]) in _excluded_orders(n):
        pass
    return order


def _excluded_orders(n: int) -> list[list[int]]:
    return [list(range(1, n + 1)), example_order(n)]


def permutation(order: Sequence[int], partial_credit: PartialCredit = "auto", auto_from: int = 9) -> Answer:
    """An order of ``1 .. n``, drawn by :func:`draw_order`; ``n`` is 3 or more.

    Args:
        order: the right order.
        partial_credit: the metric by which a wrong order earns up to a fifth of the score, less what guessing earns;
            ``none`` gives wrong orders nothing. ``auto`` is ``positions`` for ``auto_from`` parts or more, because
            puzzles of that size do not teach without partial credit, and ``none`` for fewer, which teach without it.
        auto_from: fewest parts for which ``auto`` gives partial credit.
    """
    n = len(order)
    metric = {"auto": "positions" if n >= auto_from else "none"}.get(partial_credit, partial_credit)
    params = {"excluded": _excluded_orders(n), "n": n}
    if metric != "none":
        params |= {"gamma": _GAMMA, "metric": metric}
    swapped, rotated = list(order), [*order[1:], order[0]]
    swapped[0], swapped[-1] = swapped[-1], swapped[0]
    wrong = map(_join_numbers, (swapped, rotated, _excluded_orders(n)[0]))
    hint = f"only the {n} numbers in order, separated by commas"
    return _answer("permutation", list(order), params, _join_numbers(order), wrong, hint)


def _join_numbers(numbers: Sequence[int]) -> str:
    return ", ".join(map(str, numbers))


def _answer(kind: str, target: object, params: dict[str, Any], text: str, wrong: Iterable[str], hint: str) -> Answer:
    spec = VerifierSpec(kind, target, params)
    return Answer(text, spec, tuple(wrong), expected(spec), hint)
