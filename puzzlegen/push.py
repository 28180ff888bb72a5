"""Push: upload a finished folder to a dataset repository of the Hugging Face Hub, byte for byte.

Only what a build leaves is uploaded: not the state for resuming, which says where sources lie, and no files that
somebody added. The token comes from where ``huggingface_hub`` looks for it and is never shown.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from puzzlegen.errors import IntegrityError, PushError
from puzzlegen.integrity import verify
from puzzlegen.output import CARD, STATE, write_json
from puzzlegen.reading import manifest_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

#: What is published. Files of these names that are in the repository but not in the folder are deleted there.
PUBLISHED: Final = (
    CARD,
    "manifest.json",
    "rejections.parquet",
    "audit.json",
    "audit.html",
    "data/**",
    "assets/**",
)
_MAX_SHOWN: Final = 3
_REPO_TYPE: Final = "dataset"


class Pushed(NamedTuple):
    """The result of a push: the page that shows the dataset, the commit, and the number and size of the files."""

    url: str
    commit: str
    files: int
    bytes: int


class Planned(NamedTuple):
    """What a push would upload: its destination, and the size of each file by its name in the repository."""

    repo: str
    target: str
    visibility: str
    files: dict[str, int]
    bytes: int


def plan_push(
    folder: Path, repo_id: str, *, private: bool = False, revision: str | None = None, create_pr: bool = False
) -> Planned:
    """Return what :func:`push` would upload. Needs neither network nor token, and uploads nothing.

    Raises:
        IntegrityError: the folder is not finished or not what was built.
        PushError: both a revision and a pull request were asked for.
    """
    _refuse_revision_with_pr(revision, create_pr)
    _refuse_damaged(folder)
    files = {name: path.stat().st_size for name, path in sorted(_files_to_publish(folder).items())}
    target = "a pull request" if create_pr else f"branch {revision or 'main'}"
    visibility = "private" if private else "public, unless it exists as private"
    return Planned(repo_id, target, visibility, files, sum(files.values()))


def push(
    folder: Path, repo_id: str, *, private: bool = False, revision: str | None = None, create_pr: bool = False
) -> Pushed:
    """Upload a finished folder, or resume an upload that stopped; files that have arrived are not sent again.

    Args:
        folder: output folder of a build; it is verified first.
        repo_id: ``name`` or ``owner/name``; the repository is created if missing.
        private: create the repository as private; an existing public one is refused.
        revision: branch to upload to, created if missing.
        create_pr: upload to a pull request instead; the pull request of an interrupted upload is used again.

    Raises:
        IntegrityError: the folder is not finished or not what was built.
        PushError: there is no token or no ``huggingface_hub``, the repository holds something else, or the Hub refuses
            or cannot be reached.
    """
    _refuse_revision_with_pr(revision, create_pr)
    _refuse_damaged(folder)
    api = _open_api()
    try:
        return _Upload(api, folder, repo_id, create_pr).run(private, revision)
    except _hub_errors() as err:
        why = _redact_token(" ".join(f"{type(err).__name__}: {err}".split()))
        raise PushError(f"pushing to '{repo_id}' stopped: {why:.300}; the same command goes on from there") from err


def _refuse_revision_with_pr(revision: str | None, create_pr: bool) -> None:
    if create_pr and revision:
        raise PushError(f"--revision '{revision}' and --create-pr exclude each other: a pull request is its own branch")


def _refuse_damaged(folder: Path) -> None:
    problems = verify(folder, beside=False).problems
    if problems:
        first = "; ".join(problems[:_MAX_SHOWN])
        raise IntegrityError(f"'{folder}' is not what was built, {len(problems)} problems: {first}; build it again")


def _open_api() -> HfApi:
    try:
        from huggingface_hub import HfApi, get_token  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PushError('pushing needs huggingface_hub: pip install "puzzlegen[push]"') from err
    if get_token() is None:
        raise PushError("no token for the Hub: run 'hf auth login', or set HF_TOKEN")
    return HfApi(library_name="puzzlegen")


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the Hub's client raises: those of its HTTP library, of the system, and its own."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    return (*HfHubHTTPError.__bases__, RuntimeError, ValueError)


def _redact_token(text: str) -> str:
    from huggingface_hub import get_token  # noqa: PLC0415

    return text.replace(get_token() or "\0", "***")


class _Upload:
    """The upload of one folder to one repository."""

    def __init__(self, api: HfApi, folder: Path, repo_id: str, create_pr: bool) -> None:
        self._api, self._folder, self._create_pr = api, folder, create_pr
        self._repo = repo_id
        self._pr_file = folder / STATE / "pull-request.json"

    def run(self, private: bool, revision: str | None) -> Pushed:
        repo_url = self._api.create_repo(self._repo, repo_type=_REPO_TYPE, private=private or None, exist_ok=True)
        self._repo = repo_url.repo_id
        self._refuse_others(private)
        if revision:
            self._api.create_branch(self._repo, branch=revision, repo_type=_REPO_TYPE, exist_ok=True)
        target = self._pull_request() if self._create_pr else revision
        commit = self._api.upload_folder(
            repo_id=self._repo,
            repo_type=_REPO_TYPE,
            folder_path=self._folder,
            revision=target,
            allow_patterns=list(PUBLISHED),
            delete_patterns=list(PUBLISHED),
            commit_message=f"Puzzles {manifest_of(self._folder)['content_sha256'][:12]}",
        )
        files = self._check_uploaded(target)
        self._pr_file.unlink(missing_ok=True)
        url = f"{repo_url}/discussions/{target.rpartition('/')[2]}" if self._create_pr and target else str(repo_url)
        return Pushed(url, commit.oid, len(files), sum(files.values()))

    def _refuse_others(self, private: bool) -> None:
        """Raise PushError unless the repository holds a build or nothing, and is private if that was asked."""
        info = self._api.dataset_info(self._repo)
        if private and not info.private:
            raise PushError(f"'{self._repo}' exists and is public; make it private on the Hub, or choose another name")
        names = {sibling.rfilename for sibling in info.siblings or ()}
        others = sorted(names - {".gitattributes", CARD})
        if others and "manifest.json" not in names:
            shown = ", ".join(others[:_MAX_SHOWN])
            raise PushError(f"'{self._repo}' holds something else ({shown}); choose another name")

    def _pull_request(self) -> str:
        """Return the pull request to upload to: that of an upload that stopped, or a new one."""
        pr_key = {"repo": self._repo, "content": manifest_of(self._folder)["content_sha256"]}
        stored: dict[str, Any] = json.loads(self._pr_file.read_bytes()) if self._pr_file.exists() else {}
        if {key: stored.get(key) for key in pr_key} != pr_key:
            opened = self._api.create_pull_request(self._repo, "Puzzles", repo_type=_REPO_TYPE)
            stored = {**pr_key, "revision": f"refs/pr/{opened.num}"}
            write_json(self._pr_file, stored)
        return str(stored["revision"])

    def _check_uploaded(self, revision: str | None) -> dict[str, int]:
        """Return the sizes of the files by name; raise PushError if the repository holds other bytes."""
        remote = {
            entry.path: entry
            for entry in self._api.list_repo_tree(self._repo, recursive=True, repo_type=_REPO_TYPE, revision=revision)
            if hasattr(entry, "blob_id")
        }
        paths = _files_to_publish(self._folder)
        wrong = [name for name, path in paths.items() if name not in remote or not _same_bytes(path, remote[name])]
        if wrong:
            raise PushError(
                f"'{self._repo}' does not hold the bytes that were sent: {', '.join(sorted(wrong)[:_MAX_SHOWN])}"
            )
        return {name: path.stat().st_size for name, path in paths.items()}


def _files_to_publish(folder: Path) -> dict[str, Path]:
    return {name: path for path in folder.rglob("*") if (name := _published_name(path, folder))}


def _published_name(path: Path, folder: Path) -> str:
    """Return the name that a file has in the repository, or an empty string if it is not published."""
    name = path.relative_to(folder).as_posix()
    is_wanted = any(
        name == pattern or (pattern.endswith("/**") and name.startswith(pattern[:-2])) for pattern in PUBLISHED
    )
    return name if is_wanted and path.is_file() else ""


def _same_bytes(path: Path, entry: Any) -> bool:  # noqa: ANN401 - RepoFile, of an extra
    """Whether the repository's file has these bytes, by SHA-256 for large files and by git's digest for others."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if entry.lfs:
            return bool(hashlib.file_digest(file, "sha256").hexdigest() == entry.lfs.sha256)
        return bool(hashlib.sha1(b"blob %d\0" % size + file.read(), usedforsecurity=False).hexdigest() == entry.blob_id)


def planned_lines(planned: Planned) -> list[str]:
    """Return what would be pushed as lines for people."""
    head = f"would push {len(planned.files)} files, {planned.bytes / 1e6:.1f} MB, to {planned.target} of the dataset"
    files = [f"  {size:12} {name}" for name, size in planned.files.items()]
    return [f"{head} '{planned.repo}' ({planned.visibility})", *files, "nothing was sent"]


def pushed_line(made: Pushed) -> str:
    """Return what was pushed as a line for people."""
    return f"{made.files} files, {made.bytes / 1e6:.1f} MB, at {made.url} (commit {made.commit[:12]})"
