"""The answers of video tasks are true, checked on clips in which the brightness of a frame gives its number."""

from __future__ import annotations

import io
from itertools import pairwise
from typing import Any, BinaryIO, Literal

import av
import numpy as np
import pytest
from conftest import recipe_with
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.media.motion import thumbnails
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.overlay import MOST, SHAPES, drawn_overlays, laid_over
from puzzlegen.media.perturb import WORDS
from puzzlegen.media.video import Clip
from puzzlegen.records import Item, Medium, Puzzle, Rejection
from puzzlegen.rng import Rng, rng_for
from puzzlegen.scenes import render_image
from puzzlegen.sources.samples import Samples
from puzzlegen.tasks import Task
from puzzlegen.tasks.anomaly import Anomaly
from puzzlegen.tasks.arrow_of_time import WAYS, ArrowOfTime
from puzzlegen.tasks.clip_order import ClipOrder
from puzzlegen.tasks.frame_order import FrameOrder
from puzzlegen.tasks.grounding import Grounding
from puzzlegen.tasks.group_swap import GROUPS, GroupSwap
from puzzlegen.tasks.next_clip import NextClip
from puzzlegen.tasks.overlay_count import OverlayCount
from puzzlegen.tasks.speed import SPEEDS, Speed
from puzzlegen.tasks.video_flip import VideoFlip
from puzzlegen.tasks.video_rotation import VideoRotation

FPS = 4
STEP = 4
SEEDS = range(4)
Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def _slow_change_is_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lower the thresholds set for filmed shots, because a change spread over 48 frames is slower."""
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_UNLIKE", 1.5)
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_MISTAKEN", 1.0)
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_MISTAKEN_FRAME", 1.0)
    monkeypatch.setattr("puzzlegen.media.succession._LEAST_MISPLACED", 0.5)
    monkeypatch.setattr("puzzlegen.tasks.next_clip._LEAST_TURNED", 0.9)


def numbered(numbers: list[int]) -> Clip:
    """Return a clip of one pattern without symmetry; the number of a frame says how many steps lighter it is."""
    y, x = np.mgrid[0:64, 0:96]
    pattern = np.stack([x // 2, y, 48 - x // 2], axis=-1)
    frames = np.stack([pattern + STEP * n for n in numbers]).astype(np.uint8)
    return Clip(frames, tuple(k / 8 for k in range(len(numbers))), 8.0, ((0, len(numbers)),), thumbnails(frames))


def turning(numbers: list[int]) -> Clip:
    """Return a clip like ``numbered`` in which one pattern turns into another, so frames differ even once levelled."""
    rng = np.random.default_rng(0)
    one, other = (rng.permutation(np.arange(96) // 2 + 3).reshape(8, 12, 1) for _ in range(2))
    parts = [(one * (48 - n) + other * n) / 48 + STEP * n for n in numbers]
    frames = np.stack([np.rint(part).astype(np.uint8).repeat(8, 0).repeat(8, 1).repeat(3, 2) for part in parts])
    return numbered(numbers)._replace(frames=frames)


class Numbered(OpenItem):
    """An open item with a given clip."""

    def __init__(self, made: Clip) -> None:
        self.item = Item("numbered", "video")
        self._made = made

    @property
    def cleaned(self) -> bool:
        return True

    def clip(self, frames: int | None = None) -> Clip:  # noqa: ARG002
        return self._made


RISING = Numbered(numbered(list(range(48))))
TURNING = Numbered(turning(list(range(48))))


def made(task: Task, seed: int, slots: dict[str, int] | None = None) -> Puzzle:
    turns = isinstance(task, (ArrowOfTime, ClipOrder, GroupSwap, FrameOrder, NextClip, Speed))
    puzzle = task.make(TURNING if turns else RISING, Rng(f"seed {seed}".encode(), slots))
    assert isinstance(puzzle, Puzzle)
    return puzzle


def frames_of(medium: Medium) -> Pixels:
    if medium.ext == "jpg":
        return np.asarray(Image.open(io.BytesIO(medium.data)))[None]
    with av.open(io.BytesIO(medium.data), "r") as container:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])


def numbers_of(medium: Medium) -> list[int]:
    """Return the numbers of the frames of ``RISING`` that a medium shows."""
    light = numbered([0]).frames.mean()
    return [round((float(frame.mean()) - light) / STEP) for frame in frames_of(medium)]


#: Settings that keep the brightness, so that it gives the number of a frame.
EASY: dict[str, Any] = {"cut": 0, "jitter": 0, "shade": 0}
ALONE: dict[str, Any] = {**EASY, "reference": False}


@pytest.mark.parametrize(
    "task",
    [ClipOrder(**EASY), ClipOrder(clips=6, **ALONE), FrameOrder(**EASY), FrameOrder(pictures=7, **ALONE)],
)
def test_the_answer_puts_pieces_in_order_with_frames_left_out(task: ClipOrder | FrameOrder) -> None:
    for seed in SEEDS:
        puzzle = made(task, seed)
        start = len(puzzle.media) - len(puzzle.answer.spec.target)
        shown = [numbers_of(medium) for medium in puzzle.media]
        if task.reference:
            shot, shown, start = [n for numbers in shown[:start] for n in numbers], shown[start:], 0
            assert shot == sorted(shot)
            assert shot[0] == min(map(min, shown)) < max(map(max, shown)) <= shot[-1] + 1
        order = shown[:start] + [shown[start + k - 1] for k in puzzle.answer.spec.target]
        assert all(later[0] - earlier[-1] > 2 for earlier, later in pairwise(order))


def test_exchanging_the_named_groups_puts_the_clip_in_order() -> None:
    for seed in SEEDS:
        puzzle = made(GroupSwap(**EASY), seed)
        shot, numbers = (numbers_of(medium) for medium in puzzle.media)
        assert set(numbers) <= set(range(shot[0], shot[-1] + 2))
        length = len(numbers) // GROUPS
        groups = [numbers[k * length : (k + 1) * length] for k in range(GROUPS)]
        named = puzzle.answer.spec.params["options"][puzzle.answer.text]
        a, b = (int(word) - 1 for word in named.split() if word.isdigit())
        assert sorted(groups) != groups
        groups[a], groups[b] = groups[b], groups[a]
        assert sorted(groups) == groups
        assert f"frames {length + 1} to {2 * length} are group 2" in puzzle.question
        assert all(later[0] - earlier[-1] > 2 for earlier, later in pairwise(groups))


def test_a_shot_that_comes_back_has_no_order() -> None:
    to_and_fro = Numbered(turning([*range(8), *range(8, 0, -1)] * 4))
    for task in (ClipOrder(), GroupSwap(), FrameOrder(), NextClip(), GroupSwap(reference=False)):
        rejection = task.make(to_and_fro, rng_for("back"))
        assert isinstance(rejection, Rejection)
        assert rejection.reason == "interchangeable"


def test_pieces_that_look_alike_have_no_order(monkeypatch: pytest.MonkeyPatch) -> None:
    for least in ("_LEAST_UNLIKE", "_LEAST_MISTAKEN", "_LEAST_MISTAKEN_FRAME"):
        monkeypatch.setattr(f"puzzlegen.media.succession.{least}", 8.0)
    for task in (ClipOrder(), GroupSwap(), FrameOrder(), ClipOrder(reference=False), GroupSwap(reference=False)):
        rejection = task.make(TURNING, rng_for("slow"))
        assert isinstance(rejection, Rejection)
        assert rejection.reason == "interchangeable"


@pytest.mark.parametrize("reference", [True, False])
def test_the_next_clip_is_later_and_runs_with_the_shot_and_each_has_its_reverse(reference: bool) -> None:
    steps = set()
    for seed in range(12):
        puzzle = made(NextClip(reference=reference, **EASY), seed)
        *shot, given = (numbers_of(medium) for medium in puzzle.media[: 1 + reference])
        candidates = [numbers_of(medium) for medium in puzzle.media[1 + reference :]]
        step = given[1] - given[0]
        steps.add(step)
        # Compare in the order of the shot, in which numbers may rise or fall.
        given, candidates = [step * n for n in given], [[step * n for n in clip] for clip in candidates]
        right = candidates["ABCD".index(puzzle.answer.text)]
        assert right == sorted(right)
        assert right[0] > given[-1] + 2
        assert not [c for c in candidates if c == sorted(c) and given[-1] < c[0] < right[0]]
        assert sorted(candidates) == sorted(c[::-1] for c in candidates)
        if shot:
            shown = [step * n for n in shot[0]]
            assert shown == sorted(shown)
            assert shown[0] <= min(given + right) <= max(given + right) <= shown[-1] + 2
    assert steps == ({-1, 1} if reference else {1})


def test_the_piece_lies_where_the_answer_says() -> None:
    for seed in SEEDS:
        puzzle = made(Grounding(cut=0, jitter=0), seed)
        clip, piece = (numbers_of(medium) for medium in puzzle.media)
        start, stop = (round(time * FPS) for time in puzzle.answer.spec.target)
        assert clip[start:stop] == piece
        assert f"lasts {len(clip) / FPS:g} seconds" in puzzle.question


def test_only_the_named_part_is_changed() -> None:
    for seed in range(16):
        puzzle = made(Anomaly(), seed)
        frames = frames_of(puzzle.media[0])
        first = numbers_of(puzzle.media[0])[0]
        plain = numbered(list(range(first, first + len(frames)))).frames
        changed = np.abs(frames.astype(int) - plain).mean(axis=(1, 2, 3)) > 2
        start, stop = (round(time * FPS) for time in puzzle.answer.spec.target)
        assert not changed[:start].any()
        assert not changed[stop:].any()
        assert changed[start : start + 2].any()
        assert changed[stop - 1]


def test_each_kind_of_change_is_asked_for() -> None:
    # Enlarging a pattern this smooth cannot be seen.
    expected = {words for kind, words in WORDS.items() if kind != "zoomed"}
    answers = [made(Anomaly(ask="kind"), seed, {"answer": seed % 4}).answer for seed in range(40)]
    assert {answer.spec.params["options"][answer.text] for answer in answers} == expected


@pytest.mark.parametrize("k", range(2))
def test_backward_is_from_late_to_early(k: int) -> None:
    for seed in SEEDS:
        puzzle = made(ArrowOfTime(form="label", reference=False), seed, {"answer": k})
        numbers = numbers_of(puzzle.media[0])
        assert puzzle.answer.text == WAYS[k]
        assert np.diff(numbers).tolist() == [-1 if k else 1] * (len(numbers) - 1)


@pytest.mark.parametrize("k", range(2))
def test_backward_beside_a_clip_is_against_its_order_whichever_way_it_runs(k: int) -> None:
    steps = set()
    for seed in range(12):
        puzzle = made(ArrowOfTime(form="label", cut=0, jitter=0), seed, {"answer": k})
        whole, part = (numbers_of(medium) for medium in puzzle.media)
        assert puzzle.answer.text == WAYS[k]
        assert set(part) < set(whole)
        step = whole[1] - whole[0]
        assert np.diff(whole).tolist() == [step] * (len(whole) - 1)
        assert np.diff(part).tolist() == [-step if k else step] * (len(part) - 1)
        steps.add(step)
    assert steps == {-1, 1}


@pytest.mark.parametrize("reference", [True, False])
def test_what_swings_has_no_direction(reference: bool) -> None:
    swinging = Numbered(turning([4 * abs(k % 8 - 4) for k in range(48)]))
    refused = ArrowOfTime(reference=reference).make(swinging, Rng(b"swing"))
    assert isinstance(refused, Rejection)
    assert refused.reason == "reversible"


@pytest.mark.parametrize("reference", [True, False])
@pytest.mark.parametrize("k", range(3))
def test_speed_is_the_step_from_frame_to_frame(k: int, reference: bool) -> None:
    puzzle = made(Speed(form="label", reference=reference, cut=0, jitter=0), 1, {"answer": k})
    *beside, numbers = (numbers_of(medium) for medium in puzzle.media)
    assert puzzle.answer.text == SPEEDS[k]
    assert np.diff(numbers).tolist() == [2**k] * (len(numbers) - 1)
    assert beside == ([[numbers[0] + 2 * n for n in range(len(numbers))]] if reference else [])
    assert [medium.meta and medium.meta.fps for medium in puzzle.media] == [RISING.clip().fps / 2] * len(puzzle.media)


def test_what_comes_back_looks_the_same_at_each_speed() -> None:
    swinging = Numbered(turning([4 * abs(k % 8 - 4) for k in range(48)]))
    assert isinstance(Speed(reference=False).make(swinging, Rng(b"swing")), Puzzle)
    refused = Speed().make(swinging, Rng(b"swing"))
    assert isinstance(refused, Rejection)
    assert refused.reason == "repeated"


def test_shapes_do_not_meet_and_are_alike_in_size() -> None:
    size, shapes = (240, 160), [SHAPES[k % 4] for k in range(MOST)]
    grey = np.full((6, size[1], size[0], 3), 128, np.uint8)
    for seed in SEEDS:
        overlays = drawn_overlays(shapes, size, 6, (6, 6), rng_for("shapes", seed))
        areas = [(laid_over(grey, [one])[0] != 128).any(axis=-1) for one in overlays]
        assert np.sum(areas, axis=0).max() == 1
        reach = {"circle": 0.8, "square": 1.0, "triangle": 1.24, "star": 1.23}
        sizes = [area.sum() / (one.radius / reach[one.shape]) ** 2 for area, one in zip(areas, overlays, strict=True)]
        assert max(sizes) < 1.25 * min(sizes)


@pytest.mark.parametrize("wrong", [{"most": 9}, {"span_range": (5, 3)}, {"span_range": (0, 3)}])
def test_impossible_counts_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"most|span_range"):
        OverlayCount(**wrong)


def test_a_clip_is_fetched_once_whatever_tasks_ask_of_it() -> None:
    source = Samples(images=0, videos=1)
    item = next(item for item in source.items() if isinstance(item, Item))
    fetched = []

    def fetch(item: Item) -> BinaryIO:
        fetched.append(item.id)
        return source.open(item)

    opened = OpenItem(item, fetch, recipe_with([{"task": "rotation"}]).media, rng_for("clean"))
    for frames in (12, 24, None):
        assert len(opened.clip(frames).frames) >= 12
    assert fetched == [item.id]


def standing(frame: Pixels) -> Numbered:
    """Return a clip of one frame that becomes lighter."""
    frames = np.stack([np.minimum(frame.astype(np.int64) + 2 * k, 255) for k in range(24)]).astype(np.uint8)
    return Numbered(Clip(frames, tuple(k / 8 for k in range(24)), 8.0, ((0, 24),), thumbnails(frames)))


SCENE = standing(np.asarray(render_image(rng_for("scene", 1)).resize((320, 240)), dtype=np.uint8))
SPOTS = Image.fromarray(np.random.default_rng(0).integers(0, 200, (24, 32, 3)).astype(np.uint8))
LEAVES = standing(np.asarray(SPOTS.resize((320, 240), Image.Resampling.BICUBIC)))


@pytest.mark.parametrize(("axes", "count"), [("vertical", 2), ("both", 3)])
def test_clips_are_mirrored_as_the_answer_says(axes: Literal["vertical", "both"], count: int) -> None:
    task = VideoFlip(axes=axes, form="label")
    found = [task.make(SCENE, Rng(b"flip", {"answer": k})) for k in range(count)]
    puzzles = [puzzle for puzzle in found if isinstance(puzzle, Puzzle)]
    assert [puzzle.answer.text for puzzle in puzzles] == ["none", "top-bottom", "left-right"][:count]
    plain, down, *across = (frames_of(puzzle.media[0])[0].astype(np.int64) for puzzle in puzzles)
    for mirrored, back in ((down, plain[::-1]), *((each, plain[:, ::-1]) for each in across)):
        assert np.abs(mirrored - back).mean() < 4 < np.abs(mirrored - plain).mean()


@pytest.mark.parametrize("task", [VideoFlip(), VideoRotation()])
def test_clips_without_an_up_are_refused(task: Task) -> None:
    refused = task.make(LEAVES, rng_for("leaves"))
    assert isinstance(refused, Rejection)
    assert refused.reason == "no_upright"
