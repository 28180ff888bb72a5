"""Folders with metadata, globs and archives; Parquet; WebDataset: as written by their usual tools."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import puzzlegen, recipe_with, taped, tree_bytes

from puzzlegen.building import build
from puzzlegen.errors import RecipeError, SourceError, Unusable
from puzzlegen.plan import make_plan
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import source_at
from puzzlegen.records import Item, Skipped
from puzzlegen.sources import Source
from puzzlegen.sources.folder import Folder
from puzzlegen.sources.parquet import Parquet
from puzzlegen.sources.webdataset import Webdataset

TASKS = [{"task": "position"}]


@pytest.fixture(scope="session")
def pictures() -> dict[str, bytes]:
    source = recipe_with(TASKS, source={"kind": "samples", "images": 6, "videos": 0}).source
    return {f"{item.id}.jpg": source.open(item).read() for item in source.items()}  # type: ignore[arg-type]


def listed(source: Source) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the bytes of each item, and the reason for each skipped entry."""
    found = list(source.items())
    items = {}
    for item in found:
        if isinstance(item, Item):
            with source.open(item) as file:
                items[item.id] = file.read()
    return items, {entry.id: entry.reason for entry in found if isinstance(entry, Skipped)}


def zipped(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_a_zip_is_a_folder(tmp_path: Path, pictures: dict[str, bytes], method: int) -> None:
    zipped(tmp_path / "a.zip", {f"in/{name}": data for name, data in pictures.items()}, method)
    expected = {f"a.zip#in/{name}": data for name, data in pictures.items()}
    assert listed(Folder(path=tmp_path / "a.zip")) == (expected, {})
    (tmp_path / "plain.jpg").write_bytes(b"x")
    assert listed(Folder(path=tmp_path))[0] == expected | {"plain.jpg": b"x"}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_damaged_member_is_unusable_whatever_packed_it(
    tmp_path: Path, pictures: dict[str, bytes], method: int
) -> None:
    zipped(tmp_path / "a.zip", pictures, method)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        first = archive.infolist()[0]
    data = bytearray((tmp_path / "a.zip").read_bytes())
    middle = first.header_offset + 60 + first.compress_size // 2
    data[middle : middle + 16] = bytes(16)
    (tmp_path / "a.zip").write_bytes(data)
    source = Folder(path=tmp_path / "a.zip")
    broken, *sound = (item for item in source.items() if isinstance(item, Item))
    with pytest.raises(Unusable, match="unreadable"), source.open(broken) as file:
        file.read()
    for item in sound:
        with source.open(item) as file:
            assert file.read() == pictures[item.id.partition("#")[2]]


def test_a_tar_is_a_folder(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    long = "x" * 150 + "/caf\u00e9 #1\n.jpg"
    taped(tmp_path / "a.tar", {**pictures, long: b"long"})
    items, skipped = listed(Folder(path=tmp_path / "a.tar"))
    assert items == {f"a.tar#{name}": data for name, data in pictures.items()} | {
        "a.tar#" + "x" * 150 + "/caf\u00e9 %231%0A.jpg": b"long"
    }
    assert skipped == {}


def test_archives_give_the_puzzles_of_their_files_for_any_number_of_workers(
    tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    (tmp_path / "in").mkdir()
    zipped(tmp_path / "in" / "a.zip", dict(list(pictures.items())[:3]))
    taped(tmp_path / "in" / "b.tar", dict(list(pictures.items())[3:]))
    recipe = recipe_with(TASKS, source={"kind": "folder", "path": str(tmp_path / "in")}, output={"shard_size": 2})
    for workers in (1, 2):
        build(recipe, tmp_path / f"out{workers}", workers=workers)
    assert tree_bytes(tmp_path / "out1") == tree_bytes(tmp_path / "out2")
    assert manifest_of(tmp_path / "out1")["kept"] == {"position": 6}


def test_parts_of_a_name_that_are_a_dot_do_not_count(tmp_path: Path) -> None:
    """``tar cf x.tar .`` writes such names."""
    files = {"./a.jpg": b"a", "./in/./b.jpg": b"b", "./.hidden/c.jpg": b"c", "./../d.jpg": b"d", "/./e.jpg": b"e"}
    for path in (zipped(tmp_path / "x.zip", files), taped(tmp_path / "x.tar", files)):
        items, skipped = listed(Folder(path=path))
        assert items == {f"{path.name}#a.jpg": b"a", f"{path.name}#in/b.jpg": b"b"}
        assert list(skipped.values()) == ["hidden", "outside_source", "outside_source"]
    about = json.dumps({"licence": "MIT"}).encode()
    sample = taped(tmp_path / "w.tar", {"./a.jpg": b"a", "./a.json": about, "./b.jpg": b"b"})
    found = {entry.id: entry.licence for entry in Webdataset(path=sample).items()}  # type: ignore[union-attr]
    assert found == {"w.tar#a.jpg": "MIT", "w.tar#b.jpg": ""}


def test_hostile_archives_are_rejections(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    """Members that lead outside, links, devices, and damaged archives."""
    name, data = next(iter(pictures.items()))
    with tarfile.open(tmp_path / "a.tar", "w") as tar:
        for bad in ("../../escape.jpg", "/etc/absolute.jpg", "in/../../out.jpg", name):
            member = tarfile.TarInfo(bad)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        for bad, kind in (("link.jpg", tarfile.SYMTYPE), ("hard.jpg", tarfile.LNKTYPE), ("dev.jpg", tarfile.CHRTYPE)):
            member = tarfile.TarInfo(bad)
            member.type, member.linkname = kind, "/etc/passwd"
            tar.addfile(member)
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("../escape.jpg", data)
        archive.writestr("__MACOSX/._x.jpg", data)
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr(name, data)
    whole = taped(tmp_path / "c.tar", pictures).read_bytes()
    (tmp_path / "c.tar").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "d.zip").write_bytes(b"PK\x03\x04 no zip")
    (tmp_path / "e.tar.gz").write_bytes(b"\x1f\x8b")
    items, skipped = listed(Folder(path=tmp_path))
    cut = [key for key in skipped if key.startswith("c.tar#")]
    assert len(cut) == 1
    assert skipped.pop(cut[0]) == "unreadable"
    assert {key: value for key, value in items.items() if not key.startswith("c.tar#")} == {
        f"a.tar#{name}": data,
        f"b.zip#{name}": data,
    }
    assert skipped == {
        "a.tar#../../escape.jpg": "outside_source",
        "a.tar#/etc/absolute.jpg": "outside_source",
        "a.tar#in/../../out.jpg": "outside_source",
        "a.tar#link.jpg": "not_a_file",
        "a.tar#hard.jpg": "not_a_file",
        "a.tar#dev.jpg": "not_a_file",
        "b.zip#../escape.jpg": "outside_source",
        "b.zip#__MACOSX/._x.jpg": "hidden",
        "b.zip#link.jpg": "not_a_file",
        **{key: "undecodable" for key in ("c.tar",) if key in skipped},
        "d.zip": "undecodable",
        "e.tar.gz": "unsupported_file",
    }


def test_metadata_beside_files_says_licence_and_question(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    (tmp_path / "train").mkdir()
    for name, data in pictures.items():
        (tmp_path / "train" / name).write_bytes(data)
    rows = [
        {"file_name": "image-000000.jpg", "license": "CC-BY-4.0", "ask": "What?", "options": ["a", "b"], "answer": "A"},
        {"file_name": "image-000001.jpg", "license": "", "ask": ""},
        {"file_name": "gone.jpg"},
        {"file_name": "image-000001.jpg"},
        {"other": 1},
    ]
    (tmp_path / "train" / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    source = Folder(path=tmp_path, licence="CC0-1.0", fields={"question": "ask"})
    items = {item.id: item for item in source.items() if isinstance(item, Item)}
    assert len(items) == 6
    assert items["train/image-000000.jpg"].licence == "CC-BY-4.0"
    assert json.loads(items["train/image-000000.jpg"].qa)["text"] == "What?"
    assert (items["train/image-000001.jpg"].licence, items["train/image-000001.jpg"].qa) == ("CC0-1.0", "")
    assert {e.id: e.reason for e in source.items() if isinstance(e, Skipped)} == {
        "train/metadata.jsonl row 3": "unreadable",
        "train/metadata.jsonl row 4": "duplicate_row",
        "train/metadata.jsonl row 5": "bad_row",
    }


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_metadata_as_a_table(tmp_path: Path, suffix: str) -> None:
    (tmp_path / "a.jpg").write_bytes(b"x")
    if suffix == "csv":
        (tmp_path / "metadata.csv").write_text("file_name,licence\na.jpg,MIT\n")
    else:
        pq.write_table(pa.table({"file_name": ["a.jpg"], "licence": ["MIT"]}), tmp_path / "metadata.parquet")
    assert [(item.id, item.licence) for item in Folder(path=tmp_path).items()] == [("a.jpg", "MIT")]  # type: ignore[union-attr]


def test_globs_select_names_and_the_rest_is_accounted_for(tmp_path: Path) -> None:
    for name in ("train/a.jpg", "test/b.jpg", "c.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    items, skipped = listed(Folder(path=tmp_path, glob=("train/*", "*.png")))
    assert sorted(items) == ["c.png", "train/a.jpg"]
    assert skipped == {"test/b.jpg": "not_selected"}


def hf_table(pictures: dict[str, bytes], **columns: Any) -> Any:
    from datasets import Dataset, Features, Image, Value

    cells = [{"bytes": data, "path": name} for name, data in pictures.items()]
    features = Features({"photo": Image(), **{name: Value("string") for name in columns}})
    return Dataset.from_dict({"photo": cells, **columns}, features=features)


def test_parquet_as_datasets_writes_it(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    licences = ["CC0-1.0"] * 5 + ["MIT"]
    hf_table(pictures, license=licences).to_parquet(tmp_path / "a.parquet", batch_size=4)
    source = Parquet(path=tmp_path)
    items, skipped = listed(source)
    assert items == {f"a.parquet#{k}": data for k, data in enumerate(pictures.values())}
    assert skipped == {}
    assert [item.licence for item in source.items()] == licences  # type: ignore[union-attr]
    assert len({item.bundle for item in source.items()}) == 2  # type: ignore[union-attr]


def test_parquet_lists_paths_and_bare_bytes(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    one, two, three = list(pictures.values())[:3]
    cell = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "three.jpg").write_bytes(three)
    lists = [
        [{"bytes": one, "path": None}, {"bytes": two, "path": "x"}],
        [{"bytes": None, "path": "beside/three.jpg"}],
        [],
        None,
        [{"bytes": None, "path": None}, {"bytes": None, "path": "../../etc/passwd"}],
    ]
    table = pa.table(
        {"key": list("abcde"), "images": pa.array(lists, pa.list_(cell)), "raw": pa.array([one] * 5, pa.binary())}
    )
    pq.write_table(table, tmp_path / "t.parquet", row_group_size=2)
    source = Parquet(path=tmp_path / "t.parquet", fields={"id": "key"})
    found = {item.id: item for item in source.items()}
    assert list(found) == ["a/images-0", "a/images-1", "b/images-0", "c", "d", "e/images-0", "e/images-1"]
    assert {key: found[key].reason for key in "cd"} == {"c": "bad_row", "d": "bad_row"}  # type: ignore[union-attr]
    for key, data in (("b/images-0", three), ("a/images-1", two), ("a/images-0", one)):
        with source.open(found[key]) as file:  # type: ignore[arg-type]
            assert file.read() == data
    for key, reason in (("e/images-0", "unreadable"), ("e/images-1", "outside_source")):
        with pytest.raises(Exception, match=reason):
            source.open(found[key])  # type: ignore[arg-type]
    raw = Parquet(path=tmp_path / "t.parquet", fields={"id": "key"}, media={"raw": "image"})
    assert listed(raw)[0] == dict.fromkeys("abcde", one)
    with pytest.raises(SourceError, match=r"'t\.parquet' has no column 'pic'; it has key, images, raw"):
        list(Parquet(path=tmp_path, media={"pic": "image"}).items())


def test_parquet_rows_keep_together_and_give_the_same_bytes(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    (tmp_path / "in").mkdir()
    hf_table(pictures).to_parquet(tmp_path / "in" / "a.parquet", batch_size=2)
    (tmp_path / "in" / "broken.parquet").write_bytes(b"PAR1")
    source = source_at(str(tmp_path / "in"), {"kind": "samples"})
    assert source["kind"] == "parquet"
    recipe = recipe_with([*TASKS, {"task": "contrastive"}], source=source, output={"shard_size": 3})
    order = [item.bundle for group in make_plan(recipe).groups for item in group.items]
    assert len([k for k in range(1, 6) if order[k] != order[k - 1]]) == 2
    for workers in (1, 2):
        build(recipe, tmp_path / f"out{workers}", workers=workers)
    assert tree_bytes(tmp_path / "out1") == tree_bytes(tmp_path / "out2")
    manifest = manifest_of(tmp_path / "out1")
    assert manifest["kept"]["position"] == 6
    assert manifest["rejected"][""] == {"undecodable": 1}


def test_ids_make_parquet_rows_independent_of_how_files_are_cut(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    made = []
    for name, size in (("one", 6), ("two", 2)):
        folder = tmp_path / name
        folder.mkdir()
        table = hf_table(pictures, key=[f"k{k}" for k in range(6)])
        for start in range(0, 6, size):
            table.select(range(start, start + size)).to_parquet(folder / f"{start}.parquet")
        recipe = recipe_with(TASKS, source={"kind": "parquet", "path": str(folder), "fields": {"id": "key"}})
        out = tmp_path / f"out-{name}"
        build(recipe, out, workers=1)
        made.append({row["id"] for file in files_of(manifest_of(out)) for row in read_rows(out / file["path"])})
    assert made[0] == made[1]


def test_img2dataset_tars_as_they_come(tmp_path: Path, pictures: dict[str, bytes]) -> None:
    import webdataset as wds

    with wds.TarWriter(str(tmp_path / "00000.tar")) as tar:
        for k, data in enumerate(pictures.values()):
            about = {"url": "https://x", "caption": "a", "key": f"{k:09}", "status": "success", "exif": "{}"}
            tar.write({"__key__": f"{k:09}", "jpg": data, "txt": "a caption", "json": about | {"license": "CC-BY"}})
        tar.write({"__key__": "000000006", "json": {"status": "failed_to_download"}})
        tar.write({"__key__": "000000007", "json": b"no json", "png": b"x"})
    (tmp_path / "00000_stats.json").write_text("{}")
    pq.write_table(pa.table({"key": ["1"]}), tmp_path / "00000.parquet")
    source = Webdataset(path=tmp_path)
    items, skipped = listed(source)
    assert items == {f"00000.tar#{k:09}.jpg": data for k, data in enumerate(pictures.values())}
    assert skipped == {
        "00000.parquet": "unsupported_file",
        "00000_stats.json": "unsupported_file",
        "00000.tar#000000006": "bad_row",
        "00000.tar#000000007.json": "bad_row",
        "00000.tar#000000007.png": "bad_row",
    }
    first = next(item for item in source.items() if isinstance(item, Item))
    assert (first.licence, first.group, first.size) == ("CC-BY", "", len(pictures["image-000000.jpg"]))


@pytest.mark.parametrize(
    ("columns", "kind", "advice"),
    [
        ({"image": [b"x"]}, "parquet", ""),
        ({"images": [[b"x"]], "key": ["a"]}, "parquet", ""),
        ({"jpg": [b"x"], "key": ["a"]}, "parquet", "{jpg: image}, or video; it has jpg, key"),
        ({"shots": [[{"bytes": b"x", "path": "a"}]]}, "parquet", "{shots: image}, or video; it has shots"),
        ({"image": ["a.jpg"], "digest": [b"x"]}, "manifest", ""),
        ({"media": ["a.jpg"], "digest": [b"x"]}, "manifest", ""),
        ({"path": ["a.jpg"]}, "manifest", ""),
    ],
)
def test_the_kind_of_a_parquet_file_shows_in_its_columns(
    tmp_path: Path, columns: dict[str, list[Any]], kind: str, advice: str
) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(columns), path)
    assert source_at(str(path), {"kind": "samples"})["kind"] == kind
    if advice:
        with pytest.raises(SourceError, match=f"no known column of media; name one by source.media: {advice}$"):
            list(Parquet(path=path).items())


def test_a_table_without_media_in_its_cells_is_sent_to_the_kind_that_reads_it(tmp_path: Path) -> None:
    pq.write_table(pa.table({"path": ["a.jpg"]}), tmp_path / "a.parquet")
    with pytest.raises(SourceError, match=r"it has path, none with bytes; where .*, give source\.kind: manifest"):
        list(Parquet(path=tmp_path / "a.parquet").items())


def test_plain_bytes_in_a_folder_may_be_about_its_pictures(tmp_path: Path) -> None:
    pq.write_table(pa.table({"file_name": ["a.jpg"], "digest": [b"x"]}), tmp_path / "metadata.parquet")
    assert source_at(str(tmp_path), {})["kind"] == "folder"


def test_a_folder_of_tables_as_spark_writes_them(tmp_path: Path) -> None:
    (tmp_path / "in" / "x.parquet").mkdir(parents=True)
    pq.write_table(pa.table({"image": [b"x"]}), tmp_path / "in" / "x.parquet" / "part-0.parquet")
    for path in (tmp_path / "in", tmp_path / "in" / "x.parquet"):
        source = source_at(str(path), {})
        assert source["kind"] == "parquet"
        assert list(listed(Parquet(path=source["path"]))[0].values()) == [b"x"]


def test_parquet_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.parquet").symlink_to("gone")
    (tmp_path / "in" / "b.parquet").write_bytes(b"PAR1")
    source = source_at(str(tmp_path / "in"), {})
    done = puzzlegen("build", "quickstart", "--source", tmp_path / "in", "--out", tmp_path / "out")
    assert (source["kind"], done.code) == ("folder", 2)
    (line,) = (line for line in done.err.splitlines() if not line.startswith("{"))
    assert "unreadable 1, such as 'a.parquet' (No such file or directory)" in line
    assert "unsupported_file 1, such as 'b.parquet' (media in such files are read by source.kind: parquet)" in line
    os.mkfifo(tmp_path / "pipe.parquet")
    with pytest.raises(RecipeError, match=r"^neither a file nor a folder; give"):
        source_at(str(tmp_path / "pipe.parquet"), {})


def test_the_kind_of_tars_shows_in_their_members(tmp_path: Path) -> None:
    samples = {"0.jpg": b"x", "0.json": b'{"licence": "CC-BY-NC-4.0"}', "0.txt": b"a caption"}
    for name, files in (("samples", samples), ("plain", {"readme.txt": b"x", "in/0.jpg": b"x", "in/1.jpg": b"x"})):
        (tmp_path / name).mkdir()
        taped(tmp_path / name / "0.tar", files)
    (tmp_path / "samples" / "0_stats.json").write_text("{}")
    for path, kind in (("samples", "webdataset"), ("plain", "folder")):
        for place in (tmp_path / path, tmp_path / path / "0.tar"):
            assert source_at(str(place), {"kind": "samples"})["kind"] == kind
            assert source_at(str(place), {"kind": "folder"})["kind"] == "folder"
    plan = make_plan(recipe_with(TASKS, source=source_at(str(tmp_path / "samples"), {})))
    assert plan.groups[0].items[0].licence == "CC-BY-NC-4.0"
    (tmp_path / "samples" / "loose.jpg").write_bytes(b"x")
    assert source_at(str(tmp_path / "samples"), {})["kind"] == "folder"


def test_media_of_one_sample_share_a_split(tmp_path: Path) -> None:
    taped(tmp_path / "v.tar", {"a_000.mp4": b"1", "a_000.jpg": b"2", "a_001.mp4": b"3", "a_001.txt": b"t"})
    found = {item.id: (item.kind, item.group) for item in Webdataset(path=tmp_path / "v.tar").items()}  # type: ignore[union-attr]
    assert found == {
        "v.tar#a_000.mp4": ("video", "v.tar#a_000"),
        "v.tar#a_000.jpg": ("image", "v.tar#a_000"),
        "v.tar#a_001.mp4": ("video", ""),
    }


def test_a_linked_file_may_be_named_but_not_followed_below_a_folder(tmp_path: Path) -> None:
    """The Hub's cache stores files as links."""
    (tmp_path / "blobs").mkdir()
    taped(tmp_path / "blobs" / "0a1b", {"x.jpg": b"1"})
    (tmp_path / "snap").mkdir()
    (tmp_path / "snap" / "x.tar").symlink_to("../blobs/0a1b")
    assert listed(Webdataset(path=tmp_path / "snap" / "x.tar"))[0] == {"x.tar#x.jpg": b"1"}
    assert listed(Webdataset(path=tmp_path / "snap"))[1] == {"x.tar": "outside_source"}
