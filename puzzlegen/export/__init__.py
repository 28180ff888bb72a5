"""Exports: the forms in which other programs read puzzles. One file per target; the file's name is the target's.

Most trainers read a build as it is. A target is for those that cannot, or that hold all media in memory if they do:
its rows point to media files, or carry media as data URIs. To add one, copy ``openrlhf.py``.
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
    """What an export holds.

    Attributes:
        to: the target's name.
        rows: profile -> split -> number of rows.
        left_out: profile -> rows that the target has no way to carry.
        media: number of media files.
        files: data files below the folder, ``<profile>/<split>.<suffix>``.
        root: what paths in rows begin with.
        carriers: how ``images`` and ``videos`` are carried.
        source: the build's ``content_sha256``.
        system: whether the build's prompts begin with a system message, which not every target can carry.
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


class Target(ABC):
    """A form in which another program reads puzzles.

    Class attributes:
        images, videos: the carriers that the program accepts, its default first; empty if it takes no such media.
            Profiles that it cannot take are left out and counted.
        suffix: ``.jsonl``, or ``.parquet`` together with :meth:`schema`.
    """

    images: ClassVar[tuple[Carrier, ...]] = ("path", "data_uri")
    videos: ClassVar[tuple[Carrier, ...]] = ()
    suffix: ClassVar[Literal[".jsonl", ".parquet"]] = ".jsonl"

    @abstractmethod
    def row(self, row: Row, media: list[Any]) -> Row:
        """One row in the program's form.

        Args:
            row: the record, without ``images`` and ``videos``; ``video_meta`` stands in it for clips.
            media: the row's images or clips as carried, in the order of their placeholders.
        """

    def schema(self, profile: Profile, carrier: Carrier) -> pa.Schema:
        """The Arrow schema of a ``.parquet`` file; the same for every file of a profile."""
        raise NotImplementedError(f"{type(self).__name__} writes {self.suffix}, which has no schema")

    def files(self, made: Made) -> Mapping[str, bytes]:  # noqa: ARG002 - for those that have some
        """Further files, by relative path: configuration that the program needs beside the rows."""
        return {}


def target_names() -> list[str]:
    """The targets there are."""
    return plugins.names(__name__)


def target(name: str) -> Target:
    """The target called ``name``.

    Raises:
        PuzzlegenError: there is none; says which there are.
    """
    try:
        found: Target = plugins.find(__name__, name, Target)()
    except RecipeError as err:
        raise PuzzlegenError(f"--to: {err}") from err
    return found
