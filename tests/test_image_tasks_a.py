"""The answers of image puzzles are true, checked on the pixels, which the sweep over all tasks cannot do."""

from __future__ import annotations

import io
import re
from itertools import product
from typing import Any

import numpy as np
import pytest
from conftest import recipe_with
from PIL import Image
from pydantic import ValidationError

from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import mirror_margin, tilt_margin, tilted
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.tiles import AS_IT_WAS
from puzzlegen.records import Item, Medium, Puzzle, Rejection
from puzzlegen.rng import Rng, rng_for
from puzzlegen.tasks import Task, task_class
from puzzlegen.tasks.tile_place import unlike

MEDIA = recipe_with([{"task": "rotation"}]).media
PLAIN: dict[str, Any] = {"gap": 0, "level": 0, "jitter": 0}
UNLIT: dict[str, Any] = PLAIN | {"shade": 0}
GRID = 3


def scene() -> Image.Image:
    """Return smooth blobs of many colours without a symmetry, which JPEG hardly changes."""
    noise = np.frombuffer(rng_for("scene").raw(9 * 9 * 3), np.uint8).reshape(9, 9, 3)
    return Image.fromarray(noise).resize((900, 900), Image.Resampling.BICUBIC)


def opened(picture: Image.Image | None = None) -> OpenItem:
    buffer = io.BytesIO()
    (picture or scene()).save(buffer, "PNG")
    return OpenItem(Item("scene", "image"), lambda _: io.BytesIO(buffer.getvalue()), MEDIA, rng_for("clean"))


ITEM = opened()


@pytest.fixture(autouse=True)
def _smooth_scenes_are_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the thresholds, since blobs have few of the clues of photos; test_places and test_upright check them."""
    monkeypatch.setattr("puzzlegen.media.places._LEAST", 8.0)
    monkeypatch.setattr("puzzlegen.media.upright._LEAST", 28.5)
    monkeypatch.setattr("puzzlegen.tasks.swap._LEAST_CLARITY", 8.0)


def built(name: str, **params: Any) -> Task:
    return task_class(name)(**params)


def puzzle(name: str, k: int = 0, **params: Any) -> Puzzle:
    made = built(name, **params).make(ITEM, rng_for(name, k))
    assert isinstance(made, Puzzle), made
    return made


def pixels(medium: Medium | Image.Image) -> np.ndarray[Any, Any]:
    picture = medium if isinstance(medium, Image.Image) else Image.open(io.BytesIO(medium.data))
    return np.asarray(picture, np.float32)


def tiles(picture: np.ndarray[Any, Any]) -> list[np.ndarray[Any, Any]]:
    """Return the tiles of a 3x3 layout in reading order."""
    return [tile for row in np.split(picture, GRID) for tile in np.split(row, GRID, axis=1)]


def laid_out(parts: list[np.ndarray[Any, Any]]) -> np.ndarray[Any, Any]:
    return np.concatenate([np.concatenate(parts[k : k + GRID], axis=1) for k in range(0, GRID * GRID, GRID)])


def whole() -> np.ndarray[Any, Any]:
    """Return the cleaned image, cropped to multiples of the grid as in the tasks."""
    picture = pixels(ITEM.image())
    height, width = (side // GRID * GRID for side in picture.shape[:2])
    return picture[:height, :width]


def chosen(found: Puzzle) -> str:
    return str(found.answer.spec.params["options"][found.answer.text])


def same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any], within: float = 4) -> bool:
    return a.shape == b.shape and float(np.abs(a - b).mean()) < within


def restored(shown: np.ndarray[Any, Any], order: list[int]) -> np.ndarray[Any, Any]:
    parts = tiles(shown)
    return laid_out([parts[number - 1] for number in order])


@pytest.mark.parametrize("k", range(3))
def test_the_order_restores_the_picture(k: int) -> None:
    laid = puzzle("jigsaw", k, form="picture_order", **PLAIN)
    assert same(restored(pixels(laid.media[0]), laid.answer.spec.target), whole())
    apart = puzzle("jigsaw", k, reference=False, **PLAIN)
    assert same(laid_out([pixels(apart.media[n - 1]) for n in apart.answer.spec.target]), whole())


@pytest.mark.parametrize(("form", "at", "start"), [("order", 0, AS_IT_WAS), ("picture_order", 1, "Tiles: <image>")])
def test_a_jigsaw_shows_the_picture_as_it_was_beside_its_tiles(form: str, at: int, start: str) -> None:
    found, bare = (puzzle("jigsaw", form=form, reference=reference, **PLAIN) for reference in (True, False))
    assert same(pixels(found.media[at]), pixels(ITEM.image()))
    assert found.question.startswith(start)
    assert AS_IT_WAS in found.question
    assert AS_IT_WAS not in bare.question
    assert [medium.data for k, medium in enumerate(found.media) if k != at] == [medium.data for medium in bare.media]
    assert found.difficulty < bare.difficulty


@pytest.mark.parametrize("k", range(3))
def test_only_the_right_arrangement_restores_the_picture(k: int) -> None:
    found = puzzle("arrangement", k, **UNLIT)
    shown = pixels(found.media[0])
    orders = {text: [int(n) for n in text.split(", ")] for text in found.answer.spec.params["options"].values()}
    assert [text for text, order in orders.items() if same(restored(shown, order), whole())] == [chosen(found)]


@pytest.mark.parametrize(("options", "distance"), [(2, 2), (4, 4), (4, 9), (6, 7)])
def test_any_two_arrangements_differ_in_as_many_places(options: int, distance: int) -> None:
    found = puzzle("arrangement", options=options, distance=distance)
    orders = [text.split(", ") for text in found.answer.spec.params["options"].values()]
    differ = {sum(a != b for a, b in zip(x, y, strict=True)) for i, x in enumerate(orders) for y in orders[:i]}
    assert differ == {distance}


@pytest.mark.parametrize("params", [{"distance": 3}, {"distance": 10}, {"options": 6, "distance": 5}])
def test_impossible_arrangements_are_refused(params: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="is impossible"):
        built("arrangement", **params)


@pytest.mark.parametrize("k", range(4))
def test_exchanging_the_two_tiles_again_restores_the_picture(k: int) -> None:
    found = puzzle("swap", k, rows=GRID, cols=GRID, **UNLIT)
    a, b = (int(n) for n in re.findall(r"\d+", chosen(found)))
    parts = tiles(pixels(found.media[0]))
    parts[a - 1], parts[b - 1] = parts[b - 1], parts[a - 1]
    assert same(laid_out(parts), whole())
    assert len(found.answer.spec.params["options"]) == 6


def test_of_four_tiles_none_changes_places_within_its_row() -> None:
    options = {frozenset(puzzle("swap", k, **UNLIT).answer.spec.params["options"].values()) for k in range(4)}
    assert options == {frozenset({"tiles 1 and 3", "tiles 1 and 4", "tiles 2 and 3", "tiles 2 and 4"})}


def test_beside_the_original_any_two_of_four_tiles_may_be_exchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [puzzle("swap", k, **UNLIT, reference=True) for k in range(12)]
    assert {len(one.answer.spec.params["options"]) for one in found} == {6}
    assert {len(one.media) for one in found} == {2}
    assert {"tiles 1 and 2", "tiles 3 and 4"} & {chosen(one) for one in found}
    monkeypatch.setattr("puzzlegen.media.upright._LEAST", 1000.0)
    assert isinstance(built("swap", reference=True).make(ITEM, rng_for("no up")), Puzzle)
    assert isinstance(built("swap").make(ITEM, rng_for("no up")), Rejection)
    shown = built("swap", reference=True)
    assert (shown.gap, shown.level, shown.shade) == (0.4, 1, 0.7)  # type: ignore[attr-defined]
    assert built("swap").gap == 0.3  # type: ignore[attr-defined]


@pytest.mark.parametrize("params", [{"rows": 5}, {"cols": 1}])
def test_swap_takes_grids_up_to_four(params: dict[str, int]) -> None:
    with pytest.raises(ValidationError, match="equal to"):
        built("swap", **params)


def nearest(tile: np.ndarray[Any, Any]) -> int:
    """Return the 0-based place of the original that a tile shows."""
    return int(np.argmin([np.abs(tile - part).mean() for part in tiles(whole())]))


@pytest.mark.parametrize("k", range(4))
def test_the_tile_was_where_the_answer_says(k: int) -> None:
    found = puzzle("tile_place", k, **PLAIN)
    row, col = (int(n) for n in re.findall(r"row (\d+), column (\d+) belong", found.question)[0])
    place = nearest(tiles(pixels(found.media[0]))[(row - 1) * GRID + col - 1])
    assert chosen(found) == f"row {place // GRID + 1}, column {place % GRID + 1}"


def three_alike() -> Image.Image:
    """Return a scene whose three upper tiles are mirrored copies, so that only their layout differs."""
    picture = pixels(scene().resize((300, 300)))
    picture[:100, 100:200], picture[:100, 200:] = picture[:100, :100][:, ::-1], picture[:100, :100][::-1]
    return Image.fromarray(picture.astype(np.uint8))


def test_only_places_are_offered_whose_tiles_have_unlike_colours() -> None:
    shown = [Image.fromarray(tile.astype(np.uint8)) for tile in tiles(pixels(three_alike()))]
    asked = [unlike(shown, 4, rng_for("unlike", k)) for k in range(40)]
    assert all(len({0, 1, 2} & set(places)) <= 1 for places, _ in asked)
    assert all(len(set(places)) == 4 and margin >= 0 for places, margin in asked)
    assert len({places[0] for places, _ in asked}) > 4
    with pytest.raises(Unusable, match="need 14") as refused:
        unlike(shown[:3], 2, rng_for("unlike"))
    assert refused.value.reason == "interchangeable"


@pytest.mark.parametrize("options", [2, 6])
def test_as_many_places_are_offered_as_asked_for(options: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("puzzlegen.tasks.tile_place._LEAST_UNLIKE", 0.0)
    assert len(puzzle("tile_place", options=options).answer.spec.params["options"]) == options


@pytest.mark.parametrize("k", range(6))
def test_the_tiles_lay_to_each_other_as_the_answer_says(k: int) -> None:
    found = puzzle("tile_relation", k, directions=8, **PLAIN)
    first, second = (int(n) for n in re.findall(r"Where is tile (\d+) relative to tile (\d+)", found.question)[0])
    parts = tiles(pixels(found.media[0]))
    (y, x), (v, u) = (divmod(nearest(parts[n - 1]), GRID) for n in (first, second))
    text = chosen(found)
    assert ("above" in text, "below" in text) == (y < v, y > v)
    assert ("left" in text, "right" in text) == (x < u, x > u)
    assert max(abs(y - v), abs(x - u)) == 1


@pytest.mark.parametrize("change", ["turned", "mirrored", "hue"])
def test_the_odd_tile_is_the_only_changed_one(change: str) -> None:
    for k in range(3):
        found = puzzle("odd_tile", k, rows=GRID, cols=GRID, change=change, **UNLIT)
        pairs = zip(tiles(pixels(found.media[0])), tiles(whole()), strict=True)
        odd = [number for number, (shown, plain) in enumerate(pairs, 1) if not same(shown, plain, 6)]
        assert odd == [int(found.answer.text)]


def test_an_odd_tile_must_show_its_change_in_the_part_that_is_shown() -> None:
    picture = np.asarray(scene().resize((900, 900))).copy()
    picture[40:410, 40:410] = 128
    for gap, kept in ((0, True), (0.4, False)):
        made = built("odd_tile", gap=gap).make(opened(Image.fromarray(picture)), rng_for("plain"))
        assert isinstance(made, Puzzle) == kept, made
    assert isinstance(made, Rejection)
    assert made.reason == "symmetric"


def test_an_odd_tile_must_not_fit_its_place_a_little_higher() -> None:
    """A half turn of these bars changes every pixel, and a shift by one bar undoes the change."""
    picture = np.asarray(scene()).copy()
    picture[:450, :450] = (128 + 90 * np.sin(np.arange(450) * np.pi / 75))[:, None, None]
    made = [built("odd_tile", gap=gap).make(opened(Image.fromarray(picture)), rng_for("bars")) for gap in (0, 0.4)]
    assert isinstance(made[0], Puzzle), made
    assert isinstance(made[1], Rejection), made
    assert (made[1].reason, "fits" in made[1].detail) == ("symmetric", True)


@pytest.mark.parametrize("name", ["odd_tile", "tile_relation"])
def test_the_picture_beside_the_tiles_is_the_one_they_were_cut_from(name: str) -> None:
    alone, beside = puzzle(name, reference=False), puzzle(name)
    assert beside.media[0] == alone.media[0]
    assert beside.answer.text == alone.answer.text
    assert same(pixels(beside.media[1]), pixels(ITEM.image()))
    assert beside.difficulty < alone.difficulty


@pytest.mark.parametrize("axes", ["both", "vertical"])
def test_flips_flip(axes: str) -> None:
    flips = {"none": lambda p: p, "vertical": np.flipud, "horizontal": np.fliplr}
    task = built("flip", axes=axes, form="label")
    for k in range(3 if axes == "both" else 2):
        plain, found = (task.make(ITEM, Rng(b"flip", {"answer": forced})) for forced in (0, k))
        assert isinstance(plain, Puzzle)
        assert isinstance(found, Puzzle)
        assert same(flips[found.answer.text](pixels(found.media[0])), pixels(plain.media[0]))


@pytest.mark.parametrize("axes", ["both", "vertical"])
def test_the_reference_is_the_picture_before_the_flip(axes: str) -> None:
    alone, beside = (built("flip", axes=axes, form="label", reference=reference) for reference in (False, True))
    assert (alone.media_count, beside.media_count) == (1, 2)
    assert beside.difficulty < alone.difficulty
    for k in range(3 if axes == "both" else 2):
        one, two = (task.make(ITEM, Rng(b"flip", {"answer": k})) for task in (alone, beside))
        plain = alone.make(ITEM, Rng(b"flip", {"answer": 0}))
        assert isinstance(one, Puzzle)
        assert isinstance(two, Puzzle)
        assert isinstance(plain, Puzzle)
        assert two.media[0] == plain.media[0]
        shown, whole = (Image.open(io.BytesIO(medium.data)) for medium in (two.media[1], one.media[0]))
        assert apart(shown, whole) < 6
        assert two.answer.text == one.answer.text


@pytest.mark.parametrize("name", ["rotation", "flip"])
def test_what_was_left_as_it_was_is_no_second_copy_of_one_file(name: str) -> None:
    task = built(name, reference=True)
    for k in range(20):
        found = task.make(ITEM, Rng(b"copy%d" % k, {"answer": 0}))
        assert isinstance(found, Puzzle)
        (first, second) = (Image.open(io.BytesIO(medium.data)).size for medium in found.media)
        assert 0.85 * min(first) - 8 <= min(second) <= min(first) - 8


def apart(part: Image.Image, whole: Image.Image, where: Any = ...) -> float:
    """Return the mean difference between a part and the place in the whole that resembles it most."""
    small, large = pixels(part), pixels(whole)
    height, width = small.shape[:2]
    places = product(range(large.shape[0] - height + 1), range(large.shape[1] - width + 1))
    return float(min(np.abs(small - large[y : y + height, x : x + width])[where].mean() for y, x in places))


@pytest.mark.parametrize("name", ["rotation", "flip"])
def test_what_has_no_up_is_asked_about_with_the_reference_only(name: str) -> None:
    noise = np.frombuffer(rng_for("texture").raw(60 * 60), np.uint8).reshape(60, 60)
    large = Image.fromarray(noise).resize((900, 900), Image.Resampling.BICUBIC)
    texture = opened(large.rotate(30, Image.Resampling.BICUBIC).crop((150, 150, 750, 750)).convert("RGB"))
    for k in range(4):
        refused = built(name).make(texture, rng_for(name, k))
        assert isinstance(refused, Rejection)
        assert refused.reason == "no_upright"
        assert isinstance(built(name, reference=True).make(texture, rng_for(name, k)), Puzzle)


def turned_by(task: Task, k: int) -> Puzzle:
    found = task.make(ITEM, Rng(b"turn", {"answer": k}))
    assert isinstance(found, Puzzle)
    return found


@pytest.mark.parametrize("step", [90, 60, 45, 30, 15])
def test_the_turned_picture_is_the_upright_one_turned(step: int) -> None:
    task = built("rotation", step_deg=step, reference=True, form="number")
    for k in range(0, 360 // step, 2):
        found = turned_by(task, k)
        upright, shown = (Image.open(io.BytesIO(medium.data)) for medium in found.media)
        back = shown.rotate(-found.answer.spec.target, Image.Resampling.BICUBIC)
        y, x = np.ogrid[: shown.height, : shown.width]
        disc = np.hypot(y - shown.height / 2, x - shown.width / 2) < shown.height / 2 - 4
        assert apart(back, upright, disc) < 12


def test_finer_turns_are_offered_with_three_others() -> None:
    found = puzzle("rotation", step_deg=15)
    assert len(found.answer.spec.params["options"]) == 4
    assert found.answer.chance == 0.25


def test_a_tilt_leaves_no_corner_empty() -> None:
    white = Image.new("RGB", (301, 301), "white")
    for degrees in range(0, 360, 7):
        picture = tilted(white, degrees + 0.5)
        assert picture.size == tilted(white, 0).size
        assert pixels(picture).min() == 255


def test_a_rosette_and_a_mirror_image_are_refused() -> None:
    y, x = np.mgrid[:32, :32] - 15.5
    rosette = 128 + 100 * np.cos(3 * np.arctan2(y, x))
    with pytest.raises(Unusable, match="symmetric"):
        tilt_margin(rosette, 60)
    assert tilt_margin(rosette, 90) > 0
    with pytest.raises(Unusable, match="symmetric"):
        mirror_margin(rosette, ("vertical",))


@pytest.mark.parametrize("k", range(4))
def test_the_piece_fits_into_the_picture_at_the_right_factor_only(k: int) -> None:
    found = puzzle("scale", k)
    picture, piece = (Image.open(io.BytesIO(medium.data)).convert("L") for medium in found.media)
    assert picture.size == piece.size
    misfit = {
        text: _misfit(picture, piece, float(text.split()[0])) for text in found.answer.spec.params["options"].values()
    }
    assert min(misfit, key=lambda text: misfit[text]) == chosen(found)


def test_bytes_do_not_tell_by_how_much_a_piece_was_enlarged() -> None:
    """Grain increases from left to right, and all factors except the largest average it out."""
    grain = np.frombuffer(rng_for("grain").raw(450 * 450), np.uint8).reshape(450, 450)
    fine = pixels(Image.fromarray(grain).resize((900, 900), Image.Resampling.BICUBIC)) - 128
    shown = 0.7 * pixels(scene().convert("L")) + 40 + fine * np.linspace(0, 1, 900)
    item = opened(Image.fromarray(np.clip(shown, 0, 255).astype(np.uint8)).convert("RGB"))
    made = [built("scale").make(item, rng_for("grain", k)) for k in range(60)]
    puzzles = [one for one in made if isinstance(one, Puzzle)]
    factors = [float(chosen(one).split()[0]) for one in puzzles]
    assert len(puzzles) == 60
    assert abs(np.corrcoef(factors, [len(one.media[1].data) for one in puzzles])[0, 1]) < 0.25


def _misfit(picture: Image.Image, piece: Image.Image, factor: float) -> float:
    width, height = round(piece.width / factor), round(piece.height / factor)
    small = pixels(piece.resize((width, height), Image.Resampling.BOX))
    every = np.lib.stride_tricks.sliding_window_view(pixels(picture), (height, width))[::2, ::2]
    return float(np.abs(every - small).mean(axis=(2, 3)).min())


@pytest.mark.parametrize("factors", [(1.2, 1.3), (2, 1.5), (1.05, 2), (2, 5)])
def test_factors_that_cannot_be_told_apart_are_refused(factors: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="are impossible"):
        built("scale", factors=factors)


@pytest.mark.parametrize("name", ["jigsaw", "swap", "tile_place", "tile_relation", "arrangement", "odd_tile"])
@pytest.mark.parametrize(("rows", "cols"), [(2, 2), (2, 4), (4, 3)])
def test_every_grid_is_asked_in_its_own_size(name: str, rows: int, cols: int) -> None:
    # PLAIN skips the comparison of tile sides: with so few blobs, some may always reveal the right arrangement.
    parts = PLAIN if name == "arrangement" else {}
    found = puzzle(name, rows=rows, cols=cols, **parts)
    assert f"{rows} rows and {cols} columns" in found.question
    assert found.margin >= 0
