"""What moves in a clip: its shots, whether it stands still, and how alike it is to its own reverse.

All measures are sums of integers over 32x32 versions of the frames: cheap, and the same on every machine. The
thresholds were set on 50 public clips (films, hand-held phones, sports, sign language, screen recordings) sampled at 5
to 8 frames per second; every cut and dissolve that was found was checked by eye.
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
_MAX_SHIFT: Final = 3
#: A cut: no shift of the picture explains the change to the next frame. The change is at least this large (0..255, or,
#: because a dark scene changes little, as a fraction of the pictures' own deviation) and far above those around it ...
CUT_CHANGE: Final = 12.0
CUT_SHARE: Final = 0.3
_FAINT: Final = 8.0
CUT_RATIO: Final = 3.0
_SURROUNDING_FRAMES: Final = 3
#: ... or, whatever moves around it, the change times the share of tones replaced is at least this.
CUT_PRODUCT: Final = 9.0
#: A dissolve or fade: the frames between its ends are mixtures of them (up to this residual, as a fraction of energy),
#: the ends differ (root mean square, 0..255), and no single step makes up most of the way.
FADE_RESIDUAL: Final = 0.03
FADE_CHANGE: Final = 40
FADE_STEP: Final = 0.6
_FADE_FRAMES: Final = range(4, 15)
#: Seconds cut away on either side of a cut, dissolve, fade or end of the film.
MARGIN_S: Final = 0.3
#: Frames cut away where only the sampling ends, and not the film, so that a joint right there is noticed.
OPEN_MARGIN: Final = 1
_LEAST_SHOT_FRAMES: Final = 2
#: A clip is static if all but this fraction of the picture ...
MOVING_PART: Final = 0.05
#: ... varies by fewer grey levels (of 255) than this.
STILL: Final = 6


def motion(frames: Pixels) -> Floats:
    """Return how much each frame differs from the one before.

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

    Among the shots of the measured clips, liveliness is 1 for a frozen picture, 2 where one arm of a distant person is
    all that moves, 13 for the next shot and 90 for the median one.
    """
    return liveliness(frames) < STILL


def liveliness(frames: Pixels) -> int:
    """Return the range of grey levels (0..255) that all but the liveliest 5 % of a 32x32 version stay within."""
    grey = _grey(frames)
    ranges = np.sort((grey.max(axis=0) - grey.min(axis=0)).ravel())
    return int(ranges[int(ranges.size * (1 - MOVING_PART))])


def reversible(frames: Pixels) -> float:
    """Return how much the clip looks the same backwards, 0..1.

    The clip is mirrored in time about each point of its middle half. Frames that fall on each other are compared, and
    their mean difference is compared with that of all frames equally far apart. 1: some mirroring maps the clip onto
    itself (a pendulum, a boomerang loop). 0: mirrored frames differ as much as any others. Most shots of the measured
    clips lie between 0.0 and 0.45.

    Only 32x32 grey versions of one shot are compared, so small movements go unnoticed, and nothing is known of physics:
    a clip with a low value may still look natural backwards. Without motion the value is meaningless: check
    :func:`static` first.
    """
    grey = _grey(frames)
    count = len(grey)
    gaps = [np.abs(grey[lag:] - grey[:-lag]).sum(axis=(1, 2)) for lag in range(1, count)]
    usual_changes = [float(gap.sum()) / gap.size for gap in gaps]
    ratios = []
    # Twice the centre of the mirroring, which may lie between two frames.
    for twice_centre in range(count // 2, 2 * (count - 1) - count // 2 + 1):
        first = max(0, twice_centre - count + 1)
        lags = [(start, twice_centre - 2 * start - 1) for start in range(first, (twice_centre + 1) // 2)]
        expected = sum(usual_changes[lag] for _, lag in lags)
        if expected:
            ratios.append(sum(float(gaps[lag][start]) for start, lag in lags) / expected)
    return min(1.0, max(0.0, 1 - min(ratios, default=1.0)))


def find_shots(frames: Pixels, fps: float, *, begins: bool = True, ends: bool = True) -> Shots:
    """Return the parts of a clip without a cut, dissolve or fade, with ``MARGIN_S`` cut away at both ends of each.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB.
        fps: frames per second.
        begins: whether the film begins with these frames; if not, less is cut away there.
        ends: whether the film ends with these frames; if not, less is cut away there.

    Returns:
        ``[start, stop)`` ranges of at least two frames, in order; may be empty.
    """
    colour = thumbnails(frames)
    boundaries = sorted([(0, 0), (len(frames), len(frames)), *_cuts(colour), *_fades(colour)])
    margin = margin_frames(fps)
    shots, begin = [], 0
    for (_, before), (after, _) in pairwise(boundaries):
        begin = max(begin, before)
        start = begin + (margin if begins or begin else OPEN_MARGIN)
        stop = after - (margin if ends or after < len(frames) else OPEN_MARGIN)
        if stop - start >= _LEAST_SHOT_FRAMES:
            shots.append((start, stop))
    return tuple(shots)


def margin_frames(fps: float) -> int:
    """Return how many frames are cut away on either side of a cut, dissolve, fade or end of the film."""
    return int(MARGIN_S * fps + 1)


def thumbnails(frames: Pixels) -> Pixels:
    """Return area means, ``(T, 32, 32, 3)`` uint8, the basis of all measures here; thumbnails are left as they are."""
    if frames.shape[1:3] == (_SIDE, _SIDE):
        return frames
    box = Image.Resampling.BOX
    return np.stack([np.asarray(Image.fromarray(frame).resize((_SIDE, _SIDE), box)) for frame in frames])


def _grey(frames: Pixels) -> Ints:
    """Return the thumbnails of frames in grey, ``(T, 32, 32)``."""
    strip = Image.fromarray(thumbnails(frames).reshape(-1, _SIDE, 3)).convert("L")
    return np.asarray(strip).reshape(-1, _SIDE, _SIDE).astype(np.int64)


def _coarse(colour: Pixels) -> Shorts:
    """Average ``(T, 32, 32, 3)`` to ``(T, 16, 16, 3)``."""
    quads = colour.reshape(len(colour), _COARSE, 2, _COARSE, 2, 3)
    sums: Shorts = quads.sum(axis=(2, 4), dtype=np.int16)
    return sums // 4


def _cuts(colour: Pixels) -> list[tuple[int, int]]:
    """Return hard cuts as empty ranges ``(i, i)`` before frame ``i``."""
    coarse = _coarse(colour)
    change, replaced, least = _unexplained(coarse), _tones_replaced(colour), _least_change(coarse)
    cuts = []
    for i, value in enumerate(change):
        neighbours = np.delete(
            change[max(0, i - _SURROUNDING_FRAMES) : i + _SURROUNDING_FRAMES + 1], min(i, _SURROUNDING_FRAMES)
        )
        stands_out = value >= least[i] and value >= CUT_RATIO * (float(np.median(neighbours)) + 1)
        if stands_out or value * replaced[i] >= CUT_PRODUCT:
            cuts.append((i + 1, i + 1))
    return cuts


def _least_change(coarse: Shorts) -> Floats:
    """Return the smallest change that counts as a cut, ``(T - 1,)``: less between dark or pale frames."""
    flat = coarse.reshape(len(coarse), -1).astype(np.int64)
    n, total = flat.shape[1], flat.sum(axis=1)
    spread = np.sqrt(n * (flat * flat).sum(axis=1) - total * total) / n
    least: Floats = np.minimum(CUT_CHANGE, CUT_SHARE * (np.maximum(spread[:-1], spread[1:]) + _FAINT))
    return least


def _unexplained(coarse: Shorts) -> Floats:
    """Return the mean difference of neighbouring frames under the shift (up to 3 of 16 cells) that fits best."""
    best = np.full(len(coarse) - 1, 255.0)
    shifts = range(-_MAX_SHIFT, _MAX_SHIFT + 1)
    for dy, dx in ((dy, dx) for dy in shifts for dx in shifts):
        before = coarse[:-1, max(0, dy) : _COARSE + min(0, dy), max(0, dx) : _COARSE + min(0, dx)]
        after = coarse[1:, max(0, -dy) : _COARSE + min(0, -dy), max(0, -dx) : _COARSE + min(0, -dx)]
        best = np.minimum(best, np.abs(before - after).sum(axis=(1, 2, 3), dtype=np.int32) / before[0].size)
    return best


def _tones_replaced(colour: Pixels) -> Floats:
    """Return the share of each colour histogram that is new in the next frame, ``(T - 1,)`` in 0..1."""
    bins = np.arange(3 * len(colour)).reshape(-1, 1, 1, 3)
    tones = bins * _TONES + colour // (256 // _TONES)
    counts = np.bincount(tones.ravel(), minlength=bins.size * _TONES).reshape(len(colour), -1)
    share: Floats = np.abs(np.diff(counts, axis=0)).sum(axis=1) / (2 * 3 * _SIDE * _SIDE)
    return share


def _fades(colour: Pixels) -> list[tuple[int, int]]:
    """Return dissolves and fades as ranges of the frames that are mixtures."""
    flat = _coarse(colour).reshape(len(colour), -1).astype(np.int64)
    return [
        (int(start) + 1, int(start) + span)
        for span in _FADE_FRAMES
        if span < len(flat)
        for start in np.flatnonzero(_are_mixtures(flat, span))
    ]


def _are_mixtures(flat: Ints, span: int) -> NDArray[np.bool_]:
    """Return, for each start, whether the frames up to ``start + span`` lie on a straight line between these two."""
    full_change = flat[span:] - flat[:-span]
    energy = (full_change * full_change).sum(axis=1)
    are_mixtures: NDArray[np.bool_] = energy >= FADE_CHANGE * FADE_CHANGE * flat.shape[1]
    if not are_mixtures.any():
        return are_mixtures
    last_along = np.zeros(len(full_change))
    for step in range(1, span + 1):
        partial_change = flat[step : len(flat) - span + step] - flat[:-span]
        along = (partial_change * full_change).sum(axis=1) / np.maximum(energy, 1)
        residual = (partial_change * partial_change).sum(axis=1) / np.maximum(energy, 1) - along * along
        are_mixtures &= (residual < FADE_RESIDUAL) & (along > last_along) & (along - last_along < FADE_STEP)
        last_along = along
    return are_mixtures
