"""How many visual tokens a puzzle costs a model of the Qwen-VL family, computed without the model.

These models scale a picture until both its sides are multiples of a cell (28 pixels for Qwen2-VL and Qwen2.5-VL, 32 for
Qwen3-VL) and its area lies within bounds; every cell is one token. In a clip, two frames share their cells. The bounds
are those of the released checkpoints; a trainer that sets others (``min_pixels``, ``max_pixels``) changes the counts.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from math import ceil, floor, sqrt
from pathlib import Path
from statistics import median, quantiles
from typing import Any, Final, NamedTuple

from PIL import Image

from puzzlegen.chat import shares
from puzzlegen.errors import PuzzlegenError
from puzzlegen.media.container import open_container
from puzzlegen.reading import decoding, files_of, manifest_of, read_rows
from puzzlegen.subset import write_subset

Row = dict[str, Any]
#: By family of models, in pixels: the side of a patch, and the least and largest area of a picture.
MODELS: Final = {
    "qwen2-vl": {"patch": 14, "min_pixels": 3_136, "max_pixels": 12_845_056},
    "qwen2.5-vl": {"patch": 14, "min_pixels": 3_136, "max_pixels": 12_845_056},
    "qwen3-vl": {"patch": 16, "min_pixels": 65_536, "max_pixels": 16_777_216},
}
_PERCENTILE: Final = 95


class TaskTokens(NamedTuple):
    """Visual tokens of one task's puzzles: the number of puzzles, and the spread of their costs."""

    task: str
    n: int
    least: int
    median: float
    p95: float
    most: int


def visual_tokens(
    row: Row,
    *,
    patch: int = 14,
    merge: int = 2,
    temporal: int = 2,
    min_pixels: int = 3_136,
    max_pixels: int = 12_845_056,
    frames: int | None = None,
) -> int:
    """Return the visual tokens of one record, without the tokens that mark where a medium begins and ends.

    Args:
        row: a record with ``images`` (PIL, or as stored), or with ``videos`` and ``video_meta``; one without media
            costs 0.
        patch: side of a patch in pixels.
        merge: this many patches across and down make one token.
        temporal: number of a clip's frames that share a patch.
        min_pixels: least area after scaling.
        max_pixels: largest area after scaling; in a clip, of each frame. (Qwen3-VL's own processor bounds the area of
            all frames together.)
        frames: count clips as frames carried as pictures, at most this many per puzzle, as ``adapters.trl`` loads them.
    """
    cell = patch * merge
    sizes = [_picture_size(medium) for medium in row.get("images") or ()]
    total = sum(_count_cells(width, height, cell, min_pixels, max_pixels) for width, height in sizes)
    clips = row.get("videos") or ()
    counts = [meta["frames"] for meta in row.get("video_meta") or ()]
    costs = shares(counts, frames) if frames else [ceil(count / temporal) for count in counts]
    for clip, frame_count in zip(clips, costs, strict=True):
        width, height = _clip_size(clip)
        total += frame_count * _count_cells(width, height, cell, min_pixels, max_pixels)
    return total


def _picture_size(medium: Row | Image.Image) -> tuple[int, int]:
    if isinstance(medium, Image.Image):
        return medium.size
    with Image.open(io.BytesIO(medium["bytes"])) as picture:
        return picture.size


def _clip_size(medium: Row) -> tuple[int, int]:
    with open_container(io.BytesIO(medium["bytes"])) as container:
        stream = container.streams.video[0]
        return stream.width, stream.height


def _count_cells(width: int, height: int, cell: int, least: int, most: int) -> int:
    """Return the cells of a picture scaled as these models do: sides rounded, then the area kept within its bounds."""
    across, down = round(width / cell), round(height / cell)
    area = width * height
    if across * down * cell * cell > most:
        shrink = sqrt(area / most)
        across, down = (max(1, floor(side / shrink / cell)) for side in (width, height))
    elif across * down * cell * cell < least:
        grow = sqrt(least / area)
        across, down = (ceil(side * grow / cell) for side in (width, height))
    return across * down


def tokens_of(folder: Path, model: str = "qwen2.5-vl", frames: int | None = None) -> Iterator[tuple[str, str, int]]:
    """Yield the id, task and visual tokens of every puzzle of a build, in its order.

    Raises:
        PuzzlegenError: the model is unknown.
        IntegrityError: ``folder`` is not a finished build, or is damaged.
    """
    if model not in MODELS:
        raise PuzzlegenError(f"unknown model '{model}'; known: {', '.join(MODELS)}")
    for file in files_of(manifest_of(folder)):
        for row in read_rows(folder / file["path"]):
            with decoding(row["id"]):
                count = visual_tokens(row, frames=frames, **MODELS[model])
            yield row["id"], row["extra_info"]["task"], count


def spread(counted: list[tuple[str, str, int]]) -> list[TaskTokens]:
    """Return the spread of tokens per task, the costliest task first."""
    by_task: dict[str, list[int]] = {}
    for _, task, count in counted:
        by_task.setdefault(task, []).append(count)
    spreads = [
        TaskTokens(task, len(counts), min(counts), median(counts), _percentile(counts), max(counts))
        for task, counts in by_task.items()
    ]
    return sorted(spreads, key=lambda task_tokens: (-task_tokens.most, task_tokens.task))


def _percentile(counts: list[int]) -> float:
    return quantiles(counts, n=100, method="inclusive")[_PERCENTILE - 1] if len(counts) > 1 else float(counts[0])


def keep_short(folder: Path, out: Path, most: int, counted: list[tuple[str, str, int]], model: str) -> Row:
    """Write the puzzles of at most ``most`` visual tokens as a folder of their own, and return its manifest.

    Raises:
        PuzzlegenError: no puzzle is that short.
        OutputError: ``out`` exists and is not empty.
    """
    ids = {puzzle_id for puzzle_id, _, count in counted if count <= most}
    if not ids:
        least = min((count for *_, count in counted), default=0)
        raise PuzzlegenError(f"no puzzle has at most {most} visual tokens, the least is {least}; raise --max-tokens")
    return write_subset(folder, ids, out, chosen_by={"most_visual_tokens": most, "model": model})


def lines(found: list[TaskTokens]) -> list[str]:
    """Return the spread as lines for people."""
    head = f"{'task':16} {'puzzles':>7} {'least':>7} {'median':>7} {'95 %':>7} {'most':>7}"
    return [head] + [f"{t.task:16} {t.n:7} {t.least:7} {t.median:7.0f} {t.p95:7.0f} {t.most:7}" for t in found]
