"""What moves in a clip: shots, stillness, likeness to its own reverse.

Everything is sums of integers over 32x32 versions of the frames: cheap, and the same on every machine. The
thresholds were set on 50 public clips (films, hand-held phones, sports, sign language, screen recordings)
sampled at 5 to 8 frames per second, with every cut and dissolve that was found looked up by eye.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Pixels = NDArray[np.uint8]
Shorts = NDArray[np.int16]
Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Shots = tuple[tuple[int, int], ...]

_SIDE: Final = 32
_COARSE: Final = 16
_TONES: Final = 16
_SHIFT: Final = 3
#: A cut: no shift of the picture explains the change (0..255, or as a part of the pictures' own deviation, for a dark
#: scene changes little), and it is far above its surroundings ...
CUT_CHANGE: Final = 12.0
CUT_SHARE: Final = 0.3
_FAINT: Final = 8.0
CUT_RATIO: Final = 3.0
_SURROUNDINGS: Final = 3
#: ... or, whatever moves around it, change times the share of tones replaced is as large as this.
CUT_PRODUCT: Final = 9.0
#: A dissolve or fade: the frames between are mixtures of its ends (residual of their energy), the ends differ
#: (root mean square, 0..255), and no single step makes up most of the way.
FADE_RESIDUAL: Final = 0.03
FADE_CHANGE: Final = 40
FADE_STEP: Final = 0.6
_FADE_FRAMES: Final = range(4, 15)
#: Seconds cut away on either side of a joint.
MARGIN_S: Final = 0.3
#: Frames kept back where only the sampling ends, so that a joint right there is seen.
OPEN_MARGIN: Final = 1
_LEAST_SHOT: Final = 2
#: Stillness: all but this part of the picture keeps within so many grey levels (of 255).
MOVING_PART: Final = 0.05
STILL: Final = 6


def motion(frames: Pixels) -> Floats:
    """How much each frame differs from the one before.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.

    Returns:
        ``(T - 1,)`` mean absolute differences of 32x32 grey versions, 0..255; exactly 0 for a repeated frame.
    """
    grey = _grey(frames)
    change: Floats = np.abs(np.diff(grey, axis=0)).sum(axis=(1, 2)) / (_SIDE * _SIDE)
    return change


def static(frames: Pixels) -> bool:
    """Whether hardly anything moves: :func:`liveliness` under 6 of 255 grey levels.

    Among the shots of the measured clips it is 1 for a frozen picture, 2 where one arm of a far-off person is
    all that moves, 13 for the next and 90 in the middle.
    """
    return liveliness(frames) < STILL


def liveliness(frames: Pixels) -> int:
    """The range of grey levels (0..255) that all but the liveliest 5 % of a 32x32 version stay within."""
    grey = _grey(frames)
    ranges = np.sort((grey.max(axis=0) - grey.min(axis=0)).ravel())
    return int(ranges[int(ranges.size * (1 - MOVING_PART))])


def reversible(frames: Pixels) -> float:
    """How much the clip looks the same backwards, 0..1.

    The clip is mirrored in time about each point of its middle half; frames that fall on each other are
    compared, and their mean difference is set against that of all frames as far apart. 1: some mirroring maps
    the clip onto itself (a pendulum, a boomerang loop). 0: mirrored frames differ as any others do. Most
    shots of the measured clips lie between 0.0 and 0.45.

    It compares 32x32 grey pictures of one shot, so it sees no small movement and knows nothing of physics: a
    clip of low value may still look natural backwards. Without motion it is meaningless: ask :func:`static`.
    """
    grey = _grey(frames)
    count = len(grey)
    gaps = [np.abs(grey[lag:] - grey[:-lag]).sum(axis=(1, 2)) for lag in range(1, count)]
    usual = [float(gap.sum()) / gap.size for gap in gaps]
    ratios = []
    # Twice the centre, so that it may lie between two frames.
    for double in range(count // 2, 2 * (count - 1) - count // 2 + 1):
        first = max(0, double - count + 1)
        lags = [(start, double - 2 * start - 1) for start in range(first, (double + 1) // 2)]
        expected = sum(usual[lag] for _, lag in lags)
        if expected:
            ratios.append(sum(float(gaps[lag][start]) for start, lag in lags) / expected)
    return min(1.0, max(0.0, 1 - min(ratios, default=1.0)))


def find_shots(frames: Pixels, fps: float, *, begins: bool = True, ends: bool = True) -> Shots:
    """The parts of a clip without a cut, dissolve or fade, with ``MARGIN_S`` cut away at both ends of each.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        fps: their rate.
        begins: whether the film begins with them; where it goes on, less is cut away.
        ends: whether it ends with them.

    Returns:
        ``[start, stop)`` ranges of at least two frames, in order; may be empty.
    """
    colour = thumbnails(frames)
    joints = sorted([(0, 0), (len(frames), len(frames)), *_cuts(colour), *_fades(colour)])
    margin = margin_frames(fps)
    shots, begin = [], 0
    for (_, before), (after, _) in pairwise(joints):
        begin = max(begin, before)
        start = begin + (margin if begins or begin else OPEN_MARGIN)
        stop = after - (margin if ends or after < len(frames) else OPEN_MARGIN)
        if stop - start >= _LEAST_SHOT:
            shots.append((start, stop))
    return tuple(shots)


def margin_frames(fps: float) -> int:
    """How many frames are cut away on either side of a joint."""
    return int(MARGIN_S * fps + 1)


def thumbnails(frames: Pixels) -> Pixels:
    """``(T, 32, 32, 3)`` uint8, means of areas: all that is measured here. Those of thumbnails are themselves."""
    if frames.shape[1:3] == (_SIDE, _SIDE):
        return frames
    box = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(frame).resize((_SIDE, _SIDE), box)) for frame in frames])


def _grey(frames: Pixels) -> Ints:
    """``(T, 32, 32)``: the thumbnails without their colour."""
    strip = Image.fromarray(thumbnails(frames).reshape(-1, _SIDE, 3)).convert("L")
    return np.asarray(strip).reshape(-1, _SIDE, _SIDE).astype(np.int64)


def _coarse(colour: Pixels) -> Shorts:
    """``(T, 32, 32, 3)`` to ``(T, 16, 16, 3)``."""
    quads = colour.reshape(len(colour), _COARSE, 2, _COARSE, 2, 3)
    sums: Shorts = quads.sum(axis=(2, 4), dtype=np.int16)
    return sums // 4


def _cuts(colour: Pixels) -> list[tuple[int, int]]:
    """Hard cuts as empty ranges ``(i, i)`` before frame ``i``."""
    coarse = _coarse(colour)
    change, replaced, least = _unexplained(coarse), _tones_replaced(colour), _least_change(coarse)
    cuts = []
    for i, value in enumerate(change):
        around = np.delete(change[max(0, i - _SURROUNDINGS) : i + _SURROUNDINGS + 1], min(i, _SURROUNDINGS))
        stands_out = value >= least[i] and value >= CUT_RATIO * (float(np.median(around)) + 1)
        if stands_out or value * replaced[i] >= CUT_PRODUCT:
            cuts.append((i + 1, i + 1))
    return cuts


def _least_change(coarse: Shorts) -> Floats:
    """What a cut changes at least, ``(T - 1,)``: less between dark or pale frames."""
    flat = coarse.reshape(len(coarse), -1).astype(np.int64)
    n, total = flat.shape[1], flat.sum(axis=1)
    spread = np.sqrt(n * (flat * flat).sum(axis=1) - total * total) / n
    least: Floats = np.minimum(CUT_CHANGE, CUT_SHARE * (np.maximum(spread[:-1], spread[1:]) + _FAINT))
    return least


def _unexplained(coarse: Shorts) -> Floats:
    """Mean difference of neighbours under the shift (up to 3 of 16 cells) that fits best."""
    best = np.full(len(coarse) - 1, 255.0)
    shifts = range(-_SHIFT, _SHIFT + 1)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        before = coarse[:-1, max(0, dy) : _COARSE + min(0, dy), max(0, dx) : _COARSE + min(0, dx)]
        after = coarse[1:, max(0, -dy) : _COARSE + min(0, -dy), max(0, -dx) : _COARSE + min(0, -dx)]
        best = np.minimum(best, np.abs(before - after).sum(axis=(1, 2, 3), dtype=np.int32) / before[0].size)
    return best


def _tones_replaced(colour: Pixels) -> Floats:
    """Share of each colour histogram that is new in the next frame, ``(T - 1,)`` in 0..1."""
    bins = np.arange(3 * len(colour)).reshape(-1, 1, 1, 3)
    tones = bins * _TONES + colour // (256 // _TONES)
    counts = np.bincount(tones.ravel(), minlength=bins.size * _TONES).reshape(len(colour), -1)
    share: Floats = np.abs(np.diff(counts, axis=0)).sum(axis=1) / (2 * 3 * _SIDE * _SIDE)
    return share


def _fades(colour: Pixels) -> list[tuple[int, int]]:
    """Dissolves and fades as ranges of the frames that are mixtures."""
    flat = _coarse(colour).reshape(len(colour), -1).astype(np.int64)
    return [
        (int(start) + 1, int(start) + span)
        for span in _FADE_FRAMES
        if span < len(flat)
        for start in np.flatnonzero(_mixes(flat, span))
    ]


def _mixes(flat: Ints, span: int) -> NDArray[np.bool_]:
    """For each start, whether the frames up to ``start + span`` lie on a straight line between the two."""
    way = flat[span:] - flat[:-span]
    energy = (way * way).sum(axis=1)
    mixes: NDArray[np.bool_] = energy >= FADE_CHANGE * FADE_CHANGE * flat.shape[1]
    if not mixes.any():
        return mixes
    before = np.zeros(len(way))
    for step in range(1, span + 1):
        part = flat[step : len(flat) - span + step] - flat[:-span]
        along = (part * way).sum(axis=1) / np.maximum(energy, 1)
        residual = (part * part).sum(axis=1) / np.maximum(energy, 1) - along * along
        mixes &= (residual < FADE_RESIDUAL) & (along > before) & (along - before < FADE_STEP)
        before = along
    return mixes
