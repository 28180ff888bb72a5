"""How alike two pictures are: by colour, to find hard negatives, and by structure, to keep near-duplicates apart."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from puzzlegen.errors import Unusable
from puzzlegen.media.geometry import Box
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.scaled import ScaledImage

_SIDE: Final = 32
_MAX_SHIFT: Final = _SIDE // 4
_COLOUR_BITS: Final = 2
_DETAIL_FLOOR: Final = 8.0
#: Structure is rounded to whole steps, this many to its mean size.
_STRUCTURE_STEPS: Final = 64
# Set by eye on all pairs of 126 photos. Altered copies and pictures shifted by a tenth reach 0.48 or more, unrelated
# ones 0.39 at most; with nearly the same palette, two shots of one scene reach 0.18, unrelated pictures 0.16.
_MAX_LIKENESS: Final = 0.42
_MAX_LIKENESS_SAME_PALETTE: Final = 0.17
_SAME_PALETTE_DISTANCE: Final = 0.2


class Looks(NamedTuple):
    """What pictures are compared by.

    Attributes:
        colours: share of the picture's pixels per colour.
        structure: spectrum of the picture's fine structure, which consists of whole numbers.
        mirrored: spectrum of the mirrored picture's fine structure.
        energy: sum of the squares of the fine structure.
    """

    colours: NDArray[np.floating[Any]]
    structure: NDArray[np.complexfloating[Any, Any]]
    mirrored: NDArray[np.complexfloating[Any, Any]]
    energy: float


def looks(picture: ScaledImage) -> Looks:
    """Return what a picture of any size is compared by.

    Only fine structure counts: unrelated photos have in common that they are light above and dark below.
    """
    pixels = picture.pixels()
    fine = _fine_structure(pixels)
    fine = (fine / (float(np.abs(fine).mean()) + _DETAIL_FLOOR)).clip(-3, 3)
    quantised = np.rint(fine.astype(np.float64) * _STRUCTURE_STEPS)
    quantised -= np.rint(quantised.sum() / quantised.size)
    padded_shape = (2 * _SIDE, 2 * _SIDE)
    structure, mirrored = (np.fft.rfft2(layer, padded_shape) for layer in (quantised, quantised[:, ::-1]))
    return Looks(_colour_shares(pixels), structure, mirrored, max(1.0, float((quantised * quantised).sum())))


def grey(picture: Image.Image) -> Image.Image:
    """Return the picture in grey levels."""
    return picture.convert("L")


def detail(picture: Image.Image, box: Box | None = None) -> float:
    """Return the mean size of the fine structure in a picture or in a box of it, in grey levels: sky 1, a street 10."""
    return float(np.abs(_fine_structure(picture, box)).mean())


def colour_distance(a: Looks, b: Looks) -> float:
    """Return the distance of two pictures in colour: 0 for equal shares of 64 colours, 1 for no colour in common."""
    return float(np.abs(a.colours - b.colours).sum()) / 2


def likeness(a: Looks, b: Looks) -> float:
    """Return the correlation of structures at the best shift, mirrored or not: 1 for copies, else mostly below 0.4."""
    peak = max(_correlation_peak(a.structure, b.structure), _correlation_peak(a.structure, b.mirrored))
    return peak / math.sqrt(a.energy * b.energy)


def apart(a: Looks, b: Looks) -> float:
    """Return how far two pictures are from being near-duplicates or shots of one scene; if they are, it is below 0."""
    bound = _MAX_LIKENESS_SAME_PALETTE if colour_distance(a, b) < _SAME_PALETTE_DISTANCE else _MAX_LIKENESS
    return bound - likeness(a, b)


def hard_negatives(item: OpenItem, peers: Sequence[OpenItem]) -> Iterator[OpenItem]:
    """Yield the peers in order of their pictures' distance in colour, without near-duplicates and unusable items."""
    anchor = item.known(looks)
    usable = []
    for peer in peers:
        with suppress(Unusable):
            usable.append((colour_distance(anchor, peer.known(looks)), peer))
    for _, peer in sorted(usable, key=lambda row: row[0]):
        if apart(anchor, peer.known(looks)) >= 0:
            yield peer


def unlike_elsewhere(picture: Image.Image, box: Box) -> float:
    """Return how much a part of a picture differs from the most similar other place of its size, in grey levels.

    This is the mean absolute difference of grey versions, each shifted to mean 0, with the picture reduced to a short
    side of 32 to 63 pixels. Places that share more than half of the part's width and height do not count.
    """
    step = max(1, min(picture.size) // _SIDE)
    small = np.asarray(grey(picture).reduce(step), dtype=np.float32)
    left, top, right, bottom = (round(edge / step) for edge in box)
    part = small[top:bottom, left:right]
    places = sliding_window_view(small, part.shape)
    levels = places.mean(axis=(2, 3), keepdims=True)
    distance = np.abs(places - levels - (part - part.mean())).mean(axis=(2, 3))
    reach_y, reach_x = (side // 2 for side in part.shape)
    distance[max(0, top - reach_y) : top + reach_y + 1, max(0, left - reach_x) : left + reach_x + 1] = np.inf
    return min(255.0, float(distance.min()))


def unlike_beyond(small: Image.Image, box: Box, cell: Box, *, levelled: bool = False) -> float:
    """Return how much a part of a picture differs from the most similar place of its size centred outside a cell.

    This is the mean absolute difference over all bands, 0 to 255. Places that share more than half of the part's width
    and height do not count; if no place is left, the result is 255.

    Args:
        small: the picture, with 8 bits per band, at a scale at which the part has few pixels.
        box: left, top, right and bottom of the part, in pixels of ``small``.
        cell: left, top, right and bottom of the cell that the part comes from.
        levelled: subtract the means before comparing, for parts whose brightness says nothing.
    """
    # Band by band, as sums over a short last axis take four times as long.
    bands = np.asarray(small, dtype=np.int16).reshape(small.height, small.width, -1).transpose(2, 0, 1).copy()
    left, top, right, bottom = box
    part = bands[:, top:bottom, left:right]
    count, height, width = part.shape
    shape = bands.shape[1] - height + 1, bands.shape[2] - width + 1
    places = [bands[k, y : y + shape[0], x : x + shape[1]] for k, y, x in np.ndindex(count, height, width)]
    total, offset = np.zeros(shape, dtype=np.int32), np.zeros(shape, dtype=np.int32)
    if levelled:
        for place in places:
            offset += place
        offset = (offset - part.sum(dtype=np.int32)) // part.size
    level_shift = offset.astype(np.int16)
    for place, value in zip(places, part.ravel(), strict=True):
        total += np.abs(place - level_shift - value)
    ys, xs = (2 * np.arange(length) for length in shape)
    inside = np.outer(_between_edges(ys + height, cell[1::2]), _between_edges(xs + width, cell[::2]))
    near = np.outer(np.abs(ys - 2 * top) < height, np.abs(xs - 2 * left) < width)
    outside = total[~(inside | near)]
    return float(outside.min()) / part.size if outside.size else 255.0


def _between_edges(middles: NDArray[np.int64], edges: Sequence[int]) -> NDArray[np.bool_]:
    """Return which doubled centres lie between two edges."""
    return np.asarray((middles >= 2 * edges[0]) & (middles <= 2 * edges[1]))


def _fine_structure(picture: Image.Image, box: Box | None = None) -> NDArray[np.floating[Any]]:
    levels = picture if picture.mode == "L" else grey(picture)
    small = levels.resize((_SIDE, _SIDE), Image.Resampling.BOX, box=box)
    blurred = small.filter(ImageFilter.BoxBlur(2))
    return np.asarray(small, dtype=np.float32) - np.asarray(blurred, dtype=np.float32)


def _colour_shares(picture: Image.Image) -> NDArray[np.floating[Any]]:
    small = np.asarray(picture.resize((64, 64), Image.Resampling.BOX)) >> (8 - _COLOUR_BITS)
    levels = 1 << _COLOUR_BITS
    index = (small.astype(np.int64) @ np.array([levels * levels, levels, 1])).ravel()
    shares: NDArray[np.floating[Any]] = np.bincount(index, minlength=levels**3) / index.size
    return shares


def _correlation_peak(a: NDArray[np.complexfloating[Any, Any]], b: NDArray[np.complexfloating[Any, Any]]) -> float:
    # The true values are whole numbers: rounding removes the errors of the FFT, which differ between machines.
    correlation = np.rint(np.fft.irfft2(a * np.conj(b)))
    near = np.r_[-_MAX_SHIFT:_MAX_SHIFT]
    return float(correlation[np.ix_(near, near)].max())
