"""Shared fixtures and helpers: the folder of real media, one-line recipes, and a small finished build."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from platform import machine
from typing import Any, NamedTuple

import before_numpy  # noqa: F401 - imported for its side effect
import numpy as np
import pytest
from PIL import Image

from puzzlegen.building import build
from puzzlegen.manifest import DECISIVE
from puzzlegen.recipe import Recipe, recipe_from_canonical

ROOT = Path(__file__).parent.parent


def real_media_folder() -> Path | None:
    """Return the folder of real media, or None if this machine has none."""
    named = os.environ.get("PUZZLEGEN_TEST_MEDIA")
    folder = Path(named) if named else ROOT.parent / "shared" / "media"
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def real_media() -> Path:
    folder = real_media_folder()
    if folder is None:
        pytest.skip("no real media: neither PUZZLEGEN_TEST_MEDIA nor ../shared/media is a folder")
    return folder


class Done(NamedTuple):
    """Exit code and output of a command."""

    code: int
    out: str
    err: str


def puzzlegen(*arguments: str | Path, cwd: Path | None = None) -> Done:
    """Run a puzzlegen command; a traceback on stderr fails the test."""
    command = [sys.executable, "-m", "puzzlegen", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def taped(path: Path, files: dict[str, bytes]) -> Path:
    """Write a tar with these files, given by name."""
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return path


def recipe_with(tasks: list[dict[str, Any]], **settings: Any) -> Recipe:
    """Make a recipe; by default its source is four built-in images."""
    source = settings.pop("source", {"kind": "samples", "images": 4, "videos": 0})
    return recipe_from_canonical({"seed": 5, "tasks": tasks, **settings}, source)


def export_samples(folder: Path, images: int, videos: int = 0) -> None:
    """Write built-in samples as files into a new folder."""
    folder.mkdir(parents=True)
    source = recipe_with([{"task": "rotation"}], source={"kind": "samples", "images": images, "videos": videos}).source
    for item in source.items():
        with source.open(item) as file:  # type: ignore[arg-type]
            (folder / f"{item.id}.{'jpg' if item.id.startswith('image') else 'mp4'}").write_bytes(file.read())


MIXED: list[dict[str, Any]] = [
    {"task": "rotation"},
    {"task": "jigsaw", "rows": 3, "cols": 3},
    {"task": "arrow_of_time", "reference": False},
]


@pytest.fixture(scope="session")
def mixed_recipe() -> Recipe:
    """A recipe for puzzles of one image, several images and clips, in several shards and two splits."""
    return recipe_with(
        MIXED,
        seed=4,  # only half of the drawings show clearly which side is up, and each file needs one of them
        source={"kind": "samples", "images": 10, "videos": 3},
        splits={"validation": 0.3},
        output={"shard_size": 4},
    )


@pytest.fixture(scope="session")
def mixed_build(mixed_recipe: Recipe, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The build of ``mixed_recipe``, shared by all tests: copy the folder before changing it."""
    out = tmp_path_factory.mktemp("builds") / "mixed"
    assert build(mixed_recipe, out, workers=2).manifest is not None
    return out


@pytest.fixture(scope="session")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A small build for fault injection."""
    from faulty import make_bench

    return make_bench(tmp_path_factory.mktemp("bench"))


def scene(size: tuple[int, int] = (640, 480)) -> Image.Image:
    """Draw smooth waves, which JPEG and resizing hardly change and which look different in each rotation."""
    y, x = np.mgrid[: size[1], : size[0]] / 60
    planes = [np.sin(x + k) + np.sin(y * 0.7 + 2 * k) + y / 4 for k in range(3)]
    return Image.fromarray(np.stack([np.clip(p * 40 + 90, 0, 255) for p in planes], axis=-1).astype(np.uint8))


def only_under_the_lock() -> None:
    """Skip the test unless the packages that decide pixels have the versions in constraints.txt.

    Pixels are only guaranteed for these versions, and those of drawn samples only on x86-64, because Pillow fills
    polygons in floating point.
    """
    if machine() not in ("x86_64", "AMD64"):
        pytest.skip(f"drawn samples have these pixels on x86-64, here is {machine()}")
    locked = dict(re.findall(r"^([\w-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    here = {name: version(name) for name in DECISIVE}
    if any(locked[name] != found for name, found in here.items()):
        pytest.skip(f"these pixels belong to the versions in constraints.txt, here are {here}")


def heeds_interrupts() -> None:
    """Restore SIGINT, as a ``preexec_fn``: background jobs of shells ignore SIGINT, and their children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def tree_bytes(folder: Path) -> dict[str, bytes]:
    """Return the files of an output folder by relative path, except ``.puzzlegen``, which only resuming needs."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files if ".puzzlegen" not in p.parts}
