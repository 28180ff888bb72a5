"""The doctor without any trainer: checks of files and rewards. For the loaders themselves see tests/trainers."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, recipe_with

from puzzlegen.building import build
from puzzlegen.chat import frames_of_each
from puzzlegen.contents import Clip, contents, excerpt, head, kind_of, most_media
from puzzlegen.diagnosis import Report, diagnose, lines
from puzzlegen.doctor import Finding, Seen, Settings, about_rates, trainer_names
from puzzlegen.doctor.openrlhf import OpenRLHF
from puzzlegen.doctor.slime import Slime
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.exporting import export
from puzzlegen.loader import _count_findings, _frame_findings, _prompt_findings, run_loader
from puzzlegen.recipe import load_recipe


@pytest.fixture(scope="module")
def exports(mixed_build: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("exports")
    for name in trainer_names():
        if name != "trl":
            export(mixed_build, name, place / name)
    return place


def errors(report: Report) -> str:
    return "\n".join(finding.text for finding in report.findings if finding.level == "error")


def rewritten(folder: Path, name: str, change: Any) -> Path:
    """Write the JSON lines of an export into a new folder, with every row changed."""
    rows = [change(json.loads(line)) for line in (folder / name).read_text().splitlines()]
    target = Path(tempfile.mkdtemp(dir=folder.parent))
    (target / "image").mkdir(parents=True)
    (target / "image" / "train.jsonl").write_text("\n".join(map(json.dumps, rows)))
    return target


@pytest.mark.parametrize("line", ['[{"problem": "x"}]', '"x"', "1", "null"])
def test_json_that_is_no_row_is_one_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "rows.json").write_text(line)
    with pytest.raises(IntegrityError, match=r"rows\.json' cannot be read: a line holds a \w+, not an object; "):
        diagnose(tmp_path, "verl")


@pytest.mark.parametrize("name", ["verl", "easyr1", "swift", "openrlhf", "slime"])
def test_an_export_to_a_trainer_suits_it(name: str, exports: Path) -> None:
    report = diagnose(exports / name, name)
    assert not report.lost, errors(report)
    assert report.ran["rewards"].startswith(report.ran["files"].partition(" ")[0])
    assert report.config


@pytest.mark.parametrize("name", ["verl", "easyr1", "swift", "openrlhf", "trl"])
def test_pictures_of_a_build_suit_as_they_are(name: str, mixed_build: Path) -> None:
    for profile in ("image", "multi_image"):
        report = diagnose(mixed_build, name, profile=profile)
        assert not report.lost, errors(report)


@pytest.mark.parametrize("name", ["verl", "easyr1", "swift", "openrlhf", "slime"])
def test_clips_as_bytes_are_lost_on_all_of_them(name: str, mixed_build: Path) -> None:
    found = errors(diagnose(mixed_build, name, profile="video"))
    assert "videos are carried as bytes, which the loader loses" in found
    assert f"puzzlegen export {mixed_build} --to {name}" in found


def test_what_ran_and_what_did_not_is_said(mixed_build: Path) -> None:
    report = diagnose(mixed_build, "swift", profile="image")
    assert report.ran["loader"].startswith("not run: swift is not installed here; pip install ms-swift")
    assert (report.lost, report.healthy, report.unchecked) == (False, None, ["loader"])
    assert report.to_json()["verdict"] == "not checked: loader"
    parts = contents(mixed_build).parts
    count = sum(part.rows or 0 for part in parts if (part.profile, part.split) == ("image", "train"))
    assert f"swift: not checked: loader; settings for {count} puzzles (image {count}):" in lines(report)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("import pyvers", "verl is installed, but pyvers is not, which it needs (No module named 'pyvers')"),
        ("from json import nothing", "verl cannot be imported here: ImportError: cannot import name 'nothing'"),
        ("1 / 0", "verl cannot be imported here: ZeroDivisionError: division by zero"),
    ],
)
def test_a_trainer_that_cannot_be_imported_is_not_called_missing(
    mixed_build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    (tmp_path / "verl.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "verl", raising=False)
    assert diagnose(mixed_build, "verl", profile="image").ran["loader"].startswith(f"not run: {said}")


def test_trl_blind_on_a_column_of_videos(exports: Path, mixed_build: Path) -> None:
    """huggingface/trl#4144: training completes, but never calls the vision tower."""
    assert "TRL ignores the column videos" in errors(diagnose(exports / "swift", "trl", profile="video"))
    raw = diagnose(mixed_build, "trl", settings={"loader": "load_dataset"})
    assert "TRL ignores the column videos" in errors(raw)
    assert "leaves <image> in the prompt as text" in errors(raw)
    adapted = diagnose(mixed_build, "trl", profile="video")
    assert not adapted.lost, errors(adapted)


def test_swift_without_a_map_of_columns(mixed_build: Path) -> None:
    """modelscope/ms-swift#4772 (1): messages in a column with another name are parsed as a plain question."""
    found = errors(diagnose(mixed_build, "swift", profile="image", settings={"columns": "{}"}))
    assert "the column prompt holds messages" in found
    assert any(line.startswith('--columns \'{"prompt"') for line in diagnose(mixed_build, "swift").config)


def test_swift_with_a_clip_among_pictures(exports: Path) -> None:
    """modelscope/ms-swift#4772 (2): a clip is in the column of images."""

    def swapped(row: dict[str, Any]) -> dict[str, Any]:
        row["images"] = row.pop("videos")
        row["messages"][-1]["content"] = row["messages"][-1]["content"].replace("<video>", "<image>")
        return row

    folder = rewritten(exports / "swift", "video/train.jsonl", swapped)
    assert "images holds a video" in errors(diagnose(folder, "swift"))


def test_verl_keeps_bytes_in_memory(mixed_build: Path, tmp_path: Path) -> None:
    """verl-project/verl#7391: the warning gives the size and a remedy."""
    warned = [f.text for f in diagnose(mixed_build, "verl", profile="image").findings if f.level == "warning"]
    assert len(warned) == 1
    assert "GiB" in warned[0]
    assert "--images path" in warned[0]
    export(mixed_build, "verl", tmp_path / "paths", images="path")
    assert diagnose(tmp_path / "paths", "verl", profile="image").findings == []


def test_slime_drops_structs(mixed_build: Path) -> None:
    found = errors(diagnose(mixed_build, "slime", profile="image"))
    assert "images are carried as bytes, which the loader loses" in found


def test_easyr1_never_looks_at_clips_beside_pictures(exports: Path) -> None:
    def empty_images(row: dict[str, Any]) -> dict[str, Any]:
        return {"images": [], "problem": row["messages"][-1]["content"], **row}

    folder = rewritten(exports / "swift", "video/train.jsonl", empty_images)
    assert "rows have both images and videos" in errors(diagnose(folder, "easyr1"))


def test_placeholders_must_equal_media(exports: Path) -> None:
    def once_more(row: dict[str, Any]) -> dict[str, Any]:
        row["messages"][-1]["content"] += "<image>"
        return row

    folder = rewritten(exports / "swift", "image/train.jsonl", once_more)
    assert "has 2 <image> and 1 images" in errors(diagnose(folder, "swift"))


def test_a_key_that_is_no_column_hides_the_media(mixed_build: Path) -> None:
    found = errors(diagnose(mixed_build, "verl", profile="image", settings={"image_key": "image"}))
    assert "image_key=image is not a column, so images are never looked at" in found


def test_media_files_must_be_where_rows_say(mixed_build: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    export(mixed_build, "swift", out, root="/mnt/cluster/puzzles")
    assert not diagnose(out, "swift").lost
    next((out / "media").rglob("*.jpg")).unlink()
    found = errors(diagnose(out, "swift", rows=1000))
    assert "no file '/mnt/cluster/puzzles/media/" in found


def test_rewards_that_are_wrong_are_found(exports: Path) -> None:
    def other_answer(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"solution": "<think>x</think><answer>Z</answer>"}

    folder = rewritten(exports / "openrlhf", "image/train.jsonl", other_answer)
    assert "its solution earns 0.0" in errors(diagnose(folder, "openrlhf"))
    folder = rewritten(exports / "openrlhf", "image/train.jsonl", lambda row: row | {"label": "72"})
    assert "cannot be scored" in errors(diagnose(folder, "openrlhf"))


@pytest.fixture(scope="module")
def joined(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build in the form of the recipe viss_r1: composites whose solutions are shorter than the length rewards."""
    out = tmp_path_factory.mktemp("joined") / "built"
    shipped = load_recipe("viss_r1")
    assert shipped.join is not None
    assert shipped.join.weights.length > 0
    source = {"kind": "samples", "images": 6, "videos": 0, "questions": True}
    build(recipe_with([{"task": "rotation"}], source=source, join=shipped.join.model_dump(mode="json")), out, workers=1)
    return out


@pytest.mark.parametrize("name", trainer_names())
def test_a_solution_of_a_composite_may_be_shorter_than_asked_for(name: str, joined: Path, tmp_path: Path) -> None:
    if name != "trl":
        export(joined, name, tmp_path / "out")
    report = diagnose(joined if name == "trl" else tmp_path / "out", name)
    assert not report.lost, errors(report)
    assert int(report.ran["rewards"].partition(" ")[0]) > 0


def test_a_composite_with_a_wrong_solution_is_found(joined: Path, tmp_path: Path) -> None:
    export(joined, "openrlhf", tmp_path / "out")

    def no_transform(row: dict[str, Any]) -> dict[str, Any]:
        return row | {"solution": row["solution"].replace("transform>", "t>")}

    changed = rewritten(tmp_path / "out", "image/train.jsonl", no_transform)
    assert "its solution earns 0" in errors(diagnose(changed, "openrlhf"))


def test_a_ground_truth_that_accepts_wrong_answers_is_found(exports: Path) -> None:
    def lenient(row: dict[str, Any]) -> dict[str, Any]:
        truth = {"v": 1, "kind": "number", "target": 3, "params": {"tolerance": 1e9}}
        return row | {"solution": "<answer>3</answer>", "label": json.dumps(truth)}

    found = errors(diagnose(rewritten(exports / "openrlhf", "image/train.jsonl", lenient), "openrlhf"))
    assert "the wrong answer '<answer>-1003</answer>' earns as much as the right one" in found
    strict = {"v": 1, "kind": "choice", "target": "A", "params": {"options": ["A", "B"], "also": ["B"]}}
    only = {"solution": "<answer>A</answer>", "label": json.dumps(strict)}
    found = errors(diagnose(rewritten(exports / "openrlhf", "image/train.jsonl", lambda row: row | only), "openrlhf"))
    assert "no answer to it is wrong: its ground truth calls every one right" in found


def test_what_the_loader_made_is_compared_with_what_was_there() -> None:
    expected = {"a": 2, "b": 1}
    assert _count_findings("image", [Seen("a", 2, "", 8), Seen("b", 1, "", 4)], expected) == []
    lost = [
        [Seen("a", 2), Seen("b", 0)],
        [Seen("a", 1), Seen("b", 1)],
        [Seen("a", 2)],
        [Seen("a", 2, "", 8), Seen("b", 1, "", 0)],
        [Seen("a", 2, "what is <image>?", 8), Seen("b", 1, "", 4)],
        [Seen("0", 2), Seen("1", 0)],
    ]
    for seen in lost:
        (finding,) = _count_findings("image", seen, expected)
        assert isinstance(finding, Finding)
        assert finding.level == "error"


@pytest.mark.parametrize(("name", "carrier"), [("easyr1", "path"), ("swift", "path"), ("swift", "data_uri")])
def test_clips_are_sampled_at_their_own_rate(name: str, carrier: str, mixed_build: Path, tmp_path: Path) -> None:
    """Exports have no column of frame rates, so the clips are read; both trainers use 2 frames a second by default."""
    export(mixed_build, name, tmp_path / "out", videos=carrier)
    report = diagnose(tmp_path / "out", name, profile="video")
    setting, line = {"easyr1": ("video_fps", "data.video_fps=4.0"), "swift": ("fps", "export FPS=4")}[name]
    assert line in report.config
    assert report.findings == []
    halved = diagnose(tmp_path / "out", name, profile="video", settings={setting: "2"})
    assert f"{setting}=2 leaves frames out of clips that have 4 a second; give {setting}=4" in errors(halved)
    pictures = diagnose(tmp_path / "out", name, profile="image")
    assert not any("FPS" in line for line in pictures.config)


def test_one_rate_for_clips_of_several_is_a_warning() -> None:
    assert [finding.level for finding in about_rates([2.0, 4.0], "fps", 4.0)] == ["warning"]
    assert [finding.level for finding in about_rates([2.0, 4.0], "fps", 2.0)] == ["error"]
    assert list(about_rates([4.0], "fps", 4.0)) == list(about_rates([], "fps", 2.0)) == []


def test_frames_that_a_loader_leaves_out_are_found() -> None:
    clips = {"a": [Clip(4.0, 13), Clip(4.0, 13)]}
    assert _frame_findings("video", [Seen("a", 2, frames=24), Seen("a", 2), Seen("b", 1, frames=2)], clips) == []
    (finding,) = _frame_findings("video", [Seen("a", 2, frames=12)], clips)
    assert "puzzle a has 26 frames, the loader passes 12" in finding.text


def test_easyr1_has_no_place_for_a_system_message_and_asks_for_no_box(exports: Path, tmp_path: Path) -> None:
    plain = diagnose(exports / "easyr1", "easyr1")
    assert not any("system message" in finding.text for finding in plain.findings)
    assert "data.format_prompt=null" in plain.config
    spoken = recipe_with([{"task": "rotation"}], prompt={"system": "Look closely."})
    build(spoken, tmp_path / "built", workers=1)
    export(tmp_path / "built", "easyr1", tmp_path / "out")
    assert any("system message" in finding.text for finding in diagnose(tmp_path / "out", "easyr1").findings)
    mark = json.loads((tmp_path / "out" / "export.json").read_text())
    del mark["system"]  # older exports do not have this key
    (tmp_path / "out" / "export.json").write_text(json.dumps(mark))
    assert not diagnose(tmp_path / "out", "easyr1").lost


def test_a_prompt_that_lost_its_question_is_found() -> None:
    """slime splits a text without images into characters, which some chat templates print as a list."""
    asked = {"a": ["Howlongisthepath?"]}
    assert (
        _prompt_findings(
            "text", [Seen("a", 0, "<|user|> How long\nis the path?"), Seen("a", 0), Seen("b", 0, "x")], asked
        )
        == []
    )
    (finding,) = _prompt_findings("text", [Seen("a", 0, "[{'type': 'text', 'text': 'H'}]")], asked)
    assert finding.level == "error"


def test_text_has_no_key_of_pictures(exports: Path, tmp_path: Path) -> None:
    build(recipe_with([{"task": "path_length"}], source={"kind": "graph", "graphs": 20}), tmp_path / "text", workers=1)
    export(tmp_path / "text", "slime", tmp_path / "slime")
    assert not any("multimodal" in line for line in diagnose(tmp_path / "slime", "slime").config)
    assert any("multimodal" in line for line in diagnose(exports / "slime", "slime").config)
    for folder, most in ((tmp_path / "text", 0), (exports / "openrlhf", 10)):
        assert f"--data.max_images_per_prompt {most}" in diagnose(folder, "openrlhf").config


@pytest.mark.parametrize("suffix", [".parquet", ".jsonl"])
def test_openrlhf_takes_the_most_pictures_of_any_row_in_its_own_column(suffix: str, tmp_path: Path) -> None:
    picture = {"bytes": b"\xff\xd8\xff", "path": "x.jpg"} if suffix == ".parquet" else "x.jpg"
    counts = [1] * 70 + [5, 0, 2]
    rows = [{"prompt": "x", "label": "y", "pictures": [picture] * n, "images": [picture] * 9} for n in counts]
    path = tmp_path / f"train{suffix}"
    if suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path, row_group_size=8)
    else:
        path.write_text("\n".join(map(json.dumps, rows)))
    for key, most in (("pictures", 5), ("images", 9), ("nothing", 0)):
        dataset = contents(tmp_path)
        config = OpenRLHF().config(dataset, OpenRLHF().defaults(dataset, []) | {"image_key": key})
        assert f"--data.max_images_per_prompt {most}" in config


def test_pictures_are_counted_without_reading_them(tmp_path: Path) -> None:
    path = tmp_path / "x.parquet"
    rows = [{"images": [{"bytes": bytes(1 << 18), "path": f"{k}-{n}.jpg"} for n in range(k % 3)]} for k in range(30)]
    pq.write_table(pa.Table.from_pylist(rows), path, compression="none", use_dictionary=False)
    usual, counted = pa.default_memory_pool(), pa.proxy_memory_pool(pa.default_memory_pool())
    pa.set_memory_pool(counted)
    try:
        assert most_media(path, "images") == 2
    finally:
        pa.set_memory_pool(usual)
    assert 0 < counted.max_memory() < 1 << 18
    pq.write_table(pa.table({"images": ["a.jpg", None]}), path)
    assert most_media(path, "images") == 1
    pq.write_table(pa.table({"images": [[b"x", b"y"], None]}), path)
    assert most_media(path, "images") == 2


def test_settings_say_what_they_train_on(mixed_build: Path, exports: Path) -> None:
    """And name no file that the trainer loses."""
    parts = [part for part in contents(exports / "easyr1").parts if part.split == "train"]
    counts = {part.profile: part.rows or 0 for part in parts}
    most = max(counts, key=lambda profile: counts[profile])
    others = ", ".join(f"{profile} {n}" for profile, n in counts.items() if profile != most)
    share = f"{counts[most]} of {sum(counts.values())} puzzles"
    report = diagnose(exports / "easyr1", "easyr1")
    assert report.covers == f"{share} ({most} {counts[most]}; --profile gives those for {others})"
    assert any(line.endswith(f"/{most}/train.parquet") for line in report.config)
    report = diagnose(mixed_build, "verl")
    assert report.covers.endswith(f"; lost: video {counts['video']})")
    assert "/image/" in "".join(report.config)
    assert "/video/" not in "".join(report.config)
    report = diagnose(mixed_build, "verl", profile="video")
    assert report.config == []
    assert "verl: not as it should be; no settings, as every profile is lost" in lines(report)


def test_a_trainer_of_one_file_is_given_an_export_if_a_profile_has_several(mixed_build: Path) -> None:
    sizes = [
        part.rows or 0 for part in contents(mixed_build).parts if (part.profile, part.split) == ("multi_image", "train")
    ]
    assert len(sizes) > 1
    report = diagnose(mixed_build, "easyr1", profile="multi_image")
    said = f"left out: multi_image {sum(sizes) - max(sizes)}, as the trainer takes one file; puzzlegen export makes one"
    assert said in report.covers


def test_trl_is_given_what_it_can_load(mixed_build: Path, tmp_path: Path) -> None:
    report = diagnose(mixed_build, "trl")
    assert f"data = trl.load({str(mixed_build)!r}, ['image', 'multi_image', 'video'])" in report.config
    build(recipe_with([{"task": "path_length"}], source={"kind": "graph", "graphs": 9}), tmp_path / "text", workers=1)
    export(tmp_path / "text", "jsonl", tmp_path / "lines")
    (data,) = [line for line in diagnose(tmp_path / "lines", "trl").config if line.startswith("data = ")]
    assert data.startswith("data = load_dataset('json', data_files=['/")


def test_folders_of_each_number_of_media_are_looked_at(tmp_path: Path) -> None:
    tasks = [{"task": "jigsaw", "rows": 3, "cols": 3}, {"task": "jigsaw", "rows": 2, "cols": 2}]
    build(recipe_with(tasks, output={"format": "webdataset"}), tmp_path / "tars", workers=1)
    report = diagnose(tmp_path / "tars", "verl")
    folders = {part.path.parent.name for part in contents(tmp_path / "tars").parts}
    assert len(folders) == 2
    assert all(f"data/{folder}/train-00000-of-00001.tar" in errors(report) for folder in folders)


def test_a_folder_of_builds_is_not_read_as_rows(mixed_build: Path, exports: Path, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=f"'{exports}' holds builds or exports; give one: {exports}/easyr1, "):
        contents(exports)
    with pytest.raises(IntegrityError, match=f"holds builds or exports; give one: .*{mixed_build}"):
        contents(mixed_build.parent)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "manifest.json").write_text("{}")
    (tmp_path / "mine" / "train.jsonl").write_text('{"problem": "?"}')
    assert tmp_path / "mine" / "train.jsonl" in [part.path for part in contents(tmp_path).parts]


class _Warning(Slime):
    """A loader that warns as an adapter of puzzlegen does, and as a library does."""

    needs_model = False
    package = "json"

    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:  # noqa: ARG002
        frames_of_each({"problem": "Which is frame 3?", "video_meta": [{"frames": 9}]}, 2)
        warnings.warn("deprecated", DeprecationWarning, stacklevel=1)
        return []


def test_what_an_adapter_warns_of_is_a_finding(exports: Path) -> None:
    dataset = contents(exports / "slime")
    samples = {part: head(part.path, 1) for part in dataset.parts[:1]}
    settings = Slime().defaults(dataset, [])
    with pytest.warns(DeprecationWarning, match="deprecated"):
        _, findings = run_loader(_Warning(), dataset, samples, settings, None, 1)
    said = [finding.text for finding in findings[dataset.parts[0].profile] if finding.level == "warning"]
    (text,) = said
    assert text.startswith(f"{dataset.parts[0].profile}: None: a question counts frames")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--trainer", "verl"], "no such folder"),
        ([".", "--trainer", "verk"], "did you mean 'verl'"),
        (["{build}", "--trainer", "verl", "--set", "imag_key=x"], "did you mean 'image_key'"),
        (["{build}", "--trainer", "verl", "--set", "image_key"], "give key=value"),
        (["{build}", "--trainer", "verl", "--profile", "images"], "did you mean 'image'"),
        (["{build}", "--trainer", "trl", "--model", "nosuch"], "--model nosuch: there is no such folder, and a name"),
        (["{build}", "--trainer", "trl", "--set", "frames=x"], "frames=x: allowed: a whole number from 2, or nothing"),
    ],
)
def test_a_mistake_is_one_line(arguments: list[str], said: str, mixed_build: Path, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "puzzlegen",
        "doctor",
        *(a.format(build=mixed_build) if "{b" in a else a for a in arguments),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_model_that_cannot_be_loaded_is_asked_for_once(exports: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def unreachable(model: str, **_: Any) -> None:
        asked.append(model)
        raise OSError("We couldn't connect to\nthe Hub")

    monkeypatch.setattr("huggingface_hub.snapshot_download", unreachable)
    monkeypatch.setitem(
        sys.modules, "transformers", SimpleNamespace(AutoProcessor=SimpleNamespace(from_pretrained=str))
    )
    for name in ("slime", "slime.utils"):
        monkeypatch.setitem(sys.modules, name, SimpleNamespace())
    monkeypatch.setitem(sys.modules, "slime.utils.data", SimpleNamespace(Dataset=None))
    with pytest.raises(PuzzlegenError) as caught:
        diagnose(exports / "slime", "slime", model="Qwen/Qwen9")
    said = "--model Qwen/Qwen9: its processor cannot be loaded: OSError: We couldn't connect to the Hub"
    assert (str(caught.value), asked) == (said, ["Qwen/Qwen9"])
    for model in ("nosuch", "Qwen2.5-VL-3B-Instruct/", "/no/such/model", "./model"):
        with pytest.raises(PuzzlegenError, match="there is no such folder"):
            diagnose(exports / "slime", "slime", model=model)


@pytest.mark.parametrize(
    ("trainer", "setting", "allowed"),
    [
        ("verl", "max_prompt_length=x", "a whole number from 1; usual: 8192"),
        ("verl", "max_prompt_length=-3", "a whole number from 1; usual: 8192"),
        ("verl", "prompt_key=", "the name of a column; usual: prompt"),
        ("trl", "frames=1", "a whole number from 2, or nothing"),
        ("trl", "loader=x", "puzzlegen.adapters.trl, load_dataset; usual: puzzlegen.adapters.trl"),
        ("easyr1", "video_fps=nan", "a number above 0; usual: 2.0"),
        ("swift", "columns={", 'a JSON object of texts; usual: {"prompt": "messages"}'),
        ("swift", 'columns={"a": 1}', 'a JSON object of texts; usual: {"prompt": "messages"}'),
    ],
)
def test_values_of_settings_are_checked(mixed_build: Path, trainer: str, setting: str, allowed: str) -> None:
    key, _, value = setting.partition("=")
    with pytest.raises(PuzzlegenError) as caught:
        diagnose(mixed_build, trainer, settings={key: value})
    assert str(caught.value) == f"--set {setting}: allowed: {allowed}"


def test_the_command_prints_the_settings_and_exits_with_one_when_something_is_lost(mixed_build: Path) -> None:
    command = [sys.executable, "-m", "puzzlegen", "doctor", str(mixed_build), "--trainer", "verl", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert report["healthy"] is False
    path = next(line.partition("=")[2] for line in report["config"] if "function.path" in line)
    assert Path(path) == ROOT / "puzzlegen" / "adapters" / "verl.py"


def test_an_excerpt_keeps_format_and_features(mixed_build: Path, exports: Path, tmp_path: Path) -> None:
    part = contents(mixed_build).parts[0]
    short = excerpt(part, 2, tmp_path)
    assert pq.read_schema(short).metadata[b"huggingface"] == pq.read_schema(part.path).metadata[b"huggingface"]
    assert head(short, 9) == head(part.path, 2)
    part = contents(exports / "swift").parts[0]
    assert head(excerpt(part, 1, tmp_path), 9) == head(part.path, 1)


def test_a_folder_of_rows_is_enough_and_damage_is_named(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="no rows"):
        contents(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"PAR1")
    with pytest.raises(PuzzlegenError, match="cannot be read"):
        diagnose(tmp_path, "verl")
    pq.write_table(pa.table({"prompt": ["x"]}), tmp_path / "x.parquet")
    assert "no column data_source" in errors(diagnose(tmp_path, "verl"))


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\xff\xd8\xff\xe0" + b"\0" * 12, "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image"),
        (b"RIFF\0\0\0\0AVI LIST", "video"),
        (b"\0\0\0\x20ftypisom\0\0\0\0", "video"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "image"),
        (b"hello", ""),
    ],
)
def test_pictures_and_clips_are_told_by_their_first_bytes(start: bytes, kind: str) -> None:
    assert kind_of(start) == kind
