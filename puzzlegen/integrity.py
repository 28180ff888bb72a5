"""Verify that a finished folder is what was built: re-hash files, check answers, rebuild puzzles from source."""

from __future__ import annotations

import hashlib
import heapq
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.claims import WORDS, Claims
from puzzlegen.errors import PuzzlegenError, SourceError
from puzzlegen.finder import Finder
from puzzlegen.manifest import MANIFEST, environment
from puzzlegen.output import CARD, REJECTIONS
from puzzlegen.plan import FORMAT, Pick, make_plan
from puzzlegen.prompts import response
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import Recipe, difference
from puzzlegen.records import Rejection
from puzzlegen.rng import digest
from puzzlegen.shard import Made, make_puzzle
from puzzlegen.verify import VerifierError, score, solved
from puzzlegen.writers import Row

#: Files that commands put into a build's folder and that its manifest does not list.
_UNLISTED_FILES: Final = (MANIFEST, CARD, "audit.json", "audit.html")
_FOLDERS: Final = ("data", "assets")
#: The first format whose manifests list the file of rejections.
_FORMAT_LISTING_REJECTIONS: Final = 4


class Verified(NamedTuple):
    """How much was checked (files, rows, rebuilt puzzles), and every problem found, one line each."""

    files: int
    rows: int
    replayed: int
    problems: list[str]


def verify(folder: Path, recipe: Recipe | None = None, replay: int = 0, *, beside: bool = True) -> Verified:
    """Check a finished folder.

    Args:
        folder: a build's output.
        recipe: the build's recipe with its source, to rebuild puzzles; needed only for ``replay``.
        replay: how many puzzles to rebuild and compare byte by byte.
        beside: whether unknown files outside ``data/`` and ``assets/`` are problems; such files are never published.

    Raises:
        IntegrityError: there is no manifest to check against.
        SourceError: puzzles cannot be rebuilt from this source or with these library versions.
    """
    manifest = manifest_of(folder)
    problems = [*_unlisted_problems(folder, manifest, beside), *_stale_audit(folder, manifest)]
    for asset in manifest["assets"]:
        problems += _file_problems(folder, asset)
    rows, good_files, claims = 0, [], Claims(manifest)
    for file in files_of(manifest):
        file_problems = _file_problems(folder, file)
        problems += file_problems
        if not file_problems:
            good_files.append(file)
        if _is_file(folder / file["path"]):
            count, new_problems = _row_problems(folder, file, claims)
            rows += count
            problems += new_problems
        else:
            claims.miss()
    problems += claims.problems(folder)
    replayed = 0
    if replay:
        if recipe is None:
            raise SourceError("rebuilding puzzles needs the source: give --source")
        replayed, new_problems = _replay(folder, good_files, recipe, manifest, replay)
        problems += new_problems
    return Verified(len(files_of(manifest)), rows, replayed, problems)


def _unlisted_problems(folder: Path, manifest: dict[str, Any], beside: bool) -> Iterator[str]:
    known = {*_UNLISTED_FILES, *(file["path"] for file in [*files_of(manifest), *manifest["assets"]])}
    if manifest["format"] < _FORMAT_LISTING_REJECTIONS:
        known.add(REJECTIONS)
    try:
        # Hidden entries belong to a build, to git or to the Hub, and no reader of the data opens them.
        tops = [top for top in folder.iterdir() if not top.name.startswith(".") and (beside or top.name in _FOLDERS)]
        paths = sorted(path for top in tops for path in ([top] if top.is_file() else top.rglob("*")))
    except OSError as err:
        yield f"'{folder}' cannot be listed: {err.strerror or err}"
        return
    for path in paths:
        relative = path.relative_to(folder).as_posix()
        if relative not in known and not path.is_dir():
            yield f"{relative}: not in the manifest"
    if not _is_file(folder / CARD):
        yield f"{CARD}: missing, by which loaders find configs and splits; run the build again"


def _stale_audit(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Report an ``audit.json`` made for other puzzles. The card is prose and may be edited, so it is not checked."""
    path = folder / "audit.json"
    if not _is_file(path):
        return
    try:
        audited = json.loads(path.read_bytes()).get("content_sha256")
    except (OSError, ValueError, AttributeError):
        yield "audit.json: cannot be read; run puzzlegen audit again"
        return
    if audited != manifest["content_sha256"]:
        yield "audit.json: of other puzzles than these; run puzzlegen audit again"


def _file_problems(folder: Path, file: dict[str, Any]) -> list[str]:
    path = folder / file["path"]
    if not _is_file(path):
        return [f"{file['path']}: missing"]
    try:
        size = path.stat().st_size
        if size != file["bytes"]:
            return [f"{file['path']}: {size} bytes, the manifest says {file['bytes']}"]
        with path.open("rb") as handle:
            actual = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as err:
        return [f"{file['path']}: cannot be read: {err.strerror or err}"]
    return [] if actual == file["sha256"] else [f"{file['path']}: its bytes changed (sha256 {actual[:12]}...)"]


def _is_file(path: Path) -> bool:
    """Whether the path is a file that may be accessed."""
    try:
        return path.is_file()
    except OSError:
        return False


def _row_problems(folder: Path, file: dict[str, Any], claims: Claims) -> tuple[int, list[str]]:
    problems: list[str] = []
    counted = claims.of_file(file)
    try:
        for row in read_rows(folder / file["path"], [*WORDS, "solution", "reward_model"]):
            row_problems = [*counted.add(row), *_answer_problems(row)]
            problems += [f"{file['path']}: puzzle {row['id']}: {p}" for p in row_problems]
    # A damaged file can fail in any layer that reads it.
    except Exception as err:  # noqa: BLE001 - whatever fails is the problem
        claims.miss()
        why = type(err.__cause__ or err).__name__
        return counted.rows, [*problems, f"{file['path']}: cannot be read to its end: {why}"]
    return counted.rows, [*problems, *claims.add(counted)]


def _answer_problems(row: Row) -> Iterator[str]:
    truth = row["ground_truth"]
    if row["reward_model"]["ground_truth"] != truth:
        yield "reward_model.ground_truth is not ground_truth"
    try:
        if not solved(score(row["solution"], truth)):
            yield "its solution does not score 1"
        settings = json.loads(truth)["params"]
        if json.loads(truth)["kind"] != "composite" and score(_as_response(row["answer"], settings), truth).value != 1:
            yield f"its answer '{row['answer']}' does not score 1"
    except VerifierError as err:
        yield f"its ground truth is not a verifier spec: {err}"


def _as_response(answer: str, params: dict[str, Any]) -> str:
    from puzzlegen.prompts import PromptSettings  # noqa: PLC0415

    return response(answer, PromptSettings(reasoning=params["think"], format=params["format"]), "x")


def _replay(
    folder: Path, files: list[dict[str, Any]], recipe: Recipe, manifest: dict[str, Any], replay_count: int
) -> tuple[int, list[str]]:
    """Rebuild ``replay_count`` puzzles, drawn from all files, and compare every stored value."""
    if (stored := manifest["format"]) != FORMAT:
        raise SourceError(f"puzzles of format {stored} are rebuilt by the version that made them; here it is {FORMAT}")
    if changed := difference(manifest["environment"], environment(recipe)):
        raise SourceError(f"puzzles are rebuilt with the versions they were built with: {'; '.join(changed)}")
    chosen = _draw_puzzles(folder, files, manifest["content_sha256"], replay_count)
    rebuilder = _Rebuilder(recipe, manifest["limit"])
    problems = []
    for path, ids in chosen.items():
        for row in read_rows(folder / path):
            if row["id"] in ids:
                problems += [f"{path}: puzzle {row['id']}: {p}" for p in rebuilder.differences(row)]
    return sum(len(ids) for ids in chosen.values()), problems


def _draw_puzzles(folder: Path, files: list[dict[str, Any]], key: str, replay_count: int) -> dict[str, set[str]]:
    ids = ((row["id"], file["path"]) for file in files for row in read_rows(folder / file["path"], ["id"]))
    chosen: dict[str, set[str]] = {}
    for puzzle_id, path in heapq.nsmallest(replay_count, ids, key=lambda pair: digest("replay", key, pair[0])):
        chosen.setdefault(path, set()).add(puzzle_id)
    return chosen


class _Rebuilder:
    """Rebuilds single puzzles, each within its shard, because some tasks compare an item with its neighbours there."""

    def __init__(self, recipe: Recipe, limit: int | None) -> None:
        plan = make_plan(recipe, limit)
        self._recipe = plan.recipe
        self._finder = Finder(plan)
        self._skipped = plan.skipped

    def differences(self, row: Row) -> Iterator[str]:
        """Yield how a stored record differs from the record that its source gives now."""
        info = row["extra_info"]
        position = self._finder.place(info["source_uri"])
        if position is None:
            yield self._describe_missing(info["source_uri"])
            return
        task = self._task_index(info)
        if task is None:
            yield f"the recipe has no task {info['task']} with {info['params']}"
            return
        shard_items, rank = position
        opened, pick = shard_items(rank, info["variant"]), Pick(task, info["variant"])
        try:
            made = make_puzzle(self._recipe, opened, pick, info["split"], json.loads(info["slots"]))
        except PuzzlegenError as err:
            yield str(err)
            return
        yield from self._row_differences(made, opened.sha256, row)

    def _describe_missing(self, name: str) -> str:
        left_out = next((skipped for skipped in self._skipped if skipped.id == name), None)
        if left_out is None:
            return f"its source '{name}' is missing"
        return f"its source '{name}' is left out now: {left_out.reason} {left_out.detail}".rstrip()

    def _task_index(self, info: Row) -> int | None:
        tasks = (entry.task for entry in self._recipe.tasks)
        return next((k for k, t in enumerate(tasks) if (t.name, t.params) == (info["task"], info["params"])), None)

    def _row_differences(self, made: Made | Rejection, sha256: str, row: Row) -> Iterator[str]:
        if isinstance(made, Rejection):
            yield f"its source gives no puzzle now: {made.reason}"
        elif sha256 != row["extra_info"]["source_sha256"]:
            yield f"its source '{row['extra_info']['source_uri']}' has changed"
        else:
            yield from (f"{key} is not what its source gives" for key in made.row if made.row[key] != row[key])
