"""A few things that are kept open, because what comes next is likely to be in them."""

from __future__ import annotations

import atexit
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar


class Closable(Protocol):
    """What can be closed."""

    def close(self) -> object:
        """Let go of what it holds."""


T = TypeVar("T", bound=Closable)


class Kept(Generic[T]):
    """The last ``most`` things that were asked for, by key."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._things: OrderedDict[Hashable, T] = OrderedDict()
        atexit.register(self.clear)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The thing of a key; made if it is not at hand."""
        if key not in self._things:
            # Before the new one is made: each may hold much memory.
            while len(self._things) >= self._most:
                self._things.popitem(last=False)[1].close()
            self._things[key] = make()
        self._things.move_to_end(key)
        return self._things[key]

    def clear(self) -> None:
        """Close all."""
        while self._things:
            self._things.popitem()[1].close()
