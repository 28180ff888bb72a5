"""Imports point one way, files stay small, and heavy packages are imported only where they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

import puzzlegen

PACKAGE = ROOT / "puzzlegen"
FILES = sorted(PACKAGE.rglob("*.py"))
BASE = {"errors", "ranges", "records", "rng"}
MAKING = BASE | {"media", "answers", "plugins", "graphs"}
# The modules and folders below puzzlegen that each of them may import; its own folder is always allowed.
ALLOWED = {
    "verify": set(),
    "errors": set(),
    "intervals": set(),
    "wrong_answers": set(),
    "ranges": set(),
    "rng": set(),
    "records": set(),
    "balance": {"rng"},
    "plugins": {"errors"},
    "chance": {"records", "verify"},
    "answers": {"records", "rng", "chance"},
    "files": {"errors", "records"},
    "guard": {"errors"},
    "hygiene": BASE | {"files", "guard", "listing", "media", "threads", "workers"},
    "listing": {"records", "rng"},
    "planned": {"listing", "records"},
    "quota": {"recipe", "records"},
    "finder": {"listing", "plan", "records", "shard"},
    "cells": {"errors", "records"},
    "columns": {"errors", "questions"},
    "tables": {"cells", "columns", "errors", "files", "records"},
    "media": BASE,
    "graphs": BASE,
    "scenes": BASE,
    "sources": BASE
    | {"plugins", "scenes", "media", "files", "graphs", "cells", "columns", "questions", "rows", "tables"},
    "tasks": MAKING,
    "arrays": set(),
    "schema": {"records"},
    "writers": {"arrays", "records", "schema", "cards"},
    "cards": {"records", "schema"},
    "census": {"reading", "writers"},
    "finish": {"census", "media", "output", "reading", "records", "writers"},
    "prompts": {"records"},
    "questions": {"records", "errors"},
    "rows": {"errors"},
    "chat": {"errors", "media", "records"},
    "evaluate": {"chat", "datafile", "errors", "output", "reading"},
    "joint": {"chance", "prompts", "questions", "ranges", "records", "verify"},
    "output": {"errors", "files"},
    "memory": set(),
    "progress": set(),
    "threads": set(),
    "workers": set(),
    "engines": {"errors", "files", "guard", "manifest", "media", "memory", "shard", "threads", "workers"},
    "stated": {"errors"},
    "adapters": BASE
    | {"chat", "datafile", "joint", "manifest", "media", "plan", "reading", "schema", "stated", "verify"},
    "export": {"errors", "plugins", "records", "schema"},
    "doctor": {"adapters", "chat", "contents", "errors", "plugins", "records", "verify"},
    "contract": {"errors", "prompts", "records"},
    "contents": {"datafile", "errors", "exporting", "manifest", "media", "reading", "records"},
    "audit": {"errors", "intervals", "media", "output", "reading", "records", "rng", "schema", "verify", "workers"}
    | {"writers"},
    "tokens": {"chat", "errors", "media", "reading", "subset"},
    "preview": BASE
    | {"audit", "census", "files", "finder", "manifest", "media", "output", "plan", "reading", "recipe", "runs"}
    | {"shard", "writers"},
    "push": {"errors", "integrity", "manifest", "output", "reading", "replacing"},
    "replacing": {"errors", "reading"},
    "recipe": BASE | {"cells", "files", "hygiene", "joint", "media", "plugins", "prompts", "rows", "sources", "tasks"},
}
STANDARD_LIBRARY_ONLY = ("verify", "errors", "rng", "records")
HEAVY = (
    *("torch", "datasets", "fsspec", "upath", "webdataset", "albumentations", "cv2", "scipy", "ray"),
    *("huggingface_hub", "matplotlib"),
)


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Yield every imported module, and whether only type checkers import it."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in guarded) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            module = node.module or ""
            if module == "puzzlegen":
                yield from ((f"puzzlegen.{alias.name}", id(node) in guarded) for alias in node.names)
            else:
                yield module, id(node) in guarded


@pytest.mark.parametrize("part", sorted(ALLOWED))
def test_imports_point_one_way(part: str) -> None:
    files = [path for path in FILES if name_of(path) == part]
    assert files
    for path in files:
        used = {
            module.split(".")[1] for module, typing in imports(path) if module.startswith("puzzlegen.") and not typing
        }
        extra = used - ALLOWED[part] - {part}
        assert not extra, f"{path.relative_to(ROOT)} imports {sorted(extra)}"


@pytest.mark.parametrize("folder", ["tasks", "sources", "writers", "engines", "export", "doctor"])
def test_plug_ins_never_import_each_other(folder: str) -> None:
    for path in (PACKAGE / folder).glob("*.py"):
        names = {m.split(".")[2] for m, _ in imports(path) if m.startswith(f"puzzlegen.{folder}.")}
        if path.name != "__init__.py":
            assert not names & {other.stem for other in (PACKAGE / folder).glob("*.py")}, path


@pytest.mark.parametrize("part", STANDARD_LIBRARY_ONLY)
def test_some_parts_need_the_standard_library_only(part: str) -> None:
    used = {module.split(".")[0] for module, _ in imports(PACKAGE / f"{part}.py")}
    assert used <= sys.stdlib_module_names, used - sys.stdlib_module_names


def test_nothing_heavy_is_imported_anywhere() -> None:
    """Except where a user asks for it: view augmentation, Ray, the Hub, URLs, charts, and code for trainers."""
    asked = {"augment.py", "charts.py", "hub.py", "output.py", "push.py", "ray.py", "remote.py"}
    for path in (path for path in FILES if name_of(path) not in {"adapters", "doctor"}):
        heavy = {m.split(".")[0] for m, _ in imports(path)} & set(HEAVY)
        assert not heavy or path.name in asked, path


def test_no_module_hides_what_the_package_offers() -> None:
    """Importing a module ``puzzlegen.build`` would set that name in the package and break ``puzzlegen.build()``."""
    assert not set(puzzlegen.__all__) & {path.stem for path in PACKAGE.iterdir()}


def test_building_does_not_load_what_it_does_not_need(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom puzzlegen.recipe import load_recipe\nfrom puzzlegen.plan import make_plan\n"
        "from puzzlegen.shard import Job, build_shard\n"
        f"r = load_recipe('quickstart')\ns = next(make_plan(r, 2).shards())\n"
        f"build_shard(Job(r, s, {str(tmp_path)!r}, {str(tmp_path / 'tmp')!r}))\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_recolouring_does_not_load_torch_nor_keep_others_from_it() -> None:
    pytest.importorskip("torch", reason="torch is not installed")
    code = (
        "import sys\nfrom PIL import Image\nfrom puzzlegen.media.augment import recoloured\n"
        "from puzzlegen.rng import rng_for\n"
        "recoloured(Image.effect_noise((64, 64), 90).convert('RGB'), rng_for('x'), 'strong')\n"
        "print('albumentations' in sys.modules, 'torch' in sys.modules)\n"
        "from albumentations.pytorch import ToTensorV2\nprint(ToTensorV2.__name__)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "False", "ToTensorV2"]


def test_importing_the_package_imports_nothing() -> None:
    code = "import sys; before = set(sys.modules); import puzzlegen; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['__future__', 'puzzlegen']"


def test_public_names_are_what_all_says() -> None:
    for name in puzzlegen.__all__:
        assert getattr(puzzlegen, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        puzzlegen.nothing  # noqa: B018 - the lookup is the test


def test_the_package_never_asserts_and_draws_only_from_rng() -> None:
    for path in FILES:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.Assert)], path
        assert not {m for m, _ in imports(path)} & {"random", "secrets"}, path
        assert "np.random" not in path.read_text(encoding="utf-8"), path


def test_files_and_functions_stay_small() -> None:
    lengths: list[int] = []
    for path in FILES:
        text = path.read_text(encoding="utf-8")
        # verify.py holds every kind, because trainers load this one file by its path.
        assert text.count("\n") <= (1100 if path.name == "verify.py" else 500), path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                body = node.body[1:] if ast.get_docstring(node) and len(node.body) > 1 else node.body
                lengths.append((body[-1].end_lineno or 0) - body[0].lineno + 1)
                assert lengths[-1] <= 80, f"{path}: {node.name}"
    assert sum(length <= 20 for length in lengths) >= 0.8 * len(lengths)
