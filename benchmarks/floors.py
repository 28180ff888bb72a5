"""The least that each workload costs: the best single-thread calls of the same libraries, and nothing else.

Decode, resize, transform, encode, append. No choice of answers, no question, no check, no digest, no resume: what a
build does beyond this is what its efficiency counts. Run by ``run.py``, one process each.
"""

from __future__ import annotations

import csv
import io
import random
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from av.video.reformatter import VideoReformatter
from PIL import Image

from puzzlegen.media.mp4 import EXACT, encode_mp4
from puzzlegen.memory import keep_freed_memory

_ROWS = 250
_CLIP_FRAMES = 16
_MEDIUM = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
_SCHEMA = pa.schema([("media", pa.list_(_MEDIUM)), ("text", pa.string())])
_TEXT = "A question of the usual length, with options. " * 10
Media = list[bytes]


def rotation(path: Path, rng: random.Random) -> Iterator[Media]:
    """One turned square."""
    square = _square(_clean(path, rng), rng)
    yield [_jpeg(square.transpose(Image.Transpose.ROTATE_90))]


def jigsaw(path: Path, rng: random.Random) -> Iterator[Media]:
    """Nine tiles."""
    yield _tiles(_clean(path, rng))


def mixture(path: Path, rng: random.Random) -> Iterator[Media]:
    """The five tasks of SSL-R1 on one decode: what they emit, encoded."""
    picture = _clean(path, rng)
    square = _square(picture, rng)
    yield [_jpeg(square.transpose(Image.Transpose.ROTATE_90))]
    yield [_jpeg(_view(picture, rng)) for _ in range(5)]
    side = int(0.2 * min(picture.size))
    piece = picture.crop((0, 0, side, side))
    yield [_jpeg(picture), *(_jpeg(piece) for _ in range(4))]
    yield [_jpeg(picture)]
    yield [_jpeg(picture), _jpeg(_view(picture, rng))]


def clip(path: Path, rng: random.Random) -> Iterator[Media]:
    """Sixteen frames from a drawn place on, at the rate and size of a build's, scaled, reversed, encoded.

    Decoded is from the key frame before them to the last of them, and what lies between only where frames refer to it.
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
            near = packet.pts is None or any(abs(packet.pts * unit - time) <= half for time in due)
            context.skip_frame = "DEFAULT" if near else "NONREF"
            for frame in packet.decode():
                if len(frames) < _CLIP_FRAMES and frame.time >= due[len(frames)] - half:
                    small = scaler.reformat(frame, *size, format="gbrp", interpolation=EXACT, threads=1)
                    frames.append(np.asarray(small.to_ndarray()))
            if len(frames) == _CLIP_FRAMES:
                break
    yield [encode_mp4(frames[::-1], 4)]


def graph(path: Path, rng: random.Random) -> Iterator[Media]:
    """The texts of ego networks of two hops, one per centre that no earlier one shows."""
    near: dict[str, set[str]] = {}
    for a, b in csv.reader(path.read_text().splitlines()[1:]):
        near.setdefault(a, set()).add(b)
        near.setdefault(b, set()).add(a)
    shown: set[str] = set()
    for centre, around in near.items():
        if centre not in shown:
            ego = {centre} | around | {far for one in around for far in near[one]}
            ego = set(rng.sample(sorted(ego), min(24, len(ego))))
            shown |= ego
            _ = "; ".join(f"{a} and {b}" for a in ego for b in near[a] & ego)
            yield []


WORK: dict[str, Callable[[Path, random.Random], Iterator[Media]]] = {
    "rotation": rotation,
    "jigsaw": jigsaw,
    "mixture": mixture,
    "clip": clip,
    "graph": graph,
}


def _clean(path: Path, rng: random.Random) -> Image.Image:
    side = rng.randrange(256, 449)
    with Image.open(io.BytesIO(path.read_bytes())) as raw:
        raw.draft("RGB", (2 * side * raw.width // min(raw.size), 2 * side * raw.height // min(raw.size)))
        picture = raw.convert("RGB")
    factor = min(side / min(picture.size), 0.9)
    width, height = picture.size
    box = (0.02 * width, 0.02 * height, 0.98 * width, 0.98 * height)
    size = round(width * 0.96 * factor), round(height * 0.96 * factor)
    return picture.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)


def _square(picture: Image.Image, rng: random.Random) -> Image.Image:
    side = min(picture.size)
    x, y = rng.randint(0, picture.width - side), rng.randint(0, picture.height - side)
    return picture.crop((x, y, x + side, y + side))


def _view(picture: Image.Image, rng: random.Random) -> Image.Image:
    width, height = picture.width // 2, picture.height // 2
    x, y = rng.randint(0, width), rng.randint(0, height)
    return picture.resize((224, 224), Image.Resampling.BICUBIC, box=(x, y, x + width, y + height))


def _tiles(picture: Image.Image) -> Media:
    width, height = picture.width // 3, picture.height // 3
    corners = [(x * width, y * height) for y in range(3) for x in range(3)]
    return [_jpeg(picture.crop((x, y, x + int(width * 0.7), y + int(height * 0.7)))) for x, y in corners]


def _jpeg(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=90, subsampling="4:2:0")
    return buffer.getvalue()


def main(name: str, media: str, out: str) -> None:
    """Do the work on all files of a folder and write one Parquet file."""
    keep_freed_memory()
    rng = random.Random(7)
    rows: list[Media] = []
    made = 0
    with pq.ParquetWriter(out, _SCHEMA, compression="none", use_dictionary=False) as file:
        for path in sorted(Path(media).iterdir()):
            found = list(WORK[name](path, rng))
            made += len(found)
            rows += found
            if len(rows) >= _ROWS:
                _append(file, rows)
                rows = []
        _append(file, rows)
    print(made)


def _append(file: pq.ParquetWriter, rows: list[Media]) -> None:
    if rows:
        media = [[{"bytes": data, "path": "x"} for data in row] for row in rows]
        table = pa.table([pa.array(media, _SCHEMA.field(0).type), pa.array([_TEXT] * len(rows))], schema=_SCHEMA)
        file.write_table(table)


if __name__ == "__main__":
    main(*sys.argv[1:])
