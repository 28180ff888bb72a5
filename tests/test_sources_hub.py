"""Datasets read through ``datasets``: local folders of every form, and the Hub's own protocol on loopback."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from conftest import recipe_with
from PIL import Image

from puzzlegen.errors import RecipeError, SourceError
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import source_at
from puzzlegen.records import Item
from puzzlegen.sources.hub import Hub

datasets = pytest.importorskip("datasets")
COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    source = recipe_with([{"task": "rotation"}]).source
    found = []
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            found.append(file.read())
    return found


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    place = tmp_path_factory.mktemp("cache")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", place)
    datasets.disable_progress_bars()


def table(pictures: list[bytes], *, nested: bool = False) -> Any:
    cells = [{"bytes": data, "path": f"{k}.jpg"} for k, data in enumerate(pictures)]
    form: Any = datasets.List(datasets.Image()) if nested else datasets.Image()
    values: Any = [[cell, cells[0]] for cell in cells] if nested else cells
    features = datasets.Features({"key": datasets.Value("string"), "shot": form})
    return datasets.Dataset.from_dict({"key": [f"k{k}" for k in range(len(cells))], "shot": values}, features=features)


def content(source: Hub) -> dict[str, bytes]:
    found = {}
    for item in source.items():
        assert isinstance(item, Item)
        with source.open(item) as file:
            found[item.id] = file.read()
    return found


def test_a_folder_of_parquet_with_configs_and_splits(tmp_path: Path, pictures: list[bytes]) -> None:
    for config, split in (("big", "train"), ("big", "test"), ("small", "train")):
        (tmp_path / config).mkdir(exist_ok=True)
        rows = table(pictures if split == "train" else pictures[:1])
        rows.to_parquet(tmp_path / config / f"{split}-0.parquet", batch_size=2)
    big = "data_files:\n  - {split: train, path: big/train-*}\n  - {split: test, path: big/test-*}"
    front = f"- config_name: big\n  {big}\n- config_name: small\n  data_files: small/train-*"
    (tmp_path / "README.md").write_text(f"---\nconfigs:\n{front}\n---\n")
    source = Hub(name=str(tmp_path), config="big", fields={"id": "key"})
    assert content(source) == {f"k{k}": data for k, data in enumerate(pictures)}
    assert content(source.model_copy(update={"split": "test"})) == {"k0": pictures[0]}
    assert list(content(Hub(name=str(tmp_path), config="small"))) == [f"small/train-0.parquet#{k}" for k in range(4)]
    with pytest.raises(SourceError, match="has no split 'dev'; it has train, test"):
        list(source.model_copy(update={"split": "dev"}).items())


def test_nested_lists_saved_by_datasets(tmp_path: Path, pictures: list[bytes]) -> None:
    table(pictures, nested=True).save_to_disk(tmp_path / "saved")
    source = Hub(name=str(tmp_path / "saved"), fields={"id": "key"})
    found = content(source)
    assert found == {f"k{k}/shot-0": data for k, data in enumerate(pictures)} | {
        f"k{k}/shot-1": pictures[0] for k in range(4)
    }
    assert {item.group for item in source.items()} == {f"k{k}" for k in range(4)}  # type: ignore[union-attr]


def test_source_option_takes_what_datasets_saved(tmp_path: Path, pictures: list[bytes]) -> None:
    table(pictures).save_to_disk(tmp_path / "saved")
    datasets.DatasetDict({"train": table(pictures), "dev": table(pictures)}).save_to_disk(tmp_path / "two")
    source = source_at(str(tmp_path / "saved"), {"kind": "samples"})
    assert source == {"kind": "hub", "name": str(tmp_path / "saved")}
    assert sorted(content(Hub(name=source["name"])).values()) == sorted(pictures)
    assert source_at(str(tmp_path / "two" / "dev"), {})["kind"] == "hub"
    with pytest.raises(RecipeError, match=r"^several splits that datasets saved; give the folder of one: dev, train$"):
        source_at(str(tmp_path / "two"), {})


def test_an_imagefolder_through_datasets(tmp_path: Path, pictures: list[bytes]) -> None:
    for k, data in enumerate(pictures):
        (tmp_path / f"{k}.jpg").write_bytes(data)
    assert sorted(content(Hub(name=str(tmp_path))).values()) == sorted(pictures)


class FakeHub(http.server.BaseHTTPRequestHandler):
    """The part of the Hub's protocol that reading a public dataset needs."""

    protocol_version = "HTTP/1.1"
    files: ClassVar[dict[str, bytes]] = {}
    sent: ClassVar[list[int]] = []

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(size).decode()
        wanted = json.loads(body)["paths"] if body.startswith("{") else parse_qs(body).get("paths", [])
        known = [self._entry(path) for path in self.files if path in wanted]
        folders = {path.rpartition("/")[0] for path in self.files} & set(wanted)
        self._json([*known, *({"type": "directory", "path": f, "oid": "0" * 40} for f in folders)])

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        if found := re.fullmatch(r"/(?:api/)?datasets/me/photos/resolve/[^/]+/(.+)", path):
            self._file(found[1])
        elif re.fullmatch(r"/api/datasets/me/photos(/revision/[^/]+)?", path):
            about = {"id": "me/photos", "sha": COMMIT, "siblings": [{"rfilename": p} for p in self.files]}
            self._json(about | {"private": False, "tags": [], "downloads": 0, "likes": 0, "gated": False})
        elif found := re.fullmatch(r"/api/datasets/me/photos/tree/[^/]+(?:/(.*))?", path):
            below = f"{found[1]}/" if found[1] else ""
            inside = [p for p in self.files if p.startswith(below)]
            folders = {below + p[len(below) :].partition("/")[0] for p in inside if "/" in p[len(below) :]}
            deep = "recursive=true" in self.path.lower()
            files = [self._entry(p) for p in inside if deep or "/" not in p[len(below) :]]
            self._json([*files, *({"type": "directory", "path": f, "oid": "0" * 40} for f in sorted(folders))])
        else:
            self._answer(404, b"{}", {"X-Error-Code": "EntryNotFound"})

    def _entry(self, path: str) -> dict[str, Any]:
        oid = hashlib.sha1(self.files[path], usedforsecurity=False).hexdigest()
        return {"type": "file", "path": path, "size": len(self.files[path]), "oid": oid}

    def _file(self, path: str) -> None:
        if path not in self.files:
            self._answer(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        data, headers = self.files[path], {"ETag": f'"{self._entry(path)["oid"]}"', "X-Repo-Commit": COMMIT}
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        if asked:
            start, stop = int(asked[1]), int(asked[2] or len(data) - 1) + 1
            headers["Content-Range"] = f"bytes {start}-{min(stop, len(data)) - 1}/{len(data)}"
            data = data[start:stop]
        if self.command == "GET":
            self.sent.append(len(data))
        self._answer(206 if asked else 200, data, headers)

    def _json(self, value: Any) -> None:
        self._answer(200, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def _answer(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, text in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub(tmp_path: Path, pictures: list[bytes]) -> Iterator[dict[str, str]]:
    for name in ("train", "test"):
        table(pictures).to_parquet(tmp_path / f"{name}-00000-of-00001.parquet", batch_size=2)
    files = {f"data/{path.name}": path.read_bytes() for path in tmp_path.glob("*.parquet")}
    handler = type("Handler", (FakeHub,), {"files": files, "sent": []})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        home = str(tmp_path / "home")
        yield {
            "HF_ENDPOINT": f"http://127.0.0.1:{server.server_address[1]}",
            "HF_HOME": home,
            "HF_HUB_DISABLE_XET": "1",
            "HF_TOKEN": "hf_notoken",
        }
        server.shutdown()


@pytest.mark.slow
def test_the_hubs_protocol_on_loopback(hub: dict[str, str], tmp_path: Path) -> None:
    """The revision is pinned and recorded, rows are read in place, and a second build has nothing to do."""
    recipe = tmp_path / "r.yaml"
    recipe.write_text(
        "seed: 5\nsource: {kind: hub, name: me/photos, revision: main, fields: {id: key}}\ntasks: [{task: position}]\n"
    )
    command = [
        sys.executable,
        "-m",
        "puzzlegen",
        "build",
        str(recipe),
        "--out",
        str(tmp_path / "out"),
        "--workers",
        "1",
    ]
    for _ in range(2):
        done = subprocess.run(command, env=os.environ | hub, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    check = [sys.executable, "-m", "puzzlegen", "verify", str(tmp_path / "out"), "--replay", "2"]
    checked = subprocess.run(check, env=os.environ | hub, capture_output=True, text=True, check=False)
    assert "2 rebuilt from source: all as built" in checked.stdout, checked.stderr
    manifest = manifest_of(tmp_path / "out")
    assert manifest["recipe"]["source"]["revision"] == COMMIT
    assert manifest["kept"] == {"position": 4}
    used = {
        row["extra_info"]["source_uri"]
        for file in files_of(manifest)
        for row in read_rows(tmp_path / "out" / file["path"])
    }
    assert used == {"k0", "k1", "k2", "k3"}
    assert not list((tmp_path / "home").rglob("*.parquet"))
    assert all(b"hf_notoken" not in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file())
    missing = recipe.read_text().replace("me/photos", "me/none")
    recipe.write_text(missing)
    done = subprocess.run(command, env=os.environ | hub, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "'me/none' cannot be loaded" in done.stderr


@pytest.mark.slow
def test_what_datasets_loads_leaves_no_warning_behind(tmp_path: Path) -> None:
    """The progress bars of ``datasets`` share a lock between processes, which would outlive the worker."""
    (tmp_path / "media").mkdir()
    for number in range(2):
        Image.effect_noise((400, 400), 60 + number).convert("RGB").save(tmp_path / "media" / f"{number}.png")
    (tmp_path / "r.yaml").write_text(
        f"source: {{kind: hub, name: '{tmp_path / 'media'}'}}\ntasks: [{{task: rotation, reference: true}}]\n"
    )
    words = ["build", str(tmp_path / "r.yaml"), "--out", str(tmp_path / "out"), "--workers", "1"]
    env = os.environ | {"HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "1"}
    command = [sys.executable, "-m", "puzzlegen", *words]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "leaked" not in done.stderr
