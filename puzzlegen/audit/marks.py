"""What was added to a whole picture or clip and may give away the answer: a mark, or a change of tones.

A mark lies at fixed pixels, while content does not depend on where pixels are counted from. In a copy that is cropped a
little on every side, small patches at the same places say as much about the sky above and the ground below, but no
longer lie on the mark. What patches give away beyond those of such copies is a mark.
"""

from __future__ import annotations

from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.media import Opened

Vector = NDArray[np.float32]

#: Number of cropped copies, in which the patches lie at moved places: the results of two copies differ by chance.
MOVES: Final = 4
_LEAST_CUT: Final = 0.05
_MOST_CUT: Final = 0.10
#: The side of each patch, then its distances down and across from a corner, in pixels.
_PATCHES: Final = ((3, 0, 0), (6, 0, 0), (6, 6, 0), (6, 12, 0), (6, 0, 6), (6, 0, 12), (6, 8, 8), (6, 16, 16))
_QUANTILES: Final = (0.001, 0.01, 0.1, 0.5, 0.9, 0.99, 0.999)


def tones(medium: Opened) -> Vector:
    """How light and how coloured the whole medium is; turning, mirroring or shuffling it does not change this."""
    pixels = [picture.reshape(-1, 3).T for picture in medium.some]
    return np.concatenate([_tone_statistics(np.concatenate(channel)) for channel in zip(*pixels, strict=True)])


def _tone_statistics(channel: NDArray[np.uint8]) -> Vector:
    counts = np.bincount(channel, minlength=256)
    cumulative, levels = np.cumsum(counts) / len(channel), np.arange(256)
    mean = float(counts @ levels) / len(channel)
    spread = float(counts @ (levels - mean) ** 2) / len(channel)
    return np.array([*np.searchsorted(cumulative, _QUANTILES), mean, spread**0.5], dtype=np.float32)


def patches(medium: Opened) -> tuple[Vector, ...]:
    """Colours of small patches at the corners and the middles of the sides: of the medium, then of cropped copies.

    The first vector is that of the medium; each of the other :data:`MOVES` is that of one copy.
    """
    digest_bytes = bytes.fromhex(medium.sha256)
    copy_margins = [
        [_LEAST_CUT + (_MOST_CUT - _LEAST_CUT) * k / 255 for k in digest_bytes[4 * m : 4 * m + 4]] for m in range(MOVES)
    ]
    return tuple(_mean_patch_colours(medium, margins) for margins in ([0.0] * 4, *copy_margins))


def _mean_patch_colours(medium: Opened, margins: list[float]) -> Vector:
    pictures = [_crop(picture, margins) for picture in medium.some]
    return np.asarray(np.mean([_patch_colours(picture) for picture in pictures], axis=0), dtype=np.float32)


def _crop(picture: NDArray[np.uint8], margins: list[float]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    left, top, right, bottom = margins
    return picture[int(top * height) : height - int(bottom * height), int(left * width) : width - int(right * width)]


def _patch_colours(picture: NDArray[np.uint8]) -> Vector:
    patch_means = []
    for step_y, step_x in product((1, -1), repeat=2):
        corner = picture[::step_y, ::step_x]
        patch_means += [corner[y : y + side, x : x + side].mean(axis=(0, 1)) for side, y, x in _PATCHES]
    height, width = (side // 2 - 3 for side in picture.shape[:2])
    patch_means += [
        rim[:6, offset : offset + 6].mean(axis=(0, 1)) for rim, offset in ((picture, width), (picture[::-1], width))
    ]
    patch_means += [
        rim[offset : offset + 6, :6].mean(axis=(0, 1))
        for rim, offset in ((picture, height), (picture[:, ::-1], height))
    ]
    return np.concatenate(patch_means).astype(np.float32)
