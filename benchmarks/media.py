"""Media to measure on: photos and clips of fixed sizes, made from a folder of real ones or the built-in samples."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image

from puzzlegen.sources.samples import Samples

_GOP = 48
_PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
_CLIPS = {".mp4", ".mkv", ".webm", ".mov", ".avi"}


def photos(folder: Path, source: Path | None, size: tuple[int, int], count: int) -> None:
    """Write ``count`` JPEGs of quality 90 and one size, cropped to shape, each picture used as often as needed."""
    folder.mkdir(parents=True)
    ready: list[bytes] = []
    for picture in _pictures(source):
        buffer = io.BytesIO()
        _crop_to_fill(picture, size).save(buffer, "JPEG", quality=90)
        ready.append(buffer.getvalue())
        if len(ready) == count:
            break
    for k in range(count):
        # A JPEG comment makes every file different at the same cost, and those of one picture different in size: files
        # of equal size are rare in collections, and a build reads them twice to find duplicates.
        data, comment = ready[k % len(ready)], f"{k:06}".encode() + bytes(k // len(ready))
        marker = b"\xff\xfe" + (2 + len(comment)).to_bytes(2, "big")
        (folder / f"{k:06}.jpg").write_bytes(data[:2] + marker + comment + data[2:])


def clips(folder: Path, source: Path | None, height: int, count: int, seconds: int = 6) -> None:
    """Write ``count`` H.264 clips at 25 frames per second with key frames two seconds apart, as in real sources."""
    folder.mkdir(parents=True)
    size = (height * 16 // 9 // 2 * 2, height)
    ready = []
    for frames in _clip_frames(source, size, seconds * 25):
        ready.append(_encode_source(frames))
        if len(ready) == min(count, 8):
            break
    for k in range(count):
        (folder / f"{k:06}.mp4").write_bytes(ready[k % len(ready)] + _free_box(k, k // len(ready)))


def _pictures(source: Path | None) -> Iterator[Image.Image]:
    if source is None:
        samples = Samples(images=48, videos=0)
        for item in samples.items():
            with samples.open(item) as file:  # type: ignore[arg-type]
                yield Image.open(file).convert("RGB")
        return
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in _PICTURES:
            try:
                yield Image.open(path).convert("RGB")
            except OSError:
                continue


def _crop_to_fill(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    width, height = size
    factor = max(width / picture.width, height / picture.height)
    large = picture.resize((round(picture.width * factor) + 1, round(picture.height * factor) + 1))
    return large.crop((0, 0, width, height))


def _clip_frames(source: Path | None, size: tuple[int, int], count: int) -> Iterator[list[np.ndarray]]:
    for data in _clip_bytes(source):
        frames: list[np.ndarray] = []
        with av.open(data) as container:
            for frame in container.decode(video=0):
                frames.append(np.asarray(frame.reformat(*size, format="rgb24").to_ndarray()))
                if len(frames) == count:
                    break
        if len(frames) == count:
            yield frames


def _clip_bytes(source: Path | None) -> Iterator[io.BytesIO]:
    if source is None:
        samples = Samples(images=0, videos=8)
        yield from (samples.open(item) for item in samples.items())  # type: ignore[arg-type, misc]
        return
    for path in sorted(source.rglob("*")):
        if path.suffix.lower() in _CLIPS:
            yield io.BytesIO(path.read_bytes())


def _encode_source(frames: list[np.ndarray]) -> bytes:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "veryfast", "g": str(_GOP)})
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _free_box(k: int, spare: int) -> bytes:
    return (16 + spare).to_bytes(4, "big") + b"free" + f"{k:08}".encode() + bytes(spare)
