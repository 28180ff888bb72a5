"""Check whether a picture has an "up", so that a person can say how it was turned without seeing the original.

Leaves, moss, blossoms, tissue, wood and things on a table have none. Three clues together tell most of these from
scenes: things that stand have outlines along gravity and across it, a scene is not arranged alike from two sides, and
its parts differ strongly. None of the clues changes when the picture is turned by a right angle or mirrored, so whether
a picture is kept never reveals how it will be shown.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable, exact
from puzzlegen.media.geometry import least_turn_change, root_mean_square
from puzzlegen.media.opened import OpenItem

Grey = NDArray[np.floating[Any]]

#: Shorter side of the miniature in which outlines are measured, and (_LAYOUT_SIDE) side of the layouts that are
#: compared.
SIDE: Final = 64
_LAYOUT_SIDE: Final = 16
_STEP: Final = SIDE // _LAYOUT_SIDE
#: Gradients within 22 degrees of an axis count as along it; _FLATNESS_FLOOR keeps a flat picture from dividing by 0.
_MAX_AXIS_SLOPE: Final = 0.41
_FLATNESS_FLOOR: Final = 0.0025
# Learned on 294 photos of two collections, each judged by eye to have an "up" or not, and rounded.
_WEIGHTS: Final = {"axes": 28.0, "change": 5.0, "contrast": 2.4}
# Set on other puzzles of one collection; in the other, none of 52 pictures without an "up" or in doubt reaches it.
_LEAST: Final = 32.0
_LEAST_CLARITY: Final = 8.0
#: By how much the minimum is lower for clips. Set by eye on 48 clips, mostly of people, who show by themselves which
#: way is up: below lie leaves, cubes on a table and the moon, but also a ride, two arms and a face.
LESS_FOR_CLIPS: Final = 2.0


def least_margin(
    margin: float, item: OpenItem, small: Image.Image, look: Callable[[], float], less: float = 0.0
) -> float:
    """Return the smaller of ``margin`` and :func:`upright_margin`; for media that are not cleaned, just ``margin``.

    Uncleaned media are for audits of the traces in files, where it does not matter what the pictures show.
    """
    return min(margin, upright_margin(small, look, less)) if item.cleaned else margin


def upright_margin(small: Image.Image, look: Callable[[], float], less: float = 0.0) -> float:
    """Return how clearly a picture has an "up", from 0 (just enough), as a mean over the squares at its two ends.

    Args:
        small: grey miniature whose shorter side is :data:`SIDE`.
        look: measures how much the whole picture shows, see :func:`puzzlegen.media.places.clarity`: the cover of a book
            has lines along and across, but no "up". This is the most expensive check, so it is called last.
        less: by how much the minimum for the three clues together is lower than for saying how a picture was turned.

    Raises:
        Unusable: ``no_upright`` if the clues or ``look`` stay below their minima.
    """
    values = np.asarray(small, dtype=np.float32)
    ends = [clues(values[:SIDE, :SIDE])]
    if values.shape != (SIDE, SIDE):
        ends.append(clues(values[-SIDE:, -SIDE:]))
    measured = {name: sum(end[name] for end in ends) / len(ends) for name in _WEIGHTS}
    evidence = sum(weight * measured[name] for name, weight in _WEIGHTS.items())
    required = _LEAST - less
    if evidence < required:
        details = ", ".join(f"{name} {value:.2f}" for name, value in measured.items())
        raise Unusable(
            "no_upright", f'little that shows an "up": {exact(evidence, required)}, needs {required} ({details})'
        )
    if (clarity := look()) < _LEAST_CLARITY:
        raise Unusable("no_upright", f"the picture shows too little: {clarity:.1f}, needs {_LEAST_CLARITY}")
    return evidence - required


def clues(square: Grey) -> dict[str, float]:
    """Measure what pictures with an "up" have more of.

    Args:
        square: grey levels, ``(SIDE, SIDE)``.

    Returns:
        axes: share of outlines that run along or across the picture, each weighted by the square root of its strength.
        change: how much the layout changes by a quarter turn or a half turn, whichever is less, in standard deviations.
        contrast: logarithm of the layout's standard deviation in grey levels.
    """
    # One axis after the other takes numpy half the time of both at once; sums of whole levels are exact either way.
    rows = square.reshape(_LAYOUT_SIDE, _STEP, SIDE).sum(axis=1)
    layout = rows.reshape(_LAYOUT_SIDE, _LAYOUT_SIDE, _STEP).sum(axis=2) / _STEP**2
    spread = root_mean_square(layout - layout.mean())
    change = least_turn_change(layout)
    return {"axes": _axis_share(square), "change": change / (spread + 1), "contrast": math.log(spread + 1)}


def _axis_share(square: Grey) -> float:
    row_pairs, column_pairs = square[1:] + square[:-1], square[:, 1:] + square[:, :-1]
    x_gradient = np.abs(row_pairs[:, 1:] - row_pairs[:, :-1])
    y_gradient = np.abs(column_pairs[1:] - column_pairs[:-1])
    weaker, stronger = np.minimum(x_gradient, y_gradient), np.maximum(x_gradient, y_gradient)
    strength = np.sqrt(np.sqrt(weaker * weaker + stronger * stronger))
    return float(
        strength[weaker < _MAX_AXIS_SLOPE * stronger].sum() / (strength.sum() + _FLATNESS_FLOOR * strength.size)
    )
