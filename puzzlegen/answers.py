"""Answers a task may ask for: each with its verifier spec, its wrong answers and what blind guessing earns."""

from __future__ import annotations

import math
from collections.abc import Sequence
from string import ascii_uppercase

from puzzlegen.records import Answer, VerifierSpec
from puzzlegen.rng import Rng


def choice(rng: Rng, options: Sequence[str], correct: int) -> tuple[str, Answer]:
    """One of lettered options, in an order of their own for every puzzle.

    Args:
        rng: decides which letter is right, then the order of the rest.
        options: texts, all different.
        correct: index of the right one.

    Returns:
        The block of options as it stands in the question, and the answer.
    """
    n = len(options)
    letters = ascii_uppercase[:n]
    slot = rng.balanced("letter", n)
    rest = rng.shuffled(text for i, text in enumerate(options) if i != correct)
    texts = [*rest[:slot], options[correct], *rest[slot:]]
    table = dict(zip(letters, texts, strict=True))
    block = "\n".join(f"{letter}. {text}" for letter, text in table.items())
    spec = VerifierSpec("choice", letters[slot], {"options": table})
    wrong = tuple(letter for letter in letters if letter != letters[slot])
    return block, Answer(letters[slot], spec, wrong, 1 / n, "only the letter of the right option")


def label(labels: Sequence[str], correct: int) -> Answer:
    """One word of a closed set that the question names."""
    spec = VerifierSpec("label", labels[correct], {"labels": list(labels)})
    wrong = tuple(word for word in labels if word != labels[correct])
    return Answer(labels[correct], spec, wrong, 1 / len(labels), f"only one of: {', '.join(labels)}")


def degrees(angles: Sequence[int], correct: int) -> Answer:
    """One of a few angles, as a number."""
    params = {"allowed": list(angles), "modulo": 360, "tolerance": 0, "unit": "degrees"}
    spec = VerifierSpec("number", angles[correct], params)
    wrong = tuple(str(angle) for angle in angles if angle != angles[correct])
    return Answer(str(angles[correct]), spec, wrong, 1 / len(angles), "only the number of degrees")


def angle(rng: Rng, text: str, form: str, angles: Sequence[int], correct: int) -> tuple[str, Answer]:
    """One of a few angles, asked as lettered options (``choice``) or for the angle itself (``number``)."""
    if form == "number":
        return text, degrees(angles, correct)
    block, answer = choice(rng, [f"{angle} degrees" for angle in angles], correct)
    return f"{text}\n{block}", answer


def example_order(n: int) -> list[int]:
    """The order that prompts use as their worked example, 1-based: 2, 3, ..., n, 1. Never asked."""
    return [*range(2, n + 1), 1]


def draw_order(rng: Rng, n: int) -> list[int]:
    """A permutation of ``1 .. n``, each equally likely, but neither the identity nor the prompt's example."""
    identity = list(range(1, n + 1))
    while (order := [k + 1 for k in rng.permutation(n)]) in (identity, example_order(n)):
        pass
    return order


def permutation(order: Sequence[int]) -> Answer:
    """An order of ``1 .. n`` drawn by :func:`draw_order`; ``n`` is 3 or more."""
    n = len(order)
    swapped, turned = list(order), [*order[1:], order[0]]
    swapped[0], swapped[-1] = swapped[-1], swapped[0]
    wrong = [swapped, turned, list(range(1, n + 1))]
    spec = VerifierSpec("permutation", list(order), {"n": n})
    askable = math.factorial(n) - 2
    hint = f"only the {n} numbers in order, separated by commas"
    return Answer(_written(order), spec, tuple(_written(w) for w in wrong), 1 / askable, hint)


def _written(order: Sequence[int]) -> str:
    return ", ".join(str(k) for k in order)
