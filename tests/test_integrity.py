"""``verify`` finds each kind of damage and names it."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import puzzlegen, recipe_with

from puzzlegen.audit import audit
from puzzlegen.building import build, merge
from puzzlegen.errors import IntegrityError, SourceError
from puzzlegen.evaluate import Selection, _select_ids
from puzzlegen.exporting import export
from puzzlegen.integrity import Verified, verify
from puzzlegen.manifest import MANIFEST
from puzzlegen.output import REJECTIONS
from puzzlegen.preview import preview
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import Recipe
from puzzlegen.runs import verified_lines
from puzzlegen.scoring import score_file
from puzzlegen.subset import write_subset
from puzzlegen.tokens import tokens_of

IMAGE = "data/image/train-00000-of-00002.parquet"


@pytest.fixture
def built(mixed_build: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(mixed_build, tmp_path / "built"))


def test_an_intact_folder_passes_and_puzzles_are_rebuilt_to_the_byte(mixed_build: Path, mixed_recipe: Recipe) -> None:
    found = verify(mixed_build, mixed_recipe, replay=8)
    assert found.problems == []
    assert found.replayed == 8
    assert found.rows == sum(file["rows"] for file in files_of(manifest_of(mixed_build)))


@pytest.mark.parametrize("at", [0, 5000, -300, -1])
def test_a_flipped_byte_is_found(built: Path, at: int) -> None:
    data = bytearray((built / IMAGE).read_bytes())
    data[at] ^= 0x40
    (built / IMAGE).write_bytes(data)
    assert any(IMAGE in problem and "bytes changed" in problem for problem in verify(built).problems)


def test_a_missing_shard_is_found(built: Path) -> None:
    (built / IMAGE).unlink()
    assert verify(built).problems == [f"{IMAGE}: missing"]


def test_a_cut_shard_is_found(built: Path) -> None:
    (built / IMAGE).write_bytes((built / IMAGE).read_bytes()[:-40])
    assert any("the manifest says" in problem for problem in verify(built).problems)


def test_a_stranger_is_found(built: Path) -> None:
    (built / "data" / "image" / "train-99999-of-99999.parquet").write_bytes(b"x")
    assert verify(built).problems == ["data/image/train-99999-of-99999.parquet: not in the manifest"]


@pytest.mark.parametrize("column", ["answer", "solution", "ground_truth"])
def test_an_edited_answer_is_found_and_named(built: Path, column: str) -> None:
    """An edited answer is found even if the new digest was written into the manifest."""
    table = pq.read_table(built / IMAGE)
    values = table[column].to_pylist()
    letters = "ABCD"
    right = table["answer"][0].as_py()
    wrong = letters[(letters.index(right) + 1) % 4]
    values[0] = values[0].replace(f'"target":"{right}"', f'"target":"{wrong}"').replace(f">{right}<", f">{wrong}<")
    values[0] = wrong if column == "answer" else values[0]
    edited = table.set_column(table.column_names.index(column), column, pa.array(values))
    pq.write_table(edited.cast(table.schema), built / IMAGE)
    puzzle = table["id"][0].as_py()
    assert any(puzzle in problem for problem in verify(built).problems)
    _forge(built)
    problems = verify(built).problems
    assert any(puzzle in problem for problem in problems)
    assert all(puzzle in problem or "content_sha256" in problem for problem in problems)


def _forge(built: Path) -> None:
    import hashlib

    manifest = json.loads((built / MANIFEST).read_bytes())
    for file in files_of(manifest):
        data = (built / file["path"]).read_bytes()
        file |= {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    (built / MANIFEST).write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("content_sha256",), "0" * 64, "content_sha256 is not what the folder holds"),
        (("kept", "rotation"), 700, "kept is not what the folder holds"),
        (("rows", "image", "train"), 1400, "rows is not what the folder holds"),
        (("rejected", "rotation"), {"flat": 60}, "rejected is not what the folder holds"),
        (("shards", 0, "files", 0, "content_sha256"), "0" * 64, "are not those of the manifest"),
        (("recipe", "seed"), 8, "its id is not that of its task"),
        (("task_versions", "rotation"), 99, "its id is not that of its task"),
        (("source", "items"), 99, "source is not what the build began with"),
        (("limit",), 3, "limit is not what the build began with"),
    ],
)
def test_an_edited_manifest_is_found(built: Path, keys: tuple[Any, ...], value: object, said: str) -> None:
    manifest = json.loads((built / MANIFEST).read_bytes())
    place = manifest
    for key in keys[:-1]:
        place = place[key]
    assert place.get(keys[-1]) != value
    place[keys[-1]] = value
    (built / MANIFEST).write_text(json.dumps(manifest))
    assert any(said in problem for problem in verify(built).problems)


KEYS = (
    *("assets", "content_sha256", "environment", "format", "kept", "limit", "recipe", "rejected", "rows", "shards"),
    *("source", "task_versions"),
)
OF_A_FILE = ("bytes", "content_sha256", "folder", "path", "rows", "sha256")
PLACES: list[tuple[Any, ...]] = [
    *((key,) for key in KEYS),
    *(("shards", 0, "files", 0, key) for key in OF_A_FILE),
    *[("shards", 0, "files"), ("shards", 0, "name"), ("assets", 0, "sha256")],
]


@pytest.mark.parametrize("keys", PLACES, ids=str)
@pytest.mark.parametrize("value", [["x"], "remove"])
def test_a_manifest_without_its_keys_is_damaged(built: Path, keys: tuple[Any, ...], value: object) -> None:
    manifest = json.loads((built / MANIFEST).read_bytes())
    place = manifest
    for key in keys[:-1]:
        place = place[key]
    if value == "remove":
        del place[keys[-1]]
    else:
        place[keys[-1]] = value
    (built / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(IntegrityError, match=f"is damaged, or of something else: it (lacks|has) .*{keys[-1]}"):
        verify(built)


def test_another_name_of_a_shard_is_found(built: Path) -> None:
    good = json.loads((built / MANIFEST).read_bytes())
    names = [shard["name"] for shard in good["shards"]]
    for k, name in enumerate(names):
        for wrong in (name.replace("0-of", "1-of"), name.replace("-of-0", "-of-1"), name.replace("a", "b"), "x"):
            good["shards"][k]["name"] = wrong
            (built / MANIFEST).write_text(json.dumps(good))
            found = verify(built).problems
            assert (wrong == name) == (found == []), wrong
        good["shards"][k]["name"] = name


@pytest.mark.parametrize("of", ["mixed", "tars"])
def test_a_flipped_bit_is_never_missed_and_never_a_traceback(built: Path, tars: Path, tmp_path: Path, of: str) -> None:
    folder = built if of == "mixed" else Path(shutil.copytree(tars, tmp_path / "tars"))
    rng = np.random.default_rng(5)
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and ".puzzlegen" not in path.parts]
    for path in (path for path in files if path.name != "README.md"):
        good = path.read_bytes()
        for at in rng.integers(len(good) * 8, size=60 if path.name == MANIFEST else 2):
            data = bytearray(good)
            data[at // 8] ^= 1 << at % 8
            path.write_bytes(data)
            try:
                assert verify(folder).problems, (path, at)
            except IntegrityError as err:
                assert path.name == MANIFEST, (path, at, err)
        path.write_bytes(good)
    assert verify(folder).problems == []


@pytest.fixture(scope="session")
def tars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("builds") / "tars"
    source = {"kind": "samples", "images": 4, "videos": 0}
    build(recipe_with([{"task": "rotation"}], source=source, output={"format": "webdataset"}), out, workers=1)
    return out


@pytest.mark.parametrize("name", ["extra.parquet", "assets/zzz.jpg", "data/image/.hidden", "more/notes.txt"])
def test_a_stranger_anywhere_is_found(built: Path, name: str) -> None:
    (built / name).parent.mkdir(exist_ok=True)
    (built / name).write_bytes(b"x")
    assert verify(built).problems == [f"{name}: not in the manifest"]
    published = name.startswith(("assets", "data"))
    assert verify(built, beside=False).problems == ([f"{name}: not in the manifest"] if published else [])


def test_what_commands_git_and_the_hub_leave_is_no_stranger(built: Path) -> None:
    (built / "audit.json").write_text(json.dumps({"content_sha256": manifest_of(built)["content_sha256"]}))
    (built / "audit.html").write_text("")
    (built / ".gitattributes").write_text("")
    (built / ".cache").mkdir()
    (built / ".cache" / "x").write_text("")
    (built / "README.md").write_text("my own words")
    assert verify(built).problems == []


@pytest.mark.parametrize("name", [IMAGE, "assets/rotation.jpg", REJECTIONS])
def test_a_file_that_may_not_be_read_is_a_problem(built: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refusing(path: Path, *args: Any, **more: Any) -> Any:
        if path == built / name:
            raise PermissionError(errno.EACCES, "Permission denied")
        return opened(path, *args, **more)

    monkeypatch.setattr(Path, "open", refusing)
    assert f"{name}: cannot be read: Permission denied" in verify(built).problems


@pytest.mark.parametrize("damage", ["words", "footer", "all"])
@pytest.mark.parametrize(
    "command", ["build", "merge", "audit", "preview", "score", "tokens", "select", "evaluate", "export"]
)
def test_a_damaged_data_file_is_one_line_that_names_it(
    built: Path, tmp_path: Path, mixed_recipe: Recipe, command: str, damage: str
) -> None:
    ids = [row["id"] for row in read_rows(built / IMAGE, ["id"])]
    data = bytearray((built / IMAGE).read_bytes())
    begin = pq.read_metadata(built / IMAGE).row_group(0).column(0).data_page_offset + 30
    begin, end = {"words": (begin, begin + 20), "footer": (-40, -8), "all": (0, len(data))}[damage]
    data[begin:end] = b"\xa5" * len(data[begin:end])
    (built / IMAGE).write_bytes(data)
    (tmp_path / "r.jsonl").write_text("".join(json.dumps({"id": i, "response": "x"}) + "\n" for i in ids))
    (tmp_path / "p.jsonl").write_text("".join(json.dumps({"id": i, "n": 2, "mean": 0.5}) + "\n" for i in ids))
    calls: dict[str, Callable[[], object]] = {
        "build": lambda: build(mixed_recipe, built, workers=1),
        "merge": lambda: merge(mixed_recipe, built),
        "audit": lambda: audit(built),
        "preview": lambda: preview(built, tmp_path / "x.html"),
        "score": lambda: score_file(built, tmp_path / "r.jsonl"),
        "tokens": lambda: list(tokens_of(built)),
        "select": lambda: write_subset(built, ids, tmp_path / "x", chosen_by={}),
        "evaluate": lambda: _select_ids(built, Selection()),
        "export": lambda: export(built, "verl", tmp_path / "x"),
    }
    with pytest.raises(IntegrityError, match=r"train-00000-of-00002\.parquet' cannot be read: .*; puzzlegen verify"):
        calls[command]()


@pytest.mark.parametrize("data", [b"", b"PAR1", b"x" * 4000])
def test_damaged_rejections_are_found(built: Path, data: bytes) -> None:
    (built / REJECTIONS).write_bytes(data)
    problems = verify(built).problems
    assert f"{REJECTIONS}: cannot be read" in problems[-1]
    assert any(problem.startswith(f"{REJECTIONS}: {len(data)} bytes, the manifest says") for problem in problems)


def test_a_missing_card_is_found(built: Path) -> None:
    (built / "README.md").unlink()
    assert "README.md: missing" in verify(built).problems[0]


@pytest.mark.parametrize("text", ['{"name": "my-app"}', "[]"])
@pytest.mark.parametrize("command", ["verify", "score", "preview", "build", "export"])
def test_a_manifest_of_something_else_is_one_line(tmp_path: Path, command: str, text: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    (tmp_path / "r.jsonl").write_text("")
    calls: dict[str, list[str | Path]] = {
        "verify": [tmp_path],
        "score": [tmp_path, tmp_path / "r.jsonl"],
        "preview": [tmp_path],
        "build": ["quickstart", "--out", tmp_path],
        "export": [tmp_path, "--to", "verl", "--out", tmp_path / "x"],
    }
    done = puzzlegen(command, *calls[command])
    assert done.code == (1 if command == "verify" else 2)
    assert len(done.err.splitlines()) == 1
    assert "is damaged" in done.err


@pytest.mark.parametrize(("name", "text"), [("build.json", ""), ("build.json", "{}"), ("source.json", "")])
def test_damaged_work_files_are_one_line(built: Path, name: str, text: str) -> None:
    (built / ".puzzlegen" / name).write_text(text)
    done = puzzlegen("verify", built, "--replay", "1")
    assert done.code in {1, 2}
    assert "Traceback" not in done.err
    assert name in done.err


def test_a_changed_source_is_found_by_replay(tmp_path: Path) -> None:
    tasks = [{"task": "position"}]
    source = recipe_with(tasks, source={"kind": "samples", "images": 2, "videos": 0}).source
    folder = tmp_path / "media"
    folder.mkdir()
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            (folder / f"{item.id}.jpg").write_bytes(file.read())
    recipe = recipe_with(tasks, source={"kind": "folder", "path": str(folder)})
    build(recipe, tmp_path / "out", workers=1)
    (folder / "image-000000.jpg").write_bytes((folder / "image-000001.jpg").read_bytes())
    copied = verify(tmp_path / "out", recipe, replay=2)
    assert any("'image-000001.jpg' is left out now: duplicate" in problem for problem in copied.problems)
    assert "delete damaged files" not in "\n".join(verified_lines(copied))
    (folder / "image-000001.jpg").unlink()
    problems = verify(tmp_path / "out", recipe, replay=2).problems
    assert any("'image-000000.jpg' has changed" in problem for problem in problems)
    assert any("'image-000001.jpg' is missing" in problem for problem in problems)


def test_other_versions_do_not_rebuild(built: Path, mixed_recipe: Recipe) -> None:
    manifest = json.loads((built / MANIFEST).read_bytes())
    manifest["environment"]["pillow"] = "1.0"
    (built / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SourceError, match=r"pillow: '1\.0' -> "):
        verify(built, mixed_recipe, replay=1)


def test_another_format_is_not_rebuilt(built: Path, mixed_recipe: Recipe) -> None:
    manifest = json.loads((built / MANIFEST).read_bytes())
    manifest["format"] = 3
    (built / MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(SourceError, match="puzzles of format 3 are rebuilt by the version that made them; here it is"):
        verify(built, mixed_recipe, replay=1)


def test_what_is_no_build_is_said(tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match="there is no such folder"):
        verify(tmp_path / "none")
    with pytest.raises(IntegrityError, match="the build is not finished"):
        verify(tmp_path)
    (tmp_path / MANIFEST).write_text("{")
    with pytest.raises(IntegrityError, match="is damaged"):
        verify(tmp_path)


@pytest.mark.parametrize("problem", ["missing", "12 bytes, the manifest says 13", "its bytes changed (sha256 0...)"])
def test_only_damaged_files_are_mended_by_the_same_command(problem: str) -> None:
    assert verified_lines(Verified(1, 1, 0, [f"data/a.parquet: {problem}"]))[-1].startswith("delete damaged files")
    assert not verified_lines(Verified(1, 1, 0, ["data/a.parquet: puzzle 0: its solution does not score 1"]))[2:]
