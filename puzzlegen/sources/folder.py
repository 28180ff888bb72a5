"""A folder of images and videos, read recursively, in an order that depends on the names alone.

It never leaves the folder: links that lead out, pipes and devices are listed as skipped, with their reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal

from pydantic import Field, field_validator

from puzzlegen.files import Found, kind_of, open_inside, walk
from puzzlegen.records import Item, Skipped
from puzzlegen.sources import Source


class Folder(Source):
    """Images and videos below ``path``."""

    kind: Literal["folder"] = "folder"
    path: Path = Field(description="the folder; relative to the working directory")

    @field_validator("path")
    @classmethod
    def _is_folder(cls, path: Path) -> Path:
        if not path.is_dir():
            raise ValueError(f"'{path}' is {'not a folder' if path.exists() else 'missing'}; give an existing folder")
        return path

    def items(self) -> Iterator[Item | Skipped]:
        """Files in order of their escaped relative path."""
        for found in walk(self.path):
            yield _item(found) if isinstance(found, Found) else found

    def open(self, item: Item) -> BinaryIO:
        """The item's file, if it is still a regular file inside the folder."""
        return open_inside(self.path, item.id)


def _item(found: Found) -> Item | Skipped:
    kind = kind_of(found.id)
    return Item(found.id, kind, found.size, stamp=found.stamp) if kind else Skipped(found.id, "unsupported_file")
