"""Colour augmentation as in SimCLR: changes of colour, brightness and sharpness that leave the geometry untouched.

The pixel functions come from albumentations, except for the change of hue: theirs depends on the processor, so we use
our own. Every parameter is drawn from the puzzle's own random stream.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import RecipeError, Unusable
from puzzlegen.media.hue import hue_turned
from puzzlegen.media.similarity import detail
from puzzlegen.rng import Rng

#: Packages whose versions decide the pixels of :func:`recoloured`.
AUGMENT_PACKAGES: Final = ("albumentations", "opencv-python-headless")

Strength = Literal["plain", "strong"]
Pixels = NDArray[np.uint8]

# Set by eye on views of 126 photos: below 3 grey levels they show sky, wall or blur, above it something to name.
LEAST_DETAIL: Final = 3.0
_KEPT_DETAIL_SHARE: Final = 0.8
_TRIES: Final = 16
_JITTER: Final = 0.8
#: Blur weights and the saturation factor are rounded to this fraction (1/256): single precision then holds all sums
#: exactly, so that no processor can round them differently.
_FRACTION_STEPS: Final = 256
_HUE: Final = 0.2
_BLUR_PX: Final = (0.1, 2.0)
_BLUR_SIDE_PX: Final = 224


def recoloured(picture: Image.Image, rng: Rng, strength: Strength) -> Image.Image:
    """Return the picture with randomly changed colours; a change that leaves too little detail is drawn again.

    Raises:
        Unusable: ``flat``, if none of the changes drawn leaves enough detail.
        RecipeError: albumentations is not installed.
    """
    return recoloured_alike([picture], rng, strength)[0]


def recoloured_alike(pictures: Sequence[Image.Image], rng: Rng, strength: Strength) -> list[Image.Image]:
    """Return the pictures, all with the same random change of colours; raises what :func:`recoloured` raises."""
    for _ in range(_TRIES):
        change_seed = rng.bits(64)
        candidates = [
            Image.fromarray(changed(np.asarray(picture), rng.fork("change", change_seed), strength))
            for picture in pictures
        ]
        if all(_has_enough_detail(candidate, picture) for candidate, picture in zip(candidates, pictures, strict=True)):
            return candidates
    raise Unusable("flat", f"{_TRIES} drawn changes of colour leave nothing to see")


def _has_enough_detail(candidate: Image.Image, original: Image.Image) -> bool:
    detail_left = detail(candidate)
    return detail_left >= LEAST_DETAIL or detail_left >= _KEPT_DETAIL_SHARE * detail(original)


def changed(pixels: Pixels, rng: Rng, strength: Strength) -> Pixels:
    """Return RGB pixels after random colour jitter, greyscale and blur.

    A ``strong`` change may also solarise and equalise, and it applies greyscale and blur more often.
    """
    strong = strength == "strong"
    f = _functions()
    if _happens(rng, 0.8):
        pixels = _jittered(pixels, rng)
    if _happens(rng, 0.8 if strong else 0.2):
        pixels = np.repeat(f.to_gray_weighted_average(pixels)[:, :, None], 3, axis=2)
    if _happens(rng, 0.8 if strong else 0.5):
        pixels = f.separable_convolve(pixels, _kernel(rng.uniform(*_BLUR_PX) * pixels.shape[1] / _BLUR_SIDE_PX))
    if strong and _happens(rng, 0.8):
        pixels = f.solarize(pixels, 0.5)
    if strong and _happens(rng, 0.8):
        pixels = f.equalize(pixels, mode="pil")
    return pixels


def _happens(rng: Rng, probability: float) -> bool:
    return rng.uniform() < probability


def _jittered(pixels: Pixels, rng: Rng) -> Pixels:
    f = _functions()
    brightness, contrast, saturation = (rng.uniform(1 - _JITTER, 1 + _JITTER) for _ in range(3))
    hue = rng.uniform(-_HUE, _HUE)
    changes: list[Callable[[Pixels], Pixels]] = [
        lambda p: f.adjust_brightness_torchvision(p, brightness),
        lambda p: f.adjust_contrast_torchvision(p, contrast),
        lambda p: f.adjust_saturation_torchvision(p, round(_FRACTION_STEPS * saturation) / _FRACTION_STEPS),
        lambda p: hue_turned(p, hue),
    ]
    for change in rng.shuffled(changes):
        pixels = change(pixels)
    return pixels


def _kernel(sigma: float) -> NDArray[np.float32]:
    """Return the weights of a Gaussian blur, as whole multiples of 1/256.

    Single precision then sums the products exactly, also when the blur is applied along both axes.
    """
    reach = max(1, math.ceil(3 * sigma))
    half_weights = [math.exp(-0.5 * (k / sigma) ** 2) for k in range(1, reach + 1)]
    rounded = [round(_FRACTION_STEPS * weight / (1 + 2 * math.fsum(half_weights))) for weight in half_weights]
    return np.array([*rounded[::-1], _FRACTION_STEPS - 2 * sum(rounded), *rounded], dtype=np.float32) / np.float32(
        _FRACTION_STEPS
    )


@cache
def _functions() -> Any:  # noqa: ANN401 - a module without types
    """Return the module of albumentations' pixel functions, imported on first use because the import takes seconds.

    Raises:
        RecipeError: albumentations is not installed.
    """
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")
    try:
        import cv2  # noqa: PLC0415 - comes with albumentations

        with _without_torch():
            from albumentations.augmentations.pixel import functional  # noqa: PLC0415
    except ImportError as err:
        raise RecipeError('view augmentation needs albumentations: pip install "puzzlegen[augment]"') from err
    # One thread, because a build already runs one process per core.
    cv2.setNumThreads(1)
    return functional


@contextmanager
def _without_torch() -> Iterator[None]:
    """Keep albumentations from importing torch, by a stand-in for the module that offers tensors.

    Where torch is installed, importing it is two thirds of albumentations' import time and takes 200 MB.
    """
    module_name = "albumentations.pytorch"
    if "torch" in sys.modules or module_name in sys.modules:
        yield
        return
    sys.modules[module_name] = ModuleType(module_name)
    try:
        yield
    finally:
        del sys.modules[module_name]
