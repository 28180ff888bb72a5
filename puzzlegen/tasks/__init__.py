"""Tasks: kinds of puzzle. Each task is one file, and the file's name is the task's name in recipes.

To add a task, copy ``jigsaw.py``: a frozen model whose fields are the recipe's parameters and whose :meth:`Task.pose`
makes a puzzle from an item. Recipes, listings and conformance tests find the new task by its file name.
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
        accepts: the kind of item that the task takes.
        ability: the ability that the task trains, in the field's words; stored with each record.
        version: raised whenever the same parameters give different puzzles than before.
        spoils: which of a user's own questions about the medium the task's transformation would spoil: those about
            directions or those about the order of events. None if the task shows no transformed medium that could be
            restored; a user's question can then not be joined to the puzzle.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    accepts: ClassVar[Kind]
    ability: ClassVar[str]
    version: ClassVar[int] = 1
    spoils: ClassVar[Spoils | None] = None

    @property
    def name(self) -> str:
        """The task's name in recipes and records, which is its file's name."""
        return type(self).__module__.rpartition(".")[2]

    @property
    def params(self) -> str:
        """All parameters, defaults included, as canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def packages(self) -> tuple[str, ...]:
        """Optional distributions whose versions affect the puzzles' bytes; the manifest records these versions."""
        return ()

    @property
    def media_count(self) -> int:
        """The number of pictures or clips in each puzzle; 0 for graphs, which are shown as text."""
        return 0 if self.accepts == "graph" else 1

    @property
    def profile(self) -> Profile:
        """The modality profile of the task's records."""
        if self.accepts == "video":
            return "video"
        if self.media_count == 0:
            return "text"
        return "image" if self.media_count == 1 else "multi_image"

    @property
    def needed_path(self) -> int:
        """The number of edges that some shortest path in a network must have; 0 for tasks that need none."""
        return 0

    @property
    @abstractmethod
    def difficulty(self) -> float:
        """The difficulty from 0 (easy) to 1 (hard), computed from the parameters alone."""

    @abstractmethod
    def pose(self, item: OpenItem, rng: Rng) -> Puzzle:
        """Make a puzzle from an item.

        If the answer is one of a few, draw it with ``rng.balanced("answer", n)``, so that a build can balance the
        answers within a shard. Whether the item is rejected must not depend on that draw.

        Raises:
            Unusable: no puzzle can be made from the item; the reason is a key of ``records.REASONS``.
        """

    @final
    def make(self, item: OpenItem, rng: Rng) -> Puzzle | Rejection:
        """Return the puzzle, or the rejection that says why there is none.

        A bad item never raises; any exception other than ``TaskError`` is a bug in the task.

        Raises:
            TaskError: the task gave a reason that is not a key of ``records.REASONS``, by which rejections are counted.
        """
        try:
            return self.pose(item, rng)
        except Unusable as err:
            if err.reason not in REASONS:
                allowed = ", ".join(REASONS)
                raise TaskError(
                    f"task {self.name}, '{item.item.id}': Unusable('{err.reason}') is not an allowed reason: {allowed}"
                ) from err
            return Rejection(item.item.id, self.name, err.reason, err.detail)


def task_names() -> list[str]:
    """Return the names of all tasks that a recipe may use."""
    return plugins.names(__name__)


def task_class(name: str) -> type[Task]:
    """Return the task class called ``name``.

    Raises:
        RecipeError: there is no such task; the message suggests the nearest name.
    """
    return plugins.find(__name__, name, Task)
