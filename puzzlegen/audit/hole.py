"""Does a piece continue what lies around the striped hole of a picture? Only the rim of the hole is compared."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from puzzlegen.audit.joints import Floats, alike, strips
from puzzlegen.audit.media import chroma, luma
from puzzlegen.media.geometry import Box

_STRIPE_PX: Final = 6
_TONES: Final = (112, 144)
_TONE_TOLERANCE: Final = 14
_STRIP_PX: Final = 10
_LEAST_SIDE_PX: Final = 40
#: Shares of the hole's side that a piece may show: all of it, or all but its rim.
_VISIBLE_SHARES: Final = (1.0, 0.6)


def hole_of(picture: NDArray[np.uint8]) -> Box | None:
    """Find the square with diagonal grey stripes: its left, top, right and bottom; None if there is none."""
    grey = luma(picture)
    plain = np.ptp(picture, axis=2) < _TONE_TOLERANCE
    y, x = np.indices(grey.shape)
    mask = np.zeros(grey.shape, dtype=bool)
    for phase in range(2 * _STRIPE_PX):
        stripes = np.where((x + y + phase) // _STRIPE_PX % 2, *_TONES)
        striped = plain & (np.abs(grey - stripes) < _TONE_TOLERANCE)
        if striped.sum() > mask.sum():
            mask = striped
    solid = Image.fromarray(mask.astype(np.uint8) * 255).filter(ImageFilter.BoxBlur(_STRIPE_PX))
    rows, cols = (np.flatnonzero((np.asarray(solid) > 200).any(axis=axis)) for axis in (1, 0))  # noqa: PLR2004
    if min(len(rows), len(cols)) < _LEAST_SIDE_PX:
        return None
    # The threshold on the blurred mask cuts off 4 pixels at each border: they are added again.
    return int(cols[0]) - 4, int(rows[0]) - 4, int(cols[-1]) + 5, int(rows[-1]) + 5


def hole_table(picture: NDArray[np.uint8], pieces: Sequence[NDArray[np.uint8]]) -> Floats | None:
    """One row per piece: how well its sides continue the strips around the hole; None if there is no hole."""
    if (box := hole_of(picture)) is None:
        return None
    strips_by_share = [_strips_around(_planes(picture), box, share) for share in _VISIBLE_SHARES]
    return np.stack(
        [np.concatenate([_compared_sides(ring, _planes(piece)) for ring in strips_by_share]) for piece in pieces]
    )


def _planes(picture: NDArray[np.uint8]) -> Floats:
    return np.dstack([luma(picture), chroma(picture)])


def _strips_around(planes: Floats, box: Box, share: float) -> dict[int, Floats]:
    """The strips around the hole by side (0 left, 1 right, 2 top, 3 bottom), as long as the part that a piece shows.

    Sides too close to the picture's border are left out.
    """
    left, top, right, bottom = box
    rim = round((right - left) * (1 - share) / 2)
    height, width = planes.shape[:2]
    down, along = slice(max(0, top + rim), bottom - rim), slice(max(0, left + rim), right - rim)
    upright = np.swapaxes(planes, 0, 1)
    side_strips = {}
    if left >= _STRIP_PX:
        side_strips[0] = strips(planes[down, left - _STRIP_PX : left], 0)
    if width - right >= _STRIP_PX:
        side_strips[1] = strips(planes[down, right : right + _STRIP_PX], 2)
    if top >= _STRIP_PX:
        side_strips[2] = strips(upright[along, top - _STRIP_PX : top], 0)
    if height - bottom >= _STRIP_PX:
        side_strips[3] = strips(upright[along, bottom : bottom + _STRIP_PX], 2)
    return side_strips


def _compared_sides(hole_strips: dict[int, Floats], piece: Floats) -> Floats:
    """Mean, minimum and maximum over the sides of the differences between the piece's strip and the hole's."""
    upright = np.swapaxes(piece, 0, 1)
    piece_strips = [strips(piece, 2), strips(piece, 0), strips(upright, 2), strips(upright, 0)]
    rows = np.stack(
        [_strip_features(hole_strip, piece_strips[side]) for side, hole_strip in hole_strips.items()]
        or [np.zeros(9, np.float32)]
    )
    return np.concatenate([rows.mean(axis=0), rows.min(axis=0), rows.max(axis=0)]).astype(np.float32)


def _strip_features(a: Floats, b: Floats) -> Floats:
    """Compare two strips, ``(3 depths, 32 samples, 3 channels)`` each, by level, by shape and by how rough they are."""
    level = np.abs(a[0] - b[0]).mean(axis=0)
    shapes = [float(alike(a[:1, :, k], b[:1, :, k])[0][0, 0]) for k in range(3)]
    shifted = float(alike(a[:1, :, 0], b[:1, :, 0])[1][0, 0])
    roughness = [float(np.log(np.abs(np.diff(x[0, :, 0])).mean() + 1)) for x in (a, b)]
    spread = [float(np.log(x[0, :, 0].std() + 1)) for x in (a, b)]
    return np.array(
        [*level, *shapes, shifted, abs(roughness[0] - roughness[1]), abs(spread[0] - spread[1])], dtype=np.float32
    )
