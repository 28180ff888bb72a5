"""Push to a fake Hub on loopback: byte for byte, resumed after an outage, refused where it must be, and read back."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hub as hubs
import pytest
from browser import artefacts
from conftest import tree_bytes

from puzzlegen.reading import files_of, manifest_of, read_rows

pytestmark = pytest.mark.slow

TOKEN = "hf_dontshowthis"  # noqa: S105 - the fake Hub accepts any token
#: Runs the command line without the pauses of the client between attempts.
IMPATIENT = "import time; time.sleep = lambda s: None; from puzzlegen.cli import main; main()"
LOAD = """
import hashlib, json, os, sys
from datasets import load_dataset

def told(row, media):
    files = [hashlib.sha256(m["bytes"]).hexdigest() for m in row[media]]
    return [row["id"], row["problem"], row["ground_truth"], row["extra_info"]["source_uri"], *files]

found = {}
for config, split in json.loads(sys.argv[2]):
    media = "videos" if config == "video" else "images"
    for streaming in (False, True):
        rows = load_dataset(sys.argv[1], config, split=split, streaming=streaming)
        if media == "images":
            from datasets import Image
            rows = rows.cast_column("images", [Image(decode=False)])
        found[f"{config} {split} {streaming}"] = [told(row, media) for row in rows]
print(json.dumps(found), flush=True)
os._exit(0)  # threads that read ahead for a stream abort an interpreter that ends meanwhile
"""


class Done(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def hub() -> Iterator[hubs.Hub]:
    with hubs.running() as found:
        yield found


@pytest.fixture
def folder(mixed_build: Path, tmp_path: Path) -> Path:
    shutil.copytree(mixed_build, tmp_path / "build")
    (tmp_path / "build" / "secrets.env").write_text("not part of a build")
    return tmp_path / "build"


def environment(hub: hubs.Hub, home: Path, **extra: str) -> dict[str, str]:
    ours = {"HF_ENDPOINT": hub.url, "HF_HUB_DISABLE_XET": "1", "HF_HOME": str(home), "HF_TOKEN": TOKEN}
    return {**os.environ, **ours, "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", **extra}


def push(hub: hubs.Hub, folder: Path, *arguments: str, **extra: str) -> Done:
    command = [sys.executable, "-c", IMPATIENT, "push", str(folder), *arguments]
    env = environment(hub, folder.parent / "home", **extra)
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert "Traceback" not in done.stderr, done.stderr
    assert TOKEN not in done.stdout + done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def published(folder: Path) -> dict[str, bytes]:
    return {name: data for name, data in tree_bytes(folder).items() if name != "secrets.env"}


def arrived(hub: hubs.Hub, repo: str, revision: str = "main") -> dict[str, bytes]:
    return {name: d for name, d in hub.repos[repo].revisions[revision].items() if name != ".gitattributes"}


def test_an_outage_is_gone_on_from_and_rows_load_as_they_were_built(hub: hubs.Hub, folder: Path) -> None:
    large = {
        hashlib.sha256(data).hexdigest() for name, data in published(folder).items() if name.endswith(hubs.LFS_SUFFIXES)
    }
    hub.objects_left = 2
    done = push(hub, folder, "me/puzzles", "--private")
    assert done.code == 2
    assert done.err.splitlines()[-1].startswith("pushing to 'me/puzzles' stopped")
    assert "Cause: HTTPStatusError: Server error '503 Service Unavailable'" in done.err
    assert done.err.endswith("the same command goes on from there\n")
    before = hub.sent_objects()
    assert len(before) == 2
    assert arrived(hub, "me/puzzles") == {}

    trace = ["before the outage", *map(str, hub.requests)]
    begun = len(hub.requests)

    hub.objects_left = None
    done = push(hub, folder, "me/puzzles", "--private", "--json")
    trace += ["after the outage", *map(str, hub.requests[begun:])]
    (artefacts() / "push-trace.txt").write_text("\n".join(trace))
    assert done.code == 0, done.err
    after = hub.sent_objects()[2:]
    assert not set(before) & set(after)
    assert {*before, *after} == large
    assert arrived(hub, "me/puzzles") == published(folder)
    assert hub.repos["me/puzzles"].private
    assert json.loads(done.out)["files"] == len(published(folder))
    assert all(request.authorised for request in hub.requests if request.path.startswith("/api/"))

    assert loaded(hub, folder, "me/puzzles") == local(folder)


def loaded(hub: hubs.Hub, folder: Path, repo: str) -> dict[str, Any]:
    """Return the rows that ``datasets`` reads from the repository, by config, split and whether they were streamed."""
    env = environment(hub, folder.parent / "reader")
    command = [sys.executable, "-c", LOAD, repo, json.dumps(configs(folder))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=env)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def configs(folder: Path) -> list[tuple[str, str]]:
    return [(config, split) for config, splits in manifest_of(folder)["rows"].items() for split in splits]


def local(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for config, split in configs(folder):
        media = "videos" if config == "video" else "images"
        paths = [f["path"] for f in files_of(manifest_of(folder)) if f["path"].startswith(f"data/{config}/{split}-")]
        rows = [row for path in sorted(paths) for row in read_rows(folder / path)]
        told = [
            [row["id"], row["problem"], row["ground_truth"], row["extra_info"]["source_uri"]]
            + [hashlib.sha256(m["bytes"]).hexdigest() for m in row[media]]
            for row in rows
        ]
        found |= {f"{config} {split} {streaming}": told for streaming in (False, True)}
    return found


def test_what_a_later_build_no_longer_has_goes_and_nothing_is_sent_twice(hub: hubs.Hub, folder: Path) -> None:
    done = push(hub, folder, "puzzles")
    assert (done.code, done.out.endswith("; 0 files of an earlier build deleted\n")) == (0, True), done.err
    sent = len(hub.sent_objects())
    tree = hub.repos["somebody/puzzles"].revisions["main"]
    gone = "data/image/train-00009-of-00010.parquet"
    earlier = json.loads(tree["manifest.json"])
    earlier["recipe"]["seed"] += 1
    earlier["shards"][0]["files"].append(earlier["shards"][0]["files"][0] | {"path": gone})
    tree["manifest.json"] = json.dumps(earlier).encode()
    tree[gone] = b"of an older build"
    tree["notes.txt"] = b"somebody's"
    planned = push(hub, folder, "puzzles", "--dry-run").out.splitlines()
    assert planned[-3:] == ["would delete 1 files", f"  {gone}", "nothing was sent"]
    done = push(hub, folder, "puzzles")
    assert done.out.endswith("; 1 files of an earlier build deleted\n"), done.err
    assert len(hub.sent_objects()) == sent
    assert arrived(hub, "somebody/puzzles") == {**published(folder), "notes.txt": b"somebody's"}


def test_what_is_not_of_an_earlier_build_stays(hub: hubs.Hub, folder: Path) -> None:
    corpus = {"data/my_corpus.parquet": b"mine", "notes.txt": b"mine"}
    manifest = (folder / "manifest.json").read_bytes()
    other = json.loads(manifest)
    other["recipe"]["tasks"].pop()
    for name, tree, said in [
        ("me/other", {**corpus, "manifest.json": b'{"something":"else"}'}, "manifest.json that is not of a build"),
        ("me/beside", {**corpus, "manifest.json": manifest}, "neither build (data/my_corpus.parquet)"),
        ("me/differs", {"manifest.json": json.dumps(other).encode()}, "holds another build (other tasks)"),
        ("me/corpus", {next(n for n in published(folder) if n.startswith("data/")): b"mine"}, "holds something else"),
    ]:
        hub.repos[name] = hubs.Repo(private=False)
        hub.repos[name].revisions["main"] = dict(tree)
        for arguments in ([], ["--dry-run"]):
            done = push(hub, folder, name, *arguments)
            assert (done.code, said in done.err) == (2, True), done
        assert hub.repos[name].revisions["main"] == tree
    assert hub.sent_objects() == []
    assert push(hub, folder, "me/differs", "--replace").code == 0


def test_an_upload_that_stopped_between_two_commits_is_gone_on_with(hub: hubs.Hub, folder: Path) -> None:
    """The client commits a large folder in parts, the manifest not first."""
    data = {name: content for name, content in published(folder).items() if name.startswith("data/")}
    hub.repos["me/puzzles"] = hubs.Repo(private=False)
    hub.repos["me/puzzles"].revisions["main"] = data
    assert push(hub, folder, "me/puzzles").code == 0
    assert arrived(hub, "me/puzzles") == published(folder)


def test_a_pull_request_is_gone_on_with(hub: hubs.Hub, folder: Path) -> None:
    hub.objects_left = 1
    assert push(hub, folder, "me/puzzles", "--create-pr").code == 2
    hub.objects_left = None
    done = push(hub, folder, "me/puzzles", "--create-pr")
    assert done.code == 0, done.err
    assert "/discussions/1" in done.out
    assert list(hub.repos["me/puzzles"].revisions) == ["main", "refs/pr/1"]
    assert arrived(hub, "me/puzzles", "refs/pr/1") == published(folder)
    assert arrived(hub, "me/puzzles") == {}


def test_a_branch_is_made_and_main_left_alone(hub: hubs.Hub, folder: Path) -> None:
    assert push(hub, folder, "me/puzzles", "--revision", "v2").code == 0
    assert arrived(hub, "me/puzzles", "v2") == published(folder)
    assert arrived(hub, "me/puzzles") == {}


def test_a_dry_run_lists_what_would_be_sent_and_sends_nothing(hub: hubs.Hub, folder: Path) -> None:
    done = push(hub, folder, "me/puzzles", "--private", "--dry-run", "--json", HF_TOKEN="")
    assert done.code == 0, done.err
    planned = json.loads(done.out)
    assert planned["files"] == {name: len(data) for name, data in published(folder).items()}
    assert planned["bytes"] == sum(planned["files"].values())
    assert (planned["repo"], planned["target"], planned["visibility"]) == ("me/puzzles", "branch main", "private")
    assert (planned["deleted"], planned["note"]) == ([], "the repository does not exist, or is hidden from you")
    lines = push(hub, folder, "me/puzzles", "--create-pr", "--dry-run").out.splitlines()
    assert lines[0].endswith("to a pull request of the dataset 'me/puzzles' (public, unless it exists as private)")
    assert (len(lines), lines[-1]) == (len(planned["files"]) + 3, "nothing was sent")
    done = push(hub, folder, "me/puzzles", "--dry-run", HF_ENDPOINT="http://127.0.0.1:9")
    assert done.code == 0, done.err
    assert "\nwhether files would be deleted is not known: ConnectError" in done.out
    next((folder / "data").rglob("*.parquet")).write_bytes(b"")
    assert "is not what was built" in push(hub, folder, "me/puzzles", "--dry-run").err
    assert {request.method for request in hub.requests} == {"GET"}


def test_what_must_not_be_pushed_is_refused_before_anything_is_sent(hub: hubs.Hub, folder: Path) -> None:
    for arguments in ([], ["--dry-run"]):
        done = push(hub, folder, "bad name!!", *arguments)
        assert (done.code, done.err[:47]) == (2, "'bad name!!' cannot be the name of a dataset; g")
    shard = next((folder / "data").rglob("*.parquet"))
    good = shard.read_bytes()
    shard.write_bytes(good[:-1] + b"!")
    done = push(hub, folder, "me/puzzles")
    assert done.code == 2
    assert "its bytes changed" in done.err
    assert hub.requests == []
    shard.write_bytes(good)
    assert "no token" in push(hub, folder, "me/puzzles", HF_TOKEN="").err
    assert "exclude each other" in push(hub, folder, "me/puzzles", "--create-pr", "--revision", "x").err
    assert hub.requests == []
    hub.repos["me/photos"] = hubs.Repo(private=False)
    hub.repos["me/photos"].revisions["main"] = {"data/cat.jpg": b"a cat"}
    assert "holds something else (data/cat.jpg)" in push(hub, folder, "me/photos").err
    assert "exists and is public" in push(hub, folder, "me/photos", "--private").err
    assert hub.sent_objects() == []
