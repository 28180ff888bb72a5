"""Traces of how media were made, without their content: grids, noise, rhythm.

Grid features are content-free by construction: breaks between neighbouring pixels by phase, less their mean.
Noise features are medians over the smoother half of the picture, so that what is shown hardly counts.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from puzzlegen.audit.media import Opened, Plane, chroma, luma

Vector = NDArray[np.float32]

_PERIOD: Final = 8
_CLIP: Final = 12.0
_LAGS: Final = (1, 2, 3, 4)
_HIGH: Final = 5
_EPSILON: Final = 1e-3
#: Pixels from the top left corner that are looked at, along each axis.
_REGION: Final = 384


def _dct() -> NDArray[np.float32]:
    k, x = np.mgrid[0:_PERIOD, 0:_PERIOD]
    basis = np.cos((2 * x + 1) * k * np.pi / (2 * _PERIOD)) * np.sqrt(np.where(k == 0, 1, 2) / _PERIOD)
    return np.asarray(basis, dtype=np.float32)


_DCT: Final = _dct()
_PAIRS: Final = tuple(np.array([(u, v) for u in range(8) for v in range(u + 1, 8) if u + v >= _HIGH]).T)


def traces(medium: Opened) -> Vector:
    """Grid and noise, and for clips their course over time."""
    rhythm = _rhythm(medium) if medium.coded else np.zeros(0, np.float32)
    return np.concatenate([grid(medium), noise(medium), rhythm]).astype(np.float32)


def grid(medium: Opened) -> Vector:
    """Where blocks of 8 pixels begin, along both axes, counted from both ends, in luma and chroma."""
    return np.asarray(np.mean([_grid(picture) for picture in medium.some], axis=0), dtype=np.float32)


def _grid(picture: NDArray[np.uint8]) -> Vector:
    part = picture[:_REGION, :_REGION]
    height, width = picture.shape[:2]
    light, colour = luma(part), np.abs(np.diff(chroma(part)[::2, ::2], axis=1)).sum(axis=2)
    down = np.abs(np.diff(chroma(part)[::2, ::2], axis=0)).sum(axis=2).T
    found = []
    for plane, steps, side in ((light, colour, width), (light.T, down, height)):
        breaks = np.minimum(np.abs(np.diff(plane, 3, axis=1)), _CLIP).mean(axis=0)
        found += [_phases(breaks, side, 4), _phases(_fine(plane), side, 8)]
        found.append(_phases(np.minimum(steps, _CLIP).mean(axis=0), side // 2, 2))
    return np.concatenate(found)


def _fine(plane: Plane) -> Vector:
    """How strong the finest frequencies of 8 pixels are, by where the 8 begin: least where a block began."""
    every_other = np.ascontiguousarray(plane[::2])
    windows = np.lib.stride_tricks.sliding_window_view(every_other, _PERIOD, axis=1)
    strength = np.minimum(np.abs(windows @ _DCT[_HIGH:].T), _CLIP).sum(axis=2)
    return np.asarray(strength.mean(axis=0), dtype=np.float32)


def _phases(values: Vector, side: int, reach: int) -> Vector:
    """Values by phase from the first pixel, then from the last, against their mean; each spans ``reach`` pixels."""
    if len(values) < 2 * _PERIOD:
        return np.zeros(2 * _PERIOD, np.float32)
    whole = values[: len(values) // _PERIOD * _PERIOD].reshape(-1, _PERIOD)
    # Against the mean of its own eight, then the median: a single sharp edge in the picture is no grid.
    found = np.median(whole - whole.mean(axis=1, keepdims=True), axis=0) / (whole.mean() + _EPSILON)
    back = found[(side - reach - np.arange(_PERIOD)) % _PERIOD]
    return np.concatenate([found, back]).astype(np.float32)


def noise(medium: Opened) -> Vector:
    """Strength and texture of noise along both axes, and how the finest block frequencies differ between them."""
    found = [_noise(luma(picture[:_REGION, :_REGION])) for picture in medium.some]
    return np.asarray(np.mean(found, axis=0), dtype=np.float32)


def _noise(plane: Plane) -> Vector:
    across, down = _texture(plane), _texture(plane.T)
    return np.concatenate([across + down, across - down, _block_balance(plane)]).astype(np.float32)


def _texture(plane: Plane) -> Vector:
    """Along rows: median size of 2nd and 4th differences, and correlation at short lags, in the smoother half."""
    second = np.diff(plane, 2, axis=1)
    fourth = np.diff(second, 2, axis=1)
    rough = np.abs(second).mean(axis=1)
    calm = rough <= np.median(rough)
    second, fourth = second[calm], fourth[calm]
    sizes = [_log_median(second), _log_median(fourth), _log_median(np.clip(second, -_CLIP, _CLIP), mean=True)]
    clipped = np.clip(second, -_CLIP, _CLIP)
    power = float((clipped**2).mean()) + _EPSILON
    lags = [float((clipped[:, lag:] * clipped[:, :-lag]).mean()) / power for lag in _LAGS]
    return np.array([*sizes, *lags], dtype=np.float32)


def _log_median(values: Plane, *, mean: bool = False) -> float:
    size = np.abs(values)
    return float(np.log((size.mean() if mean else np.median(size)) + _EPSILON))


def _block_balance(plane: Plane) -> Vector:
    """For each pair of mirrored fine frequencies of the 8x8 blocks: how much stronger the one is than the other."""
    height, width = (side // _PERIOD * _PERIOD for side in plane.shape)
    blocks = plane[:height, :width].reshape(height // _PERIOD, _PERIOD, width // _PERIOD, _PERIOD)
    strength = np.median(np.abs(_DCT @ blocks.transpose(0, 2, 1, 3) @ _DCT.T), axis=(0, 1))
    balance = np.log(strength + 0.1) - np.log(strength.T + 0.1)
    return np.asarray(balance[_PAIRS], dtype=np.float32)


def _rhythm(medium: Opened) -> Vector:
    """The course of coded size, noise and change from frame to frame."""
    planes = [luma(picture)[::2] for picture in medium.pictures]
    rough = [_log_median(np.diff(plane, 2, axis=1)) for plane in planes]
    change = [_log_median(b - a) for a, b in pairwise(planes)]
    size = [float(np.log(n)) for n in medium.coded]
    return np.concatenate([_course(series) for series in (size, rough, change)])


def _course(series: list[float]) -> Vector:
    """Trend, lopsidedness, periods and extremes of a series, whatever its length and scale."""
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
    """How sharp and how large a clip's frames are coded: for clips of one shot, what a source's key frames leave."""
    planes = [luma(picture)[::2] for picture in medium.pictures]
    rough = np.array([_log_median(np.diff(plane, 2, axis=1)) for plane in planes])
    size = np.log(np.array(medium.coded or [medium.weight], dtype=np.float64))
    return np.array(
        [rough.mean(), rough[0], rough[-1], rough[-1] - rough[0], size.mean(), size[0], size[-1], size[-1] - size[0]],
        dtype=np.float32,
    )
