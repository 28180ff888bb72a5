"""The command line: data go to stdout, mistakes give one line and exit code 2, and the README has every command."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import ROOT, puzzlegen, recipe_with
from faulty import environment, plug_in

from puzzlegen import __version__
from puzzlegen.building import build
from puzzlegen.catalogue import recipes, tasks
from puzzlegen.integrity import verify
from puzzlegen.progress import _BarProgress
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.runs import _planning_step, run
from puzzlegen.sources.folder import Folder
from puzzlegen.subset import write_subset


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("cli") / "out"
    done = puzzlegen("build", "quickstart", "--out", out, "--limit", "4", "--json")
    assert done.code == 0, done.err
    summary = json.loads(done.out)
    assert summary["complete"]
    assert summary["items"] == 4
    return out


def test_progress_is_json_lines_when_nobody_watches(tmp_path: Path) -> None:
    done = puzzlegen("build", "quickstart", "--out", tmp_path / "out", "--limit", "2")
    lines = [json.loads(line) for line in done.err.splitlines()]
    assert lines[-1]["shards"] == lines[-1]["of"] == 1
    assert "rotation         kept      2" in done.out
    assert f"next: puzzlegen verify {tmp_path / 'out'}" in done.out


def test_progress_is_a_bar_on_a_terminal(tmp_path: Path) -> None:
    command = f"{sys.executable} -m puzzlegen build quickstart --out {tmp_path / 'out'} --limit 2"
    done = subprocess.run(["script", "-qec", command, "/dev/null"], capture_output=True, text=True, check=False)
    assert done.returncode == 0
    assert "1/1 shards" in done.stdout
    assert "puzzles" in done.stdout


def test_planning_says_how_many_items_it_has_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("puzzlegen.listing._REPORT_S", 0)
    monkeypatch.setattr("puzzlegen.progress._JSON_EVERY_S", 0)
    recipe = recipe_with([{"task": "rotation"}], source={"kind": "samples", "images": 2, "videos": 1})
    run(recipe, tmp_path / "out", workers=1, engine="inline", limit=None, shards="0/1")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    listing = [line["items"] for line in lines if line.get("stage") == "listing the source"]
    assert listing == [0, 1, 2, 2]
    assert all(line["s"] >= 0 for line in lines)
    assert lines[-1]["shards"] == 1
    bar = _BarProgress("planning")
    bar(_planning_step("listing the source", 2))
    assert bar._progress.tasks[0].fields["text"] == "listing the source: 2 items"


def test_dry_run_says_what_would_be_built_and_builds_nothing(tmp_path: Path) -> None:
    done = puzzlegen("build", "video_ssl", "--dry-run", "--out", tmp_path / "out", "--json")
    assert json.loads(done.out)["puzzles_at_most"]["rotation"] == 24
    assert not (tmp_path / "out").exists()


def test_verify_passes_then_fails_with_exit_code_one(built: Path, tmp_path: Path) -> None:
    done = puzzlegen("verify", built, "--replay", "3")
    assert done.code == 0, done.err + done.out
    assert "3 rebuilt from source: all as built" in done.out
    assert puzzlegen("verify", tmp_path).code == 1
    assert puzzlegen("verify", tmp_path / "gone").code == 2


def test_score_counts_against_chance(built: Path, tmp_path: Path) -> None:
    rows = [row for file in files_of(manifest_of(built)) for row in read_rows(built / file["path"])]
    lines = [{"id": row["id"], "response": row["solution"]} for row in rows[:-1]] + [{"id": "x", "response": "y"}]
    responses = tmp_path / "responses.jsonl"
    responses.write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    found = json.loads(puzzlegen("score", built, responses, "--json").out)
    assert found["tasks"][-1]["task"] == "all"
    assert found["tasks"][-1]["reward"] == found["tasks"][-1]["accuracy"] == found["tasks"][-1]["format"] == 1
    assert (found["unknown"], found["missing"]) == (1, 1)
    shown = puzzlegen("score", built, responses).out
    assert f"answer {rows[0]['answer']}" in shown
    responses.write_text('{"id": 3}\n')
    done = puzzlegen("score", built, responses)
    assert done.code == 2
    assert "responses.jsonl: puzzle '3' needs either a response or a list of responses" in done.err


def test_nothing_is_written_over_and_nothing_empty_is_written(built: Path, tmp_path: Path) -> None:
    rows = [row for file in files_of(manifest_of(built)) for row in read_rows(built / file["path"])]
    mine = tmp_path / "mine.jsonl"
    mine.write_text("".join(json.dumps({"id": row["id"], "response": "x"}) + "\n" for row in rows))
    before = mine.read_bytes()
    done = puzzlegen("score", built, mine, "--rollouts", mine)
    assert (done.code, mine.read_bytes()) == (2, before)
    assert puzzlegen("score", built, mine, "--rollouts", tmp_path / "rates.jsonl").code == 0
    done = puzzlegen("select", built, tmp_path / "rates.jsonl", "--keep", "0.9..1", "--out", tmp_path / "none")
    assert (done.code, "no puzzle has a mean reward in 0.9..1" in done.err) == (2, True)
    assert not (tmp_path / "none").exists()
    mine.write_text('{"id": "of another build", "response": "x"}\n')
    done = puzzlegen("score", built, mine)
    assert (done.code, "such as 'of another build'" in done.err) == (2, True)
    done = puzzlegen("score", built, tmp_path / "nowhere.jsonl", "--rollouts", tmp_path / "rates.jsonl")
    assert (done.code, "cannot read" in done.err) == (2, True)
    done = puzzlegen("tokens", built, "--max-tokens", "1", "--out", tmp_path / "none")
    assert (done.code, "no puzzle has at most 1 visual tokens" in done.err) == (2, True)
    for command in (("select", built, tmp_path / "rates.jsonl"), ("export", built, "--to", "verl"), ("preview", built)):
        done = puzzlegen(*command, "--out", "s3://bucket/x")
        assert (done.code, "'s3://bucket/x' is a URL" in done.err) == (2, True)
    done = puzzlegen("recipes", "--copy")
    assert (done.code, "--copy needs the name" in done.err) == (2, True)


@pytest.mark.parametrize("closed", ["2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_not_end_a_build(tmp_path: Path, closed: str) -> None:
    words = [sys.executable, "-m", "puzzlegen", "build", "quickstart", "--limit", "2", "--out", str(tmp_path / "out")]
    assert subprocess.run(f"{shlex.join(words)} {closed}", shell=True, check=False).returncode == 0  # noqa: S602
    assert puzzlegen("verify", tmp_path / "out").code == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
def test_a_result_that_cannot_be_written_is_one_line() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        command = [sys.executable, "-m", "puzzlegen", "tasks"]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "stdout cannot be written: No space left on device; what the command made is kept\n"


def test_a_folder_in_memory_is_refused() -> None:
    done = puzzlegen("build", "quickstart", "--out", "memory://x")
    assert (done.code, "'memory://x' is lost when this command ends" in done.err) == (2, True)


def test_a_selection_that_is_killed_leaves_nothing_in_the_way(built: Path, tmp_path: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom puzzlegen import subset\n"
        "subset.finish = lambda *_: os._exit(9)\n"
        "subset.write_subset(Path(sys.argv[1]), sys.argv[3:], Path(sys.argv[2]), chosen_by={})"
    )
    ids = [row["id"] for file in files_of(manifest_of(built)) for row in read_rows(built / file["path"], ["id"])]
    command = [sys.executable, "-c", code, str(built), str(tmp_path / "some"), *ids[:3]]
    assert subprocess.run(command, check=False).returncode == 9
    assert not (tmp_path / "some").exists()
    write_subset(built, ids[:2], tmp_path / "some", chosen_by={})
    assert verify(tmp_path / "some").rows == 2
    assert [path.name for path in tmp_path.iterdir()] == ["some"]


def test_a_selection_knows_its_source(built: Path, tmp_path: Path) -> None:
    rows = [row for file in files_of(manifest_of(built)) for row in read_rows(built / file["path"])]
    rates = tmp_path / "rates.jsonl"
    rates.write_text(
        "".join(json.dumps({"id": row["id"], "n": 1, "mean": 0.5, "pass_rate": 0.5}) + "\n" for row in rows)
    )
    done = puzzlegen("select", built, rates, "--out", tmp_path / "some")
    assert done.code == 0, done.err
    done = puzzlegen("verify", tmp_path / "some", "--replay", "2")
    assert done.code == 0, done.err


def test_select_keeps_the_puzzles_that_still_teach(built: Path, tmp_path: Path) -> None:
    rows = [row for file in files_of(manifest_of(built)) for row in read_rows(built / file["path"])]
    right_of_four = {row["id"]: k % 5 for k, row in enumerate(rows)}
    lines = [
        {"id": row["id"], "responses": [row["solution"]] * n + ["no idea"] * (4 - n)}
        for row, n in zip(rows, right_of_four.values(), strict=True)
    ]
    (tmp_path / "responses.jsonl").write_text("\n".join(map(json.dumps, lines)))
    done = puzzlegen("score", built, tmp_path / "responses.jsonl", "--rollouts", tmp_path / "rates.jsonl")
    assert done.code == 0, done.err
    done = puzzlegen("select", built, tmp_path / "rates.jsonl", "--out", tmp_path / "some")
    assert done.code == 0, done.err
    out = tmp_path / "some"
    kept = {row["id"] for file in files_of(manifest_of(out)) for row in read_rows(out / file["path"])}
    assert kept == {name for name, n in right_of_four.items() if 1 <= n <= 3}
    assert puzzlegen("verify", out).code == 0
    assert sum(manifest_of(out)["kept"].values()) == len(kept)
    assert puzzlegen("select", built, tmp_path / "rates.jsonl", "--out", out).code == 2
    for keep in ("some", ".2..2"):
        assert puzzlegen("select", built, tmp_path / "rates.jsonl", "--out", tmp_path / "x", "--keep", keep).code == 2
    assert "holds a selection" in puzzlegen("build", "quickstart", "--out", out).err


def test_a_selection_that_a_constant_answer_solves_is_named_and_balanced(tmp_path: Path) -> None:
    build(recipe_with([{"task": "path_length"}], source={"kind": "graph", "graphs": 120}), tmp_path / "all", workers=1)
    rows = [
        row for file in files_of(manifest_of(tmp_path / "all")) for row in read_rows(tmp_path / "all" / file["path"])
    ]
    keen = [row for k, row in enumerate(rows) if row["answer"] == "1" or k % 8 == 0]
    rates = tmp_path / "rates.jsonl"
    rates.write_text("".join(json.dumps({"id": row["id"], "mean": 0.5}) + "\n" for row in keen))
    uneven = puzzlegen("select", tmp_path / "all", rates, "--out", tmp_path / "uneven", "--json")
    assert uneven.code == 0, uneven.err
    assert "path_length: always answering 1 earns" in uneven.err
    (constant,) = json.loads(uneven.out)["farmable"]
    assert constant["reward"] == sum(row["answer"] == "1" for row in keen) / len(keen) > constant["low"] > 1 / 3
    even = puzzlegen("select", tmp_path / "all", rates, "--out", tmp_path / "even", "--balance", "--json")
    assert (even.code, even.err) == (0, "")
    made = json.loads(even.out)
    assert made["farmable"] == []
    assert made["kept"] == constant["n"] - constant["dropped_by_balance"]
    answers = Counter(
        row["answer"]
        for file in files_of(manifest_of(tmp_path / "even"))
        for row in read_rows(tmp_path / "even" / file["path"], ["answer"])
    )
    assert max(answers.values()) - min(answers[length] for length in "123") <= 1
    assert manifest_of(tmp_path / "even")["subset"]["balanced"] is True
    assert puzzlegen("verify", tmp_path / "even").code == 0


def test_check_prints_all_mistakes_at_once(tmp_path: Path) -> None:
    recipe = tmp_path / "bad.yaml"
    recipe.write_text("source: {kind: samples}\ntasks:\n  - {task: jigsw}\n  - {task: jigsaw, rows: 9, colz: 2}\n")
    done = puzzlegen("check", recipe)
    assert done.code == 2
    assert f"{recipe}:3: tasks.0.task: unknown task 'jigsw'; did you mean 'jigsaw'?" in done.err
    assert "tasks.1.rows: 9 is above the maximum 6" in done.err
    assert "did you mean 'cols'?" in done.err
    assert puzzlegen("check", "video_ssl").code == 0


def test_tasks_and_recipes_are_listed_and_shown(tmp_path: Path) -> None:
    listing = puzzlegen("tasks").out
    assert all(row["task"] in listing and row["about"] for row in tasks())
    assert "rows" in puzzlegen("tasks", "jigsaw").out
    assert json.loads(puzzlegen("tasks", "jigsaw", "--json").out)["parameters"]["rows"]["maximum"] == 6
    assert "did you mean 'jigsaw'" in puzzlegen("tasks", "jigsa").err
    assert all(name in puzzlegen("recipes").out and about for name, about in recipes().items())
    assert "task: rotation" in puzzlegen("recipes", "quickstart").out
    assert puzzlegen("recipes", "quickstart", "--copy", cwd=tmp_path).code == 0
    assert (tmp_path / "quickstart.yaml").exists()
    assert puzzlegen("recipes", "quickstart", "--copy", cwd=tmp_path).code == 2


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["build", "nothing.yaml"], "nothing.yaml: no such file"),
        (["build", "quickstart", "--source", "/nowhere"], "--source /nowhere"),
        (["build", "quickstart", "--set", "sed=3"], "did you mean 'seed'"),
        (["build", "quickstart", "--engine", "spark"], "unknown engine 'spark'"),
        (["build", "quickstart", "--shards", "2/2"], "not I/N"),
        (["build", "quickstart", "--workers", "0"], "--workers"),
        (["build", "quickstart", "--out", "/proc/nope"], "cannot write '/proc/nope"),
        (["verify", "/nowhere", "--replay", "1"], "there is no such folder"),
    ],
)
def test_a_mistake_is_named_and_exits_with_two(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = puzzlegen(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert said in done.err


def test_help_needs_no_library() -> None:
    code = "import sys, puzzlegen.cli; print(sorted({'numpy', 'PIL', 'av', 'pyarrow', 'pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(("given", "taken"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "4"}, "4")])
def test_products_take_one_thread_unless_told_otherwise(given: dict[str, str], taken: str) -> None:
    """The number of threads must be set before numpy is imported."""
    code = (
        "import sys, os; from puzzlegen import cli; cli.app = lambda: print('numpy' in sys.modules, os.environ[NAME])"
    )
    code = f"NAME = 'OPENBLAS_NUM_THREADS'; {code}; cli.main()"
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean | given)
    assert done.stdout.split() == ["False", taken]


def test_the_version_is_told() -> None:
    done = puzzlegen("--version")
    assert (done.code, done.out) == (0, f"puzzlegen {__version__}\n")


def test_a_url_is_no_recipe() -> None:
    done = puzzlegen("build", "s3://bucket/media")
    assert (done.code, "'s3://bucket/media' is not a recipe" in done.err, "--source" in done.err) == (2, True, True)


def test_why_nothing_can_be_made_is_said(tmp_path: Path) -> None:
    recipe, table = tmp_path / "r.yaml", tmp_path / "rows.jsonl"
    recipe.write_text(f"source: {{kind: manifest, path: {table}}}\ntasks: [{{task: rotation}}]\n")
    table.write_text('{"image": "a.jpg"}\n{"media": "b.jpg"}\n{"media": "c.jpg"}\n')
    done = puzzlegen("build", recipe, "--out", tmp_path / "out")
    assert done.code == 2
    assert "unreadable 2, such as 'row 2' (b.jpg); bad_row 1, such as 'row 1' (no medium in column 'media'" in done.err
    (tmp_path / "empty").mkdir()
    assert "it is empty" in puzzlegen("build", "quickstart", "--source", tmp_path / "empty").err


def test_a_home_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "photos").mkdir()
    assert Folder(path="~/photos").path == str(tmp_path / "photos")
    with pytest.raises(ValueError, match=f"'{tmp_path}/none' is missing; give"):
        Folder(path="~/none")


FAILING = """
from puzzlegen.tasks import Task

class Failing(Task):
    \"\"\"Fails.\"\"\"
    accepts = "image"
    ability = "none"

    @property
    def difficulty(self):
        return 0.5

    def pose(self, item, rng):
        return [][0]
"""


def test_what_others_add_and_is_broken_is_named(tmp_path: Path) -> None:
    plug_in(tmp_path / "plug", "tasks", "failing", FAILING)
    plug_in(tmp_path / "plug", "tasks", "gone", "import no_such_module")
    plug_in(tmp_path / "plug", "tasks", "half", FAILING.replace("Failing", "Half").replace("def pose", "def posed"))
    env = environment(tmp_path / "plug")
    shown = [sys.executable, "-m", "puzzlegen", "tasks"]
    done = subprocess.run(shown, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "entry point 'gone' of group puzzlegen.tasks cannot be loaded: ModuleNotFoundError" in done.stdout
    assert "is not a whole Task: it lacks pose" in done.stdout
    assert "jigsaw" in done.stdout
    (tmp_path / "r.yaml").write_text("source: {kind: samples, images: 1, videos: 0}\ntasks: [{task: failing}]\n")
    made = [sys.executable, "-m", "puzzlegen", "build", str(tmp_path / "r.yaml"), "--out", str(tmp_path / "out")]
    done = subprocess.run(made, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "IndexError: list index out of range (" in done.stderr
    assert "failing.py:14, in pose)" in done.stderr


def test_every_command_has_help_and_stands_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = subprocess.run(
        [sys.executable, "-m", "puzzlegen", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200"},
    ).stdout
    for command in ("build", "check", "tasks", "recipes", "verify", "score"):
        assert command in shown
        assert f"puzzlegen {command}" in readme
