"""Files in a folder, behind a URL or in an archive: listed, and opened without ever leaving their source."""

from __future__ import annotations

from puzzlegen.files.kept import Kept
from puzzlegen.files.local import find_inside, open_inside, real, walk
from puzzlegen.files.locations import Location, checked, in_memory, is_url, missing, without_secrets
from puzzlegen.files.names import (
    ARCHIVE_SUFFIXES,
    BUILD_STATE,
    IMAGE_SUFFIXES,
    VIDEO_SUFFIXES,
    Found,
    escaped,
    joined,
    kind_of,
    parted,
    refused_name,
    suffix_of,
)
from puzzlegen.files.remote import place_of, retried
from puzzlegen.files.trees import Tree, tree_at

__all__ = [
    "ARCHIVE_SUFFIXES",
    "BUILD_STATE",
    "IMAGE_SUFFIXES",
    "VIDEO_SUFFIXES",
    "Found",
    "Kept",
    "Location",
    "Tree",
    "checked",
    "escaped",
    "find_inside",
    "in_memory",
    "is_url",
    "joined",
    "kind_of",
    "missing",
    "open_inside",
    "parted",
    "place_of",
    "real",
    "refused_name",
    "retried",
    "suffix_of",
    "tree_at",
    "walk",
    "without_secrets",
]
