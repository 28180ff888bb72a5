"""Segments of a clean clip that a video task can ask about: each lies within one shot and has motion in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from puzzlegen.errors import Unusable, exact
from puzzlegen.media.image import tone
from puzzlegen.media.motion import MOVING_PART, STILL, static
from puzzlegen.media.mp4 import encode_mp4
from puzzlegen.media.video import Clip
from puzzlegen.records import Medium, VideoMeta
from puzzlegen.rng import Rng

#: Usual frames per second of clips in puzzles: twice the rate at which common video models sample.
FPS: Final = 4
#: Minimum number of frames that show which way is up, or which way time runs.
LEAST_FRAMES: Final = 8
_MAX_SHOWN_FRAMES: Final = 32
_TRIES: Final = 8
_BOX_HEADER: Final = 8


def moving_segment(clip: Clip, least: int, most: int, rng: Rng) -> NDArray[np.uint8]:
    """Return the frames of the first of :func:`moving_spans`, which may raise its errors."""
    return clip.frames[next(moving_spans(clip, least, most, rng))]


def moving_spans(clip: Clip, least: int, most: int, rng: Rng) -> Iterator[slice]:
    """Draw runs of frames, each within one shot and with motion in it.

    A run has ``most`` frames, or as many as the longest shot if that is shorter.

    Yields:
        At least one and at most eight runs.

    Raises:
        Unusable: ``no_long_shot`` if no shot has ``least`` frames, ``static`` if nothing moves in any drawn run.
    """
    count = min(most, _longest_shot_length(clip))
    if count < least:
        raise _no_long_shot_error(clip, least)
    starts = [s for begin, end in clip.shots for s in range(begin, end - count + 1)]
    candidates = [slice(start, start + count) for start in rng.sample(starts, _TRIES)]
    moving = (span for span in candidates if not static(clip.small[span]))
    first = next(moving, None)
    if first is None:
        raise Unusable("static", f"in {len(candidates)} drawn places")
    yield first
    yield from moving


def moving_shots(clip: Clip, frames: int) -> list[NDArray[np.uint8]]:
    """Return the frames of all shots that have motion and at least ``frames`` frames, the longest first.

    Raises:
        Unusable: ``no_long_shot`` if no shot is long enough, ``static`` if nothing moves in those that are.
    """
    long_shots = [slice(*shot) for shot in clip.shots if shot[1] - shot[0] >= frames]
    if not long_shots:
        raise _no_long_shot_error(clip, frames)
    longest = sorted(long_shots, key=lambda shot: shot.stop - shot.start, reverse=True)
    moving = [clip.frames[shot] for shot in longest if not static(clip.small[shot])]
    if not moving:
        raise Unusable("static", f"in {len(long_shots)} shots")
    return moving


def disguised(part: NDArray[np.uint8], rng: Rng, *, cut: float, jitter: float) -> NDArray[np.uint8]:
    """Crop frames at a drawn place and change their tone, so that their pixels cannot be found in the original frames.

    Args:
        part: ``(T, H, W, 3)`` uint8 RGB.
        rng: decides the place and the tone.
        cut: fraction of the sides that is left out.
        jitter: maximum change of brightness and contrast, as a fraction.
    """
    height, width = (round(side * (1 - cut) / 2) * 2 for side in part.shape[1:3])
    top, left = rng.integer(0, part.shape[1] - height), rng.integer(0, part.shape[2] - width)
    # All frames get the same change of tone, or the clip would flicker.
    strip = Image.fromarray(part[:, top : top + height, left : left + width].reshape(-1, width, 3))
    return np.asarray(tone(strip, rng, jitter)).reshape(-1, height, width, 3)


def _longest_shot_length(clip: Clip) -> int:
    return max((end - begin for begin, end in clip.shots), default=0)


def _no_long_shot_error(clip: Clip, frames: int) -> Unusable:
    return Unusable(
        "no_long_shot",
        f"longest shot has {_longest_shot_length(clip)} frames at {clip.fps:.1f} per second, needs {frames}",
    )


def distinct(parts: list[NDArray[np.uint8]]) -> float:
    """Return by how many grey levels the difference of a shot's two most similar parts exceeds the minimum.

    Parts are compared by the 95th percentile of the differences between the pixels of their mean pictures.

    Raises:
        Unusable: ``interchangeable`` if two parts differ by less than the minimum.
    """
    means = [_mean_picture(part) for part in parts]
    distance = min(_lively_change(a, b) for i, a in enumerate(means) for b in means[:i])
    if distance < STILL:
        raise Unusable("interchangeable", f"two clips differ by {exact(distance, STILL)} of 255, need {STILL}")
    return distance - STILL


def _mean_picture(part: NDArray[np.uint8]) -> NDArray[np.float32]:
    small = [Image.fromarray(f).convert("L").resize((32, 32), Image.Resampling.BOX) for f in part]
    mean: NDArray[np.float32] = np.stack([np.asarray(picture, dtype=np.float32) for picture in small]).mean(axis=0)
    return mean


def _lively_change(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    change = np.sort(np.abs(a - b).ravel())
    return float(change[int(change.size * (1 - MOVING_PART))])


def encode_clip(frames: NDArray[np.uint8], fps: float = FPS) -> Medium:
    """Encode frames ``(T, H, W, 3)`` of a puzzle, always as H.264 with key frames only.

    Only questions about speed and :func:`encode_shot` have a reason to use another rate than ``FPS``.
    """
    count = len(frames)
    meta = VideoMeta(float(fps), count, tuple(k / fps for k in range(count)))
    return Medium(encode_mp4(frames, fps), "mp4", meta)


def encode_shot(frames: NDArray[np.uint8]) -> Medium:
    """Encode a whole shot as it was filmed, in at most 32 frames: every second, third ... frame of longer shots."""
    step = -(-len(frames) // _MAX_SHOWN_FRAMES)
    return encode_clip(frames[::step], FPS / step)


def encode_clips(parts: list[NDArray[np.uint8]]) -> tuple[Medium, ...]:
    """Encode the clips of one puzzle, padded to equal size in bytes.

    Sizes would give hints otherwise: what grows on the screen grows in the file as well.
    """
    media = [encode_clip(part) for part in parts]
    size = max(len(medium.data) for medium in media)
    return tuple(medium._replace(data=_pad_to_size(medium.data, size)) for medium in media)


def _pad_to_size(mp4: bytes, size: int) -> bytes:
    """Append a ``free`` box (ISO 14496-12, 8.1.2), which readers skip; results for one ``size`` are equally long."""
    length = size + _BOX_HEADER - len(mp4)
    return mp4 + length.to_bytes(4, "big") + b"free" + bytes(length - _BOX_HEADER)
