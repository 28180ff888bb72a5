"""Whether a picture has an "up": what a person needs to say how it was turned without seeing it as it was.

Leaves, moss, blossoms, tissue, wood and things on a table have none. Three clues together tell most of them from
scenes: what stands has outlines along gravity and across it, a scene is not arranged alike from two sides, and its
parts differ strongly. None of them changes by a right turn or by mirroring, so that being kept never tells how a
picture will be shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable, exact
from puzzlegen.media.opened import OpenItem

Grey = NDArray[np.floating[Any]]

#: Shorter side of the miniature in which outlines are looked at, and side of the squares in which layouts are.
SIDE: Final = 64
_COARSE: Final = 16
#: Gradients within 22 degrees of an axis count as along it; a flat picture must not divide by nothing.
_NEAR: Final = 0.41
_FAINT: Final = 0.0025
# Learned on 294 photos of two collections, each called with or without an "up" by eye, and rounded.
_WEIGHTS: Final = {"axes": 28.0, "change": 5.0, "contrast": 2.4}
# Set on other puzzles of one collection; in the other, none of 52 without an "up" or in doubt reaches it.
_LEAST: Final = 32.0
_LEAST_CLARITY: Final = 8.0
#: How much less is asked of clips. Set by eye on 48 of them, mostly of people, who show it by themselves: below lie
#: leaves, cubes on a table and the moon, and a ride, two arms and a face.
LESS_FOR_CLIPS: Final = 2.0


def least_margin(
    margin: float, item: OpenItem, small: Image.Image, look: Callable[[], float], less: float = 0.0
) -> float:
    """A margin, or that of :func:`upright_margin` if it is less.

    An audit of media as they are found is about what they bear, not about what they show: those are not asked.
    """
    return min(margin, upright_margin(small, look, less)) if item.cleaned else margin


def upright_margin(small: Image.Image, look: Callable[[], float], less: float = 0.0) -> float:
    """How clearly a picture has an "up", 0 (just enough) upwards, as a mean over the two squares at its ends.

    Args:
        small: grey miniature whose shorter side is :data:`SIDE`.
        look: finds what the whole picture shows, see :func:`puzzlegen.media.places.clarity`: a cover of a book has
            lines along and across, and no "up". It costs most, and so is asked for last.
        less: how much less is asked of the three clues together than what it takes to say how a picture was turned.

    Raises:
        Unusable: ``no_upright``.
    """
    values = np.asarray(small, dtype=np.float32)
    ends = [clues(values[:SIDE, :SIDE])]
    if values.shape != (SIDE, SIDE):
        ends.append(clues(values[-SIDE:, -SIDE:]))
    found = {name: sum(end[name] for end in ends) / len(ends) for name in _WEIGHTS}
    shown = sum(weight * found[name] for name, weight in _WEIGHTS.items())
    least = _LEAST - less
    if shown < least:
        seen = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
        raise Unusable("no_upright", f'little that shows an "up": {exact(shown, least)}, needs {least} ({seen})')
    if (clear := look()) < _LEAST_CLARITY:
        raise Unusable("no_upright", f"the picture shows too little: {clear:.1f}, needs {_LEAST_CLARITY}")
    return shown - least


def clues(square: Grey) -> dict[str, float]:
    """What pictures with an "up" have more of.

    Args:
        square: grey levels, ``(SIDE, SIDE)``.

    Returns:
        axes: share of outlines that run along or across the picture; strong ones count by their square root.
        change: by how much the right turn or half turn that changes the layout least does so, in deviations.
        contrast: logarithm of the layout's deviation, in grey levels.
    """
    layout = square.reshape(_COARSE, SIDE // _COARSE, _COARSE, SIDE // _COARSE).mean(axis=(1, 3))
    spread = float(layout.std())
    change = min(float(np.abs(layout - np.rot90(layout, k)).mean()) for k in (1, 2))
    return {"axes": _axes(square), "change": change / (spread + 1), "contrast": math.log(spread + 1)}


def _axes(square: Grey) -> float:
    across = np.abs(np.diff(square[1:] + square[:-1], axis=1))
    along = np.abs(np.diff(square[:, 1:] + square[:, :-1], axis=0))
    less, more = np.minimum(across, along), np.maximum(across, along)
    strength = np.sqrt(np.sqrt(less**2 + more**2))
    return float(strength[less < _NEAR * more].sum() / (strength.sum() + _FAINT * strength.size))
