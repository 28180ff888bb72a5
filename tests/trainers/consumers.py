"""Run code on a build in the environment of a consumer, a program that reads builds."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
VENVS = Path(os.environ.get("PUZZLEGEN_TRAINER_VENVS") or Path.home() / ".cache" / "puzzlegen" / "trainers")


def program(consumer: str, name: str = "python") -> Path:
    """Return a program of the consumer's environment; skip the test if the environment has not been made."""
    found = VENVS / consumer / "bin" / name
    if not found.exists():
        pytest.skip(f"no {found}: make it with tests/trainers/make_harness_venv.sh {consumer}")
    return found


def run(command: Path, *arguments: object, cwd: Path) -> str:
    """Run a program without a network; return its output."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(cwd / "hf"), "NO_COLOR": "1"}
    # Import this checkout, not the version installed with the environment; the taskset is a module outside the package.
    offline["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "examples" / "taskset")])
    line = [str(command), *map(str, arguments)]
    done = subprocess.run(line, cwd=cwd, env=os.environ | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def drive(consumer: str, *arguments: object, cwd: Path) -> Any:
    """Run ``drive_<consumer>.py``; return the JSON on the last line of its output."""
    said = run(program(consumer), HERE / f"drive_{consumer}.py", *arguments, cwd=cwd)
    return json.loads(said.splitlines()[-1])
