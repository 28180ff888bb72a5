"""Functions that each write one hostile file, which would harm a careless reader."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
from PIL import Image

from puzzlegen.media.mp4 import encode_mp4


def _picture(side: int = 640, kind: str = "JPEG", **options: object) -> bytes:
    ramp = np.arange(side, dtype=np.uint32)
    pixels = ((ramp[:, None] * 7 + ramp[None, :] * 13) ^ (ramp[:, None] * ramp[None, :] // 97)).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(file, format=kind, **options)
    return file.getvalue()


def _clip() -> bytes:
    shade = np.arange(240, dtype=np.uint16)
    frames = np.stack([((shade[:, None] * 3 + shade[None, :] * 5 + k * 9) % 256).astype(np.uint8) for k in range(60)])
    return encode_mp4(np.repeat(frames[..., None], 3, axis=3), 20.0, crf=30)


def png_chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _png(width: int, height: int, data: bytes) -> bytes:
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + png_chunk(b"IDAT", data) + png_chunk(b"IEND", b"")


def decompression_bomb(path: Path) -> None:
    """Write a PNG of a few kilobytes that claims 50,000 x 50,000 pixels, all zero."""
    squeeze = zlib.compressobj(9)
    path.write_bytes(_png(50_000, 50_000, squeeze.compress(bytes(1 << 22)) + squeeze.flush()))


def lying_png(path: Path) -> None:
    """Write a PNG that claims 4000 x 4000 pixels but holds ten rows; the rest is decoded as black, and trimmed."""
    path.write_bytes(_png(4000, 4000, zlib.compress((b"\0" + _picture(64)[:1000] * 12) * 10)))


def text_chunk_bomb(path: Path) -> None:
    """Write a PNG with a compressed comment that unpacks to 200 MB."""
    whole = _picture(kind="PNG")
    bomb = png_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200 << 20), 9))
    path.write_bytes(whole[:33] + bomb + whole[33:])


def truncated_jpeg(path: Path) -> None:
    whole = _picture()
    path.write_bytes(whole[: len(whole) // 2])


def lying_jpeg(path: Path) -> None:
    """Write a JPEG whose frame header claims 65,000 x 65,000 pixels."""
    whole = bytearray(_picture())
    at = whole.index(b"\xff\xc0") + 5
    whole[at : at + 4] = struct.pack(">HH", 65_000, 65_000)
    path.write_bytes(whole)


def hundred_megapixel_jpeg(path: Path) -> None:
    """Write a large but valid JPEG. Since JPEG is decoded at an eighth of its size, it yields a puzzle."""
    Image.effect_mandelbrot((10_000, 10_000), (-2, -1.5, 1, 1.5), 30).save(path, format="JPEG", quality=60)


def hundred_megapixel_png(path: Path) -> None:
    squeeze = zlib.compressobj(1)
    rows = b"".join(squeeze.compress(bytes(30_001 * 100)) for _ in range(100))
    path.write_bytes(_png(10_000, 10_000, rows + squeeze.flush()))


def many_scans(path: Path, scans: int = 400) -> None:
    """Write a progressive JPEG that repeats its last scan: a small file that takes long to decode."""
    file = io.BytesIO()
    Image.new("RGB", (4000, 4000), "grey").save(file, format="JPEG", progressive=True)
    whole = file.getvalue()
    last = whole.rindex(b"\xff\xda")
    path.write_bytes(whole[:-2] + whole[last:-2] * scans + b"\xff\xd9")


def sparse_terabyte(path: Path) -> None:
    with path.open("wb") as file:
        file.write(_picture())
        file.truncate(1 << 40)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def playlist(path: Path) -> None:
    """Write a text that FFmpeg would treat as a list of other files to read."""
    path.write_text("ffconcat version 1.0\nfile /etc/passwd\n#EXTM3U\n/etc/passwd\n")


def svg_as_png(path: Path) -> None:
    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>')


def no_frames(path: Path) -> None:
    """Write a container whose video stream has no packets."""
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height = 320, 240
        container.start_encoding()


def sound_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44_100)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 1024), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 44_100
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)


def thousand_streams(path: Path) -> None:
    with av.open(str(path), "w", format="matroska") as container:
        streams = [container.add_stream("mjpeg", rate=25) for _ in range(1000)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuvj420p"
        frame = av.VideoFrame.from_ndarray(np.zeros((240, 320, 3), np.uint8), format="rgb24")
        for packet in streams[0].encode(frame):
            container.mux(packet)


def lying_duration(path: Path) -> None:
    """Write a clip of three seconds whose headers claim a hundred hours."""
    whole = bytearray(_clip())
    for box, at in ((b"mvhd", 20), (b"mdhd", 20), (b"tkhd", 24)):
        place = whole.index(box)
        scale = struct.unpack(">I", whole[place + 16 : place + 20])[0] if box != b"tkhd" else 1000
        whole[place + at : place + at + 4] = struct.pack(">I", min(360_000 * scale, (1 << 32) - 2))
    path.write_bytes(whole)


def truncated_clip(path: Path) -> None:
    path.write_bytes(_clip()[:3000])


def random_bytes(path: Path) -> None:
    path.write_bytes(np.arange(200_000, dtype=np.uint32).tobytes()[::-1])


def pipe(path: Path) -> None:
    os.mkfifo(path)


def device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def out_of_the_source(path: Path) -> None:
    path.symlink_to("/etc/passwd")


#: By file name: the function that writes the file, and the rejection reason expected of a build; empty if the file must
#: yield a puzzle.
FILES: dict[str, tuple[Callable[[Path], None], str]] = {
    "decompression_bomb.png": (decompression_bomb, "too_large"),
    "text_chunk_bomb.png": (text_chunk_bomb, "undecodable"),
    "lying.png": (lying_png, "too_small"),
    "truncated.jpg": (truncated_jpeg, "undecodable"),
    "lying.jpg": (lying_jpeg, "too_large"),
    "hundred_megapixels.jpg": (hundred_megapixel_jpeg, ""),
    "hundred_megapixels.png": (hundred_megapixel_png, "too_large"),
    "sparse_terabyte.jpg": (sparse_terabyte, "too_large"),
    "empty.jpg": (empty, "undecodable"),
    "empty.mp4": (empty, "undecodable"),
    "playlist.mp4": (playlist, "undecodable"),
    "playlist.ts": (playlist, "undecodable"),
    "svg.png": (svg_as_png, "undecodable"),
    "no_frames.mp4": (no_frames, "undecodable"),
    "sound_only.mp4": (sound_only, "undecodable"),
    "thousand_streams.mkv": (thousand_streams, "too_short"),
    "lying_duration.mp4": (lying_duration, ""),
    "truncated.mp4": (truncated_clip, "undecodable"),
    "random.mov": (random_bytes, "undecodable"),
    "random.avif": (random_bytes, "undecodable"),
    "pipe.jpg": (pipe, "not_a_file"),
    "device.jpg": (device, "not_a_file"),
    "escape.jpg": (out_of_the_source, "outside_source"),
    "new\nline.jpg": (truncated_jpeg, "undecodable"),
    "tab\tand\x1b[31mred.jpg": (truncated_jpeg, "undecodable"),
}
