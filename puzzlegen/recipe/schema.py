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
    definitions: dict[str, Any] = schema["$defs"]
    for unused in ("Source", "Task", "TaskEntry"):
        definitions.pop(unused, None)
    entry_properties = {key: TaskEntry.model_json_schema()["properties"][key] for key in ("weight", "splits")}
    tasks = [_variant_schema(definitions, task_class(name), "task", name, entry_properties) for name in task_names()]
    sources = [_variant_schema(definitions, source_class(kind), "kind", kind, {}) for kind in source_kinds()]
    schema["properties"]["tasks"] |= {"items": {"oneOf": tasks}, "minItems": 1}
    description = schema["properties"]["source"]["description"]
    schema["properties"]["source"] = {"oneOf": sources, "description": description}
    return schema


def _variant_schema(
    definitions: dict[str, Any], model: type[BaseModel], key: str, name: str, entry_properties: dict[str, Any]
) -> dict[str, Any]:
    schema = model.model_json_schema()
    definitions |= schema.pop("$defs", {})
    own_properties = {
        field: property_schema for field, property_schema in schema.get("properties", {}).items() if field != key
    }
    schema["properties"] = {key: {"const": name}, **own_properties, **entry_properties}
    schema["required"] = [key, *(field for field in schema.get("required", []) if field != key)]
    return schema
