"""Push: upload a finished folder to a dataset repository of the Hugging Face Hub, byte for byte.

Only what a build leaves is uploaded: not the state for resuming, which says where sources lie, and no files that
somebody added. The token comes from where ``huggingface_hub`` looks for it and is never shown.
"""

from __future__ import annotations

import glob
import hashlib
import json
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from puzzlegen.errors import IntegrityError, PushError, named_line
from puzzlegen.integrity import verify
from puzzlegen.manifest import MANIFEST
from puzzlegen.output import CARD, STATE, write_json
from puzzlegen.reading import manifest_of
from puzzlegen.replacing import files_to_delete, shown

if TYPE_CHECKING:
    from huggingface_hub import DatasetInfo, HfApi

#: What is published.
PUBLISHED: Final = (
    CARD,
    MANIFEST,
    "rejections.parquet",
    "audit.json",
    "audit.html",
    "data/**",
    "assets/**",
)
_MAX_SHOWN: Final = 3
_MAX_CAUSE: Final = 200
#: HTTP statuses below 500 after which the same request may succeed later.
_PASSING_STATUSES: Final = {408, 409, 429}
_REPO_TYPE: Final = "dataset"


class Pushed(NamedTuple):
    """The result of a push.

    Attributes:
        url: the page that shows the dataset.
        commit: the last commit.
        files: number of files of the build.
        bytes: their size.
        deleted: number of files of an earlier build that were deleted.
    """

    url: str
    commit: str
    files: int
    bytes: int
    deleted: int


class Planned(NamedTuple):
    """What a push would do.

    Attributes:
        repo, target, visibility: the destination.
        files: the size of each file by its name in the repository.
        bytes: their size.
        deleted: files of an earlier build that would be deleted; None if the repository could not be looked at.
        note: why nothing is deleted, or why that is not known; empty if the repository was looked at.
    """

    repo: str
    target: str
    visibility: str
    files: dict[str, int]
    bytes: int
    deleted: list[str] | None
    note: str


def plan_push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
    replace: bool = False,
) -> Planned:
    """Return what :func:`push` would do, and change nothing. A public repository is looked at without a token.

    Raises:
        IntegrityError: the folder is not finished or not what was built.
        PushError: :func:`push` would refuse, as far as the Hub lets that be seen.
    """
    _refuse_bad_arguments(repo_id, revision, create_pr)
    _refuse_damaged(folder)
    deleted, note = _plan_deletions(_Upload(_open_api(), folder, repo_id, create_pr), private, revision, replace)
    files = {name: path.stat().st_size for name, path in sorted(_files_to_publish(folder).items())}
    target = "a pull request" if create_pr else f"branch {revision or 'main'}"
    visibility = "private" if private else "public, unless it exists as private"
    return Planned(repo_id, target, visibility, files, sum(files.values()), deleted, note)


def _plan_deletions(
    upload: _Upload, private: bool, revision: str | None, replace: bool
) -> tuple[list[str] | None, str]:
    from huggingface_hub.errors import RepositoryNotFoundError  # noqa: PLC0415

    try:
        return upload.deletions(private, revision, replace), ""
    except RepositoryNotFoundError:
        return [], "the repository does not exist, or is hidden from you"
    except _hub_errors() as err:
        return None, _describe(_causes(err))


def push(
    folder: Path,
    repo_id: str,
    *,
    private: bool = False,
    revision: str | None = None,
    create_pr: bool = False,
    replace: bool = False,
) -> Pushed:
    """Upload a finished folder, or resume an upload that stopped; files that have arrived are not sent again.

    Args:
        folder: output folder of a build; it is verified first.
        repo_id: ``name`` or ``owner/name``; the repository is created if missing.
        private: create the repository as private; an existing public one is refused.
        revision: branch to upload to, created if missing.
        create_pr: upload to a pull request instead; the pull request of an interrupted upload is used again.
        replace: replace a build of another recipe or source that the repository holds.

    Raises:
        IntegrityError: the folder is not finished or not what was built.
        PushError: there is no token or no ``huggingface_hub``, the repository holds something else or, without
            ``replace``, another build, or the Hub refuses or cannot be reached.
    """
    _refuse_bad_arguments(repo_id, revision, create_pr)
    _refuse_damaged(folder)
    _refuse_without_token()
    try:
        return _Upload(_open_api(), folder, repo_id, create_pr).run(private, revision, replace)
    except _hub_errors() as err:
        causes = _causes(err)
        resume = "; the same command goes on from there" if _may_pass(causes) else ""
        raise PushError(f"pushing to '{repo_id}' stopped: {_describe(causes)}{resume}") from err


def _refuse_bad_arguments(repo_id: str, revision: str | None, create_pr: bool) -> None:
    if create_pr and revision:
        raise PushError(f"--revision '{revision}' and --create-pr exclude each other: a pull request is its own branch")
    _open_api()  # without the package, names cannot be checked
    from huggingface_hub.errors import HFValidationError  # noqa: PLC0415 - an extra
    from huggingface_hub.utils import validate_repo_id  # type: ignore[attr-defined] # noqa: PLC0415

    try:
        validate_repo_id(repo_id)
    except HFValidationError:
        raise PushError(
            f"'{repo_id}' cannot be the name of a dataset; give name or owner/name, at most 96 letters, digits and "
            "- _ . without --, .., - or . at an end, or .git at the end"
        ) from None


def _refuse_damaged(folder: Path) -> None:
    problems = verify(folder, beside=False).problems
    if problems:
        first = "; ".join(problems[:_MAX_SHOWN])
        raise IntegrityError(f"'{folder}' is not what was built, {len(problems)} problems: {first}; build it again")


def _open_api() -> HfApi:
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415 - an extra
    except ImportError as err:
        raise PushError('pushing needs huggingface_hub: pip install "puzzlegen[push]"') from err
    return HfApi(library_name="puzzlegen")


def _refuse_without_token() -> None:
    from huggingface_hub import get_token  # noqa: PLC0415

    if get_token() is None:
        raise PushError("no token for the Hub: run 'hf auth login', or set HF_TOKEN")


def _hub_errors() -> tuple[type[Exception], ...]:
    """Return the exceptions that the Hub's client raises: those of its HTTP library, of the system, and its own."""
    from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415

    return (*HfHubHTTPError.__bases__, RuntimeError, ValueError)


def _causes(err: BaseException) -> list[BaseException]:
    """Return an error and what caused it, down to the first cause: the client's own errors name only a file."""
    causes = [err]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    return causes


def _may_pass(causes: list[BaseException]) -> bool:
    """Whether the failure may pass by itself: not if the Hub refused the request, nor if an argument is wrong."""
    responses = [response for cause in causes if (response := getattr(cause, "response", None)) is not None]
    statuses = {response.status_code for response in responses}
    if not statuses:
        return not isinstance(causes[0], ValueError)
    return max(statuses) >= HTTPStatus.INTERNAL_SERVER_ERROR or bool(statuses & _PASSING_STATUSES)


def _describe(causes: list[BaseException]) -> str:
    """Return an error and its first cause, if that says something else, in one line."""
    named = [causes[0], *causes[-1:]] if len(causes) > 1 else causes
    parts = [_redact_token(named_line(err)) for err in named]
    texts = [f"{part.partition(' For more information')[0]:.{_MAX_CAUSE}}" for part in parts]
    return " Cause: ".join(dict.fromkeys(texts))


def _redact_token(text: str) -> str:
    from huggingface_hub import get_token  # noqa: PLC0415

    return text.replace(get_token() or "\0", "***")


class _Upload:
    """The upload of one folder to one repository."""

    def __init__(self, api: HfApi, folder: Path, repo_id: str, create_pr: bool) -> None:
        self._api, self._folder, self._create_pr = api, folder, create_pr
        self._repo = repo_id
        self._pr_file = folder / STATE / "pull-request.json"
        self._files = _files_to_publish(folder)

    def run(self, private: bool, revision: str | None, replace: bool) -> Pushed:
        repo_url = self._api.create_repo(self._repo, repo_type=_REPO_TYPE, private=private or None, exist_ok=True)
        self._repo = repo_url.repo_id
        deleted = self.deletions(private, revision, replace)
        if revision:
            self._api.create_branch(self._repo, branch=revision, repo_type=_REPO_TYPE, exist_ok=True)
        target = self._pull_request() if self._create_pr else revision
        commit = self._api.upload_folder(
            repo_id=self._repo,
            repo_type=_REPO_TYPE,
            folder_path=self._folder,
            revision=target,
            allow_patterns=list(PUBLISHED),
            delete_patterns=[glob.escape(name) for name in deleted],
            commit_message=f"Puzzles {manifest_of(self._folder)['content_sha256'][:12]}",
        )
        self._check_uploaded(target)
        self._pr_file.unlink(missing_ok=True)
        url = f"{repo_url}/discussions/{target.rpartition('/')[2]}" if self._create_pr and target else str(repo_url)
        size = sum(path.stat().st_size for path in self._files.values())
        return Pushed(url, commit.oid, len(self._files), size, len(deleted))

    def deletions(self, private: bool, revision: str | None, replace: bool) -> list[str]:
        """Return the files that the upload will delete: those of an earlier build that this one no longer has.

        Raises:
            PushError: the repository holds something that must not be replaced, or is public and was to be private.
        """
        if "/" not in self._repo:
            self._repo = f"{self._api.whoami()['name']}/{self._repo}"
        info = self._info(self._stored_pull_request() if self._create_pr else revision)
        if private and not info.private:
            raise PushError(f"'{self._repo}' exists and is public; make it private on the Hub, or choose another name")
        present = {sibling.rfilename for sibling in info.siblings or ()}
        if MANIFEST not in present:
            self._refuse_others(present - {".gitattributes", CARD}, info.sha)
            return []
        stored = self._api.hf_hub_download(self._repo, MANIFEST, repo_type=_REPO_TYPE, revision=info.sha)
        try:
            earlier = manifest_of(Path(stored).parent)
        except IntegrityError as err:
            raise PushError(f"'{self._repo}' holds a {MANIFEST} that is not of a build; choose another name") from err
        return files_to_delete(
            self._repo, present, self._files.keys(), manifest_of(self._folder), earlier, replace=replace
        )

    def _info(self, revision: str | None) -> DatasetInfo:
        """Return what the Hub knows of a revision; of the main branch, from which a missing one will be made."""
        from huggingface_hub.errors import RevisionNotFoundError  # noqa: PLC0415

        try:
            return self._api.dataset_info(self._repo, revision=revision)
        except RevisionNotFoundError:
            return self._api.dataset_info(self._repo)

    def _refuse_others(self, names: set[str], revision: str | None) -> None:
        """Raise PushError unless all files are what an upload of this folder left as it stopped."""
        remote = self._remote_files(revision) if names else {}
        others = {
            name
            for name in names
            if name not in self._files or name not in remote or not _same_bytes(self._files[name], remote[name])
        }
        if others:
            raise PushError(f"'{self._repo}' holds something else ({shown(others)}); choose another name")

    def _pull_request(self) -> str:
        """Return the pull request to upload to: that of an upload that stopped, or a new one."""
        stored = self._stored_pull_request()
        if stored is None:
            opened = self._api.create_pull_request(self._repo, "Puzzles", repo_type=_REPO_TYPE)
            stored = f"refs/pr/{opened.num}"
            write_json(self._pr_file, {**self._pr_key(), "revision": stored})
        return stored

    def _stored_pull_request(self) -> str | None:
        """Return the pull request of an upload that stopped; None if there is none for this content."""
        stored: dict[str, Any] = json.loads(self._pr_file.read_bytes()) if self._pr_file.exists() else {}
        key = self._pr_key()
        return str(stored["revision"]) if {name: stored.get(name) for name in key} == key else None

    def _pr_key(self) -> dict[str, str]:
        return {"repo": self._repo, "content": manifest_of(self._folder)["content_sha256"]}

    def _remote_files(self, revision: str | None) -> dict[str, Any]:
        """Return the repository's entries of files by name."""
        tree = self._api.list_repo_tree(self._repo, recursive=True, repo_type=_REPO_TYPE, revision=revision)
        return {entry.path: entry for entry in tree if hasattr(entry, "blob_id")}

    def _check_uploaded(self, revision: str | None) -> None:
        """Raise PushError if the repository holds other bytes than the folder."""
        remote = self._remote_files(revision)
        wrong = {
            name for name, path in self._files.items() if name not in remote or not _same_bytes(path, remote[name])
        }
        if wrong:
            raise PushError(f"'{self._repo}' does not hold the bytes that were sent: {shown(wrong)}")


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
    if planned.deleted is None:
        deleted = [f"whether files would be deleted is not known: {planned.note}"]
    else:
        note = f": {planned.note}" if planned.note else ""
        deleted = [f"would delete {len(planned.deleted)} files{note}", *(f"  {name}" for name in planned.deleted)]
    return [f"{head} '{planned.repo}' ({planned.visibility})", *files, *deleted, "nothing was sent"]


def pushed_line(made: Pushed) -> str:
    """Return what was pushed as a line for people."""
    size = f"{made.files} files, {made.bytes / 1e6:.1f} MB"
    return f"{size}, at {made.url} (commit {made.commit[:12]}); {made.deleted} files of an earlier build deleted"
