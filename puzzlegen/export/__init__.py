"""Export targets: the forms in which other programs read puzzles. One file per target, named after the target.

Most trainers read a build as it is. Targets are for programs that cannot, or that would then hold all media in memory:
rows of an export point to media files or carry media as data URIs. To add a target, copy ``openrlhf.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import pyarrow as pa

from puzzlegen import plugins
from puzzlegen.errors import PuzzlegenError, RecipeError
from puzzlegen.records import Profile

Row = dict[str, Any]
#: How a row carries a medium: ``{bytes, path}``, the path of a file, or ``data:image/jpeg;base64,...``.
Carrier = Literal["bytes", "path", "data_uri"]


class Made(NamedTuple):
    """Summary of a finished export.

    Attributes:
        to: the target's name.
        rows: profile -> split -> number of rows.
        left_out: profile -> number of rows left out because the target cannot carry their media.
        media: number of media files.
        files: files below the export's folder: data files ``<profile>/<split>.<suffix>``, then the target's own files.
        root: the prefix of all media paths in rows.
        carriers: how ``images`` and ``videos`` are carried.
        source: SHA-256 of the exported build's manifest, and so of all its files.
        system: whether prompts of the build have a system message, which not every target can carry.
        puzzlegen: the version that exported.
    """

    to: str
    rows: dict[str, dict[str, int]]
    left_out: dict[str, int]
    media: int
    files: list[str]
    root: str
    carriers: dict[str, Carrier]
    source: str
    system: bool = False
    puzzlegen: str = ""


class Target(ABC):
    """A form in which another program reads puzzles.

    Class attributes:
        images, videos: the carriers that the program accepts, the default first; empty if it accepts no such media.
            Rows with media that the program does not accept are left out and counted.
        suffix: suffix of data files: ``.jsonl``, or ``.parquet``, which needs :meth:`schema`.
    """

    images: ClassVar[tuple[Carrier, ...]] = ("path", "data_uri")
    videos: ClassVar[tuple[Carrier, ...]] = ()
    suffix: ClassVar[Literal[".jsonl", ".parquet"]] = ".jsonl"

    @abstractmethod
    def row(self, row: Row, media: list[Any]) -> Row:
        """Convert a record to the program's form.

        Args:
            row: the record without ``images`` and ``videos``; a record with clips still has ``video_meta``.
            media: the images or clips of the row as they are carried, in the order of their placeholders.
        """

    @staticmethod
    def media_column(row: Row, media: list[Any]) -> Row:
        """Return the media under the name of their column, ``videos`` or ``images``; nothing for rows without media."""
        column = "videos" if "video_meta" in row else "images"
        return {column: media} if media else {}

    def schema(self, profile: Profile, carrier: Carrier) -> pa.Schema:
        """Return the Arrow schema of a ``.parquet`` file, the same for every file of a profile."""
        raise NotImplementedError(f"{type(self).__name__} writes {self.suffix}, which has no schema")

    def files(self, made: Made) -> Mapping[str, bytes]:  # noqa: ARG002 - used by targets with further files
        """Return further files, such as configuration that the program needs: relative path -> content."""
        return {}


def target_names() -> list[str]:
    """Return the names of all targets."""
    return plugins.names(__name__)


def target(name: str) -> Target:
    """Return the target called ``name``.

    Raises:
        PuzzlegenError: there is no such target; the message suggests a near match or lists all.
    """
    try:
        instance: Target = plugins.find(__name__, name, Target)()
    except RecipeError as err:
        raise PuzzlegenError(f"--to: {err}") from err
    return instance
