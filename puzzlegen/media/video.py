"""From a raw video file to a clean clip: upright, square pixels, no bars, re-sampled in space and time.

Cleaning comes before any task and knows nothing of the answer. As for pictures, a crop at random phase and
a downscale by slightly different factors per axis let the traces of the source's codec fade; sampling at a
drawn rate and phase does the same for its rhythm of key frames.
"""

from __future__ import annotations

from itertools import chain, islice, pairwise
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import av
import numpy as np
from av.video.reformatter import Colorspace, VideoReformatter
from PIL import Image
from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.errors import Unusable
from puzzlegen.media.decode import Sampling, Shown, duration_s, sample_frames
from puzzlegen.media.geometry import even
from puzzlegen.media.motion import Pixels, Shots, find_shots, motion, reversible, static
from puzzlegen.media.mp4 import EXACT, encode_mp4
from puzzlegen.media.shortage import refuse_shortage

if TYPE_CHECKING:
    from collections.abc import Iterator

    from puzzlegen.rng import Rng

__all__ = ["Clip", "VideoSettings", "encode_mp4", "motion", "read_clip", "reversible", "static"]

MIN_FRAMES: Final = 8
MAX_SOURCE_ASPECT: Final = 4.0
_SQUEEZE: Final = 0.03
_TRIM: Final = (0.01, 0.04)
_MAX_ASPECT: Final = 2.0 - 2 * _SQUEEZE
_HEAD_FRAMES: Final = 12
_HEAD_BYTES: Final = 48_000_000
_OVERSIZE: Final = 1.3
_PREVIEW_PX: Final = 180
_BLACK: Final = 24
_SLOWER: Final = 1.25
_HD_HEIGHT: Final = 720
_UNSPECIFIED: Final = 2
_TURNS: Final = {
    90: Image.Transpose.ROTATE_90,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_270,
}

Box = tuple[float, float, float, float]


class VideoSettings(BaseModel):
    """How raw clips become clean ones: the recipe's section ``media.video``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side_px_range: tuple[int, int] = Field((168, 224), description="short side of the clean frames, drawn per item")
    max_scale: float = Field(
        0.95,
        gt=0,
        le=1,
        description="largest downscale factor; closer to 1 more codec traces of the source survive",
    )
    fps_range: tuple[float, float] = Field((5.0, 8.0), description="frames kept per second, drawn per item")
    short_frames: int = Field(
        32,
        ge=0,
        le=256,
        description="shorter clips are sampled up to twice as fast, to give about so many frames",
    )
    window_s: float = Field(24.0, gt=0, le=120, description="seconds used of a longer clip, at a drawn place")
    min_duration_s: float = Field(0.0, ge=0, description="least seconds that a clip must say it lasts")
    max_pixels: int = Field(7680 * 4320, ge=10_000, description="most pixels of one coded frame")
    clean: bool = Field(default=True, description="false keeps codec traces that name the answer; for audits only")


class Clip(NamedTuple):
    """A clean clip.

    Attributes:
        frames: ``(T, H, W, 3)`` uint8 RGB, H and W even.
        times: when each frame is shown in the source, in seconds.
        fps: the rate at which the source was sampled, or its own if that is lower. No picture comes twice in a row.
        shots: ``[start, stop)`` ranges of frames without a cut, trimmed at both ends; at least one.
    """

    frames: Pixels
    times: tuple[float, ...]
    fps: float
    shots: Shots


class _Draws(NamedTuple):
    """Everything that chance decides, drawn before the file is looked at."""

    place: float
    fps: float
    phase: float
    trims: tuple[float, float, float, float]
    centre: float
    squeeze: float
    size: float


class _Geometry(NamedTuple):
    """What happens to every frame: scaled as a whole to ``stage``, ``box`` of that to ``size``, turned."""

    stage: tuple[int, int]
    box: Box
    size: tuple[int, int]
    turn: Image.Transpose | None

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a clean frame."""
        width, height = self.size
        upright = self.turn in (None, Image.Transpose.ROTATE_180)
        return (height, width, 3) if upright else (width, height, 3)


def read_clip(file: BinaryIO, rng: Rng, settings: VideoSettings) -> Clip:
    """Decode a clip and make it clean.

    Args:
        file: seekable, at any position.
        rng: decides place, rate, crop and size; the same stream gives the same pixels.
        settings: the recipe's section ``media.video``.

    Returns:
        The clip. A file that breaks off gives what comes before the damage if that is long enough.

    Raises:
        Unusable: ``unreadable``, ``undecodable``, ``too_small``, ``too_large``, ``too_elongated``,
            ``too_short`` or ``no_long_shot``.
        MemoryError: memory is so short that nothing can be said of the file.
    """
    try:
        return _read(file, _draw(rng, settings), settings)
    except Unusable:
        # FFmpeg leaves out, without a word, frames for which it had no memory.
        refuse_shortage()
        raise
    # FFmpeg's own MemoryError is one of these; a file that asks for the impossible raises it, too.
    except av.FFmpegError as err:
        refuse_shortage()
        raise Unusable("undecodable", err.strerror or type(err).__name__) from err
    except OSError as err:
        raise Unusable("unreadable", err.strerror or type(err).__name__) from err
    except MemoryError:
        raise
    # PyAV raises nearly anything on damaged headers (ValueError, ZeroDivisionError, OverflowError ...).
    except Exception as err:
        refuse_shortage()
        raise Unusable("undecodable", type(err).__name__) from err


def _draw(rng: Rng, settings: VideoSettings) -> _Draws:
    return _Draws(
        place=rng.uniform(),
        fps=rng.uniform(*settings.fps_range),
        phase=rng.uniform(),
        trims=(rng.uniform(*_TRIM), rng.uniform(*_TRIM), rng.uniform(*_TRIM), rng.uniform(*_TRIM)),
        centre=rng.uniform(0.25, 0.75),
        squeeze=rng.uniform(1 - _SQUEEZE, 1 + _SQUEEZE),
        size=rng.uniform(),
    )


def _quicker_if_short(draws: _Draws, duration: float, settings: VideoSettings) -> _Draws:
    if not duration:
        return draws
    wanted = settings.short_frames / duration
    return draws._replace(fps=draws.fps * min(2.0, max(1.0, wanted / settings.fps_range[1])))


def _read(file: BinaryIO, draws: _Draws, settings: VideoSettings) -> Clip:
    duration = duration_s(file)
    if duration < settings.min_duration_s:
        raise Unusable("too_short", f"{duration:.1f} s, the recipe wants {settings.min_duration_s:g}")
    start = draws.place * max(0.0, duration - settings.window_s)
    draws = _quicker_if_short(draws, duration, settings)
    try:
        frames, times = _frames_from(file, start, draws, settings)
    except (Unusable, av.FFmpegError):
        if not start:
            raise
        refuse_shortage()
        # The file is shorter than it claims, or cannot be entered in the middle.
        frames, times = _frames_from(file, 0.0, draws, settings)
    fps = _rate(times, draws.fps)
    shots = find_shots(frames, fps)
    if not shots:
        raise Unusable("no_long_shot", f"{len(times)} frames, all close to a cut or an end")
    return Clip(frames, times, fps, shots)


def _rate(times: tuple[float, ...], asked: float) -> float:
    """Frames per second: as asked for, or fewer where the film, its repeated frames left out, is slower than that."""
    steps = sorted(later - earlier for earlier, later in pairwise(times))
    usual = 1 / steps[len(steps) // 2]
    return usual if usual * _SLOWER < asked else asked


def _frames_from(
    file: BinaryIO, start: float, draws: _Draws, settings: VideoSettings
) -> tuple[Pixels, tuple[float, ...]]:
    sampling = Sampling(start, draws.fps, draws.phase, settings.window_s, settings.max_pixels)
    most = int(settings.window_s * draws.fps) + 1
    frames, times = _clean(sample_frames(file, sampling), most, draws, settings)
    if len(times) < MIN_FRAMES:
        raise Unusable("too_short", f"{len(times)} different frames at {draws.fps:.2f} per second, needs {MIN_FRAMES}")
    return frames, times


def _clean(
    sampled: Iterator[Shown], most: int, draws: _Draws, settings: VideoSettings
) -> tuple[Pixels, tuple[float, ...]]:
    head = list(islice(sampled, 1))
    if not head:
        raise Unusable("too_short", "no frame within reach of the sampling grid")
    # Bars are looked for on the first second or two: that many frames fit in memory as they are.
    room = _HEAD_BYTES // (head[0].picture.width * head[0].picture.height * 2)
    head += islice(sampled, min(_HEAD_FRAMES, room))
    scaler = VideoReformatter()
    plan = _plan(head[0], _without_bars(head, scaler), draws, settings)
    frames = np.empty((most, *plan.shape), np.uint8)
    times = []
    for shown, into in zip(chain(head, sampled), frames, strict=False):
        into[...] = np.asarray(_apply(plan, shown.picture, scaler))
        times.append(shown.time)
    return frames[: len(times)], tuple(times)


def _apply(plan: _Geometry, frame: av.VideoFrame, scaler: VideoReformatter) -> Image.Image:
    # Untagged high definition is BT.709, as players take it; the scaler alone would take it as BT.601.
    untagged_hd = frame.colorspace == _UNSPECIFIED and frame.height >= _HD_HEIGHT
    rgb = scaler.reformat(
        frame,
        width=plan.stage[0],
        height=plan.stage[1],
        format="rgb24",
        src_colorspace=Colorspace.ITU709 if untagged_hd else None,
        interpolation=EXACT,
        threads=1,
    )
    clean = Image.fromarray(rgb.to_ndarray()).resize(plan.size, Image.Resampling.BICUBIC, box=plan.box)
    return clean if plan.turn is None else clean.transpose(plan.turn)


def _without_bars(head: list[Shown], scaler: VideoReformatter) -> Box:
    """The picture without near-black bars that stand in all frames; left, top, right, bottom as fractions."""
    first = head[0].picture
    ratio = min(1.0, _PREVIEW_PX / min(first.width, first.height))
    width, height = int(first.width * ratio), int(first.height * ratio)
    lightest = np.zeros((height, width), np.uint8)
    for shown in head:
        grey = scaler.reformat(shown.picture, width=width, height=height, format="gray", interpolation=EXACT, threads=1)
        lightest = np.maximum(lightest, grey.to_ndarray())
    left, right = _lit_span(lightest.max(axis=0))
    top, bottom = _lit_span(lightest.max(axis=1))
    return left, top, right, bottom


def _lit_span(lightest: Pixels) -> tuple[float, float]:
    lit = np.flatnonzero(lightest > _BLACK)
    if lit.size < lightest.size // 3:
        return 0.0, 1.0
    # One more at a bar's edge, where bar and picture mix.
    first = int(lit[0]) + 1 if lit[0] else 0
    stop = int(lit[-1]) + 1
    return first / lightest.size, (stop if stop == lightest.size else stop - 1) / lightest.size


def _plan(first: Shown, content: Box, draws: _Draws, settings: VideoSettings) -> _Geometry:
    """Where to cut and how far to scale; lengths are square pixels of the source before it is turned."""
    full = first.picture.width * first.pixel_aspect, float(first.picture.height)
    if not settings.clean:
        return _untouched(first, full, settings)
    x0, y0, x1, y1 = _cut(content, full, draws)
    width, height = x1 - x0, y1 - y0
    short = min(width, height)
    low, high = settings.side_px_range
    most = int(short * settings.max_scale)
    if most < low:
        raise Unusable("too_small", f"short side {int(short)} px, needs {int(low / settings.max_scale) + 1}")
    factor = (low + draws.size * (min(high, most) - low)) / short
    squeezed = (draws.squeeze, 1.0) if width > height else (1.0, draws.squeeze)
    staged = min(1.0, factor * _OVERSIZE)
    stage = round(full[0] * staged), round(full[1] * staged)
    sx, sy = stage[0] / full[0], stage[1] / full[1]
    return _Geometry(
        stage=stage,
        box=(x0 * sx, y0 * sy, x1 * sx, y1 * sy),
        size=(even(width * factor * squeezed[0]), even(height * factor * squeezed[1])),
        turn=_TURNS.get(round(first.picture.rotation / 90) * 90 % 360),
    )


def _untouched(first: Shown, full: tuple[float, float], settings: VideoSettings) -> _Geometry:
    """Every frame whole, in square pixels, shrunk only if it is too large."""
    factor = min(1.0, settings.side_px_range[1] / min(full))
    size = even(full[0] * factor), even(full[1] * factor)
    turn = _TURNS.get(round(first.picture.rotation / 90) * 90 % 360)
    return _Geometry(stage=size, box=(0.0, 0.0, float(size[0]), float(size[1])), size=size, turn=turn)


def _cut(content: Box, full: tuple[float, float], draws: _Draws) -> Box:
    """Trim the drawn bit off each side of the content, then the long side to twice the short one."""
    x0, x1 = _inner(content[0] * full[0], content[2] * full[0], *draws.trims[:2])
    y0, y1 = _inner(content[1] * full[1], content[3] * full[1], *draws.trims[2:])
    width, height = x1 - x0, y1 - y0
    if max(width, height) > MAX_SOURCE_ASPECT * min(width, height):
        raise Unusable("too_elongated", f"{width:.0f}x{height:.0f}")
    spare_x = max(0.0, width - height * _MAX_ASPECT)
    spare_y = max(0.0, height - width * _MAX_ASPECT)
    off = draws.centre
    return x0 + off * spare_x, y0 + off * spare_y, x1 - (1 - off) * spare_x, y1 - (1 - off) * spare_y


def _inner(start: float, stop: float, before: float, after: float) -> tuple[float, float]:
    return start + before * (stop - start), stop - after * (stop - start)
