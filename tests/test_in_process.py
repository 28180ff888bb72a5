"""A transformers model in this process answers puzzles: the real architecture with 100,000 random weights."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from puzzlegen.errors import PuzzlegenError
from puzzlegen.evaluate import Reply, Selection, evaluate
from puzzlegen.evaluate.endpoint import Sampling
from puzzlegen.evaluate.in_process import InProcess
from puzzlegen.evaluate.responses import ResponseFile
from puzzlegen.scoring import score_file

pytest.importorskip("transformers", reason="needs transformers, which the extra test brings")


@pytest.fixture(scope="module")
def tiny() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "examples")
        return pytest.importorskip("tiny_vlm", reason="needs examples/tiny_vlm.py").build()


def responses(tiny: Any, build: Path, out: Path, **sampling: Any) -> dict[tuple[str, int], str]:
    settings = Sampling("tiny", **{"max_tokens": 6, **sampling})
    model = InProcess(settings, (tiny.model, tiny.processor))
    with ResponseFile(out, settings._asdict()) as file:
        end = evaluate(build, model, file, selection=Selection(limit=6), samples=2, frames=4, concurrency=1)
    assert end.done == end.of == 12
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    return {(line["id"], line["sample"]): line["response"] for line in lines}


def test_it_answers_pictures_and_clips_and_repeats_itself(tiny: Any, mixed_build: Path, tmp_path: Path) -> None:
    greedy = responses(tiny, mixed_build, tmp_path / "a.jsonl", temperature=0.0)
    assert all(greedy[one, 0] == greedy[one, 1] for one, _ in greedy)
    drawn = responses(tiny, mixed_build, tmp_path / "b.jsonl", temperature=5.0, seed=1)
    assert drawn == responses(tiny, mixed_build, tmp_path / "c.jsonl", temperature=5.0, seed=1)
    assert any(drawn[one, 0] != drawn[one, 1] for one, _ in drawn)
    assert score_file(mixed_build, tmp_path / "b.jsonl").tasks[-1].n == 12


def test_questions_asked_at_once_are_answered_one_by_one(tiny: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The seed is the process's, so another question between seeding and sampling would change the response."""
    running, most = 0, 0

    def generate(*_: object) -> Reply:
        nonlocal running, most
        running += 1
        most = max(most, running)
        time.sleep(0.02)
        running -= 1
        return Reply("A")

    async def ask_at_once(model: InProcess) -> list[Reply]:
        return await asyncio.gather(*(model.ask([], sample) for sample in range(5)))

    model = InProcess(Sampling("tiny"), (tiny.model, tiny.processor))
    monkeypatch.setattr(model, "_generate", generate)
    for _ in range(2):  # each in an event loop of its own
        assert len(asyncio.run(ask_at_once(model))) == 5
    assert most == 1


def test_a_model_that_cannot_be_loaded_is_named(tmp_path: Path) -> None:
    with pytest.raises(PuzzlegenError, match="transformers cannot load"):
        InProcess(Sampling(str(tmp_path / "nothing")))


def test_the_reason_is_said_though_it_begins_on_a_later_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> None:
        raise ImportError("\nProcessor needs\n  torchvision.\n")

    monkeypatch.setattr("transformers.pipeline", failing)
    with pytest.raises(PuzzlegenError, match="cannot load 'tiny': Processor needs torchvision"):
        InProcess(Sampling("tiny"))
