"""Tasks: kinds of puzzle. One file per task; the file's name is the task's name in recipes.

To add one, copy ``jigsaw.py``: a frozen model whose fields are the recipe's parameters and whose :meth:`Task.pose`
makes a puzzle from an item. Everything else follows: recipes, listing, conformance tests.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, final

from pydantic import BaseModel, ConfigDict

from puzzlegen import plugins
from puzzlegen.errors import TaskError, Unusable
from puzzlegen.media.opened import OpenItem
from puzzlegen.records import REASONS, Kind, Profile, Puzzle, Rejection, Spoils, canonical_json
from puzzlegen.rng import Rng


class Task(BaseModel):
    """A kind of puzzle plus its parameters.

    Attributes:
        accepts: the kind of item it is made from.
        ability: what it trains, in the field's words; stored with each record.
        version: raised when the same parameters give other puzzles than before.
        spoils: what its change to the medium spoils of a user's own question: which way things are, or what comes
            when. None: it shows no changed medium that could be restored, so no question can be joined to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepts: ClassVar[Kind]
    ability: ClassVar[str]
    version: ClassVar[int] = 1
    spoils: ClassVar[Spoils | None] = None

    @property
    def name(self) -> str:
        """The task's name in recipes and records: its file's name."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def params(self) -> str:
        """All parameters, defaults included, as canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def packages(self) -> tuple[str, ...]:
        """Distributions beyond the usual that decide its bytes; the manifest names their versions."""
        return ()

    @property
    def media_count(self) -> int:
        """How many pictures or clips each puzzle has; 0 for graphs, which are text."""
        return 0 if self.accepts == "graph" else 1

    @property
    def profile(self) -> Profile:
        """The modality profile of its records."""
        if self.accepts == "video":
            return "video"
        if self.media_count == 0:
            return "text"
        return "image" if self.media_count == 1 else "multi_image"

    @property
    @abstractmethod
    def difficulty(self) -> float:
        """0 (easy) to 1 (hard), from the parameters alone."""

    @abstractmethod
    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Make the puzzle.

        Draw the answer with ``rng.balanced("answer", n)`` where it is one of few, so that a build can even it out,
        and decide about rejections without looking at that draw.

        Raises:
            Unusable: the item gives no puzzle, with a reason from ``records.REASONS``.
        """

    @final
    def make(self, item: OpenItem, rng: Rng) -> Puzzle | Rejection:
        """A puzzle, or why there is none. Never raises for a bad item; any other exception is a bug in the task.

        Raises:
            TaskError: the reason is not one of ``records.REASONS``, by which rejections are counted.
        """
        try:
            return self.pose(item, rng)
        except Unusable as no:
            if no.reason not in REASONS:
                allowed = ", ".join(REASONS)
                raise TaskError(
                    f"task {self.name}, '{item.item.id}': Unusable('{no.reason}') is not an allowed reason: {allowed}"
                ) from no
            return Rejection(item.item.id, self.name, no.reason, no.detail)


def task_names() -> list[str]:
    """The tasks a recipe may name."""
    return plugins.names(__name__)


def task_class(name: str) -> type[Task]:
    """The task called ``name``; RecipeError with a suggestion if there is none."""
    return plugins.find(__name__, name, Task)
