"""What of a source is worth using: licences, benchmarks kept out, duplicates removed or kept in one split.

All of it is decided before work starts, by names and contents alone, never by the order in which items come.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from puzzlegen.files import Location
from puzzlegen.hygiene.excluded import Excluded, read_excluded
from puzzlegen.hygiene.looking import Looking, Looks, Open, look_at
from puzzlegen.hygiene.near import Near, clusters
from puzzlegen.hygiene.same import same_bytes
from puzzlegen.records import Item, Skipped

__all__ = ["HygieneSettings", "Sifted", "sift"]


class HygieneSettings(BaseModel):
    """The recipe's section ``hygiene``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicates: Literal["remove", "keep"] = Field(
        "remove", description="files of equal bytes; looked for among those of equal size"
    )
    near_duplicates: Literal["keep", "group", "remove"] = Field(
        "keep", description="media that look alike: group keeps them in one split; each item is then opened to plan"
    )
    near_bits: int = Field(4, ge=0, le=12, description="most of the 64 bits of two perceptual hashes that may differ")
    exclude: tuple[Location, ...] = Field(
        (), description="folders of media, or lists of their hashes, that no item may be the same as or look like"
    )
    allow_licences: tuple[str, ...] = Field((), description="patterns such as 'CC-BY*'; nothing else is used")
    deny_licences: tuple[str, ...] = Field((), description="patterns of licences that are not used")


class Sifted(NamedTuple):
    """What is left, what is not and why, and the digest of what was excluded (empty if nothing was asked for)."""

    items: list[Item]
    skipped: list[Skipped]
    excluded: str


def sift(items: Sequence[Item], open_item: Open, settings: HygieneSettings, time_limit_s: float) -> Sifted:
    """Leave out what the settings do not want, and group what must share a split.

    Args:
        items: all of a source, in any order.
        open_item: gives an item's bytes; picklable, unless there is no limit.
        settings: see there.
        time_limit_s: of computing, per item that is looked at; 0: no limit, and in this process.

    Raises:
        SourceError: a list of what is excluded cannot be read, or the network fails.
    """
    skipped: dict[str, Skipped] = {}
    skipped |= _by(items, lambda item: _licence(item, settings))
    excluded = read_excluded(settings.exclude, settings.near_bits, time_limit_s)
    media = [item for item in items if item.id not in skipped and item.kind != "graph"]
    groups: dict[str, str] = {}
    if settings.exclude or settings.near_duplicates != "keep":
        looks = look_at(media, Looking(open_item, time_limit_s))
        skipped |= _by(media, lambda item: _excluded(item, looks, excluded))
        # What cannot be decoded stays: the build says why.
        media = [item for item in media if item.id not in skipped and item.id in looks]
        if settings.duplicates == "remove":
            skipped |= _repeated(media, lambda item: looks[item.id].sha256, "duplicate")
        if settings.near_duplicates != "keep":
            left = [item for item in media if item.id not in skipped]
            found = clusters([Near(i.id, i.kind, looks[i.id].phash) for i in left], settings.near_bits)
            skipped |= _alike(left, found) if settings.near_duplicates == "remove" else {}
            groups = _joined(items, found)
    elif settings.duplicates == "remove":
        digests = same_bytes([item for item in media if not item.qa], open_item)
        skipped |= _repeated(media, lambda item: digests.get(item.id, ""), "duplicate")
    kept = [item._replace(group=groups.get(item.id, item.group)) for item in items if item.id not in skipped]
    return Sifted(kept, list(skipped.values()), excluded.digest if settings.exclude else "")


def _by(items: Iterable[Item], why: Callable[[Item], tuple[str, str] | None]) -> dict[str, Skipped]:
    refused = ((item.id, why(item)) for item in items)
    return {name: Skipped(name, *reason) for name, reason in refused if reason}


def _licence(item: Item, settings: HygieneSettings) -> tuple[str, str] | None:
    name = item.licence.casefold()

    def among(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(name, pattern.casefold()) for pattern in patterns)

    denied = among(settings.deny_licences) or (settings.allow_licences and not among(settings.allow_licences))
    return ("licence", item.licence or "none is stated") if denied else None


def _excluded(item: Item, looks: dict[str, Looks], excluded: Excluded) -> tuple[str, str] | None:
    seen = looks.get(item.id)
    return ("excluded", "") if seen and excluded.holds(seen, item.kind) else None


def _repeated(items: Iterable[Item], key: Callable[[Item], str], reason: str) -> dict[str, Skipped]:
    """All but the first by name of the items with one key; items with questions of their own stay."""
    first: dict[str, str] = {}
    skipped = {}
    for item in sorted(items, key=lambda item: item.id):
        if not item.qa and key(item) and (other := first.setdefault(key(item), item.id)) != item.id:
            skipped[item.id] = Skipped(item.id, reason, f"of '{other}'")
    return skipped


def _alike(items: Iterable[Item], found: dict[str, str]) -> dict[str, Skipped]:
    """All but the first of each cluster; items with questions of their own stay."""
    return {
        item.id: Skipped(item.id, "near_duplicate", f"of '{found[item.id]}'")
        for item in items
        if found.get(item.id, item.id) != item.id and not item.qa
    }


def _joined(items: Iterable[Item], found: dict[str, str]) -> dict[str, str]:
    """The group of every item once those that look alike share one, and those that shared one before still do."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for item in items:
        for other in (item.group, found.get(item.id)):
            if other:
                low, high = sorted((root(item.group or item.id), root(other)))
                parent[high] = low
    members: dict[str, list[str]] = defaultdict(list)
    for item in items:
        members[root(item.group or item.id)].append(item.id)
    return {name: key for key, names in members.items() if len(names) > 1 for name in names}
