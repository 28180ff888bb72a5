"""A fake Hub on loopback: the endpoints needed to upload and load a dataset, with all data in memory.

Its storage can fail after a given number of objects, and it records every request.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

LFS_SUFFIXES = (".parquet", ".tar", ".idx", ".jpg")
Tree = dict[str, bytes]


def sha1(data: bytes) -> str:
    return hashlib.sha1(data, usedforsecurity=False).hexdigest()


class Request(NamedTuple):
    method: str
    path: str
    status: int
    sent: int
    authorised: bool

    def __str__(self) -> str:
        return f"{self.status} {self.method:4} {self.path} ({self.sent} bytes sent)"


class Repo:
    """A repository: its revisions, each a tree of files."""

    def __init__(self, private: bool) -> None:
        self.private = private
        self.revisions: dict[str, Tree] = {"main": {}}
        self.pulls = 0

    def oid(self, revision: str) -> str:
        parts = [f"{name} {sha1(data)}" for name, data in sorted(self.revisions[revision].items())]
        return sha1("\n".join(parts).encode())

    def tree(self, revision: str) -> Tree:
        found = [tree for name, tree in self.revisions.items() if revision in {name, self.oid(name)}]
        return found[0]


class Hub:
    """The state of the server.

    Attributes:
        objects_left: number of objects that the storage still accepts before it fails; None: no limit.
    """

    def __init__(self) -> None:
        self.repos: dict[str, Repo] = {}
        self.objects: dict[str, bytes] = {}
        self.requests: list[Request] = []
        self.objects_left: int | None = None
        self.url = ""

    def sent_objects(self) -> list[str]:
        """Return the digests of the objects that the storage accepted, in order."""
        return [r.path.rpartition("/")[2] for r in self.requests if r.method == "PUT" and r.status == 200]


@contextmanager
def running() -> Iterator[Hub]:
    hub = Hub()

    class Handler(_Handler):
        state = hub

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Missing(Exception):  # noqa: N818 - its argument says what is missing
    """An error for something that the Hub does not have; its argument is the Hub's error code."""


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Print nothing, because requests are recorded."""

    def do_GET(self) -> None:
        self._answer()

    do_HEAD = do_GET  # noqa: N815 - the base class names these
    do_POST = do_GET  # noqa: N815
    do_PUT = do_GET  # noqa: N815

    def _answer(self) -> None:
        self._body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Transfer-Encoding") == "chunked":
            self._body = self._chunks()
        path = urlsplit(self.path).path
        try:
            self._route([unquote(part) for part in path.strip("/").split("/")])
        except _Missing as err:
            self._json({"error": str(err)}, 404, {"X-Error-Code": str(err)})

    def _chunks(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def _route(self, parts: list[str]) -> None:
        match parts:
            case ["api", "repos", "create"]:
                self._create(json.loads(self._body))
            case ["api", "whoami-v2"]:
                self._json({"name": "somebody"})
            case ["api", "validate-yaml"]:
                self._json({"errors": [], "warnings": []})
            case ["storage", oid]:
                self._store(oid)
            case ["api", "datasets", owner, name, *rest]:
                self._api(f"{owner}/{name}", rest)
            case ["datasets", owner, name, "resolve", *rest]:
                self._resolve(self._repo(f"{owner}/{name}"), *self._at(f"{owner}/{name}", rest))
            case ["datasets", _, _, "info", "lfs", "objects", "batch"]:
                self._batch(json.loads(self._body)["objects"])
            case _:
                raise _Missing("EntryNotFound")

    def _repo(self, repo_id: str) -> Repo:
        if repo_id not in self.state.repos:
            raise _Missing("RepoNotFound")
        return self.state.repos[repo_id]

    def _at(self, repo_id: str, parts: list[str]) -> tuple[str, str]:
        """Split a path into its revision, which may be ``refs/pr/1``, and the rest."""
        repo = self._repo(repo_id)
        for length in (1, 3):
            revision = "/".join(parts[:length])
            if revision in {*repo.revisions, *map(repo.oid, repo.revisions)}:
                return revision, "/".join(parts[length:])
        raise _Missing("RevisionNotFound")

    def _create(self, wanted: dict[str, Any]) -> None:
        repo_id = f"{wanted.get('organization') or 'somebody'}/{wanted['name']}"
        url = {"url": f"{self.state.url}/datasets/{repo_id}", "id": repo_id}
        if repo_id in self.state.repos:
            self._json({"error": "exists", **url}, 409)
            return
        self.state.repos[repo_id] = Repo(bool(wanted.get("private")) or wanted.get("visibility") == "private")
        self.state.repos[repo_id].revisions["main"][".gitattributes"] = b"*.parquet filter=lfs\n"
        self._json(url)

    def _api(self, repo_id: str, rest: list[str]) -> None:
        repo = self._repo(repo_id)
        match rest:
            case [] | ["revision", *_]:
                revision = self._at(repo_id, rest[1:])[0] if rest else "main"
                self._info(repo_id, repo, revision)
            case ["preupload", *at]:
                self._preupload(repo.tree(self._at(repo_id, at)[0]))
            case ["commit", *at]:
                self._commit(repo_id, repo, self._at(repo_id, at)[0])
            case ["branch", *branch]:
                repo.revisions.setdefault("/".join(branch), dict(repo.revisions["main"]))
                self._json({})
            case ["discussions", *number]:
                self._pull_request(repo_id, repo, number)
            case ["tree", *at]:
                revision, path = self._at(repo_id, at)
                self._json(self._listing(repo.tree(revision), path))
            case ["paths-info", *at]:
                self._paths(repo.tree(self._at(repo_id, at)[0]))
            case ["refs"]:
                self._json({"branches": [], "converts": [], "tags": []})
            case _:
                raise _Missing("EntryNotFound")

    def _info(self, repo_id: str, repo: Repo, revision: str) -> None:
        files = [{"rfilename": name} for name in sorted(repo.tree(revision))]
        sha = next(repo.oid(name) for name in repo.revisions if revision in {name, repo.oid(name)})
        about = {"id": repo_id, "sha": sha, "private": repo.private, "siblings": files, "tags": [], "gated": False}
        self._json({**about, "disabled": False, "downloads": 0, "likes": 0})

    def _preupload(self, tree: Tree) -> None:
        found = []
        for file in json.loads(self._body)["files"]:
            known = tree.get(file["path"])
            mode = "lfs" if file["path"].endswith(LFS_SUFFIXES) else "regular"
            oid = None if known is None else _oid(file["path"], known)
            found.append({"path": file["path"], "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self._json({"files": found})

    def _batch(self, objects: list[dict[str, Any]]) -> None:
        found = []
        for one in objects:
            upload = {"upload": {"href": f"{self.state.url}/storage/{one['oid']}"}}
            found.append({**one, **({} if one["oid"] in self.state.objects else {"actions": upload})})
        self._json({"transfer": "basic", "objects": found})

    def _store(self, oid: str) -> None:
        if self.state.objects_left == 0:
            self._json({"error": "storage is away"}, 503)
            return
        if self.state.objects_left is not None:
            self.state.objects_left -= 1
        assert hashlib.sha256(self._body).hexdigest() == oid
        self.state.objects[oid] = self._body
        self._json({})

    def _commit(self, repo_id: str, repo: Repo, revision: str) -> None:
        tree = repo.revisions[revision]
        for line in self._body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "file":
                tree[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                tree[value["path"]] = self.state.objects[value["oid"]]
            elif entry["key"] == "deletedFile":
                del tree[value["path"]]
        oid = repo.oid(revision)
        url = f"{self.state.url}/datasets/{repo_id}/commit/{oid}"
        self._json({"success": True, "commitOid": oid, "commitUrl": url})

    def _pull_request(self, repo_id: str, repo: Repo, number: list[str]) -> None:
        if not number:
            repo.pulls += 1
            repo.revisions[f"refs/pr/{repo.pulls}"] = dict(repo.revisions["main"])
        about = {"num": repo.pulls, "title": "Puzzles", "status": "draft", "createdAt": "2026-01-01T00:00:00.000Z"}
        about |= {"isPullRequest": True, "events": [], "filesWithConflicts": [], "author": {"name": "somebody"}}
        self._json({**about, "repo": {"name": repo_id, "type": "dataset"}, "changes": {"base": "refs/heads/main"}})

    def _listing(self, tree: Tree, path: str) -> list[dict[str, Any]]:
        recursive = parse_qs(urlsplit(self.path).query).get("recursive", ["false"])[0].lower() in {"true", "1"}
        prefix = f"{path}/" if path else ""
        inside = {name[len(prefix) :]: data for name, data in tree.items() if name.startswith(prefix)}
        if path and not inside:
            raise _Missing("EntryNotFound")
        folders = {name.rpartition("/")[0] for name in inside if "/" in name}
        folders |= {parent.rpartition("/")[0] for parent in folders if "/" in parent}
        files = [_file(prefix + name, data) for name, data in sorted(inside.items()) if recursive or "/" not in name]
        found = [_folder(prefix + name) for name in sorted(folders) if recursive or "/" not in name]
        return found + files

    def _paths(self, tree: Tree) -> None:
        if self.headers.get("Content-Type", "").startswith("application/json"):
            wanted = json.loads(self._body)["paths"]
        else:
            wanted = parse_qs(self._body.decode()).get("paths", [])
        found = [_file(name, tree[name]) for name in wanted if name in tree]
        found += [_folder(w) for w in wanted if any(name.startswith(f"{w}/") for name in tree)]
        self._json(found)

    def _resolve(self, repo: Repo, revision: str, path: str) -> None:
        tree = repo.tree(revision)
        if path not in tree:
            raise _Missing("EntryNotFound")
        data = tree[path]
        headers = {"X-Repo-Commit": next(repo.oid(n) for n, t in repo.revisions.items() if t is tree)}
        headers |= {"ETag": f'"{_oid(path, data)}"', "Accept-Ranges": "bytes"}
        start, end, status = 0, len(data), 200
        if ranged := self.headers.get("Range"):
            first, _, last = ranged.removeprefix("bytes=").partition("-")
            start, end, status = int(first), min(len(data), int(last) + 1 if last else len(data)), 206
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(data)}"
        self._bytes(data[start:end], status, headers)

    def _json(self, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self._bytes(json.dumps(value).encode(), status, {"Content-Type": "application/json", **(headers or {})})

    def _bytes(self, data: bytes, status: int, headers: dict[str, str]) -> None:
        authorised = self.headers.get("Authorization", "").startswith("Bearer ")
        self.state.requests.append(Request(self.command, self.path, status, len(self._body), authorised))
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)


def _oid(path: str, data: bytes) -> str:
    if path.endswith(LFS_SUFFIXES):
        return hashlib.sha256(data).hexdigest()
    return sha1(b"blob %d\0" % len(data) + data)


def _file(path: str, data: bytes) -> dict[str, Any]:
    blob = sha1(b"blob %d\0" % len(data) + data)
    entry: dict[str, Any] = {"type": "file", "path": path, "size": len(data), "oid": blob}
    if path.endswith(LFS_SUFFIXES):
        entry["lfs"] = {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
    return entry


def _folder(path: str) -> dict[str, Any]:
    return {"type": "directory", "path": path, "size": 0, "oid": sha1(path.encode())}
