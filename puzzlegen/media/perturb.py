"""Changes to a part of a clip, or to all of it, that a person notices."""

from __future__ import annotations

from itertools import pairwise
from typing import Final, Literal

import numpy as np
from PIL import Image

from puzzlegen.media.succession import Floats, Pixels, frame_distances, pace
from puzzlegen.rng import Rng

Kind = Literal["frozen", "reversed", "shuffled", "mirrored", "turned", "recoloured", "zoomed"]

#: How questions describe what each kind of change looks like.
WORDS: Final[dict[Kind, str]] = {
    "frozen": "the picture is frozen at the part's first frame",
    "reversed": "the frames run backwards",
    "shuffled": "the frames are shuffled",
    "mirrored": "left and right are swapped",
    "turned": "the picture is turned upside down",
    "recoloured": "the colours are swapped",
    "zoomed": "the picture is zoomed in",
}
#: Fewest frames that can be shuffled such that no neighbours stay neighbours.
LEAST_FRAMES: Final = 4

_STILL_KINDS: Final[tuple[Kind, ...]] = ("mirrored", "turned", "recoloured", "zoomed")
_ZOOM: Final = 1.5
# Root mean square difference (of 255) from the original frame; below 15, a turned empty room or a changed hue in a grey
# picture is easily overlooked.
_LEAST_VISIBLE_CHANGE: Final = 15.0
# Set by eye on 40 parts: the change from frame to frame, in grey levels; below it a part may as well stand still ...
_LEAST_MOTION: Final = 4.0
# ... and the least change from a frame to the one that takes its place when the part runs backwards: in grey levels,
# and in steps of the part's own motion, because in jumping and juggling any frame is about one step from any other.
_LEAST_CHANGE: Final = 8.0
_LEAST_PROGRESS: Final = 1.7
#: A frozen part can only be found if nothing else in the clip stands as still: every other step must be at least this
#: fraction of the clip's pace.
_LEAST_STEP: Final = 0.25


def perturbed(part: Pixels, kind: Kind, rng: Rng) -> Pixels:
    """Return frames ``(T, H, W, 3)`` with one kind of change; their number and size stay the same."""
    if kind == "frozen":
        return np.repeat(part[:1], len(part), axis=0)
    if kind == "reversed":
        return part[::-1]
    if kind == "shuffled":
        return part[_shuffle(rng, len(part))]
    return np.stack([_change_frame(frame, kind) for frame in part])


def visible_kinds(clip: Pixels, distances: Floats, start: int, stop: int) -> list[Kind]:
    """Return the kinds of change that a person would notice in frames ``start .. stop``, in the order of ``WORDS``."""
    visible: set[Kind] = {kind for kind in _STILL_KINDS if _change_size(clip[start], kind) >= _LEAST_VISIBLE_CHANGE}
    clip_pace, frame_changes, part_distances = pace(distances), np.diag(distances, 1), distances[start:stop, start:stop]
    part_motion, other_changes = (
        float(np.diag(part_distances, 1).mean()),
        np.delete(frame_changes, slice(start, stop - 1)),
    )
    if part_motion >= max(_LEAST_MOTION, clip_pace / 2) and other_changes.min() >= _LEAST_STEP * clip_pace:
        visible.add("frozen")
    if float(np.diag(part_distances[::-1]).mean()) >= max(_LEAST_CHANGE, _LEAST_PROGRESS * part_motion):
        visible |= {"reversed", "shuffled"}
    return [kind for kind in WORDS if kind in visible]


def mirrored(frames: Pixels, axis: str) -> Pixels:
    """Return frames mirrored top to bottom (``vertical``), left to right (``horizontal``), or unchanged (``none``)."""
    views = {"none": frames, "vertical": frames[:, ::-1], "horizontal": frames[:, :, ::-1]}
    return np.ascontiguousarray(views[axis])


def _change_size(frame: Pixels, kind: Kind) -> float:
    changed = _change_frame(frame, kind)
    return float(frame_distances(np.stack([frame, changed]))[0, 1])


def _change_frame(frame: Pixels, kind: Kind) -> Pixels:
    if kind == "mirrored":
        return frame[:, ::-1]
    if kind == "turned":
        return frame[::-1, ::-1]
    return np.roll(frame, 1, axis=-1) if kind == "recoloured" else _enlarged(frame)


def _shuffle(rng: Rng, count: int) -> list[int]:
    """Draw an order in which no former neighbours are neighbours, and the first and last frames are other ones."""
    while True:
        order = rng.permutation(count)
        no_neighbours = all(abs(a - b) > 1 for a, b in pairwise(order))
        if no_neighbours and order[0] != 0 and order[-1] != count - 1:
            return order


def _enlarged(frame: Pixels) -> Pixels:
    height, width = frame.shape[:2]
    left, top = width * (1 - 1 / _ZOOM) / 2, height * (1 - 1 / _ZOOM) / 2
    box = (left, top, width - left, height - top)
    return np.asarray(Image.fromarray(frame).resize((width, height), Image.Resampling.BICUBIC, box=box))
