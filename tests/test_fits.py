"""Audits find tiles, holes and crops that can be placed by their edges or colours alone."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import recipe_with
from PIL import Image
from test_audit import folder_of, jpeg, picture, record

from puzzlegen.media.marks import hatch
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import one_palette
from puzzlegen.records import Item, Puzzle, canonical_json
from puzzlegen.rng import rng_for
from puzzlegen.tasks import task_class
from puzzlegen.writers import Row

pytest.importorskip("sklearn", reason="audits need the extra: pip install puzzlegen[audit]")

from puzzlegen.audit import audit
from puzzlegen.audit.fits import colours_apart
from puzzlegen.audit.hole import hole_of
from puzzlegen.audit.seen import look, media_of

MEDIA = recipe_with([{"task": "rotation"}]).media
SOURCES = 24
NAIVE: dict[str, dict[str, Any]] = {
    "arrangement": {"shade": 0},
    "swap": {"rows": 3, "cols": 3, "shade": 0},
    "tile_place": {},
    "tile_relation": {},
    "odd_tile": {"rows": 3, "cols": 3, "shade": 0},
}


def naive(name: str, source: int) -> Row | None:
    """Return a row of a puzzle whose tiles are neither cut smaller nor recoloured; None if the image is rejected."""
    task = task_class(name).model_validate({"gap": 0, "level": 0, "jitter": 0, **NAIVE[name]})
    buffer = io.BytesIO()
    Image.fromarray(picture("naive", source, side=330)).save(buffer, "PNG")
    item = OpenItem(Item("p", "image"), lambda _: io.BytesIO(buffer.getvalue()), MEDIA, rng_for("clean", source))
    made = task.make(item, rng_for(name, source))
    if not isinstance(made, Puzzle):
        return None
    media = [medium.data for medium in made.media]
    row = record(source, len(name), made.answer.text, made.answer.spec.to_json(), made.question, media)
    row["extra_info"] |= {"task": name, "params": task.params}
    return row


@pytest.mark.parametrize("name", ["tile_place", "tile_relation", "odd_tile"])
def test_the_words_of_questions_tell_which_tiles_they_ask_about(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.media.places._LEAST", 0.0)
    row = next(row for source in range(SOURCES) if (row := naive(name, source)))
    assert np.any(look(row, media_of(row)).options["joints"])


@pytest.mark.slow
def test_tiles_without_a_gap_are_told_by_their_joints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.media.places._LEAST", 0.0)  # noise has no clear places, but its joints fit
    rows = [row for name in NAIVE for source in range(SOURCES) if (row := naive(name, source))]
    report = audit(folder_of(rows, tmp_path))
    leaky = {(p.sees, t.task) for t in report.tasks for p in t.probes if p.verdict == "leaky"}
    assert {task for sees, task in leaky if sees == "learned joints"} == set(NAIVE)
    assert {task for sees, task in leaky if sees == "learned orders"} == {"arrangement", "swap"}


def lettered(source: int, right: int, media: list[bytes]) -> Row:
    """Return a record with one image and four images with letters."""
    truth = {"v": 1, "kind": "choice", "target": "ABCD"[right], "params": {"options": list("ABCD")}}
    question = "Picture: <image>\nA: <image>\nB: <image>\nC: <image>\nD: <image>\nWhich?"
    return record(source, 0, "ABCD"[right], canonical_json(truth), question, media)


def holed(source: int) -> Row:
    """Return a row in which the right piece fills the hole up to its rim."""
    whole = Image.fromarray(picture("hole", source, side=200))
    rng = rng_for("holed", source)
    places = [(70, 60), (5, 5), (130, 10), (10, 130)]
    pieces = [whole.crop((x, y, x + 64, y + 64)) for x, y in places]
    order = rng.permutation(4)
    hatch(whole, (70, 60, 134, 124))
    shown = [whole, *(pieces[k] for k in order)]
    return lettered(source, order.index(0), [jpeg(np.asarray(one)) for one in shown])


@pytest.mark.slow
def test_a_piece_that_meets_the_rim_is_found(tmp_path: Path) -> None:
    rows = [holed(source) for source in range(2 * SOURCES)]
    found = hole_of(np.asarray(Image.open(io.BytesIO(rows[0]["images"][0]["bytes"]))))
    assert found is not None
    assert np.abs(np.subtract(found, (70, 60, 134, 124))).max() <= 4
    (task,) = audit(folder_of(rows, tmp_path)).tasks
    verdicts = {probe.sees: probe.verdict for probe in task.probes}
    assert verdicts["the hole's rim"] == "leaky"
    assert hole_of(picture("no hole", side=200)) is None


def paired(source: int) -> Row:
    """Return a row with two crops of the same image or of two images, in their original colours."""
    first, other = (picture("pair", source + k, side=120) for k in (0, 500))
    same = source % 2
    options = {"A": "the same picture", "B": "two different pictures"}
    truth = {"v": 1, "kind": "choice", "target": "BA"[same], "params": {"options": options}}
    shown = [first[:80, :80], first[30:110, 30:110] if same else other[:80, :80]]
    media = [jpeg(np.ascontiguousarray(one)) for one in shown]
    return record(source, 0, "BA"[same], canonical_json(truth), "<image><image>\nWhich?\nA. s\nB. d", media)


def test_crops_in_their_own_colours_are_found(tmp_path: Path) -> None:
    (task,) = audit(folder_of([paired(source) for source in range(3 * SOURCES)], tmp_path)).tasks
    assert {probe.sees: probe.verdict for probe in task.probes}["colours"] == "leaky"


def test_one_palette_leaves_colours_no_say() -> None:
    anchor, *others = (Image.fromarray(picture("palette", k, side=120)) for k in range(4))
    before = [colours_apart(np.asarray(anchor), np.asarray(one)).sum() for one in others]
    after = [colours_apart(np.asarray(anchor), np.asarray(one)).sum() for one in one_palette(others)]
    assert np.ptp(after) < np.ptp(before) / 3
    grey = Image.new("RGB", (40, 40), (90, 90, 90))
    assert one_palette([grey, grey]) == [grey, grey]
