"""Clips as some of their frames, for models that are shown pictures only."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from puzzlegen.errors import IntegrityError
from puzzlegen.media.container import open_container
from puzzlegen.media.resample import to_rgb


class Shown(NamedTuple):
    """A frame, with its number in the clip, from 1, and when it is shown, in seconds."""

    number: int
    time: float
    picture: Image.Image

    @property
    def caption(self) -> str:
        """What is said before it; questions about clips speak of times or of numbers."""
        return f"frame {self.number} at {self.time:.2f} s:"


def timed_frames(clip: bytes, times: Sequence[float], most: int) -> list[Shown]:
    """At most ``most`` frames of an MP4, the first, the last and others evenly between, each with number and time.

    Args:
        clip: the file.
        times: when each frame is shown, in seconds; empty for the file's own.
        most: at least 2.

    Raises:
        IntegrityError: the clip has not as many frames as ``times``.
    """
    with open_container(io.BytesIO(clip)) as container:
        shown = list(container.decode(video=0))
    if times and len(times) != len(shown):
        raise IntegrityError(f"a clip has {len(shown)} frames, its record tells {len(times)}; verify the build")
    return [
        Shown(k + 1, times[k] if times else shown[k].time or 0.0, Image.fromarray(to_rgb(shown[k])))
        for k in _evenly(len(shown), most)
    ]


def _evenly(count: int, most: int) -> list[int]:
    last, steps = count - 1, min(most, count) - 1
    return [(2 * k * last + steps) // (2 * steps) for k in range(steps + 1)] if steps > 0 else list(range(count))
