"""Hygiene, mixtures and held-out levels: what is excluded and why, and what shares a split."""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
import re
import signal
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
import yaml
from conftest import ROOT, recipe_with, tree_bytes
from hostile import many_scans
from PIL import Image, ImageEnhance
from test_video import clip_bytes

from puzzlegen.building import build
from puzzlegen.errors import EngineError, RecipeError, SourceError
from puzzlegen.hygiene import HygieneSettings, sift
from puzzlegen.hygiene.looking import Looking, _fingerprint_item, look_at
from puzzlegen.hygiene.near import Near, clusters
from puzzlegen.hygiene.same import _digest
from puzzlegen.listing import Listing
from puzzlegen.media.fingerprint import clip_hash, phash, picture_hash
from puzzlegen.plan import Plan, make_plan
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.recipe import Recipe
from puzzlegen.records import Item, Skipped

ROTATION: list[dict[str, Any]] = [{"task": "rotation"}]


def samples(images: int = 12, videos: int = 0) -> dict[str, bytes]:
    source = recipe_with(ROTATION, source={"kind": "samples", "images": images, "videos": videos}).source
    found = {}
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            found[item.id] = file.read()
    return found


@pytest.fixture(scope="module")
def pictures() -> dict[str, bytes]:
    return samples()


@pytest.fixture
def folder(tmp_path: Path, pictures: dict[str, bytes]) -> Path:
    place = tmp_path / "media"
    place.mkdir()
    for name, data in pictures.items():
        (place / f"{name}.jpg").write_bytes(data)
    return place


def altered(data: bytes, change: Callable[[Image.Image], Image.Image], quality: int = 70) -> bytes:
    file = io.BytesIO()
    change(Image.open(io.BytesIO(data)).convert("RGB")).save(file, format="JPEG", quality=quality)
    return file.getvalue()


ALTERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "encoded": lambda picture: picture,
    "half": lambda picture: picture.resize((picture.width // 2, picture.height // 2), Image.Resampling.LANCZOS),
    "brighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.1),
}


def recipe_on(folder: Path, tasks: list[dict[str, Any]] | None = None, **settings: Any) -> Recipe:
    return recipe_with(tasks or ROTATION, source={"kind": "folder", "path": str(folder)}, **settings)


def splits_of(plan: Plan) -> dict[str, str]:
    return {item.id: group.split for group in plan.groups for item in group.items}


def reasons(plan: Plan) -> dict[str, str]:
    return {entry.id: entry.reason for entry in plan.skipped}


def test_copies_are_removed_by_default_and_the_first_by_name_stays(folder: Path, pictures: dict[str, bytes]) -> None:
    (folder / "zz.jpg").write_bytes(pictures["image-000003"])
    (folder / "aa.jpg").write_bytes(pictures["image-000004"])
    same_size = bytearray(pictures["image-000005"])
    same_size[-3] ^= 1
    (folder / "other.jpg").write_bytes(same_size)
    assert reasons(make_plan(recipe_on(folder))) == {"zz.jpg": "duplicate", "image-000004.jpg": "duplicate"}
    assert reasons(make_plan(recipe_on(folder, hygiene={"duplicates": "keep"}))) == {}


def test_settings_that_open_every_item_find_the_same_exact_copies(tmp_path: Path) -> None:
    sizes = {"known": 9, "unknown": 0, "huge": 1 << 40}
    items = [Item(f"{size}-{name}", "image", sizes[size]) for size in sizes for name in "ab"]
    items += [Item("clip", "video", 9), Item("asked", "image", 9, qa="{}")]
    found = {}
    for near in ("keep", "remove", "group"):
        listing = Listing(tmp_path / near, 0)
        listing.take(lambda _: items, {"image", "video"}, "")
        settings = HygieneSettings.model_validate({"near_duplicates": near})
        sift(listing, lambda _: io.BytesIO(b"no medium"), settings, 0)
        found[near] = listing.skipped()["id"].to_pylist()
    assert found == {near: ["known-b"] for near in found}


@pytest.mark.parametrize("name", ALTERATIONS)
def test_altered_copies_look_alike_and_others_do_not(pictures: dict[str, bytes], name: str) -> None:
    whole = [phash(Image.open(io.BytesIO(data))) for data in pictures.values()]
    copies = [picture_hash(io.BytesIO(altered(data, ALTERATIONS[name])), 1 << 26) for data in pictures.values()]
    assert max((a ^ b).bit_count() for a, b in zip(whole, copies, strict=True)) <= 4
    others = [(a ^ b).bit_count() for k, a in enumerate(whole) for b in copies[k + 1 :]]
    assert min(others) > 4


def with_bars(picture: Image.Image, tone: str = "black", *, beside: bool = False) -> Image.Image:
    """A picture with bars of a fifth of its height above and below it, or of its width beside it."""
    x, y = (picture.width // 5, 0) if beside else (0, picture.height // 5)
    framed = Image.new("RGB", (picture.width + 2 * x, picture.height + 2 * y), tone)
    framed.paste(picture, (x, y))
    return framed


@pytest.mark.parametrize(("tone", "beside"), [("black", False), ("black", True), ("white", False)])
def test_bars_do_not_hide_a_copy(pictures: dict[str, bytes], tone: str, beside: bool) -> None:
    for data in pictures.values():
        copy = altered(data, lambda picture: with_bars(picture, tone, beside=beside))
        distance = picture_hash(io.BytesIO(copy), 1 << 26) ^ picture_hash(io.BytesIO(data), 1 << 26)
        assert distance.bit_count() <= 4


def test_a_picture_without_bars_keeps_its_hash(pictures: dict[str, bytes]) -> None:
    for data in pictures.values():
        with Image.open(io.BytesIO(data)) as picture:
            picture.draft("L", (128, 128))  # as for the hash, since scaling changes bits
            assert picture_hash(io.BytesIO(data), 1 << 26) == phash(picture)


@pytest.mark.parametrize("spot", [0, 10])
def test_a_picture_of_one_tone_has_a_hash(spot: int) -> None:
    """What is left of a nearly flat picture without its bars would be too little to compare."""
    picture = Image.new("RGB", (300, 200), "grey")
    picture.paste("white", (100, 100, 100 + spot, 100 + spot))
    file = io.BytesIO()
    picture.save(file, format="PNG")
    assert picture_hash(file, 1 << 26) == phash(picture)


def test_near_duplicates_are_removed_or_share_a_split(folder: Path, pictures: dict[str, bytes]) -> None:
    for k, (name, data) in enumerate(pictures.items()):
        (folder / f"{name}-copy.jpg").write_bytes(altered(data, list(ALTERATIONS.values())[k % 3]))
    removed = make_plan(recipe_on(folder, hygiene={"near_duplicates": "remove"}))
    assert reasons(removed) == {f"{name}.jpg": "near_duplicate" for name in pictures}
    apart = splits_of(make_plan(recipe_on(folder, splits={"test": 0.5})))
    assert any(apart[f"{name}.jpg"] != apart[f"{name}-copy.jpg"] for name in pictures)
    together = splits_of(make_plan(recipe_on(folder, splits={"test": 0.5}, hygiene={"near_duplicates": "group"})))
    assert all(together[f"{name}.jpg"] == together[f"{name}-copy.jpg"] for name in pictures)
    assert set(together.values()) == {"train", "test"}


def test_clips_that_look_alike_are_found() -> None:
    clips = list(samples(0, 2).values())
    hashes = [clip_hash(io.BytesIO(data), 1 << 26) for data in clips]
    assert clusters([Near(str(k), "video", h) for k, h in enumerate([*hashes, hashes[1] ^ 0b101])], 4) == {
        "1": "1",
        "2": "1",
    }


def test_bars_do_not_hide_a_copy_of_a_clip() -> None:
    rng = np.random.default_rng(5)
    blocks = rng.integers(40, 256, (3, 6, 8, 3), dtype=np.uint8)
    frames = blocks.repeat(8, axis=0).repeat(20, axis=1).repeat(20, axis=2)
    plain, barred = (
        clip_hash(io.BytesIO(clip_bytes(np.pad(frames, ((0, 0), (rows, rows), (0, 0), (0, 0))))), 1 << 26)
        for rows in (0, 24)
    )
    assert (plain ^ barred).bit_count() <= 12


def test_alike_is_passed_on() -> None:
    chain = [Near("a", "image", 0), Near("b", "image", 0b1111), Near("c", "image", 0b11111111), Near("d", "image", ~0)]
    found = clusters([near._replace(phash=near.phash & ((1 << 64) - 1)) for near in chain], 4)
    assert found == {"a": "a", "b": "a", "c": "a"}


def test_what_a_benchmark_holds_is_left_out_and_its_digest_is_recorded(
    folder: Path, tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    bench = tmp_path / "bench"
    bench.mkdir()
    (bench / "q1.jpg").write_bytes(pictures["image-000001"])
    (bench / "q2.jpg").write_bytes(altered(pictures["image-000002"], ALTERATIONS["half"]))
    listed = tmp_path / "hashes.txt"
    listed.write_text(f"# of a benchmark\n{phash(Image.open(io.BytesIO(pictures['image-000003']))):016x}\n")
    recipe = recipe_on(folder, hygiene={"exclude": [str(bench), str(listed)]})
    listed_hash = listed.read_text().split()[-1]
    matches = {"image-000001.jpg": "q1.jpg", "image-000002.jpg": "q2.jpg", "image-000003.jpg": listed_hash}
    assert list(make_plan(recipe).skipped) == [
        Skipped(name, "excluded", f"matches '{match}'") for name, match in matches.items()
    ]
    build(recipe, tmp_path / "out", workers=1)
    manifest = manifest_of(tmp_path / "out")
    assert len(manifest["source"]["excluded"]) == 64
    assert str(tmp_path).encode() not in (tmp_path / "out" / "manifest.json").read_bytes()
    listed.write_text("no hash\n")
    with pytest.raises(SourceError, match="line 1: 'no hash' is neither"):
        make_plan(recipe)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:300]), r"'q\.jpg' of '.*bench' cannot be decoded"),
        (
            lambda path: (path.unlink(), path.symlink_to("gone")),
            r"'q\.jpg' of '.*bench' cannot be read \(unreadable",
        ),
        (
            lambda path: path.rename(path.with_suffix(".zip")),
            r"'q\.zip' of '.*bench' cannot be read \(undecodable",
        ),
    ],
)
def test_a_benchmark_that_cannot_be_compared_is_named(
    folder: Path, tmp_path: Path, pictures: dict[str, bytes], spoil: Callable[[Path], Any], told: str
) -> None:
    """If an unreadable benchmark were ignored, its images could be trained on."""
    (tmp_path / "bench").mkdir()
    (tmp_path / "bench" / "sound.jpg").write_bytes(pictures["image-000002"])
    (tmp_path / "bench" / "q.jpg").write_bytes(pictures["image-000001"])
    spoil(tmp_path / "bench" / "q.jpg")
    with pytest.raises(SourceError, match=told):
        make_plan(recipe_on(folder, hygiene={"exclude": [str(tmp_path / "bench")]}))


def test_what_cannot_be_decoded_is_compared_by_its_bytes(
    folder: Path, tmp_path: Path, pictures: dict[str, bytes]
) -> None:
    (folder / "cut.jpg").write_bytes(pictures["image-000001"][:300])
    listed = tmp_path / "hashes.txt"
    listed.write_text(hashlib.sha256(pictures["image-000001"][:300]).hexdigest() + "\n")
    assert reasons(make_plan(recipe_on(folder, hygiene={"exclude": [str(listed)]}))) == {"cut.jpg": "excluded"}


class Deadly:
    """Opens items; opening or decoding a bad one kills the process, ``times`` times, counted in the file ``deaths``."""

    def __init__(self, number: int, deaths: Path, times: int, *, decoding: bool = False) -> None:
        self.number, self.deaths, self.times, self.decoding = number, deaths, times, decoding

    def __call__(self, item: Item) -> BinaryIO:
        return self.file() if item.id == "bad" else io.BytesIO(item.id.encode())

    def file(self) -> BinaryIO:
        if not self.decoding:
            self.die()
        return DeadlyToDecode(self)

    def die(self) -> None:
        if (self.deaths.stat().st_size if self.deaths.exists() else 0) < self.times:
            with self.deaths.open("ab") as file:
                file.write(b".")
            os.kill(os.getpid(), self.number)


class DeadlyToDecode(io.BytesIO):
    def __init__(self, source: Deadly) -> None:
        super().__init__(b"bad")
        self._source = source

    def seek(self, *place: int) -> int:
        if self._source.decoding:
            self._source.die()
        return super().seek(*place)


GOOD_AND_BAD = [Item("good", "image"), Item("bad", "image")]


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_planning_process_that_is_killed_from_outside_leaves_nothing_out(tmp_path: Path, number: int) -> None:
    with pytest.raises(EngineError, match=r"a process that looked at 'bad' was killed, .*; if memory was short"):
        look_at(GOOD_AND_BAD, Looking(Deadly(number, tmp_path / "deaths", 99), 9))
    (tmp_path / "deaths").unlink()
    assert set(look_at(GOOD_AND_BAD, Looking(Deadly(number, tmp_path / "deaths", 2), 9))) == {"good", "bad"}


@pytest.mark.slow
def test_what_crashes_its_decoder_is_known_by_its_bytes(tmp_path: Path) -> None:
    for decoding, known in ((True, {"good", "bad"}), (False, {"good"})):
        found = look_at(
            GOOD_AND_BAD, Looking(Deadly(signal.SIGSEGV, tmp_path / f"{decoding}", 9, decoding=decoding), 9)
        )
        assert set(found) == known
    # The timers of a suspended job run out as well, so the item is tried again and found good.
    found = look_at(GOOD_AND_BAD, Looking(Deadly(signal.SIGALRM, tmp_path / "suspended", 3), 9))
    assert set(found) == {"good", "bad"}


@pytest.mark.slow
def test_a_decoder_that_hangs_while_planning_costs_its_item_alone(folder: Path) -> None:
    many_scans(folder / "slow.jpg", 3000)
    plan = make_plan(recipe_on(folder, hygiene={"near_duplicates": "remove"}, media={"time_limit_s": 2}))
    assert plan.items == 13
    assert reasons(plan) == {}


def test_licences_are_allowed_and_denied(folder: Path, tmp_path: Path) -> None:
    rows = [
        {"file_name": f"image-{k:06}.jpg", "license": licence}
        for k, licence in enumerate(["CC-BY-4.0", "MIT", "CC-BY-NC-4.0", "cc-by-sa-4.0"])
    ]
    (folder / "metadata.jsonl").write_text("\n".join(map(json.dumps, rows)))
    wanted = {"allow_licences": ["CC-BY*"], "deny_licences": ["*-NC-*"]}
    recipe = recipe_on(folder, hygiene=wanted)
    plan = make_plan(recipe)
    assert sorted(splits_of(plan)) == ["image-000000.jpg", "image-000003.jpg"]
    assert Counter(reasons(plan).values()) == {"licence": 10}
    build(recipe, tmp_path / "out", workers=1)
    made = [
        row["extra_info"]["licence"]
        for file in files_of(manifest_of(tmp_path / "out"))
        for row in read_rows(tmp_path / "out" / file["path"])
    ]
    assert sorted(made) == ["CC-BY-4.0", "cc-by-sa-4.0"]


def test_small_pictures_and_short_clips_are_rejected(tmp_path: Path) -> None:
    recipe = recipe_with(
        [*ROTATION, {"task": "arrow_of_time"}],
        source={"kind": "samples", "images": 2, "videos": 1},
        media={"image": {"min_side_px": 5000}, "video": {"min_duration_s": 60}},
    )
    manifest = build(recipe, tmp_path / "out", workers=1).manifest
    assert manifest is not None
    assert manifest["rejected"] == {"arrow_of_time": {"too_short": 1}, "rotation": {"too_small": 2}}


def mixture(**parts: dict[str, Any]) -> dict[str, Any]:
    return {"kind": "mixture", "parts": parts}


def test_a_mixture_keeps_weights_exact_and_limits(folder: Path, tmp_path: Path) -> None:
    drawn = {"kind": "samples", "images": 30, "videos": 0}
    here = {"kind": "folder", "path": str(folder)}
    weighed = mixture(drawn={**drawn, "weight": 1}, mine={**here, "weight": 3})
    plan = make_plan(recipe_with(ROTATION, source=weighed))
    assert Counter(name.partition("/")[0] for name in splits_of(plan)) == {"mine": 12, "drawn": 4}
    assert Counter(reasons(plan).values()) == {"not_drawn": 26}
    limited = mixture(drawn={**drawn, "limit": 5}, mine=here)
    plan = make_plan(recipe_with(ROTATION, source=limited))
    assert Counter(name.partition("/")[0] for name in splits_of(plan)) == {"mine": 12, "drawn": 5}
    recipe = recipe_with([{"task": "rotation", "reference": True}], source=limited)
    assert str(folder) not in json.dumps(recipe.canonical())
    for workers in (1, 2):
        build(recipe, tmp_path / f"out{workers}", workers=workers)
    assert tree_bytes(tmp_path / "out1") == tree_bytes(tmp_path / "out2")
    assert manifest_of(tmp_path / "out1")["kept"] == {"rotation": 17}


def test_more_items_of_a_part_change_few_of_those_drawn() -> None:
    def drawn(images: int) -> set[str]:
        source = mixture(drawn={"kind": "samples", "images": images, "videos": 0, "limit": 10})
        return set(splits_of(make_plan(recipe_with(ROTATION, source=source))))

    assert len(drawn(40) & drawn(44)) >= 7


def test_duplicates_are_found_across_the_parts_of_a_mixture(folder: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "copy.jpg").write_bytes((folder / "image-000000.jpg").read_bytes())
    source = mixture(
        a={"kind": "folder", "path": str(folder)}, b={"kind": "folder", "path": str(other), "licence": "MIT"}
    )
    assert reasons(make_plan(recipe_with(ROTATION, source=source))) == {"b/copy.jpg": "duplicate"}


def test_mistakes_in_a_mixture_are_said_with_their_place() -> None:
    for part, said in (
        ({"kind": "folde"}, "unknown source 'folde'; did you mean 'folder'?"),
        (
            {"kind": "folder", "path": "gone"},
            f"below '{Path.cwd()}'; give an existing folder or archive",
        ),
        ({"kind": "samples", "weight": 0}, "weight: 0 is not above 0"),
    ):
        with pytest.raises(RecipeError, match=r"source\.parts\.a") as caught:
            recipe_with(ROTATION, source=mixture(a=part))
        assert said in str(caught.value)


def test_difficulty_and_tasks_are_held_out_for_a_split(tmp_path: Path) -> None:
    """4x4 and position are only in test, 2x2 only in train, rotation in both; no medium is in both."""
    tasks: list[dict[str, Any]] = [
        {"task": "jigsaw", "rows": 2, "cols": 2, "splits": ["train"]},
        {"task": "jigsaw", "rows": 4, "cols": 4, "splits": ["test"]},
        {"task": "position", "splits": ["test"]},
        {"task": "rotation"},
    ]
    source = {"kind": "samples", "images": 16, "videos": 0}
    recipe = recipe_with(tasks, source=source, splits={"test": 0.4}, output={"shard_size": 5})
    out = tmp_path / "out"
    build(recipe, out, workers=1)
    made, media = Counter[tuple[str, str]](), defaultdict[str, set[str]](set)
    for file in files_of(manifest_of(out)):
        for row in read_rows(out / file["path"], ["extra_info"]):
            info = row["extra_info"]
            rows = json.loads(info["params"])["rows"] if info["task"] == "jigsaw" else ""
            made[info["split"], f"{info['task']}{rows}"] += 1
            media[info["split"]].add(info["source_uri"])
    assert {name for split, name in made if split == "train"} == {"jigsaw2", "rotation"}
    assert {name for split, name in made if split == "test"} <= {"jigsaw4", "position", "rotation"}
    assert made["test", "position"] > 0
    assert not media["train"] & media["test"]


def test_items_of_a_split_without_a_task_are_accounted_for() -> None:
    tasks = [{"task": "rotation", "splits": ["train"]}]
    plan = make_plan(recipe_with(tasks, source={"kind": "samples", "images": 12, "videos": 0}, splits={"test": 0.4}))
    assert set(splits_of(plan).values()) == {"train"}
    assert set(reasons(plan).values()) == {"no_task_for_split"}
    assert len(reasons(plan)) + len(splits_of(plan)) == 12
    with pytest.raises(RecipeError, match="'dev' is not a split; known: train, test"):
        recipe_with([{"task": "rotation", "splits": ["dev"]}], splits={"test": 0.4})


def test_per_item_quotas_hold_within_each_split() -> None:
    tasks: list[dict[str, Any]] = [
        {"task": "rotation", "splits": ["test"]},
        {"task": "position"},
        {"task": "scale", "splits": ["train"]},
    ]
    source = {"kind": "samples", "images": 40, "videos": 0}
    plan = make_plan(recipe_with(tasks, source=source, splits={"test": 0.5}, per_item=1))
    for shard in plan.shards():
        drawn = Counter(pick.task for _, picks in shard.work for pick in picks)
        assert sum(drawn.values()) == len(shard.work)
        assert set(drawn) == ({0, 1} if shard.split == "test" else {1, 2})
        assert abs(drawn[1] - len(shard.work) / 2) <= 1


def test_what_the_documentation_shows_is_a_recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "benchmarks" / "mathvista").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RecipeError, match=r"hygiene.exclude: 'hashes.txt' is missing.*; give folders"):
        recipe_with(ROTATION, hygiene={"exclude": ["benchmarks/mathvista/", "hashes.txt"]})
    (tmp_path / "hashes.txt").touch()
    text = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, flags=re.DOTALL)[1:]]
    assert [sorted(block) for block in blocks] == [["hygiene", "media"], ["splits", "tasks"]]
    recipe_with(ROTATION, **blocks[0])
    assert len(recipe_with(**blocks[1]).tasks) == 4


def test_a_disk_that_fails_stops_the_plan() -> None:
    """If a failing item were ignored, it would not be compared with other items and excluded benchmarks."""

    def failing(_: Item) -> BinaryIO:
        raise OSError(errno.EIO, "Input/output error")

    item = Item("a.jpg", "image", 100)
    for look in (lambda: _fingerprint_item(item, Looking(failing, 0)), lambda: _digest(item, failing, 10)):
        with pytest.raises(SourceError, match=r"'a\.jpg' cannot be read: OSError Input/output error"):
            look()
