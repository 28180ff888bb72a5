"""Every template of a recipe: the prompt asks for what the verifier requires and the solution has."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from conftest import recipe_with

from puzzlegen.building import build
from puzzlegen.prompts import PromptSettings, compose
from puzzlegen.reading import files_in, read_rows
from puzzlegen.recipe import load_recipe
from puzzlegen.records import Answer, Puzzle, VerifierSpec
from puzzlegen.verify import score

OPTIONS = {"A": "90 degrees", "B": "180 degrees"}
ANSWER = Answer("B", VerifierSpec("choice", "B", {"options": OPTIONS}), ("A",), 0.5, "only the letter")
PUZZLE = Puzzle("<image>\nBy how much?", (), ANSWER, 0.1, 0.5)
FINAL = {"answer": "<answer>{}</answer>", "boxed": "\\boxed{{{}}}"}
TEMPLATES = list(product([True, False], FINAL))


@pytest.mark.parametrize(("reasoning", "form"), TEMPLATES)
def test_the_prompt_asks_for_what_the_verifier_wants(reasoning: bool, form: str) -> None:
    posed = compose(PUZZLE, PromptSettings(reasoning=reasoning, format=form))
    assert ("<think>" in posed.problem) == reasoning
    assert ("<answer>" in posed.problem) == (form == "answer")
    assert ("\\boxed{}" in posed.problem) == (form == "boxed")
    assert posed.prompt == [{"role": "user", "content": posed.problem}]
    for said in (posed.solution, f"<think>x</think>{FINAL[form].format('B')}", f"x</think>{FINAL[form].format('b')}"):
        found = score(said, posed.ground_truth)
        assert (found.value, found.parts["format"]) == (1, 1), said


@pytest.mark.parametrize(("reasoning", "form"), TEMPLATES)
def test_the_verifier_takes_no_other_template(reasoning: bool, form: str) -> None:
    posed = compose(PUZZLE, PromptSettings(reasoning=reasoning, format=form))
    other = next(text for name, text in FINAL.items() if name != form)
    assert score(f"<think>x</think>{other.format('B')}", posed.ground_truth).reason == "no_answer"
    unasked = score(FINAL[form].format("B"), posed.ground_truth)
    assert (unasked.value, unasked.parts["format"]) == (1, float(not reasoning))
    assert score(posed.wrong[0], posed.ground_truth).value == 0


def test_the_system_speaks_first_and_says_what_the_recipe_says() -> None:
    posed = compose(PUZZLE, PromptSettings(system="Look twice."))
    assert posed.prompt[0] == {"role": "system", "content": "Look twice."}
    assert posed.prompt[1:] == [{"role": "user", "content": posed.problem}]


def test_a_recipe_chooses_and_the_records_follow(tmp_path: Path) -> None:
    chosen = {"reasoning": False, "format": "boxed", "system": "Look twice."}
    recipe = recipe_with(
        [{"task": "rotation"}, {"task": "jigsaw", "rows": 2, "cols": 2}],
        source={"kind": "samples", "images": 1, "videos": 0},
        prompt=chosen,
    )
    build(recipe, tmp_path / "out", workers=1)
    rows = [row for file in files_in(tmp_path / "out") for row in read_rows(tmp_path / "out" / file["path"])]
    assert len(rows) == 2
    for row in rows:
        assert [said["role"] for said in row["prompt"]] == ["system", "user"]
        assert "<think>" not in row["problem"] + row["solution"]
        assert row["solution"] == f"\\boxed{{{row['answer']}}}"
        assert score(row["solution"], row["ground_truth"]).parts["format"] == 1
    from_command_line = load_recipe("quickstart", overrides=["prompt.reasoning=false", "prompt.format=boxed"])
    assert from_command_line.prompt == PromptSettings(reasoning=False, format="boxed")
