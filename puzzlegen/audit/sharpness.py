"""How sharp and how noisy a picture is, which resampling, smoothing or noise that differs by answer would give away.

The features are the same however a picture is turned or mirrored, and compare fine detail with coarser detail, so that
content says little. A copy a quarter as large says as much of content, because pictures look alike at all scales, but a
slight blur and slight noise are gone from it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.audit.media import Opened, Plane, luma

Vector = NDArray[np.float32]

#: What the probe is called in reports.
SHARPNESS: Final = "sharpness and noise"
_SHRINK: Final = 4
_WINDOW: Final = 16
#: Pixels looked at in the middle, along each axis.
_REGION: Final = 384
#: Limits of the bands of spatial frequency, in cycles per pixel.
_LIMITS: Final = (0.06, 0.14, 0.22, 0.30, 0.38, 0.46, 0.71)
#: Noise shows most in the flattest windows of a picture, blur in the others.
_FLAT_QUANTILES: Final = (0.02, 0.1, 0.3)
_QUANTILES: Final = (0.1, 0.5, 0.9)
_RESIDUAL_QUANTILES: Final = (0.25, 0.5, 0.75)
#: About the power and the residual that rounding to whole grey levels leaves.
_LEAST_POWER: Final = 0.1
_LEAST_RESIDUAL: Final = 0.05


def _band_means() -> NDArray[np.float32]:
    """The matrix that takes the power at each frequency of a window to the mean power of each band."""
    frequency = np.hypot(np.fft.fftfreq(_WINDOW)[:, None], np.fft.rfftfreq(_WINDOW)[None, :])
    # The half plane's inner columns stand for two frequencies each; otherwise a turned picture would have other means.
    weight = np.full_like(frequency, 2)
    weight[:, [0, -1]] = 1
    is_in_band = [(frequency >= low) & (frequency < high) for low, high in pairwise(_LIMITS)]
    weights = [np.where(inside, weight, 0).ravel() for inside in is_in_band]
    return np.stack([band / band.sum() for band in weights], axis=1).astype(np.float32)


def _taper() -> NDArray[np.float32]:
    edge = np.hanning(_WINDOW + 2)[1:-1]
    taper = np.outer(edge, edge)
    return np.asarray(taper / np.sqrt((taper**2).sum()), dtype=np.float32)


_BAND_MEANS: Final = _band_means()
_TAPER: Final = _taper()
_BANDS: Final = len(_LIMITS) - 1
_LENGTH: Final = (
    len(_QUANTILES) * (_BANDS - 1) + len(_FLAT_QUANTILES) * _BANDS + _BANDS - 1 + 2 * (len(_RESIDUAL_QUANTILES) + 1)
)


def sharpness(medium: Opened) -> Vector:
    """Features of sharpness and noise: of a picture, or of the middle frame of a clip."""
    return _features(luma(_picture(medium)))


def sharpness_of_content(medium: Opened) -> Vector:
    """The same features of a copy a quarter as wide and high, without slight blur or noise: the probe's control."""
    image = Image.fromarray(_picture(medium))
    width, height = (max(1, side // _SHRINK) for side in image.size)
    return _features(luma(np.asarray(image.resize((width, height), Image.Resampling.BOX))))


def _picture(medium: Opened) -> NDArray[np.uint8]:
    return medium.pictures[len(medium.pictures) // 2]


def _features(plane: Plane) -> Vector:
    """The features of a picture's luma; all 0 if it is too small."""
    height, width = (min(side, _REGION) // _WINDOW * _WINDOW for side in plane.shape)
    if not height or not width:
        return np.zeros(_LENGTH, np.float32)
    top, left = (plane.shape[0] - height) // 2, (plane.shape[1] - width) // 2
    region = plane[top : top + height, left : left + width]
    power = _band_power(region)
    mean = np.log(power.mean(axis=0))
    logs = np.log(power)
    features = [
        np.quantile(np.diff(logs, axis=1), _QUANTILES, axis=0),
        np.quantile(logs, _FLAT_QUANTILES, axis=0),
        mean[1:] - mean[0],
        _residuals(region),
        _residuals(region.reshape(height // 2, 2, width // 2, 2).mean(axis=(1, 3))),
    ]
    return np.concatenate([part.ravel() for part in features]).astype(np.float32)


def _band_power(region: Plane) -> NDArray[np.float32]:
    """The power of each window in each band, ``(windows, bands)``."""
    rows, columns = (side // _WINDOW for side in region.shape)
    windows = region.reshape(rows, _WINDOW, columns, _WINDOW).swapaxes(1, 2).reshape(-1, _WINDOW, _WINDOW)
    windows = (windows - windows.mean(axis=(1, 2), keepdims=True)) * _TAPER
    power = np.abs(np.fft.rfft2(windows)).astype(np.float32) ** 2
    return np.asarray(power.reshape(len(windows), -1) @ _BAND_MEANS + _LEAST_POWER, dtype=np.float32)


def _residuals(plane: Plane) -> NDArray[np.float32]:
    """Logarithms of quantiles and of the mean of what two second differences, along both axes, leave of a picture."""
    bends = np.abs(np.diff(np.diff(plane, 2, axis=0), 2, axis=1)) / 6  # noise of deviation 1 gives deviation 1
    return np.log(np.array([*np.quantile(bends, _RESIDUAL_QUANTILES), bends.mean()]) + _LEAST_RESIDUAL)
