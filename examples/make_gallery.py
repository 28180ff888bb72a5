"""Draw ``GALLERY.md``: one puzzle of every task, from the built-in samples.

Run ``python examples/make_gallery.py`` after adding or changing a task; with ``--check`` it only compares.
"""

from __future__ import annotations

import io
import sys
from functools import partial
from inspect import getdoc
from pathlib import Path

import av
from PIL import Image, ImageDraw, ImageFont

from puzzlegen.media.opened import OpenItem
from puzzlegen.recipe import Recipe, recipe_from_canonical
from puzzlegen.records import Item, Medium, Puzzle
from puzzlegen.rng import rng_for
from puzzlegen.sources import Source, source_class
from puzzlegen.tasks import Task, task_class, task_names

HERE = Path(__file__).parent
WIDTH, TALL, GAP = 960, 132, 6
HEAD = """# Gallery

One puzzle of every task with its default parameters, drawn from the built-in samples by
`python examples/make_gallery.py`.
Clips are shown as strips of their frames. The answers are below the questions: try first.
"""


def puzzle_of(task: Task, recipe: Recipe) -> Puzzle:
    """The first puzzle that the samples give."""
    source: Source = source_class("graph")(kind="graph") if task.accepts == "graph" else recipe.source
    items = [item for item in source.items() if isinstance(item, Item) and item.kind == task.accepts]
    opened: list[OpenItem] = []
    for item in items:
        peers = partial(lambda rank: [*opened[rank + 1 :], *opened[:rank]], len(opened))
        opened.append(OpenItem(item, source.open, recipe.media, rng_for("gallery", item.id), peers))
    for item in opened:
        made = task.make(item, rng_for("gallery", task.name, item.item.id))
        if isinstance(made, Puzzle):
            return made
    raise SystemExit(f"no sample gives a {task.name} puzzle")


def frames(medium: Medium) -> list[Image.Image]:
    """The picture itself, or six frames of a clip."""
    if medium.ext != "mp4":
        return [Image.open(io.BytesIO(medium.data)).convert("RGB")]
    with av.open(io.BytesIO(medium.data), "r") as container:
        shown = [frame.to_image() for frame in container.decode(video=0)]
    return [shown[round(k * (len(shown) - 1) / 5)] for k in range(6)]


def sheet(puzzle: Puzzle) -> Image.Image:
    """All media of a puzzle in rows, each clip a row of its own."""
    font = ImageFont.load_default(size=14)
    tall = TALL * 2 if len(puzzle.media) == 1 and puzzle.media[0].ext != "mp4" else TALL
    rows: list[list[Image.Image]] = [[]]
    for k, medium in enumerate(puzzle.media):
        strip = [p.resize((round(p.width * tall / p.height), tall), Image.Resampling.LANCZOS) for p in frames(medium)]
        if len(puzzle.media) > 1:
            draw = ImageDraw.Draw(strip[0])
            draw.rectangle((0, 0, 22, 20), fill="white")
            draw.text((6, 1), str(k + 1), fill="black", font=font)
        wide = sum(p.width + GAP for p in rows[-1] + strip)
        if rows[-1] and (wide > WIDTH or medium.ext == "mp4"):
            rows.append([])
        rows[-1] += strip
    wide = max(sum(p.width + GAP for p in row) for row in rows) - GAP
    canvas = Image.new("RGB", (wide, len(rows) * (tall + GAP) - GAP), "white")
    for r, row in enumerate(rows):
        x = 0
        for picture in row:
            canvas.paste(picture, (x, r * (tall + GAP)))
            x += picture.width + GAP
    return canvas if canvas.width <= WIDTH else canvas.resize((WIDTH, canvas.height * WIDTH // canvas.width))


def section(task: Task, puzzle: Puzzle) -> str:
    """The task's part of the page."""
    about = (getdoc(type(task)) or "").partition("\n")[0]
    question = puzzle.question.replace("<image>", "(picture)").replace("<video>", "(clip)")
    picture = f"![{task.name}](gallery/{task.name}.jpg)\n\n" if puzzle.media else ""
    quoted = "\n".join(f"> {line}  " for line in question.strip().splitlines())
    facts = f"difficulty {puzzle.difficulty:.2f}, chance {puzzle.answer.chance:.4g}, `{task.params}`"
    answer = f"<details><summary>answer</summary>\n\n`{puzzle.answer.text}`\n\n</details>"
    return f"## `{task.name}`\n\n{about}\n\n{picture}{quoted}\n\n{answer}\n\n{facts}\n"


def gallery() -> tuple[str, dict[str, bytes]]:
    """The page and its pictures by file name."""
    source = {"kind": "samples", "images": 12, "videos": 8}
    recipe = recipe_from_canonical({"seed": 1, "tasks": [{"task": "rotation"}]}, source)
    parts, pictures = [HEAD], {}
    for name in task_names():
        task = task_class(name)()
        puzzle = puzzle_of(task, recipe)
        parts.append(section(task, puzzle))
        if puzzle.media:
            buffer = io.BytesIO()
            sheet(puzzle).save(buffer, "JPEG", quality=72)
            pictures[f"{name}.jpg"] = buffer.getvalue()
    return "\n".join(parts), pictures


def main() -> None:
    """Write the gallery, or compare it with what is there."""
    text, pictures = gallery()
    folder = HERE / "gallery"
    if "--check" in sys.argv[1:]:
        there = {path.name: path.read_bytes() for path in folder.glob("*.jpg")}
        stale = sorted(name for name in there.keys() | pictures if there.get(name) != pictures.get(name))
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
