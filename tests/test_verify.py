"""The verifier: cases of every kind, attempts to cheat, hostile text, and random responses and specs."""

from __future__ import annotations

import json
import pickle
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from puzzlegen.records import VerifierSpec
from puzzlegen.verify import KINDS, MAX_ANSWER, MAX_JSON, REASONS, Score, VerifierError, grader, reward, score

HERE = Path(__file__).parent
KEYS = ["score", "accuracy", "format", "transform", "length"]
SPECS: dict[str, VerifierSpec] = {
    "choice": VerifierSpec("choice", "B", {"options": {"A": "up", "B": "down", "C": "not moved"}}),
    "label": VerifierSpec("label", "top-left", {"labels": ["top-left", "top-right"]}),
    "number": VerifierSpec("number", 90, {"modulo": 360, "unit": "degrees"}),
    "permutation": VerifierSpec("permutation", [3, 1, 2], {"n": 3, "gamma": 0.2, "metric": "pairs"}),
    "interval": VerifierSpec("interval", [2.5, 8], {"duration": 12, "gamma": 1}),
    "box": VerifierSpec("box", [100, 200, 500, 600], {"gamma": 1}),
    "point": VerifierSpec("point", [300, 400], {"radius": 50, "hit": 10}),
    "set": VerifierSpec("set", ["red ball", "cone"], {"names": ["red ball", "cube", "cone"], "gamma": 1}),
    "counts": VerifierSpec("counts", {"cube": 3, "cone": 0}, {"names": ["cube", "cone"], "most": 9, "gamma": 1}),
    "text": VerifierSpec("text", "the cat sat on the mat", {"metric": "exact"}),
}
GOLD = {
    "choice": "B",
    "label": "top-left",
    "number": "90",
    "permutation": "3, 1, 2",
    "interval": "2.5-8",
    "box": "100, 200, 500, 600",
    "point": "300, 400",
    "set": "red ball, cone",
    "counts": "cube: 3, cone: 0",
    "text": "the cat sat on the mat",
}
RED_TEAM = 1310
B = SPECS["choice"].to_json()


def _rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def _with(kind: str, **params: Any) -> str:
    spec = SPECS[kind]
    return spec._replace(params={**spec.params, **params}).to_json()


@pytest.mark.parametrize("kind", [*KINDS, "composite"])
def test_cases(kind: str) -> None:
    rows = _rows(f"cases/{kind}.jsonl")
    for row in rows:
        result = score(row["response"], json.dumps(row["spec"]))
        assert (pytest.approx(result.value, abs=1e-12), result.reason) == (row["value"], row["reason"]), row
    assert len(rows) >= 50
    assert {"correct", "wrong", "no_answer", "malformed"} <= Counter(row["reason"] for row in rows).keys()


def test_nothing_of_the_red_team_pays() -> None:
    rows = _rows("red_team.jsonl")
    assert len({(row["response"], json.dumps(row["spec"])) for row in rows}) == len(rows) == RED_TEAM
    assert {row["spec"]["kind"] for row in rows} == {*KINDS, "composite"}
    for row in rows:
        result = score(row["response"], row["spec"])
        assert result.value == 0.0, row
        assert reward(row["response"], row["spec"])["score"] == 0.0, row


def test_every_case_has_the_same_answer_as_text_bytes_and_messages() -> None:
    for row in _rows("cases/choice.jsonl"):
        text = row["response"]
        blocks = [{"type": "text", "text": text[:5]}, {"type": "text", "text": text[5:]}]
        for same in (
            text.encode(),
            [{"role": "user", "content": "<answer>B</answer>"}, {"role": "assistant", "content": text}],
            [{"role": "assistant", "content": blocks}],
            {"role": "assistant", "content": text},
            [{"content": text}],
        ):
            assert score(same, row["spec"]) == score(text, row["spec"]), row


@pytest.mark.parametrize(
    "response",
    [
        None,
        5,
        0.0,
        True,
        [],
        {},
        [None],
        [[]],
        [{"role": "user", "content": "<answer>B</answer>"}],
        [{"role": None, "content": "<answer>B</answer>"}],
        [{"role": "assistant", "content": None}],
        [{"role": "assistant", "content": [None, {"type": "image"}, {"text": 5}]}],
        {"role": "assistant"},
        object(),
        b"\xff\xfe",
        "\ud800",
        ["<answer>B</answer>"],
    ],
)
def test_a_response_without_text_holds_no_answer(response: object) -> None:
    assert score(response, B)[:3] == (0.0, "no_answer", None)


def test_only_the_last_message_of_the_assistant_counts() -> None:
    first, last = ({"role": "assistant", "content": f"<answer>{letter}</answer>"} for letter in "BA")
    assert score([first, last], B).reason == "wrong"
    assert score([last, first, {"role": "tool", "content": "<answer>A</answer>"}], B).reason == "correct"


@pytest.mark.parametrize(
    ("response", "think", "form"),
    [
        ("<answer>B</answer>", False, 1.0),
        ("<answer>A</answer>", False, 1.0),
        ("<answer>Z</answer>", False, 0.0),
        ("B", False, 0.0),
        ("<answer>B</answer><think>", False, 0.0),
        ("<answer>B</answer>", True, 0.0),
        ("<think>x</think><answer>B</answer>", True, 1.0),
        (" <THINK>x</Think>\n<answer>A</answer> ", True, 1.0),
        ("<think>x</think>so <answer>B</answer>", True, 0.0),
        ("<think>x</think><answer>B</answer> or so", True, 0.0),
        ("It is <answer>B</answer>", False, 0.0),
        ("<answer>B</answer>.", False, 0.0),
        ("<think>x</think> <answer>B</answer>", False, 1.0),
        ("x</think><answer>B</answer>", True, 1.0),
        ("a <think>x</think><answer>B</answer>", True, 0.0),
        ("<think>x</think><think>y</think><answer>B</answer>", True, 0.0),
        ("<think><think>x</think><answer>B</answer>", True, 0.0),
    ],
)
def test_form_is_reported_and_never_pays(response: str, think: bool, form: float) -> None:
    result = score(response, _with("choice", think=think))
    assert result.parts["format"] == form
    assert result.value == (1.0 if "<answer>B" in response else 0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("body", ["<answer>{}</answer>", "<answer>?</answer>", "{}", ""])
def test_a_reward_is_plain_floats_under_the_same_keys(kind: str, body: str) -> None:
    got = reward(body.format(GOLD[kind]), SPECS[kind].to_json())
    assert list(got) == KEYS
    assert type(got) is dict
    assert {type(value) for value in got.values()} == {float}


def test_a_score_survives_pickle_and_is_made_of_plain_values() -> None:
    for kind, spec in SPECS.items():
        result = score(f"<answer>{GOLD[kind]}</answer>", spec.to_json())
        assert pickle.loads(pickle.dumps(result)) == result  # noqa: S301 - our own bytes
        assert json.loads(json.dumps(result)) == list(result)
        assert result.answer == spec.target


def test_scores_do_not_share_their_parts() -> None:
    first, second = score("<answer>B</answer>", B), score("<answer>B</answer>", B)
    assert first.parts is not second.parts
    with pytest.raises(TypeError):
        Score(0.0, "wrong").parts["format"] = 1.0  # type: ignore[index]


def test_a_mapping_is_as_good_as_its_json() -> None:
    for kind, spec in SPECS.items():
        response = f"<answer>{GOLD[kind]}</answer>"
        assert score(response, spec._asdict()) == score(response, spec.to_json())


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ("", "JSON"),
        ("B", "JSON"),
        ("[]", "object"),
        ("[" * 100_000, "JSON"),
        (None, "mapping"),
        (5, "mapping"),
        ({"v": {1}}, "JSON"),
        ({"v": 1, "kind": "choice", "params": {}}, "kind, target"),
        ({"v": 1, "kind": "choice", "target": "B", "extra": 1}, "extra"),
        ({"v": 2, "kind": "choice", "target": "B"}, "version v: got 2, allowed: 1"),
        ({"v": True, "kind": "choice", "target": "B"}, "version"),
        ({"v": 1, "kind": "colour", "target": "B"}, r"colour.*choice, label, number, permutation"),
        ({"v": 1, "kind": ["choice"], "target": "B"}, "kind"),
        ({"v": 1, "kind": "choice", "target": "B", "params": None}, "params"),
    ],
)
def test_a_wrong_ground_truth_is_refused(spec: Any, word: str) -> None:
    for response in ("<answer>B</answer>", None):
        with pytest.raises(VerifierError, match=word):
            score(response, spec)
        with pytest.raises(VerifierError, match=word):
            reward(response, spec)


@pytest.mark.parametrize(
    ("kind", "target", "params"),
    [
        ("choice", "B", {}),
        ("choice", "B", {"options": "AB"}),
        ("choice", "B", {"options": ["B"]}),
        ("choice", "B", {"options": ["A", "B", "B"]}),
        ("choice", "B", {"options": ["b", "B"]}),
        ("choice", "B", {"options": ["A", "B", 1]}),
        ("choice", "B", {"options": {"A": "x", "B": None}}),
        ("choice", "B", {"options": ["A", "B", "none"]}),
        ("choice", "B", {"options": ["A", "B", "-"]}),
        ("choice", "C", {"options": ["A", "B"]}),
        ("choice", ["A"], {"options": ["A", "B"]}),
        ("choice", "B", {"options": ["A", "B"], "also": ["C"]}),
        ("choice", "B", {"options": ["A", "B"], "also": "A"}),
        ("choice", "B", {"options": ["A", "B"], "think": 1}),
        ("choice", "B", {"options": ["A", "B"], "format": "xml"}),
        ("choice", "B", {"options": ["A", "B"], "format": ["answer"]}),
        ("choice", "B", {"options": ["A", "B"], "tolerance": 1}),
        ("label", "a", {}),
        ("label", "a", {"labels": "abc"}),
        ("label", "a", {"labels": []}),
        ("label", "a", {"labels": ["a", "-"]}),
        ("label", "a b", {"labels": ["a b", "A-B"]}),
        ("label", "c", {"labels": ["a", "b"]}),
        ("label", "a", {"labels": ["a", "b"], "aliases": ["a"]}),
        ("label", "a", {"labels": ["a", "b"], "aliases": {"x": "c"}}),
        ("label", "a", {"labels": ["a", "b"], "aliases": {"x": ["a"]}}),
        ("label", "a", {"labels": ["a", "b"], "aliases": {"A": "b"}}),
        ("number", "90", {}),
        ("number", True, {}),
        ("number", 1e16, {}),
        ("number", 90, {"tolerance": -1}),
        ("number", 90, {"tolerance": "1"}),
        ("number", 90, {"tolerence": 1}),
        ("number", 90, {"modulo": 0}),
        ("number", 90, {"allowed": 90}),
        ("number", 90, {"allowed": []}),
        ("number", 90, {"allowed": [0, 180]}),
        ("number", 90, {"unit": None}),
        ("permutation", [1, 2], {}),
        ("permutation", [1], {"n": 1}),
        ("permutation", [1, 2], {"n": 2.0}),
        ("permutation", [0, 1], {"n": 2}),
        ("permutation", [1, 2, 2], {"n": 3}),
        ("permutation", [2, True], {"n": 2}),
        ("permutation", "12", {"n": 2}),
        ("permutation", [1, 2], {"n": 2, "gamma": 2}),
        ("permutation", [1, 2], {"n": 2, "gamma": True}),
        ("permutation", [1, 2], {"n": 2, "signed": 1}),
        ("permutation", [1, 2], {"n": 2, "metric": "hamming"}),
        ("permutation", [1, 2], {"n": 2, "excluded": [[1, 2]]}),
        ("permutation", [1, 2], {"n": 2, "excluded": [[1, 1]]}),
        ("permutation", [1, 2], {"n": 2, "excluded": [[2, 1], [2, 1]]}),
        ("permutation", [1, 2], {"n": True}),
        ("interval", [1, 2], {}),
        ("interval", [1, 2], {"duration": 0}),
        ("interval", [1, 2], {"duration": 1.5}),
        ("interval", [2, 1], {"duration": 9}),
        ("interval", [1, 1], {"duration": 9}),
        ("interval", [1], {"duration": 9}),
        ("interval", [1, 2, 3], {"duration": 9}),
        ("interval", [1, None], {"duration": 9}),
        ("interval", [], {"duration": 9}),
        ("interval", [1, 2], {"duration": 9, "full": 0}),
        ("interval", [1, 2], {"duration": 9, "floor": 1}),
        ("box", [1, 2, 3, 4], {"full": 0.5, "floor": 0.5}),
        ("interval", [1, 2], {"duration": 9, "metric": "giou"}),
        ("box", [1, 2, 3], {}),
        ("box", [1, 2, 3, 1001], {}),
        ("box", [3, 2, 1, 4], {}),
        ("box", [1, 2, 3.5, 4], {}),
        ("box", {"left": 1}, {}),
        ("point", [1, 2], {}),
        ("point", [1, 2], {"radius": 0}),
        ("point", [1, 2], {"radius": 5, "hit": 6}),
        ("point", [1, -2], {"radius": 5}),
        ("set", ["a"], {}),
        ("set", ["a"], {"names": ["a"]}),
        ("set", ["a"], {"names": ["a", "A"]}),
        ("set", ["a"], {"names": ["a", "b, c"]}),
        ("set", ["a"], {"names": ["a", "none"]}),
        ("set", [], {"names": ["a", "b"]}),
        ("set", ["c"], {"names": ["a", "b"]}),
        ("set", ["b", "a"], {"names": ["a", "b"]}),
        ("set", ["a"], {"names": ["a", "b"], "most": 3}),
        ("set", ["a"], {"names": ["a", "b"], "least": 2}),
        ("counts", {"a": 1}, {"most": 9}),
        ("counts", {"a": 1}, {"names": ["a"]}),
        ("counts", {"a": 1}, {"names": ["a", "b"], "most": 9}),
        ("counts", {"a": 10}, {"names": ["a"], "most": 9}),
        ("counts", {"a": True}, {"names": ["a"], "most": 9}),
        ("counts", {"a1": 1}, {"names": ["a1"], "most": 9}),
        ("counts", {"a": 1}, {"names": ["a"], "most": 1000}),
        ("text", "", {}),
        ("text", "!", {}),
        ("text", 5, {}),
        ("text", "word " * 513, {}),
        ("text", "five or six", {"metric": "numeric"}),
        ("text", "five", {"metric": "bleu"}),
    ],
)
def test_wrong_parameters_are_refused(kind: str, target: Any, params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError, match=r"got .*allowed: "):
        score("<answer>B</answer>", VerifierSpec(kind, target, params).to_json())


ANSWER: dict[str, Any] = {"v": 1, "kind": "number", "target": 7, "params": {}}
CHANGE: dict[str, Any] = {"v": 1, "kind": "choice", "target": "B", "params": {"options": ["A", "B"]}}
BOTH = {"answer": ANSWER, "transform": CHANGE}


@pytest.mark.parametrize(
    ("target", "params"),
    [
        (7, {}),
        ({"answer": ANSWER}, {}),
        ({**BOTH, "length": 1}, {}),
        ({"answer": 7, "transform": CHANGE}, {}),
        ({"answer": {**ANSWER, "v": 2}, "transform": CHANGE}, {}),
        ({"answer": {"v": 1, "kind": "composite", "target": BOTH, "params": {}}, "transform": CHANGE}, {}),
        (BOTH, {"weights": {"answer": 0}}),
        (BOTH, {"weights": {"transform": 1}}),
        (BOTH, {"weights": {"answer": 1, "format": -1}}),
        (BOTH, {"weights": {"answer": 1, "speed": 1}}),
        (BOTH, {"weights": {"answer": True}}),
        (BOTH, {"words": [768, 320]}),
        (BOTH, {"words": [320]}),
        (BOTH, {"also": []}),
        (BOTH, {"think": "yes"}),
    ],
)
def test_wrong_composites_are_refused(target: Any, params: dict[str, Any]) -> None:
    with pytest.raises(VerifierError, match=r"got .*allowed: "):
        score("<answer>7</answer>", VerifierSpec("composite", target, params).to_json())


def test_a_composite_is_reported_part_by_part() -> None:
    spec = VerifierSpec("composite", BOTH, {"think": True}).to_json()
    got = reward("<think>x</think><transform>A</transform><answer>7</answer>", spec)
    assert got == {"score": 0.8, "accuracy": 1.0, "format": 1.0, "transform": 0.0, "length": 0.0}
    assert list(got) == KEYS
    with pytest.raises(VerifierError, match="composite"):
        grader(spec)


def test_a_grader_takes_what_a_reader_gives() -> None:
    for kind, spec in SPECS.items():
        assert grader(spec.to_json())(score(f"<answer>{GOLD[kind]}</answer>", spec.to_json()).answer) == 1.0


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1e999", "9" * 5000])
def test_a_target_that_is_no_finite_number_is_refused(value: str) -> None:
    with pytest.raises(VerifierError):
        score("", f'{{"v":1,"kind":"number","target":{value},"params":{{}}}}')


@pytest.mark.parametrize("text", ["90", "90.0", "+90°", "ninety"])
def test_a_whole_number_is_an_int_however_it_is_written(text: str) -> None:
    assert type(score(f"<answer>{text}</answer>", SPECS["number"].to_json()).answer) is int


def test_long_answers_are_malformed_and_long_responses_are_not() -> None:
    right = "<answer>" + " " * (MAX_ANSWER - 1) + "{}B</answer>"
    assert score("x" * 100_000 + right.format(""), B).reason == "correct"
    assert score(right.format(" "), B).reason == "malformed"
    response = '{{"reasoning": "{}", "answer": "B"}}'
    assert score(response.format("x" * (MAX_JSON - 100)), _with("choice", format="json")).reason == "correct"
    assert score(response.format("x" * MAX_JSON), _with("choice", format="json")).reason == "malformed"


def test_spelled_numbers_up_to_999() -> None:
    tens = {
        2: "twenty",
        3: "thirty",
        4: "forty",
        5: "fifty",
        6: "sixty",
        7: "seventy",
        8: "eighty",
        9: "ninety",
    }
    for value, words in {
        0: "zero",
        11: "eleven",
        12: "twelve",
        13: "thirteen",
        14: "fourteen",
        15: "fifteen",
        18: "eighteen",
        999: "nine hundred and ninety-nine",
        100: "one hundred",
        505: "five hundred five",
        **{ten * 10: word for ten, word in tens.items()},
        **{ten * 10 + 7: f"{word}-seven" for ten, word in tens.items()},
    }.items():
        spec = VerifierSpec("number", value, {}).to_json()
        assert score(f"<answer>{words}</answer>", spec).answer == value


HOSTILE = [
    *("<answer>", "</answer>", "<answer></answer>", "<think>", "</think>", "<think></think>", "<", "</"),
    *("\\boxed{", "\\boxed", "{", "}", "[", '{"answer":', "9", " ", "\n", "(", "\\", "$", "*", "^{", "1,"),
    *("\u0130", "\u0301", "\u0345\u0316", "\ufdfa", "\u200b", "\ud800", "option ", "one hundred ", "- "),
    *("\n- ", "answer: ", "clip ", "clip 3 ", "3 and ", "][", "9 deg", "a-", "1:", "\u3010"),
    *("1. 3 ", "left: 1 ", "bbox_2d label: a ", "```json\n", "\u2022 "),
]


@pytest.mark.parametrize("form", ["answer", "boxed", "json"])
@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_of_a_megabyte(form: str, unit: str) -> None:
    huge = (unit * (1_000_000 // len(unit) + 1))[:1_000_000]
    longest = huge[:MAX_ANSWER]
    for kind in KINDS:
        spec = _with(kind, format=form, think=True)
        for response in (
            huge,
            f"<answer>{longest}</answer>",
            f"\\boxed{{{longest}}}",
            f'{{"answer": "{longest}"}}',
        ):
            assert score(response, spec).value == 0.0


@settings(max_examples=150, deadline=None)
@given(
    text=st.text(max_size=60),
    frame=st.sampled_from(["{}", "<answer>{}</answer>", "<think>{}</think>", "\\boxed{{{}}}", '{{"answer":{}}}']),
    form=st.sampled_from(["answer", "boxed", "json"]),
)
def test_no_text_raises(text: str, frame: str, form: str) -> None:
    for kind in KINDS:
        result = score(frame.format(text), _with(kind, format=form))
        assert 0.0 <= result.value <= 1.0
        assert result.reason in REASONS


PIECES = [
    *("<answer>", "</answer>", "<think>", "</think>", "\\boxed{", "}", '{"answer":', '"', "B", "3, 1, 2"),
    *("90", "top-left", " ", "\n", "**", "$", "\u200b", "degrees", "<transform>", "</transform>", "2.5-8"),
    *("cone", ": 3", ", ", "100", "and", "[", ")"),
]


@settings(max_examples=150, deadline=None)
@given(parts=st.lists(st.sampled_from(PIECES), max_size=12))
def test_no_shuffle_of_tags_raises(parts: list[str]) -> None:
    for kind in KINDS:
        for form in ("answer", "boxed", "json"):
            assert score("".join(parts), _with(kind, format=form)).reason in REASONS


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=100, deadline=None)
@given(response=JSON, target=JSON, params=JSON, kind=st.sampled_from(sorted(KINDS)))
def test_a_wrong_spec_raises_only_its_own_error(response: Any, target: Any, params: Any, kind: str) -> None:
    assert score(response, B).reason in REASONS
    try:
        assert score(response, {"v": 1, "kind": kind, "target": target, "params": params}).reason in REASONS
    except VerifierError:
        return
    assert kind in {"text", "number"}


DRESS = [
    *(
        "{}",
        " {} ",
        "\n{}\n",
        "**{}**",
        "`{}`",
        "__{}__",
        "${}$",
        "\\({}\\)",
        "\\text{{{}}}",
        "\\boxed{{{}}}",
    ),
    *('"{}"', "'{}'", "“{}”", "{}.", "\u200b{}", "{}\u00a0", "$\\mathrm{{{}}}$"),
]
BEFORE = ["", "<think>A, <answer>A</answer></think>", "hm</think>\n", "It is clear.\n"]


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(sorted(KINDS)),
    dress=st.lists(st.sampled_from(DRESS), max_size=3),
    case=st.sampled_from([str.upper, str.lower, str.title]),
    tag=st.sampled_from(["answer", "ANSWER", "Answer"]),
    before=st.sampled_from(BEFORE),
)
def test_the_right_answer_scores_1_however_it_is_dressed(
    kind: str, dress: list[str], case: Any, tag: str, before: str
) -> None:
    answer = case(GOLD[kind])
    for form in dress:
        answer = form.format(answer)
    result = score(f"{before}<{tag}>{answer}</{tag}>", SPECS[kind].to_json())
    assert (result.value, result.answer) == (1.0, SPECS[kind].target)


@pytest.mark.parametrize(
    "frame", ["Answer: {}", "Final answer: {}.", "The answer is {}", "**Answer:** {}", "{},", "{};", "\u3010{}\u3011"]
)
def test_words_and_marks_around_an_answer_count_for_no_kind(frame: str) -> None:
    for kind, spec in SPECS.items():
        result = score(f"<answer>{frame.format(GOLD[kind])}</answer>", spec.to_json())
        assert (result.value, result.answer) == (1.0, spec.target), kind


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.sampled_from(PIECES), max_size=12), form=st.sampled_from(["answer", "boxed", "json"]))
def test_no_shuffle_of_tags_raises_in_a_composite(parts: list[str], form: str) -> None:
    result = score("".join(parts), VerifierSpec("composite", BOTH, {"think": True, "format": form}).to_json())
    assert 0.0 <= result.value <= 1.0
    assert result.reason in REASONS


@settings(max_examples=60, deadline=None)
@given(order=st.permutations(range(1, 7)), mark=st.sampled_from([", ", ",", " ", "-", " > ", "→", ";", ""]))
def test_every_order_is_read_as_written(order: list[int], mark: str) -> None:
    spec = VerifierSpec("permutation", list(range(1, 7)), {"n": 6}).to_json()
    assert score(f"<answer>{mark.join(map(str, order))}</answer>", spec).answer == order


@settings(max_examples=100, deadline=None)
@given(value=st.integers(-(10**9), 10**9))
def test_every_whole_number_is_read_as_written(value: int) -> None:
    spec = VerifierSpec("number", value, {}).to_json()
    for text in (str(value), f"{value:,}", f"{value}.0"):
        assert score(f"<answer>{text}</answer>", spec)[:3] == (1.0, "correct", value)
        assert score(f"<answer>{text}</answer>", spec.replace(str(value), str(value + 1), 1)).value == 0.0


@pytest.mark.parametrize(
    ("form", "rest", "formed"),
    [
        ("answer", "<answer>B</answer>", 1),
        ("answer", " \n<answer>B</answer>\n", 1),
        ("answer", "{ some prose <answer>B</answer>", 0),
        ("answer", "\\boxed junk <answer>B</answer>", 0),
        ("answer", "<answer>B</answer> much prose }", 0),
        ("answer", "<answer>B</answer> \\boxed{B}", 0),
        ("boxed", "\\boxed{B}", 1),
        ("boxed", "\\boxed {\\text{B}}", 1),
        ("boxed", "<answer>A</answer> \\boxed{B}", 0),
        ("boxed", "\\boxed{B} or so }", 0),
        ("boxed", "{ \\boxed{B}", 0),
        ("json", '{"answer": "B"}', 1),
        ("json", '<answer>A</answer> {"answer": "B"}', 0),
    ],
)
def test_a_composite_has_form_only_without_further_words(form: str, rest: str, formed: int) -> None:
    target = {
        "answer": VerifierSpec("choice", "B", {"options": ["A", "B"]})._asdict(),
        "transform": VerifierSpec("number", 90, {})._asdict(),
    }
    truth = VerifierSpec("composite", target, {"format": form, "think": True}).to_json()
    result = score(f"<think>x</think><transform>90</transform>{rest}", truth)
    assert (result.parts["accuracy"], result.parts["transform"], result.parts["format"]) == (1, 1, formed)


@pytest.mark.parametrize(
    ("form", "response", "formed"),
    [
        ("boxed", "\\boxed{B}", 1),
        ("boxed", " \\boxed {\\text{B}}\n", 1),
        ("boxed", "So \\boxed{B}", 0),
        ("boxed", "$\\boxed{B}$", 0),
        ("json", ' {"answer": "B"}\n', 1),
        ("json", '{"why": "x", "answer": "B"}', 1),
        ("json", 'So {"answer": "B"}', 0),
        ("json", '```json\n{"answer": "B"}\n```', 0),
    ],
)
def test_an_answer_with_further_words_around_it_has_no_form(form: str, response: str, formed: int) -> None:
    result = score(response, _with("choice", format=form))
    assert (result.value, result.parts["format"]) == (1, formed)


@pytest.mark.parametrize("text", ["(2)", "[2]", "2"])
def test_brackets_around_a_label_do_not_count(text: str) -> None:
    assert score(f"<answer>{text}</answer>", VerifierSpec("label", "2", {"labels": ["1", "2"]}).to_json()).value == 1


@pytest.mark.parametrize(("text", "earned"), [("B (180 degrees)", 1), ("B (90 degrees)", 0), ("B [180 degrees]", 1)])
def test_an_options_text_may_stand_in_brackets(text: str, earned: int) -> None:
    truth = VerifierSpec("choice", "B", {"options": {"A": "90 degrees", "B": "180 degrees"}}).to_json()
    assert score(f"<answer>{text}</answer>", truth).value == earned
