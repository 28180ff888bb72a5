"""Audits find planted leaks and report none in fair folders."""

from __future__ import annotations

import hashlib
import importlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import heeds_interrupts, recipe_with
from PIL import Image, ImageFilter

from puzzlegen import answers
from puzzlegen.building import build
from puzzlegen.chance import expected
from puzzlegen.errors import IntegrityError, PuzzlegenError
from puzzlegen.integrity import verify
from puzzlegen.media.image import clean_image, encode_image
from puzzlegen.media.mp4 import encode_mp4
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.tiles import AS_IT_WAS
from puzzlegen.recipe import Recipe, load_recipe
from puzzlegen.records import Item, Puzzle, VerifierSpec, canonical_json
from puzzlegen.rng import Rng, rng_for
from puzzlegen.sources.graph import Graph
from puzzlegen.tasks import Task, task_class
from puzzlegen.tasks.link import Link
from puzzlegen.tasks.neighbours import Neighbours
from puzzlegen.tasks.node_attribute import NodeAttribute
from puzzlegen.tasks.path_length import PathLength
from puzzlegen.writers import Row, open_writer

pytest.importorskip("sklearn", reason="audits need the extra: pip install puzzlegen[audit]")

from puzzlegen.audit import AUDIT, Report, Stage, TaskReport, audit, lines
from puzzlegen.audit.estimates import estimate, repeats_p, uniform_p
from puzzlegen.audit.joints import best_order, tile_joints
from puzzlegen.audit.media import open_medium
from puzzlegen.audit.quantisation import steps
from puzzlegen.audit.seen import look, media_of
from puzzlegen.audit.sharpness import sharpness
from puzzlegen.audit.surface import _named
from puzzlegen.audit.traces import grid, traces

WORDS = ("up", "down")
SOURCES, VARIANTS = 40, 2
MEDIA = recipe_with([{"task": "rotation"}]).media

Pixels = np.ndarray[Any, np.dtype[np.uint8]]


def picture(*parts: str | int, side: int = 48) -> Pixels:
    """Return a smooth random image."""
    small = np.frombuffer(rng_for("picture", *parts).raw(8 * 8 * 3), dtype=np.uint8).reshape(8, 8, 3)
    return np.asarray(Image.fromarray(small).resize((side, side), Image.Resampling.BICUBIC))


def jpeg(pixels: Pixels, quality: int = 90) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def puzzle(source: int, variant: int, right: int, letter: int, media: list[bytes]) -> Row:
    """Return a record with two options, in which word number ``right`` is correct and has letter number ``letter``."""
    texts = [WORDS[right], WORDS[1 - right]][:: -1 if letter else 1]
    options = dict(zip("AB", texts, strict=True))
    answer = "AB"[letter]
    truth = {"v": 1, "kind": "choice", "target": answer, "params": {"options": options, "format": "answer"}}
    block = "\n".join(f"{key}. {text}" for key, text in options.items())
    return record(source, variant, answer, canonical_json(truth), f"<image>\nWhich?\n{block}", media)


def record(source: int, variant: int, answer: str, truth: str, problem: str, media: list[bytes]) -> Row:
    name = rng_for("id", source, variant).raw(16).hex()
    info = {"index": 0, "id": name, "split": "train", "task": "planted", "difficulty": 0.5, "margin": 1.0}
    info |= {"chance": 0.5, "pair_id": "", "params": "{}", "variant": variant, "slots": "{}", "licence": ""}
    info |= {"source_uri": f"photo-{source:03}", "source_sha256": f"{source:064}"}
    return {
        "id": name,
        "data_source": "puzzlegen/planted",
        "ability": "none",
        "problem": problem,
        "prompt": [{"role": "user", "content": problem}],
        "answer": answer,
        "solution": f"<answer>{answer}</answer>",
        "ground_truth": truth,
        "reward_model": {"style": "rule", "ground_truth": truth},
        "extra_info": info,
        "images": [{"bytes": data, "path": f"{name}-{k}.jpg"} for k, data in enumerate(media)],
    }


def folder_of(rows: list[Row], out: Path, form: str = "parquet") -> Path:
    suffix = "tar" if form == "webdataset" else "parquet"
    profile = ("text", "image", "multi_image")[min(2, len(rows[0]["images"]))]
    path = out / "data" / profile / f"train-00000-of-00001.{suffix}"
    path.parent.mkdir(parents=True)
    writer = open_writer(form, path, profile)  # type: ignore[arg-type]
    writer.write(rows)
    writer.close()
    data, nothing = path.read_bytes(), "0" * 64
    file: dict[str, Any] = {
        "path": path.relative_to(out).as_posix(),
        "folder": profile,
        "rows": len(rows),
        "bytes": len(data),
    }
    file |= {"sha256": hashlib.sha256(data).hexdigest(), "content_sha256": nothing}
    recipe = {"seed": 0, "source": {}, "splits": {}, "tasks": [], "output": {"format": form}}
    begun = {"environment": {}, "format": 4, "limit": None, "recipe": recipe, "task_versions": {"planted": 1}}
    begun |= {"source": {"items": SOURCES, "listing": nothing}}
    made: dict[str, Any] = {"assets": [], "content_sha256": nothing, "kept": {"planted": len(rows)}, "rejected": {}}
    made |= {"rows": {profile: {"train": len(rows)}}, "shards": [{"name": "train-00000-of-00001", "files": [file]}]}
    (out / "manifest.json").write_text(json.dumps(begun | made))
    return out


def drawn(plant: Callable[[int, int, int, int], Row]) -> list[Row]:
    """Make a row for each source and variant; combinations of word and letter are equally frequent, in random order."""
    rows, slots = [], rng_for("draw").permutation(SOURCES * VARIANTS)
    for source in range(SOURCES):
        for variant in range(VARIANTS):
            right, letter = divmod(slots[source * VARIANTS + variant] % 4, 2)
            rows.append(plant(source, variant, right, letter))
    return rows


def fair(source: int, variant: int, right: int, letter: int) -> Row:
    return puzzle(source, variant, right, letter, [jpeg(picture(source, variant))])


def audited(rows: list[Row], out: Path, form: str = "parquet") -> tuple[Report, TaskReport]:
    report = audit(folder_of(rows, out, form))
    return report, report.tasks[0]


def leaks(task: TaskReport) -> set[str]:
    return {probe.sees for probe in task.probes if probe.counts and probe.verdict == "leaky"}


def test_a_fair_folder_is_clean_and_its_report_is_stable(tmp_path: Path) -> None:
    report, task = audited(drawn(fair), tmp_path / "a")
    assert report.verdict == "clean", lines(report)
    assert (task.n, task.sources, task.kind) == (SOURCES * VARIANTS, SOURCES, "choice")
    assert not task.precise
    assert any("no leak below" in line for line in lines(report))
    written = (tmp_path / "a" / AUDIT).read_bytes()
    assert json.loads(written) == json.loads(json.dumps(report.to_json()))
    assert audit(tmp_path / "a") == report
    assert (tmp_path / "a" / AUDIT).read_bytes() == written
    margins = json.loads(written)["tasks"][0]["histograms"]["margin"]
    assert (margins["edges"][0], margins["edges"][-1], margins["counts"]) == (0, 1, [0] * 9 + [SOURCES * VARIANTS])
    assert "  difficulty 0 to 1, puzzles per tenth: 0 0 0 0 0 80 0 0 0 0" in lines(report)
    stages: list[Stage] = []
    few = audit(tmp_path / "a", limit=12, report=stages.append)
    assert stages[:2] == [Stage("looking at puzzles", 0, 1), Stage("looking at puzzles", 1, 1)]
    assert stages[-1] == Stage("probing tasks", 1, 1)
    assert (few.tasks[0].n, few.verdict) == (12, "too few to tell")
    assert any("evidence" in line for line in lines(few))
    assert audit(folder_of(drawn(fair), tmp_path / "tar", "webdataset"), limit=12) == few


def test_a_border_whose_colour_names_the_answer_is_found(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        framed = picture(source, variant).copy()
        framed[:3] = 20 + 200 * right
        return puzzle(source, variant, right, letter, [jpeg(framed)])

    report, task = audited(drawn(plant), tmp_path)
    assert "sizes, bytes, borders" in leaks(task), lines(report)


def networks(task: Task, out: Path, graphs: int, tell: bool = False) -> tuple[Report, TaskReport]:
    """Audit puzzles about generated networks.

    Args:
        task: a task about networks.
        out: a folder.
        graphs: number of generated graphs; each gives about six puzzles.
        tell: plant a leak: every hidden node, except the one asked about, is shown with the wrong option.
    """
    source = Graph(graphs=graphs)
    rows: list[Row] = []
    for item in source.items():
        opened = OpenItem(item, source.open, MEDIA, rng_for("clean"))  # type: ignore[arg-type]
        made = task.make(opened, Rng(opened.item.id.encode()))
        if isinstance(made, Puzzle):
            spec, question = made.answer.spec, made.question
            if tell:
                (asked,) = re.findall(r"of node (\d+)\?", question)
                (other,) = {*spec.params["options"].values()} - {spec.params["options"][spec.target]}
                question = re.sub(rf"^(?!{asked}:)(\d+): \?$", rf"\1: topic {other}", question, flags=re.MULTILINE)
            rows.append(record(len(rows), 0, made.answer.text, spec.to_json(), question, []))
    return audited(rows, out)


@pytest.mark.parametrize(("kind", "probe"), [("patch", "patches at fixed places"), ("light", "tones"), ("sky", "")])
def test_what_is_put_into_a_whole_picture_is_found_and_content_is_not(kind: str, probe: str, tmp_path: Path) -> None:
    def planted(source: int, variant: int, right: int, letter: int) -> Row:
        pixels = picture(source, variant, side=96).copy()
        if kind == "patch":
            pixels[-3:, :4] = 160 * right
        elif kind == "light":
            pixels = (pixels * (1 - 0.4 * right)).astype(np.uint8)
        else:
            pixels = np.clip(pixels * 0.4 + np.linspace(150, 0, 96)[:, None, None], 0, 255).astype(np.uint8)
            pixels = pixels[:: -1 if right else 1]
        return puzzle(source, variant, right, letter, [jpeg(pixels)])

    _, task = audited(drawn(planted), tmp_path)
    assert leaks(task) & {"patches at fixed places", "tones"} == {probe} - {""}
    marks = next(found for found in task.probes if (found.family, found.names) == ("mark", "class"))
    assert kind != "sky" or (marks.washed or 0) > 0.95


@pytest.mark.slow
def test_counting_words_tells_nothing_of_networks_unless_they_are_made_naively(tmp_path: Path) -> None:
    sees = "how often names are named"
    for k, task in enumerate([NodeAttribute(), Neighbours(), Link(), PathLength()]):
        report, found = networks(task, tmp_path / str(k), 40)
        assert not leaks(found), lines(report)
        assert (sees in {probe.sees for probe in found.probes}) == (task.name in {"node_attribute", "neighbours"})
    report, found = networks(NodeAttribute(), tmp_path / "told", 80, tell=True)
    assert leaks(found) == {sees}, lines(report)
    report, found = networks(Neighbours(form="set"), tmp_path / "set", 80)
    assert sees in leaks(found), lines(report)


def known_scene(source: int, variant: int) -> Row:
    """A row whose image size and answer depend only on its camera, which has four sources: they can be memorised."""
    camera = source // 4
    right = (0, 1, 1, 0, 1, 0, 0, 1, 1, 0)[camera]
    letter = rng_for("letter", source, variant).below(2)
    row = puzzle(source, variant, right, letter, [jpeg(picture(source, variant, side=40 + 8 * camera))])
    row["extra_info"]["source_uri"] = f"camera-{camera}/{source}"
    return row


@pytest.mark.slow
def test_what_is_known_by_heart_is_no_leak_where_scenes_are_folded_together(tmp_path: Path) -> None:
    folder = folder_of([known_scene(k, variant) for k in range(SOURCES) for variant in range(6)], tmp_path)
    assert "sizes, bytes, borders" in leaks(audit(folder).tasks[0])
    report = audit(folder, together=r"camera-\d+")
    assert not leaks(report.tasks[0])
    assert not report.tasks[0].note
    assert {probe.estimate.sources for probe in report.tasks[0].probes} == {SOURCES // 4}
    assert json.loads((folder / AUDIT).read_text())["together"] == r"camera-\d+"
    with pytest.raises(PuzzlegenError, match="is not a regular expression"):
        audit(folder, together="camera-(")


@pytest.mark.parametrize("share", [0.1, 0.3])
def test_audits_ask_whether_sources_that_look_alike_show_one_scene(share: float, tmp_path: Path) -> None:
    def taken(source: int, variant: int, right: int, letter: int) -> Row:
        shown = picture("room" if source < share * SOURCES else source)
        return puzzle(source, variant, right, letter, [jpeg(np.roll(shown, variant, axis=1))])

    folder = folder_of(drawn(taken), tmp_path)
    asked = f"{round(share * SOURCES)} of {SOURCES} sources look like another."
    assert [asked in line for line in lines(audit(folder))].count(True) == (share > 0.15)
    assert not audit(folder, together="photo-").tasks[0].note


def test_bytes_beyond_the_content_are_found(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        return puzzle(source, variant, right, letter, [jpeg(picture(source, variant)) + bytes(7 * right)])

    report, task = audited(drawn(plant), tmp_path)
    assert "sizes, bytes, borders" in leaks(task), lines(report)


def test_a_grid_that_names_the_answer_is_found(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        rough = picture(source, variant, side=208).astype(np.int16)
        rough += np.frombuffer(rng_for("noise", source, variant).raw(rough.size), np.uint8).reshape(rough.shape) // 8
        coarse = jpeg(np.clip(rough, 0, 255).astype(np.uint8), 50)
        decoded = np.asarray(Image.open(io.BytesIO(coarse)))
        cut = decoded[:, 3 * right : 192 + 3 * right]
        return puzzle(source, variant, right, letter, [jpeg(np.ascontiguousarray(cut))])

    report, task = audited(drawn(plant), tmp_path)
    assert "traces" in leaks(task), lines(report)


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_stopped_audit_ends_at_once_with_one_line(number: int, code: int, tmp_path: Path) -> None:
    folder = folder_of(drawn(fair), tmp_path / "a")
    command = [sys.executable, "-m", "puzzlegen", "audit", str(folder), "--workers", "2"]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, start_new_session=True, preexec_fn=heeds_interrupts
    ) as child:
        assert child.stderr
        assert any(b"probing tasks" in line for line in child.stderr)
        if number == signal.SIGTERM:
            child.terminate()
        else:
            os.killpg(child.pid, number)
        assert child.stderr.read() == b"stopped; the same command audits the folder from the beginning\n"
        assert child.wait(60) == code
    assert not (folder / AUDIT).exists()


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["blur", "noise", "nothing"])
def test_blur_and_noise_that_differ_by_answer_are_found(kind: str, tmp_path: Path) -> None:
    def planted(source: int, variant: int, right: int, letter: int) -> Row:
        rough = np.frombuffer(rng_for("rough", source, variant).raw(3 * 128 * 128), np.uint8).reshape(128, 128, 3)
        pixels = picture(source, variant, side=128) // 2 + rough // 16
        if right and kind == "blur":
            pixels = np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(0.5)))
        elif right and kind == "noise":
            pixels = pixels + rough[::-1] // 32
        return puzzle(source, variant, right, letter, [jpeg(np.rot90(pixels, 2 * right))])

    _, task = audited(drawn(planted), tmp_path)
    assert ("sharpness and noise" in leaks(task)) == (kind != "nothing"), task.best("artefact")


def test_turned_and_mirrored_pictures_are_as_sharp() -> None:
    medium = open_medium({"bytes": jpeg(textured("turns", 0, 0, right=0)), "path": "a.jpg"})
    pixels = medium.pictures[0]
    copies = [np.rot90(way, k) for way in (pixels, pixels[::-1]) for k in range(4)]
    first, *others = [sharpness(medium._replace(pictures=[copy])) for copy in copies]
    assert all(np.allclose(first, other, atol=1e-3) for other in others)


def textured(name: str, source: int, variant: int, *, right: int, side: int = 192) -> Pixels:
    """Return noise that is stretched along one axis and increases along an axis, like grass below a sky."""
    rough = np.frombuffer(rng_for(name, source, variant).raw(side * side), np.uint8).reshape(side, side).astype(float)
    long = (rough + np.roll(rough, 1, 1) + np.roll(rough, 2, 1) + np.roll(rough, 3, 1)) / 4 - 128
    grey = np.clip(128 + long * np.linspace(0.1, 1.2, side)[:, None], 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.rot90(np.dstack([grey] * 3), right))


def test_content_is_no_trace(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        return puzzle(source, variant, right, letter, [jpeg(textured("grass", source, variant, right=right))])

    _, task = audited(drawn(plant), tmp_path)
    assert "traces" not in leaks(task), task.best("artefact")


def meadow(k: int, side: int = 288) -> Pixels:
    """Return an image of uniformly rough grass below a smooth sky."""
    rng, x = rng_for("meadow", k), np.arange(side)
    rough = np.frombuffer(rng.raw(side * side), np.uint8).reshape(side, side).astype(float) - 128
    grass = 100 + 0.9 * sum(np.roll(rough, step, 1) for step in range(4)) / 4
    horizon = side * rng.uniform(0.3, 0.7) + 3 * np.sin(x / 9 + k) + 2 * np.sin(x / 4)
    sky = 150 + 40 * rng.uniform() + 60 * rng.uniform() * x[:, None] / side
    return np.dstack([np.clip(np.where(x[:, None] > horizon, grass, sky), 0, 255).astype(np.uint8)] * 3)


def test_where_texture_begins_is_no_grid() -> None:
    media = [open_medium({"bytes": jpeg(meadow(k)), "path": "meadow.jpg"}) for k in range(60)]
    found = np.stack([grid(medium) for medium in media])
    errors = found.std(axis=0) / np.sqrt(len(found)) + 1e-9
    assert np.abs(found.mean(axis=0) / errors).max() < 4


def sunset(k: int, side: int = 192) -> Pixels:
    """Return an image in which red increases and blue decreases evenly from top to bottom."""
    rng = rng_for("sunset", k)
    rough = np.frombuffer(rng.raw(side * side), np.uint8).reshape(side, side) / 16
    down = np.linspace(0, 1, side)[:, None]
    red, blue = 140 + (60 + 30 * rng.uniform()) * down, 190 - (60 + 30 * rng.uniform()) * down
    return np.dstack([np.clip(plane + rough, 0, 255).astype(np.uint8) for plane in (red, 150 + 0 * down, blue)])


def test_a_change_of_colours_is_no_grid_of_a_clip() -> None:
    clips = [[sunset(k)[::way] for k in range(30)] for way in (1, -1)]
    files = [[encode_mp4([frame] * 8, 4) for frame in frames] for frames in clips]
    found = np.array([[grid(open_medium({"bytes": file, "path": "a.mp4"})) for file in some] for some in files])
    upright, turned = found
    errors = np.sqrt((upright.var(axis=0) + turned.var(axis=0)) / upright.shape[0]) + 1e-9
    assert np.abs((upright - turned).mean(axis=0) / errors).max() < 4


def test_steps_of_the_file_itself_are_not_looked_for() -> None:
    medium = open_medium({"bytes": jpeg(textured("own", 0, 0, right=0, side=250), 60), "path": "own.jpg"})
    inside = steps(medium.pictures[0], np.zeros((8, 8), np.float32)).reshape(4, -1)
    assert inside[0, 0] > 0.5
    assert not steps(medium.pictures[0], medium.own_steps).reshape(4, -1)[0].any()


def test_steps_of_an_earlier_quantisation_turn_with_the_picture() -> None:
    pixels = textured("steps", 0, 0, right=0, side=256)
    found = np.asarray(Image.open(io.BytesIO(jpeg(pixels, 60))).convert("RGB"))
    none = np.zeros((8, 8), np.float32)
    corners = steps(found, none).reshape(4, -1)
    assert (corners[:, 0] > 0.5).all()
    assert np.abs(corners[:, 1:]).sum() > 1
    assert np.allclose(steps(np.rot90(found), none).reshape(4, -1)[0, 1:], -corners[0, 1:])
    cut = steps(found[3:251, 3:251], none).reshape(4, -1)
    assert not cut[:, 0].any()
    assert not steps(pixels, none).any()


@pytest.mark.parametrize("size", [(1, 1), (3, 60), (60, 7), (200, 9)])
def test_small_pictures_have_as_many_features_as_large_ones(size: tuple[int, int]) -> None:
    small, large = (
        traces(open_medium({"bytes": jpeg(np.zeros((*side, 3), np.uint8)), "path": "a.jpg"}))
        for side in (size, (80, 80))
    )
    assert small.shape == large.shape
    assert np.isfinite(small).all()


@pytest.mark.slow
def test_the_card_says_what_the_audit_found(mixed_recipe: Recipe, mixed_build: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    shutil.copytree(mixed_build, folder)
    before = (folder / "README.md").read_text(encoding="utf-8")
    report = audit(folder, workers=2)
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith(before.rstrip())
    assert all(f"| `{task.task}` | {task.n} |" in card for task in report.tasks)
    assert verify(folder).problems == []
    assert audit(folder) == report
    assert (folder / "README.md").read_text(encoding="utf-8") == card
    build(mixed_recipe, folder)
    assert (folder / "README.md").read_text(encoding="utf-8") == card
    found = json.loads((folder / AUDIT).read_bytes())
    (folder / AUDIT).write_text(json.dumps(found | {"content_sha256": "of another build"}))
    assert [problem for problem in verify(folder).problems if problem.startswith(AUDIT)]


@pytest.mark.parametrize("sources", [1, 9])
def test_of_too_few_sources_nothing_is_judged(sources: int, tmp_path: Path) -> None:
    """With a single puzzle, the most frequent letter is always right, which proves nothing."""
    rows = [fair(source, variant, 0, 0) for source in range(sources) for variant in range(2)]
    report, task = audited(rows, tmp_path)
    assert report.verdict == "too few to tell", lines(report)
    assert any(f"{sources} sources, at least 10" in line for line in lines(report))
    assert not task.probes
    assert "no probe fits" not in "\n".join(lines(report))


def test_one_letter_for_all_is_found(tmp_path: Path) -> None:
    _, task = audited(drawn(lambda s, v, right, _: fair(s, v, right, 0)), tmp_path)
    assert "constant" in leaks(task)
    assert {c.name: c.verdict for c in task.checks}["balance of letters"] == "weak"


@pytest.mark.parametrize("known", ["answers", "letters", "nothing"])
def test_sources_with_answers_of_their_own_are_found(known: str, tmp_path: Path) -> None:
    """Five of a source's six puzzles share an answer, which no learner that is tested on other sources can notice."""

    def own(source: int, variant: int, name: str) -> int:
        draws = rng_for(name, source) if variant and name == known else rng_for(name, source, variant)
        return draws.below(2)

    places = [(source, variant) for source in range(SOURCES) for variant in range(6)]
    rows = [fair(*place, own(*place, "answers"), own(*place, "letters")) for place in places]
    _, task = audited(rows, tmp_path)
    found = {check.name: check.verdict for check in task.checks if check.name.endswith("by source")}
    assert found == {f"{name} by source": "leaky" if name == known else "clean" for name in ("answers", "letters")}
    assert not leaks(task)


@pytest.mark.parametrize("where", ["one second and a quarter", "the end", "anywhere"])
def test_one_place_for_all_is_found(where: str, tmp_path: Path) -> None:
    def timed(source: int, variant: int, right: int, letter: int) -> Row:
        draws = rng_for("start", source, variant, right, letter)
        whole = draws.integer(8, 40) / 2 if where == "the end" else 10
        start = {"the end": whole - 1.5, "anywhere": draws.integer(0, 34) / 4}.get(where, 1.25)
        spec = answers.interval(start, start + 1.5, whole).spec
        made = record(
            source, variant, f"{start}-{start + 1.5}", spec.to_json(), "<image>\nWhen?", [jpeg(picture(source))]
        )
        made["extra_info"] |= {"chance": expected(spec)}
        return made

    _, task = audited(drawn(timed), tmp_path)
    assert ("constant" in leaks(task)) == (where != "anywhere")


@pytest.mark.parametrize("told", ["across", "down", ""])
def test_a_word_that_tells_where_a_box_lies_is_found(told: str, tmp_path: Path) -> None:
    def placed(source: int, variant: int, right: int, letter: int) -> Row:
        draws = rng_for("place", source, variant, right, letter)
        x, y = (draws.integer(0, 700) for _ in range(2))
        word = WORDS[({"across": x, "down": y}[told] < 350) if told else draws.below(2)]
        spec = answers.box((x, y, x + 300, y + 300)).spec
        text = f"<image>\nWhere, {word}?"
        made = record(source, variant, str(spec.target), spec.to_json(), text, [jpeg(picture(source, variant))])
        made["extra_info"] |= {"chance": expected(spec)}
        return made

    _, task = audited(drawn(placed), tmp_path)
    verdict = next(probe.verdict for probe in task.probes if probe.sees == "words and fields")
    assert (verdict == "clean") == (not told)


def test_a_repeated_order_counts_only_where_chance_would_not_repeat_it() -> None:
    assert repeats_p(1, 1, 0.25) == pytest.approx(1.0)
    assert repeats_p(2, 2, 0.25) == pytest.approx(0.25)
    assert repeats_p(4, 15, 1 / 22) > 0.05
    assert repeats_p(15, 15, 1 / 22) < 1e-15
    assert repeats_p(2, 200, 1 / 362_878) > 0.01 > repeats_p(4, 200, 1 / 362_878)


def test_duplicates_splits_and_wrong_solutions_are_found(tmp_path: Path) -> None:
    rows = drawn(fair)
    twin = fair(0, 0, 1, 1) | {"id": "f" * 32, "images": rows[0]["images"], "problem": rows[0]["problem"]}
    twin["extra_info"] = twin["extra_info"] | {"split": "validation"}
    rows[5]["solution"] = "<answer>C</answer>"
    report, task = audited([*rows, twin], tmp_path)
    verdicts = {check.name: check.verdict for check in (*task.checks, *report.checks)}
    assert verdicts["duplicates"] == verdicts["solutions"] == "leaky"
    assert verdicts["sources in two splits"] == verdicts["same bytes in two splits"] == "leaky"
    assert verdicts["look-alikes in two splits"] == "clean"


def test_look_alikes_in_two_splits_are_found(tmp_path: Path) -> None:
    rows = drawn(fair)
    for row in rows[: VARIANTS * 4]:
        row["extra_info"]["split"] = "validation"
    turned = np.ascontiguousarray(np.rot90(picture(0, 0)))
    rows[VARIANTS * 10]["images"][0]["bytes"] = jpeg(turned, 80)
    report, _ = audited(rows, tmp_path)
    near = next(check for check in report.checks if check.name == "look-alikes in two splits")
    assert near.verdict == "weak"
    assert "photo-000 ~ photo-010" in near.detail


def tiles_of(source: int, gap: int) -> list[Pixels]:
    whole = picture("whole", source, side=96)
    return [whole[y : y + 48 - gap, x : x + 48 - gap] for y in (0, 48) for x in (0, 48)]


def jigsaw(source: int, variant: int, right: int, letter: int) -> Row:
    rng = rng_for("order", source, variant, right, letter)
    order = [k + 1 for k in rng.permutation(4)]
    tiles = tiles_of(SOURCES * variant + source, 0)
    shown = [tiles[order.index(k + 1)] for k in range(4)]
    truth = {"v": 1, "kind": "permutation", "target": order, "params": {"n": 4, "format": "answer"}}
    text = ", ".join(map(str, order))
    problem = "\n".join(["<image>"] * 4) + "\nWhich order?"
    row = record(source, variant, text, canonical_json(truth), problem, [jpeg(tile) for tile in shown])
    row["extra_info"]["params"] = '{"rows":2,"cols":2}'
    return row


def test_the_picture_beside_tiles_is_not_one_of_them() -> None:
    plain = jigsaw(1, 0, 0, 0)
    beside = {**plain, "problem": f"{AS_IT_WAS}\n{plain['problem']}"}
    beside["images"] = [{"bytes": jpeg(picture("beside", 1)), "path": "0.jpg"}, *plain["images"]]
    seen = [look(row, media_of(row)) for row in (plain, beside)]
    joints = [found.joints.beside for found in seen if found.joints]
    assert np.array_equal(joints[0], joints[1])
    assert all(np.array_equal(seen[0].parts[name], seen[1].parts[name]) for name in ("form", "traces"))


@pytest.mark.slow
def test_tiles_without_a_gap_are_put_together(tmp_path: Path) -> None:
    report, task = audited(drawn(jigsaw)[:48], tmp_path)
    assert leaks(task) >= {"learned joints", "plain joints"}, lines(report)


def test_the_best_order_of_joints_is_the_right_one() -> None:
    joints = tile_joints(tiles_of(1, 0), 2, 2)
    assert joints.below is not None
    assert best_order(-joints.beside[..., 0], -joints.below[..., 0], 2, 2) == [0, 1, 2, 3]


def test_naive_media_are_left_as_they_are() -> None:
    pixels = picture("naive", side=300)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    naive = load_recipe("naive").media
    assert not naive.image.clean
    assert not naive.video.clean
    kept = clean_image(buffer.getvalue(), rng_for("any"), naive.image).pixels()
    assert np.array_equal(np.asarray(kept), pixels)
    as_saved = encode_image(kept.crop((8, 8, 88, 88)).transpose(Image.Transpose.ROTATE_90))
    assert as_saved.ext == "png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(as_saved.data))), np.rot90(pixels[8:88, 8:88]))
    item = OpenItem(Item("a", "image"), lambda _: io.BytesIO(buffer.getvalue()), naive, rng_for("any"))
    assert item.square_box((300, 200), rng_for("any")) == item.drawn_box((300, 200), 0.5, rng_for("any"))
    assert item.square_box((300, 200), rng_for("any")) == (0, 0, 300, 200)
    turned = task_class("rotation")().make(item, rng_for("any"))
    assert isinstance(turned, Puzzle), "noise has no up, but an audit is not about what is shown"
    small = naive.image.model_copy(update={"side_px_range": (100, 150)})
    assert clean_image(buffer.getvalue(), rng_for("any"), small).size == (150, 150)


def test_intervals_know_of_clusters() -> None:
    hits, sources = [1.0, 0.0] * 100, [str(k) for k in range(200)]
    free = estimate(hits, sources, 0.5)
    bound = estimate(sorted(hits), [str(k // 10) for k in range(200)], 0.5)
    assert free.value == bound.value == 0.5
    assert free.high - free.low < 0.15
    assert bound.high - bound.low > 0.3
    assert estimate([0.0] * 50, sources[:50], 0.1).high > 0.02
    assert uniform_p([0, 1] * 50, 2) > 0.5
    assert uniform_p([0] * 90 + [1] * 10, 2) < 1e-6


def test_what_is_missing_is_said_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(IntegrityError, match="no such folder"):
        audit(tmp_path / "nowhere")

    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(PuzzlegenError, match=r'pip install "puzzlegen\[audit\]"'):
        audit(tmp_path)


def test_how_a_question_is_written_is_found(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        row = fair(source, variant, right, letter)
        asked = ("Which one? Look well.", "Look well. Which one?")[right]
        row["problem"] = row["problem"].replace("Which?", asked)
        row["prompt"][0]["content"] = row["problem"]
        return row

    _, task = audited(drawn(plant), tmp_path)
    assert "spelling" in leaks(task), task.probes


def test_a_prompt_that_says_more_than_the_question_is_found(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        row = fair(source, variant, right, letter)
        row["prompt"] = [{"role": "system", "content": WORDS[right]}, *row["prompt"]]
        return row

    _, task = audited(drawn(plant), tmp_path / "hint")
    assert {check.name: check.verdict for check in task.checks}["prompts"] == "leaky"
    same = [{**row, "prompt": [{"role": "system", "content": "x"}, *row["prompt"]]} for row in drawn(fair)]
    _, task = audited(same, tmp_path / "same")
    assert {check.name: check.verdict for check in task.checks}["prompts"] == "clean"


@pytest.mark.parametrize("hint", [True, False])
def test_a_hint_of_an_order_is_found(hint: bool, tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        order = rng_for("order", source, variant, right, letter).permutation(4)
        spec = answers.permutation([k + 1 for k in order]).spec
        problem = f"<image>\nLayout {order[0] if hint else 5}: in which order?"
        text = ", ".join(str(k + 1) for k in order)
        return record(source, variant, text, spec.to_json(), problem, [jpeg(picture(source, variant))])

    _, task = audited(drawn(plant), tmp_path)
    assert ("words and fields" in leaks(task)) == hint, task.probes
    assert {check.name: check.verdict for check in task.checks}["balance of places"] == "clean"


@pytest.mark.parametrize("kind", ["point", "set", "counts", "anything"])
def test_one_answer_for_all_is_found_of_every_kind(kind: str, tmp_path: Path) -> None:
    names = ["red", "green", "blue", "black"]

    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        rng = rng_for("constant", source, variant, right, letter)
        answer = {
            "point": lambda: answers.point((500 + rng.integer(-30, 30), 500 + rng.integer(-30, 30)), 100),
            "set": lambda: answers.subset(rng.shuffled(names), ["red", "blue"]),
            "counts": lambda: answers.counts({"red": 3, "blue": rng.integer(3, 4)}),
            "anything": lambda: answers.subset(rng.shuffled(names), rng.sample(names, 2)),
        }[kind]()
        made = record(source, variant, answer.text, answer.spec.to_json(), "<image>\nWhat?", [jpeg(picture(source))])
        made["extra_info"] |= {"chance": expected(answer.spec)}
        return made

    _, task = audited(drawn(plant), tmp_path)
    assert ("constant" in leaks(task)) == (kind != "anything"), task.probes


def test_of_a_composite_the_puzzles_own_part_is_looked_at(tmp_path: Path) -> None:
    def plant(source: int, variant: int, right: int, letter: int) -> Row:
        row = fair(source, variant, right, letter)
        own = VerifierSpec("text", f"word {source} {variant}", {"metric": "rouge"})
        spec = VerifierSpec("composite", {"answer": own._asdict(), "transform": json.loads(row["ground_truth"])}, {})
        weights = {"weights": {"answer": 1, "transform": 0.5, "format": 1, "length": 0.2}, "words": [320, 768]}
        row["ground_truth"] = spec._replace(params=weights).to_json()
        row["solution"] = f"<transform>{row['answer']}</transform><answer>word {source} {variant}</answer>"
        return row

    _, task = audited(drawn(plant), tmp_path)
    found = {check.name: check.verdict for check in task.checks}
    assert "constant answer" not in found
    assert found["solutions"] == "clean"
    assert any(probe.names == "letter" for probe in task.probes)
    assert not leaks(task)


def test_the_nodes_that_a_question_names_are_counted() -> None:
    row = puzzle(0, 0, 0, 0, [])
    row["problem"] = "Edges: 1 - 2, 1 - 3, 1 - 4\n\nIs there an edge between 1 and 4?\n\nAnswer in 2 words."
    assert _named(row["problem"]) == [4.0, 2.0]


def test_damage_is_one_line(tmp_path: Path) -> None:
    rows = drawn(fair)[:12]
    rows[3]["images"][0]["bytes"] = b"no picture"
    out = folder_of(rows, tmp_path / "damaged")
    with pytest.raises(IntegrityError, match=f"puzzle {rows[3]['id']}: a medium cannot be decoded"):
        audit(out)
    next(out.rglob("*.parquet")).unlink()
    with pytest.raises(IntegrityError, match="lacks train-00000-of-00001"):
        audit(out)
