"""The JSON schema of recipes, by which editors complete and check recipes as they are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from puzzlegen.recipe.model import Recipe, TaskEntry
from puzzlegen.sources import source_class, source_kinds
from puzzlegen.tasks import task_class, task_names

if TYPE_CHECKING:
    from pydantic import BaseModel


def recipe_schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of recipes, with the parameters of all tasks and sources."""
    schema = Recipe.model_json_schema()
    parts: dict[str, Any] = schema["$defs"]
    for unused in ("Source", "Task", "TaskEntry"):
        parts.pop(unused, None)
    beside = {key: TaskEntry.model_json_schema()["properties"][key] for key in ("weight", "splits")}
    tasks = [_variant(parts, task_class(name), "task", name, beside) for name in task_names()]
    sources = [_variant(parts, source_class(kind), "kind", kind, {}) for kind in source_kinds()]
    schema["properties"]["tasks"] |= {"items": {"oneOf": tasks}, "minItems": 1}
    description = schema["properties"]["source"]["description"]
    schema["properties"]["source"] = {"oneOf": sources, "description": description}
    return schema


def _variant(
    parts: dict[str, Any], model: type[BaseModel], key: str, name: str, beside: dict[str, Any]
) -> dict[str, Any]:
    schema = model.model_json_schema()
    parts |= schema.pop("$defs", {})
    own = {field: form for field, form in schema.get("properties", {}).items() if field != key}
    schema["properties"] = {key: {"const": name}, **own, **beside}
    schema["required"] = [key, *(field for field in schema.get("required", []) if field != key)]
    return schema
