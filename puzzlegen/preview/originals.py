"""The original media that puzzles were made from, reopened from the source."""

from __future__ import annotations

import io
import json
from fractions import Fraction
from typing import Final

from PIL import Image, ImageOps

from puzzlegen.errors import Unusable
from puzzlegen.finder import Finder
from puzzlegen.media.container import open_container
from puzzlegen.media.image import encode_image, to_srgb
from puzzlegen.media.mp4 import encode_mp4
from puzzlegen.media.opened import OpenItem
from puzzlegen.media.resample import to_rgb
from puzzlegen.media.video import Clip
from puzzlegen.plan import make_plan
from puzzlegen.recipe import Recipe
from puzzlegen.records import Medium
from puzzlegen.writers import Row

_THUMBNAIL_PX: Final = 240
_CRF: Final = 27


class Originals:
    """The original media of a build.

    Args:
        recipe: the build's recipe, with a source that can be read.
        limit: the build's ``--limit``, or None.

    Raises:
        SourceError: the source cannot be listed.
    """

    def __init__(self, recipe: Recipe, limit: int | None) -> None:
        self._recipe = recipe
        self._cache: dict[tuple[str, int, int | None], Medium | None] = {}
        self._items = Finder(make_plan(recipe, limit))

    def of(self, row: Row) -> Medium | None:
        """Return the clean picture or clip that the task then changed.

        None for a graph, or if the item is gone, is unusable, or has other bytes than at the time of the build.
        """
        info = row["extra_info"]
        item, shard_place = self._items.item(info["source_uri"]), self._items.place(info["source_uri"])
        if item is None or shard_place is None or item.kind == "graph":
            return None
        frame_count = json.loads(info["params"]).get("frames")
        key = info["source_uri"], info["variant"], frame_count
        if key not in self._cache:
            opened = shard_place[0](shard_place[1], info["variant"])
            medium = _encode_whole(opened, frame_count)
            self._cache[key] = medium if opened.sha256 == info["source_sha256"] else None
        return self._cache[key]

    def thumbnail(self, item_id: str) -> Medium | None:
        """Return a thumbnail of an item; None if the item cannot be read or has no picture."""
        item = self._items.item(item_id)
        if item is None or item.kind == "graph":
            return None
        try:
            with self._recipe.source.open(item) as file:
                return _make_thumbnail(file.read(), item.kind == "video")
        # Decoders raise nearly anything on damaged bytes, and many rejected items are damaged.
        except Exception:  # noqa: BLE001
            return None


def _encode_whole(opened: OpenItem, frame_count: int | None) -> Medium | None:
    """Return the whole clean medium of an item; None if the item is unusable."""
    try:
        if opened.item.kind == "image":
            return encode_image(opened.image())
        clip = _clip(opened, frame_count)
    except Unusable:
        return None
    return Medium(encode_mp4(clip.frames, Fraction(clip.fps), crf=_CRF), "mp4")


def _clip(opened: OpenItem, frame_count: int | None) -> Clip:
    """Return the whole clip or, if that is unusable, the part that a task asking for ``frame_count`` frames gets."""
    try:
        return opened.clip()
    except Unusable:
        if frame_count is None:
            raise
        return opened.clip(frame_count)


def _make_thumbnail(data: bytes, is_video: bool) -> Medium:
    if is_video:
        with open_container(io.BytesIO(data)) as container:
            picture = Image.fromarray(to_rgb(next(container.decode(video=0))))
    else:
        with Image.open(io.BytesIO(data)) as raw:
            raw.draft("RGB", (2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))
            picture = to_srgb(ImageOps.exif_transpose(raw))
    picture.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    return encode_image(picture)
