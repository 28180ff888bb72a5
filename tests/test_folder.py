"""The folder source takes suffixes in any case, in a stable order, opens nothing outside, and reports every file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from puzzlegen.errors import Unusable
from puzzlegen.records import Item, Skipped
from puzzlegen.sources.folder import Folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "media"
    (root / "B" / "deep").mkdir(parents=True)
    (root / ".cache").mkdir()
    for name in (
        "b.JPG",
        "a.jpeg",
        "B/deep/clip.MoV",
        "B/x.WebP",
        "notes.txt",
        ".hidden.png",
        "50% off\n.png",
    ):
        (root / name).write_bytes(b"x")
    (tmp_path / "secret.jpg").write_bytes(b"s")
    (root / "escape.jpg").symlink_to(tmp_path / "secret.jpg")
    (root / "inside.jpg").symlink_to(root / "a.jpeg")
    (root / "dangling.png").symlink_to(root / "nothing.png")
    (root / "loop").symlink_to(root)
    os.mkfifo(root / "pipe.jpg")
    with open(os.fsencode(root) + b"/caf\xe9.png", "wb") as file:  # noqa: PTH123 - the name is not UTF-8
        file.write(b"latin")
    return root


def test_everything_is_listed_once_in_order_of_names(folder: Path) -> None:
    found = list(Folder(path=folder).items())
    assert [entry.id for entry in found] == sorted(entry.id for entry in found)
    items = {entry.id: entry.kind for entry in found if isinstance(entry, Item)}
    assert items == {
        "50%25 off%0A.png": "image",
        "B/deep/clip.MoV": "video",
        "B/x.WebP": "image",
        "a.jpeg": "image",
        "b.JPG": "image",
        "caf%E9.png": "image",
        "inside.jpg": "image",
    }
    assert {entry.id: entry.reason for entry in found if isinstance(entry, Skipped)} == {
        ".cache": "hidden",
        ".hidden.png": "hidden",
        "dangling.png": "unreadable",
        "escape.jpg": "outside_source",
        "loop": "linked_folder",
        "notes.txt": "unsupported_file",
        "pipe.jpg": "not_a_file",
    }


def test_ids_do_not_depend_on_where_the_folder_lies(folder: Path, tmp_path: Path) -> None:
    before = list(Folder(path=folder).items())
    moved = folder.rename(tmp_path / "elsewhere")
    (moved / "inside.jpg").unlink()
    (moved / "inside.jpg").symlink_to("a.jpeg")
    (moved / "loop").unlink()
    (moved / "loop").symlink_to(".")
    assert list(Folder(path=moved).items()) == before


def test_odd_names_open(folder: Path) -> None:
    source = Folder(path=folder)
    contents = {}
    for item in source.items():
        if isinstance(item, Item):
            with source.open(item) as file:
                contents[item.id] = file.read()
    assert contents["caf%E9.png"] == b"latin"
    assert contents["50%25 off%0A.png"] == b"x"


@pytest.mark.parametrize(
    ("item_id", "reason"),
    [
        ("../secret.jpg", "outside_source"),
        ("../no_such_secret.jpg", "outside_source"),
        ("escape.jpg", "outside_source"),
        ("gone.jpg", "unreadable"),
        ("pipe.jpg", "not_a_file"),
        ("B", "unreadable"),
    ],
)
def test_what_is_no_file_inside_is_refused_when_opened(folder: Path, item_id: str, reason: str) -> None:
    with pytest.raises(Unusable) as caught:
        Folder(path=folder).open(Item(item_id, "image"))
    assert caught.value.reason == reason


def test_a_folder_that_is_another_one_meanwhile_is_read_where_it_lies(tmp_path: Path) -> None:
    link = tmp_path / "latest"
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").write_bytes(name.encode())
        link.unlink(missing_ok=True)
        link.symlink_to(tmp_path / name)
        with Folder(path=link).open(Item("a.jpg", "image")) as file:
            assert file.read() == name.encode()


def test_a_missing_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is missing.*; give an existing folder"):
        Folder(path=tmp_path / "none")
