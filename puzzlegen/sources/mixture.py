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


def _source(value: object) -> object:
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

    source: Annotated[SerializeAsAny[Source], BeforeValidator(_source)]
    weight: float | None = Field(None, gt=0, le=1e6, description="share of the items, relative to the other parts")
    limit: int | None = Field(None, ge=1, description="most items")

    @model_validator(mode="before")
    @classmethod
    def _gather(cls, value: object) -> object:
        if not isinstance(value, dict) or "source" in value:
            return value
        own = {key: setting for key, setting in value.items() if key in ("weight", "limit")}
        return {"source": {key: setting for key, setting in value.items() if key not in own}, **own}


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
            yield from self._drawn()
            return
        begun, _, inner = after.partition("/")
        names = list(self.parts)
        for name in names[names.index(begun) if begun else 0 :]:
            for entry in self.parts[name].source.listed(inner if name == begun else ""):
                yield Mark(f"{name}/{entry.at}") if isinstance(entry, Mark) else _named(name, entry)

    def _drawn(self) -> Iterator[Item | Skipped]:
        found: dict[str, list[Item]] = {}
        for name, part in self.parts.items():
            found[name] = []
            for entry in part.source.items():
                named = _named(name, entry)
                if isinstance(named, Skipped):
                    yield named
                else:
                    found[name].append(named)
        for name, count in self._counts({name: len(items) for name, items in found.items()}).items():
            items = found[name]
            drawn = sorted(items, key=lambda item: digest("mixture", item.bundle or item.id))[:count]
            taken = {item.id for item in drawn}
            yield from (item if item.id in taken else Skipped(item.id, "not_drawn") for item in items)

    def _counts(self, there: dict[str, int]) -> dict[str, int]:
        """Return how many items each part gives: all up to its limit or, with weights, what the scarcest allows."""
        most = {name: min(count, self.parts[name].limit or count) for name, count in there.items()}
        if all(part.weight is None for part in self.parts.values()):
            return most
        weights = {name: part.weight or 1.0 for name, part in self.parts.items()}
        scale = min(most[name] / weights[name] for name in most)
        return {name: int(scale * weights[name] + 1e-9) for name in most}

    def open(self, item: Item) -> BinaryIO:
        """Open the item from its part."""
        name, _, own = item.id.partition("/")
        group, bundle = (text.partition("/")[2] for text in (item.group, item.bundle))
        return self.parts[name].source.open(item._replace(id=own, group=group, bundle=bundle))


def _named(part: str, entry: Item | Skipped) -> Item | Skipped:
    if isinstance(entry, Skipped):
        return entry._replace(id=f"{part}/{entry.id}")
    group, bundle = (f"{part}/{text}" if text else "" for text in (entry.group, entry.bundle))
    return entry._replace(id=f"{part}/{entry.id}", group=group, bundle=bundle)
