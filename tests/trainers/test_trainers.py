"""Each trainer's own code on a real build, in a separate environment: ``pytest -m trainers``.

``make_venv.sh`` makes the environments; trainers without one are skipped. The scripts ``run_*`` run in them and print
their result as one line of JSON.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from conftest import MIXED, ROOT, recipe_with

from puzzlegen.building import build
from puzzlegen.contents import contents, head
from puzzlegen.exporting import export

pytestmark = [pytest.mark.trainers, pytest.mark.xdist_group("trainers")]
HERE = Path(__file__).parent
ADAPTERS = ROOT / "puzzlegen" / "adapters"
PLACE = Path(os.environ.get("PUZZLEGEN_TRAINER_VENVS", "~/.cache/puzzlegen/trainers")).expanduser()
#: Names of each trainer's environment and checkout (empty if there is none).
HOMES = {"verl": ("verl", ""), "swift": ("swift", ""), "easyr1": ("easyr1", "EasyR1"), "skyrl": ("skyrl", "")}
HOMES |= {"openrlhf": ("openrlhf", ""), "slime": ("openrlhf", "slime")}
SETTINGS = {"swift": ["--set", "template=qwen2_5_vl"]}
TAKES_CLIPS = ("verl", "swift", "easyr1")


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def result(self) -> Any:
        lines = [line for line in self.out.splitlines() if line.startswith("RESULT ")]
        assert lines, self.err[-3000:]
        return json.loads(lines[-1].removeprefix("RESULT "))


@pytest.fixture(autouse=True)
def wall(request: pytest.FixtureRequest) -> Iterator[None]:
    """Print how long each test takes, for planning."""
    start = time.perf_counter()
    yield
    print(f"{request.node.name}: {time.perf_counter() - start:.0f} s")


def run(trainer: str, script: str, *arguments: str | Path) -> Done:
    """Run a script in a trainer's environment, without a network; skip the test if there is none."""
    home, checkout = HOMES[trainer]
    python, source = PLACE / home / "bin" / "python", PLACE / "src" / checkout
    if not python.exists():
        pytest.skip(f"no environment for {trainer}: {HERE / 'make_venv.sh'} {home}")
    if checkout and not (source / "setup.py").exists():
        pytest.skip(f"no checkout of {checkout} in {source}")
    path = os.pathsep.join([str(ROOT), str(HERE), *([str(source)] if checkout else [])])
    env = os.environ | {"PYTHONPATH": path, "HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
    command = [str(python), str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False, timeout=900)
    return Done(done.returncode, done.stdout, done.stderr)


def doctor(trainer: str, folder: Path, *arguments: str) -> dict[str, Any]:
    model = PLACE / f"model-{HOMES[trainer][0]}"
    settings = SETTINGS.get(trainer, [])
    done = run(
        trainer,
        "run_doctor.py",
        "doctor",
        folder,
        "--trainer",
        trainer,
        "--model",
        model,
        "--json",
        *settings,
        *arguments,
    )
    assert done.code in {0, 1}, done.err[-3000:]
    report: dict[str, Any] = json.loads(done.out)
    assert "not run" not in report["ran"]["loader"], report["ran"]
    return report


def errors(report: dict[str, Any]) -> str:
    return "\n".join(finding["text"] for finding in report["findings"] if finding["level"] == "error")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("build") / "out"
    source = {"kind": "samples", "images": 4, "videos": 3}
    tasks = [*MIXED, {"task": "contrastive"}]
    assert build(recipe_with(tasks, source=source), out, workers=2).manifest is not None
    return out


@pytest.fixture(scope="module")
def exports(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exports")
    for name in (*HOMES, "verl"):
        export(built, name, place / name)
    export(built, "verl", place / "verl-paths", images="path")
    export(built, "swift", place / "swift-uris", images="data_uri", videos="data_uri")
    return place


@pytest.mark.parametrize("name", ["verl", "verl-paths", "swift", "swift-uris", "easyr1", "openrlhf", "slime"])
def test_the_loader_passes_on_all_media_of_an_export(name: str, exports: Path) -> None:
    report = doctor(name.partition("-")[0], exports / name)
    assert report["healthy"], errors(report)
    profiles = {part.profile for part in contents(exports / name).parts}
    assert profiles >= {"image", "multi_image"}
    assert ("video" in profiles) == (name.partition("-")[0] in TAKES_CLIPS)


@pytest.mark.parametrize("trainer", ["verl", "swift", "easyr1", "openrlhf"])
@pytest.mark.parametrize("profile", ["image", "multi_image"])
def test_the_loader_reads_pictures_of_a_build_as_it_is(trainer: str, profile: str, built: Path) -> None:
    report = doctor(trainer, built, "--profile", profile)
    assert report["healthy"], errors(report)


def test_verl_drops_clips_given_as_bytes_and_the_doctor_says_so(built: Path) -> None:
    found = errors(doctor("verl", built, "--profile", "video"))
    assert "the loader drops 3 of 3 rows without an error" in found


def test_verl_drops_what_is_too_long_and_the_doctor_says_so(built: Path) -> None:
    found = errors(doctor("verl", built, "--profile", "image", "--set", "max_prompt_length=20"))
    assert "the loader drops 4 of 4 rows" in found


def test_verl_trains_blind_under_another_media_key_and_the_doctor_says_so(built: Path) -> None:
    found = errors(doctor("verl", built, "--profile", "image", "--set", "image_key=image"))
    assert "has 1 media, the loader passes 0" in found


def test_swift_loses_every_row_without_a_map_of_columns_and_the_doctor_says_so(built: Path) -> None:
    found = errors(doctor("swift", built, "--profile", "image", "--set", "columns={}"))
    assert "--columns" in found
    assert "the loader" in found


def test_slime_drops_bytes_without_a_word_and_the_doctor_says_so(built: Path) -> None:
    found = errors(doctor("slime", built, "--profile", "image"))
    assert "has 1 media, the loader passes 0" in found


def test_verl_accepts_the_example_and_the_settings_that_the_doctor_prints(
    built: Path, exports: Path, tmp_path: Path
) -> None:
    (tmp_path / "bin").mkdir()
    for name, words in (("puzzlegen", "-m puzzlegen"), ("python", "")):
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec {sys.executable} {words} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)
    path = f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"
    env = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "DRY_RUN": "1", "EXPORT": str(exports / "verl-paths")}
    script = ROOT / "examples" / "train_grpo_verl.sh"
    shown = subprocess.run(["bash", script, built], capture_output=True, text=True, env=env, check=True).stdout
    (line,) = [line for line in shown.splitlines() if line.startswith("python -m verl.trainer.main_ppo")]
    config = doctor("verl", exports / "verl-paths")["config"]
    for overrides in (shlex.split(line)[3:], config):
        found = run("verl", "run_verl_config.py", *overrides).result()
        assert found["custom_reward_function"]["path"] == str(ADAPTERS / "verl.py")
        assert all(Path(file).is_file() for file in found["train_files"])


@pytest.mark.parametrize("manager", ["naive", "dapo"])
def test_reward_managers_of_verl_call_the_shim(manager: str, built: Path, tmp_path: Path) -> None:
    rows = [row for part in contents(built).parts for row in head(part.path, 2)]
    said = [(row, text) for row in rows for text in (row["solution"], "no idea")]
    keys = ("ground_truth", "data_source")
    lines = [json.dumps({"response": text, **{key: row[key] for key in keys}}) for row, text in said]
    (tmp_path / "rows.jsonl").write_text("\n".join(lines))
    model = PLACE / "model-verl"
    done = run("verl", "run_verl_rewards.py", ADAPTERS / "verl.py", tmp_path / "rows.jsonl", model, manager)
    found = done.result()
    assert [one["reward_score"] for one in found] == [1.0, 0.0] * len(rows)
    assert len({tuple(sorted(one["reward_extra_info"])) for one in found}) == 1


@pytest.mark.parametrize(("name", "profile"), [("swift", "image"), ("swift", "video"), ("swift-uris", "video")])
def test_grpo_of_swift_trains_on_what_it_sees(name: str, profile: str, exports: Path, tmp_path: Path) -> None:
    plugin = ADAPTERS / "swift" / "__init__.py"
    rewards = ["--external_plugins", str(plugin), "--reward_funcs", "puzzlegen", "puzzlegen_format", "varied"]
    data = exports / name / profile / "train.jsonl"
    found = run(
        "swift", "run_swift_grpo.py", PLACE / "model-swift", tmp_path / "out", "--dataset", data, *rewards
    ).result()
    assert found["with_grad"] >= 2
    assert found["vision_weights_moved"] > 10
    assert len(found["steps"]) == 2
    assert all(step["grad_norm"] > 0 and step["rewards/PuzzleReward/mean"] == 0 for step in found["steps"])


def test_swift_trains_on_a_build_as_it_is(built: Path, tmp_path: Path) -> None:
    plugin = ADAPTERS / "swift" / "__init__.py"
    rewards = ["--external_plugins", str(plugin), "--reward_funcs", "puzzlegen", "puzzlegen_format", "varied"]
    (data,) = [part.path for part in contents(built).parts if part.profile == "multi_image"]
    columns = ["--columns", '{"prompt": "messages"}']
    model, out = PLACE / "model-swift", tmp_path / "out"
    found = run("swift", "run_swift_grpo.py", model, out, "--dataset", data, *columns, *rewards).result()
    assert found["with_grad"] >= 2
    assert found["vision_weights_moved"] > 10


def test_skyrl_gym_makes_and_steps_the_environment(exports: Path) -> None:
    found = run("skyrl", "run_skyrl_env.py", exports / "skyrl" / "multi_image" / "train.jsonl").result()
    assert [one[0] for one in found] == [1.0, 0.0] * (len(found) // 2)
    assert all(done and metrics["score"] == reward for reward, done, metrics, _ in found)
