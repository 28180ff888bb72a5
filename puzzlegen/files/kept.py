"""A small cache of open things, because what is asked for next is likely to be in one of them."""

from __future__ import annotations

import atexit
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """Anything that can be closed."""

    def close(self) -> object:
        """Release resources."""


T = TypeVar("T", bound=Closable)


class Kept(Generic[T]):
    """The ``most`` most recently used things, by key."""

    def __init__(self, most: int) -> None:
        self._capacity = most
        self._entries: OrderedDict[Hashable, T] = OrderedDict()
        atexit.register(self.clear)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the thing of a key, and make it first if it is not kept."""
        if key not in self._entries:
            # Closed before the new one is made, because each may hold much memory.
            while len(self._entries) >= self._capacity:
                self._entries.popitem(last=False)[1].close()
            self._entries[key] = make()
        self._entries.move_to_end(key)
        return self._entries[key]

    def clear(self) -> None:
        """Close everything."""
        while self._entries:
            self._entries.popitem()[1].close()
