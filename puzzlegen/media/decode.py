"""A video file to the few frames that are kept, decoded once, in order, on one thread.

One thread because a decoder with several gives up a damaged file at a frame that depends on their number.
Frames that are not kept are never converted: conversion costs as much as decoding.
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

import av
from av.stream import Disposition

from puzzlegen.errors import Unusable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream

#: Containers that are read. Without this list FFmpeg takes text for a playlist and opens whatever it names.
_FORMATS: Final = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpeg,mpegvideo,mpegts,asf,asf_o,flv,ogg,m4v,h264,hevc"
_RATES: Final = (1.0, 240.0)
_USUAL_RATE: Final = 25.0
_MAX_ERRORS: Final = 500
#: Where the key frame before the wanted place is further away than this, sampling begins at the key frame.
_MAX_LEAD_S: Final = 60.0
_MICROSECONDS: Final = 1_000_000


class Shown(NamedTuple):
    """A decoded frame, when it is shown (seconds in the source), and the width of a pixel over its height."""

    time: float
    picture: av.VideoFrame
    pixel_aspect: float


class Sampling(NamedTuple):
    """Which frames of a file are kept.

    Attributes:
        start: seconds from the stream's beginning.
        fps: kept frames per second.
        phase: of the sampling grid, as a fraction of one step.
        window_s: seconds that are sampled at most.
        max_pixels: of one coded frame.
    """

    start: float
    fps: float
    phase: float
    window_s: float
    max_pixels: int


class _Unnamed:
    """A file without its name: the name would sway FFmpeg's guess of the format and stand in its messages."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


def duration_s(file: BinaryIO) -> float:
    """The seconds that the file claims to last, 0 if it does not say."""
    with _open(file) as container:
        stream = _video_stream(container)
        if stream.duration and stream.time_base:
            return max(0.0, float(stream.duration * stream.time_base))
        return max(0.0, (container.duration or 0) / _MICROSECONDS)


def sample_frames(file: BinaryIO, sampling: Sampling) -> Iterator[Shown]:
    """Frames nearest to the points of a regular grid, each with its presentation time in seconds.

    A damaged file gives the frames before the damage. A frame shown for more than one step comes again.

    Raises:
        Unusable: ``undecodable`` or ``too_large``.
        av.FFmpegError: the file cannot be opened.
    """
    with _open(file) as container:
        stream = _video_stream(container)
        _check_size(stream.width, stream.height, sampling.max_pixels)
        stream.codec_context.thread_count = 1
        first = _seek(container, stream, sampling.start)
        most = int((sampling.window_s + _MAX_LEAD_S) * _RATES[1])
        frames = islice(_decode(container, stream, sampling.max_pixels), most)
        yield from _on_grid(frames, first, sampling)


def _open(file: BinaryIO) -> InputContainer:
    file.seek(0)
    return av.open(_Unnamed(file), "r", options={"format_whitelist": _FORMATS}, metadata_errors="replace")


def _video_stream(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise Unusable("undecodable", "no video stream")


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise Unusable("too_large", f"{width}x{height} has more than {max_pixels} pixels")


def _seek(container: InputContainer, stream: VideoStream, start: float) -> float:
    """Go to the key frame before ``start``; returns the time from which frames are wanted."""
    if not start or not stream.time_base:
        return float("-inf")
    target = (stream.start_time or 0) + int(start / stream.time_base)
    container.seek(target, stream=stream)
    return float(target * stream.time_base)


def _decode(container: InputContainer, stream: VideoStream, max_pixels: int) -> Iterator[Shown]:
    """All frames from here on with rising times, up to the end, the first damage or a change of size."""
    step, last, size = _step_s(stream), None, None
    for frame in _until_damage(container, stream):
        if size is None:
            _check_size(frame.width, frame.height, max_pixels)
            size = frame.width, frame.height
        if (frame.width, frame.height) != size:
            return
        following = 0.0 if last is None else last + step
        late = frame.time is not None and (last is None or frame.time > last)
        last = frame.time if late else following
        yield Shown(last, frame, float(stream.sample_aspect_ratio or 1))


def _until_damage(container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
    """Decoded frames. Damage before the first is skipped: a seek may land among frames that need others."""
    started, errors = False, 0
    packets = container.demux(stream)
    while errors <= _MAX_ERRORS:
        try:
            packet = next(packets, None)
            frames = [] if packet is None else packet.decode()
        except av.FFmpegError:
            errors += 1
            if started:
                return
            continue
        for frame in frames:
            if frame.is_corrupt and started:
                return
            if not frame.is_corrupt:
                started = True
                yield frame
        if packet is None:
            return


def _step_s(stream: VideoStream) -> float:
    """Seconds from frame to frame, for frames that bear no time."""
    rate = float(stream.average_rate or stream.guessed_rate or _USUAL_RATE)
    return 1 / rate if _RATES[0] <= rate <= _RATES[1] else 1 / _USUAL_RATE


def _on_grid(frames: Iterator[Shown], start: float, sampling: Sampling) -> Iterator[Shown]:
    held = next(frames, None)
    if held is None:
        raise Unusable("undecodable", "no frame can be decoded")
    if held.time > start or start - held.time > _MAX_LEAD_S:
        start = held.time
    points = max(1, int(sampling.window_s * sampling.fps))
    grid = (start + (sampling.phase + k) / sampling.fps for k in range(points))
    due = next(grid)
    for frame in frames:
        while due <= (held.time + frame.time) / 2:
            yield held
            due = next(grid, float("inf"))
        if due == float("inf"):
            return
        held = frame
    if due - held.time <= 1 / (2 * sampling.fps):
        yield held
