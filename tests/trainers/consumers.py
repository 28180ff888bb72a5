"""Run code in the environment of a consumer, on a build made here."""

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
    """A program of the consumer's environment; skips where that has not been made."""
    found = VENVS / consumer / "bin" / name
    if not found.exists():
        pytest.skip(f"no {found}: make it with tests/trainers/make_harness_venv.sh {consumer}")
    return found


def run(command: Path, *arguments: object, cwd: Path) -> str:
    """What a program prints; it may use no network."""
    offline = {"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "HF_HOME": str(cwd / "hf"), "NO_COLOR": "1"}
    # This checkout, not what was installed when the environment was made; the taskset is a module beside the package.
    offline["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "examples" / "taskset")])
    line = [str(command), *map(str, arguments)]
    done = subprocess.run(line, cwd=cwd, env=os.environ | offline, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def drive(consumer: str, *arguments: object, cwd: Path) -> Any:
    """The JSON that ``drive_<consumer>.py`` prints last."""
    said = run(program(consumer), HERE / f"drive_{consumer}.py", *arguments, cwd=cwd)
    return json.loads(said.splitlines()[-1])
