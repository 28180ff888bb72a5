"""The real verifiers, Inspect AI, NeMo-Gym and lmms-eval read a build and score with puzzlegen.

There is one test per consumer and claim, which is skipped if the environment of the consumer has not been made.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from consumers import HERE, drive, program, run

from puzzlegen.exporting import export
from puzzlegen.reading import files_in, read_rows

pytestmark = pytest.mark.trainers
PARTS = {"accuracy", "format", "transform", "length"}


@pytest.fixture(scope="module")
def rows(mixed_build: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for file in files_in(mixed_build) for row in read_rows(mixed_build / file["path"])}


def media(kinds: list[str]) -> int:
    return sum(kind not in {"text", "input_text"} for kind in kinds)


def test_verifiers_validates_every_puzzle(rows: dict[str, Any], mixed_build: Path, tmp_path: Path) -> None:
    options = ["--taskset.folder", mixed_build, "--runtime.type", "subprocess", "-o", tmp_path, "--rich", "False"]
    run(program("verifiers", "vf-validate"), "puzzlegen-taskset", *options, cwd=tmp_path)
    (summary,) = tmp_path.rglob("summary.json")
    found = json.loads(summary.read_text())
    assert found["total"] == found["outcomes"]["valid"] == len(rows)
    assert found["checks"]["noop"]["valid"] == len(rows)


def test_verifiers_scores_its_own_traces(rows: dict[str, Any], mixed_build: Path, tmp_path: Path) -> None:
    found = drive("verifiers", mixed_build, cwd=tmp_path)
    assert {task["key"] for task in found} == set(rows)
    for task in found:
        row = rows[task["key"]]
        assert media(task["prompt"]) == (4 if "videos" in row else len(row["images"]))
        assert set(task["prompt"]) == {"text", "image_url"}
        assert task["gold"] == task["apart"]
        assert (task["gold"]["reward"], task["gold"]["metrics"]["format"]) == (1, 1)
        assert (task["wrong"]["reward"], task["nothing"]["reward"]) == (0, 0)
        assert set(task["gold"]["metrics"]) == PARTS


@pytest.mark.parametrize("frames", [4, 0])
def test_inspect_runs_the_task(rows: dict[str, Any], mixed_build: Path, tmp_path: Path, frames: int) -> None:
    found = drive("inspect_ai", mixed_build, frames, cwd=tmp_path)
    right = (len(rows) + 1) // 2
    assert found["metrics"]["score"]["mean"] == pytest.approx(right / len(rows))
    assert {"grouped_rotation", "grouped_jigsaw", "grouped_arrow_of_time"} < set(found["metrics"]["score"])
    assert set(found["metrics"]) == PARTS | {"score"}
    assert Counter(sample["why"] for sample in found["samples"]) == {"correct": right, "no_answer": len(rows) - right}
    for sample in found["samples"]:
        row = rows[sample["id"]]
        clips = 4 if frames else 1
        assert media(sample["input"]) == (clips if "videos" in row else len(row["images"]))
        assert ("video" in sample["input"]) == ("videos" in row and not frames)
        assert sample["score"]["format"] == (sample["why"] == "correct")


def test_inspect_finds_the_task_by_name(mixed_build: Path, tmp_path: Path) -> None:
    task = ["puzzlegen/puzzles", "-T", f"folder={mixed_build}", "--model", "none", "--limit", "1", "--display", "plain"]
    said = run(program("inspect_ai", "inspect"), "eval", *task, "--log-dir", tmp_path, "--no-score", cwd=tmp_path)
    assert "puzzles" in said


def test_nemo_gym_scores_every_row(rows: dict[str, Any], mixed_build: Path, tmp_path: Path) -> None:
    export(mixed_build, "nemo_gym", tmp_path / "rows")
    found = drive("nemo_gym", mixed_build, tmp_path / "rows", cwd=tmp_path)
    assert {one["replies"][0]["id"] for one in found} == set(rows)
    for one in found:
        gold, apart, wrong = one["replies"]
        row = rows[gold["id"]]
        assert media(one["prompt"]) == len(row.get("images") or row["videos"])
        assert ("video_url" in one["prompt"]) == ("videos" in row)
        assert gold == apart
        assert (gold["reward"], gold["reason"], wrong["reward"]) == (1, "correct", 0)
        assert set(gold["reward_components"]) == PARTS


def test_lmms_eval_asks_and_scores_every_row(rows: dict[str, Any], mixed_build: Path, tmp_path: Path) -> None:
    export(mixed_build, "lmms_eval", tmp_path / "rows")
    said = "<think>\n\nhm</think><answer>A</answer>"
    model = ["--model", "dummy", "--model_args", f"response={said},decode_num_frames=2"]
    tasks = ["--include_path", tmp_path / "rows" / "tasks", "--tasks", "puzzlegen"]
    out = ["--batch_size", "1", "--log_samples", "--output_path", tmp_path / "out"]
    run(program("lmms_eval"), HERE / "drive_lmms_eval.py", *model, *tasks, *out, cwd=tmp_path)
    lines = [line for path in (tmp_path / "out").rglob("*samples*.jsonl") for line in path.read_text().splitlines()]
    samples = [json.loads(line) for line in lines]
    assert len(samples) == len(rows)
    (results,) = (json.loads(path.read_text()) for path in (tmp_path / "out").rglob("*_results.json"))
    right = sum(row["answer"] == "A" for row in rows.values())
    assert results["results"]["puzzlegen"]["score,none"] == pytest.approx(right / len(rows))
