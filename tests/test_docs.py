"""The documentation is true: code and commands run, record and recipe are real, the first screen has two commands."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, export_samples, only_under_the_lock
from faulty import environment, plug_in
from typer.main import get_command

from puzzlegen.building import build
from puzzlegen.cli import app
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import load_recipe, shipped_recipes
from puzzlegen.records import REASONS
from puzzlegen.tasks import task_names

README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working directory with the README's main build, made without clips and with one task."""
    folder = tmp_path_factory.mktemp("readme")
    recipe = load_recipe("video_ssl", overrides=["source.videos=0", "tasks=[{task: rotation}]"])
    build(recipe, folder / "puzzles" / "video_ssl", workers=2)
    return folder


def test_the_first_screen_has_the_two_commands() -> None:
    first = "\n".join(README.splitlines()[:40])
    assert "pip install . -c constraints.txt && puzzlegen build recipes/video_ssl.yaml" in first
    assert 'pip install ".[test]" -c constraints.txt && pytest' in first
    assert len(re.findall(r"^pip install", README, flags=re.MULTILINE)) == 2


def test_the_python_runs(place: Path) -> None:
    code = "\n".join(blocks("python"))
    env = os.environ | {"HF_HOME": str(place / "cache")}
    done = subprocess.run([sys.executable, "-c", code], cwd=place, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "This picture was rotated" in done.stdout
    assert re.search(r"^(0\.0 wrong|1\.0 correct)$", done.stdout, flags=re.MULTILINE)


def commands() -> list[str]:
    """Return every puzzlegen command in the shell blocks of the README and docs, without comments."""
    pages = [README, *(page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md")))]
    shell = "\n".join(block for page in pages for block in re.findall(r"```sh\n(.*?)```", page, flags=re.DOTALL))
    return [found.strip() for found in re.findall(r"(?:^|&& )(puzzlegen [^#\n]+)", shell, flags=re.MULTILINE)]


def test_every_command_is_one_that_the_command_line_takes() -> None:
    """Names, arguments and options are parsed as written; nothing is run."""
    group: Any = get_command(app)
    found = commands()
    assert len(found) >= 15
    for line in found:
        _, name, *arguments = shlex.split(line)
        assert name in group.commands, line
        group.commands[name].make_context(name, arguments)


def test_commands_run_as_they_stand(place: Path) -> None:
    """Except commands that need the user's media, a model's answers or a repository."""
    cannot = ("build", "push", "score", "select", "audit", "check")
    runnable = [line for line in commands() if line.split()[1] not in cannot and "mine" not in line]
    ran = [line for line in runnable if "NAME" not in line and "--limit" not in line]
    assert any(line.startswith("puzzlegen preview") for line in ran)
    assert any(line.startswith("puzzlegen recipes") for line in ran)
    for line in dict.fromkeys(ran):
        command = [sys.executable, "-m", *shlex.split(line)]
        done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (line, done.stderr)


@pytest.mark.parametrize("script", ["make_commands.py", "make_recipe_page.py"])
def test_pages_are_what_the_code_says(script: str) -> None:
    command = [sys.executable, str(ROOT / "examples" / script), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_links_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_the_record_is_one_of_the_main_jobs(place: Path) -> None:
    shown = json.loads(blocks("json")[0])
    out = place / "puzzles" / "video_ssl"
    rows = {r["id"]: r for f in files_of(manifest_of(out)) for r in read_rows(out / f["path"])}
    real = rows[shown["id"]]
    assert set(shown) == set(real)
    assert set(shown["extra_info"]) == set(real["extra_info"])
    for key in ("data_source", "ability", "problem"):
        assert shown[key] == real[key]


def test_the_recipe_is_one(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    text = blocks("yaml")[0].replace("photos/", str(tmp_path / "photos"))
    (tmp_path / "r.yaml").write_text(text)
    assert len(load_recipe(tmp_path / "r.yaml").tasks) == 2


def test_reasons_are_explained_where_they_are_used() -> None:
    used = set()
    for path in (ROOT / "puzzlegen").rglob("*.py"):
        source = path.read_text(encoding="utf-8")
        used |= set(re.findall(r"(?:Unusable|Skipped)\([^()]*?\"([a-z_]+)\"", source))
    assert used <= set(REASONS)
    assert len(used) >= 15


@pytest.mark.slow
def test_every_shipped_recipe_says_what_it_follows_and_builds(tmp_path: Path) -> None:
    """Each recipe has a header, and a build limited to three items gives puzzles."""
    recipes = shipped_recipes()
    assert len(recipes) >= 10
    for name, path in recipes.items():
        header = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
        assert len(header) >= 2 or name == "quickstart", name
        built = build(load_recipe(name), tmp_path / name, workers=2, limit=3)
        assert built.manifest is not None
        assert sum(built.manifest["kept"].values()) > 0, name


@pytest.mark.slow
def test_the_gallery_is_current() -> None:
    only_under_the_lock()
    command = [sys.executable, str(ROOT / "examples" / "make_gallery.py"), "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    gallery = (ROOT / "examples" / "GALLERY.md").read_text(encoding="utf-8")
    assert all(f"## `{name}`" in gallery for name in task_names())


def test_the_source_of_the_docs_is_built_from(tmp_path: Path) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "sources.md").read_text(encoding="utf-8"), re.DOTALL)
    plug_in(tmp_path / "plug", "sources", "lines", code)
    export_samples(tmp_path / "media", 3)
    lines = [f"{path.stem}\t{b64encode(path.read_bytes()).decode()}" for path in (tmp_path / "media").iterdir()]
    (tmp_path / "media.tsv").write_text("\n".join([*lines, "nothing\t"]))
    recipe = tmp_path / "r.yaml"
    recipe.write_text(f"source: {{kind: lines, path: {tmp_path / 'media.tsv'}}}\ntasks: [{{task: position}}]\n")
    command = [sys.executable, "-m", "puzzlegen", "build", str(recipe), "--out", str(tmp_path / "out")]
    env = environment(tmp_path / "plug")
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    manifest = manifest_of(tmp_path / "out")
    assert manifest["source"]["items"] == 3
    assert manifest["rejected"][""] == {"bad_row": 1}
