"""Evaluation over real sockets asks every puzzle once, despite network faults and kills."""

from __future__ import annotations

import base64
import errno
import importlib
import io
import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chat_server import Body, ChatServer, Fault, serving
from conftest import ROOT, heeds_interrupts

from puzzlegen.errors import OutputError, PuzzlegenError
from puzzlegen.evaluate import MOST_IN_A_ROW, Selection, evaluate
from puzzlegen.evaluate.endpoint import Endpoint, Sampling
from puzzlegen.evaluate.responses import ResponseFile
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.scoring import score_file

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def rows(mixed_build: Path) -> Rows:
    return {row["id"]: row for f in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / f["path"])}


@pytest.fixture
def server(rows: Rows) -> Iterator[ChatServer]:
    """A server that recognises every image and clip of the build and answers correctly."""
    known = {medium["bytes"]: row for row in rows.values() for medium in row.get("images") or row["videos"]}
    with serving(lambda body: str(known[first_medium(body)]["solution"])) as found:
        yield found


def first_medium(body: Body) -> bytes:
    urls = [block[block["type"]]["url"] for block in body["messages"][-1]["content"] if block["type"] != "text"]
    return base64.b64decode(urls[0].partition(",")[2])


def ask(server: ChatServer, build: Path, out: Path, **settings: Any) -> Any:
    sampling = Sampling("m", **settings.pop("sampling", {}))
    endpoint = Endpoint(sampling, server.url, "secret", retries=settings.pop("retries", 8), timeout_s=1)
    with ResponseFile(out, sampling._asdict()) as responses:
        return evaluate(build, endpoint, responses, **settings)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


COMMAND = [sys.executable, str(ROOT / "examples" / "evaluate.py")]


def started(*arguments: str | Path) -> subprocess.Popen[str]:
    command = [*COMMAND, *map(str, arguments)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, preexec_fn=heeds_interrupts)


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_every_puzzle_is_answered_once_through_faults_of_every_kind(
    server: ChatServer, rows: Rows, mixed_build: Path, tmp_path: Path
) -> None:
    faults: dict[int, Fault] = {1: 429, 2: 500, 3: "drop", 4: "slow", 5: 503, 6: "drop", 7: 408, 9: 529}
    server.fault = lambda _, count: faults.get(count)
    end = ask(server, mixed_build, tmp_path / "r.jsonl", concurrency=4)
    assert (end.done, end.of, end.failed.total()) == (len(rows), len(rows), 0)
    assert Counter(line["id"] for line in lines(tmp_path / "r.jsonl")) == Counter(rows.keys())
    assert len(server.bodies) >= len(rows) + len(faults)
    assert server.keys == {"Bearer secret"}
    assert 2 <= server.most_open <= 4 + 1  # a request that timed out may still be open in the server
    scored = score_file(mixed_build, tmp_path / "r.jsonl")
    assert (scored.tasks[-1].accuracy, scored.unknown, scored.missing) == (1, 0, 0)


def test_a_killed_run_goes_on_where_it_was(server: ChatServer, rows: Rows, mixed_build: Path, tmp_path: Path) -> None:
    out, server.seconds = tmp_path / "r.jsonl", 0.2
    options = ["--model", "m", "--samples", "2", "--whole-clips", "--concurrency", "2"]
    first = started(mixed_build, out, *options, "--base-url", server.url)
    while not out.exists() or len(out.read_bytes().splitlines()) < 5:
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(signal.SIGKILL)
    first.communicate()
    out.write_bytes(out.read_bytes()[:-7])
    kept = out.read_bytes().count(b"\n")
    assert 4 <= kept < 2 * len(rows)
    server.seconds, before = 0.0, len(server.bodies)
    done = run(mixed_build, out, *options, "--base-url", server.url)
    assert done.returncode == 0, done.stderr
    assert f"next: puzzlegen score {mixed_build} {out}" in done.stdout
    assert Counter((line["id"], line["sample"]) for line in lines(out)) == Counter((i, k) for i in rows for k in (0, 1))
    asked = len(server.bodies) - before
    assert asked <= 2 * len(rows) - kept + 2  # the last requests of the killed run may arrive late
    assert score_file(mixed_build, out).tasks[-1].n == 2 * len(rows)
    assert json.loads(done.stderr.splitlines()[-1]) == {"done": 2 * len(rows), "of": 2 * len(rows), "failed": 0}
    before = len(server.bodies)
    assert run(mixed_build, out, *options, "--base-url", server.url).returncode == 0
    assert len(server.bodies) == before


def test_an_interrupt_keeps_what_came(server: ChatServer, mixed_build: Path, tmp_path: Path) -> None:
    out, server.seconds = tmp_path / "r.jsonl", 0.2
    options = ["--model", "m", "--concurrency", "1", "--whole-clips", "--base-url", server.url]
    process = started(mixed_build, out, *options)
    while not out.exists() or not out.read_bytes():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130
    assert said.splitlines()[-1] == "stopped; the same command goes on from here"
    assert lines(out)


def test_what_fails_is_counted_by_reason_and_asked_again(
    server: ChatServer, rows: Rows, mixed_build: Path, tmp_path: Path
) -> None:
    picture = next(row for row in rows.values() if "images" in row)
    server.fault = lambda body, _: 400 if first_medium(body) == picture["images"][0]["bytes"] else None
    out = tmp_path / "r.jsonl"
    options: list[str | Path] = [mixed_build, out, "--model", "m", "--whole-clips", "--base-url", server.url]
    done = run(*options)
    assert done.returncode == 1
    assert "1 failed: HTTP 400" in done.stdout
    assert "injected 400" in done.stdout
    assert {line["id"] for line in lines(out)} == set(rows) - {picture["id"]}
    before, server.fault = len(server.bodies), lambda _body, _count: None
    assert run(*options).returncode == 0
    assert len(server.bodies) == before + 1


@pytest.mark.parametrize("fault", ["drop", "garbage", 500])
def test_it_gives_up_when_nothing_comes_any_more(
    server: ChatServer, mixed_build: Path, tmp_path: Path, fault: str | int
) -> None:
    server.fault = lambda _, count: fault if count > 2 else None
    with pytest.raises(PuzzlegenError, match=f"{MOST_IN_A_ROW} questions in a row"):
        ask(server, mixed_build, tmp_path / "r.jsonl", retries=0, samples=2)
    assert len(lines(tmp_path / "r.jsonl")) == 2


def test_a_wrong_key_stops_the_run_with_one_line(server: ChatServer, mixed_build: Path, tmp_path: Path) -> None:
    server.fault = lambda _body, _count: 401
    done = run(mixed_build, tmp_path / "r.jsonl", "--model", "m", "--base-url", server.url)
    assert (done.returncode, done.stdout) == (2, "")
    assert "refuses the model 'm': HTTP 401" in done.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"base_url": "http://127.0.0.1:9/v1"}, "nothing answers at 'http://127.0.0.1:9/v1'"),
        ({"base_url": None}, "which model"),
        ({"split": "test"}, "has no split 'test'; it has train, validation"),
        ({"task": ["jigsw"]}, "no puzzles of the task 'jigsw'; it has arrow_of_time, jigsaw, rotation"),
        ({"extra": "[1]"}, r"--extra \[1\]: not an object"),
        ({"extra": "{"}, "--extra {: not JSON"),
    ],
)
def test_mistakes_are_named(
    server: ChatServer,
    mixed_build: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    options: dict[str, Any],
    said: str,
) -> None:
    monkeypatch.syspath_prepend(ROOT / "examples")
    main = importlib.import_module("evaluate").main
    with pytest.raises(PuzzlegenError, match=said):
        main(mixed_build, tmp_path / "r.jsonl", **{"model": "m", "base_url": server.url, **options})


def test_samples_seeds_and_settings_reach_the_model(
    server: ChatServer, rows: Rows, mixed_build: Path, tmp_path: Path
) -> None:
    settings = {"temperature": 0.7, "max_tokens": 99, "seed": 11, "extra": {"top_p": 0.9}}
    selection = Selection(split="train", tasks=("rotation",), limit=3)
    end = ask(server, mixed_build, tmp_path / "r.jsonl", sampling=settings, samples=3, selection=selection)
    assert end.done == len(server.bodies) == 9
    assert Counter(body["seed"] for body in server.bodies) == {11: 3, 12: 3, 13: 3}
    assert {(b["temperature"], b["max_tokens"], b["top_p"], b["model"]) for b in server.bodies} == {(0.7, 99, 0.9, "m")}
    asked = {line["id"] for line in lines(tmp_path / "r.jsonl")}
    assert {(rows[one]["extra_info"]["task"], rows[one]["extra_info"]["split"]) for one in asked} == {
        ("rotation", "train")
    }
    ask(server, mixed_build, tmp_path / "more.jsonl", selection=selection._replace(limit=4))
    assert asked < {line["id"] for line in lines(tmp_path / "more.jsonl")}
    assert "seed" not in server.bodies[-1]
    assert "temperature" not in server.bodies[-1]


def test_reasoning_kept_apart_is_put_back_and_cut_responses_are_counted(
    server: ChatServer, mixed_build: Path, tmp_path: Path
) -> None:
    said: dict[str, Any] = {"role": "assistant", "content": "<answer>A</answer>", "reasoning_content": "hm"}
    server.answer = lambda _: {"index": 0, "finish_reason": "length", "message": said}
    end = ask(server, mixed_build, tmp_path / "a.jsonl", selection=Selection(limit=2))
    assert end.cut == 2
    assert {line["response"] for line in lines(tmp_path / "a.jsonl")} == {"<think>\nhm\n</think>\n<answer>A</answer>"}
    said |= {"content": None, "reasoning_content": None}
    ask(server, mixed_build, tmp_path / "b.jsonl", selection=Selection(limit=2))
    assert {line["response"] for line in lines(tmp_path / "b.jsonl")} == {""}


def test_content_in_blocks_of_text_is_joined_and_other_content_fails(
    server: ChatServer, mixed_build: Path, tmp_path: Path
) -> None:
    said: dict[str, Any] = {"role": "assistant"}
    server.answer = lambda _: {"index": 0, "finish_reason": "stop", "message": said}
    said["content"] = [{"type": "text", "text": "<answer>"}, {"type": "text", "text": "A</answer>"}]
    ask(server, mixed_build, tmp_path / "a.jsonl", selection=Selection(limit=2))
    assert {line["response"] for line in lines(tmp_path / "a.jsonl")} == {"<answer>A</answer>"}
    for content in ([{"type": "image_url", "image_url": {"url": ""}}], [{"type": "text"}], ["A"], {"text": "A"}, {}, 5):
        said["content"] = content
        end = ask(server, mixed_build, tmp_path / "b.jsonl", selection=Selection(limit=1))
        assert list(end.failed) == [f"the content must be a text or a list of text blocks, got {content!r}"]
    assert lines(tmp_path / "b.jsonl") == []


def test_an_endpoint_that_takes_no_max_tokens_is_named_with_what_to_give(
    server: ChatServer, mixed_build: Path, tmp_path: Path
) -> None:
    server.fault = lambda body, _: "max_tokens" if "max_tokens" in body else None
    server.answer = lambda _: "hm"
    where: list[str | Path] = [mixed_build, tmp_path / "r.jsonl", "--model", "m", "--base-url", server.url]
    done = run(*where, "--limit", "1", "--max-tokens", "99")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.endswith("; give --max-tokens 0 --extra '{\"max_completion_tokens\": 99}'\n")
    done = run(*where, "--limit", "1", "--max-tokens", "0", "--extra", '{"max_completion_tokens": 99}')
    assert done.returncode == 0, done.stderr
    assert server.bodies[-1]["max_completion_tokens"] == 99


def test_longer_responses_go_to_another_file(server: ChatServer, mixed_build: Path, tmp_path: Path) -> None:
    message = {"role": "assistant", "content": "hm"}
    server.answer = lambda _: {"index": 0, "finish_reason": "length", "message": message}
    done = run(mixed_build, tmp_path / "r.jsonl", "--model", "m", "--base-url", server.url, "--limit", "1")
    assert "1 were cut off at the longest length: raise --max-tokens, and write to another file" in done.stdout


def test_responses_asked_for_otherwise_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ResponseFile(path, {"model": "m"}) as responses:
        responses.add("x", 0, "hm", "stop")
        with pytest.raises(PuzzlegenError, match="another run writes"), ResponseFile(path, {"model": "m"}):
            pass
    with pytest.raises(PuzzlegenError, match=r"r\.jsonl:1: asked otherwise"), ResponseFile(path, {"model": "n"}):
        pass
    path.write_bytes(path.read_bytes() + b'{"id": "x"}\n{"id": "ha')
    whole = path.read_bytes()
    with pytest.raises(PuzzlegenError, match=r"r\.jsonl:2: no response of such a run"):
        ResponseFile(path, {"model": "m"}).__enter__()
    assert path.read_bytes() == whole
    with pytest.raises(PuzzlegenError, match="cannot write"):
        ResponseFile(Path("/proc/nope/r.jsonl"), {}).__enter__()


@pytest.mark.parametrize("text", ["", '{"id": "a', "{"])
def test_a_line_that_was_cut_is_dropped(tmp_path: Path, text: str) -> None:
    (tmp_path / "r.jsonl").write_text(text)
    with ResponseFile(tmp_path / "r.jsonl", {}) as file:
        assert file.done == set()
    assert (tmp_path / "r.jsonl").read_text() == ""


class NearlyFull(io.FileIO):
    """A file on a disk that takes no more than a few bytes at once, and none after ``room`` bytes."""

    room = 1000

    def write(self, data: Any) -> int:
        if self.room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = super().write(data[: min(self.room, 7)])
        self.room -= count
        return count


def test_a_disk_that_takes_a_part_of_a_line_leaves_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with ResponseFile(path, {}) as responses:
        responses._file.close()
        responses._file = file = NearlyFull(path, "a+")
        responses.add("p1", 0, "A", "stop")
        file.room = 20
        with pytest.raises(OutputError, match="No space left"):
            responses.add("p2", 0, "A", "stop")
        file.room = 1000
        responses.add("p3", 0, "A", "stop")
        assert responses.done == {("p1", 0), ("p3", 0)}
    assert [line["id"] for line in lines(path)] == ["p1", "p3"]


def test_a_file_of_something_else_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text('{"my": "settings"}')
    with (
        pytest.raises(PuzzlegenError, match="holds no responses of such a run"),
        ResponseFile(tmp_path / "mine.json", {}),
    ):
        pass
    assert (tmp_path / "mine.json").read_text() == '{"my": "settings"}'
