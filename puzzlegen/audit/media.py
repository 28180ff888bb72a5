"""A puzzle's media as probes need them: a few planes of numbers, however they were encoded."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Plane = NDArray[np.float32]

_FRAMES: Final = 8


class Opened(NamedTuple):
    """One decoded medium.

    Attributes:
        size: width and height in pixels.
        weight: bytes of the file.
        coded: bytes of each coded frame of a clip; empty for a picture.
        pictures: RGB frames, ``(H, W, 3)`` uint8: the picture, or all frames of the clip.
        sha256: of the bytes.
    """

    size: tuple[int, int]
    weight: int
    coded: tuple[int, ...]
    pictures: list[NDArray[np.uint8]]
    sha256: str

    @property
    def some(self) -> list[NDArray[np.uint8]]:
        """At most eight of the pictures, evenly spread."""
        if len(self.pictures) <= _FRAMES:
            return self.pictures
        return [self.pictures[k * (len(self.pictures) - 1) // (_FRAMES - 1)] for k in range(_FRAMES)]


def open_medium(stored: dict[str, Any]) -> Opened:
    """Decode a record's medium, ``{bytes, path}``."""
    data: bytes = stored["bytes"]
    sha256 = hashlib.sha256(data).hexdigest()
    if stored["path"].endswith(".mp4"):
        coded, pictures = _frames(data)
    else:
        coded, pictures = (), [np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))]
    height, width = pictures[0].shape[:2]
    return Opened((width, height), len(data), coded, pictures, sha256)


def _frames(data: bytes) -> tuple[tuple[int, ...], list[NDArray[np.uint8]]]:
    coded, pictures = [], []
    with av.open(io.BytesIO(data), "r") as container:
        container.streams.video[0].codec_context.thread_count = 1
        for packet in container.demux(video=0):
            if packet.size:
                coded.append(packet.size)
            pictures += [frame.to_ndarray(format="rgb24") for frame in packet.decode()]
    return tuple(coded), pictures


def luma(picture: NDArray[np.uint8]) -> Plane:
    """``(H, W)`` float32, 0..255 (BT.601)."""
    return np.asarray(picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32), dtype=np.float32)


def chroma(picture: NDArray[np.uint8]) -> Plane:
    """``(H, W, 2)`` float32: blue and red less luma, unscaled."""
    return np.asarray(picture[..., [2, 0]].astype(np.float32) - luma(picture)[..., None], dtype=np.float32)


def thumbnail(picture: NDArray[np.uint8], side: int) -> Plane:
    """``(side, side, 3)`` float32, each value the mean of its area."""
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)
