"""Turn a raw video file into a clean clip: upright, square pixels, no bars, resampled in space and time.

Cleaning comes before any task and does not depend on the answer. As for pictures, a crop at random phase and a
downscale by slightly different factors per axis weaken the traces of the source's codec; sampling at a drawn rate and
phase does the same for the rhythm of its key frames.
"""

from __future__ import annotations

import math
from itertools import islice, pairwise
from typing import TYPE_CHECKING, Annotated, BinaryIO, Final, NamedTuple

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.errors import SourceError, Unusable
from puzzlegen.media.decode import Film, Sampling, Shown
from puzzlegen.media.framing import SQUEEZE, TRIM, Shape, framing
from puzzlegen.media.motion import (
    OPEN_MARGIN,
    Pixels,
    Shots,
    find_shots,
    margin_frames,
    motion,
    reversible,
    static,
    thumbnails,
)
from puzzlegen.media.mp4 import encode_mp4
from puzzlegen.media.shortage import refuse_shortage
from puzzlegen.ranges import RISING, Side

if TYPE_CHECKING:
    from collections.abc import Iterator

    from puzzlegen.rng import Rng

__all__ = ["Clip", "VideoSettings", "encode_mp4", "motion", "read_clip", "reversible", "static"]

MIN_FRAMES: Final = 8
_HEAD_FRAMES: Final = 12
_HEAD_BYTES: Final = 48_000_000
_SLOWER_FACTOR: Final = 1.25
#: A step that is this many times the usual one or more is a pause, in which the film stood still.
_PAUSE_FACTOR: Final = 4
#: Frames to add to what is wanted: a sampling grid may have one point fewer than its seconds give, and a picture may
#: come twice.
_SPARE_FRAMES: Final = 2
#: Frames to read before looking again for a shot that is long enough.
_RECHECK_FRAMES: Final = 6


#: Frames per second.
Rate = Annotated[float, Field(gt=0, le=60)]


class VideoSettings(BaseModel):
    """How raw clips become clean ones: the recipe's section ``media.video``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side_px_range: Annotated[tuple[Side, Side], RISING] = Field(
        (168, 224), description="short side of the cleaned frames in pixels, drawn per item"
    )
    max_scale: float = Field(
        0.95,
        gt=0,
        le=1,
        description="largest downscale factor; closer to 1, more codec traces of the source survive",
    )
    fps_range: Annotated[tuple[Rate, Rate], RISING] = Field(
        (5.0, 8.0), description="frames kept per second, drawn per item"
    )
    short_frames: int = Field(
        32,
        ge=0,
        le=256,
        description="shorter clips are sampled up to twice as fast, to give about this many frames",
    )
    window_s: float = Field(24.0, gt=0, le=120, description="seconds taken from a longer clip, at a random position")
    min_duration_s: float = Field(0.0, ge=0, description="minimum duration that a clip's header must state, in seconds")
    max_pixels: int = Field(7680 * 4320, ge=10_000, description="maximum pixels per coded frame")
    clean: bool = Field(
        default=True, description="false (for audits only): keep codec traces, which give the answer away"
    )


class Clip(NamedTuple):
    """A clean clip.

    Attributes:
        frames: ``(T, H, W, 3)`` uint8 RGB, H and W even. No picture comes twice in a row.
        times: when each frame is shown in the source, in seconds.
        fps: the rate at which the source was sampled, or the source's own rate if that is lower.
        shots: ``[start, stop)`` ranges of frames without a cut, trimmed at both ends; at least one.
        small: :func:`~puzzlegen.media.motion.thumbnails` of the frames, for everything that measures motion.
    """

    frames: Pixels
    times: tuple[float, ...]
    fps: float
    shots: Shots
    small: Pixels


class _Draws(NamedTuple):
    """All random choices, drawn before anything of the file is read."""

    place: float
    fps: float
    phase: float
    trims: tuple[float, float, float, float]
    centre: float
    squeeze: float
    size: float


def read_clip(file: BinaryIO, rng: Rng, settings: VideoSettings, wanted: int | None = None) -> Clip:
    """Decode and clean a clip.

    Args:
        file: seekable, at any position.
        rng: decides place, rate, crop and size; the same stream gives the same pixels.
        settings: the recipe's section ``media.video``.
        wanted: number of frames that are enough if one shot with motion has them. Reading begins at a drawn place and
            stops once it has found such a shot. If it finds none, it begins again at the place of the window for None.
            With None, the whole window is read.

    Returns:
        The clip. A damaged file gives what comes before the damage if that is long enough.

    Raises:
        Unusable: ``undecodable``, ``too_small``, ``too_large``, ``too_elongated``, ``too_short``, ``static`` or
            ``no_long_shot``.
        MemoryError: too little memory is left to tell whether the file is damaged.
        OSError, SourceError: the disk or the network fails to deliver the file.
    """
    try:
        with Film(file) as film:
            return _read(film, _draw_choices(rng, settings), settings, wanted)
    except Unusable:
        # FFmpeg silently leaves out frames for which it has no memory.
        refuse_shortage()
        raise
    # These include FFmpeg's own MemoryError, which is also raised for a file that asks for the impossible.
    except av.FFmpegError as err:
        refuse_shortage()
        raise Unusable("undecodable", err.strerror or type(err).__name__) from err
    except (MemoryError, OSError, SourceError):
        raise
    # PyAV raises nearly anything on damaged headers (ValueError, ZeroDivisionError, OverflowError ...).
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err


def _draw_choices(rng: Rng, settings: VideoSettings) -> _Draws:
    return _Draws(
        place=rng.uniform(),
        fps=rng.uniform(*settings.fps_range),
        phase=rng.uniform(),
        trims=(rng.uniform(*TRIM), rng.uniform(*TRIM), rng.uniform(*TRIM), rng.uniform(*TRIM)),
        centre=rng.uniform(0.25, 0.75),
        squeeze=rng.uniform(1 - SQUEEZE, 1 + SQUEEZE),
        size=rng.uniform(),
    )


def _raise_rate_if_short(draws: _Draws, duration: float, settings: VideoSettings) -> _Draws:
    if not duration:
        return draws
    target_fps = settings.short_frames / duration
    return draws._replace(fps=draws.fps * min(2.0, max(1.0, target_fps / settings.fps_range[1])))


def _read(film: Film, draws: _Draws, settings: VideoSettings, wanted: int | None) -> Clip:
    duration = film.duration_s
    if duration < settings.min_duration_s:
        raise Unusable("too_short", f"{duration:.1f} s, the recipe wants {settings.min_duration_s:g}")
    draws = _raise_rate_if_short(draws, duration, settings)
    clip = _find_clip(film, _window_starts(duration, draws, settings, wanted), draws, settings, wanted)
    if not clip.shots:
        raise Unusable("no_long_shot", f"{len(clip.times)} frames, all close to a cut or an end")
    return clip


def _window_starts(duration: float, draws: _Draws, settings: VideoSettings, wanted: int | None) -> list[float]:
    """Return the starts to try, in seconds: one where the wanted frames just fit, then one for the recipe's window."""
    spans = [settings.window_s]
    if wanted is not None:
        needed = wanted + 2 * margin_frames(draws.fps) + _SPARE_FRAMES
        spans.insert(0, min(settings.window_s, needed / draws.fps))
    starts = [draws.place * max(0.0, duration - span) for span in spans]
    return list(dict.fromkeys(starts))


def _find_clip(
    film: Film, window_starts: list[float], draws: _Draws, settings: VideoSettings, wanted: int | None
) -> Clip:
    """Return the clip from the first place that has what is wanted; if none has, the clip with the longest shot."""
    clips: list[Clip] = []
    for start in window_starts:
        try:
            clip = _read_clip_from(film, start, draws, settings, wanted)
        except (Unusable, av.FFmpegError):
            if start == 0 and not clips:
                raise
            refuse_shortage()
            continue
        if wanted is None or _has_moving_shot(clip, wanted):
            return clip
        clips.append(clip)
    if not clips:
        # The file is shorter than it claims, or cannot be decoded from the middle.
        return _read_clip_from(film, 0.0, draws, settings, wanted)
    return max(clips, key=lambda clip: max((stop - start for start, stop in clip.shots), default=0))


def _read_clip_from(film: Film, start: float, draws: _Draws, settings: VideoSettings, wanted: int | None) -> Clip:
    """Read the clip from ``start`` until it has what is wanted or the window ends."""
    sampling = Sampling(start, draws.fps, draws.phase, settings.window_s, settings.max_pixels)
    max_frames = int(settings.window_s * draws.fps) + 1
    begins = start == 0
    next_check = (
        max_frames if wanted is None else wanted + (margin_frames(draws.fps) if begins else OPEN_MARGIN) + OPEN_MARGIN
    )
    times: list[float] = []
    frames, small = np.empty(0, np.uint8), list[Pixels]()
    for picture, shown in _clean_frames(film.frames(sampling), draws, settings):
        if not times:
            frames = np.empty((max_frames, *picture.shape), np.uint8)
        frames[len(times)] = picture
        small.append(thumbnails(picture[None]))
        times.append(shown.time)
        if wanted is not None and len(times) >= next_check:
            if _has_moving_shot(clip := _make_clip(frames, small, times, draws.fps, begins=begins, ends=False), wanted):
                return clip
            next_check = len(times) + _RECHECK_FRAMES
        if len(times) == max_frames:
            break
    if len(times) < MIN_FRAMES:
        reason = "too_short" if film.looked_at < MIN_FRAMES else "static"
        summary = f"{len(times)} different frames of {film.looked_at}"
        raise Unusable(reason, f"{summary} at {draws.fps:.2f} per second, needs {MIN_FRAMES}")
    return _make_clip(frames, small, times, draws.fps, begins=begins, ends=True)


def _make_clip(
    frames: Pixels, small: list[Pixels], times: list[float], requested_fps: float, *, begins: bool, ends: bool
) -> Clip:
    fps, thumbs = _actual_rate(times, requested_fps), np.concatenate(small)
    shots = find_shots(thumbs, fps, begins=begins, ends=ends)
    return Clip(frames[: len(times)], tuple(times), fps, shots, thumbs)


def _has_moving_shot(clip: Clip, wanted: int) -> bool:
    """Whether some shot has at least ``wanted`` frames and motion in it."""
    return any(stop - start >= wanted and not static(clip.small[start:stop]) for start, stop in clip.shots)


def _actual_rate(times: list[float], requested_fps: float) -> float:
    """Return frames per second: the rate asked for, or the film's own, without repeats, if that is clearly lower."""
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    regular_steps = [step for step in steps if step < _PAUSE_FACTOR * steps[len(steps) // 2]]
    own_rate = len(regular_steps) / math.fsum(regular_steps)
    return own_rate if own_rate * _SLOWER_FACTOR < requested_fps else requested_fps


def _clean_frames(sampled: Iterator[Shown], draws: _Draws, settings: VideoSettings) -> Iterator[tuple[Pixels, Shown]]:
    head = list(islice(sampled, 1))
    if not head:
        raise Unusable("too_short", "no frame within reach of the sampling grid")
    # Bars are looked for in the first second or two: that many frames fit in memory at their full size.
    max_head_frames = _HEAD_BYTES // (head[0].picture.width * head[0].picture.height * 2)
    head += islice(sampled, min(_HEAD_FRAMES, max_head_frames))
    scaler = VideoReformatter()
    shape = Shape(
        side_px=settings.side_px_range,
        size=draws.size,
        max_scale=settings.max_scale,
        trims=draws.trims,
        centre=draws.centre,
        squeeze=draws.squeeze,
        clean=settings.clean,
    )
    plan = framing(head, shape, scaler)
    while head:
        shown = head.pop(0)
        yield plan.apply(shown.picture, scaler), shown
    for shown in sampled:
        yield plan.apply(shown.picture, scaler), shown
