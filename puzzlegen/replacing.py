"""What a push would delete in a repository that holds an earlier build, and whether it may."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Final

from puzzlegen.errors import PushError
from puzzlegen.reading import files_of

#: Files of a build that its manifest does not list.
_UNLISTED: Final = ("audit.json", "audit.html")
_DATA_FOLDERS: Final = ("data/", "assets/")
_MAX_SHOWN: Final = 3


def files_to_delete(
    repo: str,
    present: AbstractSet[str],
    new: AbstractSet[str],
    manifest: dict[str, Any],
    earlier: dict[str, Any],
    *,
    replace: bool,
) -> list[str]:
    """Return the files of the earlier build that the new one no longer has.

    Args:
        repo: the repository's name, for messages.
        present: the files in the repository.
        new: the files that will be uploaded.
        manifest: the manifest of the new build.
        earlier: the manifest in the repository.
        replace: whether the earlier build may be one of another recipe or source.

    Raises:
        PushError: the data folders hold files of neither build, or the earlier build is another one.
    """
    listed = {file["path"] for file in [*files_of(earlier), *earlier["assets"]]} | set(_UNLISTED)
    if foreign := {name for name in present - listed - new if name.startswith(_DATA_FOLDERS)}:
        raise PushError(
            f"'{repo}' holds {len(foreign)} files in data/ or assets/ that are of neither build ({shown(foreign)}); "
            "move them elsewhere on the Hub, or choose another name"
        )
    differing = _what_differs(manifest, earlier)
    if differing and not replace:
        gone = {name for name in present & listed if name.startswith(_DATA_FOLDERS)}
        raise PushError(
            f"'{repo}' holds another build (other {', '.join(differing)}), whose {len(gone)} files would be replaced "
            f"or deleted ({shown(gone)}); choose another name, or give --replace"
        )
    return sorted(present & listed - new)


def shown(names: AbstractSet[str]) -> str:
    """Return the first few names in order, for a message."""
    return ", ".join(sorted(names)[:_MAX_SHOWN]) + (", ..." if len(names) > _MAX_SHOWN else "")


def _what_differs(manifest: dict[str, Any], earlier: dict[str, Any]) -> list[str]:
    """Return what makes two builds different ones; nothing if they differ in seed, limit or versions alone."""
    recipe, other = manifest["recipe"], earlier["recipe"]
    keys = (recipe.keys() | other.keys()) - {"seed"}
    if differing := sorted(key for key in keys if recipe.get(key) != other.get(key)):
        return differing
    # The listing holds the items that were chosen, so it says nothing about the source if other items were chosen.
    same_choice = (recipe["seed"], manifest["limit"]) == (other["seed"], earlier["limit"])
    return ["media"] if same_choice and manifest["source"] != earlier["source"] else []
