"""Reward shims, loaded as trainers load them, return the verifier's scores, with the same keys for every task."""

from __future__ import annotations

import asyncio
import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT

from puzzlegen.adapters import openrlhf, slime
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.verify import VerifierError

ADAPTERS = ROOT / "puzzlegen" / "adapters"
KEYS = {"score", "accuracy", "format", "transform", "length"}
JOINT = (
    '{"kind":"composite","params":{"format":"answer","think":false},"target":{"answer":{"kind":"text","params":'
    '{"metric":"numeric"},"target":"7","v":1},"transform":{"kind":"choice","params":{"options":{"A":"x","B":"y"}},'
    '"target":"B","v":1}},"v":1}'
)


@pytest.fixture(scope="module")
def rows(mixed_build: Path) -> list[dict[str, Any]]:
    found = [row for file in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / file["path"])]
    return list({row["data_source"]: row for row in found}.values())


def by_path(name: str) -> ModuleType:
    """Load a module from its path without registering it, as OpenRLHF does."""
    spec = importlib.util.spec_from_file_location("custom_reward", ADAPTERS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert "custom_reward" not in sys.modules
    return module


@pytest.mark.parametrize("name", ["verl", "easyr1", "openrlhf", "slime"])
def test_a_shim_needs_the_verifier_and_the_standard_library_only(name: str) -> None:
    code = (
        "import sys, importlib.util as u\n"
        f"s = u.spec_from_file_location('custom', {str(ADAPTERS / f'{name}.py')!r})\n"
        "m = u.module_from_spec(s); s.loader.exec_module(m)\n"
        "print({n.split('.')[0] for n in sys.modules} - set(sys.stdlib_module_names) - {'__main__'})"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.append({str(ROOT)!r})\n{code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "{'puzzlegen'}"


def test_verl_gets_the_same_float_keys_for_every_task(rows: list[dict[str, Any]]) -> None:
    compute_score = by_path("verl").compute_score
    truths = [(row["solution"], row["ground_truth"]) for row in rows]
    for solution, truth in [*truths, ("<transform>B</transform><answer>7</answer>", JOINT)]:
        right = compute_score("puzzlegen/x", solution, truth, {"index": 1}, reward_router_address=None)
        wrong = compute_score(data_source="", solution_str="no idea", ground_truth=truth, extra_info=None)
        assert set(right) == set(wrong) == KEYS | {"acc"}
        assert {type(value) for value in [*right.values(), *wrong.values()]} == {float}
        assert right["score"] == 1 > wrong["score"] == 0
        assert right["acc"] == right["accuracy"]
    with pytest.raises(VerifierError, match="ground_truth"):
        compute_score("openai/gsm8k", "72", "72")


def test_easyr1_gets_overall_and_the_parts(rows: list[dict[str, Any]]) -> None:
    module = by_path("easyr1")
    assert module.REWARD_TYPE == "batch"
    truths = [row["ground_truth"] for row in rows]
    batch = [{"response": row["solution"], "response_length": 9, "ground_truth": row["ground_truth"]} for row in rows]
    assert [one["overall"] for one in module.compute_score(batch)] == [1.0] * len(rows)
    wrong = module.compute_score([{"response": "", "response_length": 0, "ground_truth": truth} for truth in truths])
    assert all(set(one) == KEYS | {"overall"} for one in wrong)
    assert {one["overall"] for one in wrong} == {0.0}
    assert module.compute_score([]) == []


def test_slime_scores_samples_and_groups(rows: list[dict[str, Any]]) -> None:
    samples = [SimpleNamespace(response=row["solution"], label=row["ground_truth"], metadata={}) for row in rows]
    group = asyncio.run(slime.custom_rm(None, samples))
    assert group == [asyncio.run(slime.custom_rm(None, one, evaluation=True)) for one in samples]
    assert [one["score"] for one in group] == [1.0] * len(rows)
    assert set(group[0]) == KEYS


def turn(row: dict[str, Any], media: str) -> str:
    """Format a chat turn like a Qwen template, with the given text in place of each medium."""
    text = row["problem"].replace("<image>", media).replace("<video>", media)
    return f"<|im_start|>user\n{text}<|im_end|>\n<|im_start|>assistant\n"


def test_openrlhf_finds_the_response_behind_expanded_placeholders(rows: list[dict[str, Any]]) -> None:
    prompts = [turn(row, "<|vision_start|><|image_pad|><|vision_end|>") for row in rows]
    queries = [
        turn(row, f"<|vision_start|>{'<|image_pad|>' * 77}<|vision_end|>") + row["solution"] + "<|im_end|>"
        for row in rows
    ]
    labels = [row["ground_truth"] for row in rows]
    found = openrlhf.reward_func(queries, prompts, labels)
    assert found["rewards"].tolist() == found["scores"].tolist() == [1.0] * len(rows)
    assert set(found["extra_logs"]) == KEYS - {"score"}
    assert found["extra_logs"]["format"].tolist() == [1.0] * len(rows)
    for row, query, prompt in zip(rows, queries, prompts, strict=True):
        assert openrlhf.response_of(query, prompt) == row["solution"]


def test_openrlhf_is_not_fooled_by_a_response_that_repeats_the_prompt(rows: list[dict[str, Any]]) -> None:
    row = rows[0]
    prompt = turn(row, "<|image_pad|>")
    answers = [f"<answer>{letter}</answer>" for letter in "ABCD"]
    query = turn(row, "<|image_pad|>" * 9) + answers[0] + prompt[-60:] + answers[1]
    assert openrlhf.response_of(query, prompt) == answers[0] + prompt[-60:] + answers[1]
    echoed = answers[0] + prompt + answers[1]
    assert openrlhf.response_of(turn(row, "<|image_pad|>" * 9) + echoed, prompt) == echoed
    assert openrlhf.response_of(prompt + " " * 10**6 + "<|im_end|>" * 9 + "x", prompt).endswith("x")
    assert openrlhf.response_of(prompt + "text only<|im_end|>\n<|endoftext|>", prompt) == "text only"
    with pytest.raises(ValueError, match="not in the query"):
        openrlhf.reward_func(["something else"], [prompt], [row["ground_truth"]])
    assert openrlhf.reward_func([], [], [])["rewards"].shape == (0,)


def test_the_folder_of_a_plugin_for_swift_hides_no_package() -> None:
    """ms-swift puts this folder first on sys.path, so a torch.py in it would be imported instead of torch."""
    folder = ADAPTERS / "swift"
    assert [path.name for path in folder.iterdir() if path.name != "__pycache__"] == ["__init__.py"]
