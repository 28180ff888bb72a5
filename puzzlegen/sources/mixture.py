"""Several sources combined into one, in given shares. An item is called ``<part>/<its id in that part>``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SerializeAsAny, StringConstraints, model_validator

from puzzlegen.errors import RecipeError
from puzzlegen.records import Item, Mark, Skipped
from puzzlegen.rng import digest
from puzzlegen.sources import Source, source_class, unmarked


def _validate_source(value: object) -> object:
    if not isinstance(value, dict):
        return value
    try:
        kind = source_class(str(value.get("kind")))
    except RecipeError as err:
        raise ValueError(str(err)) from err
    return kind.model_validate_json(json.dumps(value), strict=True)


class Part(BaseModel):
    """A source and its share; in YAML, the source's own settings stand beside ``weight`` and ``limit``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: Annotated[SerializeAsAny[Source], BeforeValidator(_validate_source)]
    weight: float | None = Field(None, gt=0, le=1e6, description="share of the items, relative to the other parts")
    limit: int | None = Field(None, ge=1, description="most items")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: object) -> object:
        if not isinstance(value, dict) or "source" in value:
            return value
        part_settings = {key: setting for key, setting in value.items() if key in ("weight", "limit")}
        return {"source": {key: setting for key, setting in value.items() if key not in part_settings}, **part_settings}


_Name = Annotated[str, StringConstraints(pattern="^[a-z][a-z0-9_]*$")]


class Mixture(Source):
    """The items of several sources, in exact shares if weights are given."""

    kind: Literal["mixture"] = "mixture"
    parts: dict[_Name, Part] = Field(
        min_length=1, description="sources by name, such as {photos: {kind: folder, path: photos/, weight: 2}}"
    )

    def placeless(self) -> dict[str, Any]:
        """Return the settings as JSON, without where the parts lie."""
        parts = {
            name: {**part.source.placeless(), "weight": part.weight, "limit": part.limit}
            for name, part in self.parts.items()
        }
        return {"kind": self.kind, "parts": parts}

    def pinned(self) -> Source:
        """Return the mixture with all parts pinned."""
        parts = {n: part.model_copy(update={"source": part.source.pinned()}) for n, part in self.parts.items()}
        return self.model_copy(update={"parts": parts})

    def listing_state(self) -> str:
        """Return the listing states of all parts as one text."""
        return " ".join(part.source.listing_state() for part in self.parts.values())

    @property
    def longest_path(self) -> int | None:
        """The longest path of all parts; None if that of any part is not known."""
        lengths = [part.source.longest_path for part in self.parts.values()]
        known = [length for length in lengths if length is not None]
        return max(known) if len(known) == len(lengths) else None

    def asking(self) -> Self:
        """Return the mixture with all parts asking."""
        parts = {n: part.model_copy(update={"source": part.source.asking()}) for n, part in self.parts.items()}
        return self.model_copy(update={"parts": parts})

    def items(self) -> Iterator[Item | Skipped]:
        """Yield the items part by part, each part in its own order; items beyond weights and limits are skipped."""
        return unmarked(self.listed())

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:
        """Yield the entries of :meth:`items` with each part's marks.

        With weights or limits there are no marks, as all items must be known before any is drawn.
        """
        if any(part.weight is not None or part.limit is not None for part in self.parts.values()):
            yield from self._draw_items()
            return
        resumed_part, _, inner = after.partition("/")
        names = list(self.parts)
        for name in names[names.index(resumed_part) if resumed_part else 0 :]:
            for entry in self.parts[name].source.listed(inner if name == resumed_part else ""):
                yield Mark(f"{name}/{entry.at}") if isinstance(entry, Mark) else _prefix_part(name, entry)

    def _draw_items(self) -> Iterator[Item | Skipped]:
        items_by_part: dict[str, list[Item]] = {}
        for name, part in self.parts.items():
            items_by_part[name] = []
            for entry in part.source.items():
                prefixed = _prefix_part(name, entry)
                if isinstance(prefixed, Skipped):
                    yield prefixed
                else:
                    items_by_part[name].append(prefixed)
        for name, count in self._share_counts({name: len(items) for name, items in items_by_part.items()}).items():
            items = items_by_part[name]
            chosen = sorted(items, key=lambda item: digest("mixture", item.bundle or item.id))[:count]
            chosen_ids = {item.id for item in chosen}
            yield from (item if item.id in chosen_ids else Skipped(item.id, "not_drawn") for item in items)

    def _share_counts(self, item_counts: dict[str, int]) -> dict[str, int]:
        """Return how many items each part gives: all up to its limit or, with weights, what the scarcest allows."""
        limits = {name: min(count, self.parts[name].limit or count) for name, count in item_counts.items()}
        if all(part.weight is None for part in self.parts.values()):
            return limits
        weights = {name: part.weight or 1.0 for name, part in self.parts.items()}
        scale = min(limits[name] / weights[name] for name in limits)
        return {name: int(scale * weights[name] + 1e-9) for name in limits}

    def open(self, item: Item) -> BinaryIO:
        """Open the item from its part."""
        name, _, inner_id = item.id.partition("/")
        group, bundle = (text.partition("/")[2] for text in (item.group, item.bundle))
        return self.parts[name].source.open(item._replace(id=inner_id, group=group, bundle=bundle))


def _prefix_part(part: str, entry: Item | Skipped) -> Item | Skipped:
    if isinstance(entry, Skipped):
        return entry._replace(id=f"{part}/{entry.id}")
    group, bundle = (f"{part}/{text}" if text else "" for text in (entry.group, entry.bundle))
    return entry._replace(id=f"{part}/{entry.id}", group=group, bundle=bundle)
