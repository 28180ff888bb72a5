"""Sources: where raw media come from. One file per kind; the file's name is the kind.

A source lists its items without opening them, in an order and under names that never depend on the machine, and
opens one when a puzzle is made of it.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Any, BinaryIO, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, SerializerFunctionWrapHandler, model_serializer

from puzzlegen import plugins
from puzzlegen.files import tree_at
from puzzlegen.records import Item, Mark, Skipped

_PLACES: Final = ("path", "root")


class Source(BaseModel):
    """A collection of raw media. Subclasses add ``kind: Literal["<file name>"]`` and their own settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: Settings that came after others: they stand in a recipe's canonical form only where they say something.
    later: ClassVar[frozenset[str]] = frozenset()

    kind: str

    _asks: bool = False

    @model_serializer(mode="wrap")
    def _spoken(self, plain: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        dumped: dict[str, Any] = plain(self)
        return {k: v for k, v in dumped.items() if k not in self.later or getattr(self, k) != fields[k].default}

    def placeless(self) -> dict[str, Any]:
        """As JSON, but without where it lies: media may move without becoming another source."""
        return {k: v for k, v in self.model_dump(mode="json").items() if k not in _PLACES}

    def pinned(self) -> Source:
        """The same source with everything fixed that may move between two runs, such as a revision."""
        return self

    def asking(self) -> Self:
        """The same source for a recipe that asks the user's own questions: bad ones are then reported or rejected."""
        asks = self.model_copy()
        asks._asks = True  # noqa: SLF001 - of the same class
        return asks

    @abstractmethod
    def items(self) -> Iterator[Item | Skipped]:
        """Everything in the source, in stable order; what is no item comes as :class:`Skipped` with its reason."""

    def listed(self, after: str = "") -> Iterator[Item | Skipped | Mark]:  # noqa: ARG002 - for those that give marks
        """As :meth:`items`, with marks in between, from which a listing that was interrupted goes on.

        Args:
            after: where a mark of an earlier call was: only what comes behind it. A source that gives no marks is
                always listed from its beginning.
        """
        return self.items()

    def listing_state(self) -> str:
        """What changes when items come or go: a listing that was interrupted goes on only while it is the same.

        Empty if that cannot be found out faster than by listing, as behind a URL.
        """
        path = getattr(self, "path", None)
        return tree_at(path).state() if path else ""

    @abstractmethod
    def open(self, item: Item) -> BinaryIO:
        """The item's bytes as a seekable file.

        Raises:
            Unusable: ``unreadable`` when the item is gone or may not be read.
        """


def unmarked(entries: Iterator[Item | Skipped | Mark]) -> Iterator[Item | Skipped]:
    """A listing without its marks."""
    return (entry for entry in entries if not isinstance(entry, Mark))


def source_kinds() -> list[str]:
    """The kinds of source a recipe may name."""
    return plugins.names(__name__)


def source_class(kind: str) -> type[Source]:
    """The source called ``kind``; RecipeError with a suggestion if there is none."""
    return plugins.find(__name__, kind, Source)
