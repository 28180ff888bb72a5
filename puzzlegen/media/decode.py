"""Decode a video file once, in order and on one thread, down to the few frames that are kept.

It is one thread because a decoder with several gives up on a damaged file at a frame that depends on their number.
Frames that are not kept are never converted, because conversion costs as much as decoding. Where no other frame refers
to them, they are not even decoded.
"""

from __future__ import annotations

from bisect import bisect
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, Self

import av
import numpy as np
from av.stream import Disposition

from puzzlegen.errors import Unusable
from puzzlegen.media.container import open_container
from puzzlegen.media.shortage import refuse_shortage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from av.container import InputContainer
    from av.video.stream import VideoStream
    from numpy.typing import NDArray

_RATES: Final = (1.0, 240.0)
_DEFAULT_RATE: Final = 25.0
_MAX_ERRORS: Final = 500
#: If the key frame before the wanted start is further away than this, sampling begins at that key frame.
_MAX_LEAD_S: Final = 60.0
#: A sampled frame is a repeat of the last kept one if the two differ by no more than a tenth of the second largest of
#: the last twelve changes (the second largest, so that a single cut does not count). Repeats that were encoded anew
#: differ by up to a twentieth where little moves (x264, at key frames), mostly by under 1/100. Where motion is slow,
#: changes add up until a frame is kept.
_REPEAT_RATIO: Final = 10
_CHANGES_KEPT: Final = 12
#: ... or by no more than one part in this many of a grey level, on average.
_LEAST_CHANGE: Final = 16
#: MPEG-2, MPEG-4 Part 2 and related codecs leave the last bit to the decoder, and FFmpeg by default uses the transform
#: that is fastest on the processor.
_EXACT: Final = {"idct": "simple"}
#: Decoders that can leave out frames to which no other refers, without changing the other frames ...
_SKIPPING_DECODERS: Final = frozenset({"h264", "mpeg4", "mpeg2video", "mpeg1video"})
#: ... in containers that give each frame's time. In others, times are counted from frames, so all must be decoded.
_TIMED_FORMATS: Final = frozenset({"mov,mp4,m4a,3gp,3g2,mj2", "matroska,webm"})
#: A frame is decoded if a point of the sampling grid lies within this many frame durations of it.
_REACH: Final = 0.6
#: Points of the sampling grid are moved by up to this fraction of a step. Otherwise a rate near a divisor of the
#: source's rate would hit the same positions in its groups of pictures again and again. Multiples of the golden ratio
#: spread the offsets evenly without more random draws.
_GRID_JITTER: Final = 0.2
_GOLDEN_RATIO: Final = 0.6180339887498949
_MICROSECONDS: Final = 1_000_000


class Shown(NamedTuple):
    """A decoded frame, its time in the source in seconds, and the width of its pixels relative to their height."""

    time: float
    picture: av.VideoFrame
    pixel_aspect: float


class Sampling(NamedTuple):
    """Which frames of a file are kept.

    Attributes:
        start: where sampling begins, in seconds from the stream's beginning.
        fps: frames to keep per second.
        phase: offset of the sampling grid, as a fraction of one step.
        window_s: most seconds to sample.
        max_pixels: most pixels that a coded frame may have.
    """

    start: float
    fps: float
    phase: float
    window_s: float
    max_pixels: int


class Film:
    """An open video file. It is kept open because opening one costs as much as decoding several frames.

    Attributes:
        looked_at: how many frames the last sampling picked, including repeats, which it then dropped.

    Raises:
        Unusable: ``undecodable``, if the file has no video stream.
        av.FFmpegError: the file cannot be opened.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._container = open_container(file)
        self._stream = _video_stream(self._container)
        self._has_decoded = False
        self.looked_at = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._container.close()

    @property
    def duration_s(self) -> float:
        """The duration that the file claims, in seconds; 0 if it claims none."""
        if self._stream.duration and self._stream.time_base:
            return max(0.0, float(self._stream.duration * self._stream.time_base))
        return max(0.0, (self._container.duration or 0) / _MICROSECONDS)

    def frames(self, sampling: Sampling) -> Iterator[Shown]:
        """Yield the frames nearest to the points of a nearly regular grid, each with its presentation time in seconds.

        A damaged file gives the frames before the damage. A picture comes only once, however long it is shown: frames
        that repeat the one before are dropped (a slower film in a faster container, telecine, a stalled capture).

        Raises:
            Unusable: ``undecodable`` or ``too_large``.
            av.FFmpegError: the file cannot be opened again.
        """
        if self._has_decoded:
            # After damage or the end of the file, a seek does not always make a decoder work again.
            self._container.close()
            self._container = open_container(self._file)
            self._stream = _video_stream(self._container)
        self._has_decoded = True
        container, stream = self._container, self._stream
        _check_size(stream.width, stream.height, sampling.max_pixels)
        stream.codec_context.thread_count = 1
        stream.codec_context.options = _EXACT
        first = _seek(container, stream, sampling.start)
        max_frames = int((sampling.window_s + _MAX_LEAD_S) * _RATES[1])
        decoded = _decode(container, stream, sampling.max_pixels, self._needed(first, sampling))
        yield from _drop_repeats(self._count_frames(_pick_on_grid(islice(decoded, max_frames), first, sampling)))

    def _count_frames(self, frames: Iterator[Shown]) -> Iterator[Shown]:
        self.looked_at = 0
        for frame in frames:
            self.looked_at += 1
            yield frame

    def _needed(self, first: float, sampling: Sampling) -> Callable[[av.Packet[VideoStream]], bool]:
        """Return a test of whether a packet's frame may be kept; the rest are decoded only if others need them."""
        unit, step = float(self._stream.time_base or 0), _step_s(self._stream)
        begin = (self._stream.start_time or 0) * unit if first == float("-inf") else first
        points = list(_grid(begin, sampling))

        def near(packet: av.Packet[VideoStream]) -> bool:
            if packet.pts is None:
                return True
            time, reach = packet.pts * unit, _REACH * max(step, (packet.duration or 0) * unit)
            insertion_index = bisect(points, time)
            return any(
                abs(point - time) <= reach for point in points[max(0, insertion_index - 1) : insertion_index + 1]
            )

        can_skip = (
            self._container.format.name in _TIMED_FORMATS and self._stream.codec_context.name in _SKIPPING_DECODERS
        )
        return near if unit and can_skip else lambda _: True


def _video_stream(container: InputContainer) -> VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & Disposition.attached_pic:
            return stream
    raise Unusable("undecodable", "no video stream")


def _check_size(width: int, height: int, max_pixels: int) -> None:
    if width * height > max_pixels:
        raise Unusable("too_large", f"{width}x{height} has more than {max_pixels} pixels")


def _seek(container: InputContainer, stream: VideoStream, start: float) -> float:
    """Seek to the key frame before ``start``; return the time from which frames are wanted."""
    if not start or not stream.time_base:
        return float("-inf")
    target = (stream.start_time or 0) + int(start / stream.time_base)
    container.seek(target, stream=stream)
    return float(target * stream.time_base)


def _decode(
    container: InputContainer, stream: VideoStream, max_pixels: int, needed: Callable[[av.Packet[VideoStream]], bool]
) -> Iterator[Shown]:
    """Yield the frames from here on, with rising times, up to the end, the first damage or a change of size."""
    step, last, size = _step_s(stream), None, None
    for frame in _until_damage(container, stream, needed):
        if size is None:
            _check_size(frame.width, frame.height, max_pixels)
            size = frame.width, frame.height
        if (frame.width, frame.height) != size:
            return
        expected_time = 0.0 if last is None else last + step
        has_later_time = frame.time is not None and (last is None or frame.time > last)
        last = frame.time if has_later_time else expected_time
        yield Shown(last, frame, float(stream.sample_aspect_ratio or 1))


def _until_damage(
    container: InputContainer, stream: VideoStream, needed: Callable[[av.Packet[VideoStream]], bool]
) -> Iterator[av.VideoFrame]:
    """Yield decoded frames. Damage before the first is skipped: a seek may land on frames that need earlier ones."""
    started, errors = False, 0
    packets = container.demux(stream)
    while errors <= _MAX_ERRORS:
        try:
            packet = next(packets, None)
            if packet is not None:
                stream.codec_context.skip_frame = "DEFAULT" if needed(packet) else "NONREF"
            frames = [] if packet is None else packet.decode()
        except av.FFmpegError:
            refuse_shortage()
            errors += 1
            if started:
                return
            continue
        for frame in frames:
            if frame.is_corrupt:
                refuse_shortage()
                if started:
                    return
            else:
                started = True
                yield frame
        if packet is None:
            return


def _step_s(stream: VideoStream) -> float:
    """Return the nominal seconds from frame to frame, for frames without a time."""
    rate = float(stream.average_rate or stream.guessed_rate or _DEFAULT_RATE)
    return 1 / rate if _RATES[0] <= rate <= _RATES[1] else 1 / _DEFAULT_RATE


def _drop_repeats(frames: Iterator[Shown]) -> Iterator[Shown]:
    """Yield frames that differ enough from the last one yielded to show something new; see ``_REPEAT_RATIO``."""
    changes: deque[int] = deque(maxlen=_CHANGES_KEPT)
    last = None
    for frame in frames:
        sketch = _sketch(frame.picture)
        if last is not None and last.shape == sketch.shape:
            change = int(np.abs(sketch - last).sum(dtype=np.int64))
            largest_changes = sorted(changes)[-3:]
            min_change = sketch.size // _LEAST_CHANGE
            if change <= max(
                min_change, largest_changes[len(largest_changes) // 2] // _REPEAT_RATIO if largest_changes else 0
            ):
                continue
            changes.append(change)
        last = sketch
        yield frame


def _sketch(picture: av.VideoFrame) -> NDArray[np.int16]:
    """Return every fifth byte of every fourth line of the first plane: so the channels of packed formats take turns."""
    plane, pixel_format = picture.planes[0], picture.format
    row_bytes = picture.width if pixel_format.is_planar else picture.width * pixel_format.padded_bits_per_pixel // 8
    lines = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, abs(plane.line_size))
    sketch: NDArray[np.int16] = lines[: picture.height : 4, :row_bytes:5].astype(np.int16)
    return sketch


def _grid(start: float, sampling: Sampling) -> Iterator[float]:
    """Yield the times at which frames are wanted: ``fps`` per second of the window, nearly evenly spaced."""
    phase = sampling.phase
    for k in range(max(1, int(sampling.window_s * sampling.fps))):
        jitter = _GRID_JITTER * (2 * ((k * _GOLDEN_RATIO + phase) % 1) - 1)
        yield start + (phase + k + jitter) / sampling.fps


def _pick_on_grid(frames: Iterator[Shown], start: float, sampling: Sampling) -> Iterator[Shown]:
    current = next(frames, None)
    if current is None:
        raise Unusable("undecodable", "no frame can be decoded")
    if current.time > start or start - current.time > _MAX_LEAD_S:
        start = current.time
    grid = _grid(start, sampling)
    next_point = next(grid)
    for frame in frames:
        if next_point <= (midpoint := (current.time + frame.time) / 2):
            yield current
            next_point = next((point for point in grid if point > midpoint), float("inf"))
        if next_point == float("inf"):
            return
        current = frame
    if next_point - current.time <= 1 / (2 * sampling.fps):
        yield current
