"""The floor of each workload: the least it could cost, with the best single-thread calls of the same libraries only.

A floor decodes, resizes, transforms, encodes and appends. It chooses no answers, writes no questions, and has no
checks, no digests and no resume: this is the work that a build does on top and that its efficiency counts. For a file
that the build rejects, the floor decodes it and makes a small version to look at; the argument ``told`` says what was
kept of each file. ``run.py`` runs each floor in a process of its own.
"""

from __future__ import annotations

import csv
import io
import json
import random
import sys
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from av.video.reformatter import VideoReformatter
from PIL import Image

from puzzlegen.media.augment import changed
from puzzlegen.media.image import tone
from puzzlegen.media.marks import hatch, lettered_rings, ring
from puzzlegen.media.mp4 import encode_mp4
from puzzlegen.media.palette import one_palette
from puzzlegen.media.resample import EXACT, resampled
from puzzlegen.media.scaled import sketch_of
from puzzlegen.media.shade import shaded
from puzzlegen.media.tiles import cut, mosaic, toned
from puzzlegen.media.warp import draw_corners, warp_onto, warped
from puzzlegen.memory import keep_freed_memory
from puzzlegen.rng import rng_for

_ROWS = 250
_CLIP_FRAMES = 16
_MEDIUM = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_SCHEMA = pa.schema([("media", pa.list_(_MEDIUM)), ("text", pa.string())])
_TEXT = "A question of the usual length, with options. " * 10
Media = list[bytes]


class Photos:
    """One decode per file and, if any task kept it, one downscale, then the media that the build emits per task."""

    def __init__(self) -> None:
        self.rng = random.Random(7)
        self.draws = rng_for("floor")
        self.earlier: deque[Image.Image] = deque(maxlen=3)

    def __call__(self, path: Path, kept: list[str]) -> Iterator[Media]:
        """Yield the media of each puzzle of a file."""
        decoded = _decode(path)
        if not kept:
            sketch_of(decoded)
            return
        picture = _clean(decoded, self.rng)
        for task in kept:
            yield [_jpeg(image) for image in getattr(self, task)(picture)]
        self.earlier.append(picture)

    def rotation(self, picture: Image.Image) -> list[Image.Image]:
        """Return one turned square."""
        return self.rotation_beside(picture)[1:]

    def rotation_beside(self, picture: Image.Image) -> list[Image.Image]:
        """Return a square, upright and turned."""
        side, rng = min(picture.size) // 2 * 2, self.rng
        x, y = rng.randint(0, picture.width - side), rng.randint(0, picture.height - side)
        square = picture.crop((x, y, x + side, y + side))
        quarters = rng.randrange(4)
        return [square, square.transpose(Image.Transpose(1 + quarters)) if quarters else square]

    def jigsaw(self, picture: Image.Image) -> list[Image.Image]:
        """Return the picture and nine tiles brought to one tone."""
        return [picture, *toned(cut(picture, 3, 3, 0.25, self.draws), self.draws, 0.8, 0.08)]

    def jigsaw_picture(self, picture: Image.Image) -> list[Image.Image]:
        """Return nine tiles laid out as one picture, and the picture."""
        original, *tiles = self.jigsaw(picture)
        return [mosaic(tiles, 3), original]

    def similarity(self, picture: Image.Image) -> list[Image.Image]:
        """Return two views of the picture and one of each of three others, recoloured, the last four in one palette."""
        first, *rest = (self._draw_view(image) for image in (picture, picture, *self.earlier, *[picture] * 3)[:5])
        first = self._recolour([first])[0]
        return [first, *one_palette(self._recolour(rest))]

    def inpainting(self, picture: Image.Image) -> list[Image.Image]:
        """Return the picture with a covered square, and four pieces in one palette, each in its own tone and light."""
        side = round(0.45 * min(picture.size))
        window = round(side * self.rng.uniform(0.34, 0.44))
        piece_side, covered = round(window * self.rng.uniform(0.9, 1.1)), picture.copy()
        hatch(covered, (20, 20, 20 + side, 20 + side))
        boxes = [(x, 20, x + window, 20 + window) for x in (20, 40, 60, 80)]
        pieces = [picture.resize((piece_side, piece_side), Image.Resampling.BICUBIC, box=box) for box in boxes]
        toned = [tone(piece, self.draws, 0.3) for piece in one_palette(pieces)]
        return [covered, *shaded(toned, self.draws, 0.5)]

    def correspondence(self, picture: Image.Image) -> list[Image.Image]:
        """Return two bent views, each in its own tone: one with a ring, one with four lettered rings."""
        short = min(picture.size)
        side, views = round(0.75 * short), []
        for _ in range(2):
            corners = draw_corners(picture.size, self.draws, short * self.rng.uniform(0.32, 0.4), 45.0, 0.15)
            views.append(tone(warped(picture, warp_onto(corners, side), side), self.draws, 0.15))
        ring(views[0], (side / 2, side / 2))
        lettered_rings(views[1], [(k * side / 5, side / 2) for k in range(1, 5)])
        return views

    def _draw_view(self, picture: Image.Image) -> Image.Image:
        side_fraction = self.rng.uniform(0.08, 1) ** 0.5
        width, height = int(picture.width * side_fraction), int(picture.height * side_fraction)
        x, y = self.rng.randint(0, picture.width - width), self.rng.randint(0, picture.height - height)
        view = picture.resize((224, 224), Image.Resampling.BICUBIC, box=(x, y, x + width, y + height))
        return view.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if self.rng.randrange(2) else view

    def _recolour(self, views: list[Image.Image]) -> list[Image.Image]:
        draw = self.draws.bits(64)
        return [Image.fromarray(changed(np.asarray(image), self.draws.fork(draw), "plain")) for image in views]


def clip(path: Path, rng: random.Random, kept: list[str]) -> Iterator[Media]:
    """Take sixteen frames from a random place, at a build's rate and size; mirror and encode them if any are kept.

    Decoding starts at the key frame before the first of them and ends with the last. In between, frames that are not
    taken are decoded only if other frames refer to them.
    """
    fps, side, frames, scaler = rng.uniform(5, 8), rng.randrange(168, 225), [], VideoReformatter()
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        context, unit, half = stream.codec_context, float(stream.time_base), 0.5 / float(stream.average_rate)
        context.thread_count = 1
        start = rng.uniform(0, stream.duration * unit - _CLIP_FRAMES / fps)
        due = [start + k / fps for k in range(_CLIP_FRAMES)]
        container.seek(int(start / unit), stream=stream)
        size = side * context.width // context.height // 2 * 2, side // 2 * 2
        for packet in container.demux(stream):
            is_near = packet.pts is None or any(abs(packet.pts * unit - time) <= half for time in due)
            context.skip_frame = "DEFAULT" if is_near else "NONREF"
            for frame in packet.decode():
                if len(frames) < _CLIP_FRAMES and frame.time >= due[len(frames)] - half:
                    small = scaler.reformat(frame, *size, format="gbrp", interpolation=EXACT, threads=1)
                    frames.append(np.asarray(small.to_ndarray()))
            if len(frames) == _CLIP_FRAMES:
                break
    for _ in kept:
        yield [encode_mp4([frame[::-1] for frame in frames], 4)]


def graph(path: Path, rng: random.Random, kept: list[str]) -> Iterator[Media]:
    """Yield the texts of ego networks of two hops, one per centre that no earlier network shows."""
    del kept  # one file gives many puzzles
    neighbours_of: dict[str, set[str]] = {}
    for a, b in csv.reader(path.read_text().splitlines()[1:]):
        neighbours_of.setdefault(a, set()).add(b)
        neighbours_of.setdefault(b, set()).add(a)
    covered_nodes: set[str] = set()
    for centre, direct_neighbours in neighbours_of.items():
        if centre not in covered_nodes:
            ego = (
                {centre}
                | direct_neighbours
                | {node for neighbour in direct_neighbours for node in neighbours_of[neighbour]}
            )
            ego = set(rng.sample(sorted(ego), min(24, len(ego))))
            covered_nodes |= ego
            yield ["; ".join(f"{a} - {b}" for a in ego for b in neighbours_of[a] & ego if a < b).encode()]


WORK: dict[str, Callable[[Path, random.Random, list[str]], Iterator[Media]]] = {"clip": clip, "graph": graph}


def _decode(path: Path) -> Image.Image:
    """Decode a picture at the smallest of JPEG's own sizes that is large enough."""
    with Image.open(io.BytesIO(path.read_bytes())) as raw:
        scale = 448 / 0.9 / min(raw.size)
        raw.draft(None, (int(raw.width * scale) + 1, int(raw.height * scale) + 1))
        raw.load()
        return raw if raw.mode == "RGB" else raw.convert("RGB")


def _clean(picture: Image.Image, rng: random.Random) -> Image.Image:
    """Scale a picture to a clean picture's average size in a build: the short side is drawn from the same range."""
    width, height = picture.size
    short = 0.96 * min(width, height)
    factor = rng.uniform(256, min(448, 0.9 * short)) / short
    box = tuple(round(part * side) for part in (0.02, 0.98) for side in picture.size)
    size = round(width * 0.96 * factor), round(height * 0.96 * factor)
    return resampled(picture, size, box)


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, subsampling="4:2:0")
    return buffer.getvalue()


def main(name: str, media: str, out: str, told: str) -> None:
    """Do a floor's work on all files of a folder, write one Parquet file, and print how many puzzles it stands for.

    Args:
        name: ``photos``, or a key of ``WORK``.
        media: path of the folder.
        out: path of the Parquet file.
        told: path of a JSON file that maps each file name to the tasks whose puzzles the build kept.
    """
    keep_freed_memory()
    kept = json.loads(Path(told).read_text())
    photos, rng = Photos(), random.Random(7)
    rows: list[Media] = []
    puzzle_count = 0
    with pq.ParquetWriter(out, _SCHEMA, compression="none", use_dictionary=False) as file:
        for path in sorted(Path(media).iterdir()):
            tasks = kept.get(path.name, [])
            media_rows = list(photos(path, tasks) if name == "photos" else WORK[name](path, rng, tasks))
            puzzle_count += len(media_rows)
            rows += media_rows
            if len(rows) >= _ROWS:
                _append(file, rows)
                rows = []
        _append(file, rows)
    print(puzzle_count)


def _append(file: pq.ParquetWriter, rows: list[Media]) -> None:
    if rows:
        media = [[{"bytes": data, "path": "x"} for data in row] for row in rows]
        table = pa.table([pa.array(media, _SCHEMA.field(0).type), pa.array([_TEXT] * len(rows))], schema=_SCHEMA)
        file.write_table(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
