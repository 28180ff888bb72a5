"""The command line: parse, call, print. Data go to stdout, messages to stderr; heavy imports wait in commands."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlegen.errors import IntegrityError, Interrupted, PuzzlegenError

if TYPE_CHECKING:
    from puzzlegen.recipe import Recipe

USER_MISTAKE, FOUND_WRONG, INTERRUPTED = 2, 1, 130

app = typer.Typer(
    help="Make verifiable puzzles for multimodal RL out of raw images and videos.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _folder(location: str) -> Path:
    from puzzlegen.output import folder_at

    return folder_at(location)


RecipeName = Annotated[str, typer.Argument(help="A recipe file, or the name of one that ships with puzzlegen.")]
Out = Annotated[
    Path | None, typer.Option(help="Output folder or URL; default puzzles/<recipe>.", parser=_folder, metavar="PATH")
]
SourcePath = Annotated[
    str | None, typer.Option("--source", help="Use this folder, file or URL instead of the recipe's source.")
]
Overrides = Annotated[list[str] | None, typer.Option("--set", help="Change a value: a.b=c. May be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print data as JSON.")]
Folder = Annotated[Path, typer.Argument(help="The output folder of a build.", parser=_folder, metavar="FOLDER")]


def main() -> None:
    """Run a command; a user's mistake is one line and exit code 2, never a traceback."""
    try:
        app()
    except PuzzlegenError as err:
        say(str(err))
        sys.exit(INTERRUPTED if isinstance(err, Interrupted) else USER_MISTAKE)


def say(text: str) -> None:
    """A message for people."""
    print(text, file=sys.stderr)


def show(value: Any, lines: list[str], as_json: bool) -> None:  # noqa: ANN401
    """Data: as JSON or as lines."""
    print(json.dumps(value, indent=1) if as_json else "\n".join(lines))


@app.command()
def build(
    recipe: RecipeName,
    out: Out = None,
    source: SourcePath = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default one per usable core.")] = None,
    engine: Annotated[str, typer.Option(help="Where shards are built: local.")] = "local",
    limit: Annotated[int | None, typer.Option(min=1, help="Only the first so many items in the plan's order.")] = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be built.")] = False,
    shards: Annotated[str, typer.Option(help="Build only shards I of N, such as 0/2.")] = "0/1",
    as_json: AsJson = False,
) -> None:
    """Turn raw media into sharded puzzles. Run it again to go on after a stop."""
    from puzzlegen import runs

    loaded = _load(recipe, source, overrides)
    folder = out or Path("puzzles") / Path(recipe).stem
    if dry_run:
        plan = runs.outline(loaded, limit)
        show(plan, runs.outline_lines(plan), as_json)
        return
    result = runs.run(loaded, folder, workers=workers, engine=engine, limit=limit, shards=shards)
    show(result, runs.summary_lines(result), as_json)


@app.command()
def check(recipe: RecipeName, source: SourcePath = None, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Check a recipe without opening media: all mistakes at once, with their lines."""
    loaded = _load(recipe, source, overrides)
    canonical = loaded.canonical()
    show(canonical, [f"{recipe}: good; {len(loaded.tasks)} tasks, digest {loaded.digest()[:12]}"], as_json)


@app.command()
def tasks(
    name: Annotated[str | None, typer.Argument(help="A task, to see its parameters.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the tasks, or the parameters of one."""
    from puzzlegen import catalogue

    if name:
        one = catalogue.task(name)
        show(one, catalogue.task_lines(one), as_json)
    else:
        every = catalogue.tasks()
        show(every, catalogue.tasks_lines(every), as_json)


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe, to print it.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy it to the working directory.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the recipes that ship with puzzlegen, print one, or copy it."""
    from puzzlegen import catalogue

    if name and copy:
        say(f"copied to {catalogue.copy_recipe(name)}")
    elif name:
        text = catalogue.recipe_text(name)
        show({"name": name, "yaml": text}, [text.rstrip()], as_json)
    else:
        found = catalogue.recipes()
        show(found, [f"{key:16} {text}" for key, text in found.items()], as_json)


@app.command()
def verify(
    folder: Folder,
    replay: Annotated[int, typer.Option(min=0, help="Rebuild so many puzzles from source and compare.")] = 0,
    source: SourcePath = None,
    as_json: AsJson = False,
) -> None:
    """Is the folder what was built? Re-hash files, check answers, rebuild puzzles. Exit code 1 if not."""
    from puzzlegen import runs
    from puzzlegen.integrity import verify as verify_folder

    try:
        found = verify_folder(folder, runs.recipe_of(folder, source) if replay else None, replay)
    except IntegrityError as err:
        say(str(err))
        raise typer.Exit(FOUND_WRONG) from None
    show(found._asdict(), runs.verified_lines(found), as_json)
    if found.problems:
        raise typer.Exit(FOUND_WRONG)


@app.command()
def score(
    folder: Folder,
    responses: Annotated[
        Path, typer.Argument(help='JSON lines of {"id": ..., "response": ...}, or "responses": [...].')
    ],
    rollouts: Annotated[Path | None, typer.Option(help="Also write each puzzle's pass rate to this file.")] = None,
    as_json: AsJson = False,
) -> None:
    """Score responses against the puzzles of a folder, per task, difficulty and answer, and against chance."""
    from puzzlegen import runs
    from puzzlegen.scoring import pass_rates, score_file

    scored = score_file(folder, responses)
    if rollouts:
        say(f"{len(pass_rates(folder, responses, rollouts))} pass rates in {rollouts}; next: puzzlegen select")
    value = {
        **scored._asdict(),
        "tasks": [task._asdict() for task in scored.tasks],
        "groups": [group._asdict() for group in scored.groups],
    }
    show(value, runs.scored_lines(scored), as_json)


@app.command()
def select(
    folder: Folder,
    pass_rates: Annotated[Path, typer.Argument(help="What score --rollouts wrote.")],
    out: Annotated[Path, typer.Option(help="The new folder.")],
    keep: Annotated[str, typer.Option(help="Least and largest mean reward to keep.")] = "0.2..0.8",
    as_json: AsJson = False,
) -> None:
    """Keep the puzzles that still teach: neither always right nor always wrong for the model that was sampled."""
    from puzzlegen import runs

    made = runs.selected(folder, pass_rates, keep, out)
    show(made, [f"{made['kept']} of {made['of']} puzzles in {out}"], as_json)


@app.command()
def audit(
    folder: Folder,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything is leaky.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Most puzzles to look at per task.")] = None,
    seed: Annotated[int, typer.Option(help="Of folds and draws.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Is the data any good? Learn to name answers without looking at content; check balance and duplicates."""
    from puzzlegen.audit import audit as audit_folder
    from puzzlegen.audit import lines

    report = audit_folder(folder, seed=seed, limit=limit)
    show(report.to_json(), lines(report), as_json)
    if strict and report.verdict == "leaky":
        raise typer.Exit(FOUND_WRONG)


def _load(recipe: str, source: str | None, overrides: list[str] | None) -> Recipe:
    from puzzlegen.recipe import load_recipe

    return load_recipe(recipe, source=source, overrides=overrides or ())
