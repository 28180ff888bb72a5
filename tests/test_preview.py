"""The page of a build in a real browser: what it shows, how it is played, and that no text in it is executed."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import av
import pytest
from browser import PHONE, chromium, keep_screenshot, opened, wait_until
from conftest import ROOT, recipe_with

from puzzlegen.audit import Check, Estimate, Histogram, Probe, Report, TaskReport
from puzzlegen.building import build
from puzzlegen.errors import IntegrityError, OutputError, RecipeError
from puzzlegen.media.shown import timed_frames
from puzzlegen.preview import page as pages
from puzzlegen.preview import preview
from puzzlegen.preview.audited import write_audit_page
from puzzlegen.preview.entries import _shares, chosen
from puzzlegen.preview.originals import _make_thumbnail
from puzzlegen.preview.target import preview_of
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import Recipe
from puzzlegen.scoring import score_file
from puzzlegen.sources.samples import Samples
from puzzlegen.verify import grader

pytestmark = pytest.mark.slow

HERE = ROOT / "puzzlegen" / "preview"
HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def mixed_page(mixed_build: Path, mixed_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = tmp_path_factory.mktemp("pages") / "mixed.html"
    made = preview(mixed_build, page, recipe=mixed_recipe)
    assert made.puzzles == made.of == made.originals
    return page


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(r'id="data">(.*?)</script>', page.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


def media_of(page: Path) -> list[bytes]:
    return re.findall(rb'id="m\d+">(.*?)</script>', page.read_bytes())


def rows_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for file in files_of(manifest_of(folder)) for row in read_rows(folder / file["path"])}


def test_pictures_and_clips_show_and_answers_come_with_originals(browser: Any, mixed_page: Path) -> None:
    seen = opened(browser, mixed_page, viewport={"width": 1280, "height": 900})
    page = seen.page
    articles = page.locator("#browse article")
    assert articles.count() == len(data_of(mixed_page)["puzzles"])
    for k in range(3):  # one of each task, because the page cycles through tasks
        article = articles.nth(k)
        article.scroll_into_view_if_needed()
        puzzle = data_of(mixed_page)["puzzles"][k]
        assert article.locator("img, video").count() == len(puzzle["media"])
        assert "Answer" not in article.locator(".words").inner_text().replace("Show answer", "")
        article.locator(".reveal").click()
        assert article.locator(".truth strong").inner_text() == puzzle["answer"]
        assert article.locator(".original").locator("img, video").count() == 1
        if puzzle["task"] == "arrow_of_time":
            wait_until(page, "[...document.querySelectorAll('video')].some(v => v.currentTime > 0.2)")
        else:
            wait_until(
                page, f"[...document.querySelectorAll('#p{k} img')].every(i => i.complete && i.naturalWidth > 0)"
            )
    keep_screenshot(page, "preview-look")
    assert seen.errors == []
    assert all(url.startswith(("file:", "blob:", "data:")) for url in seen.requests)
    page.close()


def test_filters_narrow_and_stand_in_the_address(browser: Any, mixed_page: Path) -> None:
    page = opened(browser, mixed_page).page
    puzzles = data_of(mixed_page)["puzzles"]
    page.locator(".pill", has_text="rotation").click()
    page.locator("#split").select_option("validation")
    expected = [p for p in puzzles if p["task"] == "rotation" and p["split"] == "validation"]
    assert 0 < len(expected) < len(puzzles)
    shown = page.locator("#browse article:visible")
    assert page.locator("#shown").inner_text() == f"{len(expected)} of {len(puzzles)} puzzles"
    assert shown.count() == len(expected)
    page.reload()
    assert shown.count() == len(expected)
    page.locator("#answer").select_option(expected[0]["answer"])
    assert shown.count() == sum(p["answer"] == expected[0]["answer"] for p in expected)
    page.locator("#from").fill("1")
    page.locator("#from").blur()
    assert shown.count() == sum(p["difficulty"] >= 1 for p in expected)
    assert page.locator("#none").is_visible() is (shown.count() == 0)
    page.close()


def test_the_keyboard_is_enough(browser: Any, mixed_page: Path) -> None:
    page = opened(browser, mixed_page).page
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")
    page.keyboard.press("a")
    assert page.locator("#p0 .truth").count() == 1
    page.keyboard.press("a")
    assert page.locator("#p0 .truth").count() == 0
    page.keyboard.press("?")
    assert page.locator("#help").get_by_text("next, previous puzzle").is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("p")
    assert page.locator("#play").is_visible()
    page.keyboard.press("Escape")
    assert page.locator("#browse").is_visible()
    page.close()


def test_play_counts_as_the_verifier_does(browser: Any, mixed_build: Path, mixed_page: Path, tmp_path: Path) -> None:
    """Every second answer is right, all are given by keyboard; the saved answers get the scores shown on the page."""
    seen = opened(browser, mixed_page)
    page, rows = seen.page, rows_of(mixed_build)
    page.keyboard.press("p")
    for turn in range(len(rows)):
        right = turn % 2 == 0
        row = rows[page.locator("#play article").get_attribute("data-id")]
        answer_by_keys(page, json.loads(row["ground_truth"]), right=right)
        verdict = page.locator("#play .verdict").inner_text()
        assert (verdict == "Right.") is right, row["ground_truth"]
        if turn == 1:
            keep_screenshot(page, "preview-play")
        page.keyboard.press("Enter")
    assert page.get_by_text("That was the last puzzle.").is_visible()
    assert "null" not in page.locator("#score").inner_text()
    with page.expect_download() as saved:
        page.locator(".save").click()
    saved.value.save_as(tmp_path / "answers.jsonl")
    scored = {task.task: task for task in score_file(mixed_build, tmp_path / "answers.jsonl").tasks}
    assert (scored["all"].n, scored["all"].format) == (len(rows), 1)
    assert 0 < scored["all"].accuracy < 1
    for name, task in scored.items():
        cells = page.locator(f"#score tr[data-task='{name}'] td").all_inner_texts()
        numbers = [float(cell.removesuffix(" %")) / 100 for cell in (cells[1], cells[3])]
        assert cells[0] == str(task.n)
        assert numbers == pytest.approx([task.reward, task.chance], abs=0.006)
    assert seen.errors == []
    page.close()


def answer_by_keys(page: Any, spec: dict[str, Any], *, right: bool) -> None:
    target = spec["target"]
    if spec["kind"] == "permutation":
        wrong = [order for order in permutations(target) if list(order) not in spec["params"].get("excluded", [])]
        keys = target if right else next(order for order in wrong if list(order) != target)
    else:
        keys = [target if right else next(letter for letter in spec["params"]["options"] if letter != target)]
    for key in keys:
        page.keyboard.press(str(key).lower())


ORDERS = [list(order) for order in permutations([1, 2, 3, 4])]
SPECS: list[tuple[str, Any, dict[str, Any], list[Any]]] = [
    ("choice", "B", {"options": ["A", "B", "C"]}, ["A", "B", "C"]),
    ("choice", "B", {"options": ["A", "B", "C"], "also": ["C"]}, ["A", "B", "C"]),
    ("label", "up", {"labels": ["up", "down"]}, ["up", "down"]),
    ("number", 350, {"tolerance": 15, "modulo": 360}, [5, 6, 335, 334.9, -10, 725, 0]),
    ("number", 0.3, {"tolerance": 0.1}, [0.4, 0.2, 0.41, 0.19]),
    ("number", 90, {"allowed": [0, 90, 180, 270]}, [0, 90, 180]),
    *(
        (
            "permutation",
            [3, 1, 4, 2],
            {"n": 4, "metric": metric, **extra},
            [list(o) for o in permutations([1, 2, 3, 4])],
        )
        for metric in ("positions", "adjacency", "pairs", "footrule")
        for extra in (
            {},
            {"gamma": 0.5},
            {"gamma": 1, "signed": True},
            {"gamma": 0.4, "excluded": [[1, 2, 3, 4], [4, 3, 2, 1]]},
        )
    ),
]


def test_the_page_grades_as_the_verifier_does(browser: Any) -> None:
    """For every kind that the page grades, it gives the verifier's value for all answers of small puzzles."""
    page = browser.new_page()
    script = (HERE / "grade.js").read_text(encoding="utf-8")
    cases = [({"v": 1, "kind": k, "target": t, "params": p}, answers) for k, t, p, answers in SPECS]
    grade_all = f"cases => {{ {script}; return cases.map(([spec, answers]) => answers.map(a => grade(spec, a))); }}"
    found = page.evaluate(grade_all, cases)
    for (spec, answers), values in zip(cases, found, strict=True):
        bound = grader(spec)
        assert values == pytest.approx([bound(answer) for answer in answers]), spec
    assert page.evaluate(f"() => {{ {script}; return grade({{kind: 'box', target: 1, params: {{}}}}, 1); }}") is None
    page.close()


def test_what_people_wrote_is_never_run(browser: Any, tmp_path: Path) -> None:
    """File names (also of damaged files), questions and options are shown as text; the page runs one script."""
    folder = tmp_path / "media"
    folder.mkdir()
    samples = Samples(images=1, videos=0)
    picture = samples.open(next(iter(samples.items()))).read()  # type: ignore[arg-type]
    names = ["<script>window.hacked=1<!--.jpg", "\" onload='window.hacked=1'.jpg"]
    for name in names:
        (folder / name).write_bytes(picture)
    (folder / "<img src=x onerror=window.hacked=3>.jpg").write_bytes(b"no picture")
    recipe = recipe_with([{"task": "rotation"}], source={"kind": "folder", "path": str(folder)})
    build(recipe, tmp_path / "out", workers=1)
    page_file = tmp_path / "page.html"
    preview(tmp_path / "out", page_file, recipe=recipe)
    data = data_of(page_file)
    for key in ("problem", "answer", "source", "params", "licence", "solution", "system", "task", "split"):
        data["puzzles"][0][key] = data["puzzles"][0][key] + HOSTILE
    data["facts"]["name"] = data["facts"]["recipe"] = HOSTILE
    pages.write_page(page_file, data, media_of(page_file))
    seen = opened(browser, page_file)
    page = seen.page
    page.locator(".reveal").first.click()
    for tab in ("play", "rejected", "about", "browse"):
        page.locator(f"#tab-{tab}").click()
    assert page.evaluate("window.hacked") is None
    assert page.locator("script:not([type])").count() == 1
    assert page.locator("h1").inner_text().startswith(HOSTILE)
    assert page.title().startswith(HOSTILE)
    page.wait_for_function("document.querySelector('#p0 .words').innerText")  # filled in when it is nearly in view
    assert HOSTILE in page.locator("#p0 .words").inner_text()
    assert page.get_by_text("<img src=x onerror=window.hacked=3>.jpg").count() == 1
    assert page.get_by_text(names[0]).count() + page.get_by_text(names[1]).count() >= 1
    assert seen.errors == []
    page.close()


def test_five_hundred_puzzles_decode_only_what_is_near(browser: Any, mixed_page: Path, tmp_path: Path) -> None:
    data, media = data_of(mixed_page), media_of(mixed_page)
    copies = 500 // len(data["puzzles"]) + 1
    each = [
        {**puzzle, "media": [k * len(media) + m for m in puzzle["media"]]}
        for k in range(copies)
        for puzzle in data["puzzles"]
    ][:500]
    page_file = tmp_path / "many.html"
    pages.write_page(page_file, {**data, "puzzles": each, "media": data["media"] * copies}, media * copies)
    seen = opened(browser, page_file)
    page = seen.page
    count = "document.querySelectorAll('script[type=\"text/plain\"]').length"
    wait_until(page, "document.querySelector('#p0 [src]')")
    assert page.locator("#browse article").count() == 500
    waiting = page.evaluate(count)
    assert waiting > 0.9 * copies * len(media)
    page.locator("#p499").scroll_into_view_if_needed()
    wait_until(page, "document.querySelector('#p499 [src]')")
    assert 0 < waiting - page.evaluate(count) < 0.2 * copies * len(media)
    assert seen.errors == []
    page.close()


def page_of_nine_tasks(mixed_page: Path, page_file: Path) -> Path:
    """The page with three names for each task, so that the row of tasks is much wider than a phone."""
    data = data_of(mixed_page)
    for k, puzzle in enumerate(data["puzzles"]):
        puzzle["task"] += ["", "_of_pieces", "_of_clips"][k // 3 % 3]
    pages.write_page(page_file, data, media_of(mixed_page))
    return page_file


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(
    browser: Any, mixed_page: Path, tmp_path: Path, scheme: str
) -> None:
    page_file = page_of_nine_tasks(mixed_page, tmp_path / "nine.html")
    seen = opened(browser, page_file, viewport=PHONE, color_scheme=scheme, has_touch=True)
    page = seen.page
    assert page.locator(".pill").count() >= 8
    page.locator(".reveal").first.click()
    for tab in ("browse", "play", "rejected", "about"):
        page.locator(f"#tab-{tab}").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], tab
    page.locator("#tab-browse").click()
    keep_screenshot(page, f"preview-phone-{scheme}")
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_colour_is_readable(browser: Any, mixed_page: Path, scheme: str) -> None:
    """WCAG AA: each text colour has a contrast of at least 4.5 to 1 on both backgrounds."""
    page = opened(browser, mixed_page, color_scheme=scheme).page
    names = ["paper", "raised", "ink", "soft", "accent", "good", "bad"]
    read = "names => names.map(n => getComputedStyle(document.documentElement).getPropertyValue('--' + n).trim())"
    colours = dict(zip(names, page.evaluate(read, names), strict=True))
    for ground in ("paper", "raised"):
        for text in ("ink", "soft", "accent", "good", "bad"):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    page.close()


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours as defined by WCAG."""

    def luminance(colour: str) -> float:
        parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def report_of(task: str, verdict: Estimate) -> Report:
    probes = (
        Probe("blind", "constant", "option", Estimate(200, 100, 0.26, 0.2, 0.33, 0.25)),
        Probe("artefact", "traces", "class", verdict),
    )
    checks = (Check("duplicates", "weak", f"2 puzzles are alike {HOSTILE}"),)
    margins = {"margin": Histogram((0.0, 0.5, 1.0), (150, 50))}
    found = TaskReport(task, 200, 100, "choice", probes, checks, (0,) * 10, (0.0,) * 5, histograms=margins)
    return Report(0, None, (found,), ())


def test_an_audit_page_shows_leaks_with_their_intervals(browser: Any, mixed_build: Path, tmp_path: Path) -> None:
    folder = tmp_path / "build"
    shutil.copytree(mixed_build, folder)
    leaky = report_of(f"rotation {HOSTILE}", Estimate(200, 100, 0.97, 0.93, 0.99, 0.25))
    (folder / "audit.json").write_text(json.dumps(leaky.to_json()))
    page_file = write_audit_page(folder)
    first = page_file.read_bytes()
    assert write_audit_page(folder).read_bytes() == first
    page, errors = browser.new_page(), []
    page.on("console", lambda message: errors.append(message.text))
    page.goto(page_file.as_uri())
    assert page.evaluate("window.hacked") is None
    assert page.locator(".lead strong").inner_text() == "leaky"
    assert "97.0% (93.0% to 99.0%), chance 25.0%" in page.locator(".findings").inner_text()
    assert HOSTILE in page.locator(".findings").inner_text()
    titles = page.locator(".charts h2").all_inner_texts()
    assert titles == ["Leaks", "Margin", "Right answers", "Difficulty", "Rejections"]
    assert page.locator(".charts svg").count() == 5
    keep_screenshot(page, "audit")
    assert errors == []
    page.close()
    (folder / "audit.json").write_text(json.dumps(report_of("x", Estimate(9, 9, 0.2, 0.1, 0.4, 0.25)).to_json()))
    assert write_audit_page(folder).read_bytes() != first


def test_charts_stand_in_the_view_of_the_build(browser: Any, mixed_page: Path) -> None:
    seen = opened(browser, mixed_page)
    seen.page.locator("#tab-about").click()
    assert seen.page.locator("#about .charts svg").count() == 3
    words = "[...document.querySelectorAll('#about .charts svg text')].map(t => t.textContent)"
    assert {"rotation", "jigsaw", "arrow_of_time", "A"} <= set(seen.page.evaluate(words))
    keep_screenshot(seen.page, "preview-build")
    assert seen.errors == []
    seen.page.close()


def test_limit_takes_tasks_in_turn_and_the_page_is_the_same_again(mixed_build: Path, tmp_path: Path) -> None:
    made = preview(mixed_build, tmp_path / "a.html", limit=3)
    assert (made.puzzles, made.originals) == (3, 0)
    assert "--source" in made.note
    assert {p["task"] for p in data_of(tmp_path / "a.html")["puzzles"]} == {"rotation", "jigsaw", "arrow_of_time"}
    preview(mixed_build, tmp_path / "b.html", limit=3)
    assert (tmp_path / "a.html").read_bytes() == (tmp_path / "b.html").read_bytes()


def test_of_a_large_build_only_as_many_files_are_read_as_are_shown(mixed_build: Path) -> None:
    manifest = manifest_of(mixed_build)
    few, some = chosen(mixed_build, manifest, 3)
    every, all_of_them = chosen(mixed_build, manifest, 500)
    assert len(few) == 3
    assert 0 < len(some) < len(all_of_them) == len(files_of(manifest))
    assert len(every) == sum(manifest["kept"].values())


def test_a_folder_that_lacks_a_file_is_refused(mixed_build: Path, tmp_path: Path) -> None:
    shutil.copytree(mixed_build, tmp_path / "build")
    next((tmp_path / "build" / "data").rglob("*.parquet")).unlink()
    with pytest.raises(IntegrityError, match=r"lacks data/.*parquet; puzzlegen verify lists"):
        preview(tmp_path / "build", tmp_path / "page.html")


def test_a_changed_source_is_not_shown_as_the_original(tmp_path: Path) -> None:
    folder = tmp_path / "media"
    folder.mkdir()
    samples = Samples(images=2, videos=0)
    pictures = [samples.open(item).read() for item in samples.items()]  # type: ignore[arg-type]
    (folder / "one.jpg").write_bytes(pictures[0])
    recipe = recipe_with([{"task": "rotation"}], source={"kind": "folder", "path": str(folder)})
    build(recipe, tmp_path / "out", workers=1)
    assert preview(tmp_path / "out", tmp_path / "p.html", recipe=recipe).originals == 1
    (folder / "one.jpg").write_bytes(pictures[1])
    assert preview(tmp_path / "out", tmp_path / "p.html", recipe=recipe).originals == 0


def test_a_recipe_is_previewed_without_leaving_a_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made = preview_of("quickstart", None, limit=2, source=None, overrides=["source.images=2"])
    assert 2 <= made.puzzles == made.originals
    assert [path.name for path in tmp_path.iterdir()] == ["quickstart.html"]


def test_mistakes_are_named(mixed_build: Path, tmp_path: Path) -> None:
    with pytest.raises(IntegrityError, match=r"has no manifest\.json"):
        preview(tmp_path, tmp_path / "page.html")
    with pytest.raises(RecipeError, match="is built already"):
        preview_of(str(mixed_build), None, limit=None, source=None, overrides=["seed=3"])
    with pytest.raises(OutputError, match="cannot write"):
        preview(mixed_build, Path("/proc/page.html"), limit=1)


def test_as_many_are_shown_as_the_limit_allows() -> None:
    assert _shares({"rare": 2, "common": 90, "usual": 30}, 60) == {"rare": 2, "usual": 29, "common": 29}
    assert _shares({"rare": 2, "common": 90}, 92) == {"rare": 2, "common": 90}
    assert _shares({"one": 5, "two": 5}, 1) == {"one": 1, "two": 0}


def test_a_page_can_go_into_a_folder(mixed_build: Path, tmp_path: Path) -> None:
    made = preview_of(str(mixed_build), tmp_path, limit=1, source=None, overrides=[])
    assert made.page == tmp_path / f"{mixed_build.name}.html"
    assert made.page.is_file()


def test_a_playlist_opens_no_other_file(mixed_build: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FFmpeg treats such text as a list of clips, whether it comes from a source or from someone else's build."""
    monkeypatch.chdir(tmp_path)
    clip = next(
        row["videos"][0]["bytes"]
        for file in files_of(manifest_of(mixed_build))
        for row in read_rows(mixed_build / file["path"])
        if row.get("videos")
    )
    (tmp_path / "private.mp4").write_bytes(clip)
    playlist = b"ffconcat version 1.0\nfile private.mp4\n"
    assert timed_frames(clip, [], 2)
    with pytest.raises(av.FFmpegError):
        timed_frames(playlist, [], 2)
    with pytest.raises(av.FFmpegError):
        _make_thumbnail(playlist, is_video=True)
