"""Recipes: what is accepted, and the exact message for each mistake."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from puzzlegen.errors import RecipeError
from puzzlegen.recipe import (
    Recipe,
    TaskEntry,
    difference,
    load_recipe,
    recipe_from_canonical,
    shipped_recipes,
    source_at,
)
from puzzlegen.recipe.schema import recipe_schema
from puzzlegen.tasks import task_class, task_names

if TYPE_CHECKING:
    from collections.abc import Sequence

VALID = """\
seed: 7
source: {kind: folder, path: photos}
tasks:
  - {task: jigsaw, rows: 3, cols: 3, weight: 2}
  - task: rotation
splits: {validation: 0.02}
output: {format: webdataset, shard_size: 500}
"""

TAB = "found character '\\t' that cannot start any token"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "photos").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(text: str | bytes, *, source: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    Path("x.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_recipe("x.yaml", source=source, overrides=overrides)


def problems(text: str | bytes, *, source: str | None = None, overrides: Sequence[str] = ()) -> list[str]:
    with pytest.raises(RecipeError) as caught:
        loaded(text, source=source, overrides=overrides)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return list(caught.value.problems)


def with_line(line: str) -> str:
    """Return a recipe whose third line is ``line`` and which is otherwise valid."""
    return f"source: {{kind: folder, path: photos}}\ntasks: [{{task: rotation}}]\n{line}\n"


def with_task(task: str) -> str:
    """Return a recipe whose only task, on line 3, is ``task`` and which is otherwise valid."""
    return f"source: {{kind: folder, path: photos}}\ntasks:\n  - {task}\n"


def test_a_recipe_is_what_its_file_says() -> None:
    recipe = loaded(VALID)
    assert recipe.seed == 7
    assert recipe.source.kind == "folder"
    assert [(entry.task.name, entry.weight) for entry in recipe.tasks] == [("jigsaw", 2.0), ("rotation", 1.0)]
    assert recipe.splits == {"validation": 0.02}
    assert (recipe.output.format, recipe.output.shard_size) == ("webdataset", 500)


def test_what_is_not_said_has_a_default() -> None:
    recipe = loaded(with_line(""))
    assert (recipe.version, recipe.seed, recipe.per_item, recipe.variants) == (1, 0, "all", 1)
    assert (recipe.prompt.reasoning, recipe.prompt.format, recipe.prompt.system) == (True, "answer", None)
    assert (recipe.output.format, recipe.output.shard_size, recipe.splits) == ("parquet", 1000, {})


def test_a_recipe_cannot_change() -> None:
    with pytest.raises(ValidationError):
        loaded(VALID).seed = 8  # type: ignore[misc]


def test_a_recipe_can_be_made_without_a_file() -> None:
    jigsaw = task_class("jigsaw").model_validate({"rows": 3, "cols": 3})
    rotation = task_class("rotation").model_validate({})
    tasks = (TaskEntry(task=jigsaw, weight=2.0), TaskEntry(task=rotation))
    parsed = loaded(VALID)
    made = Recipe(seed=7, source=parsed.source, tasks=tasks, splits=parsed.splits, output=parsed.output)
    assert made == parsed
    assert made.digest() == parsed.digest()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("version: 2", "version: 2 is not allowed; use 1"),
        ("seed: -1", "seed: -1 is below the minimum 0"),
        ("seed: yes", "seed: 'yes' is text, not a whole number"),
        ("seed: true", "seed: true is a boolean, not a whole number"),
        ("seed: '3'", "seed: '3' is text, not a whole number; write a plain number without quotes"),
        ("seed: 010", "seed: '010' is text, not a whole number; write a plain number without quotes"),
        ("seed: 1e3", "seed: 1000.0 is a decimal number, not a whole number"),
        ("seed: 2.5", "seed: 2.5 is a decimal number, not a whole number"),
        (
            "seed: 2024-01-01",
            "seed: '2024-01-01' is text, not a whole number; write a plain number without quotes",
        ),
        ("seed:", "seed: empty, not a whole number"),
        ("seed: [1, 2]", "seed: [1, 2] is a list, not a whole number"),
        ("seed: {a: 1}", 'seed: {"a": 1} is a mapping, not a whole number'),
        ("variants: 0", "variants: 0 is below the minimum 1"),
        ("variants: 1001", "variants: 1001 is above the maximum 1000"),
        ("per_item: some", "per_item: 'some' is not allowed; use all, or a whole number of at least 1"),
        ("per_item: 0", "per_item: 0 is not allowed; use all, or a whole number of at least 1"),
        ("per_item: true", "per_item: true is not allowed; use all, or a whole number of at least 1"),
        ("splits: [a]", 'splits: ["a"] is a list, not a mapping'),
        ("splits: {test: 0}", "splits.test: 0 is not above 0"),
        ("splits: {test: 1.5}", "splits.test: 1.5 is above the maximum 1"),
        ("splits: {test: .nan}", "splits.test: '.nan' is text, not a number"),
        ("splits: {a: 0.7, b: 0.4}", "splits: the fractions add up to 1.1, the maximum is 1"),
        (
            "splits: {train: 0.5}",
            "splits.train: 'train' is reserved: what no split takes is train; choose another name",
        ),
        (
            "splits: {all: 0.5}",
            "splits.all: 'all' is reserved: it stands for all splits together; choose another name",
        ),
        (
            "splits: {Val: 0.5}",
            "splits.Val: 'Val' cannot name a split; use a-z, 0-9 and _, with a letter first",
        ),
        ("prompt: {reasoning: no}", "prompt.reasoning: 'no' is text, not true or false"),
        ("prompt: {reasoning: 1}", "prompt.reasoning: 1 is a whole number, not true or false"),
        ("prompt: {format: box}", "prompt.format: 'box' is not allowed; use 'answer' or 'boxed'"),
        ("prompt: {system: 3}", "prompt.system: 3 is a whole number, not text"),
        ("output: {format: tar}", "output.format: 'tar' is not allowed; use 'parquet' or 'webdataset'"),
        ("output: {shard_size: 100001}", "output.shard_size: 100001 is above the maximum 100000"),
        ("output: parquet", "output: 'parquet' is text, not a mapping"),
        ("output:", "output: empty, not a mapping"),
        ("output: {shard: 3}", "output.shard: unknown parameter; did you mean 'shard_size'?"),
        ("sed: 3", "sed: unknown parameter; did you mean 'seed'?"),
        (
            "media: {image: {max_scal: 1}}",
            "media.image.max_scal: unknown parameter; did you mean 'max_scale'?",
        ),
        ("media: {image: {side_px_range: [99]}}", "media.image.side_px_range: [99] has too few values"),
        (
            "media: {image: {side_px_range: [1, 2, 3]}}",
            "media.image.side_px_range: [1, 2, 3] has too many values, at most 2 are allowed",
        ),
        ("media: {image: {side_px_range: 3}}", "media.image.side_px_range: 3 is a whole number, not a list"),
        (
            "media: {image: {side_px_range: [99, x]}}",
            "media.image.side_px_range.1: 'x' is text, not a whole number",
        ),
        ("media: {image: {side_px_range: [0, 99]}}", "media.image.side_px_range.0: 0 is below the minimum 32"),
        (
            "media: {video: {side_px_range: [200, 100]}}",
            "media.video.side_px_range: 200 to 100 is not a range; give the lower number first",
        ),
        ("media: {video: {fps_range: [0, 5]}}", "media.video.fps_range.0: 0 is not above 0"),
        ("output: {<<: 3}", "output.<<: unknown parameter; known: format, shard_size"),
        (
            "splits: {a: &x 0.1}",
            "splits.a: anchors and aliases (& and *) are not allowed; write the value out",
        ),
        ("seed: !!int 3", "seed: tag 'tag:yaml.org,2002:int' is not allowed; write a plain value"),
        ("? [1]\n: 2", "?: a key must be plain text"),
        (
            'prompt: {system: "\\uD800"}',
            "prompt.system: holds half a surrogate pair; write the character itself",
        ),
        ("tasks: []", "tasks: this key is there twice, first on line 2; keep one"),
    ],
)
def test_each_mistake_has_its_line_its_value_and_a_remedy(line: str, problem: str) -> None:
    assert problems(with_line(line)) == [f"x.yaml:3: {problem}"]


@pytest.mark.parametrize(
    ("task", "problem"),
    [
        ("{task: jigsaw, rows: 9}", "tasks.0.rows: 9 is above the maximum 6 (task jigsaw)"),
        ("{task: jigsaw, rows: x}", "tasks.0.rows: 'x' is text, not a whole number (task jigsaw)"),
        ("{task: jigsaw, colz: 3}", "tasks.0.colz: unknown parameter; did you mean 'cols'?"),
        ("{task: jigsaw, wieght: 3}", "tasks.0.wieght: unknown parameter; did you mean 'weight'?"),
        ("{task: jigsaw, weight: 0}", "tasks.0.weight: 0 is not above 0"),
        ("{task: jigsw}", "tasks.0.task: unknown task 'jigsw'; did you mean 'jigsaw'?"),
        ("{task: 3}", f"tasks.0.task: 3 is a whole number, not one of {', '.join(task_names())}"),
        ("{rows: 3}", f"tasks.0.task: required but missing; known: {', '.join(task_names())}"),
        ("jigsaw", "tasks.0: 'jigsaw' is text, not a mapping; write {task: jigsaw}"),
        ("[jigsaw]", 'tasks.0: ["jigsaw"] is a list, not a mapping'),
    ],
)
def test_a_task_checks_its_own_parameters(task: str, problem: str) -> None:
    assert problems(with_task(task)) == [f"x.yaml:3: {problem}"]


def test_the_same_task_may_come_twice_but_not_with_the_same_parameters() -> None:
    twins = "{task: jigsaw, rows: 2}\n  - {task: jigsaw, rows: %d, weight: 3}"
    assert len(loaded(with_task(twins % 4)).tasks) == 2
    assert problems(with_task(twins % 2)) == [
        "x.yaml:4: tasks.1: the same as tasks.0; change a parameter, or keep one with more weight"
    ]


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file() -> None:
    text = "sed: 3\noutput:\n  shard_size: 0\ntasks:\n  - task: jigsaw\n    rows: 9\n    colz: 3\n"
    text += "  - {task: nope}\n"
    needed = "where the raw media are, such as {kind: folder, path: photos/}; or give --source"
    assert problems(text, overrides=["variants=0"]) == [
        f"x.yaml:1: source: required but missing ({needed})",
        "x.yaml:1: sed: unknown parameter; did you mean 'seed'?",
        "x.yaml:3: output.shard_size: 0 is below the minimum 1",
        "x.yaml:6: tasks.0.rows: 9 is above the maximum 6 (task jigsaw)",
        "x.yaml:7: tasks.0.colz: unknown parameter; did you mean 'cols'?",
        f"x.yaml:8: tasks.1.task: unknown task 'nope'; known: {', '.join(task_names())}",
        "--set variants=0: variants: 0 is below the minimum 1",
    ]


def test_a_source_checks_its_own_settings() -> None:
    text = "tasks: [{task: rotation}]\nsource: {kind: %s}\n"
    assert problems(text % "folde, path: photos") == [
        "x.yaml:2: source.kind: unknown source 'folde'; did you mean 'folder'?"
    ]
    assert problems(text % "folder, path: nowhere") == [
        f"x.yaml:2: source.path: 'nowhere' is missing below '{Path.cwd()}'; give an existing folder or archive"
    ]
    assert problems(text % "folder, pth: photos, path: photos") == [
        "x.yaml:2: source.pth: unknown parameter; did you mean 'path'?"
    ]
    assert problems(text.replace("{kind: %s}", "photos")) == ["x.yaml:2: source: 'photos' is text, not a mapping"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "x.yaml: empty, not a mapping; a recipe needs at least source and tasks"),
        ("# only a comment\n", "x.yaml: empty, not a mapping; a recipe needs at least source and tasks"),
        ("- a\n", 'x.yaml:1: ["a"] is a list, not a mapping; a recipe needs at least source and tasks'),
        ("a: 1\nb: c: d\n", "x.yaml:2: not valid YAML: mapping values are not allowed here"),
        ("a:\n\tb", f"x.yaml:2: not valid YAML: {TAB}; indent with spaces, not tabs"),
        ("a: 1\nb: \x07\n", "x.yaml:2: not valid YAML: character '\\x07' is not allowed"),
        ("seed: 1\n---\nseed: 2\n", "x.yaml:2: a second document begins here; a recipe is one"),
        ("seed: " + "[" * 5000, "x.yaml:1: nested deeper than 16 levels"),
        ("? " + "[" * 5000, "x.yaml:1: nested deeper than 16 levels"),
        (b"seed: 1\n# caf\xe9\n", "x.yaml:2: not UTF-8; save the file as UTF-8"),
        (b"#" * 1_000_001, "x.yaml: larger than 1000000 bytes; a recipe is a short YAML file"),
    ],
)
def test_what_is_no_recipe_at_all(text: str | bytes, problem: str) -> None:
    assert problems(text) == [problem]


def test_a_file_that_is_not_there() -> None:
    for path, problem in {
        "nowhere.yaml": "nowhere.yaml: no such file",
        "video_sll": "video_sll: no such file and no shipped recipe; did you mean 'video_ssl'?",
        "photos": "photos: a folder, not a file; give a YAML file",
        "a\0b": "a\\x00b: cannot be read: embedded null byte",
    }.items():
        with pytest.raises(RecipeError) as caught:
            load_recipe(path)
        assert caught.value.problems == (problem,)


def test_a_byte_order_mark_is_no_mistake() -> None:
    assert loaded(b"\xef\xbb\xbf" + VALID.encode()) == loaded(VALID)


def test_aliases_cannot_blow_up() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert all("anchors and aliases" in line or "required" in line for line in problems(bomb))


def test_source_replaces_the_recipes_source(folder: Path) -> None:
    text = VALID.replace("path: photos", "path: nowhere")
    assert loaded(text, source=str(folder)).source.model_dump(mode="json") == {
        "kind": "folder",
        "path": str(folder),
    }
    kinds = (
        "give a folder of images or videos, an archive of them (.zip, .tar) or a table (.json, .jsonl, .csv, .tsv, "
        ".parquet)"
    )
    assert problems(text, source="gone") == [f"--source gone: source: no such file or folder; {kinds}"]
    named = "its name is not UTF-8 here; rename it, or set PYTHONUTF8=1 if the locale is C"
    assert problems(text, source="caf\udce9") == [f"--source caf\\udce9: source: {named}"]
    assert problems(text, source="x.yaml") == [
        f"--source x.yaml: source: neither a folder nor an archive or a table; {kinds}"
    ]
    (folder / "a.tar.gz").write_bytes(b"")
    (line,) = problems(text, source=str(folder / "a.tar.gz"))
    assert line.endswith("cannot be read in place; unpack it, or repack it as .tar or .zip")
    (folder / "a.JPG").write_bytes(b"")
    (line,) = problems(text, source=str(folder / "a.JPG"))
    assert line.endswith("one image is not a source; give the folder that it lies in")


@pytest.mark.usefixtures("folder")
def test_an_empty_path_is_not_the_working_directory() -> None:
    """An unset shell variable gives an empty path."""
    empty = "the path is empty, as from a variable that is not set; give an existing folder or archive"
    assert problems(VALID, source="") == [f"--source : source.path: {empty}"]
    assert problems(VALID.replace("path: photos", "path: ''")) == [f"x.yaml:2: source.path: {empty}"]


@pytest.mark.usefixtures("folder")
def test_grids_have_as_many_tiles_as_options() -> None:
    for task, options in (("tile_place", 9), ("arrangement", 6)):
        text = VALID.partition("tasks:")[0] + f"tasks: [{{task: {task}, rows: 2, cols: 2, options: {options}}}]\n"
        (line,) = problems(text)
        assert f"{options} options need as many tiles, not 2x2; change options or the grid" in line


def test_source_keeps_settings_that_still_apply(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("")
    table = str(tmp_path / "rows.jsonl")
    assert source_at(table, {"kind": "folder", "path": "x"}) == {"kind": "manifest", "path": table}
    assert source_at(table, {"kind": "manifest", "preset": "llava"})["preset"] == "llava"
    assert source_at(str(tmp_path), {"kind": "graph", "hops": 1}) == {"kind": "graph", "hops": 1, "path": str(tmp_path)}


def test_overrides_reach_every_place() -> None:
    overrides = [
        "seed=9",
        "tasks.0.rows=4",
        "output.format=parquet",
        "prompt.reasoning=false",
        "splits={test: 0.5}",
    ]
    recipe = loaded(VALID, overrides=overrides)
    assert (recipe.seed, recipe.output.format, recipe.output.shard_size) == (9, "parquet", 500)
    assert recipe.tasks[0].task.model_dump()["rows"] == 4
    assert (recipe.prompt.reasoning, recipe.splits) == (False, {"test": 0.5})
    assert [e.task.name for e in loaded(VALID, overrides=["tasks.1={task: position}"]).tasks] == [
        "jigsaw",
        "position",
    ]


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ("sed=3", "sed: unknown parameter; did you mean 'seed'?"),
        ("outptu.format=parquet", "outptu: unknown parameter; did you mean 'output'?"),
        ("tasks.0.colz=3", "tasks.0.colz: unknown parameter; did you mean 'cols'?"),
        ("tasks.0.rows=9", "tasks.0.rows: 9 is above the maximum 6 (task jigsaw)"),
        ("tasks.7.rows=2", "tasks: no entry '7'; there are 0 to 1"),
        ("tasks.x.rows=2", "tasks: no entry 'x'; there are 0 to 1"),
        ("seed.x=2", "seed: 7 is a whole number, it has no 'x'"),
        ("seed", "not place=value, such as tasks.0.weight=2"),
        ("a..b=2", "not place=value, such as tasks.0.weight=2"),
        ("seed=[", "not valid YAML: expected the node content, but found '<stream end>'"),
        ("seed=*x", "seed: anchors and aliases (& and *) are not allowed; write the value out"),
        ("seed=", "seed: empty, not a whole number"),
        (".".join("a" * 20) + "=1", ".".join("a" * 16) + ": nested deeper than 16 levels"),
    ],
)
def test_a_wrong_override_is_named(override: str, problem: str) -> None:
    assert f"--set {override}: {problem}" in problems(VALID, overrides=[override])


def test_the_digest_follows_the_data_and_not_the_place_of_the_media(folder: Path) -> None:
    digest = loaded(VALID).digest()
    assert len(digest) == 64
    assert loaded(VALID, source=str(folder)).digest() == digest
    assert loaded(VALID, overrides=["version=1", "variants=1", "tasks.1.weight=1"]).digest() == digest
    changes = [
        "seed=8",
        "tasks.0.rows=4",
        "tasks.0.weight=1",
        "splits={}",
        "output.shard_size=2",
        "prompt.format=boxed",
    ]
    assert len({loaded(VALID, overrides=[change]).digest() for change in changes} | {digest}) == 7


def test_the_canonical_form_is_itself_a_recipe() -> None:
    canonical = loaded(VALID).canonical()
    assert canonical["tasks"][0]["task"] == "jigsaw"
    assert canonical["source"] == {"kind": "folder"}
    assert recipe_from_canonical(canonical, {"kind": "folder", "path": "photos"}) == loaded(VALID)
    with pytest.raises(RecipeError, match=r"^recipe: source\.path: 'gone' is missing"):
        recipe_from_canonical(canonical, {"kind": "folder", "path": "gone"})


def test_difference_names_what_changed() -> None:
    old, new = (
        loaded(VALID),
        loaded(VALID, overrides=["tasks.0.rows=4", "splits={test: 0.5}", "prompt.system=hi"]),
    )
    assert difference(old.canonical(), old.canonical()) == []
    assert difference(old.canonical(), new.canonical()) == [
        "tasks.0.rows: 3 -> 4",
        "splits.validation: 0.02 -> absent",
        "prompt.system: null -> 'hi'",
        "splits.test: absent -> 0.5",
    ]


def test_every_shipped_recipe_loads() -> None:
    shipped = shipped_recipes()
    assert len(shipped) >= 2
    assert {path.suffix for path in shipped.values()} == {".yaml"}
    for name, path in shipped.items():
        assert load_recipe(name) == load_recipe(path)


def test_a_file_wins_over_a_shipped_recipe_of_that_name() -> None:
    Path("video_ssl").write_text(VALID, encoding="utf-8")
    assert load_recipe("video_ssl") == loaded(VALID)


def test_the_schema_knows_every_task_and_its_parameters() -> None:
    tasks = recipe_schema()["properties"]["tasks"]["items"]["oneOf"]
    assert [task["properties"]["task"]["const"] for task in tasks] == task_names()
    for task in tasks:
        fields = set(task_class(task["properties"]["task"]["const"]).model_fields)
        assert set(task["properties"]) == fields | {"task", "weight", "splits"}
        assert task["additionalProperties"] is False


SNIPPETS = st.sampled_from(
    [
        *("[", "]", "{", "}", ":", "- ", "\n", "  ", "\t", "&a ", "*a", "!!x ", "'", '"', "\\", "|\n", "? "),
        *(
            "<<",
            "%",
            "---\n",
            "...\n",
            "null",
            "~",
            "yes",
            "1e999",
            "0o7",
            ".inf",
            "-",
            "2024-01-01",
            "9" * 40,
        ),
        *("\ufeff", "\u2028", "\0", "é", "#", '"\\UFFFFFFFF"', '"\\uD800"', "tasks", "task: ", "source: "),
        *("folder", "path: ", "a" * 300),
    ]
)


@given(
    edits=st.lists(
        st.tuples(st.integers(0, len(VALID)), st.integers(0, 12), SNIPPETS | st.text(max_size=4)), max_size=4
    )
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_recipe_loads_or_says_what_is_wrong(edits: list[tuple[int, int, str]]) -> None:
    text = VALID
    for at, cut, put in edits:
        text = text[:at] + put + text[at + cut :]
    try:
        loaded(text.encode("utf-8", "surrogatepass"), overrides=[put for _, _, put in edits[:1]])
        lines: tuple[str, ...] = ("fine",)
    except RecipeError as err:
        lines = err.problems
    assert lines
    assert all(line and line.isprintable() for line in lines)


def test_variants_need_per_item_all(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text("source: {kind: samples}\ntasks: [{task: rotation}]\nper_item: 2\nvariants: 3\n")
    with pytest.raises(RecipeError) as caught:
        load_recipe(path)
    assert caught.value.problems == (f"{path}:4: variants: 3 needs per_item: all; with per_item: N, raise N instead",)


def test_a_system_message_holds_no_medium() -> None:
    text = "tasks: [{task: rotation}]\nsource: {kind: samples}\nprompt: {system: 'Look at the <image>.'}\n"
    assert problems(text) == [
        "x.yaml:3: prompt.system: it holds <image>, which stands for a medium in the question; leave it out"
    ]


@pytest.mark.parametrize(
    ("source", "most"),
    [
        ("{kind: graph}", 4),
        ("{kind: graph, hops: 1}", 2),
        ("{kind: mixture, parts: {a: {kind: graph}, b: {kind: graph, hops: 1}}}", 4),
    ],
)
def test_a_path_that_no_network_has_is_refused(source: str, most: int) -> None:
    text = f"source: {source}\ntasks: [{{task: path_length, longest: {most}}}]\n"
    loaded(text)
    (problem,) = problems(text, overrides=[f"tasks.0.longest={most + 1}"])
    assert f"tasks.0.longest: {most + 1} is never reached" in problem
    assert f"set it to {most} or less, or hops of the source to {most // 2 + 1} or more (task path_length)" in problem


def test_paths_of_sources_that_are_not_all_networks_are_not_judged() -> None:
    source = "{kind: mixture, parts: {a: {kind: graph}, b: {kind: samples}}}"
    loaded(f"source: {source}\ntasks: [{{task: path_length, longest: 6}}]")
