"""Encode frames as an MP4, with the same bytes every time.

x264 is not reproducible by default, even on one thread: its assembly rounds some decisions differently from run to run.
``cpu-independent=1``, one thread, bit-exact flags in codec, container and scaler, and integer time stamps make it so.

Each frame is coded by itself: all are key frames, and the rate control looks neither back nor ahead. A frame then
decodes to the same pixels wherever it is in the clip, so that only what the frames show reveals their order. (Key
frames alone are not enough: x264's quantiser depends on the frames before.)
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import av
import numpy as np
from av.video.reformatter import ColorPrimaries, ColorRange, ColorTrc, VideoReformatter
from numpy.typing import NDArray

from puzzlegen.media.resample import EXACT

Frames = NDArray[np.uint8] | Sequence[NDArray[np.uint8]]

_CONTAINER_BITEXACT: Final = 0x400
_CODEC_BITEXACT: Final = 1 << 23
_X264: Final = {
    "preset": "superfast",
    "x264-params": "cpu-independent=1:keyint=1:scenecut=0:mbtree=0:qcomp=1:ipratio=1",
}
_SMPTE170M_MATRIX: Final = 6
_MAX_FPS_DENOMINATOR: Final = 1000


def encode_mp4(frames: Frames, fps: float | Fraction, *, crf: int = 20) -> bytes:
    """Encode frames as H.264 in MP4: yuv420p, BT.601 limited range, all key frames, index first.

    Args:
        frames: ``(T, H, W, 3)`` uint8 RGB, or a sequence of T such frames; H and W even.
        fps: frames per second, rounded to a fraction with a denominator of at most 1000.
        crf: x264's constant rate factor; lower is better and larger.

    Returns:
        The bytes of the file. Equal arguments give equal bytes in every process.

    Raises:
        ValueError: no frames, an odd side, frames of different sizes or types, or no positive fps.
    """
    height, width = _check(frames)
    rate = Fraction(fps).limit_denominator(_MAX_FPS_DENOMINATOR)
    if rate <= 0:
        raise ValueError(f"fps must be at least 1/{_MAX_FPS_DENOMINATOR}, got {fps}")
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4", options={"moov_size": str(_index_bytes(frames))}) as container:
        container.flags |= _CONTAINER_BITEXACT
        stream = container.add_stream("libx264", rate=rate, options={**_X264, "crf": str(crf)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        _set_up(stream.codec_context, rate)
        scaler = VideoReformatter()
        for number, pixels in enumerate(frames):
            frame = _to_yuv(scaler, pixels)
            frame.pts, frame.time_base = number, 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


def _check(frames: Frames) -> tuple[int, int]:
    if len(frames) == 0:
        raise ValueError("a clip needs at least one frame")
    height, width = frames[0].shape[:2]
    for pixels in frames:
        if pixels.shape != (height, width, 3) or pixels.dtype != np.uint8:
            expected = f"({height}, {width}, 3) uint8"
            raise ValueError(f"every frame must be {expected}, got {pixels.shape} {pixels.dtype}")
    if height % 2 or width % 2 or not height or not width:
        raise ValueError(f"yuv420p needs even sides, got {width}x{height}")
    return height, width


def _index_bytes(frames: Frames) -> int:
    """Return the room for the index ahead of the frames: the muxer's own way (``faststart``) cannot write to memory."""
    return 1024 + 16 * len(frames)


def _set_up(context: av.VideoCodecContext, rate: Fraction) -> None:
    context.time_base = 1 / rate
    context.thread_count = 1
    context.flags |= _CODEC_BITEXACT
    # BT.601 is the scaler's default matrix, and readers that ignore the tags (OpenCV, decord) assume it.
    context.colorspace = _SMPTE170M_MATRIX
    context.color_range = ColorRange.MPEG
    context.color_primaries = ColorPrimaries.SMPTE170M
    context.color_trc = ColorTrc.SMPTE170M


def _to_yuv(scaler: VideoReformatter, pixels: NDArray[np.uint8]) -> av.VideoFrame:
    rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
    return scaler.reformat(rgb, format="yuv420p", interpolation=EXACT, threads=1)
