"""What a push deletes of an earlier build, and what it refuses to touch."""

from __future__ import annotations

from typing import Any

import pytest

from puzzlegen.errors import PushError
from puzzlegen.push import _describe
from puzzlegen.replacing import files_to_delete

BASE = {"README.md", "manifest.json", "rejections.parquet"}


def manifest(data: set[str], *, seed: int = 1, limit: int | None = None, listing: str = "a", **recipe: Any) -> Any:
    return {
        "recipe": {"seed": seed, "tasks": [{"task": "rotation"}], "source": {"kind": "folder"}, **recipe},
        "limit": limit,
        "source": {"items": 3, "listing": listing},
        "shards": [{"files": [{"path": path} for path in sorted(data)]}],
        "assets": [{"path": "rejections.parquet"}, {"path": "assets/rotation.jpg"}],
    }


def deleted(earlier: Any, *, extra: set[str] = frozenset(), new: Any = None, replace: bool = False) -> list[str]:  # type: ignore[assignment]
    built = new or manifest({"data/image/train-0.parquet"})
    files = BASE | {file["path"] for file in built["shards"][0]["files"]} | {"assets/rotation.jpg"}
    present = BASE | {"assets/rotation.jpg", ".gitattributes"} | {f["path"] for f in earlier["shards"][0]["files"]}
    return files_to_delete("me/p", present | extra, files, built, earlier, replace=replace)


def test_only_files_of_the_earlier_build_go() -> None:
    earlier = manifest({"data/image/train-0.parquet", "data/image/train-1.parquet"}, seed=2)
    assert deleted(earlier) == ["data/image/train-1.parquet"]
    assert deleted(earlier, extra={"audit.html", "notes.txt"}) == ["audit.html", "data/image/train-1.parquet"]


@pytest.mark.parametrize("name", ["data/my_corpus.parquet", "assets/logo.png"])
def test_files_of_neither_build_are_named_and_kept(name: str) -> None:
    for replace in (False, True):
        with pytest.raises(PushError, match=rf"1 files in data/ or assets/ that are of neither build \({name}\)"):
            deleted(manifest({"data/image/train-0.parquet"}), extra={name}, replace=replace)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"tasks": [{"task": "jigsaw"}]}, "other tasks"),
        ({"source": {"kind": "hub", "name": "a/b"}, "splits": {"test": 0.1}}, "other source, splits"),
        ({"listing": "b"}, "other media"),
    ],
)
def test_another_build_is_replaced_only_if_that_is_asked(changes: dict[str, Any], what: str) -> None:
    earlier = manifest({"data/image/test-0.parquet"}, **changes)
    with pytest.raises(PushError, match=rf"another build \({what}\), whose 2 files would .*test-0.*--replace"):
        deleted(earlier)
    assert deleted(earlier, replace=True) == ["data/image/test-0.parquet"]


@pytest.mark.parametrize("changes", [{"seed": 9, "listing": "b"}, {"limit": 5, "listing": "b"}, {}])
def test_a_build_of_the_same_recipe_replaces_the_earlier_one(changes: dict[str, Any]) -> None:
    assert deleted(manifest(set(), **changes)) == []


def test_a_cause_that_says_the_same_is_not_repeated() -> None:
    pytest.importorskip("huggingface_hub", reason='push needs huggingface_hub: pip install "puzzlegen[push]"')
    assert _describe([ConnectionError("no network"), ConnectionError("no network")]) == "ConnectionError: no network"
    assert _describe([ValueError("x"), OSError("y")]) == "ValueError: x Cause: OSError: y"
