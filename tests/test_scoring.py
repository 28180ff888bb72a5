"""Scoring files of responses, and selecting the puzzles that still teach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from puzzlegen import scoring
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.scoring import GroupScore, TaskScore, pass_rates, score_file, select


@pytest.fixture(scope="module")
def rows(mixed_build: Path) -> list[dict[str, Any]]:
    columns = ["id", "solution", "answer", "extra_info"]
    return [
        row for file in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / file["path"], columns)
    ]


def written(path: Path, lines: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + "\n", encoding="utf-8")
    return path


def test_several_responses_may_stand_in_one_line_or_in_many(
    mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    apart = [{"id": row["id"], "response": text} for row in rows for text in (row["solution"], "hm", row["solution"])]
    together = [{"id": row["id"], "responses": [row["solution"], "hm", row["solution"]]} for row in rows]
    first = score_file(mixed_build, written(tmp_path / "a.jsonl", apart))
    assert first == score_file(mixed_build, written(tmp_path / "b.jsonl", together))
    assert first.tasks[-1].task == "all"
    assert first.tasks[-1].n == 3 * len(rows)
    assert {task.accuracy for task in first.tasks} == {2 / 3}
    assert (first.unknown, first.missing) == (0, 0)


def test_the_same_response_many_times_is_no_more_evidence(
    mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    said = {row["id"]: row["solution"] if k % 3 else "" for k, row in enumerate(rows)}
    once, often = (
        score_file(
            mixed_build,
            written(tmp_path / "r.jsonl", [{"id": key, "responses": [text] * copies} for key, text in said.items()]),
        )
        for copies in (1, 16)
    )
    summaries: list[list[TaskScore | GroupScore]] = [[*scored.tasks, *scored.groups] for scored in (once, often)]
    for one, many in zip(*summaries, strict=True):
        assert many[:1] == one[:1]
        assert many.n == 16 * one.n
        assert (many.reward, many.low, many.high) == pytest.approx((one.reward, one.low, one.high))


def test_groups_show_a_constant_answer(mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    said = [{"id": row["id"], "response": "<think>x</think><answer>A</answer>"} for row in rows]
    scored = score_file(mixed_build, written(tmp_path / "a.jsonl", said))
    groups = {group.group: group for group in scored.groups if group.task == "rotation"}
    assert {name: group.reward for name, group in groups.items() if name.startswith("answer")} == {
        f"answer {row['answer']}": float(row["answer"] == "A")
        for row in rows
        if row["extra_info"]["task"] == "rotation"
    }
    assert groups["difficulty 0.2-0.4"].n == sum(row["extra_info"]["task"] == "rotation" for row in rows)
    assert groups["difficulty 0.2-0.4"].chance == 0.25
    for task in ("rotation", "jigsaw", "arrow_of_time"):
        of_task = [group for group in scored.groups if group.task == task]
        total = next(found.n for found in scored.tasks if found.task == task)
        assert sum(group.n for group in of_task if group.group.startswith("difficulty")) == total
        assert sum(group.n for group in of_task if group.group.startswith("answer")) in {0, total}


def test_puzzles_that_teach_are_those_neither_always_nor_never_solved(
    mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path
) -> None:
    right = {row["id"]: k % 5 for k, row in enumerate(rows)}
    said = [
        {"id": row["id"], "responses": [row["solution"]] * right[row["id"]] + [""] * (4 - right[row["id"]])}
        for row in rows[1:]
    ]
    rates = pass_rates(mixed_build, written(tmp_path / "a.jsonl", said), tmp_path / "rates" / "r.jsonl")
    assert [rate.id for rate in rates] == [row["id"] for row in rows[1:]]
    assert {(rate.n, rate.mean, rate.pass_rate) for rate in rates} == {(4, k / 4, k / 4) for k in range(5)}
    lines = (tmp_path / "rates" / "r.jsonl").read_text().splitlines()
    assert json.loads(lines[0]) == rates[0]._asdict()
    found = list(select(mixed_build, tmp_path / "rates" / "r.jsonl"))
    assert found == [row["id"] for row in rows[1:] if right[row["id"]] in {1, 2, 3}]
    wider = list(select(mixed_build, tmp_path / "rates" / "r.jsonl", keep=(0.0, 0.5)))
    assert wider == [row["id"] for row in rows[1:] if right[row["id"]] in {0, 1, 2}]


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("no json", "not JSON"),
        ("[1]", "not of the form"),
        ('{"response": "x"}', "not of the form"),
        ('{"id": "x"}', "either a response or"),
        ('{"id": "x", "response": "", "responses": []}', "either a response or"),
        ('{"id": "x", "responses": "A"}', "either a response or"),
        ("\udcff", "cannot read"),
    ],
)
def test_a_wrong_line_is_named(mixed_build: Path, tmp_path: Path, line: str, word: str) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(line, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(PuzzlegenError, match=word):
        score_file(mixed_build, path)


def test_wrong_rates_and_ranges_are_named(mixed_build: Path, tmp_path: Path) -> None:
    with pytest.raises(PuzzlegenError, match="cannot read"):
        list(select(mixed_build, tmp_path / "none.jsonl"))
    path = written(tmp_path / "r.jsonl", [{"id": "x", "mean": "high"}])
    with pytest.raises(PuzzlegenError, match=r"r\.jsonl:1: not of the form"):
        list(select(mixed_build, path))
    for keep in ((0.8, 0.2), (0.2, 2.0), (-2.0, 0.5), (float("nan"), 1.0)):
        with pytest.raises(PuzzlegenError, match="least first, both from -1 to 1"):
            list(select(mixed_build, path, keep=keep))


def test_unknown_and_missing_puzzles_are_counted(mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path) -> None:
    said: list[dict[str, Any]] = [
        {"id": 5, "response": ""},
        {"id": "5", "response": ""},
        {"id": rows[0]["id"], "response": ""},
    ]
    scored = score_file(mixed_build, written(tmp_path / "a.jsonl", said))
    assert (scored.unknown, scored.missing) == (1, len(rows) - 1)
    assert scored.tasks[-1].n == 1


def test_a_puzzle_whose_truth_was_damaged_is_named(
    mixed_build: Path, rows: list[dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damaged = [{**row, "ground_truth": '{"kind": "choice"'} for row in rows]
    monkeypatch.setattr(scoring, "_rows", lambda *_: iter(damaged))
    path = written(tmp_path / "r.jsonl", [{"id": rows[0]["id"], "response": "A"}])
    with pytest.raises(IntegrityError, match=f"puzzle {rows[0]['id']}: ground_truth is not JSON"):
        score_file(mixed_build, path)
