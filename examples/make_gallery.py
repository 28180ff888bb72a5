"""Draw ``GALLERY.md``: one puzzle of every task, from the built-in samples.

Run ``python examples/make_gallery.py`` after adding or changing a task; with ``--check`` it only reports whether the
gallery is stale.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from inspect import getdoc
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from puzzlegen.media.opened import OpenItem
from puzzlegen.media.sheet import sheet
from puzzlegen.recipe import Recipe, recipe_from_canonical
from puzzlegen.records import Item, Puzzle
from puzzlegen.rng import rng_for
from puzzlegen.sources import Source, source_class
from puzzlegen.tasks import Task, task_class, task_names

HERE = Path(__file__).parent
WIDE, CAPTION, GAP = 1000, 68, 24
#: The tasks in the README's picture, and in a few words what each asks.
QUESTIONS = {
    "rotation": "By how many degrees was it turned?",
    "jigsaw": "Which tile belongs where?",
    "odd_tile": "Which tile was turned upside down?",
    "clip_order": "In which order were the clips filmed?",
}
HEAD = """# Gallery

One puzzle of every task with its default parameters, drawn from the built-in samples by
`python examples/make_gallery.py`.
Clips are shown as strips of their frames. The answers are below the questions: try first.
"""


def puzzle_of(task: Task, recipe: Recipe) -> Puzzle:
    """Return the first puzzle that the task makes from the samples.

    Raises:
        SystemExit: the task rejects all samples.
    """
    source: Source = source_class("graph")(kind="graph") if task.accepts == "graph" else recipe.source
    items = [item for item in source.items() if isinstance(item, Item) and item.kind == task.accepts]
    opened: list[OpenItem] = []
    for item in items:
        peers = partial(lambda rank: [*opened[rank + 1 :], *opened[:rank]], len(opened))
        opened.append(OpenItem(item, source.open, recipe.media, rng_for("gallery", item.id), peers))
    for item in opened:
        result = task.make(item, rng_for("gallery", task.name, item.item.id))
        if isinstance(result, Puzzle):
            return result
    raise SystemExit(f"no sample gives a {task.name} puzzle")


def section(task: Task, puzzle: Puzzle) -> str:
    """Return the section of the page about one task."""
    summary = (getdoc(type(task)) or "").partition("\n")[0]
    question = puzzle.question.replace("<image>", "(picture)").replace("<video>", "(clip)")
    picture = f"![{task.name}](gallery/{task.name}.jpg)\n\n" if puzzle.media else ""
    quoted = "\n".join(f"> {line}  " for line in question.strip().splitlines())
    facts = f"difficulty {puzzle.difficulty:.2f}, chance {puzzle.answer.chance:.4g}, `{task.params}`"
    answer = f"<details><summary>answer</summary>\n\n`{puzzle.answer.text}`\n\n</details>"
    return f"## `{task.name}`\n\n{summary}\n\n{picture}{quoted}\n\n{answer}\n\n{facts}\n"


def gallery() -> tuple[str, dict[str, bytes]]:
    """Return the page, and its pictures by file name."""
    source = {"kind": "samples", "images": 12, "videos": 8}
    recipe = recipe_from_canonical({"seed": 1, "tasks": [{"task": "rotation"}]}, source)
    parts, pictures, selected = [HEAD], {}, {}
    for name in task_names():
        task = task_class(name)()
        puzzle = puzzle_of(task, recipe)
        parts.append(section(task, puzzle))
        if puzzle.media:
            pictures[f"{name}.jpg"] = sheet(puzzle.media, puzzle.question)
        if name in QUESTIONS:
            options = puzzle.answer.spec.params.get("options", {})
            selected[name] = pictures[f"{name}.jpg"], options.get(puzzle.answer.text, puzzle.answer.text)
    pictures["four.jpg"] = four({name: selected[name] for name in QUESTIONS})
    return "\n".join(parts), pictures


def four(shown: dict[str, tuple[bytes, str]]) -> bytes:
    """Draw the README's picture: four puzzles in two rows, each above its question and answer."""
    font = ImageFont.load_default(size=17)
    puzzles = [(name, Image.open(io.BytesIO(data)), answer) for name, (data, answer) in shown.items()]
    rows = [puzzles[:2], puzzles[2:]]
    row_heights = [round((WIDE - GAP) / sum(p.width / p.height for _, p, _ in row)) for row in rows]
    canvas = Image.new("RGB", (WIDE, sum(row_heights) + 2 * CAPTION), "white")
    draw, y = ImageDraw.Draw(canvas), 0
    for row, row_height in zip(rows, row_heights, strict=True):
        x = 0
        for name, picture, answer in row:
            scaled_width = round(picture.width * row_height / picture.height)
            canvas.paste(picture.resize((scaled_width, row_height), Image.Resampling.LANCZOS), (x, y))
            draw.text((x, y + row_height + 8), f"{QUESTIONS[name]}\n{answer}", fill="black", font=font)
            x += scaled_width + GAP
        y += row_height + CAPTION
    buffer = io.BytesIO()
    canvas.save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def main() -> None:
    """Write the gallery, or compare it with the existing one."""
    text, pictures = gallery()
    folder = HERE / "gallery"
    if "--check" in sys.argv[1:]:
        existing = {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
        stale = sorted(name for name in existing.keys() | pictures if existing.get(name) != pictures.get(name))
        if stale or (HERE / "GALLERY.md").read_text(encoding="utf-8") != text:
            raise SystemExit(
                f"the gallery is stale ({', '.join(stale) or 'text'}): run python examples/make_gallery.py"
            )
        return
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.jpg"):
        path.unlink()
    for name, data in pictures.items():
        (folder / name).write_bytes(data)
    (HERE / "GALLERY.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
