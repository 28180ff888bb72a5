"""Infer the kind of source from the path or URL that ``--source`` gives, and from the names and first file there."""

from __future__ import annotations

from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

from puzzlegen.cells import DamagedError, Table
from puzzlegen.errors import RecipeError
from puzzlegen.files import ARCHIVE_SUFFIXES, Found, Tree, checked, is_url, kind_of, suffix_of, tree_at
from puzzlegen.records import Skipped
from puzzlegen.rows import SUFFIXES
from puzzlegen.sources.webdataset import holds_samples

_HUB_PREFIX: Final = "hf://datasets/"
_MAX_ID_PARTS: Final = 2
_COMPRESSED: Final = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_ACCEPTED: Final = (
    "a folder of images or videos, an archive of them "
    f"({', '.join(ARCHIVE_SUFFIXES)}) or a table ({', '.join(SUFFIXES)})"
)
#: Kinds that a folder may be of: a recipe that names one of these keeps it.
_FOLDER_KINDS: Final = ("folder", "parquet", "webdataset")
_PARQUET: Final = ".parquet"
_TAR: Final = ".tar"
#: Files that ``save_to_disk`` of ``datasets`` writes beside one split, and beside the folders of several.
_SAVED_SPLIT: Final = {"state.json", "dataset_info.json"}
_SAVED_SPLITS: Final = "dataset_dict.json"
#: How many members of a tar show whether these are samples.
_FIRST_MEMBERS: Final = 64


def source_at(path: str, old: dict[str, Any]) -> dict[str, Any]:
    """Return the source at ``path``: media, a table of rows, Parquet with media, a dataset, or what ``old`` can read.

    Args:
        path: a path or URL.
        old: the recipe's source, of which settings that still apply are kept, such as a table's columns.

    Raises:
        RecipeError: the path is none of these.
        SourceError: what lies there cannot be listed or read.
    """
    kind = _infer_kind(path, str(old.get("kind")))
    if kind == "hub":
        return {**(old if old.get("kind") == "hub" else {}), "kind": "hub", "name": path.removeprefix(_HUB_PREFIX)}
    return {**(old if old.get("kind") == kind else {}), "kind": kind, "path": path}


def _infer_kind(path: str, old_kind: str) -> str:
    if is_url(path):
        try:
            return _kind_of_url(checked(path), old_kind)
        except ValueError as err:
            raise RecipeError(str(err)) from err
    try:
        path.encode()
        is_folder, exists = Path(path).is_dir(), Path(path).exists()
    except UnicodeEncodeError as err:
        raise RecipeError("its name is not UTF-8 here; rename it, or set PYTHONUTF8=1 if the locale is C") from err
    except OSError as err:
        raise RecipeError(f"the system says: {err.strerror}") from err
    if exists and old_kind == "graph":
        return old_kind
    if is_folder:
        return old_kind if old_kind in _FOLDER_KINDS else _kind_of_folder(path)
    if exists and not Path(path).is_file():
        raise RecipeError(f"neither a file nor a folder; give {_ACCEPTED}")
    if not exists or suffix_of(path) not in (*SUFFIXES, *ARCHIVE_SUFFIXES):
        raise RecipeError(_refusal(path) if exists else f"no such file or folder; give {_ACCEPTED}")
    return _kind_of_file(path, old_kind)


def _refusal(file: str) -> str:
    """Return why a file is not a source, and what to give instead."""
    if suffix_of(file) in _COMPRESSED:
        return "what is compressed as a whole cannot be read in place; unpack it, or repack it as .tar or .zip"
    if kind := kind_of(file):
        return f"one {kind} is not a source; give the folder that it lies in"
    return f"neither a folder nor an archive or a table; give {_ACCEPTED}"


def _kind_of_folder(location: str) -> str:
    """Return the kind that the names in a folder, and the first Parquet file or tar there, show; else ``folder``."""
    tree = tree_at(location)
    names = tree.names()
    if _SAVED_SPLITS in names:
        splits = ", ".join(name.rstrip("/") for name in names if name.endswith("/"))
        raise RecipeError(f"several splits that datasets saved; give the folder of one: {splits}")
    if _SAVED_SPLIT.issubset(names) and not is_url(location):
        return "hub"
    parquet_file = _first_file(tree, _parquet_files(tree, names))
    if parquet_file and _holds_media(tree, parquet_file, beside_files=True):
        return "parquet"
    # Media beside the tars, or in folders, are read by the kind folder only.
    only_tars = not any(name.endswith("/") or kind_of(name) for name in names)
    tar = _first_file(tree, [name for name in names if suffix_of(name) == _TAR]) if only_tars else None
    return "webdataset" if tar and _holds_samples(tree, tar) else "folder"


def _parquet_files(tree: Tree, names: list[str]) -> list[str]:
    """Return the Parquet files in a folder, in its ``data``, and in folders of one table each, as Spark writes them."""
    folders = [name for name in names if name.endswith("/") and (name == "data/" or suffix_of(name) == _PARQUET)]
    inner_files = [folder + name for folder in folders for name in tree.names(folder.rstrip("/"))]
    return sorted(file for file in names + inner_files if suffix_of(file) == _PARQUET and not file.endswith("/"))


def _first_file(tree: Tree, names: list[str]) -> Found | None:
    """Return the first of the files that can be read; the listing of the source reports the others."""
    return next((found for name in names if isinstance(found := tree.find(name), Found)), None)


def _holds_media(tree: Tree, found: Found, *, beside_files: bool) -> bool:
    try:
        table = Table(tree.parts(found.id, found.stamp), found.id)
    except DamagedError:
        return False  # whoever reads the file reports it
    with closing(table):
        return table.holds_media(beside_files=beside_files)


def _holds_samples(tree: Tree, found: Found) -> bool:
    return holds_samples(islice(tree.members(found), _FIRST_MEMBERS))


def _kind_of_url(url: str, old_kind: str) -> str:
    url_parts = url.removeprefix(_HUB_PREFIX).strip("/").split("/")
    if url.startswith(_HUB_PREFIX) and len(url_parts) <= _MAX_ID_PARTS and suffix_of(url) == "":
        return "hub"
    if suffix_of(url) in (*SUFFIXES, *ARCHIVE_SUFFIXES):
        return _kind_of_file(url, old_kind)
    return old_kind if old_kind in (*_FOLDER_KINDS, "graph") else _kind_of_folder(url)


def _kind_of_file(path: str, old_kind: str) -> str:
    suffix = suffix_of(path)
    kinds = {_PARQUET: ("parquet", "manifest"), _TAR: ("webdataset", "folder")}.get(suffix)
    if kinds is None:
        return "folder" if suffix in ARCHIVE_SUFFIXES else "manifest"
    if old_kind in kinds:
        return old_kind
    tree = tree_at(path, (suffix,))
    (found,) = tree.walk()
    if isinstance(found, Skipped):
        raise RecipeError(f"it cannot be read: {found.detail or found.reason}")
    fits = _holds_media(tree, found, beside_files=False) if suffix == _PARQUET else _holds_samples(tree, found)
    return kinds[0] if fits else kinds[1]
