"""A perceptual hash of 64 bits per picture (pHash), to find near-duplicate media.

Each bit says whether one of the lowest 8 x 8 frequencies of a 32 x 32 grey version exceeds their median. All arithmetic
is in whole numbers, so that every machine finds the same bits.
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
from puzzlegen.media.image import FORMATS
from puzzlegen.media.resample import EXACT
from puzzlegen.media.shortage import refuse_shortage

_SIDE: Final = 32
_LOW_FREQUENCIES: Final = 8
_SCALE: Final = 1 << 14
_DRAFT_SIDE: Final = 128
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
    """Return the hash of a picture file, turned upright; -1 if it has too many pixels to decode.

    Raises:
        Unusable: ``undecodable``.
    """
    try:
        with Image.open(file, formats=FORMATS) as raw:
            raw.draft("L", (_DRAFT_SIDE, _DRAFT_SIDE))
            return -1 if raw.width * raw.height > max_pixels else phash(ImageOps.exif_transpose(raw))
    except (MemoryError, SourceError):
        raise
    # Decoders raise nearly anything on damaged bytes.
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err


def clip_hash(file: BinaryIO, max_pixels: int) -> int:
    """Return the hashes of three frames of a clip, at 10, 50 and 90 % of its duration, as one number of 192 bits.

    Raises:
        Unusable: ``undecodable`` or ``too_large``.
        OSError, SourceError: the disk or the network failed to deliver the file.
    """
    try:
        with Film(file) as film:
            duration, hashes = film.duration_s, 0
            for position in _FRAME_POSITIONS:
                sampling = Sampling(position * duration, 1.0, 0.0, 1.0, max_pixels)
                first_frame = next(iter(film.frames(sampling)))
                hashes = hashes << 64 | _frame_hash(first_frame.picture)
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
    return hashes


def _frame_hash(frame: av.VideoFrame) -> int:
    grey = VideoReformatter().reformat(
        frame, width=_DRAFT_SIDE, height=_DRAFT_SIDE, format="gray", interpolation=EXACT, threads=1
    )
    return phash(Image.fromarray(grey.to_ndarray()))
