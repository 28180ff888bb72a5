"""Metadata of media: a bad question loses no licence, and does no harm unless the recipe asks questions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import recipe_with, taped

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.plan import Plan, make_plan
from puzzlegen.records import Item, Skipped
from puzzlegen.sources import Source
from puzzlegen.sources.folder import Folder
from puzzlegen.sources.manifest import Manifest
from puzzlegen.sources.parquet import Parquet
from puzzlegen.sources.webdataset import Webdataset

NC = "CC-BY-NC-4.0"
NAMES = [f"{letter}.jpg" for letter in "abcdef"]


def planned(source: Source, **hygiene: Any) -> Plan:
    described = source.model_dump(mode="json")
    return make_plan(recipe_with([{"task": "position"}], source=described, hygiene={"duplicates": "keep", **hygiene}))


def names_in(plan: Plan) -> list[str]:
    return sorted(item.id for shard in plan.shards() for item, _ in shard.work)


def split(source: Source) -> tuple[dict[str, Item], list[Skipped]]:
    found = list(source.items())
    return {e.id: e for e in found if isinstance(e, Item)}, [e for e in found if isinstance(e, Skipped)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Six files, three of which have a licence and a question without an answer."""
    for name in NAMES:
        (tmp_path / name).write_bytes(name.encode())
    rows = [f"{name},{NC},What?" for name in NAMES[:3]]
    (tmp_path / "metadata.csv").write_text("\n".join(["file_name,licence,question", *rows]))
    return tmp_path


@pytest.mark.parametrize("rule", [{"deny_licences": ["*-NC-*"]}, {"allow_licences": ["CC0*"]}])
def test_a_bad_question_hides_no_licence_in_a_folder(folder: Path, rule: dict[str, list[str]]) -> None:
    plan = planned(Folder(path=str(folder), licence="CC0-1.0"), **rule)
    assert names_in(plan) == NAMES[3:]
    assert {(one.id, one.reason, one.detail) for one in plan.skipped} == {(name, "licence", NC) for name in NAMES[:3]}


def test_bad_questions_are_reported_where_the_recipe_asks_them(folder: Path) -> None:
    items, skipped = split(Folder(path=str(folder)).asking())
    assert {name: (item.licence, item.qa) for name, item in items.items()} == {
        name: (NC if name in NAMES[:3] else "", "") for name in NAMES
    }
    assert skipped == [Skipped(f"metadata.csv row {k}", "bad_row", "the row has no answer") for k in (1, 2, 3)]


def test_a_sound_question_takes_the_place_of_a_bad_one(folder: Path) -> None:
    rows = [{"file_name": "a.jpg", "question": "What?", "licence": NC}, {"file_name": "a.jpg", "question": "Who?"}]
    rows += [{"file_name": "a.jpg", "question": "Who?", "answer": "she"}, {"file_name": "a.jpg"}]
    (folder / "metadata.csv").unlink()
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    items, skipped = split(Folder(path=str(folder)).asking())
    assert (items["a.jpg"].licence, json.loads(items["a.jpg"].qa)["text"]) == (NC, "Who?")
    assert [one.reason for one in skipped] == ["bad_row", "bad_row", "duplicate_row"]


@pytest.mark.parametrize(
    ("name", "text"),
    [("metadata.csv", f"file_name,licence\na.jpg,MIT\nb.jpg,{NC},\n"), ("metadata.jsonl", '{"file_name": "a.jpg"}\n{')],
)
def test_files_that_an_unreadable_row_may_be_about_are_rejected(tmp_path: Path, name: str, text: str) -> None:
    for place in ("in/a.jpg", "in/b.jpg", "in/deep/c.jpg", "beside.jpg"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(b"x")
    (tmp_path / "in" / name).write_text(text)
    items, skipped = split(Folder(path=str(tmp_path)))
    assert list(items) == ["beside.jpg", "in/a.jpg"]
    assert [(one.id, one.reason) for one in skipped] == [
        (f"in/{name} row 2", "bad_row"),
        ("in/b.jpg", "bad_row"),
        ("in/deep/c.jpg", "bad_row"),
    ]
    assert skipped[1].detail == f"in/{name} row 2 cannot be read and may be about it; correct that row"


def test_a_sample_keeps_its_licence_or_is_rejected(tmp_path: Path) -> None:
    said = {
        "asks": {"licence": NC, "question": "what?"},
        "large": {"licence": NC, "caption": "x" * (1 << 16)},
    }
    members = {name: json.dumps(about).encode() for name, about in said.items()}
    members |= {"broken": b'{"licence": "CC-BY-NC-4.0"', "empty": b"", "boxes": b"[1, 2]", "two": b'{"licence": "MIT"}'}
    files = {
        f"{key}.{ending}": b"x" if ending == "jpg" else data
        for key, data in members.items()
        for ending in ("jpg", "json")
    }
    files["two.boxes.json"] = b'{"x": 1}'
    source = Webdataset(path=str(taped(tmp_path / "a.tar", files)), licence="CC0-1.0")
    items, skipped = split(source)
    licences = {name.removeprefix("a.tar#"): item.licence for name, item in items.items()}
    assert licences == {"asks.jpg": NC, "boxes.jpg": "CC0-1.0", "two.jpg": "MIT"}
    names = [f"a.tar#{key}.{ending}" for key in ("large", "broken", "empty") for ending in ("json", "jpg")]
    assert [(one.id, one.reason) for one in skipped] == [(name, "bad_row") for name in names]
    assert names_in(planned(source, allow_licences=["CC0*"])) == ["a.tar#boxes.jpg"]
    _, reported = split(source.asking())
    assert Skipped("a.tar#asks.json", "bad_row", "the row has no answer") in reported


def test_a_bad_question_costs_the_medium_only_where_it_is_asked(tmp_path: Path) -> None:
    """As in VQA, the table has its answers as lists in a column with another name."""
    rows = {"question": ["What?", "Who?"], "answers": [["a"], ["b"]], "licence": [NC, ""]}
    pq.write_table(pa.table({"image": [b"x", b"y"], **rows}), tmp_path / "a.parquet")
    (tmp_path / "a.jpg").write_bytes(b"x")
    table = tmp_path / "rows.jsonl"
    table.write_text('{"media": "a.jpg", "id": "1", "question": "What?", "licence": "CC-BY-NC-4.0"}')
    llava = tmp_path / "llava.jsonl"
    llava.write_text('{"image": "a.jpg", "id": "1", "conversations": 3, "licence": "CC-BY-NC-4.0"}')
    sources: list[Source] = [Parquet(path=str(tmp_path / "a.parquet"), media={"image": "image"})]
    sources += [Manifest(path=str(table)), Manifest(path=str(llava), preset="llava")]
    for source in sources:
        items, skipped = split(source)
        assert not skipped
        assert {(item.licence, item.qa) for item in items.values()} - {("", "")} == {(NC, "")}
        items, skipped = split(source.asking())
        assert not items
        assert {one.reason for one in skipped} == {"bad_row"}


def test_a_recipe_that_joins_asks_all_parts_of_a_mixture(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    table = tmp_path / "rows.jsonl"
    table.write_text('{"media": "a.jpg", "question": "What?"}')
    parts = {"one": {"kind": "manifest", "path": str(table)}, "two": {"kind": "samples", "images": 2, "videos": 0}}
    recipe = recipe_with([{"task": "rotation"}], source={"kind": "mixture", "parts": parts})
    assert [item.id for shard in make_plan(recipe).shards() for item, _ in shard.work if item.id.startswith("one/")]
    joining = recipe_with([{"task": "rotation"}], source={"kind": "mixture", "parts": parts}, join={})
    assert [tuple(one) for one in make_plan(joining).skipped] == [("one/row 1", "bad_row", "the row has no answer")]
    only = recipe_with([{"task": "rotation"}], source=parts["one"], join={})
    with pytest.raises(SourceError, match="the row has no answer"):
        make_plan(only)


def test_columns_with_other_names_are_listed_with_the_setting_that_names_them(tmp_path: Path) -> None:
    table = tmp_path / "rows.jsonl"
    table.write_text('{"key": 1, "picture": "a.jpg"}')
    (row,) = Manifest(path=str(table)).items()
    said = "no medium in column 'media'; the row has key, picture; name one by source.fields: {media: picture}"
    assert row == Skipped("row 1", "bad_row", said)
    cells = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"key": [1], "picture": [b"x"]}), cells)
    (row,) = Manifest(path=str(cells)).items()
    assert isinstance(row, Skipped)
    assert row.detail.endswith("the row has key, picture; name one by source.fields: {media: COLUMN}")
    (row,) = Manifest(path=str(cells), fields={"media": "picture"}).items()
    assert isinstance(row, Skipped)
    assert row.detail.startswith("column 'picture' holds no path; media in the cells of Parquet are read by")
    with pytest.raises(
        SourceError,
        match=r"no known column of media; name one by source\.media: \{picture: image\}, or video; it has key, picture",
    ):
        list(Parquet(path=str(cells)).items())


def test_a_cell_that_holds_a_path_says_so(tmp_path: Path) -> None:
    """``Dataset.to_parquet`` writes such cells for images that were given as paths."""
    (tmp_path / "in").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"x")
    paths = [str(tmp_path / "a.jpg"), "gone.jpg"]
    pq.write_table(
        pa.table({"image": [{"bytes": None, "path": path} for path in paths]}), tmp_path / "in" / "a.parquet"
    )
    source = Parquet(path=str(tmp_path / "in"))
    outside, gone = (item for item in source.items() if isinstance(item, Item))
    with pytest.raises(Unusable, match=r"outside_source: the cell holds no bytes but the path '.*a.jpg'"):
        source.open(outside)
    with pytest.raises(Unusable, match=r"unreadable: the cell holds no bytes but the path 'gone.jpg': No such file"):
        source.open(gone)
