"""Previews as people ask for them: of a finished folder, or of a recipe, of which a little is built for it."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from puzzlegen import runs
from puzzlegen.errors import RecipeError, SourceError
from puzzlegen.preview import MOST_PUZZLES, Previewed, preview
from puzzlegen.recipe import Recipe, load_recipe

_FEW_ITEMS: Final = 12


def preview_of(
    target: str, out: Path | None, *, limit: int | None, source: str | None, overrides: Sequence[str]
) -> Previewed:
    """The page of a folder, or of the first items of a recipe.

    Args:
        target: a build's folder, or what :func:`load_recipe` takes.
        out: the HTML file, or a folder for it; by default it has the target's name and lies in the working directory.
        limit: of a folder the most puzzles to show, of a recipe the items to build.
        source: in the stead of the recipe's or the one that the folder remembers.
        overrides: ``a.b=c``, of a recipe only.

    Raises:
        PuzzlegenError: as for builds; RecipeError for overrides of a folder.
    """
    if Path(target).is_dir():
        if overrides:
            raise RecipeError(f"--set changes a recipe, and '{target}' is built already; preview the recipe instead")
        folder = Path(target)
        page = _page(out, folder.resolve().name)
        return preview(folder, page, recipe=_known_recipe(folder, source), limit=limit or MOST_PUZZLES)
    recipe = load_recipe(target, source=source, overrides=overrides)
    name = Path(target).stem
    with tempfile.TemporaryDirectory(prefix="puzzlegen-") as place:
        folder = Path(place) / name
        runs.run(recipe, folder, workers=None, engine="local", limit=limit or _FEW_ITEMS, shards="0/1")
        return preview(folder, _page(out, name), recipe=recipe)


def _page(out: Path | None, name: str) -> Path:
    if out is None or out.is_dir():
        return (out or Path()) / f"{name}.html"
    return out


def _known_recipe(folder: Path, source: str | None) -> Recipe | None:
    """With the source, unless nobody named one and the one that was remembered is gone."""
    try:
        return runs.recipe_of(folder, source)
    except (SourceError, RecipeError):
        if source is not None:
            raise
        return None


def preview_line(made: Previewed) -> str:
    """What was written, for people."""
    shown = f"{made.puzzles} of {made.of}" if made.puzzles < made.of else f"{made.puzzles}"
    size = f"{made.bytes / 1e6:.1f} MB"
    return f"{shown} puzzles, {made.originals} with their originals, in {made.page} ({size}): open it in a browser"
