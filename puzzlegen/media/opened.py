"""An open item: its bytes are read once and its clean media are made once, however many tasks use them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack, nullcontext
from typing import BinaryIO, Final, Protocol, TypeVar, cast

from PIL import Image

from puzzlegen.errors import Unusable, unread
from puzzlegen.media import geometry
from puzzlegen.media.image import ImageSettings, clean_image
from puzzlegen.media.scaled import ScaledImage
from puzzlegen.media.video import Clip, VideoSettings, read_clip
from puzzlegen.records import Item
from puzzlegen.rng import Rng

T = TypeVar("T")

_CHUNK: Final = 1 << 20
#: Most bytes to read: far more than any picture or table of edges that can be decoded takes; a sparse file may claim
#: terabytes.
_MOST_BYTES: Final = 1 << 28
#: The bytes of clips up to this size are kept, since tasks read different parts of them; larger files are opened again.
_MAX_CACHED_BYTES: Final = 1 << 25


class MediaSettings(Protocol):
    """The recipe's section ``media``: how raw media become clean media."""

    @property
    def image(self) -> ImageSettings: ...  # noqa: D102 - named by the recipe
    @property
    def video(self) -> VideoSettings: ...  # noqa: D102


class OpenItem:
    """One item of a source with its media at hand.

    Args:
        item: the item, as the source lists it.
        open_file: opens the item's bytes as a seekable file; raises Unusable if it cannot.
        settings: how raw media become clean media.
        rng: random stream of the cleaning, one per item and variant, so that all tasks see the same clean medium.
        peers: returns other items of the same kind and shard, for tasks that compare items; called only when needed.
        watched: context in which files are opened and decoded, to limit the time this takes.
    """

    def __init__(
        self,
        item: Item,
        open_file: Callable[[Item], BinaryIO],
        settings: MediaSettings,
        rng: Rng,
        peers: Callable[[], Sequence[OpenItem]] = tuple,
        watched: Callable[[], AbstractContextManager[None]] = nullcontext,
    ) -> None:
        self.item = item
        self.sha256 = ""
        self._open_file = open_file
        self._settings = settings
        self._rng = rng
        self._peers = peers
        self._watched = watched
        self._media: dict[int | None, ScaledImage | Clip | bytes | Unusable] = {}
        self._cached_bytes = b""
        self._results: dict[tuple[Callable[..., object], tuple[int, ...]], object] = {}

    def image(self) -> Image.Image:
        """Return the clean picture, RGB. It is shared between tasks: copy it before drawing on it.

        Raises:
            Unusable: the picture cannot be read, or is not suitable.
        """
        return self.picture().pixels()

    def picture(self) -> ScaledImage:
        """Return the clean picture before it is scaled, for checks that need only a small version.

        Raises:
            Unusable: the picture cannot be read, or is not suitable.
        """
        media = self._load(self._read_image)
        if not isinstance(media, ScaledImage):
            raise TypeError(f"{self.item.id} is no image")
        return media

    def known(self, look: Callable[..., T], *how: int) -> T:
        """Return ``look(picture, *how)`` for the clean picture, computed only once for all tasks.

        The result is shared and must not be changed.

        Raises:
            Unusable: as for :meth:`image`.
        """
        if (look, how) not in self._results:
            self._results[look, how] = look(self.picture(), *how)
        return cast("T", self._results[look, how])

    def clip(self, frames: int | None = None) -> Clip:
        """Return the clean clip, or a random part of it. It is shared between tasks: its frames are read-only.

        Args:
            frames: how many frames of one shot, in which something moves, are enough: decoding stops once it has found
                them. None for the whole clip, or for as many seconds of it as the recipe uses.

        Raises:
            Unusable: the clip cannot be read, or is not suitable.
        """
        media = self._load(lambda file: self._read_clip(file, frames), frames)
        if not isinstance(media, Clip):
            raise TypeError(f"{self.item.id} is no clip")
        return media

    def raw(self) -> bytes:
        """Return the bytes as the source gives them, for kinds of items that need no cleaning.

        Raises:
            Unusable: the bytes cannot be read.
        """
        media = self._load(self._read_raw)
        if not isinstance(media, bytes):
            raise TypeError(f"{self.item.id} has been opened as a medium")
        return media

    def square_box(self, size: tuple[int, int], rng: Rng) -> geometry.Box:
        """Return where to crop ``(width, height)`` so that the shape reveals nothing: :func:`geometry.square_box`.

        Media that are not to be cleaned keep their own shape.
        """
        return geometry.square_box(size, rng) if self.cleaned else (0, 0, *size)

    def drawn_box(self, size: tuple[int, int], least: float, rng: Rng) -> geometry.Box:
        """Return where to crop ``(width, height)`` so that the edges reveal nothing: :func:`geometry.drawn_box`.

        Media that are not to be cleaned keep their own edges.
        """
        return geometry.drawn_box(size, least, rng) if self.cleaned else (0, 0, *size)

    @property
    def cleaned(self) -> bool:
        """Whether the item's media are cleaned; they are left uncleaned for audits only."""
        return (self._settings.video if self.item.kind == "video" else self._settings.image).clean

    def peers(self) -> Sequence[OpenItem]:
        """Return up to eight other items of the same kind, those that follow this one in its shard; possibly none."""
        return self._peers()

    def _load(
        self, read: Callable[[BinaryIO], ScaledImage | Clip | bytes], frames: int | None = None
    ) -> ScaledImage | Clip | bytes:
        if frames not in self._media:
            try:
                with self._watched(), self._seekable_file() as file:
                    self._media[frames] = read(file)
            except Unusable as unusable:
                self._media[frames] = unusable
            except OSError as err:  # decoders' own errors are Unusable by now
                raise unread(self.item.id, err) from err
        media = self._media[frames]
        if isinstance(media, Unusable):
            raise Unusable(media.reason, media.detail)
        return media

    def _seekable_file(self) -> BinaryIO:
        if self._cached_bytes:
            return io.BytesIO(self._cached_bytes)
        if self.item.kind != "video" or self.item.size > _MAX_CACHED_BYTES:
            return self._open_file(self.item)
        with ExitStack() as stack:
            file = stack.enter_context(self._open_file(self.item))
            data = file.read(_MAX_CACHED_BYTES + 1)
            if len(data) > _MAX_CACHED_BYTES:
                file.seek(0)
                stack.pop_all()
                return file
        self._cached_bytes = data
        return io.BytesIO(data)

    def _read_raw(self, file: BinaryIO) -> bytes:
        data = _read_all(file, self.item.size) if self.item.size <= _MOST_BYTES else b""
        if max(len(data), self.item.size) > _MOST_BYTES:
            raise Unusable("too_large", f"more than {_MOST_BYTES} bytes")
        self.sha256 = hashlib.sha256(data).hexdigest()
        return data

    def _read_image(self, file: BinaryIO) -> ScaledImage:
        return clean_image(self._read_raw(file), self._rng, self._settings.image)

    def _read_clip(self, file: BinaryIO, frames: int | None) -> Clip:
        self.sha256 = self.sha256 or sha256_of(file)
        clip = read_clip(file, self._rng.fork("clip"), self._settings.video, frames)
        clip.frames.flags.writeable = False
        return clip


def _read_all(file: BinaryIO, size: int) -> bytes:
    """Return a file's bytes, at most one more than the limit; to ask for far more than exist costs memory at once."""
    data = file.read(size + 1)
    return data + file.read(_MOST_BYTES - size) if len(data) > size else data


def sha256_of(file: BinaryIO) -> str:
    """Return the hex SHA-256 digest of a file's bytes, read in chunks."""
    digest = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
    return digest.hexdigest()
