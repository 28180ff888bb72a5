"""Bytes must not depend on the processor: these tests disable the code that libraries have for newer processors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

#: Variables that disable code for newer processors in libjpeg-turbo, OpenBLAS and OpenCV; for numpy see below.
OLDER = {
    "JSIMD_FORCENONE": "1",
    "OPENBLAS_CORETYPE": "Nehalem",
    "OPENCV_CPU_DISABLE": "SSE4_1,SSE4_2,AVX,FP16,AVX2,FMA3,AVX_512F,AVX512_COMMON,AVX512_SKX,AVX512_CNL,AVX512_CLX",
}
IMAGE_TASKS = ("flip", "jigsaw", "arrangement", "swap", "inpainting", "similarity", "contrastive", "correspondence")
VIDEO_TASKS = ("video_rotation", "frame_order", "next_clip", "grounding", "anomaly", "speed")

MEASURES = """
from puzzlegen.media.image import ImageSettings, clean_image
from puzzlegen.media.places import seen
from puzzlegen.media.similarity import apart, looks
from puzzlegen.media.succession import aligned_distances, frame_distances
from puzzlegen.media.upright import SIDE, clues
from puzzlegen.media.video import VideoSettings, read_clip
from puzzlegen.rng import rng_for
from puzzlegen.sources.samples import Samples
import numpy as np

source = Samples(images=8, videos=2)
found = []
for item in source.items():
    with source.open(item) as file:
        if item.kind == "video":
            frames = read_clip(file, rng_for(item.id), VideoSettings()).frames[:24]
            print([np.float64(x).sum().hex() for x in (aligned_distances(frames), frame_distances(frames))])
            continue
        picture = clean_image(file.read(), rng_for(item.id), ImageSettings())
    grey = np.asarray(picture.miniature(SIDE), dtype=np.float32)[:SIDE, :SIDE]
    found.append(looks(picture))
    for cells in (2, 3, 4):
        told = seen(picture, cells, cells)
        print(item.id, told.clear.hex(), {name: float(value).hex() for name, value in told.found.items()})
    print(clues(grey), [round(apart(found[0], one), 9) for one in found])
"""


def own_code() -> list[str]:
    """Return the features of this processor for which numpy has special code."""
    try:
        core = import_module("numpy._core._multiarray_umath")
    except ModuleNotFoundError:  # numpy 1
        core = import_module("numpy.core._multiarray_umath")
    return [name for name in core.__cpu_dispatch__ if core.__cpu_features__.get(name)]


def measured(without: list[str]) -> str:
    env = os.environ | {"NPY_DISABLE_CPU_FEATURES": " ".join(without)}
    return subprocess.run(
        [sys.executable, "-c", MEASURES], env=env, capture_output=True, text=True, check=True, timeout=120
    ).stdout


def built(folder: Path, env: dict[str, str]) -> dict[str, Any]:
    """Build samples with these environment variables; return the manifest."""
    folder.mkdir()
    recipe = {
        "seed": 3,
        "source": {"kind": "samples", "images": 12, "videos": 6},
        "per_item": "all",
        "tasks": [{"task": name} for name in (*IMAGE_TASKS, *VIDEO_TASKS)],
    }
    (folder / "r.yaml").write_text(yaml.safe_dump(recipe))
    command = [sys.executable, "-m", "puzzlegen", "build", str(folder / "r.yaml"), "--out", str(folder / "out")]
    subprocess.run([*command, "--workers", "1"], env=os.environ | env, capture_output=True, check=True, timeout=300)
    return dict(json.loads((folder / "out" / "manifest.json").read_text()))


def test_measures_are_the_same_on_older_processors() -> None:
    if not (features := own_code()):
        pytest.skip("numpy has no code of its own for this processor")
    now = measured([])
    assert "image-000000" in now
    assert measured(features) == now


@pytest.mark.slow
def test_builds_are_the_same_on_older_processors(tmp_path: Path) -> None:
    now = built(tmp_path / "now", {})
    assert len(now["kept"]) > len(VIDEO_TASKS)
    then = built(tmp_path / "then", OLDER | {"NPY_DISABLE_CPU_FEATURES": " ".join(own_code())})
    assert then["content_sha256"] == now["content_sha256"]
    assert [shard["files"] for shard in then["shards"]] == [shard["files"] for shard in now["shards"]]
