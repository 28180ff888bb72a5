"""What a medium looks like in 64 bits per picture, to find near-duplicates: the perceptual hash known as pHash.

The signs of the lowest 8 x 8 frequencies of a 32 x 32 grey version, against their median. In whole numbers throughout,
so that every machine finds the same bits.
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
_LOW: Final = 8
_SCALE: Final = 1 << 14
_DRAFT: Final = 128
_PLACES: Final = (0.1, 0.5, 0.9)
_COSINES: Final[NDArray[np.int64]] = np.array(
    [[round(_SCALE * math.cos(math.pi * (x + 0.5) * k / _SIDE)) for x in range(_SIDE)] for k in range(_LOW)],
    dtype=np.int64,
)


def phash(picture: Image.Image) -> int:
    """64 bits that a resized, re-encoded or slightly toned copy shares but for a few."""
    grey = np.asarray(picture.convert("L").resize((_SIDE, _SIDE), Image.Resampling.BOX), dtype=np.int64)
    low = (_COSINES @ grey @ _COSINES.T).ravel()
    # The mean brightness says nothing of the picture and would sway the median.
    bits = low > np.sort(low[1:])[len(low) // 2 - 1]
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def picture_hash(file: BinaryIO, max_pixels: int) -> int:
    """The hash of a picture file, upright; -1 if it has too many pixels to be decoded.

    Raises:
        Unusable: ``undecodable``.
    """
    try:
        with Image.open(file, formats=FORMATS) as raw:
            raw.draft("L", (_DRAFT, _DRAFT))
            return -1 if raw.width * raw.height > max_pixels else phash(ImageOps.exif_transpose(raw))
    except (MemoryError, SourceError):
        raise
    # Decoders raise nearly anything on damaged bytes.
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err


def clip_hash(file: BinaryIO, max_pixels: int) -> int:
    """The hashes of three frames of a clip, at a tenth, the middle and nine tenths: 192 bits.

    Raises:
        Unusable: ``undecodable`` or ``too_large``.
        OSError, SourceError: the disk or the network does not give it.
    """
    try:
        with Film(file) as film:
            length, found = film.duration_s, 0
            for place in _PLACES:
                sampling = Sampling(place * length, 1.0, 0.0, 1.0, max_pixels)
                shown = next(iter(film.frames(sampling)))
                found = found << 64 | _frame_hash(shown.picture)
    except (Unusable, SourceError):
        raise
    except av.FFmpegError as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err
    except OSError:
        raise
    # PyAV raises nearly anything on damaged headers, MemoryError where they ask for the impossible.
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err
    return found


def _frame_hash(frame: av.VideoFrame) -> int:
    grey = VideoReformatter().reformat(
        frame, width=_DRAFT, height=_DRAFT, format="gray", interpolation=EXACT, threads=1
    )
    return phash(Image.fromarray(grey.to_ndarray()))
