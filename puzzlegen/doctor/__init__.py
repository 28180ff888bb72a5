"""The doctor checks that a trainer sees everything the rows hold. One file per trainer, named after the trainer.

Trainers lose media silently more often than they fail. So the doctor runs the trainer's own loader on a few rows and
compares its output with the input. To add a trainer, copy ``easyr1.py``.
"""

from __future__ import annotations

import json
import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

from puzzlegen import plugins
from puzzlegen.contents import Contents, Part, Row, clips_of
from puzzlegen.errors import PuzzlegenError, RecipeError, named_line

Settings = Mapping[str, str]
_HUB_NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*", re.ASCII)
_PROCESSOR_FILES = ["*.json", "*.jinja", "*.txt", "*.model"]
_WHOLE_NUMBER = re.compile(r"\d{1,12}", re.ASCII)


class Setting(NamedTuple):
    """A setting of a loader.

    Attributes:
        usual: its usual value.
        allowed: the allowed values, in words.
        fits: whether a value is allowed.
    """

    usual: str
    allowed: str
    fits: Callable[[str], bool]


def column(usual: str) -> Setting:
    """Return a setting that names a column of the rows."""
    return Setting(usual, "the name of a column", bool)


def text(usual: str = "") -> Setting:
    """Return a setting that takes any text."""
    return Setting(usual, "any text", lambda _: True)


def one_of(*values: str) -> Setting:
    """Return a setting that takes one of a few values, of which the first is the usual one."""
    return Setting(values[0], ", ".join(values), values.__contains__)


def whole_number(usual: str, least: int = 1) -> Setting:
    """Return a setting that takes a whole number, and nothing at all if the usual value is empty."""
    allowed = f"a whole number from {least}"
    return Setting(
        usual,
        allowed if usual else f"{allowed}, or nothing",
        lambda value: value == usual == "" or (bool(_WHOLE_NUMBER.fullmatch(value)) and int(value) >= least),
    )


def rate(usual: str) -> Setting:
    """Return a setting that takes a number of frames per second."""
    return Setting(usual, "a number above 0", _is_rate)


def json_of_texts(usual: str) -> Setting:
    """Return a setting that takes a JSON object whose values are texts."""
    return Setting(usual, "a JSON object of texts", _is_json_of_texts)


def _is_rate(value: str) -> bool:
    try:
        return 0 < float(value) < math.inf
    except ValueError:
        return False


def _is_json_of_texts(value: str) -> bool:
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        return False
    return isinstance(parsed, dict) and all(isinstance(entry, str) for entry in parsed.values())


class Finding(NamedTuple):
    """One result: an ``error`` loses media or rewards, a ``warning`` may cost quality or memory, a ``note`` informs."""

    level: Literal["error", "warning", "note"]
    text: str


class Seen(NamedTuple):
    """What the trainer's loader made of one row.

    Attributes:
        name: the puzzle's id or, without one, the row's number.
        media: number of media that the loader passes to the model's processor.
        text: the prompt as it will be encoded; empty if the loader makes none.
        tokens: number of vision tokens in the encoded prompt; None if no model's processor was given.
        frames: number of frames of all clips of the row; None if the loader does not sample frames.
    """

    name: str
    media: int
    text: str = ""
    tokens: int | None = None
    frames: int | None = None


class Trainer(ABC):
    """What a trainer accepts, how to run its loader, and the settings that the loader needs.

    Class attributes:
        package: the module that must be importable to run the loader.
        install: the command that installs the package.
        suffixes: suffixes of the data files that the loader reads.
        carriers: for each media column, the ways of carrying media that survive the loader.
        settings: the loader settings that matter: their usual values (see :meth:`defaults`) and what is allowed.
        needs_model: whether the loader runs only with a model's processor.
    """

    package: ClassVar[str]
    install: ClassVar[str]
    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".jsonl")
    carriers: ClassVar[Mapping[str, tuple[str, ...]]]
    settings: ClassVar[Mapping[str, Setting]] = {}
    needs_model: ClassVar[bool] = True

    def adapts(self, found: Contents, settings: Settings) -> bool:  # noqa: ARG002
        """Whether rows reach the trainer through a puzzlegen adapter, so that their stored form does not matter."""
        return False

    def defaults(self, found: Contents, rows: Sequence[Row]) -> dict[str, str]:  # noqa: ARG002
        """Return the loader settings that suit these rows."""
        return {name: setting.usual for name, setting in self.settings.items()}

    def needed(self, settings: Settings) -> tuple[str, ...]:
        """Return the columns that every row must have."""
        return (settings["prompt_key"],)

    def check(self, found: Contents, rows: Sequence[Row], settings: Settings) -> Iterator[Finding]:  # noqa: ARG002
        """Yield findings specific to this trainer, without importing the trainer."""
        yield from ()

    def trained_on(self, found: Contents) -> list[Part]:
        """Return the files that the lines of :meth:`config` train on."""
        return train_parts(found)

    @abstractmethod
    def score(self, response: str, ground_truth: str) -> float:
        """Compute the reward as the trainer will."""

    @abstractmethod
    def load(self, files: list[Path], settings: Settings, model: str | None) -> list[Seen]:
        """Run the trainer's loader.

        Args:
            files: excerpts of the data files of one profile.
            settings: loader settings.
            model: folder or name of a model whose processor encodes the prompts, or None.

        Returns:
            One entry for each row that the loader keeps, in the loader's order.
        """

    def load_build(
        self, found: Contents, profile: str, ids: Collection[str], settings: Settings, model: str | None
    ) -> list[Seen]:
        """Run the adapter and the trainer on some puzzles of a build; called only if :meth:`adapts` is true."""
        raise NotImplementedError(f"{type(self).__name__} has no adapter")

    @abstractmethod
    def config(self, found: Contents, settings: Settings) -> list[str]:
        """Return the lines to put into the trainer's command or configuration, for at least one data file."""


def trainer_names() -> list[str]:
    """Return the names of all trainers."""
    return plugins.names(__name__)


def trainer(name: str) -> Trainer:
    """Return the trainer called ``name``.

    Raises:
        PuzzlegenError: there is no such trainer; the message suggests a near match or lists all.
    """
    try:
        instance: Trainer = plugins.find(__name__, name, Trainer)()
    except RecipeError as err:
        raise PuzzlegenError(f"--trainer: {err}") from err
    return instance


def train_parts(found: Contents) -> list[Part]:
    """Return the files of the split ``train`` or, if there are none, all files."""
    return [part for part in found.parts if part.split == "train"] or found.parts


def largest_part(found: Contents) -> Part:
    """Return the training file with the most rows, for a trainer that takes one file."""
    return max(train_parts(found), key=lambda part: part.rows or 0)


def clip_rates(found: Contents, rows: Sequence[Row]) -> list[float]:
    """Return the distinct frame rates of the clips of the rows, in ascending order."""
    return sorted({clip.fps for row in rows for clip in clips_of(found, row)})


def about_rates(rates: Sequence[float], name: str, used: float) -> Iterator[Finding]:
    """Yield findings on a loader that samples all clips at one rate; a clip never gets more frames than it has.

    Args:
        rates: distinct frame rates of the clips, in ascending order.
        name: name of the loader's setting.
        used: value of the setting, in frames per second.
    """
    rate_list = ", ".join(f"{rate:g}" for rate in rates)
    if rates and used < rates[-1]:
        text = f"{name}={used:g} leaves frames out of clips that have {rate_list} a second"
        yield Finding("error", f"{text}; give {name}={rates[-1]:g}, with which every clip keeps its frames")
    elif len(rates) > 1:
        text = f"clips of {rate_list} frames a second in one file, and the loader has one rate for all"
        yield Finding("warning", f"{text}: {name}={used:g} keeps every frame, but check what the model is told of time")


class ModelError(PuzzlegenError):
    """The model's processor cannot be loaded."""


def check_model(model: str | None) -> None:
    """Refuse what can be neither a model's folder nor its name on the Hub, before any network is asked.

    Raises:
        ModelError: there is no such folder, and the Hub can have no such name.
    """
    if model is not None and not Path(model).is_dir() and not _HUB_NAME.fullmatch(model):
        raise ModelError(f"--model {model}: there is no such folder, and a name on the Hub has the form owner/name")


@lru_cache(maxsize=1)
def processor_of(model: str) -> Any:  # noqa: ANN401 - its class depends on the model
    """Load the processor of a model, once for all files.

    Raises:
        ModelError: it cannot be loaded.
    """
    from transformers import AutoProcessor  # noqa: PLC0415 - installed with the trainer

    try:
        return AutoProcessor.from_pretrained(model if Path(model).is_dir() else _download_processor(model))
    # On a damaged folder or a dead network, this raises almost anything.
    except Exception as err:
        raise unloadable(model, err) from err


def _download_processor(model: str) -> str:
    """Download what a processor is made of, and return its folder.

    ``from_pretrained`` by itself asks a network that is down for each file again, for minutes.
    """
    from huggingface_hub import snapshot_download  # noqa: PLC0415 - installed with transformers

    return snapshot_download(model, allow_patterns=_PROCESSOR_FILES)


def unloadable(model: str, err: Exception) -> ModelError:
    """Return the one-line error for a model whose processor cannot be loaded."""
    return ModelError(f"--model {model}: its processor cannot be loaded: {named_line(err):.300}")


def vision_tokens(processor: Any, ids: Sequence[int]) -> int:  # noqa: ANN401
    """Count the tokens of an encoded prompt that stand for parts of media.

    Raises:
        PuzzlegenError: the processor does not name its image or video token.
    """
    names = [getattr(processor, f"{kind}_token", None) for kind in ("image", "video")]
    tokenizer = processor.tokenizer
    token_ids = {tokenizer.convert_tokens_to_ids(name) for name in names if name}
    if not token_ids:
        raise PuzzlegenError(f"{type(processor).__name__} names no image_token; give the --model of a vision model")
    return sum(int(token) in token_ids for token in ids)
