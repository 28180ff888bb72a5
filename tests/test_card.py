"""The dataset card: the Hub and ``datasets`` can read it, its code runs, and text from outside cannot break out."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from conftest import recipe_with, tree_bytes
from datasets import Features
from PIL import Image

from puzzlegen.building import build
from puzzlegen.cards.front_matter import front_matter
from puzzlegen.cards.loading import loading
from puzzlegen.census import take_census
from puzzlegen.exporting import export
from puzzlegen.integrity import verify
from puzzlegen.media.sheet import names
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.records import Profile
from puzzlegen.schema import arrow_schema
from puzzlegen.writers.card import card


def yaml_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text.split("---\n")[1])
    return found


def empty_manifest(source: dict[str, Any]) -> dict[str, Any]:
    recipe = {"output": {"format": "webdataset"}, "source": source}
    return {"rows": {}, "shards": [], "kept": {}, "recipe": recipe}


@pytest.fixture(scope="module")
def text(mixed_build: Path) -> str:
    return (mixed_build / "README.md").read_text(encoding="utf-8")


def test_the_hub_finds_what_it_indexes(text: str, mixed_build: Path) -> None:
    front, rows = yaml_of(text), manifest_of(mixed_build)["rows"]
    assert front["license"] == "cc0-1.0"
    assert front["annotations_creators"] == ["machine-generated"]
    assert front["task_categories"] == ["image-text-to-text", "video-text-to-text"]
    assert front["size_categories"] == ["n<1K"]
    assert {"puzzlegen", "image", "video"} <= set(front["tags"])
    assert [config["config_name"] for config in front["configs"]] == list(rows)
    for info in front["dataset_info"]:
        counts = {split["name"]: split["num_examples"] for split in info["splits"]}
        assert counts == rows[info["config_name"]]


@pytest.mark.parametrize("profile", get_args(Profile))
def test_features_in_the_card_are_those_in_the_files(profile: str) -> None:
    manifest = {
        "rows": {profile: {"train": 1}},
        "shards": [],
        "kept": {"x": 1},
        "recipe": {"output": {"format": "parquet"}, "source": {"kind": "samples"}},
    }
    info = yaml_of(f"---\n{front_matter(manifest, Counter())}---\n")["dataset_info"][0]
    stored = Features.from_arrow_schema(arrow_schema(profile))  # type: ignore[arg-type]
    assert Features._from_yaml_list(info["features"]) == stored


def test_every_task_has_counts_a_picture_and_its_words(text: str, mixed_build: Path) -> None:
    manifest = manifest_of(mixed_build)
    problems = {row["problem"] for f in files_of(manifest) for row in read_rows(mixed_build / f["path"])}
    for task, count in manifest["kept"].items():
        assert f"| `{task}` | {count} |" in text
        shown = re.search(
            rf"### {task}\n\n!\[{task}\]\((assets/{task}\.jpg)\)\n\n```text\n(.*?)\n\nAnswer: ", text, re.DOTALL
        )
        assert shown
        assert shown[2] in problems, shown[2]
        with Image.open(mixed_build / shown[1]) as picture:
            assert picture.width > 100
    named = {asset["path"] for asset in manifest["assets"]}
    assert named == {f"assets/{task}.jpg" for task in manifest["kept"]} | {"rejections.parquet"}


def test_rotation_is_balanced_in_the_table(text: str, mixed_build: Path) -> None:
    rows = [row for f in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / f["path"])]
    answers = Counter(row["answer"] for row in rows if row["extra_info"]["task"] == "rotation")
    told = ", ".join(f"`{letter}` {n}" for letter, n in sorted(answers.items()))
    assert f"| {told} |" in text


def test_the_code_in_the_card_runs(text: str, mixed_build: Path, tmp_path: Path) -> None:
    shutil.copytree(mixed_build, tmp_path / "build")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    code = code.replace('"owner/name"', repr(str(tmp_path / "build")))
    assert "av.open" in code
    assert "def reward" in code
    env = os.environ | {"HF_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path / "build", env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert "1.0" in said
    assert [line.partition(" ")[2] for line in said[-3:]] == ["frames", "'image'}", "puzzles"]


def test_the_code_for_trl_keeps_the_system_message(text: str) -> None:
    (code,) = re.findall(r"def blocks.*?(?=\ndef reward)", text, re.DOTALL)
    known: dict[str, Any] = {"re": re}
    exec(code, known)  # noqa: S102 - the card's own code
    said = [{"role": "system", "content": "Look closely."}, {"role": "user", "content": "<image>\nWhich?"}]
    assert known["prompt"]({"prompt": said})["prompt"] == [
        {"role": "system", "content": [{"type": "text", "text": "Look closely."}]},
        {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "\nWhich?"}]},
    ]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["parquet", "webdataset"])
def test_a_card_of_clips_alone_loads_them_with_every_reader(form: str, tmp_path: Path) -> None:
    """``datasets`` decodes clips of tars with torchcodec, which nothing here needs."""
    clips = {"kind": "samples", "images": 0, "videos": 2}
    recipe = recipe_with([{"task": "video_flip"}], source=clips, output={"format": form})
    build(recipe, tmp_path / "build", workers=1)
    text = (tmp_path / "build" / "README.md").read_text()
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.DOTALL))
    code = code.replace('"owner/name"', repr(str(tmp_path / "build")))
    code = f"import sys\nsys.modules['torchcodec'] = None\n{code}\nprint(puzzles[0]['images'][0].size)"
    env = os.environ | {"HF_HOME": str(tmp_path / "cache")}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=tmp_path / "build", env=env, capture_output=True, text=True, check=False)
    said = done.stdout.splitlines()
    assert done.returncode == 0, done.stderr
    assert "1.0" in said
    assert [line.partition(" ")[2] for line in said[-3:-1]] == ["frames", "puzzles"]
    (profile, split) = re.findall(r"data\.train_files=<new>/(\w+)/(\w+)\.parquet", text)[0]
    assert split in export(tmp_path / "build", "verl", tmp_path / "out").rows[profile]


def test_cards_name_trl_and_verl_for_every_profile() -> None:
    for form in ("parquet", "webdataset"):
        for profile in get_args(Profile):
            folder = f"{profile}_2" if form == "webdataset" else profile
            text = loading({"rows": {folder: {"test": 2}}, "recipe": {"output": {"format": form}}})
            assert "```python\nfrom puzzlegen.adapters import trl" in text or "GRPOTrainer(" in text
            exports = form == "webdataset" or profile == "video"
            assert ("puzzlegen export" in text, "as they are" in text) == (exports, not exports)
            assert ("av.open" in text) == (profile == "video")
            assert f"<new>/{profile}/test.parquet" in text or not exports


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ({"kind": "folder"}, ["original"]),
        ({"kind": "hub", "name": "me/photos"}, ["extended|me/photos"]),
        ({"kind": "hub"}, ["original"]),
        (
            {"kind": "mixture", "parts": {"b": {"kind": "hub", "name": "me/b"}, "a": {"kind": "samples"}}},
            ["extended|me/b", "original"],
        ),
    ],
)
def test_datasets_of_the_hub_are_named_as_sources(source: dict[str, Any], names: list[str]) -> None:
    front = yaml_of(f"---\n{front_matter(empty_manifest(source), Counter())}---\n")
    assert front["source_datasets"] == names


@pytest.mark.parametrize(
    ("stated", "license_", "name"),
    [
        (["CC0-1.0"], "cc0-1.0", None),
        ([""], "unknown", None),
        (["CC-BY-4.0", "MIT"], ["cc-by-4.0", "mit"], None),
        (["Photographers' own: no"], "other", "photographers-own-no"),
        ([], None, None),
    ],
)
def test_licences_have_the_names_of_the_hub(stated: list[str], license_: Any, name: str | None) -> None:
    manifest = empty_manifest({"kind": "samples"})
    found = yaml_of(f"---\n{front_matter(manifest, Counter(stated))}---\n")
    assert found.get("license") == license_
    assert found.get("license_name") == name


def test_text_from_outside_stays_where_it_is_put(mixed_build: Path) -> None:
    hostile = "---\nlicense: mit\n---\n````\n# Heading | cell\n<img src=x onerror=alert(1)>`"
    manifest = manifest_of(mixed_build)
    census = take_census(mixed_build, manifest)
    census.licences = Counter({hostile: 1})
    census.tasks["rotation"].answers = Counter({hostile: 3})
    census.tasks["rotation"].example |= {"problem": hostile, "answer": hostile}
    text = card(manifest, census, {})
    assert yaml_of(text)["license"] == "other"
    row = next(line for line in text.splitlines() if line.startswith("| `rotation` |"))
    assert len(re.findall(r"(?<!\\)\|", row)) == 7
    fenced = re.search(r"### rotation\n\n(`{5,})text\n(.*?)\n\1\n", text, re.DOTALL)
    assert fenced
    assert hostile in fenced[2]


def test_a_damaged_picture_is_found(mixed_build: Path, tmp_path: Path) -> None:
    shutil.copytree(mixed_build, tmp_path / "build")
    assert verify(tmp_path / "build").problems == []
    assert "assets/rotation.jpg" in tree_bytes(mixed_build)
    (tmp_path / "build" / "assets" / "rotation.jpg").unlink()
    assert verify(tmp_path / "build").problems == ["assets/rotation.jpg: missing"]


def test_media_on_a_sheet_are_called_what_the_question_calls_them() -> None:
    question = "Shot: <image> <image>\nThe picture as it was: <image>\nTile 3: <image>\nA: <video>\nWhich of these?"
    assert names(question) == ["Shot", "", "The picture as it was", "3", "A"]
    assert names("<image>\n<image>\nThe second is turned: how?") == ["", ""]
