"""Counts of visual tokens equal those of the real processors, and the command reports them for a build."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import puzzlegen
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from transformers import Qwen2VLImageProcessorPil

from puzzlegen.adapters import trl
from puzzlegen.reading import files_of, manifest_of, read_rows
from puzzlegen.tokens import MODELS, spread, tokens_of, visual_tokens

side = st.integers(1, 700)


def by_the_processor(pictures: list[Image.Image], *, patch: int, min_pixels: int, max_pixels: int) -> int:
    size = {"shortest_edge": min_pixels, "longest_edge": max_pixels}
    processor = Qwen2VLImageProcessorPil(patch_size=patch, merge_size=2, temporal_patch_size=2, size=size)
    grid = processor(images=pictures, return_tensors="np")["image_grid_thw"]
    return int(grid.prod(axis=-1).sum()) // 4


@settings(max_examples=60, deadline=None)
@given(side, side, st.sampled_from([14, 16]), st.sampled_from([(3136, 12_845_056), (784, 3136), (65_536, 131_072)]))
def test_they_are_those_of_the_real_processor(width: int, height: int, patch: int, bounds: tuple[int, int]) -> None:
    if max(width, height) > 100 * min(width, height):
        return  # the processor refuses such narrow images; puzzles have none
    file = io.BytesIO()
    picture = Image.new("RGB", (width, height))
    picture.save(file, "PNG")
    settings: dict[str, Any] = {"patch": patch, "min_pixels": bounds[0], "max_pixels": bounds[1]}
    expected = by_the_processor([picture], **settings)
    assert visual_tokens({"images": [picture]}, **settings) == expected
    assert visual_tokens({"images": [{"bytes": file.getvalue(), "path": "0.png"}]}, **settings) == expected


@pytest.mark.parametrize("model", ["qwen2.5-vl", "qwen3-vl"])
def test_frames_of_a_clip_cost_what_trl_sends(mixed_build: Path, model: str) -> None:
    counts = {puzzle_id: count for puzzle_id, _, count in tokens_of(mixed_build, model, frames=5)}
    rows = list(trl.load(mixed_build, "video", frames=5))
    assert rows
    for row in rows:
        assert counts[row["id"]] == by_the_processor(row["images"], **MODELS[model])


def test_two_frames_of_a_clip_share_their_cells(mixed_build: Path) -> None:
    rows = [row for file in files_of(manifest_of(mixed_build)) for row in read_rows(mixed_build / file["path"])]
    clips = [row for row in rows if "videos" in row]
    assert clips
    for row in clips:
        (meta,) = row["video_meta"]
        first = next(iter(trl.as_trl(row, 2)["images"]))
        assert visual_tokens(row) == -(-meta["frames"] // 2) * visual_tokens({"images": [first]})


def test_the_command_counts_and_keeps_what_fits(mixed_build: Path, tmp_path: Path) -> None:
    counted = list(tokens_of(mixed_build))
    done = puzzlegen("tokens", mixed_build, "--json")
    assert json.loads(done.out)["tasks"] == [task._asdict() for task in spread(counted)]
    most = sorted(count for _, _, count in counted)[len(counted) // 2]
    done = puzzlegen("tokens", mixed_build, "--max-tokens", str(most), "--out", tmp_path / "short")
    fitting = {puzzle_id for puzzle_id, _, count in counted if count <= most}
    assert f"{len(fitting)} of {len(counted)} puzzles in {tmp_path / 'short'}" in done.out
    assert {puzzle_id for puzzle_id, _, _ in tokens_of(tmp_path / "short")} == fitting
    assert puzzlegen("verify", tmp_path / "short").code == 0


def test_mistakes_are_one_line(mixed_build: Path) -> None:
    done = puzzlegen("tokens", mixed_build, "--model", "gpt")
    assert (done.code, done.err) == (2, "unknown model 'gpt'; known: qwen2-vl, qwen2.5-vl, qwen3-vl\n")
    done = puzzlegen("tokens", mixed_build, "--max-tokens", "5")
    assert (done.code, done.err) == (2, "--max-tokens and --out go together: what to keep, and where\n")
