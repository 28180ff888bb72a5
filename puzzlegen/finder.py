"""Find an item of a plan by its name, for plans of any size: 16 bytes of memory are kept for each item."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from puzzlegen.listing import hashes
from puzzlegen.plan import Plan
from puzzlegen.records import Item
from puzzlegen.shard import ShardItems

#: How many shards keep their decoded media at once; a few suffice, as requests mostly follow the plan's order.
_MAX_OPEN_SHARDS: Final = 4


class Finder:
    """Finds items of a plan by name, and opens them with their neighbours, with which some tasks compare an item."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        names = [
            hashes(batch["id"].to_pylist(), "find") for group in plan.groups for batch in group.items.columns(["id"])
        ]
        keys = np.concatenate(names)
        self._order = np.argsort(keys, kind="stable")
        self._keys = keys[self._order]
        self._open_shard = lru_cache(maxsize=_MAX_OPEN_SHARDS)(self._items)

    def item(self, name: str) -> Item | None:
        """The item of that name; None if the plan has no such item."""
        match = self._find(name)
        return match[2] if match else None

    def place(self, name: str) -> tuple[ShardItems, int] | None:
        """The items of the named item's shard, and the item's rank among them; None if the plan has no such item."""
        match = self._find(name)
        if match is None:
            return None
        number, rank, _ = match
        return self._open_shard(number), rank

    def _items(self, number: int) -> ShardItems:
        return ShardItems(self._plan.recipe, self._plan.shard(number))

    def _find(self, name: str) -> tuple[int, int, Item] | None:
        """The shard's number, the item's rank in the shard, and the item."""
        key = hashes([name], "find")[0]
        start, stop = (np.searchsorted(self._keys, key, side) for side in ("left", "right"))
        for position in self._order[start:stop].tolist():
            number, rank, item = self._plan.at(position)
            if item.id == name:
                return number, rank, item
        return None
