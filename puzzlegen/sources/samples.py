"""The built-in sample media: synthetic pictures and clips, to try puzzlegen without media of one's own."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from string import ascii_uppercase
from typing import BinaryIO, Final, Literal

from pydantic import Field

from puzzlegen.errors import Unusable
from puzzlegen.media.video import encode_mp4
from puzzlegen.questions import Question
from puzzlegen.records import Item, Kind, Skipped
from puzzlegen.rng import Rng, rng_for
from puzzlegen.scenes import CLIP_KINDS, IMAGE_KINDS, clip_kind, image_kind, render_clip, render_image
from puzzlegen.sources import Source

_LICENCE: Final = "CC0-1.0"
_OPTIONS: Final = 4
_ID: Final = re.compile(r"(image|video)-[0-9]{6}")


class Samples(Source):
    """Synthetic scenes; each is the same however many are generated."""

    kind: Literal["samples"] = "samples"
    images: int = Field(24, ge=0, description="number of images")
    videos: int = Field(12, ge=0, description="number of clips, 4 to 8 seconds long")
    seed: int = Field(0, description="seed of the generated scenes")
    questions: bool = Field(default=False, description="give each a question about its content, to try out join")

    def items(self) -> Iterator[Item | Skipped]:
        """Yield the pictures, then the clips."""
        counts: tuple[tuple[Kind, int], ...] = (("image", self.images), ("video", self.videos))
        for kind, count in counts:
            for i in range(count):
                name = f"{kind}-{i:06}"
                yield Item(name, kind, licence=_LICENCE, qa=self._question(name, kind) if self.questions else "")

    def _question(self, name: str, kind: Kind) -> str:
        kinds, kind_of = (CLIP_KINDS, clip_kind) if kind == "video" else (IMAGE_KINDS, image_kind)
        scene = kind_of(self._rng(name))
        rng = rng_for("question", self.seed, name)
        others = rng.sample(sorted({k.__name__.replace("_", " ") for k in kinds} - {scene}), _OPTIONS - 1)
        options = dict(zip(ascii_uppercase, rng.shuffled([scene, *others]), strict=False))
        answer = next(letter for letter, text in options.items() if text == scene)
        return Question(
            f"What does the {'clip' if kind == 'video' else 'picture'} show?", options, answer, "choice"
        ).to_json()

    def _rng(self, name: str) -> Rng:
        return rng_for("samples-v1", self.seed, name)

    def open(self, item: Item) -> BinaryIO:
        """Render the item: JPEG of quality 92 without chroma subsampling, or H.264 in MP4."""
        if not _ID.fullmatch(item.id) or not item.id.startswith(item.kind):
            raise Unusable("unreadable", f"'{item.id}' is not a sample")
        rng = self._rng(item.id)
        if item.kind == "video":
            frames, fps = render_clip(rng)
            return io.BytesIO(encode_mp4(frames, fps, crf=18))
        file = io.BytesIO()
        render_image(rng).save(file, format="JPEG", quality=92, subsampling="4:4:4")
        file.seek(0)
        return file
