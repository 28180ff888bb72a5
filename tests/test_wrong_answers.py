"""Wrong answers made from a spec alone: they are read as answers, and a sane spec scores them below the right one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from puzzlegen import answers
from puzzlegen.records import Answer
from puzzlegen.rng import rng_for
from puzzlegen.verify import score, solved
from puzzlegen.wrong_answers import wrong_response

POSED: dict[str, Answer] = {
    "choice": answers.choice(rng_for("x"), ["red", "green", "blue"], 1)[1],
    "pick": answers.pick(rng_for("x"), 4)[1],
    "label": answers.label(["left", "right"], 0),
    "degrees": answers.degrees([0, 90, 180, 270], 3),
    "count": answers.count(3, 9),
    "counts": answers.counts({"circle": 3, "square": 0}),
    "subset": answers.subset(["a", "b", "c"], ["b"]),
    "every name": answers.subset(["a", "b", "c"], ["a", "b", "c"]),
    "interval": answers.interval(2, 8.5, 20),
    "whole clip": answers.interval(0, 20, 20, "boundary"),
    "box": answers.box((100, 200, 640, 900)),
    "whole picture": answers.box((0, 0, 1000, 1000)),
    "point": answers.point((510, 490), 60),
    "permutation": answers.permutation([3, 1, 2]),
    "reversed": answers.permutation([9, 8, 7, 6, 5, 4, 3, 2, 1]),
    "text": answers.text("a quiet lake", "exact"),
    "rouge": answers.text("a quiet lake", "rouge"),
    "wer": answers.text("a quiet lake", "wer"),
    "numeric": answers.text("12.5", "numeric"),
    "relative": answers.text("1000", "relative"),
}


def spec(answer: Answer, **params: Any) -> str:
    return answer.spec._replace(params=answer.spec.params | params).to_json()


def ground_truth(kind: str, target: Any, **params: Any) -> str:
    return json.dumps({"v": 1, "kind": kind, "target": target, "params": params})


@pytest.mark.parametrize("name", POSED)
@pytest.mark.parametrize("place", ["answer", "boxed", "json"])
def test_a_wrong_answer_is_read_and_scores_less(name: str, place: str) -> None:
    truth = spec(POSED[name], format=place, think=True)
    response = wrong_response(truth)
    assert response is not None
    result = score(response, truth)
    assert result.reason in {"wrong", "partial"}
    assert result.value < 0.6
    assert result.parts["format"] == 1


@pytest.mark.parametrize(
    "truth",
    [
        ground_truth("number", 3, tolerance=2),
        ground_truth("number", -2500.5, tolerance=100),
        ground_truth("number", 350, modulo=360, tolerance=20),
        ground_truth("number", 3, allowed=[1, 2, 3], also=[2]),
        ground_truth("choice", "A", options=["A", "B", "C"], also=["B"]),
        ground_truth("set", ["a"], names=["a", "b", "c"], most=1, also=[["b"]]),
        ground_truth("set", ["a", "b"], names=["a", "b"], least=0),
        ground_truth("permutation", [2, 1], n=2, excluded=[[1, 2]]),
        ground_truth("permutation", [3, 2, 1], n=3, excluded=[[1, 2, 3], [2, 3, 1]]),
        ground_truth("interval", [2, 3], duration=20, also=[[0, 2]]),
        ground_truth("point", [0, 0], radius=900, hit=10, also=[[1000, 1000]]),
    ],
)
def test_unusual_specs_have_wrong_answers(truth: str) -> None:
    response = wrong_response(truth)
    assert response is not None
    assert score(response, truth).value < 1


@pytest.mark.parametrize(
    "truth",
    [
        ground_truth("number", 3, tolerance=1e9),
        ground_truth("number", 3, allowed=[1, 2, 3], tolerance=5),
        ground_truth("number", 90, modulo=360, tolerance=200),
        ground_truth("point", [500, 500], radius=2000),
    ],
)
def test_a_spec_that_accepts_everything_is_seen_through(truth: str) -> None:
    response = wrong_response(truth)
    assert response is not None
    assert score(response, truth).value == 1


def test_a_spec_without_wrong_answers_has_none() -> None:
    assert wrong_response(ground_truth("choice", "A", options=["A", "B"], also=["B"])) is None
    assert wrong_response(ground_truth("number", 0, allowed=[0, 360], modulo=360)) is None
    assert wrong_response(ground_truth("label", "x", labels=["x"])) is None


@pytest.mark.parametrize("name", POSED)
def test_in_a_composite_only_the_answer_is_wrong(name: str) -> None:
    parts = {"answer": json.loads(spec(POSED["count"])), "transform": json.loads(spec(POSED[name]))}
    truth = ground_truth("composite", parts, think=True)
    response = wrong_response(truth)
    assert response is not None
    result = score(response, truth)
    assert (result.parts["accuracy"], result.parts["transform"], result.parts["format"]) == (0, 1, 1)
    assert not solved(result)
    lenient = json.loads(ground_truth("number", 3, tolerance=1e9))
    truth = ground_truth("composite", {**parts, "answer": lenient})
    assert solved(score(wrong_response(truth), truth))
