"""What a user can choose from: the tasks with their parameters, and the recipes that ship with the package."""

from __future__ import annotations

import shutil
from inspect import getdoc
from pathlib import Path
from typing import Any

from puzzlegen.errors import OutputError, RecipeError
from puzzlegen.plugins import did_you_mean
from puzzlegen.recipe import shipped_recipes
from puzzlegen.tasks import task_class, task_names


def tasks() -> list[dict[str, str]]:
    """Name, kind of item and description of each task; the error in place of the description if it cannot be loaded."""
    return [_describe_task(name) for name in task_names()]


def _describe_task(name: str) -> dict[str, str]:
    try:
        task_type = task_class(name)
    except RecipeError as err:
        return {"task": name, "accepts": "", "about": str(err)}
    return {"task": name, "accepts": task_type.accepts, "about": _first_line(task_type)}


def task(name: str) -> dict[str, Any]:
    """One task: its description, and its parameters as JSON Schema properties."""
    task_type = task_class(name)
    schema = task_type.model_json_schema()
    return {
        "task": name,
        "accepts": task_type.accepts,
        "ability": task_type.ability,
        "about": _first_line(task_type),
        "parameters": schema.get("properties", {}),
    }


def _first_line(task_type: type[Any]) -> str:
    return (getdoc(task_type) or "").partition("\n")[0]


def tasks_lines(found: list[dict[str, str]]) -> list[str]:
    """The tasks as a table for the terminal."""
    return [f"{row['task']:16} {row['accepts']:6} {row['about']}" for row in found]


def task_lines(found: dict[str, Any]) -> list[str]:
    """One task as a page for the terminal."""
    lines = [f"{found['task']} ({found['accepts']}, {found['ability']}): {found['about']}", ""]
    for name, field in found["parameters"].items():
        bounds = [f"{word} {field[key]}" for key, word in (("minimum", "from"), ("maximum", "to")) if key in field]
        allowed = [f"one of {', '.join(map(str, field['enum']))}"] if "enum" in field else []
        notes = ", ".join([f"default {field.get('default')}", *bounds, *allowed])
        lines.append(f"  {name:12} {field.get('description', '')} ({notes})")
    return lines


def recipes() -> dict[str, str]:
    """Name and first comment line of each shipped recipe."""
    return {name: _recipe_headline(path) for name, path in sorted(shipped_recipes().items())}


def _recipe_headline(path: Path) -> str:
    first_line = path.read_text(encoding="utf-8").partition("\n")[0]
    return first_line.lstrip("# ") if first_line.startswith("#") else ""


def recipe_text(name: str) -> str:
    """The YAML text of a shipped recipe."""
    return _recipe_path(name).read_text(encoding="utf-8")


def copy_recipe(name: str) -> Path:
    """Copy a shipped recipe into the working directory; raises OutputError if the file exists already."""
    target = Path(f"{name}.yaml")
    if target.exists():
        raise OutputError(f"'{target}' exists already; move it away first")
    shutil.copyfile(_recipe_path(name), target)
    return target


def _recipe_path(name: str) -> Path:
    known = shipped_recipes()
    if name not in known:
        raise RecipeError(f"unknown recipe '{name}'{did_you_mean(name, sorted(known))}")
    return known[name]
