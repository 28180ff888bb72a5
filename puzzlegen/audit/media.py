"""A puzzle's media as probes need them: decoded to arrays of numbers, however they were encoded."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final, NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.media.container import open_container
from puzzlegen.media.image import encode_image
from puzzlegen.media.mp4 import encode_mp4

Plane = NDArray[np.float32]

_MAX_FRAMES: Final = 8
_DRAWS_PER_COPY: Final = 6
#: How many washed copies are made of each picture: with five hundred pictures, the results of two copies differ by 3
#: points by chance.
WASHES: Final = 4
#: The same for clips, which take ten times as long.
WASHES_OF_CLIPS: Final = 2
_MOST_CUT: Final = 0.04
_LEAST_SCALE: Final = 0.7
_MOST_SCALE: Final = 0.8
_NO_STEPS: Final = np.zeros((8, 8), dtype=np.float32)


class Opened(NamedTuple):
    """One decoded medium.

    Attributes:
        size: width and height in pixels.
        weight: size of the file in bytes.
        plain: bytes that its pictures (at most eight of them) take as plain JPEG: the weight of the content.
        coded: bytes of each coded frame of a clip; empty for a picture.
        pictures: RGB frames, ``(H, W, 3)`` uint8: the picture, or all frames of the clip.
        sha256: digest of the file's bytes.
        halved: whether chroma is stored at half size, as in all but lossless files.
        own_steps: ``(8, 8)``, steps by which the file's own encoding quantises luma; 0 if it does not quantise, or
            not in blocks of 8 by 8.
    """

    size: tuple[int, int]
    weight: int
    plain: int
    coded: tuple[int, ...]
    pictures: list[NDArray[np.uint8]]
    sha256: str
    halved: bool
    own_steps: Plane

    @property
    def some(self) -> list[NDArray[np.uint8]]:
        """At most eight of the pictures, evenly spread."""
        return _evenly_spaced(self.pictures)


def open_medium(stored: dict[str, Any]) -> Opened:
    """Decode a medium of a record, stored as ``{bytes, path}``."""
    data: bytes = stored["bytes"]
    sha256 = hashlib.sha256(data).hexdigest()
    decoded = _decode(data, clip=stored["path"].endswith(".mp4"))
    plain = sum(len(_encode_jpeg(picture)) for picture in _evenly_spaced(decoded["pictures"]))
    return Opened(weight=len(data), plain=plain, sha256=sha256, **decoded)


class _Decoded(TypedDict):
    """The fields of :class:`Opened` that come from decoding."""

    size: tuple[int, int]
    coded: tuple[int, ...]
    pictures: list[NDArray[np.uint8]]
    halved: bool
    own_steps: Plane


def _decode(data: bytes, *, clip: bool) -> _Decoded:
    if clip:
        coded, pictures = _decode_clip(data)
        quantisation, halved = _NO_STEPS, True
    else:
        coded, (picture, quantisation, halved) = (), _decode_picture(data)
        pictures = [picture]
    height, width = pictures[0].shape[:2]
    return _Decoded(size=(width, height), coded=coded, pictures=pictures, halved=halved, own_steps=quantisation)


def _decode_picture(data: bytes) -> tuple[NDArray[np.uint8], Plane, bool]:
    """Decode a picture: its pixels, its file's quantisation of luma, and whether chroma is stored at half size."""
    with Image.open(io.BytesIO(data)) as image:
        tables = getattr(image, "quantization", {})
        quantisation = np.array(tables[0], dtype=np.float32).reshape(8, 8) if tables else _NO_STEPS
        return np.asarray(image.convert("RGB")), quantisation, bool(tables)


def washed(medium: Opened, time: int = 0) -> Opened:
    """A copy with the same content but made anew: cropped a little, scaled down unevenly, saved as puzzles save media.

    What a probe still finds in the copy is content: natural pictures are not the same along both axes, nor in both
    directions of time. Crop and scale differ between media, so that no grid survives, and between copies, which
    ``time`` numbers from 0.
    """
    draws = [k / 255 for k in bytes.fromhex(medium.sha256)[_DRAWS_PER_COPY * time : _DRAWS_PER_COPY * (time + 1)]]
    copies = [_rescaled(picture, draws) for picture in medium.pictures]
    if medium.coded:
        data = encode_mp4([copy[: len(copy) & ~1, : copy.shape[1] & ~1] for copy in copies], 1)
    else:
        data = _encode_jpeg(copies[0])
    return medium._replace(**_decode(data, clip=bool(medium.coded)))


def _rescaled(picture: NDArray[np.uint8], draws: list[float]) -> NDArray[np.uint8]:
    image = Image.fromarray(picture)
    width, height = image.size
    left, top, right, bottom = (_MOST_CUT * draw for draw in draws[:4])
    box = (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
    scale_x, scale_y = (_LEAST_SCALE + (_MOST_SCALE - _LEAST_SCALE) * draw for draw in draws[4:])
    size = max(8, int(width * scale_x)), max(8, int(height * scale_y))
    return np.asarray(image.resize(size, Image.Resampling.BICUBIC, box=box))


def _encode_jpeg(picture: NDArray[np.uint8]) -> bytes:
    return encode_image(Image.fromarray(picture)).data


def _evenly_spaced(pictures: list[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    if len(pictures) <= _MAX_FRAMES:
        return pictures
    return [pictures[k * (len(pictures) - 1) // (_MAX_FRAMES - 1)] for k in range(_MAX_FRAMES)]


def _decode_clip(data: bytes) -> tuple[tuple[int, ...], list[NDArray[np.uint8]]]:
    coded, pictures = [], []
    with open_container(io.BytesIO(data)) as container:
        container.streams.video[0].codec_context.thread_count = 1
        for packet in container.demux(video=0):
            if packet.size:
                coded.append(packet.size)
            # Converted as readers do it, not exactly: smoothed chroma is off the centre of its lines, which tells up
            # from down.
            pictures += [np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8) for frame in packet.decode()]
    return tuple(coded), pictures


def luma(picture: NDArray[np.uint8]) -> Plane:
    """The luma of an RGB picture: ``(H, W)`` float32, 0..255 (BT.601)."""
    return np.asarray(picture @ np.array([0.299, 0.587, 0.114], dtype=np.float32), dtype=np.float32)


def chroma(picture: NDArray[np.uint8]) -> Plane:
    """The chroma of an RGB picture: ``(H, W, 2)`` float32, blue and red minus luma, unscaled."""
    return np.asarray(picture[..., [2, 0]].astype(np.float32) - luma(picture)[..., None], dtype=np.float32)


def thumbnail(picture: NDArray[np.uint8], side: int) -> Plane:
    """A small square version of a picture: ``(side, side, 3)`` float32, each value the mean of its area."""
    small = Image.fromarray(picture).resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float32)
