"""Recipes: what a build makes, as one strict YAML file.

Loading reports all mistakes at once, each with file, line, place and remedy, and opens no media. Paths in a
recipe are relative to the working directory, as on the command line.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ValidationError

from puzzlegen.errors import RecipeError
from puzzlegen.files import without_secrets
from puzzlegen.recipe.files import find_recipe, read_recipe, shipped_recipes
from puzzlegen.recipe.model import Media, Output, Recipe, TaskEntry
from puzzlegen.recipe.problems import (
    Place,
    Problem,
    Where,
    dotted,
    missing,
    refusal,
    shown,
    typed,
    unknown,
    wording,
)
from puzzlegen.recipe.source import source_at
from puzzlegen.recipe.yaml_lines import Document, parse
from puzzlegen.sources import source_class
from puzzlegen.tasks import task_class

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic.fields import FieldInfo
    from pydantic_core import ErrorDetails

__all__ = [
    "Media",
    "Output",
    "Recipe",
    "TaskEntry",
    "difference",
    "load_recipe",
    "recipe_from_canonical",
    "shipped_recipes",
    "source_at",
]


def load_recipe(path: str | Path, *, source: str | None = None, overrides: Sequence[str] = ()) -> Recipe:
    """Read a recipe.

    Args:
        path: a YAML file, or the name of a shipped recipe.
        source: a path or URL that replaces the recipe's source, see :func:`source_at`.
        overrides: ``a.b=c`` each: a place in the recipe and its new value as YAML; numbers index lists.

    Raises:
        RecipeError: with all mistakes, one line each.
    """
    file = find_recipe(path)
    document = parse(read_recipe(file), str(file))
    if not isinstance(document.data, dict):
        message = f"{typed(document.data)}, not a mapping; a recipe needs at least source and tasks"
        raise refusal(*document.where(()), message)
    if source is not None:
        _replace_source(document, source)
    for override in overrides:
        _apply_override(document, override)
    return _validate(document)


def recipe_from_canonical(canonical: dict[str, Any], source: dict[str, Any]) -> Recipe:
    """Return the recipe of a canonical form.

    Args:
        canonical: the canonical form, see :meth:`Recipe.canonical`.
        source: kind and settings of the source to read from, as in YAML.

    Raises:
        RecipeError: with all mistakes, such as a source that no longer exists.
    """
    document = Document("recipe")
    document.data = {**canonical, "source": source}
    return _validate(document)


def _replace_source(document: Document, path: str) -> None:
    option = Where(f"--source {without_secrets(path)}")
    old = document.data.get("source")
    try:
        document.put(["source"], source_at(path, old if isinstance(old, dict) else {}), option)
    except RecipeError as err:
        document.refused.add(("source",))
        document.problems.append(Problem(option, ("source",), str(err)))


def _apply_override(document: Document, override: str) -> None:
    option = f"--set {override}"
    dotted, equals, value = override.partition("=")
    steps = dotted.split(".")
    if not equals or not all(steps):
        document.problems.append(Problem(Where(option), (), "not place=value, such as tasks.0.weight=2"))
        return
    parsed = parse(value, option, numbered=False)
    place = document.put(steps, parsed.data, Where(option))
    document.problems += [problem._replace(place=place + problem.place) for problem in parsed.problems]
    document.refused |= {place + refused for refused in parsed.refused}


def _validate(document: Document) -> Recipe:
    mistakes = list(document.problems)
    try:
        recipe = Recipe.model_validate_json(json.dumps(document.data), strict=True)
    except ValidationError as err:
        problems = [_to_problem(document, detail) for detail in err.errors(include_url=False)]
        mistakes += [problem for problem in problems if document.understood(problem.place)]
    if mistakes:
        raise RecipeError(*dict.fromkeys(str(problem) for problem in sorted(mistakes, key=lambda p: p.order)))
    return recipe


def _to_problem(document: Document, detail: ErrorDetails) -> Problem:
    place, kind = _place_in_yaml(detail["loc"]), detail["type"]
    if kind == "extra_forbidden":
        text = unknown(str(place[-1]), _allowed_fields(document.data, place[:-1]))
    elif kind == "missing" and isinstance(place[-1], str):
        text = missing(place[-1], _allowed_fields(document.data, place[:-1]))
    else:
        text = wording(detail) + _task_note(document.data, place)
        place = place if kind == "recipe" else document.given(place)
    return Problem(document.where(place), place, text)


def _place_in_yaml(loc: Place) -> Place:
    # In YAML a task's parameters stand beside its name, in the model one level below; pydantic marks keys by "[key]".
    steps = tuple(step for step in loc if step != "[key]")
    return steps[:2] + steps[3:] if steps[:1] == ("tasks",) and steps[2:3] == ("task",) else steps


def _task_note(data: dict[str, Any], place: Place) -> str:
    if place[:1] != ("tasks",) or len(place) < 3 or place[2] in ("task", "weight", "splits"):  # noqa: PLR2004 - tasks, index, key
        return ""
    return f" (task {data['tasks'][place[1]]['task']})"


def _allowed_fields(data: dict[str, Any], place: Place) -> dict[str, FieldInfo]:
    """Return the fields that are allowed at a place, by name; empty if the form of that place is not known."""
    model, rest, entry_fields = Recipe, place, {}  # type: type[BaseModel], Place, dict[str, FieldInfo]
    if place[:1] == ("source",):
        model, rest = source_class(data["source"]["kind"]), place[1:]
    elif place[:1] == ("tasks",) and len(place) > 1:
        model, rest = task_class(data["tasks"][place[1]]["task"]), place[2:]
        entry_fields = {} if rest else TaskEntry.model_fields
    for step in rest:
        field = model.model_fields.get(str(step))
        inner = (field.annotation, *get_args(field.annotation)) if field else ()
        sections = [part for part in inner if isinstance(part, type) and issubclass(part, BaseModel)]
        if not sections:
            return {}
        model = sections[0]
    return {**model.model_fields, **entry_fields}


def difference(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the changes between two canonical recipes, one line each, such as ``tasks.0.rows: 3 -> 4``."""
    before, after = dict(_leaves(old, ())), dict(_leaves(new, ()))
    return [
        f"{dotted(place)}: {shown(before[place]) if place in before else 'absent'}"
        f" -> {shown(after[place]) if place in after else 'absent'}"
        for place in {**before, **after}
        if before.get(place, ...) != after.get(place, ...)
    ]


def _leaves(value: object, place: Place) -> Iterator[tuple[Place, object]]:
    if not (value and isinstance(value, dict | list)):
        yield place, value
        return
    for key, child in value.items() if isinstance(value, dict) else enumerate(value):
        yield from _leaves(child, (*place, key))
