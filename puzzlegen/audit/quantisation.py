"""Steps of an earlier JPEG quantisation, which a picture went through before it was saved as it is now.

Coefficients of 8x8 blocks that were rounded to multiples of a step still lie near such multiples, if the blocks are cut
where they began then. Standard tables are not symmetric, so the steps tell whether a picture lies on its side; and the
corner from which the blocks fit is the one from which they were counted.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.media import Plane, luma

Vector = NDArray[np.float32]

_PERIOD: Final = 8
#: Pixels looked at from each corner, along each axis.
_REGION: Final = 256
_BINS: Final = 256
_PER_UNIT: Final = 2
_STEPS: Final = np.arange(3, 41)
_MIN_FIT: Final = 6.0
_LEAST_COUNT: Final = 40
#: The longest step is taken whose fit is at least this share of the best: half a step fits all that the step fits.
_FIT_TOLERANCE: Final = 0.8
_PAIRS: Final = tuple((u, v) for u in range(5) for v in range(u + 1, 5) if u + v < 6)  # noqa: PLR2004
_NO_FEATURES: Final = np.zeros(1 + len(_PAIRS), dtype=np.float32)
_COEFFICIENTS: Final = tuple(coefficient for u, v in _PAIRS for coefficient in ((u, v), (v, u)))


def _dct() -> NDArray[np.float32]:
    k, x = np.mgrid[0:_PERIOD, 0:_PERIOD]
    basis = np.cos((2 * x + 1) * k * np.pi / (2 * _PERIOD)) * np.sqrt(np.where(k == 0, 1, 2) / _PERIOD)
    return np.asarray(basis, dtype=np.float32)


#: The discrete cosine transform of 8 values, one frequency per row.
DCT: Final = _dct()
_VALUES: Final = np.arange(_BINS) / _PER_UNIT
# Values up to half a step were rounded to zero and say nothing of the step; beyond, a smooth decay counts against it.
_IS_BEYOND: Final = (_VALUES[:, None] > _STEPS / 2).astype(np.float64)
_WAVES: Final = np.cos(2 * np.pi * _VALUES[:, None] / _STEPS) * _IS_BEYOND


def steps(picture: NDArray[np.uint8], own: NDArray[np.float32]) -> Vector:
    """How many coefficients were quantised before, and how asymmetrically, for blocks counted from each corner.

    Args:
        picture: RGB.
        own: ``(8, 8)``, the steps of the file's own encoding; only steps well above these are looked for.

    Returns:
        Per corner: the share of coefficients with a step, then for each mirrored pair of coefficients the logarithm of
        the ratio of their steps, 0 if one has none. All are 0 where blocks coincide with the file's own: there the
        file's own steps would be found, and more often in texture than in sky.
    """
    plane = luma(picture)
    height, width = (side // _PERIOD * _PERIOD for side in plane.shape)
    if not height or not width:
        return np.tile(_NO_FEATURES, 4)
    region_height, region_width = min(height, _REGION), min(width, _REGION)
    is_coded = bool(own.any())
    return np.concatenate(
        [
            _NO_FEATURES
            if is_coded and y % _PERIOD == x % _PERIOD == 0
            else _corner_features(plane[y : y + region_height, x : x + region_width], own)
            for y in (0, plane.shape[0] - region_height)
            for x in (0, plane.shape[1] - region_width)
        ]
    )


def _corner_features(plane: Plane, own: NDArray[np.float32]) -> Vector:
    height, width = plane.shape
    blocks = plane.reshape(height // _PERIOD, _PERIOD, width // _PERIOD, _PERIOD).transpose(0, 2, 1, 3)
    magnitudes = np.abs(DCT @ blocks @ DCT.T).reshape(-1, _PERIOD, _PERIOD)
    step_sizes = {
        coefficient: _find_step(magnitudes[:, coefficient[0], coefficient[1]], float(own[coefficient]))
        for coefficient in _COEFFICIENTS
    }
    is_known = [float(step > 0) for step in step_sizes.values()]
    tilt = [
        np.log(step_sizes[u, v] / step_sizes[v, u]) if step_sizes[u, v] and step_sizes[v, u] else 0.0 for u, v in _PAIRS
    ]
    return np.array([sum(is_known) / len(is_known), *tilt], dtype=np.float32)


def _find_step(values: Vector, own: float) -> float:
    """The step of which the values are multiples; 0 if there is none."""
    bins = np.minimum((values * _PER_UNIT + 0.5).astype(np.int64), _BINS - 1)
    counts = np.bincount(bins, minlength=_BINS)
    counts[-1] = 0
    counted = counts @ _IS_BEYOND
    fit = (counts @ _WAVES) * np.sqrt(2 / np.maximum(counted, 1))
    fit[(counted < _LEAST_COUNT) | (1.4 * own + 1 > _STEPS)] = 0
    best = float(fit.max())
    return float(_STEPS[np.flatnonzero(fit >= _FIT_TOLERANCE * best)[-1]]) if best > _MIN_FIT else 0.0
