"""Write ``docs/recipe.md``: every key of a recipe with its default and limits, from the models that validate recipes.

Run ``python examples/make_recipe_page.py`` after changing a section of the recipe, a source or a task; with ``--check``
it only reports whether the page is stale.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Container
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from puzzlegen.hygiene import HygieneSettings
from puzzlegen.joint import JoinSettings, Weights
from puzzlegen.media.image import ImageSettings
from puzzlegen.media.video import VideoSettings
from puzzlegen.prompts import PromptSettings
from puzzlegen.recipe.model import Media, Output, Recipe, TaskEntry
from puzzlegen.records import REASONS
from puzzlegen.sources import source_class, source_kinds
from puzzlegen.tasks import task_class, task_names

PAGE = Path(__file__).parent.parent / "docs" / "recipe.md"
HEAD = """# Recipes

Written by `python examples/make_recipe_page.py` from the models that check recipes. `puzzlegen check RECIPE` tells all
that is wrong with one, line by line; any key may be given on the command line, as `--set media.image.max_scale=0.8`.
Paths are relative to the working directory.
"""
KINDS = {
    "integer": "whole number",
    "number": "number",
    "boolean": "true, false",
    "string": "text",
    "null": "null",
    "object": "mapping",
}
SECTIONS: list[tuple[str, str, type[BaseModel]]] = [
    ("media.image", "How raw pictures become clean ones, before any task sees them.", ImageSettings),
    ("media.video", "How raw clips become clean ones.", VideoSettings),
    ("media", "Of both.", Media),
    ("hygiene", "What is left out before anything is made ([more](sources.md)).", HygieneSettings),
    ("prompt", "How questions are put.", PromptSettings),
    ("join", "Your own question beside the puzzle's: records that ask both (ViSS-R1).", JoinSettings),
    ("join.weights", "What each part of such a response counts.", Weights),
    ("output", "The form of the output folder.", Output),
]


def page() -> str:
    """Return the text of the page."""
    parts = [HEAD, "## Top level\n", table(Recipe)]
    for name, about, model in SECTIONS:
        parts += [f"## `{name}`\n\n{about}\n", table(model)]
    parts += ["## An entry of `tasks`\n\nBeside the task's own parameters, below.\n", table(TaskEntry, {"task"})]
    parts += ["## `source`\n\nOne of these kinds; what each reads: [sources.md](sources.md).\n"]
    for kind in source_kinds():
        parts += [f"### `kind: {kind}`\n", table(source_class(kind), {"kind"})]
    parts += ["## Tasks\n"]
    for name in task_names():
        task_type = task_class(name)
        about = (task_type.__doc__ or "").partition("\n")[0]
        parts += [f"### `task: {name}`\n\n{about} Takes: {task_type.accepts}.\n", table(task_type)]
    parts += ["## Reasons\n\nWhy something is no puzzle, as `rejections.parquet` and summaries say it.\n"]
    reasons = "".join(f"| `{reason}` | {cell(meaning)} |\n" for reason, meaning in REASONS.items())
    parts += [f"| reason | what it means |\n|---|---|\n{reasons}"]
    return "\n".join(parts)


def table(model: type[BaseModel], without: Container[str] = ()) -> str:
    """Return a table with one row per key, without keys that are sections and have a table of their own."""
    fields = model.model_json_schema()["properties"]
    rows = [row(name, field) for name, field in fields.items() if name not in without and not is_section(field)]
    head = "| key | default | allowed | what it is |\n|---|---|---|---|\n"
    return head + "".join(rows) if rows else "No parameters.\n"


def is_section(field: dict[str, Any]) -> bool:
    """Whether a key is a section, which has a table of its own."""
    return "$ref" in field or any("$ref" in variant for variant in field.get("anyOf", ()))


def row(name: str, field: dict[str, Any]) -> str:
    """Return the table row of one key."""
    default = f"`{json.dumps(field['default'], ensure_ascii=False)}`" if "default" in field else "required"
    return f"| `{name}` | {default} | {cell(allowed(field))} | {cell(field.get('description', ''))} |\n"


def allowed(field: dict[str, Any]) -> str:
    """Return which values a key may have, in words."""
    if "enum" in field:
        return ", ".join(map(str, field["enum"]))
    if "anyOf" in field:
        return " or ".join(filter(None, (allowed(variant) for variant in field["anyOf"])))
    if "const" in field:
        return str(field["const"])
    words = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}
    bounds = [f"{word} {field[key]}" for key, word in words.items() if key in field]
    if field.get("type") == "array":
        item_schema = field.get("items") or next(iter(field.get("prefixItems", [])), {})
        fewest, most = field.get("minItems"), field.get("maxItems")
        count = (f"{most} of " if fewest == most else f"{fewest or 0} to {most} of ") if most else "list of "
        return count + ("mappings" if "$ref" in item_schema else allowed(item_schema))
    return " ".join([KINDS[field["type"]], *bounds])


def cell(text: str) -> str:
    """Escape text so that it fits in one table cell."""
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> None:
    """Write the page, or compare it with the existing one."""
    if "--check" in sys.argv[1:]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page():
            raise SystemExit("docs/recipe.md is stale: run python examples/make_recipe_page.py")
        return
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
