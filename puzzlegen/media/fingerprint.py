"""A perceptual hash of 64 bits per picture (pHash), to find near-duplicate media.

Each bit says whether one of the lowest 8 x 8 frequencies of a 32 x 32 grey version exceeds their median. Bars around a
picture are left out, because puzzles do not show them either: a letterboxed copy is a copy. All arithmetic is in whole
numbers, so that every machine finds the same bits.
"""

from __future__ import annotations

import math
from typing import BinaryIO, Final

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray
from PIL import Image, ImageOps

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.media.decode import Film, Sampling
from puzzlegen.media.framing import lit_box
from puzzlegen.media.image import FORMATS, are_busy
from puzzlegen.media.resample import EXACT
from puzzlegen.media.scaled import sketch_of
from puzzlegen.media.shortage import refuse_shortage

_SIDE: Final = 32
_LOW_FREQUENCIES: Final = 8
_SCALE: Final = 1 << 14
_DRAFT_SIDE: Final = 128
#: Maximum difference in mean grey level between the lines of a bar. Without this limit, sky that gets darker line by
#: line would count as a bar, and a copy with other noise would lose another part of it.
_BAR_TONES: Final = 2
_FRAME_POSITIONS: Final = (0.1, 0.5, 0.9)
_COSINES: Final[NDArray[np.int64]] = np.array(
    [
        [round(_SCALE * math.cos(math.pi * (x + 0.5) * k / _SIDE)) for x in range(_SIDE)]
        for k in range(_LOW_FREQUENCIES)
    ],
    dtype=np.int64,
)


def phash(picture: Image.Image) -> int:
    """Return the 64-bit hash; a resized, re-encoded or slightly toned copy differs in a few bits only."""
    grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.int64)
    low = (_COSINES @ grey @ _COSINES.T).ravel()
    # Without the first value, the mean brightness: it says nothing about the picture and would shift the median.
    bits = low > np.sort(low[1:])[len(low) // 2 - 1]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def picture_hash(file: BinaryIO, max_pixels: int) -> int:
    """Return the hash of a picture file, turned upright, without bars; -1 if it has too many pixels to decode.

    Raises:
        Unusable: ``undecodable``.
    """
    try:
        with Image.open(file, formats=FORMATS) as raw:
            raw.draft("L", (_DRAFT_SIDE, _DRAFT_SIDE))
            if raw.width * raw.height > max_pixels:
                return -1
            return phash(_without_bars(ImageOps.exif_transpose(raw).convert("L")))
    except (MemoryError, SourceError):
        raise
    # Decoders raise nearly anything on damaged bytes.
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err


def clip_hash(file: BinaryIO, max_pixels: int) -> int:
    """Return the hashes of three frames of a clip, at 10, 50 and 90 % of its duration, as one number of 192 bits.

    Near-black bars that the three frames share are left out.

    Raises:
        Unusable: ``undecodable`` or ``too_large``.
        OSError, SourceError: the disk or the network failed to deliver the file.
    """
    try:
        with Film(file) as film:
            duration, frames = film.duration_s, []
            for position in _FRAME_POSITIONS:
                sampling = Sampling(position * duration, 1.0, 0.0, 1.0, max_pixels)
                first_frame = next(iter(film.frames(sampling)))
                frames.append(_small_frame(first_frame.picture))
    except (Unusable, SourceError):
        raise
    except av.FFmpegError as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err
    except OSError:
        raise
    # PyAV raises nearly anything on damaged headers, even MemoryError where they demand an impossible amount.
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err
    return _hash_frames(np.stack(frames))


def _small_frame(frame: av.VideoFrame) -> NDArray[np.uint8]:
    grey = VideoReformatter().reformat(
        frame, width=_DRAFT_SIDE, height=_DRAFT_SIDE, format="gray", interpolation=EXACT, threads=1
    )
    return grey.to_ndarray().astype(np.uint8, copy=False)


def _hash_frames(frames: NDArray[np.uint8]) -> int:
    left, top, right, bottom = (round(edge * _DRAFT_SIDE) for edge in lit_box(frames.max(axis=0)))
    hashes = 0
    for frame in frames[:, top:bottom, left:right]:
        hashes = hashes << 64 | phash(Image.fromarray(frame))
    return hashes


def _without_bars(grey: Image.Image) -> Image.Image:
    """Cut off the bars around a grey picture: lines at its edges that all have one tone.

    Cleaning also cuts off lines of different tones, such as clear sky, but a copy with other noise may differ in these.
    """
    sketch, step = sketch_of(grey)
    lines = np.asarray(sketch)
    top, bottom = _span_inside_bars(lines)
    left, right = _span_inside_bars(lines[top:bottom].T)
    if (left, top, right, bottom) == (0, 0, *sketch.size):
        return grey
    return grey.crop((left * step, top * step, min(right * step, grey.width), min(bottom * step, grey.height)))


def _span_inside_bars(lines: NDArray[np.uint8]) -> tuple[int, int]:
    """The first line inside the bars and the line after the last; all lines if fewer would be left than are hashed."""
    start, stop = _bar_width(lines), len(lines) - _bar_width(lines[::-1])
    return (start, stop) if stop - start >= _SIDE else (0, len(lines))


def _bar_width(lines: NDArray[np.uint8]) -> int:
    """The number of lines in the bar at the first line, and the one beside it, where bar and picture mix; 0 if none."""
    sums = lines.sum(axis=1, dtype=np.int64)
    is_bar = ~are_busy(lines) & (abs(sums - sums[0]) <= _BAR_TONES * lines.shape[1])
    width = int(is_bar.argmin())  # 0, too, if everything is one tone
    return width + 1 if width else 0
