"""The command line: parse, call, print. Data goes to stdout, messages to stderr; commands do the heavy imports."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from puzzlegen import __version__
from puzzlegen.errors import IntegrityError, Interrupted, OutputError, PuzzlegenError, RecipeError
from puzzlegen.threads import one_thread

if TYPE_CHECKING:
    from puzzlegen.recipe import Recipe

USER_MISTAKE, FOUND_WRONG, INTERRUPTED, TERMINATED = 2, 1, 130, 143

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _folder(location: str) -> Path:
    from puzzlegen.files import in_memory
    from puzzlegen.output import folder_at

    if in_memory(location):
        raise PuzzlegenError(f"'{location}' is lost when this command ends; give a folder, or a URL of what lasts")
    return folder_at(location)


def _local_path(location: str) -> Path:
    """Parse a path on this machine, for commands that cannot write to a URL."""
    if "://" in location:
        raise PuzzlegenError(f"'{location}' is a URL; give a path on this machine, and copy or push what is there")
    return Path(location)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"puzzlegen {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version.")
    ] = False,
) -> None:
    """Make verifiable puzzles for multimodal RL out of raw images and videos."""


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
    """Run a command; a user's mistake gives one line and exit code 2, never a traceback."""
    _open_streams()
    one_thread()
    terminated: list[int] = []

    def stop(signum: int, _: object) -> None:
        terminated.append(signum)
        raise KeyboardInterrupt

    # Without a handler, SIGTERM leaves temporary folders behind and does not end the first process of a container.
    signal.signal(signal.SIGTERM, stop)
    code: str | int | None = 0
    try:
        app()
    except PuzzlegenError as err:
        say(str(err))
        code = INTERRUPTED if isinstance(err, Interrupted) else USER_MISTAKE
    except MemoryError:
        say("memory ran out; run the same command with more of it, or on fewer items at once")
        code = USER_MISTAKE
    except SystemExit as system_exit:
        code = system_exit.code
    sys.exit(TERMINATED if terminated else code)


def _open_streams() -> None:
    """Open the null device for standard streams that were closed.

    Files opened later would otherwise get the streams' numbers, and what libraries print would go into these files.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)  # workers need the stream too
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115


def say(text: str) -> None:
    """Print a message for people to stderr."""
    print(text, file=sys.stderr)


def show(value: Any, lines: list[str], as_json: bool) -> None:  # noqa: ANN401
    """Print data to stdout, as JSON or as lines.

    Raises:
        OutputError: stdout cannot be written.
    """
    try:
        print(json.dumps(value, indent=1) if as_json else "\n".join(lines), flush=True)
    except BrokenPipeError:  # typer exits quietly when the reader is gone
        raise
    except OSError as err:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123 - else the interpreter flushes again at exit
        raise OutputError(f"stdout cannot be written: {err.strerror}; what the command made is kept") from err


@app.command()
def build(
    recipe: RecipeName,
    out: Out = None,
    source: SourcePath = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default one per usable core.")] = None,
    engine: Annotated[str, typer.Option(help="Where shards are built: local, or ray.")] = "local",
    limit: Annotated[
        int | None, typer.Option(min=1, help="Only the first N items in the plan's order; all are listed first.")
    ] = None,
    overrides: Overrides = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print what would be built, and build nothing.")] = False,
    shards: Annotated[str, typer.Option(help="Build every N-th shard from I on; 0/2: the even ones.")] = "0/1",
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
def merge(folder: Folder, source: SourcePath = None, as_json: AsJson = False) -> None:
    """Close a folder whose shards several machines have built with --shards: write its manifest and card."""
    from puzzlegen import runs

    result = runs.merged(folder, source)
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
        chosen_task = catalogue.task(name)
        show(chosen_task, catalogue.task_lines(chosen_task), as_json)
    else:
        all_tasks = catalogue.tasks()
        show(all_tasks, catalogue.tasks_lines(all_tasks), as_json)


@app.command()
def recipes(
    name: Annotated[str | None, typer.Argument(help="A recipe, to print it.")] = None,
    copy: Annotated[bool, typer.Option("--copy", help="Copy it to the working directory.")] = False,
    as_json: AsJson = False,
) -> None:
    """List the recipes that ship with puzzlegen, print one, or copy it."""
    from puzzlegen import catalogue

    if copy and not name:
        raise RecipeError("--copy needs the name of a recipe; puzzlegen recipes lists them")
    if name and copy:
        say(f"copied to {catalogue.copy_recipe(name)}")
    elif name:
        text = catalogue.recipe_text(name)
        show({"name": name, "yaml": text}, [text.rstrip()], as_json)
    else:
        shipped = catalogue.recipes()
        show(shipped, [f"{key:16} {text}" for key, text in shipped.items()], as_json)


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
        verified = verify_folder(folder, runs.recipe_of(folder, source) if replay else None, replay)
    except IntegrityError as err:
        if not folder.is_dir():
            raise
        say(str(err))
        raise typer.Exit(FOUND_WRONG) from None
    show(verified._asdict(), runs.verified_lines(verified), as_json)
    if verified.problems:
        raise typer.Exit(FOUND_WRONG)


@app.command()
def score(
    folder: Folder,
    responses: Annotated[
        Path, typer.Argument(help='JSON lines of {"id": ..., "response": ...}, or "responses": [...].')
    ],
    rollouts: Annotated[
        Path | None,
        typer.Option(help="Also write each puzzle's pass rate to this file.", parser=_local_path, metavar="PATH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Score responses against the puzzles of a folder, per task, difficulty and answer, and against chance."""
    from puzzlegen import runs
    from puzzlegen.scoring import score_file, score_rollouts

    if rollouts:
        scored, rates = score_rollouts(folder, responses, rollouts)
        say(f"{len(rates)} pass rates in {rollouts}; next: puzzlegen select")
    else:
        scored = score_file(folder, responses)
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
    out: Annotated[Path, typer.Option(help="The new folder.", parser=_local_path, metavar="PATH")],
    keep: Annotated[str, typer.Option(help="Least and largest mean reward to keep.")] = "0.2..0.8",
    balance: Annotated[
        bool, typer.Option("--balance", help="Drop puzzles until each task's answers are even again.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Keep the puzzles that still teach: neither always right nor always wrong for the model that was sampled."""
    from puzzlegen import runs

    made = runs.selected(folder, pass_rates, keep, out, balance=balance)
    for constant in made["farmable"]:
        say(str(constant))
    made["farmable"] = [constant._asdict() for constant in made["farmable"]]
    show(made, [f"{made['kept']} of {made['of']} puzzles in {out}"], as_json)


@app.command()
def tokens(
    folder: Folder,
    model: Annotated[str, typer.Option(help="Whose: qwen2-vl, qwen2.5-vl or qwen3-vl.")] = "qwen2.5-vl",
    frames: Annotated[
        int | None, typer.Option(min=2, help="Count a puzzle's clips as at most this many frames, as TRL loads them.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="With --out: keep puzzles of at most this many tokens.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="A new folder for the puzzles that are kept.", parser=_local_path, metavar="PATH"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Count the visual tokens of every puzzle; keep those that fit a context before training finds the others."""
    from puzzlegen import tokens as visual

    if (max_tokens is None) != (out is None):
        raise PuzzlegenError("--max-tokens and --out go together: what to keep, and where")
    counted = list(visual.tokens_of(folder, model, frames))
    spreads = visual.spread(counted)
    value: dict[str, Any] = {"model": model, "tasks": [task._asdict() for task in spreads]}
    lines = visual.lines(spreads)
    if max_tokens is not None and out is not None:
        kept = sum(visual.keep_short(folder, out, max_tokens, counted, model)["kept"].values())
        value |= {"kept": kept, "of": len(counted), "out": str(out)}
        lines.append(f"{kept} of {len(counted)} puzzles in {out}")
    show(value, lines, as_json)


@app.command()
def audit(
    folder: Folder,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 1 if anything is leaky.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="Most puzzles to look at per task.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Random seed for folds and sampling.")] = 0,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes; default one per usable core.")] = None,
    together: Annotated[
        str, typer.Option(help="Regular expression: sources with the same match count as one scene.")
    ] = "",
    as_html: Annotated[bool, typer.Option("--html", help="Also write audit.html, with charts.")] = False,
    as_json: AsJson = False,
) -> None:
    """Is the data any good? Learn to name answers without looking at content; check balance and duplicates."""
    from puzzlegen import runs
    from puzzlegen.audit import lines

    report = runs.audited(folder, seed=seed, limit=limit, workers=workers, together=together)
    show(report.to_json(), lines(report), as_json)
    if as_html:
        from puzzlegen.preview.audited import write_audit_page

        say(f"charts in {write_audit_page(folder)}")
    if strict and report.verdict == "leaky":
        raise typer.Exit(FOUND_WRONG)


@app.command()
def export(
    folder: Folder,
    to: Annotated[
        str,
        typer.Option(
            help="The program that is to read it: easyr1, jsonl, lmms_eval, nemo_gym, openrlhf, sft (solutions as the "
            "assistant's turn), skyrl, slime, swift or verl."
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="The new folder; default <folder>-<to>.", parser=_local_path, metavar="PATH")
    ] = None,
    images: Annotated[str | None, typer.Option(help="How rows carry pictures: bytes, path or data_uri.")] = None,
    videos: Annotated[str | None, typer.Option(help="How rows carry clips: path or data_uri.")] = None,
    root: Annotated[str | None, typer.Option(help="What media paths begin with; default the new folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write the puzzles in another program's form: media as files or data URIs, its columns, its file format."""
    from puzzlegen import exporting

    folder_out = out or folder.with_name(f"{folder.name}-{to}")
    made = exporting.export(folder, to, folder_out, images=images, videos=videos, root=root)
    show({**made._asdict(), "out": str(folder_out)}, exporting.lines(made, folder_out), as_json)


@app.command()
def doctor(
    folder: Annotated[Path, typer.Argument(help="A build, an export, or any folder of rows.")],
    trainer: Annotated[str, typer.Option(help="Whose loader is run: trl, verl, easyr1, swift, openrlhf or slime.")],
    model: Annotated[
        str | None, typer.Option(help="Model whose processor encodes prompts: a folder, or owner/name.")
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="Rows to look at, in the first file of each folder and split.")] = 8,
    profile: Annotated[str | None, typer.Option(help="Only image, multi_image, video or text.")] = None,
    settings: Annotated[list[str] | None, typer.Option("--set", help="A loader setting: key=value.")] = None,
    as_json: AsJson = False,
) -> None:
    """Will the trainer see what the rows hold? Run its own loader on a few. Exit code 1 if anything is lost.

    Where the loader is not installed, only files and rewards are looked at: "not checked", with exit code 0.
    """
    from puzzlegen.diagnosis import diagnose, lines

    pairs = dict(_parse_pair(text) for text in settings or ())
    report = diagnose(folder, trainer, model=model, rows=rows, profile=profile, settings=pairs)
    show(report.to_json(), lines(report), as_json)
    if report.lost:
        raise typer.Exit(FOUND_WRONG)


def _parse_pair(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise PuzzlegenError(f"--set {text}: give key=value")
    return key, value


@app.command()
def preview(
    target: Annotated[
        str, typer.Argument(metavar="RECIPE|DIR", help="A build (folder or URL), or a recipe to build a bit of.")
    ],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file; default <name>.html.", parser=_local_path, metavar="PATH")
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Of a build: puzzles to show, 500. Of a recipe: items to build, 12.")
    ] = None,
    source: SourcePath = None,
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Write one HTML page to look at puzzles, and to play them."""
    from puzzlegen.preview.target import preview_line, preview_of

    made = preview_of(target, out, limit=limit, source=source, overrides=overrides or ())
    if made.note:
        say(made.note)
    show(made.to_json(), [preview_line(made)], as_json)


@app.command()
def push(
    folder: Folder,
    repo_id: Annotated[str, typer.Argument(help="The dataset on the Hub: name or owner/name; created if missing.")],
    private: Annotated[bool, typer.Option("--private", help="Create it as private.")] = False,
    revision: Annotated[str | None, typer.Option(help="Branch to upload to; created if missing.")] = None,
    create_pr: Annotated[bool, typer.Option("--create-pr", help="Upload to a pull request.")] = False,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace another build that the dataset holds, not only an earlier one.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Verify, list what would be sent and deleted, send nothing.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Upload a verified folder to the Hugging Face Hub. Run it again to go on after a stop."""
    from puzzlegen.push import plan_push, planned_lines, pushed_line
    from puzzlegen.push import push as push_folder

    if dry_run:
        planned = plan_push(folder, repo_id, private=private, revision=revision, create_pr=create_pr, replace=replace)
        show(planned._asdict(), planned_lines(planned), as_json)
        return
    made = push_folder(folder, repo_id, private=private, revision=revision, create_pr=create_pr, replace=replace)
    show(made._asdict(), [pushed_line(made)], as_json)


def _load(recipe: str, source: str | None, overrides: list[str] | None) -> Recipe:
    from puzzlegen.recipe import load_recipe

    return load_recipe(recipe, source=source, overrides=overrides or ())
