"""Infer the kind of source from the path or URL that ``--source`` gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from puzzlegen.cells import holds_media
from puzzlegen.errors import RecipeError
from puzzlegen.files import ARCHIVE_SUFFIXES, is_url, kind_of, suffix_of
from puzzlegen.rows import SUFFIXES

_HUB_PREFIX: Final = "hf://datasets/"
_MAX_ID_PARTS: Final = 2
_COMPRESSED: Final = (".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar")
_ACCEPTED: Final = (
    "a folder of images or videos, an archive of them "
    f"({', '.join(ARCHIVE_SUFFIXES)}) or a table ({', '.join(SUFFIXES)})"
)
#: Kinds that a folder may be of: a recipe that names one of these keeps it.
_FOLDER_KINDS: Final = ("folder", "parquet", "webdataset")


def source_at(path: str, old: dict[str, Any]) -> dict[str, Any]:
    """Return the source at ``path``: media, a table of rows, Parquet with media, a dataset, or what ``old`` can read.

    Args:
        path: a path or URL.
        old: the recipe's source, of which settings that still apply are kept, such as a table's columns.

    Raises:
        RecipeError: the path is none of these.
    """
    kind = _infer_kind(path, str(old.get("kind")))
    if kind == "hub":
        return {**(old if old.get("kind") == "hub" else {}), "kind": "hub", "name": path.removeprefix(_HUB_PREFIX)}
    return {**(old if old.get("kind") == kind else {}), "kind": kind, "path": path}


def _infer_kind(path: str, old_kind: str) -> str:
    if is_url(path):
        return _kind_of_url(path, old_kind)
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
        return old_kind if old_kind in _FOLDER_KINDS else _kind_of_folder(Path(path))
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


def _kind_of_folder(folder: Path) -> str:
    """Return ``parquet`` if the first Parquet file in the folder (or in its ``data``) holds media, else ``folder``."""
    parquet_files = sorted((*folder.glob("*.parquet"), *folder.glob("data/*.parquet")))
    return "parquet" if parquet_files and holds_media(parquet_files[0]) else "folder"


def _kind_of_url(url: str, old_kind: str) -> str:
    url_parts = url.removeprefix(_HUB_PREFIX).strip("/").split("/")
    if url.startswith(_HUB_PREFIX) and len(url_parts) <= _MAX_ID_PARTS and suffix_of(url) == "":
        return "hub"
    if suffix_of(url) in (*SUFFIXES, *ARCHIVE_SUFFIXES):
        return _kind_of_file(url, old_kind)
    return old_kind if old_kind in (*_FOLDER_KINDS, "graph") else "folder"


def _kind_of_file(path: str, old_kind: str) -> str:
    if suffix_of(path) in ARCHIVE_SUFFIXES:
        return old_kind if old_kind in ("folder", "webdataset") else "folder"
    has_media = suffix_of(path) == ".parquet" and old_kind != "manifest" and (is_url(path) or holds_media(Path(path)))
    return "parquet" if has_media or old_kind == "parquet" else "manifest"
