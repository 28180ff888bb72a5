"""Every kind of answer passes the checks of a build: its solution scores 1, its wrong answers less."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import puzzlegen
from puzzlegen import answers
from puzzlegen.chance import expected
from puzzlegen.prompts import PromptSettings, compose, response
from puzzlegen.records import Answer, Puzzle
from puzzlegen.rng import rng_for
from puzzlegen.verify import KINDS, score

RNG = rng_for("answers")
ORDER_9 = [3, 1, 2, 5, 4, 6, 9, 8, 7]
MADE: dict[str, Answer] = {
    "choice": answers.choice(RNG, ["up", "down", "left"], 1)[1],
    "pick": answers.pick(RNG, 4)[1],
    "label": answers.label(["top", "bottom"], 1),
    "label with a word": answers.label(["1", "2", "3"], 1, "tile"),
    "degrees": answers.degrees([0, 90, 180, 270], 2),
    "count": answers.count(0, 6),
    "count of edges": answers.count(3, 4, least=1, unit="edges"),
    "counts": answers.counts({"circle": 3, "square": 0, "star": 9}),
    "subset": answers.subset(["a", "b", "c", "d"], ["d", "b"]),
    "subset with a word": answers.subset(["51", "53", "7"], ["53", "51"], "node"),
    "subset of all": answers.subset(["a", "b"], ["a", "b"]),
    "interval": answers.interval(1.23456, 4, 10.01),
    "interval of all": answers.interval(0, 10, 10),
    "boundary": answers.interval(0.5, 4.25, 100.0, "boundary"),
    "box": answers.box((0, 10, 500, 1000)),
    "box of all": answers.box((0, 0, 1000, 1000)),
    "point": answers.point((0, 1000), 40),
    "exact": answers.text("The red one", "exact"),
    "numeric": answers.text("3.14", "numeric"),
    "relative": answers.text("12", "relative"),
    "rouge": answers.text("a cat", "rouge"),
    "wer": answers.text("EXIT 12", "wer"),
    "order of 4": answers.permutation([3, 1, 4, 2]),
    "order of 9": answers.permutation(ORDER_9),
    "order by adjacency": answers.permutation(ORDER_9, "adjacency"),
    "order by pairs": answers.permutation(ORDER_9, "pairs"),
    "order by footrule": answers.permutation(ORDER_9, "footrule"),
}
FORMS = (
    PromptSettings(),
    PromptSettings(reasoning=False),
    PromptSettings(format="boxed"),
)


@pytest.mark.parametrize("name", MADE)
def test_the_solution_scores_1_and_the_wrong_answers_less(name: str) -> None:
    answer = MADE[name]
    for form in FORMS:
        posed = compose(Puzzle("What?", (), answer, 0.5, 0), form)
        assert score(posed.solution, posed.ground_truth).value == 1
        assert answer.wrong
        assert answer.text not in answer.wrong
        for wrong in answer.wrong:
            assert score(response(wrong, form), posed.ground_truth).value < 1
    assert answer.chance == expected(answer.spec)
    assert 0 <= answer.chance <= 0.5
    assert (answer.chance == 0) == (answer.spec.kind == "text")


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("label with a word", "Tile 2", 1),
        ("label with a word", "picture 2", 0),
        ("count of edges", "3 edges", 1),
        ("count of edges", "3 nodes", 0),
        ("subset with a word", "node 53, node 51", 1),
        ("subset with a word", "tile 53, tile 51", 0),
    ],
)
def test_the_words_of_the_question_may_stand_beside_an_answer(name: str, text: str, value: float) -> None:
    assert score(f"<answer>{text}</answer>", MADE[name].spec.to_json()).value == value


@settings(max_examples=40, deadline=None)
@given(ends=st.tuples(st.floats(0, 100), st.floats(0, 100)), rest=st.floats(0, 50))
def test_every_interval_is_right_as_it_is_written(ends: tuple[float, float], rest: float) -> None:
    start, end = sorted(ends)
    if end - start > 0.01:
        answer = answers.interval(start, end, end + rest)
        assert score(f"<answer>{answer.text}</answer>", answer.spec.to_json()).value == 1


def test_pick_puts_the_right_one_where_it_says() -> None:
    for k in range(50):
        slot, answer = answers.pick(rng_for("pick", k), 4)
        assert answer.text == answer.spec.target == "ABCD"[slot]
        assert answer.spec.params == {"options": ["A", "B", "C", "D"]}
        assert answer.chance == 1 / 4
    rng = rng_for("slots")
    answers.pick(rng, 3)
    assert rng.slots["answer"][1] == 3


@pytest.mark.parametrize(
    ("n", "partial", "metric"),
    [
        (8, "auto", None),
        (9, "auto", "positions"),
        (36, "auto", "positions"),
        (9, "none", None),
        (4, "positions", "positions"),
        (4, "adjacency", "adjacency"),
        (4, "pairs", "pairs"),
        (4, "footrule", "footrule"),
    ],
)
def test_partial_credit_of_orders(n: int, partial: Any, metric: str | None) -> None:
    order = answers.draw_order(rng_for("order", n), n)
    answer = answers.permutation(order, partial)
    assert answer.spec.params.get("metric") == metric
    assert answer.spec.params.get("gamma", 0) == (0.2 if metric else 0)
    for never in answer.spec.params["excluded"]:
        assert score(f"<answer>{', '.join(map(str, never))}</answer>", answer.spec.to_json()).value == 0
    two_moved = [*order[:-2], order[-1], order[-2]]
    if two_moved not in answer.spec.params["excluded"]:
        earned = score(f"<answer>{', '.join(map(str, two_moved))}</answer>", answer.spec.to_json()).value
        assert 0 < earned < 0.2 if metric else earned == 0


def test_auto_credit_begins_where_it_is_told() -> None:
    assert "gamma" in answers.permutation([2, 1, 4, 3, 5], auto_from=5).spec.params
    assert "gamma" not in answers.permutation([2, 1, 4, 3], auto_from=5).spec.params


SCHEMA = json.loads((Path(puzzlegen.__file__).parent / "verifier.schema.json").read_text(encoding="utf-8"))


def test_the_schema_knows_every_kind_and_every_parameter() -> None:
    kinds = SCHEMA["$defs"]
    assert set(kinds) == {*KINDS, "composite", "single"}
    for kind, (_, own) in KINDS.items():
        assert set(kinds[kind]["properties"]["params"]["properties"]) == {"also", "format", "think", *own}


def test_the_schema_takes_every_spec_that_is_scored_and_no_other() -> None:
    validator = jsonschema.Draft202012Validator(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for answer in MADE.values():
        assert validator.is_valid(json.loads(answer.spec.to_json())), answer.spec
    lines = (Path(__file__).parent / "cases" / "composite.jsonl").read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert validator.is_valid(json.loads(line)["spec"]), line
    good = json.loads(MADE["box"].spec.to_json())
    for bad in ({"v": 2}, {"kind": "circle"}, {"target": [1, 2, 3]}, {"params": {"gama": 1}}, {"extra": 1}):
        assert not validator.is_valid(good | bad), bad
