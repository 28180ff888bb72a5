"""Tests of tasks that compare images, pieces and places, for what the sweep over all tasks cannot see."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from conftest import recipe_with
from PIL import Image

from puzzlegen.errors import RecipeError, Unusable
from puzzlegen.media import augment
from puzzlegen.media.landmarks import Surroundings, landmarks
from puzzlegen.media.marks import letter_boxes
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.palette import grey_together, hues_apart, one_palette, one_palette_of
from puzzlegen.media.rims import evenness, likeness, rims_inside
from puzzlegen.media.scaled import ScaledImage, unscaled
from puzzlegen.media.similarity import apart, hard_negatives, looks, unlike_beyond, unlike_elsewhere
from puzzlegen.media.sums import Sums
from puzzlegen.media.views import Views, draw_boxes, overlap, view
from puzzlegen.media.warp import draw_corners, warp_onto, warped
from puzzlegen.records import Item, Medium, Puzzle, Rejection
from puzzlegen.rng import Rng, rng_for
from puzzlegen.sources.samples import Samples
from puzzlegen.tasks.contrastive import Contrastive
from puzzlegen.tasks.correspondence import Correspondence
from puzzlegen.tasks.inpainting import Inpainting
from puzzlegen.tasks.locate import Locate
from puzzlegen.tasks.position import Position
from puzzlegen.tasks.similarity import Similarity

SOURCE = Samples(images=6, videos=0)
MEDIA = recipe_with([{"task": "rotation"}]).media
VIEWS = Views(96, "strong", None, 0.2)


def open_item(rank: int, peers: Callable[[], Sequence[OpenItem]] = tuple) -> OpenItem:
    item = [found for found in SOURCE.items() if isinstance(found, Item)][rank]
    return OpenItem(item, SOURCE.open, MEDIA, rng_for("clean", item.id), peers)


@cache
def samples() -> tuple[OpenItem, ...]:
    return tuple(open_item(rank) for rank in range(6))


def decoded(medium: Medium) -> Image.Image:
    return Image.open(io.BytesIO(medium.data)).convert("RGB")


def posed(made: Puzzle | Rejection) -> Puzzle:
    assert isinstance(made, Puzzle), made
    return made


def view_hash() -> str:
    """Return a hash of strong views of noise, which use every pixel function."""
    noise = Image.frombytes("RGB", (96, 80), rng_for("noise").raw(96 * 80 * 3))
    shown = [view(noise, (5, 3, 90, 77), rng_for("view", k), VIEWS).tobytes() for k in range(12)]
    return rng_for(*(pixels.hex() for pixels in shown)).raw(8).hex()


def test_views_are_the_same_in_another_process_with_other_threads() -> None:
    code = (
        "from PIL import Image\nfrom puzzlegen.media import augment\nfrom puzzlegen.media.views import Views, view\n"
        "from puzzlegen.rng import rng_for\naugment._functions()\nimport cv2\ncv2.setNumThreads(4)\n"
        f"VIEWS = Views{tuple(VIEWS)}\n{inspect.getsource(view_hash)}\nprint(view_hash())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == view_hash()


def test_views_name_the_package_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    augment._functions.cache_clear()
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(RecipeError, match=r"puzzlegen\[augment\]"):
        view(samples()[0].image(), (0, 0, 90, 90), rng_for("a"), VIEWS)
    augment._functions.cache_clear()


def test_two_views_share_what_they_must() -> None:
    assert overlap((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert overlap((0, 0, 10, 10), (10, 0, 20, 10)) == 0
    picture = samples()[0].image()
    for k in range(20):
        a, b, more = draw_boxes(samples()[0], rng_for("boxes", k), VIEWS)
        assert overlap(a, b) == pytest.approx(more + VIEWS.min_overlap)
        assert more >= 0
        assert all(0 <= box[0] < box[2] <= picture.width and 0 <= box[1] < box[3] <= picture.height for box in (a, b))


def test_near_duplicates_are_no_negatives() -> None:
    picture, other = samples()[0].image(), samples()[1].image()
    w, h = picture.size
    for twin in (
        picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
        picture.crop((w // 40, h // 40, w, h)).resize((300, 260)),
        picture.convert("L").convert("RGB"),
    ):
        assert apart(looks(unscaled(picture)), looks(unscaled(twin))) < 0
    assert apart(looks(unscaled(picture)), looks(unscaled(other))) > 0


def test_unusable_and_like_peers_are_left_out() -> None:
    broken = OpenItem(Item("broken", "image"), lambda _: io.BytesIO(b"no picture"), MEDIA, rng_for("x"))
    found = hard_negatives(samples()[0], [broken, samples()[0], samples()[1]])
    assert list(found) == [samples()[1]]


@pytest.mark.parametrize("task", [Contrastive(), Similarity()])
def test_without_neighbours_there_is_no_puzzle(task: Contrastive | Similarity) -> None:
    made = task.make(open_item(0, lambda: samples()[1:1]), rng_for("p"))
    assert isinstance(made, Rejection)
    assert made.reason == "no_partner"
    assert "a larger output.shard_size gives more" in made.detail


@pytest.mark.parametrize("slot", [0, 3])
def test_the_right_crop_stands_at_its_letter(slot: int) -> None:
    task, item = Similarity(), open_item(0, lambda: samples()[1:])
    first = posed(task.make(item, Rng(b"k", {"answer": 0})))
    moved = posed(task.make(item, Rng(b"k", {"answer": slot})))
    assert moved.media[0] == first.media[0]
    assert moved.media[1 + slot] == first.media[1]
    assert moved.answer.text == "ABCD"[slot]


def test_the_right_piece_is_what_the_stripes_hide() -> None:
    picture = samples()[0].image()
    task = Inpainting(jitter=0, shade=0)
    puzzle = posed(task.make(samples()[0], Rng(b"hole", {"answer": 2})))
    changed = np.abs(np.asarray(decoded(puzzle.media[0]), np.int16) - np.asarray(picture, np.int16)).mean(axis=2) > 24
    rows, cols = np.flatnonzero(changed.mean(axis=1) > 0.1), np.flatnonzero(changed.mean(axis=0) > 0.1)
    assert abs(rows[-1] - rows[0] + 1 - task.hole * min(picture.size)) < 8
    hidden = picture.crop((int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1))
    misfits = [_misfit(hidden, decoded(medium)) for medium in puzzle.media[1:]]
    assert int(np.argmin(misfits)) == 2, misfits


def _misfit(hidden: Image.Image, piece: Image.Image) -> float:
    """Return the least difference, means removed, of the piece to a part of the hidden square of nearly its size."""
    whole = np.asarray(hidden.convert("L").reduce(2), np.float32)
    found = []
    for scale in (0.9, 1.0, 1.1):
        side = round(piece.width / 2 / scale)
        part = np.asarray(piece.convert("L").resize((side, side), Image.Resampling.BOX), np.float32)
        if side > min(whole.shape):
            continue
        every = np.lib.stride_tricks.sliding_window_view(whole, part.shape)
        every = every - every.mean(axis=(2, 3), keepdims=True)
        found.append(float(np.abs(every - (part - part.mean())).mean(axis=(2, 3)).min()))
    return min(found)


@pytest.mark.parametrize("options", [2, 4])
def test_other_pieces_come_from_places_in_full_view(options: int) -> None:
    picture, task = samples()[0].image(), Inpainting(options=options, jitter=0, shade=0)
    whole = np.asarray(picture.convert("L"), np.float32)
    tried = (task.make(samples()[0], rng_for("seen", k)) for k in range(4))
    found = [made for made in tried if isinstance(made, Puzzle)]
    assert len(found) >= 2
    for made in found[:2]:
        covered = np.abs(np.asarray(decoded(made.media[0]).convert("L"), np.float32) - whole) > 24
        right = "ABCDEF".index(made.answer.text)
        for letter, medium in enumerate(made.media[1:]):
            hidden = covered[_place_of(decoded(medium), picture)].mean()
            assert hidden > 0.4 if letter == right else hidden < 0.15, (letter, right, hidden)


def _place_of(piece: Image.Image, picture: Image.Image) -> tuple[slice, slice]:
    """Return the rows and columns of the image that correlate best with the piece."""
    best = (-1.0, 0, 0, 0)
    whole = np.asarray(picture.convert("L").reduce(4), np.float32)
    for scale in (0.9, 0.95, 1.0, 1.05, 1.1):
        side = round(piece.width / 4 / scale)
        part = np.asarray(piece.convert("L").resize((side, side), Image.Resampling.BOX), np.float32)
        every = np.lib.stride_tricks.sliding_window_view(whole, part.shape)
        every = every - every.mean(axis=(2, 3), keepdims=True)
        part = part - part.mean()
        fits = (every * part).sum(axis=(2, 3)) / (np.sqrt((every**2).sum(axis=(2, 3)) * (part**2).sum()) + 1)
        best = max(best, (float(fits.max()), *divmod(int(fits.argmax()), fits.shape[1]), side))
    _, row, col, side = best
    return slice(4 * row, 4 * (row + side)), slice(4 * col, 4 * (col + side))


def test_rims_are_means_of_strips() -> None:
    picture = samples()[0].image()
    pixels, (left, top, right, bottom) = np.asarray(picture, np.int64), (40, 30, 72, 62)
    box, inner = np.array([[left, top, right, bottom]]), np.array([[44, 34, 68, 58]])
    (found,) = Sums(picture).rims(inner, box, 4, 2)
    strips = [pixels[top : top + 16, 40:44], pixels[top + 16 : bottom, 40:44], pixels[top : top + 16, 68:72]]
    strips += [pixels[top + 16 : bottom, 68:72], pixels[30:34, left : left + 16], pixels[30:34, left + 16 : right]]
    strips += [pixels[58:62, left : left + 16], pixels[58:62, left + 16 : right]]
    assert [list(strip.sum(axis=(0, 1)) * 256 // 64) for strip in strips] == found.tolist()


def test_tasks_share_what_a_picture_shows_in_one_grid() -> None:
    item = open_item(0)
    looked: list[tuple[int, int]] = []

    def look(picture: ScaledImage, rows: int, cols: int) -> tuple[int, int]:
        assert picture is item.picture()
        looked.append((rows, cols))
        return looked[-1]

    assert [item.known(look, *grid) for grid in ((3, 3), (2, 2), (3, 3))] == [(3, 3), (2, 2), (3, 3)]
    assert looked == [(3, 3), (2, 2)]


def test_rims_that_change_alike_are_the_most_alike() -> None:
    sums, ways = Sums(samples()[0].image()), [(20 * k, 10 * k, 20 * k + 60, 10 * k + 60) for k in range(1, 9)]
    colours, rough = rims_inside(sums, ways)
    alike, even = likeness(colours, colours), evenness(rough, rough)
    assert alike.shape == even.shape == (8, 8)
    assert np.allclose(np.diag(alike), 3)
    assert np.array_equal(np.diag(even), [4.0] * 8)
    assert np.array_equal(alike[2:3], likeness(colours[2:3], colours))
    assert alike.max() < 3 + 1e-9


def chart(ink: float, colour: tuple[int, int, int]) -> np.ndarray:
    """Return white paper, a fraction of which is covered by strokes of one colour."""
    paper = np.full((48, 48, 3), 255, np.uint8)
    paper.reshape(-1, 3)[:: round(1 / ink)] = colour
    return paper


def test_of_views_the_one_with_as_much_ink_is_nearest() -> None:
    same, more, other = chart(0.1, (20, 20, 200)), chart(0.5, (20, 20, 200)), chart(0.1, (200, 20, 20))
    apart = hues_apart(np.stack([same, same[::-1], more, other]))
    assert apart[0] == apart[1] == 0
    assert apart[2] > apart[3] > 0


def test_where_one_picture_has_no_colour_all_are_grey() -> None:
    bright = [Image.fromarray(chart(0.5, colour)) for colour in ((20, 20, 200), (200, 20, 20))]
    assert grey_together(bright) == bright
    scan = Image.fromarray(chart(0.5, (60, 60, 60)))
    assert all(one.convert("L").convert("RGB") == one for one in grey_together([*bright, scan]))


def test_small_pictures_get_one_palette_as_large_ones_do() -> None:
    small = [item.image().resize((16, 12)) for item in samples()[:4]]
    alone = np.stack([np.asarray(one) for one in one_palette(small)])
    assert np.array_equal(alone, one_palette_of(np.stack([np.asarray(one) for one in small])))


def test_sketches_of_many_boxes_are_their_means() -> None:
    picture = samples()[0].image()
    pixels = np.asarray(picture, dtype=np.int64)
    boxes = np.array([(0, 0, 32, 16), (8, 8, 25, 27), (picture.width - 19, picture.height - 16, *picture.size)])
    for (left, top, right, bottom), sketch in zip(boxes, Sums(picture).sketches(boxes, 16), strict=True):
        xs, ys = (low + (high - low) * np.arange(17) // 16 for low, high in ((left, right), (top, bottom)))
        means = [[pixels[y0:y1, x0:x1].mean(axis=(0, 1)) for x0, x1 in pairwise(xs)] for y0, y1 in pairwise(ys)]
        assert np.array_equal(sketch, np.floor(means))


def test_a_view_shows_the_place_that_its_map_names() -> None:
    picture = samples()[0].image()
    for k in range(8):
        corners = draw_corners(picture.size, rng_for("v", k), 90, 80, 0.3)
        assert all(0 <= x <= picture.width and 0 <= y <= picture.height for x, y in corners)
        warp = warp_onto(corners, 200)
        assert [warp(at) for at in ((0, 0), (200, 0), (200, 200), (0, 200))] == [pytest.approx(c) for c in corners]
        assert warp.inverse()(warp((50, 120))) == pytest.approx((50, 120))
        seen = np.asarray(warped(picture, warp, 200).resize((25, 25), Image.Resampling.BOX), np.int16)
        x, y = warp((84, 84))
        there = np.asarray(picture.crop((int(x) - 3, int(y) - 3, int(x) + 4, int(y) + 4)), np.int16).mean(axis=(0, 1))
        assert np.abs(seen[10, 10] - there).mean() < 40


def test_the_second_view_is_the_same_whatever_is_asked() -> None:
    made = [posed(Correspondence().make(samples()[0], Rng(b"q", {"answer": k}))) for k in range(4)]
    assert len({puzzle.media[1] for puzzle in made}) == 1
    assert len({puzzle.media[0] for puzzle in made}) == 4
    assert [puzzle.answer.text for puzzle in made] == list("ABCD")


def test_landmarks_are_spots_and_corners() -> None:
    plain = Image.new("RGB", (120, 100), (90, 120, 60))
    assert landmarks(plain, 10) == []
    plain.paste((220, 30, 30), (60, 0, 120, 100))
    assert landmarks(plain, 10) == [], "an edge alone is no landmark"
    plain.paste((20, 20, 250), (30, 40, 50, 60))
    found = landmarks(plain, 10)
    assert len(found) >= 4
    assert all(24 <= x <= 56 and 34 <= y <= 66 for x, y in found)
    around = Surroundings(plain, 24)
    assert around.apart((30, 40), (31, 41)) < 6 < around.apart((30, 40), (90, 50))


def test_located_boxes_hold_the_piece() -> None:
    for k, item in enumerate(samples()):
        made = Locate().make(item, rng_for("l", k))
        if isinstance(made, Rejection):
            continue
        picture, piece = (decoded(medium) for medium in made.media)
        scales = (picture.width / 1000, picture.height / 1000) * 2
        left, top, right, _ = (round(e * s) for e, s in zip(made.answer.spec.target, scales, strict=True))
        assert abs(right - left - piece.width) <= 1
        there = picture.crop((left, top, left + piece.width, top + piece.height))
        assert np.abs(np.asarray(there, np.int16) - np.asarray(piece, np.int16)).mean() < 12


def test_a_pattern_recurs_and_a_landmark_does_not() -> None:
    y, x = np.indices((128, 192))
    checks = Image.fromarray(((x // 16 + y // 16) % 2 * 200).astype(np.uint8)).convert("RGB")
    assert unlike_elsewhere(checks, (32, 32, 80, 80)) < 1
    checks.paste((255, 0, 0), (40, 40, 70, 70))
    assert unlike_elsewhere(checks, (32, 32, 80, 80)) > 10
    assert unlike_elsewhere(checks, (0, 0, 192, 128)) == 255


def test_a_piece_is_compared_with_other_cells_only() -> None:
    """A copy of the piece counts in another cell but not in its own, and a lighter one matches once levelled."""
    noise = np.random.default_rng(0).integers(0, 200, (24, 48, 3), dtype=np.uint8)
    box, cell = (2, 2, 8, 8), (0, 0, 24, 24)
    alone = unlike_beyond(Image.fromarray(noise), box, cell)
    noise[14:20, 14:20] = noise[2:8, 2:8]
    assert alone > 40
    assert unlike_beyond(Image.fromarray(noise), box, cell) == alone
    noise[14:20, 34:40] = noise[2:8, 2:8] + 30
    assert unlike_beyond(Image.fromarray(noise), box, cell) == 30
    assert unlike_beyond(Image.fromarray(noise), box, cell, levelled=True) == 0
    assert unlike_beyond(Image.fromarray(noise), box, (0, 0, 48, 24)) == 255


def test_cells_of_a_grid_are_named_by_row_and_column() -> None:
    task = Position(rows=2, cols=3, form="label")
    puzzle = posed(task.make(samples()[0], Rng(b"g", {"answer": 4})))
    assert puzzle.answer.text == "row 2, column 2"
    assert json.loads(puzzle.answer.spec.to_json())["params"]["labels"][0] == "row 1, column 1"
    with pytest.raises(Unusable, match="too_small"):
        Position(rows=4, cols=4)._draw_boxes(Image.new("RGB", (100, 100)), rng_for("s"))


def test_changed_colours_leave_the_size_of_the_piece() -> None:
    plain, changed = (posed(Position(augment=a).make(samples()[0], Rng(b"a"))) for a in (False, True))
    assert decoded(plain.media[1]).size == decoded(changed.media[1]).size
    assert plain.media[0] == changed.media[0]
    assert plain.media[1] != changed.media[1]


def test_letters_cover_no_ring_and_no_other_letter() -> None:
    """Four random places lie as near to one another and to the edges as is possible in the smallest views."""
    side, gap, rng = 192, 27, rng_for("letters")
    for _ in range(200):
        places: list[tuple[float, float]] = []
        while len(places) < 4:
            x, y = rng.uniform(16, 80), rng.uniform(16, 176)
            if all((x - a) ** 2 + (y - b) ** 2 >= gap**2 for a, b in places):
                places.append((x, y))
        drawn = np.zeros((side, side), np.int64)
        for left, top, right, low in letter_boxes(places, (side, side)):
            assert min(left, top) >= 0
            assert max(right, low) <= side
            drawn[top:low, left:right] += 1
        for x, y in places:
            drawn[round(y) - 7 : round(y) + 8, round(x) - 7 : round(x) + 8] += 1
        assert drawn.max() == 1, places


def test_letters_of_crowded_rings_are_drawn_all_the_same() -> None:
    crowd = [(50.0 + 16 * dx, 50.0 + 16 * dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    assert len(letter_boxes(crowd, (100, 100))) == len(crowd)
