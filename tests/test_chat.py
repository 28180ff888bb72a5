"""A record as a chat: each medium replaces its placeholder, and clips become frames, each after its time."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from puzzlegen.chat import chat_of, openai_messages, shares
from puzzlegen.errors import PuzzlegenError
from puzzlegen.reading import files_of, manifest_of, read_rows


@pytest.fixture(scope="module")
def rows(mixed_build: Path) -> dict[str, dict[str, Any]]:
    """One row of each profile, by profile."""
    files = files_of(manifest_of(mixed_build))
    return {file["folder"]: next(read_rows(mixed_build / file["path"])) for file in files}


@pytest.mark.parametrize("profile", ["image", "multi_image"])
def test_pictures_stand_where_their_placeholders_stood(rows: dict[str, dict[str, Any]], profile: str) -> None:
    row = rows[profile]
    (message,) = openai_messages(chat_of(row))
    urls = [block["image_url"]["url"] for block in message["content"] if block["type"] == "image_url"]
    assert [base64.b64decode(url.removeprefix("data:image/jpeg;base64,")) for url in urls] == [
        medium["bytes"] for medium in row["images"]
    ]
    again = "".join("<image>" if b["type"] == "image_url" else b["text"] for b in message["content"])
    assert again.replace("\n", "") == row["problem"].replace("\n", "")


def test_a_clip_becomes_frames_behind_their_times(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["video"]
    times = row["video_meta"][0]["timestamps"]
    parts = chat_of(row, frames=5)[-1].parts
    pictures = [k for k, part in enumerate(parts) if part.kind == "image"]
    assert len(pictures) == 5
    chosen = [round(k * (len(times) - 1) / 4) for k in range(5)]
    assert [parts[k - 1].text for k in pictures] == [f"frame {k + 1} at {times[k]:.2f} s:" for k in chosen]
    with av.open(io.BytesIO(row["videos"][0]["bytes"]), "r") as container:
        shown = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    for k, place in zip(chosen, pictures, strict=True):
        sent = np.asarray(Image.open(io.BytesIO(parts[place].data)).convert("RGB")).astype(float)
        nearest = min(range(len(shown)), key=lambda j: float(np.abs(sent - shown[j]).mean()))
        assert np.abs(sent - shown[k]).mean() <= np.abs(sent - shown[nearest]).mean() + 0.01
    assert len([p for p in chat_of(row, frames=1000)[-1].parts if p.kind == "image"]) == len(times)


def test_the_clips_of_a_puzzle_share_its_frames(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["video"]
    three = {"videos": row["videos"] * 3, "video_meta": row["video_meta"] * 3}
    prompt = [{"role": "user", "content": "<video> then <video> or <video>?"}]
    for frames, each in ((12, 4), (7, 2), (2, 2)):
        parts = chat_of({**row, **three, "prompt": prompt}, frames=frames)[-1].parts
        assert sum(part.kind == "image" for part in parts) == 3 * each


@pytest.mark.parametrize(
    ("counts", "most", "shown"),
    [
        ([24], 32, [24]),
        ([24, 8], 32, [24, 8]),
        ([40, 8], 32, [24, 8]),
        ([24, 27], 32, [16, 16]),
        ([8, 3, 20], 7, [2, 2, 2]),
        ([9, 9, 9], 4, [2, 2, 2]),
        ([1, 9], 4, [1, 3]),
        ([], 32, []),
    ],
)
def test_a_short_clip_leaves_to_others_what_it_does_not_need(counts: list[int], most: int, shown: list[int]) -> None:
    assert shares(counts, most) == shown


def test_frames_that_a_question_counts_are_not_left_out_in_silence(rows: dict[str, dict[str, Any]]) -> None:
    frames = len(rows["video"]["video_meta"][0]["timestamps"])
    row = {**rows["video"], "problem": f"<video>\nThis clip has {frames} frames: frames 1 to 4 are group 1."}
    with pytest.warns(UserWarning, match="a question counts frames"):
        chat_of(row, frames=frames - 1)
    chat_of(row, frames=frames)
    chat_of(rows["video"], frames=frames - 1)


def test_a_clip_may_stay_whole(rows: dict[str, dict[str, Any]]) -> None:
    (message,) = openai_messages(chat_of(rows["video"], frames=None))
    (url,) = [block["video_url"]["url"] for block in message["content"] if block["type"] == "video_url"]
    assert base64.b64decode(url.removeprefix("data:video/mp4;base64,")) == rows["video"]["videos"][0]["bytes"]


def test_text_alone_stays_text_and_the_system_speaks_first() -> None:
    said = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "How long\nis the path?"}]
    assert openai_messages(chat_of({"id": "x", "prompt": said})) == said


def test_media_without_a_place_and_places_without_media_are_errors(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["image"]
    with pytest.raises(PuzzlegenError, match="1 media have no placeholder"):
        chat_of({**row, "images": row["images"] * 2})
    with pytest.raises(PuzzlegenError, match="a <image> has no medium"):
        chat_of({**row, "images": []})
    with pytest.raises(PuzzlegenError, match="1 frames show no motion"):
        chat_of(rows["video"], frames=1)
