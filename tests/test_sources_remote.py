"""Sources and output at URLs: S3 from a real server on loopback, HTTP with failures, memory."""

from __future__ import annotations

import functools
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import recipe_with, taped, tree_bytes

from puzzlegen.building import build
from puzzlegen.errors import IntegrityError, OutputError, RecipeError, SourceError
from puzzlegen.files import remote, tree_at
from puzzlegen.output import folder_at
from puzzlegen.preview.target import preview_of
from puzzlegen.recipe import load_recipe, source_at
from puzzlegen.records import Item, Skipped
from puzzlegen.sources.folder import Folder

pytest.importorskip("fsspec", reason="the extra 'remote' is not installed")
pytest.importorskip("aiohttp", reason="the extra 'remote' is not installed")
pytest.importorskip("upath", reason="the extra 'remote' is not installed")
TASKS = [{"task": "position"}]


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("media") / "photos"
    (folder / "deep").mkdir(parents=True)
    source = recipe_with(TASKS).source
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            (folder / "deep" / f"{item.id}.jpg").write_bytes(file.read())
    with zipfile.ZipFile(folder / "more.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "deep" / "image-000000.jpg", "in/zipped.jpg")
    (folder / "notes.txt").write_text("no medium")
    return folder


@pytest.fixture(scope="module")
def built_here(media: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    out = tmp_path_factory.mktemp("builds") / "here"
    recipe = recipe_with(TASKS, source={"kind": "folder", "path": str(media)}, output={"shard_size": 2})
    assert build(recipe, out, workers=1).manifest is not None
    return tree_bytes(out)


class Served(http.server.SimpleHTTPRequestHandler):
    """A file server without ranges, whose first ``fails`` responses for each path are the error ``status``."""

    fails = 0
    status = 503
    seen: ClassVar[Counter[str]] = Counter()

    def send_head(self) -> Any:
        self.seen[self.path] += 1
        if self.seen[self.path] <= self.fails:
            self.send_error(self.status)
            return None
        return super().send_head()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(media: Path) -> Iterator[tuple[str, type[Served]]]:
    handler = type("Handler", (Served,), {"seen": Counter(), "fails": 0})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(handler, directory=str(media))) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}", handler
        found.shutdown()


def content(source: Folder) -> dict[str, bytes]:
    found = {}
    for item in source.items():
        if isinstance(item, Item):
            with source.open(item) as file:
                found[item.id] = file.read()
    return found


def test_http_gives_what_the_folder_gives(server: tuple[str, type[Served]], media: Path) -> None:
    url, _ = server
    assert content(Folder(path=url)) == content(Folder(path=media))
    assert content(Folder(path=f"{url}/more.zip")) == content(Folder(path=media / "more.zip"))
    assert [e.id for e in Folder(path=url).items() if isinstance(e, Skipped)] == ["notes.txt"]


def test_what_fails_for_a_while_is_tried_again(
    server: tuple[str, type[Served]], media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = server
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    handler.fails = 1
    assert content(Folder(path=url)) == content(Folder(path=media))
    assert 0.5 in waits


@pytest.mark.parametrize("status", [404, 500])
def test_a_folder_that_its_server_does_not_list_is_missed(
    server: tuple[str, type[Served]], monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    url, handler = server
    monkeypatch.setattr(time, "sleep", lambda _: None)
    handler.status = status
    send = handler.send_head

    def refusing(self: Served) -> Any:
        if self.path.startswith("/deep") and self.path.rstrip("/") == "/deep":
            self.send_error(status)
            return None
        return send(self)

    monkeypatch.setattr(handler, "send_head", refusing)
    with pytest.raises(SourceError, match=r"/deep' (is listed by its server|cannot be read)"):
        list(Folder(path=url).items())


def test_what_fails_for_good_ends_the_build_and_not_the_item(
    server: tuple[str, type[Served]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, handler = server
    monkeypatch.setattr(time, "sleep", lambda _: None)
    source = Folder(path=url)
    item = next(item for item in source.items() if isinstance(item, Item))
    handler.fails = 1000
    with pytest.raises(
        SourceError, match=r"image-000000\.jpg' cannot be read: (ClientResponseError|FileNotFoundError)"
    ):
        source.open(item)
    assert handler.seen[f"/{item.id}"] == remote.TRIES
    handler.status = 403
    handler.seen.clear()
    with pytest.raises(SourceError):
        source.open(item)
    assert handler.seen[f"/{item.id}"] == 1


def test_a_file_that_is_gone_is_the_items_own_fault(server: tuple[str, type[Served]]) -> None:
    with pytest.raises(Exception, match="unreadable: no such file"):
        Folder(path=server[0]).open(Item("gone.jpg", "image"))
    for name in ("../secret.jpg", "a/../../b.jpg"):
        with pytest.raises(Exception, match="outside_source"):
            Folder(path=server[0]).open(Item(name, "image"))


@pytest.mark.parametrize(
    "url", ["https://me:word@host/x", "s3://key:secret@bucket/x", "https://host/x?X-Amz-Signature=secret"]
)
def test_credentials_in_a_url_are_refused_without_being_shown(url: str) -> None:
    with pytest.raises(ValueError, match="holds a password or a signature") as caught:
        Folder(path=url)
    told = str(caught.value).split("[type=")[0]
    assert "word@" not in told
    assert "secret" not in told
    with pytest.raises(OutputError) as refused:
        folder_at(url)
    assert "secret" not in str(refused.value)
    with pytest.raises(RecipeError) as mistaken:
        load_recipe("quickstart", source=url)
    assert "secret" not in str(mistaken.value)
    assert "word@" not in str(mistaken.value)


def test_unknown_protocols_are_refused() -> None:
    for url in ("ftp://host/x", "file:///etc", "simplecache::s3://bucket/x"):
        with pytest.raises(ValueError, match="is not a URL that can be read; known: s3, gs, hf"):
            Folder(path=url)
    with pytest.raises(OutputError, match="cannot be written to"):
        folder_at("https://host/out")


def test_source_option_takes_urls() -> None:
    assert source_at("s3://bucket/photos", {"kind": "folder"}) == {"kind": "folder", "path": "s3://bucket/photos"}
    assert source_at("s3://bucket/rows.jsonl", {})["kind"] == "manifest"
    assert source_at("s3://bucket/a.parquet", {"kind": "parquet"})["kind"] == "parquet"
    assert source_at("s3://bucket/tars", {"kind": "webdataset"})["kind"] == "webdataset"
    assert source_at("hf://datasets/me/photos", {}) == {"kind": "hub", "name": "me/photos"}


def test_the_kind_of_a_source_behind_a_url_shows_in_its_names(
    media: Path, tmp_path: Path, server: tuple[str, type[Served]]
) -> None:
    import fsspec

    memory, picture = fsspec.filesystem("memory"), (media / "deep" / "image-000000.jpg").read_bytes()
    pq.write_table(pa.table({"image": [picture]}), tmp_path / "a.parquet")
    taped(tmp_path / "a.tar", {"0.jpg": picture, "0.json": b"{}"})
    for name, kind in (("a.parquet", "parquet"), ("a.tar", "webdataset")):
        memory.pipe_file(f"/of-{kind}/{name}", (tmp_path / name).read_bytes())
        assert source_at(f"memory://of-{kind}", {})["kind"] == kind
        assert source_at(f"memory://of-{kind}/{name}", {})["kind"] == kind
    memory.pipe_file("/of-parquet/notes.jpg", picture)
    assert source_at("memory://of-parquet/", {})["kind"] == "parquet"
    memory.pipe_file("/of-webdataset/loose.jpg", picture)
    assert source_at("memory://of-webdataset", {})["kind"] == "folder"
    assert source_at("memory://nothing", {})["kind"] == "folder"
    assert source_at(server[0], {})["kind"] == "folder"
    assert tree_at(server[0]).names() == ["deep/", "more.zip", "notes.txt"]


def test_memory_is_a_source_and_an_output(media: Path, built_here: dict[str, bytes]) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for path in media.rglob("*"):
        if path.is_file():
            memory.pipe_file(f"/in/{path.relative_to(media).as_posix()}", path.read_bytes())
    recipe = recipe_with(TASKS, source={"kind": "folder", "path": "memory://in"}, output={"shard_size": 2})
    out = folder_at("memory://out")
    assert build(recipe, out).manifest is not None
    assert build(recipe, out).made == 0
    found = {p: memory.cat_file(p) for p in memory.find("/out") if "/.puzzlegen/" not in p}
    assert {path.removeprefix("/out/"): data for path, data in found.items()} == built_here


def test_tars_and_their_indexes_are_written_behind_a_url(tmp_path: Path) -> None:
    import fsspec

    recipe = recipe_with(TASKS, output={"format": "webdataset", "shard_size": 2})
    assert build(recipe, folder_at("memory://tars"), workers=1).manifest is not None
    assert build(recipe, tmp_path / "here", workers=1).manifest is not None
    memory = fsspec.filesystem("memory")
    found = {p.removeprefix("/tars/"): memory.cat_file(p) for p in memory.find("/tars") if "/.puzzlegen/" not in p}
    assert found == tree_bytes(tmp_path / "here")
    assert any(path.endswith(".tar.idx") for path in found)


@pytest.mark.slow
def test_a_build_behind_a_url_is_previewed(tmp_path: Path) -> None:
    out = "memory://seen"
    with pytest.raises(IntegrityError, match=r"'memory://seen/?' has no manifest.json; there is no such folder"):
        preview_of(out, tmp_path, limit=None, source=None, overrides=())
    assert build(recipe_with(TASKS), folder_at(out), workers=1).manifest is not None
    made = preview_of(out, tmp_path, limit=None, source=None, overrides=())
    assert made.page == tmp_path / "seen.html"
    assert made.puzzles == made.of == made.originals > 0
    with pytest.raises(RecipeError, match="is not a recipe: recipes are local files"):
        preview_of("memory://seen/recipe.yaml", tmp_path, limit=None, source=None, overrides=())


def test_an_output_below_its_source_is_left_out_of_the_listing(media: Path) -> None:
    import fsspec

    memory = fsspec.filesystem("memory")
    for name in ("image-000000", "image-000001"):
        memory.pipe_file(f"/both/{name}.jpg", (media / "deep" / f"{name}.jpg").read_bytes())
    recipe = recipe_with(TASKS, source={"kind": "folder", "path": "memory://both"})
    out = folder_at("memory://both/deep/out")
    assert build(recipe, out).manifest is not None
    assert build(recipe, out).made == 0
    found = list(Folder(path="memory://both").items())
    assert [entry.id for entry in found] == ["deep/out", "image-000000.jpg", "image-000001.jpg"]
    assert found[0] == Skipped("deep/out", "build")


@pytest.fixture(scope="module")
def s3(media: Path) -> Iterator[dict[str, str]]:
    """An S3 server with the media in a bucket; yields the environment variables to reach it."""
    moto = pytest.importorskip("moto.server", reason="moto[server] is not installed")
    pytest.importorskip("s3fs", reason="the extra 'remote' is not installed")
    server = moto.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    secret = "wJalrXUtnFEMI"  # noqa: S105 - an example
    found = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    script = (
        "import s3fs, sys\nfs = s3fs.S3FileSystem()\nfs.mkdir('bucket')\n"
        f"fs.put({str(media)!r} + '/', 'bucket/photos/', recursive=True)"
    )
    subprocess.run([sys.executable, "-c", script], env=os.environ | found, check=True, capture_output=True)
    yield found
    server.stop()


def run(s3: dict[str, str], *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "puzzlegen", *arguments]
    done = subprocess.run(command, env=os.environ | s3, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    return done


@pytest.fixture(scope="module")
def recipe_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("recipe") / "r.yaml"
    path.write_text(
        "seed: 5\nsource: {kind: folder, path: 's3://bucket/photos'}\ntasks: [{task: position}]\n"
        "output: {shard_size: 2}\n"
    )
    return path


def test_s3_to_s3_gives_the_bytes_of_a_build_here(
    s3: dict[str, str], recipe_file: Path, built_here: dict[str, bytes], tmp_path: Path
) -> None:
    """Builds and verifies on S3, and has nothing to do on a second build; no file or message contains credentials."""
    out = "s3://bucket/out"
    told = run(s3, "build", str(recipe_file), "--out", out, "--workers", "2")
    again = run(s3, "build", str(recipe_file), "--out", out, "--workers", "1", "--json")
    assert json.loads(again.stdout)["shards_made"] == 0
    verified = run(s3, "verify", out, "--replay", "3")
    assert "3 rebuilt from source: all as built" in verified.stdout
    script = f"import s3fs; s3fs.S3FileSystem().get('bucket/out/', {str(tmp_path / 'copy')!r}, recursive=True)"
    subprocess.run([sys.executable, "-c", script], env=os.environ | s3, check=True, capture_output=True)
    assert tree_bytes(tmp_path / "copy") == built_here
    everything = b"".join(path.read_bytes() for path in (tmp_path / "copy").rglob("*") if path.is_file())
    said = told.stdout + told.stderr + again.stderr + verified.stderr
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert s3[name].encode() not in everything
        assert s3[name] not in said


@pytest.mark.ray
def test_tasks_of_ray_write_to_s3(
    s3: dict[str, str], recipe_file: Path, built_here: dict[str, bytes], tmp_path: Path
) -> None:
    """Each Ray task makes its files on its own node and uploads them when they are complete."""
    pytest.importorskip("ray", reason='needs pip install "puzzlegen[ray]"')
    own = {"RAY_AUTH_MODE": "disabled", "RAY_USAGE_STATS_ENABLED": "0"}
    out = "s3://bucket/ray"
    run(s3 | own, "build", str(recipe_file), "--out", out, "--engine", "ray", "--workers", "1")
    script = f"import s3fs; s3fs.S3FileSystem().get('bucket/ray/', {str(tmp_path / 'copy')!r}, recursive=True)"
    subprocess.run([sys.executable, "-c", script], env=os.environ | s3, check=True, capture_output=True)
    assert tree_bytes(tmp_path / "copy") == built_here


def test_s3_refusals_are_one_line(s3: dict[str, str], recipe_file: Path, tmp_path: Path) -> None:
    gone = run(s3, "build", str(recipe_file), "--source", "s3://bucket/none", "--out", str(tmp_path / "a"), code=2)
    assert gone.stderr == "'s3://bucket/none' is missing or empty\n"
    nowhere = run(s3, "build", str(recipe_file), "--out", "s3://other/out", code=2)
    assert len([line for line in nowhere.stderr.splitlines() if not line.startswith("{")]) == 1


def test_a_table_behind_s3_with_media_beside_it(s3: dict[str, str], tmp_path: Path) -> None:
    rows = [{"id": f"r{k}", "media": f"deep/image-{k:06}.jpg"} for k in range(3)] + [{"id": "x", "media": "gone.jpg"}]
    script = (
        "import s3fs, json\n"
        f"s3fs.S3FileSystem().pipe('bucket/photos/rows.jsonl', {chr(10).join(map(json.dumps, rows)).encode()!r})"
    )
    subprocess.run([sys.executable, "-c", script], env=os.environ | s3, check=True, capture_output=True)
    arguments = ["--source", "s3://bucket/photos/rows.jsonl", "--set", "tasks=[{task: position}]", "--json"]
    done = run(s3, "build", "quickstart", *arguments, "--out", str(tmp_path / "out"), "--workers", "1")
    made = json.loads(done.stdout)
    assert made["kept"] == {"position": 3}
    assert made["rejected"] == {"": {"unreadable": 1}}
