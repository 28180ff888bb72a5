"""Preview a target given on the command line: a finished build or, by building a few items first, a recipe."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from puzzlegen import runs
from puzzlegen.errors import RecipeError, SourceError
from puzzlegen.files import is_url, suffix_of
from puzzlegen.output import folder_at
from puzzlegen.preview import MOST_PUZZLES, Previewed, preview
from puzzlegen.recipe import Recipe, load_recipe

_DEFAULT_ITEMS: Final = 12
_RECIPE_SUFFIXES: Final = (".yaml", ".yml")


def preview_of(
    target: str, out: Path | None, *, limit: int | None, source: str | None, overrides: Sequence[str]
) -> Previewed:
    """Write the page of a build, or of the first items of a recipe.

    Args:
        target: a build's folder or URL, or a recipe as :func:`load_recipe` accepts it.
        out: the HTML file, or an existing folder for it; by default a file with the target's name in the working
            directory.
        limit: for a build, the maximum number of puzzles to show; for a recipe, the number of items to build.
        source: source to use instead of the recipe's, or instead of the one that the build's folder remembers.
        overrides: changes to a recipe, each as ``a.b=c``.

    Raises:
        PuzzlegenError: as for builds; RecipeError if there are overrides for a build.
    """
    is_remote_build = is_url(target) and suffix_of(target) not in _RECIPE_SUFFIXES
    if is_remote_build or Path(target).is_dir():
        if overrides:
            raise RecipeError(f"--set changes a recipe, and '{target}' is built already; preview the recipe instead")
        folder = folder_at(target)
        page = _page_path(out, folder.resolve().name or "preview")
        return preview(folder, page, recipe=_known_recipe(folder, source), limit=limit or MOST_PUZZLES)
    recipe = load_recipe(target, source=source, overrides=overrides)
    name = Path(target).stem
    with tempfile.TemporaryDirectory(prefix="puzzlegen-") as temporary:
        folder = Path(temporary) / name
        runs.run(recipe, folder, workers=None, engine="local", limit=limit or _DEFAULT_ITEMS, shards="0/1")
        return preview(folder, _page_path(out, name), recipe=recipe)


def _page_path(out: Path | None, name: str) -> Path:
    if out is None or out.is_dir():
        return (out or Path()) / f"{name}.html"
    return out


def _known_recipe(folder: Path, source: str | None) -> Recipe | None:
    """Return the build's recipe; None if its remembered source is unknown or gone and no other ``source`` is given."""
    try:
        return runs.recipe_of(folder, source)
    except (SourceError, RecipeError):
        if source is not None:
            raise
        return None


def preview_line(made: Previewed) -> str:
    """Describe the written page in one line for people."""
    count = f"{made.puzzles} of {made.of}" if made.puzzles < made.of else f"{made.puzzles}"
    size = f"{made.bytes / 1e6:.1f} MB"
    return f"{count} puzzles, {made.originals} with their originals, in {made.page} ({size}): open it in a browser"
