"""The models of a recipe: its sections with defaults and limits, so that no invalid recipe can be constructed.

The parameters of a task or source are checked by the class that the recipe names.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    model_validator,
)
from pydantic_core import InitErrorDetails, PydanticCustomError

from puzzlegen.errors import RecipeError
from puzzlegen.hygiene import HygieneSettings
from puzzlegen.joint import JoinSettings
from puzzlegen.media.image import ImageSettings
from puzzlegen.media.video import VideoSettings
from puzzlegen.prompts import PromptSettings
from puzzlegen.recipe.problems import shown, typed
from puzzlegen.records import canonical_json
from puzzlegen.sources import Source, source_class, source_kinds
from puzzlegen.tasks import Task, task_class, task_names

if TYPE_CHECKING:
    from collections.abc import Callable

_RESERVED: Final = {"train": "what no split takes is train", "all": "it stands for all splits together"}
_ROUNDING: Final = 1e-9
_ENTRY_KEYS: Final = ("weight", "splits")
_LATER_SETTINGS: Final = (
    ("media", "time_limit_s"),
    ("media", "image", "min_side_px"),
    ("media", "video", "min_duration_s"),
    ("hygiene",),
)


def _refusal(text: str, *loc: str | int) -> ValidationError:
    # Unlike a bare ValueError, this error can state its place in the value; pydantic merges it with its own errors.
    error = PydanticCustomError("recipe", "{text}", {"text": text})
    return ValidationError.from_exception_data("recipe", [InitErrorDetails(type=error, loc=loc, input=None)])


def _find_class(
    value: dict[str, Any], key: str, names: Callable[[], list[str]], find: Callable[[str], type[BaseModel]]
) -> type[BaseModel]:
    name = value.get(key)
    if name is None:
        raise _refusal(f"required but missing; known: {', '.join(names())}", key)
    if not isinstance(name, str):
        raise _refusal(f"{typed(name)}, not one of {', '.join(names())}", key)
    try:
        return find(name)
    except RecipeError as err:
        raise _refusal(str(err), key) from err


def _validate_strictly(model: type[BaseModel], value: dict[str, Any]) -> BaseModel:
    # Strict JSON mode accepts lists as tuples and text as paths, but neither '3' nor true as a number.
    try:
        return model.model_validate_json(json.dumps(value), strict=True)
    except OSError as err:
        raise _refusal(f"the system says: {err.strerror}") from err


def _validate_source(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return _validate_strictly(_find_class(value, "kind", source_kinds, source_class), value)


def _validate_task(value: object) -> object:
    if not isinstance(value, dict):
        return value
    parameters = {key: setting for key, setting in value.items() if key != "task"}
    return _validate_strictly(_find_class(value, "task", task_names, task_class), parameters)


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


def _as_tuple(value: object) -> object:
    # After _gather_parameters, pydantic validates Python objects, not JSON, and would refuse a list as a tuple.
    return tuple(value) if isinstance(value, list) else value


class TaskEntry(_Section):
    """One entry of ``tasks``: in YAML, the task's parameters stand beside its name and weight."""

    task: Annotated[SerializeAsAny[Task], BeforeValidator(_validate_task)]
    weight: float = Field(1.0, gt=0, le=1e6, description="share of the puzzles, relative to the other tasks")
    splits: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(
        (), description="only these splits, to hold the task out of the others; default: all"
    )

    @model_validator(mode="before")
    @classmethod
    def _gather_parameters(cls, value: object) -> object:
        if isinstance(value, str):
            raise _refusal(f"{typed(value)}, not a mapping; write {{task: {value}}}")
        if not isinstance(value, dict) or isinstance(value.get("task"), Task):
            return value
        entry_settings = {key: setting for key, setting in value.items() if key in _ENTRY_KEYS}
        return {"task": {key: setting for key, setting in value.items() if key not in _ENTRY_KEYS}, **entry_settings}


def _splits_setting(entry: TaskEntry) -> dict[str, list[str]]:
    return {"splits": list(entry.splits)} if entry.splits else {}


def _drop_defaults(settings: dict[str, Any], defaults: dict[str, Any]) -> None:
    for *sections, key in _LATER_SETTINGS:
        section_settings, section_defaults = settings, defaults
        for section in sections:
            section_settings, section_defaults = section_settings[section], section_defaults[section]
        if section_settings[key] == section_defaults[key]:
            section_settings.pop(key)


def _check_distinct(tasks: tuple[TaskEntry, ...]) -> tuple[TaskEntry, ...]:
    # min_length would not do: pydantic counts only valid entries, and would report an invalid one and a short list.
    if not tasks:
        raise ValueError("the list is empty; give at least one, such as {task: jigsaw}")
    seen: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(tasks):
        first = seen.setdefault((entry.task.name, entry.task.params), index)
        if first != index:
            raise _refusal(f"the same as tasks.{first}; change a parameter, or keep one with more weight", index)
    return tasks


def _all_or_number(value: object) -> object:
    if value == "all" or (type(value) is int and value >= 1):
        return value
    raise _refusal(f"{shown(value)} is not allowed; use all, or a whole number of at least 1")


def _check_split_name(name: str) -> str:
    if name in _RESERVED:
        raise ValueError(f"'{name}' is reserved: {_RESERVED[name]}; choose another name")
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ValueError(f"{shown(name)} cannot name a split; use a-z, 0-9 and _, with a letter first")
    return name


def _check_fractions(splits: dict[str, float]) -> dict[str, float]:
    total = math.fsum(splits.values())
    if total > 1 + _ROUNDING:
        raise ValueError(f"the fractions add up to {total:.10g}, the maximum is 1")
    return splits


class Media(_Section):
    """How raw media become clean ones, before any task sees them."""

    image: ImageSettings = ImageSettings()
    video: VideoSettings = VideoSettings()
    time_limit_s: int = Field(
        300,
        ge=1,
        le=86_400,
        description="most seconds of computing that opening one item may take; 20 times that on the clock",
    )


class Output(_Section):
    """The form of the output folder."""

    format: Literal["parquet", "webdataset"] = Field("parquet", description="of the data files")
    shard_size: int = Field(
        1000, ge=1, le=100_000, description="puzzles per file before rejections; answers are balanced within a file"
    )


_Name = Annotated[str, AfterValidator(_check_split_name)]
_Fraction = Annotated[float, Field(gt=0, le=1)]


class Recipe(_Section):
    """What to build: the same recipe and the same source bytes give the same puzzles."""

    version: Literal[1] = Field(1, description="version of this format")
    seed: int = Field(0, ge=0, lt=1 << 63, description="another seed gives other puzzles")
    source: Annotated[SerializeAsAny[Source], BeforeValidator(_validate_source)] = Field(
        description="where the raw media are, such as {kind: folder, path: photos/}; or give --source"
    )
    tasks: Annotated[tuple[TaskEntry, ...], AfterValidator(_check_distinct)] = Field(
        description="what puzzles to make, such as [{task: jigsaw, rows: 3}]"
    )
    per_item: Annotated[Literal["all"] | int, BeforeValidator(_all_or_number)] = Field(
        "all", description="how many tasks per item, drawn by weight; or all of them"
    )
    variants: int = Field(1, ge=1, le=1000, description="puzzles of each task per item (with per_item: all)")
    splits: Annotated[dict[_Name, _Fraction], AfterValidator(_check_fractions)] = Field(
        {}, description="fraction of the items per split; the rest is train"
    )
    hygiene: HygieneSettings = HygieneSettings()
    media: Media = Media()
    prompt: PromptSettings = PromptSettings()
    output: Output = Output()
    join: JoinSettings | None = Field(None, description="ask the source's own questions too, in the same records")

    @model_validator(mode="after")
    def _check_variants(self) -> Self:
        if self.variants > 1 and self.per_item != "all":
            raise _refusal(f"{self.variants} needs per_item: all; with per_item: N, raise N instead", "variants")
        return self

    @model_validator(mode="after")
    def _check_entry_splits(self) -> Self:
        known = ("train", *self.splits)
        for k, entry in enumerate(self.tasks):
            if unknown := [name for name in entry.splits if name not in known]:
                raise _refusal(f"'{unknown[0]}' is not a split; known: {', '.join(known)}", "tasks", k, "splits")
        return self

    @model_validator(mode="after")
    def _check_joinable(self) -> Self:
        if self.join is None:
            return self
        for k, entry in enumerate(self.tasks):
            if entry.task.spoils is None:
                raise _refusal(f"{entry.task.name} changes no medium that could be restored; leave it out", "tasks", k)
        return self

    @model_validator(mode="after")
    def _check_paths(self) -> Self:
        most = self.source.longest_path
        for k, entry in enumerate(self.tasks):
            if most is not None and (longest := entry.task.needed_path) > most:
                remedy = f"set it to {most} or less, or hops of the source to {math.ceil(longest / 2)} or more"
                text = f"{longest} is never reached: no path of the source's networks is longer than {most}; {remedy}"
                raise _refusal(text, "tasks", k, "longest")
        return self

    def canonical(self) -> dict[str, Any]:
        """Return the recipe as JSON with all defaults filled in, but without where the source lies.

        Media may move without making it another build.
        """
        full: dict[str, Any] = self.model_dump(mode="json")
        full["source"] = self.source.placeless()
        if self.join is None:
            full.pop("join")
        # Settings that were added later are part of the canonical form only if they differ from their defaults.
        _drop_defaults(
            full, {"media": Media().model_dump(mode="json"), "hygiene": HygieneSettings().model_dump(mode="json")}
        )
        full.get("hygiene", {}).pop("exclude", None)
        full["tasks"] = [
            {"task": entry.task.name, "weight": dumped["weight"], **_splits_setting(entry), **dumped["task"]}
            for entry, dumped in zip(self.tasks, full["tasks"], strict=True)
        ]
        return full

    def digest(self) -> str:
        """Return the SHA-256 of the canonical form, in hex."""
        return hashlib.sha256(canonical_json(self.canonical()).encode()).hexdigest()
