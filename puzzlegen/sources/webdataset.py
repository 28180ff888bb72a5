"""WebDataset tars, as written by img2dataset and video2dataset: consecutive members with one key are a sample.

The pictures and clips of a sample are items; its ``.json`` may state a licence and a question. Tars are listed once,
and read in place.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any, BinaryIO, Final, Literal

from pydantic import Field, field_validator

from puzzlegen import columns
from puzzlegen.columns import Columns, Said
from puzzlegen.errors import Unusable
from puzzlegen.files import Found, Location, kind_of, missing, suffix_of, tree_at
from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.sources import Source, unmarked

_JSON: Final = ".json"
_NO_METADATA: Final = Said("", None, "", "")


class Webdataset(Source):
    """Pictures and clips in the tars at ``path``."""

    kind: Literal["webdataset"] = "webdataset"
    path: Location = Field(description="a tar, or a folder of tars; a path or URL")
    fields: dict[columns.Field, str] = Field({}, description="keys of a sample's JSON by what they hold")
    licence: str = Field("", description="default licence for samples without one")

    @field_validator("path")
    @classmethod
    def _exists(cls, path: str) -> str:
        if problem := missing(path, "either"):
            raise ValueError(f"{problem}; give a tar or a folder of tars")
        return path

    def items(self) -> Iterator[Item | Skipped]:
        """Yield the media of samples in order of tars and of places in them."""
        return unmarked(self.listed())

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        """Yield the entries of :meth:`items`, with a mark after each tar."""
        tree, column_map = tree_at(self.path), Columns.of(None, self.fields, asks=self._asks)
        for tar in tree.walk(after):
            if isinstance(tar, Skipped):
                yield tar
            elif suffix_of(tar.id) != ".tar":
                yield Skipped(tar.id, "unsupported_file")
            else:
                for key, members in groupby(tree.members(tar, (_JSON,)), _sample_key):
                    yield from self._sample_items(key, list(members), column_map)
            yield Mark(tar.id)

    def open(self, item: Item) -> BinaryIO:
        """Open the item's bytes in place in the tar."""
        return tree_at(self.path).open(item.id, item.at, item.size, item.stamp)

    def _sample_items(self, key: str, members: list[Found | Skipped], column_map: Columns) -> Iterator[Item | Skipped]:
        files = [member for member in members if isinstance(member, Found)]
        yield from (member for member in members if isinstance(member, Skipped))
        media = [(file, kind) for file in files if (kind := kind_of(file.id))]
        metadata, unreadable_json = _NO_METADATA, ""
        for file in files:
            if suffix_of(file.id) != _JSON:
                continue
            try:
                record = column_map.read(_parse_object(file))
            except Unusable as unusable:
                yield Skipped(file.id, unusable.reason, unusable.detail)
                unreadable_json = unreadable_json or file.id
                continue
            if record.wrong:
                yield Skipped(file.id, "bad_row", record.wrong)
            metadata = record._replace(licence=record.licence or metadata.licence)
        if files and not media:
            yield Skipped(key, "bad_row", "the sample has no picture or clip")
        group = key if len(media) > 1 else ""
        for file, kind in media:
            if unreadable_json:  # the unreadable JSON may have stated a licence
                yield Skipped(file.id, "bad_row", f"'{unreadable_json}' about it cannot be read")
                continue
            licence = metadata.licence or self.licence
            yield Item(file.id, kind, file.size, licence, file.stamp, metadata.qa, group, at=file.at)


def holds_samples(members: Iterable[Found | Skipped]) -> bool:
    """Whether some medium in a tar has a file of another kind with the same key beside it, such as its ``.json``."""
    samples = ([kind_of(member.id) for member in sample] for _, sample in groupby(members, _sample_key))
    return any(None in kinds and set(kinds) != {None} for kinds in samples)


def _sample_key(member: Found | Skipped) -> str:
    """Return the key of a member: its name up to the first dot of the last path part."""
    folder, slash, base = member.id.rpartition("/")
    if "#" in base:
        tar, _, base = base.partition("#")
        return f"{folder}{slash}{tar}#{base.partition('.')[0]}"
    return f"{folder}{slash}{base.partition('.')[0]}"


def _parse_object(file: Found) -> dict[str, Any]:
    """Return the JSON object in a member; empty for any other JSON, such as a list of boxes."""
    if file.size > len(file.text):
        raise Unusable("bad_row", f"{file.size} bytes, too many for what is said about a sample")
    try:
        value = json.loads(file.text)
    except (ValueError, RecursionError) as err:
        raise Unusable("bad_row", f"no JSON: {err}"[:200]) from err
    return value if isinstance(value, dict) else {}
