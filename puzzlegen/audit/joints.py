"""Do parts join? Features of every ordered pair of tiles or clips, and the order that joins best.

Tiles are compared along the sides that would touch, clips by the last frames of one and the first frames of the next.
Only joints count: not what a part shows, nor where in a picture or clip such content usually is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.audit.likeness import likenesses
from puzzlegen.audit.media import chroma, luma, thumbnail

Floats = NDArray[np.float32]

_SAMPLES: Final = 32
_DEPTHS: Final = ((0, 2), (2, 5), (5, 10))
_SHIFTS: Final = tuple(range(-5, 6))
_FRAME_SIDE: Final = 24
_BEAM: Final = 200
_EPSILON: Final = 1e-3
_PENALTY: Final = 1e6


class Joints(NamedTuple):
    """Features of all ordered pairs of parts.

    Attributes:
        rows: rows of the grid in which the parts belong; 1 for clips.
        cols: columns of that grid.
        beside: ``(n, n, F)``: features of part j to the right of (or after) part i; the first is a plain distance.
        below: the same for part j below part i; None if there is only one row.
    """

    rows: int
    cols: int
    beside: Floats
    below: Floats | None


def tile_joints(tiles: Sequence[NDArray[np.uint8]], rows: int, cols: int) -> Joints:
    """Compare the sides of tiles, RGB ``(H, W, 3)``."""
    planes = [np.dstack([luma(tile), chroma(tile)]) for tile in tiles]
    spreads = [(plane[..., 0].mean(), plane[..., 0].std() + 1) for plane in planes]
    right, left = ([strips(p, quarter) for p in planes] for quarter in (0, 2))
    bottom, top = ([strips(np.swapaxes(p, 0, 1), quarter) for p in planes] for quarter in (0, 2))
    beside = _side_features(np.stack(right), np.stack(left), spreads)
    below = _side_features(np.stack(bottom), np.stack(top), spreads) if rows > 1 else None
    return Joints(rows, cols, beside, below)


def strips(plane: Floats, half_turn: int) -> Floats:
    """Strips along the right side (``half_turn`` 0) or the left side (2) of an ``(H, W, 3)`` plane.

    Returns:
        ``(3 depths, 32 samples along the side, 3 channels)``.
    """
    outward = plane if half_turn else plane[:, ::-1]
    columns = [outward[:, a:b].mean(axis=1) for a, b in _DEPTHS]
    return np.stack([_resampled(column) for column in columns])


def _resampled(column: Floats) -> Floats:
    channels = [Image.fromarray(np.ascontiguousarray(column[:, k : k + 1])) for k in range(column.shape[1])]
    box = Image.Resampling.BOX
    return np.stack([np.asarray(c.resize((1, _SAMPLES), box))[:, 0] for c in channels], axis=1)


def _side_features(a: Floats, b: Floats, spreads: list[tuple[float, float]]) -> Floats:
    """Compare side ``a`` of each part i with side ``b`` of each part j: ``(n, n, F)`` from ``(n, 3, 32, 3)`` each."""
    mean, std = (np.array(x, dtype=np.float32)[:, None, None] for x in zip(*spreads, strict=True))
    ay, by = a[..., 0], b[..., 0]
    an, bn = (ay - mean) / std, (by - mean) / std
    colour = np.abs(a[:, None, 0, :, 1:] - b[None, :, 0, :, 1:]).mean(axis=(2, 3))
    extrapolated = [x[:, 0] + (x[:, 0] - x[:, 1]) for x in (an, bn)]
    slopes = [np.diff(x[:, 0], axis=1) for x in (an, bn)]
    flow = [x[:, 0] - x[:, 1] for x in (an, bn)]
    features = [
        _distances(ay[:, 0], by[:, 0]) + colour,
        _distances(ay[:, 0], by[:, 0]),
        _distances(an[:, 0], bn[:, 0]),
        colour,
        _distances(_centred(ay[:, 0]), _centred(by[:, 0])),
        _distances(*extrapolated),
        *alike(an[:, 0], bn[:, 0]),
        *alike(*slopes),
        *alike(_centred(an[:, 2]), _centred(bn[:, 2])),
        *alike(*(x[:, 0, :, 1] for x in (a, b))),
        *alike(*(x[:, 0, :, 2] for x in (a, b))),
        _distances(flow[0], -flow[1]),
        np.abs(an[:, None].mean(axis=(2, 3)) - bn[None].mean(axis=(2, 3))),
        np.abs(_log_spread(an[:, 0])[:, None] - _log_spread(bn[:, 0])[None]),
    ]
    return np.stack(features, axis=-1).astype(np.float32)


def _distances(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.abs(a[:, None] - b[None]).mean(axis=2), dtype=np.float32)


def _centred(a: Floats) -> Floats:
    return np.asarray(a - a.mean(axis=1, keepdims=True), dtype=np.float32)


def _log_spread(a: Floats) -> Floats:
    return np.asarray(np.log(a.std(axis=1) + _EPSILON), dtype=np.float32)


def alike(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """Correlations of all pairs of sides: as they lie, and the best one if one side may slide along the other."""
    correlations = []
    for shift in _SHIFTS:
        x = a[:, max(0, shift) : a.shape[1] + min(0, shift)]
        y = b[:, max(0, -shift) : b.shape[1] + min(0, -shift)]
        x, y = _centred(x), _centred(y)
        norm = np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1)) + _EPSILON
        correlations.append(x @ y.T / norm)
    middle, best = correlations[len(_SHIFTS) // 2], np.max(correlations, axis=0)
    return np.asarray(middle, dtype=np.float32), np.asarray(best, dtype=np.float32)


def clip_joints(clips: Sequence[Sequence[NDArray[np.uint8]]]) -> Joints:
    """Compare the ends of clips, each a list of RGB frames.

    Some of the features tolerate differences in crop, zoom, tones and tints.
    """
    thumbnails = [np.stack([thumbnail(frame, _FRAME_SIDE) for frame in _end_frames(clip)]) for clip in clips]
    first, second, before, last = (np.stack([s[k].reshape(-1) for s in thumbnails]) for k in range(4))
    blurred = [_blurred(x) for x in (first, last)]
    features = [
        _distances(last, first),
        _distances(blurred[1], blurred[0]),
        _distances(2 * last - before, first),
        _distances(last, 2 * first - second),
        _distances(2 * last - before, 2 * first - second),
        _distances(last - before, second - first),
        _distances(first, last),
        _distances(first, first),
        _distances(last, last),
        _correlations(last, first),
        np.abs(last.mean(axis=1)[:, None] - first.mean(axis=1)[None]),
        *likenesses(*(np.stack([s[k] for s in thumbnails]) for k in (3, 0))),
    ]
    return Joints(1, len(clips), np.stack(features, axis=-1).astype(np.float32), None)


def _end_frames(clip: Sequence[NDArray[np.uint8]]) -> list[NDArray[np.uint8]]:
    return [clip[0], clip[min(1, len(clip) - 1)], clip[max(-2, -len(clip))], clip[-1]]


def _blurred(flat: Floats) -> Floats:
    square = flat.reshape(len(flat), _FRAME_SIDE // 4, 4, _FRAME_SIDE // 4, 4, 3)
    return np.asarray(square.mean(axis=(2, 4)).reshape(len(flat), -1), dtype=np.float32)


def _correlations(a: Floats, b: Floats) -> Floats:
    a, b = _centred(a), _centred(b)
    norm = np.outer(np.linalg.norm(a, axis=1), np.linalg.norm(b, axis=1)) + _EPSILON
    return np.asarray(a @ b.T / norm, dtype=np.float32)


def in_context(pairs: Floats) -> Floats:
    """Pair features, followed by how each compares with those of all other pairs of part i, and of part j."""
    n = len(pairs)
    others = np.where(np.eye(n, dtype=bool)[..., None], np.nan, pairs)
    with np.errstate(invalid="ignore"):
        by_row = (pairs - np.nanmean(others, axis=1, keepdims=True)) / (np.nanstd(others, axis=1, keepdims=True) + 1e-3)
        by_col = (pairs - np.nanmean(others, axis=0, keepdims=True)) / (np.nanstd(others, axis=0, keepdims=True) + 1e-3)
        least = [pairs - np.nanmin(others, axis=axis, keepdims=True) for axis in (0, 1)]
    return np.concatenate([pairs, by_row, by_col, *least], axis=-1)


def best_order(beside: Any, below: Any, rows: int, cols: int, place: Any = None) -> list[int]:  # noqa: ANN401
    """The order with the highest score that a beam search finds: the part, from 0, in each place of the grid.

    Args:
        beside: ``(n, n)``: score of part j to the right of part i.
        below: the same for part j below part i, or None.
        rows: rows of the grid.
        cols: columns of the grid.
        place: ``(n, n)``: score of part j in place k, as ``place[k, j]``; or None.
    """
    orders, _ = ranked_orders(beside, below, rows, cols, place)
    return [int(part) for part in orders[0]]


def ranked_orders(
    beside: Any,  # noqa: ANN401
    below: Any,  # noqa: ANN401
    rows: int,
    cols: int,
    place: Any = None,  # noqa: ANN401
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The orders with the highest scores that a beam search finds, best first, and their scores.

    The arguments are those of :func:`best_order`.
    """
    n = rows * cols
    beams, scores = np.zeros((1, 0), dtype=np.int64), np.zeros(1)
    for k in range(n):
        gain = (
            np.zeros((len(beams), n)) if place is None else np.tile(np.asarray(place[k], dtype=float), (len(beams), 1))
        )
        if k % cols:
            gain = gain + beside[beams[:, k - 1]]
        if k >= cols and below is not None:
            gain = gain + below[beams[:, k - cols]]
        total = scores[:, None] + gain
        np.put_along_axis(total, beams, -_PENALTY * n, axis=1)
        keep = np.argsort(-total, axis=None, kind="stable")[:_BEAM]
        keep = keep[total.ravel()[keep] > -_PENALTY]
        beams = np.hstack([beams[keep // n], (keep % n)[:, None]])
        scores = total.ravel()[keep]
    return beams, scores


def joints_of(order: Sequence[int], beside: Any, below: Any, cols: int) -> Iterator[Any]:  # noqa: ANN401
    """Yield the entry of each joint of an order: from ``beside`` and, if there are several rows, from ``below``."""
    for k, part in enumerate(order):
        if k % cols:
            yield beside[order[k - 1], part]
        if k >= cols and below is not None:
            yield below[order[k - cols], part]


def order_score(order: Sequence[int], beside: Any, below: Any, cols: int) -> float:  # noqa: ANN401
    """The sum of the scores of all joints of an order."""
    return sum(map(float, joints_of(order, beside, below, cols)), 0.0)
