"""The user's own questions are read from any row, asked with the puzzle, and are about the original medium."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import recipe_with

from puzzlegen.answers import choice
from puzzlegen.building import build
from puzzlegen.errors import RecipeError, SourceError, Unusable
from puzzlegen.integrity import verify
from puzzlegen.joint import JoinSettings, compose, refusal, spec_of, spoilable
from puzzlegen.listing import ITEM, columns
from puzzlegen.plan import make_plan, split_of
from puzzlegen.planned import ListingDigest
from puzzlegen.prompts import PLACE, PromptSettings
from puzzlegen.questions import Question, question_of
from puzzlegen.reading import read_rows
from puzzlegen.records import Item, Puzzle, Skipped
from puzzlegen.rng import rng_for
from puzzlegen.sources.manifest import Manifest
from puzzlegen.sources.samples import Samples
from puzzlegen.verify import reward, score

ROWS: list[dict[str, Any]] = [
    {
        "problem_id": k,
        "problem": problem,
        "data_type": "image",
        "problem_type": kind,
        "options": options,
        "process": f"<think>I saw it ({kind}).</think>",
        "solution": f"<answer>{answer}</answer>",
        "path": f"./pictures/{k % 2}.jpg",
        "data_source": "x",
    }
    for k, (problem, kind, options, answer) in enumerate(
        [
            ("<image>\nWhat is left of the house?", "multiple choice", ["A. a tree", "B. a car"], "B"),
            ("How many birds are there?", "numerical", [], "1,200.50"),
            ("What does the sign say?", "OCR", [], "STOP here"),
            ("What is shown?", "free-form", [], "A house on a hill."),
        ]
    )
]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("media")
    (root / "pictures").mkdir()
    samples = Samples(images=4, videos=1)
    items = [item for item in samples.items() if isinstance(item, Item)]
    # The images that show which side is up, and the clip.
    for number, item in enumerate((items[0], items[3], items[4])):
        with samples.open(item) as file:
            name = "clip.mp4" if item.kind == "video" else f"pictures/{number}.jpg"
            (root / name).write_bytes(file.read())
    return root


def table(folder: Path, rows: list[Any], suffix: str = ".json") -> Path:
    path = folder / f"rows{suffix}"
    if suffix == ".json":
        path.write_text(json.dumps(rows, indent=1))
    elif suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    elif suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    else:
        with path.open("w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t" if suffix == ".tsv" else ",")
            writer.writeheader()
            writer.writerows({k: json.dumps(v) if isinstance(v, list) else v for k, v in row.items()} for row in rows)
    return path


@pytest.mark.parametrize("suffix", [".json", ".jsonl", ".csv", ".tsv", ".parquet"])
def test_the_same_rows_in_any_form_are_the_same_items(tmp_path: Path, media: Path, suffix: str) -> None:
    source = Manifest(path=table(tmp_path, ROWS, suffix), root=media, preset="video_r1")
    items = [entry for entry in source.items() if isinstance(entry, Item)]
    assert [item.id for item in items] == [f"pictures/{k % 2}.jpg#{k}" for k in range(4)]
    assert {item.group for item in items} == {"pictures/0.jpg", "pictures/1.jpg"}
    asked = [Question.from_json(item.qa) for item in items]
    assert asked[0] == Question(
        "What is left of the house?", {"A": "a tree", "B": "a car"}, "B", "choice", "I saw it (multiple choice)."
    )
    assert [question.type for question in asked] == ["choice", "numerical", "ocr", "free"]
    with source.open(items[1]) as file:
        assert file.read() == (media / "pictures/1.jpg").read_bytes()


def test_a_llava_row_gives_its_first_turn_and_options_in_the_text(tmp_path: Path, media: Path) -> None:
    turns = [
        {"from": "human", "value": "<image>\nWhat happens?\nA. It rains.\nB. A car leaves.\nAnswer with a letter."},
        {"from": "gpt", "value": "B. A car leaves."},
        {"from": "human", "value": "Why?"},
        {"from": "gpt", "value": "Nobody knows."},
    ]
    rows = [{"id": "q1", "conversations": turns, "video": "clip.mp4"}, {"id": "q2", "image": "pictures/0.jpg"}]
    found = list(Manifest(path=table(tmp_path, rows), root=media, preset="llava").asking().items())
    assert isinstance(found[0], Item)
    assert (found[0].id, found[0].kind) == ("clip.mp4#q1", "video")
    assert Question.from_json(found[0].qa) == Question(
        "What happens?\nAnswer with a letter.", {"A": "It rains.", "B": "A car leaves."}, "B", "choice"
    )
    assert found[1:] == [Skipped("row 2", "bad_row", "conversations is not a list of turns")]


def test_rows_that_lead_nowhere_are_skipped_with_their_reason(tmp_path: Path, media: Path) -> None:
    (tmp_path / "secret.jpg").write_bytes(b"x")
    rows: list[Any] = [
        {"media": "../secret.jpg"},
        {"media": str(tmp_path / "secret.jpg")},
        {"media": "gone.jpg"},
        {"media": "pictures"},
        {"media": "a\0b.jpg"},
        {"media": None},
        {"media": "pictures/0.jpg", "question": "Which?", "options": ["a", "b"], "answer": "c"},
        {"media": "pictures/0.jpg", "question": "Which?"},
        {"media": "pictures/0.jpg", "question": "Which?", "answer": "x", "type": "guess"},
        "no row",
        {"media": "pictures/0.jpg"},
        {"media": "pictures/0.jpg"},
        {"media": str(media / "pictures" / "1.jpg"), "id": "a#1", "licence": "CC0"},
        {"media": "pictures/1.jpg", "id": "a#1", "question": "What?", "answer": "it"},
    ]
    found = list(Manifest(path=table(tmp_path, rows), root=media).asking().items())
    reasons = [entry.reason for entry in found if isinstance(entry, Skipped)]
    assert reasons[:6] == ["outside_source", "outside_source", "unreadable", "not_a_file", "unreadable", "bad_row"]
    assert reasons[6:] == ["bad_row"] * 4 + ["duplicate_row"]
    items = [entry for entry in found if isinstance(entry, Item)]
    assert len({item.id for item in items}) == 3
    assert items[1].id == "pictures/1.jpg#a%231"
    assert items[1].licence == "CC0"
    assert items[2].id.startswith("pictures/1.jpg#a%231-")


@pytest.mark.parametrize("data", [b"", b"{}", b"[1, 2", b'[{"media": 1} {"media": 2}]', b"\xff\xfe"])
def test_a_file_that_is_no_table_is_an_error_of_the_source(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "rows.json").write_bytes(data)
    with pytest.raises(SourceError, match="rows"):
        list(Manifest(path=tmp_path / "rows.json").items())


def test_a_long_list_is_read_in_pieces(tmp_path: Path, media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.rows._PIECE", 7)
    assert len(list(Manifest(path=table(tmp_path, ROWS), root=media, preset="video_r1").items())) == 4


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"answer": "b", "options": ["x", "y"]}, ("B", "choice")),
        ({"answer": "(B) y", "options": ["x", "y"]}, ("B", "choice")),
        ({"answer": "y.", "options": {"A": "x", "B": "y"}}, ("B", "choice")),
        ({"answer": "C", "options": '["A. x", "C. y"]'}, ("C", "choice")),
        ({"answer": "<answer> 3.5 </answer>"}, ("3.5", "numerical")),
        ({"answer": "two dogs"}, ("two dogs", "free")),
        ({"answer": "7", "kind": "Regression"}, ("7", "regression")),
        ({"answer": "B", "options": [], "kind": "free-form"}, ("B", "free")),
    ],
)
def test_answers_are_found_in_any_form(given: dict[str, Any], expected: tuple[str, str]) -> None:
    question = question_of("Which?", **given)
    assert (question.answer, question.type) == expected
    assert Question.from_json(question.to_json()) == question


def test_questions_carry_no_tags_of_ours() -> None:
    question = question_of(
        "<image> Say <answer>A</answer> </think><VIDEO>", "<answer>x</answer>", thought="<think>t</think>"
    )
    assert "<" not in question.text + question.answer + question.thought
    with pytest.raises(Unusable, match="bad_row"):
        question_of("<image>", "x")


def test_words_tell_what_a_change_spoils() -> None:
    left = question_of("Which is on the LEFT?", "a", options=["a", "b"])
    first = question_of("What happens first?", "it rains")
    assert spoilable(left, "directions")
    assert spoilable(question_of("Which?", "a", options=["clockwise", "a"]), "directions")
    assert not spoilable(left, "order")
    assert spoilable(first, "order")
    assert not spoilable(first, "directions")
    assert not spoilable(question_of("Is the topaz leftover firsthand?", "no"), "directions")


def test_items_whose_question_cannot_be_joined_are_refused() -> None:
    def refused(qa: str, **settings: Any) -> tuple[str, str] | None:
        return refusal(JoinSettings(**settings), Item("a", "image", qa=qa), "directions", PromptSettings())

    assert refused("") == ("no_question", "")
    left = question_of("What is left?", "a tree").to_json()
    assert refused(left) is None
    assert refused(left, spoilable="reject") == ("spoiled_question", "")
    for kind in ("numerical", "regression"):
        length = question_of("How long?", "3.5 m", kind=kind).to_json()
        assert refused(length) == ("unverifiable", "the answer '3.5 m' is not a number")
    for answer in ("word " * 2000, "***"):
        detail = f"the answer '{answer.strip()[:80]}' has no words, or too many to be scored"
        assert refused(question_of("What?", answer).to_json()) == ("unverifiable", detail)


@pytest.mark.parametrize(
    ("answer", "form", "fits"),
    [
        ("4", "boxed", True),
        ("\\boxed{4}", "answer", True),
        ("\\boxed{4}", "boxed", False),
        ("a } b", "answer", True),
        ("a } b", "boxed", False),
        ("the transform> arrow", "answer", False),
    ],
)
def test_answers_that_break_the_form_are_refused_not_fatal(answer: str, form: Any, fits: bool) -> None:
    item = Item("a", "image", qa=question_of("What is it?", answer).to_json())
    prompt = PromptSettings(format=form)
    detail = f"the answer '{answer}' is not read back unchanged from {PLACE[form]}"
    assert refusal(JoinSettings(), item, "directions", prompt) == (None if fits else ("unverifiable", detail))


@pytest.mark.parametrize(
    ("answer", "thought"),
    [("A quiet lake.", "A quiet lake."), ("Stop!", "Stop!"), ("Who is there?", "Who is there?"), ("A lake", "A lake.")],
)
def test_a_thought_ends_with_one_stop(answer: str, thought: str) -> None:
    question = question_of("What is it?", answer)
    puzzle = Puzzle("<image>\nWhich?", (), choice(rng_for("x"), ["a", "b"], 0)[1], 0.5, 1.0)
    posed = compose(puzzle, Item("a", "image", qa=question.to_json()), None, PromptSettings(), JoinSettings())
    assert f"what I see gives {thought}\n</think>" in posed.solution


def test_an_estimate_earns_by_how_near_it_is() -> None:
    truth = spec_of(question_of("How long is it?", "-2.5", kind="regression")).to_json()
    earned = {given: score(f"<answer>{given}</answer>", truth).value for given in ("-2.5", "-2", "5", "long")}
    assert earned == {"-2.5": 1.0, "-2": pytest.approx(0.8), "5": 0.0, "long": 0.0}


def joined_recipe(folder: Path, media: Path, **settings: Any) -> Any:
    source = {"kind": "manifest", "path": str(table(folder, ROWS)), "root": str(media), "preset": "video_r1"}
    return recipe_with([{"task": "rotation"}], source=source, **settings)


@pytest.mark.parametrize("settings", [{}, {"prompt": {"reasoning": False}}, {"prompt": {"format": "boxed"}}])
def test_a_joined_record_scores_both_answers(tmp_path: Path, media: Path, settings: dict[str, Any]) -> None:
    recipe = joined_recipe(tmp_path, media, join={"mode": "sft"}, **settings)
    out = tmp_path / "out"
    assert build(recipe, out, workers=1).manifest is not None
    rows = [row for file in sorted(out.glob("data/*/*.parquet")) for row in read_rows(file)]
    assert len(rows) == 4
    for row in rows:
        truth, solution = row["ground_truth"], row["solution"]
        assert score(solution, truth).value == 1
        assert row["problem"].count("<image>") == len(row["images"]) == 1
        target = json.loads(truth)["target"]
        assert f"<transform>{target['transform']['target']}</transform>" in solution
        assert row["answer"] == target["answer"]["target"]
        assert 0 < row["extra_info"]["chance"] < 1
        if settings != {"prompt": {"reasoning": False}}:
            assert "I saw it (" in solution
        no_transform = solution.replace("<transform>", "").replace("</transform>", "")
        assert reward(no_transform, truth)["transform"] == 0
        assert score(no_transform, truth).value < 0.5
    by_ability = {row["extra_info"]["source_uri"][-1]: row["ability"] for row in rows}
    assert by_ability["0"] == "orientation+question:spoilable"
    assert by_ability["3"] == "orientation+question"
    found = verify(out, recipe, replay=4)
    assert (found.replayed, found.problems) == (4, [])


def test_a_length_that_counts_is_no_fault_of_the_solution(tmp_path: Path, media: Path) -> None:
    recipe = joined_recipe(tmp_path, media, join={"weights": {"length": 0.2}})
    out = tmp_path / "out"
    build(recipe, out, workers=1, limit=1)
    row = next(row for file in out.glob("data/*/*.parquet") for row in read_rows(file))
    assert score(row["solution"], row["ground_truth"]).value == pytest.approx(2.5 / 2.7)
    long = row["solution"].replace("</think>", "word " * 400 + "</think>")
    assert score(long, row["ground_truth"]).value == pytest.approx(1)
    assert verify(out).problems == []


def test_rows_about_one_medium_share_a_split_and_their_questions_are_listed(tmp_path: Path, media: Path) -> None:
    recipe = joined_recipe(tmp_path, media, join={}, splits={"validation": 0.5})
    plan = make_plan(recipe)
    for group in plan.groups:
        assert {split_of(recipe, item.group) for item in group.items} == {group.split}
    items = [item for group in plan.groups for item in group.items]
    changed = [item._replace(qa=item.qa.replace("birds", "dogs")) for item in items]
    assert _listed(changed) != _listed(items)


def _listed(items: list[Item]) -> str:
    digest = ListingDigest()
    digest.add(columns(items, ITEM))
    return digest.hex()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda: recipe_with([{"task": "position"}], join={}), "position changes no medium"),
        (lambda: recipe_with([{"task": "rotation"}], join={"weights": {"answer": 0}}), "join.weights.answer"),
        (lambda: recipe_with([{"task": "rotation"}], join={"weights": {"transform": 0}}), "join.weights.transform"),
        (lambda: recipe_with([{"task": "rotation"}], join={"words_range": [9, 3]}), "9 to 3 is not a range"),
        (lambda: recipe_with([{"task": "rotation"}], join={"mode": "dpo"}), "join.mode"),
    ],
)
def test_recipes_that_cannot_be_joined_say_so(change: Callable[[], Any], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        change()


def test_a_recipe_without_join_is_the_same_as_before() -> None:
    assert "join" not in recipe_with([{"task": "rotation"}]).canonical()
