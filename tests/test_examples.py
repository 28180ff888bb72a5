"""Examples that need no trainer, run as a reader would run them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

from puzzlegen.reading import files_of, manifest_of, read_rows

EXAMPLES = ROOT / "examples"


def run(*arguments: object, **env: str) -> str:
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **env},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_shards_are_read_without_puzzlegen(mixed_build: Path, tmp_path: Path) -> None:
    script = EXAMPLES / "read_shards.py"
    assert "puzzlegen" not in [line.split()[1] for line in script.read_text().splitlines() if line.startswith("from ")]
    printed = run(script, mixed_build, "--out", tmp_path / "media")
    counted = {line.split()[0]: int(line.split()[1]) for line in printed.splitlines()}
    assert counted == {f"puzzlegen/{task}": n for task, n in manifest_of(mixed_build)["kept"].items()}
    assert {path.suffix for path in (tmp_path / "media").iterdir()} == {".jpg", ".txt"}


def test_the_laziest_policy_is_scored_against_chance(mixed_build: Path, tmp_path: Path) -> None:
    printed = run(EXAMPLES / "score_responses.py", mixed_build, tmp_path / "responses.jsonl")
    lines = (tmp_path / "responses.jsonl").read_text().splitlines()
    assert len(lines) == sum(manifest_of(mixed_build)["kept"].values())
    rotation = next(line for line in printed.splitlines() if line.startswith("rotation"))
    assert "chance 0.250" in rotation


def test_responses_that_are_there_are_not_written_over(mixed_build: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.jsonl").write_text("mine")
    command = [sys.executable, str(EXAMPLES / "score_responses.py"), str(mixed_build), str(tmp_path / "mine.jsonl")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, (tmp_path / "mine.jsonl").read_text()) == (2, "mine")
    assert "mine.jsonl exists" in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("trainer", ["verl", "swift"])
def test_trainers_never_get_the_export_of_an_earlier_build(trainer: str, mixed_build: Path, tmp_path: Path) -> None:
    shutil.copytree(mixed_build, tmp_path / "build")
    (tmp_path / "bin").mkdir()
    for name, words in (("puzzlegen", "-m puzzlegen"), ("python", "")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    env = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}

    def start() -> subprocess.CompletedProcess[str]:
        script = ["bash", str(EXAMPLES / f"train_grpo_{trainer}.sh"), str(tmp_path / "build")]
        settings = {"DRY_RUN": "1", "PROFILE": "image"}
        return subprocess.run(script, capture_output=True, text=True, check=True, env=env | settings)

    mark = tmp_path / f"build-{trainer}" / "export.json"
    said = "no validation split for image: validation is off"
    assert said not in start().stderr
    assert "image/validation." in mark.read_text()
    rebuilt = manifest_of(mixed_build)
    for shard in rebuilt["shards"]:
        shard["files"] = [file for file in shard["files"] if "/validation-" not in file["path"]]
    (tmp_path / "build" / "manifest.json").write_text(json.dumps(rebuilt))
    done = start()
    assert "image/validation." not in mark.read_text()
    assert ("trainer.val_before_train=False" in done.stdout, said in done.stderr) == (trainer == "verl",) * 2


def test_a_task_of_another_package_is_built(tmp_path: Path) -> None:
    """Installed as by pip: the module is on the path, with the entry points that its pyproject declares."""
    source = EXAMPLES / "custom_task"
    project = tomllib.loads((source / "pyproject.toml").read_text())["project"]
    site = tmp_path / "site"
    info = site / "puzzlegen_channels-0.1.0.dist-info"
    info.mkdir(parents=True)
    (site / "channels.py").write_text((source / "channels.py").read_text())
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n")
    points = project["entry-points"]["puzzlegen.tasks"]
    lines = "".join(f"{name} = {where}\n" for name, where in points.items())
    (info / "entry_points.txt").write_text(f"[puzzlegen.tasks]\n{lines}")
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("seed: 1\nsource: {kind: samples, images: 8, videos: 0}\ntasks: [{task: channels}]\n")
    path = os.pathsep.join(filter(None, [str(site), str(ROOT), os.environ.get("PYTHONPATH", "")]))
    out = tmp_path / "out"
    run("-m", "puzzlegen", "build", recipe, "--out", out, "--workers", "1", PYTHONPATH=path)
    rows = [row for file in files_of(manifest_of(out)) for row in read_rows(out / file["path"])]
    assert len(rows) >= 4
    assert {row["extra_info"]["task"] for row in rows} == {"channels"}
    options = json.loads(rows[0]["ground_truth"])["params"]["options"]
    assert set(options.values()) == {"none", "red and green", "red and blue", "green and blue"}
    run("-m", "puzzlegen", "verify", out, "--replay", "2", PYTHONPATH=path)
