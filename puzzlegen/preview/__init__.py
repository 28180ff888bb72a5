"""Preview: one self-contained HTML page of a build, to look at the puzzles and to play them.

The page needs no network and works from ``file://``. Media are embedded as text and decoded to pictures and clips when
they are scrolled into view. Text written by people (file names, questions) enters the page as data, never as markup.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.census import take_census
from puzzlegen.errors import IntegrityError, SourceError
from puzzlegen.preview.charts import build_charts, figures
from puzzlegen.preview.entries import Spool, entries, facts
from puzzlegen.preview.originals import Originals
from puzzlegen.preview.page import write_page
from puzzlegen.preview.rejected import rejected
from puzzlegen.reading import files_of, manifest_of
from puzzlegen.recipe import Recipe

__all__ = ["MOST_PUZZLES", "Previewed", "preview"]

MOST_PUZZLES: Final = 500


class Previewed(NamedTuple):
    """A page that was written, and what the page shows.

    Attributes:
        page: the HTML file.
        puzzles: number of puzzles shown.
        of: number of puzzles in the build.
        bytes: size of the page in bytes.
        originals: number of puzzles shown beside the original medium they were made from.
        note: what the page lacks and why; empty if nothing is missing.
    """

    page: Path
    puzzles: int
    of: int
    bytes: int
    originals: int
    note: str

    def to_json(self) -> dict[str, Any]:
        """Return all fields as JSON-ready data."""
        return {**self._asdict(), "page": str(self.page)}


def preview(folder: Path, page: Path, *, recipe: Recipe | None = None, limit: int = MOST_PUZZLES) -> Previewed:
    """Write the page of a finished build.

    Args:
        folder: the build's folder.
        page: the HTML file to write; an existing file is replaced.
        recipe: a recipe with the build's source, to show the original media; None leaves them out.
        limit: maximum number of puzzles to show, spread evenly over the tasks.

    Raises:
        IntegrityError: the folder is not a finished build, or a file of the build is missing.
        OutputError: the page cannot be written.
    """
    manifest = manifest_of(folder)
    if missing_files := [file["path"] for file in files_of(manifest) if not (folder / file["path"]).is_file()]:
        raise IntegrityError(f"'{folder}' lacks {missing_files[0]}; puzzlegen verify lists what is wrong with it")
    source, note = _source(recipe, manifest["limit"])
    with Spool() as spool:
        shown_entries = entries(folder, manifest, limit, source, spool)
        data = {
            "facts": facts(folder, manifest, note),
            "puzzles": shown_entries,
            "rejected": rejected(folder, source, spool),
            "media": spool.described,
        }
        charts, missing = _charts(folder, manifest)
        write_page(page, data, spool, charts)
    original_count = sum(entry["original"] is not None for entry in shown_entries)
    full_note = " ".join(part for part in (note, missing) if part)
    return Previewed(
        page, len(shown_entries), sum(manifest["kept"].values()), page.stat().st_size, original_count, full_note
    )


def _charts(folder: Path, manifest: dict[str, Any]) -> tuple[str, str]:
    """Return the charts as markup, and a note if there are none: only the charts need matplotlib."""
    if find_spec("matplotlib") is None:
        return "", 'The page has no charts, which need matplotlib: pip install "puzzlegen[charts]".'
    charts = build_charts(take_census(folder, manifest), manifest["rejected"])
    return f'<div class="charts">{figures(charts)}</div>', ""


def _source(recipe: Recipe | None, limit: int | None) -> tuple[Originals | None, str]:
    if recipe is None:
        return None, "The source is not known here, so originals are not shown; --source names it."
    try:
        return Originals(recipe, limit), ""
    except SourceError as err:
        return None, f"The source cannot be read, so originals are not shown: {err}."
