"""The doctor: does a trainer see what the rows hold? One file per trainer; the file's name is the trainer's.

Trainers lose media without an error more often than they fail. So the trainer's own loader runs on a few rows, and
what comes out is compared with what went in. To add one, copy ``easyr1.py``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from puzzlegen import plugins
from puzzlegen.contents import Contents, Row, clips_of
from puzzlegen.errors import PuzzlegenError, RecipeError

Settings = Mapping[str, str]


class Finding(NamedTuple):
    """One thing found: an ``error`` loses media or rewards, a ``warning`` costs, a ``note`` tells."""

    level: Literal["error", "warning", "note"]
    text: str


class Seen(NamedTuple):
    """What the trainer's loader made of one row.

    Attributes:
        name: the puzzle's id, or which row it is.
        media: how many media it hands on to the model's processor.
        text: the prompt as it will be encoded; empty if the loader makes none.
        tokens: vision tokens in the encoded prompt, where a model's processor was given.
        frames: frames of all its clips, where the loader samples them.
    """

    name: str
    media: int
    text: str = ""
    tokens: int | None = None
    frames: int | None = None


class Trainer(ABC):
    """What a trainer accepts, how its loader is run, and the settings it needs.

    Class attributes:
        package: the module that must be importable to run the loader.
        install: what to type to have it.
        suffixes: data files that the loader reads.
        carriers: per media column, the carriers that it passes on.
        settings: names of the loader settings that matter, and their usual values; see :meth:`defaults`.
        needs_model: whether its loader runs only with a model's processor.
    """

    package: ClassVar[str]
    install: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".jsonl")
    carriers: ClassVar[Mapping[str, tuple[str, ...]]]
    settings: ClassVar[Mapping[str, str]] = {}
    needs_model: ClassVar[bool] = True

    def adapts(self, found: Contents, settings: Settings) -> bool:  # noqa: ARG002
        """Whether rows reach the trainer through an adapter of puzzlegen, so that their form is no matter."""
        return False

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:  # noqa: ARG002
        """The settings that fit these rows."""
        return dict(self.settings)

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """The columns that every row must have."""
        return (settings["prompt_key"],)

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:  # noqa: ARG002
        """Checks that only this trainer needs; no trainer is imported."""
        yield from ()

    @abstractmethod
    def score(self, response: str, ground_truth: str) -> float:
        """The reward as the trainer will compute it."""

    @abstractmethod
    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Run the trainer's loader.

        Args:
            files: excerpts of one profile's data files.
            settings: loader settings.
            model: folder of a model whose processor encodes prompts, or None.

        Returns:
            One for each row that the loader keeps, in its order.
        """

    def load_build(self, found: Contents, profile: str, rows: int, settings: Settings, model: str | None) -> list[Seen]:
        """Run the adapter and the trainer on the first rows of a build; for those that have one."""
        raise NotImplementedError(f"{type(self).__name__} has no adapter")

    @abstractmethod
    def config(self, found: Contents, settings: Settings) -> list[str]:
        """The lines to put into the trainer's command or configuration."""


def trainer_names() -> list[str]:
    """The trainers there are."""
    return plugins.names(__name__)


def trainer(name: str) -> Trainer:
    """The trainer called ``name``; PuzzlegenError with those there are if there is none."""
    try:
        found: Trainer = plugins.find(__name__, name, Trainer)()
    except RecipeError as err:
        raise PuzzlegenError(f"--trainer: {err}") from err
    return found


def clip_rates(found: Contents, rows: Sequence[Row]) -> list[float]:
    """The frames a second that clips of the rows have, each rate once, from low to high."""
    return sorted({clip.fps for row in rows for clip in clips_of(found, row)})


def about_rates(rates: Sequence[float], name: str, used: float) -> Iterator[Finding]:
    """What a loader with one rate for all clips does to these; a clip never gets more frames than it has."""
    wanted = ", ".join(f"{rate:g}" for rate in rates)
    if rates and used < rates[-1]:
        text = f"{name}={used:g} leaves frames out of clips that have {wanted} a second"
        yield Finding("error", f"{text}; give {name}={rates[-1]:g}, with which every clip keeps its frames")
    elif len(rates) > 1:
        text = f"clips of {wanted} frames a second in one file, and the loader has one rate for all"
        yield Finding("warning", f"{text}: {name}={used:g} keeps every frame, but check what the model is told of time")


def processor_of(model: str) -> Any:  # noqa: ANN401 - whatever the model's is
    """The processor of a model's folder."""
    from transformers import AutoProcessor  # noqa: PLC0415 - the trainer brings it

    return AutoProcessor.from_pretrained(model)


def vision_tokens(processor: Any, ids: Sequence[int]) -> int:  # noqa: ANN401
    """How many of the encoded prompt's tokens stand for parts of media.

    Raises:
        PuzzlegenError: the processor does not say which tokens those are.
    """
    names = [getattr(processor, f"{kind}_token", None) for kind in ("image", "video")]
    tokenizer = processor.tokenizer
    known = {tokenizer.convert_tokens_to_ids(name) for name in names if name}
    if not known:
        raise PuzzlegenError(f"{type(processor).__name__} names no image_token; give the --model of a vision model")
    return sum(int(token) in known for token in ids)
