"""Turn clips into a few of their frames, for models that take pictures only."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import NamedTuple

from PIL import Image

from puzzlegen.errors import IntegrityError
from puzzlegen.media.container import open_container
from puzzlegen.media.resample import to_rgb


class Shown(NamedTuple):
    """A frame of a clip, its number (from 1) and the time at which it is shown, in seconds."""

    number: int
    time: float
    picture: Image.Image

    @property
    def caption(self) -> str:
        """The text to put before the frame: its number and time, as questions about clips refer to either."""
        return f"frame {self.number} at {self.time:.2f} s:"


def timed_frames(clip: bytes, times: Sequence[float], most: int) -> list[Shown]:
    """Return at most ``most`` frames of an MP4, evenly spaced from the first to the last, with numbers and times.

    Args:
        clip: the file's bytes.
        times: when each frame is shown, in seconds; empty to use the times in the file.
        most: at least 2.

    Raises:
        IntegrityError: ``times`` is not empty and has another length than the clip.
    """
    with open_container(io.BytesIO(clip)) as container:
        decoded = list(container.decode(video=0))
    if times and len(times) != len(decoded):
        raise IntegrityError(f"a clip has {len(decoded)} frames, its record tells {len(times)}; verify the build")
    return [
        Shown(k + 1, times[k] if times else decoded[k].time or 0.0, Image.fromarray(to_rgb(decoded[k])))
        for k in _evenly_spaced(len(decoded), most)
    ]


def _evenly_spaced(count: int, most: int) -> list[int]:
    last, steps = count - 1, min(most, count) - 1
    return [(2 * k * last + steps) // (2 * steps) for k in range(steps + 1)] if steps > 0 else list(range(count))
