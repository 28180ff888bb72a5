"""The verifier loads by path, without registration, and imports only light modules of the standard library."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import puzzlegen.verify

FILE = Path(puzzlegen.verify.__file__)
SPEC = json.dumps({"v": 1, "kind": "choice", "target": "B", "params": {"options": ["A", "B"]}})

#: Loads the verifier as trainers do: by path, under a name that is never registered.
LOAD = f"""
import sys
before = set(sys.modules)
import importlib.util
spec = importlib.util.spec_from_file_location("reward_of_a_trainer", {str(FILE)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
assert "reward_of_a_trainer" not in sys.modules
"""

#: Top-level modules that loading may import: none that is slow, and none outside the standard library.
ALLOWED = {
    *("__future__", "_collections", "_collections_abc", "_functools", "_json", "_operator", "_sre", "_stat"),
    *("_typing", "collections", "contextlib", "copyreg", "enum", "functools", "genericpath", "importlib"),
    *(
        "itertools",
        "json",
        "keyword",
        "operator",
        "os",
        "posixpath",
        "re",
        "reprlib",
        "stat",
        "types",
        "typing",
    ),
    *("bisect", "_bisect", "math", "unicodedata", "warnings", "ntpath", "nt", "abc", "_abc", "_weakref", "_warnings"),
    *("sre_compile", "sre_constants", "sre_parse"),
}


def _run(code: str, *flags: str) -> str:
    done = subprocess.run([sys.executable, *flags, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("flags", [(), ("-I", "-S"), ("-I", "-S", "-O"), ("-W", "error")])
def test_loads_by_path_without_being_registered(flags: tuple[str, ...]) -> None:
    code = f"{LOAD}\nprint(module.score('<answer>B</answer>', {SPEC!r}).value, module.reward('', {SPEC!r}))"
    expected = {"score": 0.0, "accuracy": 0.0, "format": 0.0, "transform": 0.0, "length": 0.0}
    assert _run(code, *flags).strip() == f"1.0 {expected}"


def test_errors_stay_readable_when_loaded_by_path() -> None:
    code = f"{LOAD}\ntry:\n module.score('', '{{}}')\nexcept ValueError as error:\n print(type(error).__name__)"
    assert _run(code, "-I", "-S").strip() == "VerifierError"


def test_loading_adds_only_light_modules_of_the_standard_library() -> None:
    added = json.loads(_run(f"{LOAD}\nimport json\nprint(json.dumps(sorted(set(sys.modules) - before)))", "-I", "-S"))
    first_names = {name.partition(".")[0] for name in added}
    assert first_names <= sys.stdlib_module_names
    assert first_names <= ALLOWED
    assert len(added) >= 10


def test_importing_it_from_the_package_imports_no_other_module_of_the_package() -> None:
    code = "import sys, puzzlegen.verify\nprint(*sorted(n for n in sys.modules if n.startswith('puzzlegen')))"
    root = str(FILE.parent.parent)
    out = _run(f"import sys; sys.path.insert(0, {root!r})\n{code}", "-I", "-S")
    assert out.split() == ["puzzlegen", "puzzlegen.verify"]


def test_the_reason_and_the_score_are_the_same_by_path_and_by_import() -> None:
    lines = (Path(__file__).parent / "cases/number.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    pairs = [(row["response"], json.dumps(row["spec"])) for row in rows]
    code = f"{LOAD}\nimport json\nprint(json.dumps([module.score(*row)[:2] for row in json.load(sys.stdin)]))"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        input=json.dumps(pairs),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [list(puzzlegen.verify.score(*pair)[:2]) for pair in pairs]
