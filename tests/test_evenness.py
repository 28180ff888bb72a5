from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from puzzlegen.evenness import Choosable, balanced, farmable
from puzzlegen.rng import rng_for

TEXTS = ["0 degrees", "90 degrees", "180 degrees", "270 degrees"]


def puzzle(k: int, kind: str, target: Any, *, chance: float = 0.25, task: str = "rotation", **params: Any) -> Choosable:
    return Choosable(
        f"{k:04}", (task, "{}"), f"source-{k}", chance, {"v": 1, "kind": kind, "target": target, "params": params}
    )


def rotations(counts: dict[tuple[str, str], int]) -> list[Choosable]:
    """Puzzles by right letter and right text."""
    made: list[Choosable] = []
    for (letter, text), n in counts.items():
        others = [other for other in TEXTS if other != text]
        options = {name: text if name == letter else others.pop() for name in "ABCD"}
        made += [puzzle(len(made) + k, "choice", letter, options=options) for k in range(n)]
    return made


def test_the_best_constant_letter_is_named_with_what_it_earns() -> None:
    counts = {(letter, text): 24 if letter == "A" else 4 for letter in "ABCD" for text in TEXTS}
    (constant,) = farmable(rotations(counts))
    assert (constant.task, constant.answer, constant.n) == ("rotation", "A", 144)
    assert constant.low < constant.reward < constant.high
    assert constant.reward == pytest.approx(96 / 144)
    assert str(constant).startswith("rotation: always answering A earns 0.667 (0.")
    assert "--balance drops 79 of 144 puzzles" in str(constant)


def test_an_options_text_is_a_constant_answer_too() -> None:
    counts = {(letter, text): 20 if text == "90 degrees" else 5 for letter in "ABCD" for text in TEXTS}
    (constant,) = farmable(rotations(counts))
    assert constant.answer == "90 degrees"


def test_even_answers_raise_no_warning() -> None:
    assert farmable(rotations({(letter, text): 5 for letter in "ABCD" for text in TEXTS})) == []
    assert farmable([puzzle(k, "label", "ab"[k % 2], chance=0.5, labels=["a", "b"]) for k in range(9)]) == []
    assert farmable([]) == []


def test_the_fewest_are_dropped_for_letters_and_texts_to_be_even() -> None:
    counts = {(letter, text): 9 if (letter, text) == ("A", "0 degrees") else 4 for letter in "ABCD" for text in TEXTS}
    puzzles = rotations(counts)
    kept = balanced(puzzles)
    assert len(puzzles) - len(kept) == 4
    rows = [made for made in puzzles if made.id in kept]
    letters = Counter(made.spec["target"] for made in rows)
    texts = Counter(made.spec["params"]["options"][made.spec["target"]] for made in rows)
    assert max(letters.values()) - min(letters.values()) == max(texts.values()) - min(texts.values()) == 1
    assert farmable(rows) == []
    assert balanced(rows) == kept


def test_each_task_is_balanced_by_itself() -> None:
    labels = [puzzle(k, "label", "a" if k < 6 else "b", task="link", labels=["a", "b"]) for k in range(10)]
    numbers = [puzzle(100 + k, "number", k % 3, task="count", allowed=[0, 1, 2]) for k in range(9)]
    kept = balanced([*labels, *numbers])
    assert len(kept) == 5 + 4 + 9


def test_boxes_of_one_place_are_found_and_kept() -> None:
    rng = rng_for("boxes")
    corners = [(rng.integer(0, 40), rng.integer(0, 40)) for _ in range(60)]
    same = [
        puzzle(k, "box", [x, y, x + 480, y + 480], chance=0.01, floor=0.5, gamma=1) for k, (x, y) in enumerate(corners)
    ]
    (constant,) = farmable(same)
    assert constant.reward > 0.5
    assert "--balance cannot help" in str(constant)
    assert len(balanced(same)) == 60
    spread = [
        puzzle(k, "box", [x, y, x + 300, y + 300], chance=0.05, floor=0.5, gamma=1)
        for k, (x, y) in enumerate((rng.integer(0, 700), rng.integer(0, 700)) for _ in range(60))
    ]
    assert farmable(spread) == []


@pytest.mark.parametrize("kind", ["interval", "point", "permutation", "set", "text"])
def test_every_other_kind_can_be_judged(kind: str) -> None:
    made: dict[str, tuple[Any, dict[str, Any]]] = {
        "interval": ([2.0, 4.0], {"duration": 9.0, "gamma": 1, "floor": 0.5}),
        "point": ([500, 500], {"radius": 40}),
        "permutation": ([3, 1, 2], {"n": 3}),
        "set": (["a"], {"names": ["a", "b"], "gamma": 1}),
        "text": ("x", {}),
    }
    target, params = made[kind]
    found = farmable([puzzle(k, kind, target, **params) for k in range(12)])
    assert bool(found) == (kind in {"interval", "point", "permutation"})
