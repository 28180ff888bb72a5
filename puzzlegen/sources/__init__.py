"""Sources: where raw media come from. One file per kind; the file's name is the kind.

A source lists its items without opening them, in an order and under names that never depend on the machine. It opens an
item only when a puzzle is made of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from puzzlegen import plugins
from puzzlegen.files import tree_at
from puzzlegen.records import Item, Mark, Skipped

_LOCATION_FIELDS: Final = ("path", "root")


class Source(BaseModel):
    """A collection of raw media. Subclasses add ``kind: Literal["<file name>"]`` and their own settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Settings that were added later: they are in a recipe's canonical form only if they differ from their defaults.
    later: ClassVar[frozenset[str]] = frozenset()

    kind: str

    _asks: bool = False

    @model_serializer(mode="wrap")
    def _serialize(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        dumped: dict[str, Any] = handler(self)
        return {k: v for k, v in dumped.items() if k not in self.later or getattr(self, k) != fields[k].default}

    def placeless(self) -> dict[str, Any]:
        """Return the settings as JSON, but without where the media lie: these may move and stay the same source."""
        return {k: v for k, v in self.model_dump(mode="json").items() if k not in _LOCATION_FIELDS}

    def pinned(self) -> Source:
        """Return the same source with everything fixed that may change between two runs, such as a revision."""
        return self

    def asking(self) -> Self:
        """Return the same source for a recipe that asks the user's own questions: bad ones are reported or rejected."""
        source = self.model_copy()
        source._asks = True  # noqa: SLF001 - of the same class
        return source

    @property
    def longest_path(self) -> int | None:
        """The most edges that a shortest path in a network of this source can have; None if that is not known."""
        return None

    @abstractmethod
    def items(self) -> Iterator[Item | Skipped]:
        """Yield everything in the source in stable order; what is no item comes as :class:`Skipped`, with a reason."""

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:  # noqa: ARG002 - for those that give marks
        """Yield the entries of :meth:`items` with marks in between, from which an interrupted listing can be resumed.

        Args:
            after: a mark of an earlier call, to yield only what comes after it. A source that gives no marks is always
                listed from its beginning.
        """
        return self.items()

    def listing_state(self) -> str:
        """Return a text that changes when items come or go: an interrupted listing is resumed only if it is the same.

        The text is empty if a change cannot be detected faster than by listing, as behind a URL.
        """
        path = getattr(self, "path", None)
        return tree_at(path).state() if path else ""

    @abstractmethod
    def open(self, item: Item) -> BinaryIO:
        """Open the item's bytes as a seekable file.

        Raises:
            Unusable: ``unreadable`` if the item is gone or may not be read.
        """


def unmarked(entries: Iterator[Item | Skipped | Mark]) -> Iterator[Item | Skipped]:
    """Return a listing without its marks."""
    return (entry for entry in entries if not isinstance(entry, Mark))


def source_kinds() -> list[str]:
    """Return the kinds of source that a recipe may name."""
    return plugins.names(__name__)


def source_class(kind: str) -> type[Source]:
    """Return the class of the source called ``kind``.

    Raises:
        RecipeError: there is none; the message suggests a similar name.
    """
    return plugins.find(__name__, kind, Source)
