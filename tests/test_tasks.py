"""The contract of tasks, checked for all of them; new tasks are included without an edit here."""

from __future__ import annotations

import hashlib
import io
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from functools import cache, partial
from itertools import chain, product
from typing import Any, Literal, get_args, get_origin

import av
import numpy as np
import pytest
from conftest import ROOT, only_under_the_lock, recipe_with
from PIL import Image

from puzzlegen.media.opened import OpenItem
from puzzlegen.plan import Pick
from puzzlegen.prompts import response
from puzzlegen.recipe import Recipe
from puzzlegen.records import REASONS, Item, Kind, Medium, Puzzle, Rejection
from puzzlegen.rng import Rng, rng_for
from puzzlegen.shard import Made, make_puzzle
from puzzlegen.sources import Source
from puzzlegen.sources.graph import Graph
from puzzlegen.sources.samples import Samples
from puzzlegen.tasks import Task, task_class, task_names
from puzzlegen.verify import score

SOURCES: dict[Kind, Source] = {
    "image": Samples(images=6, videos=0),
    "video": Samples(images=0, videos=6),
    "graph": Graph(graphs=3),
}
GOLDEN = ROOT / "tests" / "golden.json"


def _forms() -> list[Task]:
    """Return every task with its defaults, and with each other value of each parameter with a fixed set of values."""
    forms: list[Task] = []
    for name in task_names():
        made = task_class(name)
        forms.append(made())
        for field, info in made.model_fields.items():
            closed = get_args(info.annotation) if get_origin(info.annotation) is Literal else ()
            if field == "partial_credit":  # changes only scores, which the verifier's tests cover
                continue
            forms += [made(**{field: value}) for value in closed if value != info.default]
    return forms


FORMS = _forms()
# An answer as a word or number instead of a letter changes no medium, so tests of media need no such forms.
SHOWN = [task for task in FORMS if getattr(task, "form", "") not in ("label", "number")]


def _swept(forms: list[Task], *, clips: bool = True) -> pytest.MarkDecorator:
    """Parametrize a test with tasks, marking as slow all that do not have their defaults.

    Args:
        forms: the tasks.
        clips: False marks all tasks on clips as slow, for tests that make clips several times.
    """
    usual = {(name, task_class(name)().params) for name in task_names()}
    quick = [(t.name, t.params) in usual and (clips or t.accepts != "video") for t in forms]
    marks = [[] if few else [pytest.mark.slow] for few in quick]
    cases = [pytest.param(t, id=f"{t.name}-{t.params}", marks=m) for t, m in zip(forms, marks, strict=True)]
    return pytest.mark.parametrize("task", cases)


sweep, media_sweep = _swept(FORMS), _swept(SHOWN)
anew_sweep, media_anew_sweep = _swept(FORMS, clips=False), _swept(SHOWN, clips=False)


@cache
def opened(kind: Kind, *seed: int) -> tuple[OpenItem, ...]:
    """Return open samples of a kind, each with the others as peers; media are cleaned once for all tests."""
    source = SOURCES[kind]
    items = [item for item in source.items() if isinstance(item, Item)][:12]
    media = recipe_with([{"task": "rotation"}]).media
    made: list[OpenItem] = []
    for rank, item in enumerate(items):
        peers = partial(lambda rank: [*made[rank + 1 :], *made[:rank]], rank)
        made.append(OpenItem(item, source.open, media, rng_for("clean", item.id, *seed), peers))
    return tuple(made)


def puzzles(task: Task, seed: int, slots: dict[str, int] | None = None) -> list[Puzzle]:
    return list(posed(task, seed, slots))


def posed(task: Task, seed: int, slots: dict[str, int] | None = None) -> Iterator[Puzzle]:
    # Cleaning reads little more of a clip than is shown, at a random place; so seed 2 cleans clips again.
    cleaned = (seed,) if task.accepts == "video" and seed == 2 else ()
    made = (task.make(o, Rng(f"{seed}-{o.item.id}".encode(), slots)) for o in opened(task.accepts, *cleaned))
    return (puzzle for puzzle in made if isinstance(puzzle, Puzzle))


def pixels(medium: Medium) -> tuple[Any, ...]:
    """Return the shape of the decoded medium; for clips, it begins with the number of frames."""
    if medium.ext == "mp4":
        with av.open(io.BytesIO(medium.data), "r") as container:
            frames = [frame.to_ndarray() for frame in container.decode(video=0)]
        return (len(frames), *frames[0].shape)
    return Image.open(io.BytesIO(medium.data)).size


def test_the_sweep_sees_all_tasks() -> None:
    assert {task.name for task in FORMS} == set(task_names())
    assert set(task_names()) >= {
        "rotation",
        "jigsaw",
        "position",
        "video_rotation",
        "arrow_of_time",
        "clip_order",
    }
    assert {task.name for task in SHOWN} == set(task_names())
    assert len(FORMS) >= 40


@media_sweep
def test_samples_give_puzzles(task: Task) -> None:
    # One drawing in six is clear enough for a 2x2 swap (two photos in five are); one drawn clip in four continues
    # clearly enough for next_clip.
    least = {"swap": 6, "next_clip": 6}.get(task.name, 3 if task.accepts == "video" else 2)
    assert len(puzzles(task, 1)) >= len(opened(task.accepts)) / least


@media_anew_sweep
def test_same_seed_same_bytes_other_seed_other_puzzles(task: Task) -> None:
    first, again, other = puzzles(task, 1), puzzles(task, 1), puzzles(task, 2)
    assert first == again
    assert {p.media or p.question for p in first}.isdisjoint(p.media or p.question for p in other)
    # With few puzzles and few letters, two seeds may give the same answers by chance.
    others = chain([other], (puzzles(task, seed) for seed in (3, 4)))
    assert any([p.answer.text for p in found] != [p.answer.text for p in first] for found in others)


def test_pixels_are_golden() -> None:
    """The versions in constraints.txt give these pixels; to accept new ones, delete the file and run the test."""
    only_under_the_lock()
    found = {f"{t.name} {t.params}": [_pixel_hash(m) for m in next(posed(t, 1)).media] for t in FORMS}
    if not GOLDEN.exists():
        GOLDEN.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
        pytest.fail(f"wrote {GOLDEN}: look at the puzzles, then commit it")
    assert found == json.loads(GOLDEN.read_text())


def _pixel_hash(medium: Medium) -> str:
    if medium.ext == "mp4":
        with av.open(io.BytesIO(medium.data), "r") as container:
            data = b"".join(frame.to_ndarray().tobytes() for frame in container.decode(video=0))
    else:
        data = Image.open(io.BytesIO(medium.data)).tobytes()
    return hashlib.sha256(data).hexdigest()[:16]


@sweep
def test_the_record_scores_its_solution_and_no_junk(task: Task) -> None:
    entry = {"task": task.name, **task.model_dump()}
    for prompt in ({}, {"reasoning": False}, {"format": "boxed"}):
        recipe = recipe_with([entry], prompt=prompt)
        made = _first_record(recipe, task)
        truth, solution = made.row["ground_truth"], made.row["solution"]
        assert score(solution, truth).value == 1
        junk = ["", "I do not know", "<answer></answer>", made.row["problem"], solution.rpartition("</think>")[2] * 2]
        junk += [response(text, recipe.prompt, "x") for text in ("", "none of them", _everything(made))]
        assert {text: score(text, truth).value for text in junk} == dict.fromkeys(junk, 0)


def _everything(made: Made) -> str:
    """Return a hedging answer: all options where there is a list, else the right answer and another one."""
    params = json.loads(made.row["ground_truth"])["params"]
    options = params.get("options") or params.get("labels") or params.get("allowed") or [made.row["answer"], "1"]
    return " or ".join(map(str, options))


def _first_record(recipe: Recipe, task: Task) -> Made:
    for item in opened(task.accepts):
        made = make_puzzle(recipe, item, Pick(0, 0), "train", {})
        if isinstance(made, Made):
            return made
    raise AssertionError(f"no sample gives a {task.name} puzzle")


@sweep
def test_placeholders_media_and_bounds(task: Task) -> None:
    for puzzle in puzzles(task, 3):
        word = "<video>" if task.profile == "video" else "<image>"
        assert puzzle.question.count(word) == len(puzzle.media) == task.media_count
        assert 0 <= puzzle.difficulty <= 1
        assert puzzle.margin >= 0
        assert 0 < puzzle.answer.chance <= 0.5
        assert puzzle.answer.wrong
        assert all(m.ext == ("mp4" if task.profile == "video" else "jpg") for m in puzzle.media)


@media_anew_sweep
def test_the_shape_is_the_same_for_every_answer(task: Task) -> None:
    """Forcing the answer changes neither the number of media, nor their sizes, nor whether the item is rejected."""
    shapes: dict[int, Any] = {}
    for k in range(min(_answers(task), 4)):
        shapes[k] = [tuple(pixels(m) for m in p.media) for p in puzzles(task, 4, {"answer": k})]
    assert all(found == shapes[0] for found in shapes.values())


def _answers(task: Task) -> int:
    """Return the number of answers that the task balances; 1 if there are too many to balance."""
    rng = rng_for("slots")
    task.make(opened(task.accepts)[0], rng)
    return rng.slots.get("answer", (0, 1))[1]


@anew_sweep
def test_constant_answers_earn_chance(task: Task) -> None:
    """Over many draws of one item, no answer is more frequent than chance allows (at p = 1e-6)."""
    draws = 8 if task.accepts == "video" else 40
    usable = [o for o in opened(task.accepts) if isinstance(task.make(o, Rng(b"probe")), Puzzle)]
    made = [task.make(usable[0], rng_for("constant", k)) for k in range(draws)]
    answers = [puzzle.answer for puzzle in made if isinstance(puzzle, Puzzle)]
    assert len(answers) > 0.5 * draws
    chance = answers[0].chance
    commonest = Counter(answer.text for answer in answers).most_common(1)[0][1]
    n = len(answers)
    as_common = sum(math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(commonest, n + 1))
    assert as_common > 1e-6


@media_anew_sweep
def test_bytes_do_not_tell_the_answer(task: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """Choosing the answer whose mean size in bytes, learned on other items, is nearest is no better than chance."""
    # Few drawings are clear enough for tile tasks; sizes of the others could reveal the answer just as well.
    monkeypatch.setattr("puzzlegen.media.places._LEAST", 0.0)
    classes = range(min(_answers(task), 4))
    if len(classes) == 1:
        return  # an order, a place, a time: too many answers to learn a mean size of each
    seen: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for seed in range(1 if task.accepts == "video" else 2):
        for k, o in product(classes, opened(task.accepts)):
            made = task.make(o, Rng(f"{seed}-{o.item.id}".encode(), {"answer": k}))
            if isinstance(made, Puzzle):
                seen[o.item.id].append((k, sum(len(m.data) for m in made.media)))
    chance, total = 1 / len(classes), sum(map(len, seen.values()))
    assert _leave_one_out(seen) < chance + 3.5 * (chance * (1 - chance) / total) ** 0.5


@pytest.mark.parametrize("task", [t for t in FORMS if "order" in t.name or t.name == "jigsaw"], ids=lambda t: t.params)
def test_bytes_do_not_tell_the_order(task: Task) -> None:
    """Sorting the media of an order puzzle by size does not give the right order."""
    asked = [puzzle for seed in range(3) for puzzle in puzzles(task, seed) if len(puzzle.media) == task.media_count > 1]
    hits = 0
    for puzzle in asked:
        target, sizes = puzzle.answer.spec.target, [len(m.data) for m in puzzle.media]
        hits += list(np.argsort(sizes[-len(target) :], kind="stable") + 1) == list(target)
    assert hits <= max(1, len(asked) // 8)


def _leave_one_out(seen: dict[str, list[tuple[int, int]]]) -> float:
    """Return the accuracy of choosing the answer with the nearest mean size, on items left out of the means."""
    right = total = 0
    for held, found in seen.items():
        sizes: dict[int, list[int]] = defaultdict(list)
        for answer, size in (row for item, rows in seen.items() if item != held for row in rows):
            sizes[answer].append(size)
        means = {answer: float(np.mean(known)) for answer, known in sizes.items()}
        for answer, size in found:
            right += min(means, key=lambda a: abs(means[a] - size)) == answer
            total += 1
    return right / max(total, 1)


@media_sweep
def test_a_bad_item_is_a_rejection_never_an_error(task: Task) -> None:
    media = recipe_with([{"task": "rotation"}]).media
    for data in (b"", b"not media at all" * 100, b"\xff\xd8\xff\xe0" + bytes(500), _tiny_picture()):
        item = Item("bad", task.accepts)
        made = task.make(OpenItem(item, partial(_given, data), media, rng_for("c")), rng_for("m"))
        assert isinstance(made, Rejection)
        assert made.reason in REASONS


def _given(data: bytes, _: Item) -> io.BytesIO:
    return io.BytesIO(data)


def _tiny_picture() -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((60, 60), 80).save(buffer, "PNG")
    return buffer.getvalue()
