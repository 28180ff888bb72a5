"""Which items of a source are used: licences, excluded benchmarks, duplicates that are removed or kept in one split.

All decisions are made before work starts, from the items' names, licences and contents, never from their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator

from puzzlegen.files import Location, missing
from puzzlegen.hygiene.excluded import Excluded, read_excluded
from puzzlegen.hygiene.looking import UNSEEN, Looking, Looks, Open, look_at
from puzzlegen.hygiene.near import Near, clusters
from puzzlegen.hygiene.same import is_compared, repeated
from puzzlegen.records import Item, Skipped

if TYPE_CHECKING:
    from puzzlegen.listing import Listing

__all__ = ["HygieneSettings", "Sifted", "sift"]


class HygieneSettings(BaseModel):
    """The recipe's section ``hygiene``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    duplicates: Literal["remove", "keep"] = Field(
        "remove", description="byte-identical files; looked for among files of equal size"
    )
    near_duplicates: Literal["keep", "group", "remove"] = Field(
        "keep",
        description="media that look alike; group keeps them in one split. All but keep open every item to plan",
    )
    near_bits: int = Field(
        4, ge=0, le=12, description="how many of 64 bits the perceptual hashes of near-duplicates may differ in"
    )
    exclude: tuple[Location, ...] = Field(
        (), description="folders of media, or lists of their hashes, that no item may match or resemble"
    )
    allow_licences: tuple[str, ...] = Field(
        (), description="patterns such as 'CC-BY*'; only items with such a licence are used"
    )
    deny_licences: tuple[str, ...] = Field((), description="patterns; items with such a licence are not used")

    @field_validator("exclude")
    @classmethod
    def _check_exclude(cls, exclude: tuple[str, ...]) -> tuple[str, ...]:
        for location in exclude:
            if problem := missing(location, "either"):
                raise ValueError(f"{problem}; give folders of media, or text files of hashes")
        return exclude


class Sifted(NamedTuple):
    """What :func:`sift` decided, besides the items that it dropped.

    Attributes:
        groups: the group of each item that must share a split with others, by item id.
        excluded: digest of everything that was excluded; empty if nothing was.
    """

    groups: dict[str, str]
    excluded: str

    def grouped(self, table: Any) -> Any:  # noqa: ANN401 - an Arrow table
        """Return the table of items with its ``group`` column updated to these groups."""
        if not self.groups:
            return table
        pairs = zip(table["id"].to_pylist(), table["group"].to_pylist(), strict=True)
        groups = [self.groups.get(name, group) for name, group in pairs]
        return table.set_column(table.schema.get_field_index("group"), table.schema.field("group"), [groups])


def sift(listing: Listing, open_item: Open, settings: HygieneSettings, time_limit_s: float) -> Sifted:
    """Drop the items that the settings do not allow, and group those that must share a split.

    Args:
        listing: the items of a source; unwanted ones are dropped from it. All items are held as objects only if every
            one must be opened, to exclude some or to find near-duplicates.
        open_item: opens an item's bytes; must be picklable, unless there is no time limit.
        settings: see :class:`HygieneSettings`.
        time_limit_s: computing time in seconds per fingerprinted item; 0 means no limit, in this process.

    Raises:
        SourceError: an excluded medium cannot be read or compared, or the disk or the network fails.
        EngineError: a process that fingerprinted an item was killed from outside, or because memory ran out.
    """
    excluded = read_excluded(settings.exclude, settings.near_bits, time_limit_s)
    must_open = bool(settings.exclude) or settings.near_duplicates != "keep"
    items = dict(listing.items()) if must_open else {}
    if settings.allow_licences or settings.deny_licences:
        for row, item in listing.items():
            if refusal := _licence_refusal(item, settings):
                listing.drop(row, Skipped(item.id, *refusal))
    groups: dict[str, str] = {}
    if must_open:
        remaining = {row: item for row, item in items.items() if listing.left[row] and item.kind != "graph"}
        fingerprints = look_at(list(remaining.values()), Looking(open_item, time_limit_s))
        skipped, groups = _sift_by_fingerprints(
            list(items.values()), list(remaining.values()), fingerprints, excluded, settings
        )
        for row, item in remaining.items():
            if item.id in skipped:
                listing.drop(row, skipped[item.id])
    elif settings.duplicates == "remove":
        for row, skip in repeated(listing, open_item):
            listing.drop(row, skip)
    return Sifted(groups, excluded.digest if settings.exclude else "")


def _sift_by_fingerprints(
    items: Sequence[Item],
    media: Sequence[Item],
    looks: dict[str, Looks],
    excluded: Excluded,
    settings: HygieneSettings,
) -> tuple[dict[str, Skipped], dict[str, str]]:
    """The items to drop because of their fingerprints, and the groups of the rest; both by item id."""
    skipped = _skip_where(media, lambda item: _exclusion_of(item, looks, excluded))
    groups: dict[str, str] = {}
    # Items that cannot be read stay: the build rejects them and says why.
    media = [item for item in media if item.id not in skipped and item.id in looks]
    if settings.duplicates == "remove":
        skipped |= _skip_duplicates(media, looks)
    if settings.near_duplicates != "keep":
        remaining = [item for item in media if item.id not in skipped]
        near_hashes = [Near(i.id, i.kind, looks[i.id].phash) for i in remaining if looks[i.id].phash != UNSEEN]
        cluster_of = clusters(near_hashes, settings.near_bits)
        skipped |= _skip_near_duplicates(remaining, cluster_of) if settings.near_duplicates == "remove" else {}
        groups = _merge_groups(items, cluster_of)
    return skipped, groups


def _skip_where(items: Iterable[Item], refusal_of: Callable[[Item], tuple[str, str] | None]) -> dict[str, Skipped]:
    refusals = ((item.id, refusal_of(item)) for item in items)
    return {name: Skipped(name, *reason) for name, reason in refusals if reason}


def _licence_refusal(item: Item, settings: HygieneSettings) -> tuple[str, str] | None:
    name = item.licence.casefold()

    def matches_any(patterns: tuple[str, ...]) -> bool:
        return any(fnmatchcase(name, pattern.casefold()) for pattern in patterns)

    is_denied = matches_any(settings.deny_licences) or (
        settings.allow_licences and not matches_any(settings.allow_licences)
    )
    return ("licence", item.licence or "none is stated") if is_denied else None


def _exclusion_of(item: Item, looks: dict[str, Looks], excluded: Excluded) -> tuple[str, str] | None:
    fingerprint = looks.get(item.id)
    match = excluded.match(fingerprint, item.kind) if fingerprint else None
    return None if match is None else ("excluded", f"matches '{match}'")


def _skip_duplicates(items: Iterable[Item], looks: dict[str, Looks]) -> dict[str, Skipped]:
    """Skip the same items as :func:`repeated`, but by digests that are known: all with equal bytes but the first."""
    first: dict[tuple[str, str], str] = {}
    skipped = {}
    for item in sorted(filter(is_compared, items), key=lambda item: item.id):
        first_id = first.setdefault((item.kind, looks[item.id].sha256), item.id)
        if first_id != item.id:
            skipped[item.id] = Skipped(item.id, "duplicate", f"of '{first_id}'")
    return skipped


def _skip_near_duplicates(items: Iterable[Item], cluster_of: dict[str, str]) -> dict[str, Skipped]:
    """Skip all items of a cluster but the first by id; items with the user's own questions are never skipped."""
    return {
        item.id: Skipped(item.id, "near_duplicate", f"of '{cluster_of[item.id]}'")
        for item in items
        if cluster_of.get(item.id, item.id) != item.id and not item.qa
    }


def _merge_groups(items: Iterable[Item], cluster_of: dict[str, str]) -> dict[str, str]:
    """Merge groups so that items that look alike share one; items that already shared a group still do.

    Returns:
        The group of each item that shares its group with others, by item id.
    """
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for item in items:
        for linked in (item.group, cluster_of.get(item.id)):
            if linked:
                low, high = sorted((root(item.group or item.id), root(linked)))
                parent[high] = low
    members: dict[str, list[str]] = defaultdict(list)
    for item in items:
        members[root(item.group or item.id)].append(item.id)
    return {name: key for key, names in members.items() if len(names) > 1 for name in names}
