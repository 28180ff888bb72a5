"""A file that temporarily cannot be read ends the build with one line: a rejection would lose it for good."""

from __future__ import annotations

import errno
import os
import re
import shutil
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import recipe_with

from puzzlegen.errors import SourceError
from puzzlegen.files import local
from puzzlegen.plan import make_plan
from puzzlegen.records import Item, Skipped
from puzzlegen.sources.folder import Folder
from puzzlegen.sources.parquet import Parquet

FOR_NOW = ["EACCES", "EPERM", "EIO", "ESTALE", "ENETUNREACH", "ECONNRESET", "EUCLEAN", "ENXIO", "ENODEV", "EBUSY"]


def failing(name: str) -> Callable[..., Any]:
    """Return a function that fails with the OSError of this name."""

    def fail(path: Any, *_: Any, **__: Any) -> Any:
        code = getattr(errno, name)
        raise OSError(code, os.strerror(code), path)

    return fail


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "media" / "deep").mkdir(parents=True)
    for name in ("a.jpg", "deep/b.jpg"):
        (tmp_path / "media" / name).write_bytes(b"x")
    return tmp_path / "media"


def entries(folder: Path) -> list[tuple[str, str]]:
    found = Folder(path=str(folder)).items()
    return [(entry.id, entry.reason if isinstance(entry, Skipped) else entry.kind) for entry in found]


@pytest.mark.parametrize("name", FOR_NOW)
def test_what_was_listed_and_does_not_open_is_no_rejection(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    source = Folder(path=str(folder))
    item = next(entry for entry in source.items() if isinstance(entry, Item))
    monkeypatch.setattr(local, "_open_without_waiting", failing(name))
    with pytest.raises(SourceError, match=r"'a\.jpg' cannot be read: .*; the same command"):
        source.open(item)


def test_what_leads_out_since_it_was_listed_has_changed(folder: Path) -> None:
    source = Folder(path=str(folder))
    item = next(entry for entry in source.items() if isinstance(entry, Item))
    (folder / "a.jpg").rename(folder.parent / "a.jpg")
    (folder / "a.jpg").symlink_to(folder.parent / "a.jpg")
    with pytest.raises(SourceError, match="has changed"):
        source.open(item)


@pytest.mark.parametrize("call", ["stat", "scandir"])
@pytest.mark.parametrize("name", ["EIO", "ESTALE", "EACCES"])
def test_a_disk_that_fails_while_a_folder_is_listed_loses_no_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, call: str, name: str
) -> None:
    true = getattr(os, call)

    def patched(path: Any, *rest: Any, **more: Any) -> Any:
        at = os.fsencode(path) if isinstance(path, bytes | str) else b""
        return failing(name)(path) if at.endswith((b"deep", b"b.jpg")) else true(path, *rest, **more)

    monkeypatch.setattr(os, call, patched)
    with pytest.raises(SourceError, match=r"'deep.*' cannot be read: .*; the same command"):
        entries(folder)


def test_what_a_mode_keeps_from_this_user_is_a_rejection(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.jpg").chmod(0)
    # Root may read any file, so the error is simulated.
    monkeypatch.setattr(local, "_open_without_waiting", failing("EACCES"))
    assert entries(folder) == [("a.jpg", "unreadable"), ("deep/b.jpg", "image")]
    monkeypatch.undo()
    (folder / "deep").chmod(0)
    scandir = os.scandir
    patched = lambda path: failing("EACCES")(path) if path.endswith(b"deep") else scandir(path)  # noqa: E731
    monkeypatch.setattr(os, "scandir", patched)
    (folder / "a.jpg").chmod(0o400)
    assert entries(folder) == [("a.jpg", "image"), ("deep", "unreadable_folder")]
    (folder / "deep").chmod(0o700)


def test_a_privilege_opens_what_a_mode_does_not(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "a.jpg").chmod(0)
    monkeypatch.setattr(local, "_open_without_waiting", lambda *_: os.open(os.devnull, os.O_RDONLY))
    assert entries(folder)[0] == ("a.jpg", "image")


def test_times_far_ahead_are_stamps_as_well(folder: Path) -> None:
    for seconds in (1e10, -1e10):
        os.utime(folder / "a.jpg", (seconds, seconds))
        item = next(entry for entry in Folder(path=str(folder)).items() if isinstance(entry, Item))
        assert -(2**63) <= item.stamp < 2**63
        assert item.stamp != 0
        Folder(path=str(folder)).open(item).close()


def test_a_source_with_nothing_usable_is_listed_anew(folder: Path, tmp_path: Path) -> None:
    place = tmp_path / "plan"
    place.mkdir()
    recipe = recipe_with([{"task": "video_flip"}], source={"kind": "folder", "path": str(folder)})
    with pytest.raises(SourceError, match="has no video"):
        make_plan(recipe, place=place)
    (folder / "c.mp4").write_bytes(b"x")
    assert make_plan(recipe, place=place).items == 1


SPOILED: dict[str, Callable[[Path], Any]] = {
    "metadata.csv": lambda path: path.chmod(0),
    "metadata.parquet": lambda path: path.write_bytes(b"PAR1 and no more"),
    "metadata.jsonl": lambda path: path.write_bytes(b'{"file_name": "a.jpg", "licence": "\xe9"}'),
    "deep/metadata.csv": lambda path: path.symlink_to("gone.csv"),
}


@pytest.mark.parametrize("name", SPOILED)
def test_metadata_that_cannot_be_read_end_the_build(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Without metadata, files with a denied licence would be used."""
    if "deep" not in name:
        (folder / name).write_text("file_name,licence\na.jpg,CC-BY-NC-4.0\n")
    SPOILED[name](folder / name)
    if name == "metadata.csv":
        monkeypatch.setattr(local, "_open_without_waiting", failing("EACCES"))
    with pytest.raises(SourceError, match=rf"'{name}' cannot be read \(.*\), so licences and questions"):
        entries(folder)


def test_a_disk_that_fails_while_metadata_are_looked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scandir = os.scandir
    patched = lambda path: failing("ESTALE")(path) if path.endswith(b"deep") else scandir(path)  # noqa: E731
    monkeypatch.setattr(os, "scandir", patched)
    with pytest.raises(SourceError, match="'deep' cannot be read: "):
        local.named(folder, {"metadata.csv"})


def unreadable(folder: Path, name: str, stamp: int = 0) -> BinaryIO:
    """Open a file whose disk then fails, simulated by a file descriptor of a folder."""
    file = local_open(folder, name, stamp)
    there = os.open(folder, os.O_RDONLY)
    os.dup2(there, file.fileno())
    os.close(there)
    return file


local_open = local.open_inside


def ends_when_read(source: Folder | Parquet, item: Item, name: str) -> None:
    """Check that listing the source and opening its item both name the file that cannot be read."""
    for read in (lambda: list(source.items()), lambda: source.open(item).read()):
        with pytest.raises(SourceError, match=rf"'{re.escape(name)}' cannot be read: .*; the same command"):
            read()


def test_a_disk_that_fails_under_a_table_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pq.write_table(pa.table({"image": [b"x"]}), folder / "t.parquet")
    source = Parquet(path=str(folder / "t.parquet"), media={"image": "image"})
    (item,) = source.items()
    assert isinstance(item, Item)
    monkeypatch.setattr(local, "open_inside", unreadable)
    ends_when_read(source, item, "t.parquet")


def test_no_room_to_unpack_is_no_damage(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(folder / "c.zip", "w") as zipped:
        zipped.write(folder / "a.jpg", "x.jpg")
    (item,) = Folder(path=str(folder / "c.zip")).items()
    assert isinstance(item, Item)
    monkeypatch.setattr(shutil, "copyfileobj", failing("ENOSPC"))
    with pytest.raises(SourceError, match=r"cannot be unpacked to '.*': No space left on device; free space there"):
        Folder(path=str(folder / "c.zip")).open(item)


@pytest.mark.parametrize("suffix", ["zip", "tar"])
def test_a_disk_that_fails_under_an_archive_is_no_damage(
    folder: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    if suffix == "zip":
        with zipfile.ZipFile(folder / "c.zip", "w") as zipped:
            zipped.write(folder / "a.jpg", "x.jpg")
    else:
        with tarfile.open(folder / "c.tar", "w") as taped:
            taped.add(folder / "a.jpg", "x.jpg")
    source = Folder(path=str(folder / f"c.{suffix}"))
    (item,) = source.items()
    assert isinstance(item, Item)
    monkeypatch.setattr(local, "open_inside", unreadable)
    ends_when_read(source, item, f"c.{suffix}")
