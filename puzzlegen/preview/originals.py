"""What puzzles were made of, opened again from the source."""

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
    """The source of a build.

    Args:
        recipe: with the source.
        limit: that of the build.

    Raises:
        SourceError: the source cannot be listed.
    """

    def __init__(self, recipe: Recipe, limit: int | None) -> None:
        self._recipe = recipe
        self._made: dict[tuple[str, int], Medium | None] = {}
        self._items = Finder(make_plan(recipe, limit))

    def of(self, row: Row) -> Medium | None:
        """The clean picture or clip before the task changed it; None if it is text, is gone or has changed."""
        info = row["extra_info"]
        item, place = self._items.item(info["source_uri"]), self._items.place(info["source_uri"])
        if item is None or place is None or item.kind == "graph":
            return None
        key = info["source_uri"], info["variant"]
        if key not in self._made:
            opened = place[0](place[1], info["variant"])
            made = _whole(opened, json.loads(info["params"]).get("frames"))
            self._made[key] = made if opened.sha256 == info["source_sha256"] else None
        return self._made[key]

    def thumbnail(self, item_id: str) -> Medium | None:
        """A small picture of an item; None if it has none to show."""
        item = self._items.item(item_id)
        if item is None or item.kind == "graph":
            return None
        try:
            with self._recipe.source.open(item) as file:
                return _small(file.read(), item.kind == "video")
        # Decoders raise nearly anything on damaged bytes, and damaged items are what rejections are about.
        except Exception:  # noqa: BLE001
            return None


def _whole(opened: OpenItem, asked: int | None) -> Medium | None:
    """What is clean of an item; None if it is not fit."""
    try:
        if opened.item.kind == "image":
            return encode_image(opened.image())
        clip = _clip(opened, asked)
    except Unusable:
        return None
    return Medium(encode_mp4(clip.frames, Fraction(clip.fps), crf=_CRF), "mp4")


def _clip(opened: OpenItem, asked: int | None) -> Clip:
    """The whole clip, or where it is no good as a whole, the part in which a task looks for ``asked`` frames."""
    try:
        return opened.clip()
    except Unusable:
        if asked is None:
            raise
        return opened.clip(asked)


def _small(data: bytes, is_video: bool) -> Medium:
    if is_video:
        with open_container(io.BytesIO(data)) as container:
            picture = Image.fromarray(to_rgb(next(container.decode(video=0))))
    else:
        with Image.open(io.BytesIO(data)) as raw:
            raw.draft("RGB", (2 * _THUMBNAIL_PX, 2 * _THUMBNAIL_PX))
            picture = to_srgb(ImageOps.exif_transpose(raw))
    picture.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
    return encode_image(picture)
