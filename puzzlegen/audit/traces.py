"""Traces of how media were made, without their content: block grids, quantisation steps, the rhythm of key frames.

The content of a picture does not depend on where blocks of 8 pixels begin. So features of grids are contrasts between
phases of such blocks, in units of their standard error: in media without traces about normal with standard deviation 1,
whatever they show and however they are turned. The blocks of the file's own encoding begin at the top left corner and
look the same from both sides; contrasts between phases that mirror each other about this grid cancel it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.media import Opened, Plane, chroma, luma
from puzzlegen.audit.quantisation import DCT, steps
from puzzlegen.audit.sharpness import sharpness

Vector = NDArray[np.float32]

_PERIOD: Final = 8
_MAX_DIFFERENCE: Final = 12.0
_LAGS: Final = (1, 2, 3, 4)
_HIGH_FREQUENCY: Final = 5
_EPSILON: Final = 1e-3
_RUNNING_MEAN: Final = np.array([0.5, *[1.0] * (_PERIOD - 1), 0.5], dtype=np.float32) / _PERIOD
_LEAST_BLOCKS: Final = 4
#: Features per axis: three profiles from either end, and the rounding of chroma from either end.
_PER_AXIS: Final = 3 * 2 * _PERIOD + 2
#: Pixels looked at from the top left corner, along each axis.
_REGION: Final = 384


def traces(medium: Opened) -> Vector:
    """The block grid, then the steps of an earlier quantisation (pictures), or the course and sharpness (clips)."""
    if medium.coded:
        history = [_time_course(medium), sharpness(medium)]
    else:
        history = [steps(medium.pictures[0], medium.own_steps)]
    return np.concatenate([grid(medium), *history]).astype(np.float32)


def grid(medium: Opened) -> Vector:
    """Signs of where blocks of 8 pixels begin, along both axes, counted from both ends, in luma and chroma."""
    mean_features = np.mean([_grid_features(picture, halved=medium.halved) for picture in medium.some], axis=0)
    return np.asarray(np.arcsinh(mean_features), dtype=np.float32)


def _grid_features(picture: NDArray[np.uint8], *, halved: bool) -> Vector:
    if min(picture.shape[:2]) < 2 * _PERIOD:
        return np.zeros(2 * _PER_AXIS, np.float32)
    region = picture[:_REGION, :_REGION]
    light, colour = luma(region), chroma(region)
    if halved:
        height, width = (side // 2 * 2 for side in colour.shape[:2])
        colour = colour[:height, :width].reshape(height // 2, 2, width // 2, 2, 2).mean(axis=(1, 3))
    columns, lines = picture.shape[1], picture.shape[0]
    return np.concatenate(
        [
            _axis_features(light, colour, columns, halved=halved),
            _axis_features(light.T, colour.swapaxes(0, 1), lines, halved=halved),
        ]
    )


def _axis_features(light: Plane, tint: Plane, side: int, *, halved: bool) -> Vector:
    """The features of one axis: breaks and fine frequencies of luma, breaks and asymmetric rounding of chroma."""
    tint_side = side // 2 if halved else side
    breaks = np.minimum(np.abs(np.diff(light, 3, axis=1)), _MAX_DIFFERENCE).mean(axis=0)
    return np.concatenate(
        [
            _phases(breaks, side, 4, own_grid=halved),
            _phases(_fine_strength(light), side, _PERIOD, own_grid=halved),
            _phases(_mean_bends(tint), tint_side, 4, own_grid=halved),
            np.zeros(2, np.float32) if halved else _chroma_tilt(tint, tint_side),
        ]
    )


def _mean_bends(tint: Plane) -> Vector:
    """The mean size of third differences of both chroma planes, by column."""
    return np.asarray(np.minimum(np.abs(np.diff(tint, 3, axis=1)), _MAX_DIFFERENCE).mean(axis=(0, 2)), dtype=np.float32)


def _chroma_tilt(tint: Plane, side: int) -> Vector:
    """Signed bends of chroma at even minus odd columns: what rounding leaves when chroma is brought to full size."""
    bends = np.clip(np.diff(tint, 2, axis=1), -_MAX_DIFFERENCE, _MAX_DIFFERENCE).mean(axis=(0, 2))
    cut_values = _cut_blocks(bends)
    if cut_values is None:
        return np.zeros(2, np.float32)
    blocks, rise = cut_values
    even = blocks[:, ::2].mean(axis=1) - blocks[:, 1::2].mean(axis=1)
    front = _in_standard_errors(even[:, None], rise)
    back = front if (side - 3) % 2 == 0 else -front
    return np.concatenate([front, back])


def _fine_strength(plane: Plane) -> Vector:
    """The strength of the finest frequencies in 8 pixels, by where these begin: weakest where a block began."""
    every_other = np.ascontiguousarray(plane[::2])
    windows = np.lib.stride_tricks.sliding_window_view(every_other, _PERIOD, axis=1)
    strength = np.minimum(np.abs(windows @ DCT[_HIGH_FREQUENCY:].T), _MAX_DIFFERENCE).sum(axis=2)
    return np.asarray(strength.mean(axis=0), dtype=np.float32)


def _phases(values: Vector, side: int, reach: int, *, own_grid: bool) -> Vector:
    """The mean of values by their phase in a block, in standard errors, counted from the first pixel and from the last.

    Args:
        values: one per position along the axis; each spans ``reach`` pixels.
        side: length of the whole picture along the axis.
        reach: an even number of pixels.
        own_grid: whether the file itself is coded in blocks; then only the part that is antisymmetric about the
            blocks' borders is returned.

    Returns:
        ``(16,)``.
    """
    cut_values = _cut_blocks(values)
    if cut_values is None:
        return np.zeros(2 * _PERIOD, np.float32)
    blocks, rise = cut_values
    if own_grid:
        # A span centred on a block's border mirrors onto itself.
        blocks = blocks - blocks[:, (-reach - np.arange(_PERIOD)) % _PERIOD]
    front = _in_standard_errors(blocks, rise)
    return np.concatenate([front, front[(side - reach - np.arange(_PERIOD)) % _PERIOD]])


def _cut_blocks(values: Vector) -> tuple[Vector, Vector] | None:
    """Cut values into ``(blocks, 8)``, minus their running mean, and return how this mean rises in each block, too.

    The running mean is subtracted because where texture lies is content. None if there are too few values.
    """
    if len(values) < (_LEAST_BLOCKS + 1) * _PERIOD:
        return None
    count = (len(values) - _PERIOD) // _PERIOD
    first = _PERIOD // 2
    running_mean = np.convolve(values, _RUNNING_MEAN, mode="valid")
    flat = (values[first : first + len(running_mean)] - running_mean)[: count * _PERIOD].reshape(count, _PERIOD)
    # The running mean begins in the middle of a block, as ``flat`` does.
    rise = np.diff(running_mean[: (count + 1) * _PERIOD : _PERIOD])
    rise = np.concatenate([rise, np.zeros(count - len(rise), np.float32)])
    return np.asarray(np.roll(flat, first, axis=1), dtype=np.float32), rise


def _in_standard_errors(contrasts: Vector, rise: Vector) -> Vector:
    """The mean of contrasts over the half of the blocks where texture rises least, in standard errors.

    ``(blocks, k)`` to ``(k,)``. Quantisation makes a contrast out of a rise of texture, and where texture rises is
    content: skies lie above. Subtracting what is linear in the rise is not enough: the rotation of 938 clean photos was
    then named 31 % of the time from phases alone (chance 25 %); with half of the blocks, it is named 25 % of the time.
    """
    calm_blocks = contrasts[np.argsort(np.abs(rise), kind="stable")[: max(_LEAST_BLOCKS, len(rise) // 2)]]
    error = calm_blocks.std(axis=0, ddof=1) / np.sqrt(len(calm_blocks))
    return np.asarray(calm_blocks.mean(axis=0) / (error + _EPSILON / 10), dtype=np.float32)


def _time_course(medium: Opened) -> Vector:
    """How coded size, noise and change develop from frame to frame."""
    planes = [luma(picture)[::2] for picture in medium.pictures]
    roughness = [_log_median(np.diff(plane, 2, axis=1)) for plane in planes]
    change = [_log_median(b - a) for a, b in pairwise(planes)]
    size = [float(np.log(n)) for n in medium.coded]
    return np.concatenate([_series_features(series) for series in (size, roughness, change)])


def _log_median(values: Plane) -> float:
    return float(np.log(np.median(np.abs(values)) + _EPSILON))


def _series_features(series: list[float]) -> Vector:
    """Trend, skewness, periods and extremes of a series, independent of its length and scale."""
    values = np.array(series or [0.0])
    n = len(values)
    values = (values - values.mean()) / (values.std() + _EPSILON)
    steps = np.diff(values) if n > 1 else np.zeros(1)
    spread = steps.std() + _EPSILON
    lags = [float((values[lag:] * values[:-lag]).mean()) if n > lag else 0.0 for lag in _LAGS]
    jump = int(np.argmax(np.abs(steps)))
    return np.array(
        [
            float((values * np.linspace(-1, 1, n)).mean()),
            float((values**3).mean()),
            float((((steps - steps.mean()) / spread) ** 3).mean()),
            *lags,
            np.argmax(values) / n,
            np.argmin(values) / n,
            jump / n,
            float(np.sign(steps[jump])),
        ],
        dtype=np.float32,
    )


def level(medium: Opened) -> Vector:
    """How sharp and how large a clip's frames are coded: in clips of one shot, a trace of the source's key frames."""
    planes = [luma(picture)[::2] for picture in medium.pictures]
    roughness = np.array([_log_median(np.diff(plane, 2, axis=1)) for plane in planes])
    size = np.log(np.array(medium.coded or [medium.weight], dtype=np.float64))
    return np.array(
        [
            roughness.mean(),
            roughness[0],
            roughness[-1],
            roughness[-1] - roughness[0],
            size.mean(),
            size[0],
            size[-1],
            size[-1] - size[0],
        ],
        dtype=np.float32,
    )
