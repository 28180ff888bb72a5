"""Cleaned clips are the same every time, whatever the file holds."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter

from puzzlegen.errors import Unusable
from puzzlegen.media import decode
from puzzlegen.media.decode import Film
from puzzlegen.media.fingerprint import clip_hash
from puzzlegen.media.motion import Pixels, find_shots, liveliness
from puzzlegen.media.video import Clip, VideoSettings, encode_mp4, motion, read_clip, reversible, static
from puzzlegen.records import REASONS
from puzzlegen.rng import rng_for

SMALL = VideoSettings(side_px_range=(64, 80))


def scene(count: int, *, seed: int = 0, size: tuple[int, int] = (120, 160), step: int = 5) -> Pixels:
    """Return frames of a smooth image that depends on the seed, with a bright block moving across it."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width]
    phase = np.array([0.0, 2.1, 4.2]) + seed * 1.3
    waves = np.sin(x[..., None] / (9 + seed) + phase) + np.cos(y[..., None] / (13 - seed) + 2 * phase)
    frames = np.repeat((110 + 45 * waves).astype(np.uint8)[None], count, axis=0)
    for t in range(count):
        left = t * step % (width - 30)
        frames[t, 30:70, left : left + 30] = 240
    return frames


def clip_bytes(
    frames: Pixels,
    *,
    fmt: str = "mp4",
    codec: str = "libx264",
    fps: int = 20,
    pix_fmt: str = "yuv420p",
    turn: int = 0,
    aspect: Fraction | None = None,
    group: int = 12,
) -> bytes:
    """Encode frames like other programs do."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=fmt) as out:
        stream: Any = out.add_stream(codec, rate=fps)
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = pix_fmt
        stream.codec_context.gop_size = group
        if aspect:
            stream.codec_context.sample_aspect_ratio = aspect
        if turn:
            stream.set_display_rotation(turn)
        for pixels in frames:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels)))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def read(data: bytes, seed: int = 0, settings: VideoSettings = SMALL, wanted: int | None = None) -> Clip:
    return read_clip(io.BytesIO(data), rng_for("test", seed), settings, wanted)


def read_or_reason(data: bytes, settings: VideoSettings = SMALL) -> Clip | str:
    try:
        return read(data, settings=settings)
    except Unusable as no:
        return {reason: reason for reason in REASONS}[no.reason]


def decoded(data: bytes) -> Pixels:
    with av.open(io.BytesIO(data), "r") as container:
        return np.stack([frame.to_ndarray(format="rgb24").astype(np.uint8) for frame in container.decode(video=0)])


@pytest.fixture(scope="module")
def plain() -> bytes:
    return clip_bytes(scene(60))


# --- encoding -----------------------------------------------------------------------------------------------


def test_encoding_gives_the_same_bytes_in_every_process() -> None:
    program = (
        "import sys, hashlib; sys.path.insert(0, sys.argv[1]); from test_video import scene, encode_mp4;"
        "print(hashlib.sha256(encode_mp4(scene(12), 7.3)).hexdigest())"
    )
    here = str(Path(__file__).parent)
    elsewhere = [
        subprocess.run([sys.executable, "-c", program, here], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    ]
    data = encode_mp4(scene(12), 7.3)
    assert data == encode_mp4(list(scene(12)), 7.3)
    assert {out.strip() for out in elsewhere} == {hashlib.sha256(data).hexdigest()}


def test_encoded_clip_is_what_went_in() -> None:
    frames = scene(9)
    data = encode_mp4(frames, Fraction(13, 2))
    with av.open(io.BytesIO(data), "r") as container:
        stream = container.streams.video[0]
        times = [frame.time for frame in container.decode(video=0)]
        assert (stream.width, stream.height, stream.average_rate) == (160, 120, Fraction(13, 2))
        assert stream.codec_context.pix_fmt == "yuv420p"
    assert times == pytest.approx([k / 6.5 for k in range(9)])
    assert np.abs(decoded(data).astype(int) - frames).mean() < 4
    assert data.index(b"moov") < data.index(b"mdat")


def test_a_frame_decodes_to_the_same_pixels_wherever_it_stands() -> None:
    frames = np.concatenate([scene(8), scene(8, seed=3)])
    order = rng_for("order").permutation(16)
    assert np.array_equal(decoded(encode_mp4(frames, 6))[order], decoded(encode_mp4(frames[order], 6)))


@pytest.mark.parametrize("count", [1, 700])
def test_the_index_fits_the_room_ahead_of_the_frames(count: int) -> None:
    noise = np.frombuffer(rng_for("noise").raw(count * 16 * 16 * 3), np.uint8).reshape(count, 16, 16, 3)
    assert len(decoded(encode_mp4(noise, 29.97))) == count


@pytest.mark.parametrize(
    ("frames", "fps"),
    [
        (np.zeros((2, 31, 32, 3), np.uint8), 5),
        (np.zeros((2, 32, 31, 3), np.uint8), 5),
        (np.zeros((0, 32, 32, 3), np.uint8), 5),
        (np.zeros((2, 32, 32, 3), np.float32), 5),
        (np.zeros((2, 32, 32), np.uint8), 5),
        ([np.zeros((32, 32, 3), np.uint8), np.zeros((34, 32, 3), np.uint8)], 5),
        (np.zeros((2, 32, 32, 3), np.uint8), 0),
    ],
)
def test_what_cannot_be_encoded_is_a_value_error(frames: Any, fps: float) -> None:
    with pytest.raises(ValueError, match=r"frame|even|fps"):
        encode_mp4(frames, fps)


# --- reading ------------------------------------------------------------------------------------------------


def test_a_clip_is_clean_and_the_same_every_time(plain: bytes) -> None:
    clip, again = read(plain), read(plain)
    count, height, width, channels = clip.frames.shape
    assert np.array_equal(clip.frames, again.frames)
    assert clip[1:4] == again[1:4]
    assert len(clip.times) == count == pytest.approx(3 * clip.fps, abs=1.5)
    assert channels == 3
    assert height % 2 == width % 2 == 0
    assert 62 <= min(height, width) <= 82
    assert max(height, width) <= 2 * min(height, width)
    assert list(clip.times) == sorted(clip.times)
    assert len(clip.shots) == 1
    start, stop = clip.shots[0]
    assert 0 < start < stop < count
    assert not static(clip.frames)


def test_another_stream_of_chance_samples_otherwise(plain: bytes) -> None:
    clips = [read(plain, seed) for seed in range(3)]
    assert len({clip.fps for clip in clips}) == 3
    assert len({clip.times[:4] for clip in clips}) == 3


def test_the_cut_is_found_where_it_was_made() -> None:
    clip = read(clip_bytes(np.concatenate([scene(50), scene(50, seed=4)])))
    before, after = clip.shots
    assert clip.times[before[1] - 1] < 2.5 - 0.2
    assert clip.times[after[0]] > 2.5 + 0.2
    assert after[0] - before[1] <= 2 * int(0.3 * clip.fps + 1)


def test_a_dissolve_lies_in_no_shot() -> None:
    share = np.clip(np.arange(40) - 15, 0, 8)[:, None, None, None] / 8
    frames = (scene(40) * (1 - share) + 0.4 * scene(40, seed=5) * share).astype(np.uint8)
    shots = find_shots(frames, 7.0)
    assert [(start <= 15, stop >= 24) for start, stop in shots] == [(True, False), (False, True)]


def test_a_cut_between_dark_scenes_is_found() -> None:
    # As dark as a scene by torchlight: all pixels lie within 50 of 255 grey levels.
    frames = np.concatenate([scene(20), scene(20, seed=4)]) // 5
    assert find_shots(frames, 7.0) == ((3, 17), (23, 37))


@pytest.mark.parametrize("dark", [1, 5])
def test_no_cut_where_there_is_none(dark: int) -> None:
    assert find_shots(scene(40, step=9) // dark, 7.0) == ((3, 37),)


def test_less_is_cut_away_where_only_the_sampling_ends() -> None:
    frames = np.concatenate([scene(20), scene(20, seed=4)])
    assert find_shots(frames, 7.0) == ((3, 17), (23, 37))
    assert find_shots(frames, 7.0, begins=False) == ((1, 17), (23, 37))
    assert find_shots(frames, 7.0, ends=False) == ((3, 17), (23, 39))
    assert find_shots(frames[19:], 7.0, begins=False) == ((4, 18),)


def test_bars_are_trimmed() -> None:
    frames = np.zeros((60, 160, 160, 3), np.uint8)
    frames[:, 30:130] = scene(60, size=(100, 160))
    clip = read(clip_bytes(frames))
    assert clip.frames.shape[2] > 1.3 * clip.frames.shape[1]
    assert clip.frames[:, 0].mean() > 40
    assert clip.frames[:, -1].mean() > 40


@pytest.mark.parametrize(("turn", "corner"), [(0, 0), (90, 1), (180, 2), (-90, 3)])
def test_a_turned_phone_gives_an_upright_clip(turn: int, corner: int) -> None:
    frames = scene(40)
    frames[:, :40, :40] = (250, 20, 20)
    clip = read(clip_bytes(frames, turn=turn))
    assert (clip.frames.shape[1] > clip.frames.shape[2]) == (turn % 180 != 0)
    # A rotation by 90 degrees counter-clockwise moves the top left corner to the bottom left.
    corners = [clip.frames[8, y, x] for y, x in ((4, 4), (-5, 4), (-5, -5), (4, -5))]
    redness = [int(pixel[0]) - int(pixel[1]) for pixel in corners]
    assert redness.index(max(redness)) == corner


def test_pixels_become_square() -> None:
    clip = read(clip_bytes(scene(40, size=(120, 120)), aspect=Fraction(3, 2)))
    assert clip.frames.shape[2] / clip.frames.shape[1] == pytest.approx(1.5, abs=0.15)


@pytest.mark.parametrize(
    ("fmt", "codec", "pix_fmt"),
    [
        ("avi", "mpeg4", "yuv420p"),
        ("matroska", "libx264", "gray"),
        ("matroska", "ffv1", "yuv420p10le"),
        ("mov", "qtrle", "argb"),
        ("mpegts", "libx264", "yuv444p"),
        ("webm", "libvpx-vp9", "yuv420p"),
        ("flv", "flv1", "yuv420p"),
        ("h264", "libx264", "yuv420p"),
    ],
)
def test_formats_in_use_are_read(fmt: str, codec: str, pix_fmt: str) -> None:
    odd_sides = codec == "ffv1"
    frames = scene(40, size=(121, 163) if odd_sides else (120, 160))
    clip = read(clip_bytes(frames, fmt=fmt, codec=codec, pix_fmt=pix_fmt))
    assert clip.shots
    assert not static(clip.frames)


def test_a_long_clip_is_entered_at_a_drawn_place() -> None:
    data = clip_bytes(scene(400, size=(80, 96), step=1))
    settings = VideoSettings(side_px_range=(48, 56), window_s=4.0)
    starts = []
    for seed in range(4):
        clip = read(data, seed, settings)
        assert clip.times[-1] - clip.times[0] <= 4.1
        starts.append(clip.times[0])
    assert len({round(start) for start in starts}) > 1
    assert max(starts) <= 16.3


def test_no_more_is_read_than_is_wanted_and_its_place_is_drawn() -> None:
    data = clip_bytes(scene(400, size=(80, 96)))
    settings = VideoSettings(side_px_range=(48, 56))
    whole = read(data, settings=settings)
    clips = [read(data, seed, settings, wanted=16) for seed in range(6)]
    for clip in clips:
        assert 16 <= max(stop - start for start, stop in clip.shots) <= 24
        assert len(clip.times) < len(whole.times) / 4
    places = sorted(clip.times[0] for clip in clips)
    assert places[-1] - places[0] > 5
    again = read(data, 3, settings, wanted=16)
    assert again[1:4] == clips[3][1:4]
    assert np.array_equal(again.frames, clips[3].frames)


@pytest.mark.parametrize("first", [True, False])
def test_what_is_wanted_is_found_wherever_it_is(first: bool) -> None:
    """The rest of the clip is shots that are too short and a still image."""
    wide = (120, 400)
    good = scene(90, size=wide, step=4)
    short = [255 * (k % 2) + (1 - 2 * (k % 2)) * scene(20, seed=k, size=wide).astype(int) for k in range(1, 5)]
    rest = np.concatenate([*short, np.repeat(scene(1, seed=6, size=wide), 60, axis=0)]).astype(np.uint8)
    data = clip_bytes(np.concatenate([good, rest] if first else [rest, good]))
    for seed in range(4):
        clip = read(data, seed, wanted=16)
        start, stop = max(clip.shots, key=lambda shot: shot[1] - shot[0])
        assert stop - start >= 16
        assert not static(clip.frames[start:stop])
        assert (clip.times[start] < 4.5) == first


def test_what_is_wanted_may_be_more_than_there_is(plain: bytes) -> None:
    assert read(plain, wanted=60).times == read(plain).times


@pytest.mark.parametrize("codec", ["libx264", "mpeg4", "libvpx-vp9"])
@pytest.mark.parametrize("wanted", [None, 12])
def test_frames_that_are_not_decoded_are_not_missed(
    codec: str, wanted: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = clip_bytes(scene(150, size=(80, 96)), codec=codec, fmt="matroska", fps=30, group=40)
    settings = VideoSettings(side_px_range=(48, 56))
    clip = read(data, 5, settings, wanted)
    monkeypatch.setattr(Film, "_needed", lambda *_: lambda _: True)
    full = read(data, 5, settings, wanted)
    assert clip.times == full.times
    assert np.array_equal(clip.frames, full.frames)


def test_transforms_are_not_left_to_the_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    """MPEG-4 and similar decoders may round differently, so the option that fixes their transform must reach them."""
    data = clip_bytes(scene(40), codec="mpeg4")
    settled = read(data).frames
    monkeypatch.setattr(decode, "_EXACT", {"idct": "faani"})
    assert not np.array_equal(read(data).frames, settled)
    monkeypatch.setattr(decode, "_EXACT", {"idct": "simple"})
    assert np.array_equal(read(data).frames, settled)


def test_a_duration_that_lies_is_forgiven() -> None:
    data = clip_bytes(scene(60), fmt="matroska")
    at = data.index(b"\x44\x89\x88") + 3
    lying = data[:at] + struct.pack(">d", 9e6) + data[at + 8 :]
    plain = SMALL.model_copy(update={"short_frames": 0})
    assert np.array_equal(read(lying, settings=plain).frames, read(data, settings=plain).frames)


def test_repeated_frames_are_left_out_and_a_slow_film_keeps_its_rate() -> None:
    film = scene(30, step=20)
    slow = read(clip_bytes(np.repeat(film, 5, axis=0)))
    assert len(slow.times) == pytest.approx(30, abs=2)
    assert slow.fps == pytest.approx(4, abs=0.1)
    assert (motion(slow.frames) < 1).sum() <= 1
    # Telecine: of every ten frames, two repeat the previous one.
    shown = [k * 4 // 5 for k in range(100)]
    quick = read(clip_bytes(scene(80, step=20)[shown]), settings=SMALL.model_copy(update={"fps_range": (18.0, 19.0)}))
    assert motion(quick.frames).min() > 1


def test_a_pause_is_left_out_and_what_follows_is_kept() -> None:
    film = scene(40)
    paused = read(clip_bytes(film[[*range(20), *([20] * 40), *range(20, 40)]]))
    assert (motion(paused.frames) < 1).sum() <= 1
    assert max(b - a for a, b in pairwise(paused.times)) > 1.8
    assert paused.times[-1] > 3.5


def colour_bytes(colour: tuple[int, int, int], *, size: int, matrix: Any, limits: Any) -> bytes:
    """Encode a clip with an area of one colour, with the given matrix and range."""
    frames = scene(40, size=(size, size * 4 // 3))
    frames[:, size // 3 :, size // 2 :] = colour
    buffer = io.BytesIO()
    scaler = VideoReformatter()
    with av.open(buffer, "w", format="matroska") as out:
        stream: Any = out.add_stream("libx264", rate=20, options={"crf": "12"})
        stream.height, stream.width, stream.pix_fmt = size, size * 4 // 3, "yuv420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = int(matrix), int(limits)
        for pixels in frames:
            rgb = av.VideoFrame.from_ndarray(pixels)
            yuv = scaler.reformat(rgb, format="yuv420p", dst_colorspace=matrix, dst_color_range=limits)
            out.mux(stream.encode(yuv))
        out.mux(stream.encode(None))
    return buffer.getvalue()


@pytest.mark.parametrize("matrix", [Colorspace.ITU601, Colorspace.ITU709])
@pytest.mark.parametrize("limits", [ColorRange.MPEG, ColorRange.JPEG])
def test_colours_are_what_they_were_whatever_matrix_and_range_the_file_has(matrix: Any, limits: Any) -> None:
    colour = (40, 180, 90)
    clip = read(colour_bytes(colour, size=120, matrix=matrix, limits=limits))
    height, width = clip.frames.shape[1:3]
    patch = clip.frames[:, height * 2 // 3 : -4, width * 2 // 3 : -4].reshape(-1, 3)
    assert np.abs(np.median(patch, axis=0) - colour).max() <= 4


def test_sound_and_metadata_are_dropped() -> None:
    with av.open(io.BytesIO(encode_mp4(scene(4), 5)), "r") as container:
        assert [stream.type for stream in container.streams] == ["video"]
        told = {key for holder in (container, container.streams.video[0]) for key in holder.metadata}
    assert told <= {"major_brand", "minor_version", "compatible_brands", "language", "handler_name", "vendor_id"}


def test_the_rhythm_of_key_frames_is_not_met() -> None:
    """Sampled frames lie at all phases of the source's groups of pictures (GOPs), not only at a few."""
    data = clip_bytes(scene(240, step=3), fps=24, group=12)
    clip = read(data, settings=SMALL.model_copy(update={"short_frames": 0}))
    phases = [round(time * 24) % 12 for time in clip.times]
    assert len(set(phases)) >= 10
    assert max(phases.count(phase) for phase in set(phases)) <= len(phases) / 4


# --- files that are no good ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0",
        b"hello " * 400,
        b"#EXTM3U\n/etc/passwd\n",
        b"ffconcat version 1.0\nfile x.mp4\n",
        b"\xff" * 9999,
    ],
)
def test_what_is_no_video_is_undecodable(data: bytes) -> None:
    assert read_or_reason(data) == "undecodable"


def test_sound_alone_is_undecodable() -> None:
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert read_or_reason(buffer.getvalue()) == "undecodable"


@pytest.mark.parametrize(
    ("frames", "settings", "reason"),
    [
        (scene(40), VideoSettings(), "too_small"),
        (scene(40), VideoSettings(side_px_range=(64, 80), max_pixels=10_000), "too_large"),
        (scene(8), SMALL, "too_short"),
        (scene(1), SMALL, "too_short"),
        (scene(1).repeat(40, axis=0), SMALL, "static"),
        (scene(40, size=(120, 640)), SMALL, "too_elongated"),
    ],
)
def test_an_unfit_clip_is_named_so(frames: Any, settings: VideoSettings, reason: str) -> None:
    assert read_or_reason(clip_bytes(frames), settings) == reason


def test_a_disk_that_fails_is_no_rejection() -> None:
    class Broken(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    for read in (lambda file: read_clip(file, rng_for("t"), SMALL), lambda file: clip_hash(file, 1 << 20)):
        with pytest.raises(OSError, match="Input/output error"):
            read(Broken(b"x" * 100))


@pytest.mark.parametrize("fmt", ["mp4", "matroska", "mpegts", "avi"])
def test_damage_never_raises_anything_else(fmt: str) -> None:
    data = clip_bytes(scene(50, size=(80, 96)), fmt=fmt)
    settings = VideoSettings(side_px_range=(48, 56))
    rng = rng_for("damage", fmt)
    outcomes = []
    for _ in range(12):
        cut = data[: rng.below(len(data))]
        at = rng.below(len(data) - 40)
        bitten = data[:at] + rng.raw(40) + data[at + 40 :]
        outcomes += [read_or_reason(cut, settings), read_or_reason(bitten, settings)]
        assert repr(outcomes[-1]) == repr(read_or_reason(bitten, settings))
    assert any(isinstance(outcome, Clip) for outcome in outcomes)


def test_a_file_that_breaks_off_gives_what_came_before() -> None:
    data = clip_bytes(scene(100), fmt="matroska")
    whole, part = read(data), read(data[: len(data) * 7 // 10])
    assert 8 <= len(part.times) < len(whole.times)
    assert np.array_equal(part.frames, whole.frames[: len(part.times)])


# --- measures -----------------------------------------------------------------------------------------------


def test_motion_is_zero_exactly_where_a_frame_repeats() -> None:
    frames = scene(6)[[0, 1, 1, 2, 2, 3]]
    assert [value == 0 for value in motion(frames)] == [False, True, False, True, False]


def test_stillness_bears_noise_and_sees_motion() -> None:
    still = np.repeat(scene(1), 20, axis=0)
    noise = np.frombuffer(rng_for("noise").raw(still.size), np.uint8).reshape(still.shape) // 16
    assert static(still + noise)
    assert not static(scene(20))
    assert liveliness(still) == 0


def test_reversible_tells_a_boomerang_from_a_walk() -> None:
    walk = scene(25)
    boomerang = np.concatenate([walk[:13], walk[11::-1]])
    assert reversible(boomerang) == 1
    assert reversible(np.concatenate([boomerang, boomerang[1:9]])) == 1
    assert reversible(walk) < 0.3
    assert reversible(np.repeat(walk[:1], 10, axis=0)) == 0


# --- real clips ---------------------------------------------------------------------------------------------


def real_clips() -> list[Path]:
    folder = Path(os.environ.get("PUZZLEGEN_TEST_MEDIA", Path(__file__).parents[2] / "shared" / "media"))
    return sorted(path for path in folder.rglob("*") if path.suffix in {".mp4", ".mkv", ".avi"})


@pytest.mark.slow
@pytest.mark.skipif(not real_clips(), reason="no real clips: set PUZZLEGEN_TEST_MEDIA to a folder of some")
@pytest.mark.parametrize("half", [0, 1])
def test_real_clips_give_a_clip_or_a_reason(half: int) -> None:
    settings = VideoSettings(window_s=3.0, side_px_range=(120, 140))
    outcomes = [read_or_reason(path.read_bytes(), settings) for path in real_clips()[half::2]]
    reasons = {outcome for outcome in outcomes if isinstance(outcome, str)}
    assert reasons <= {"too_small", "too_short", "no_long_shot"}
    assert sum(isinstance(outcome, Clip) for outcome in outcomes) >= 0.8 * len(outcomes)
