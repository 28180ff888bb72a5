"""Collect a model's responses to the puzzles of a build, for ``puzzlegen score`` to score per task and against chance.

    python examples/evaluate.py puzzles/video_ssl responses.jsonl --base-url http://localhost:8000/v1 --model NAME
    python examples/evaluate.py puzzles/video_ssl responses.jsonl --transformers Qwen/Qwen2.5-VL-3B-Instruct

The first command asks any endpoint with OpenAI's chat completions API (``pip install "puzzlegen[evaluate]"``), with the
key from ``OPENAI_API_KEY``. The second loads the model in this process. You can stop either at any time; the same
command resumes.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Self

import typer
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from puzzlegen.chat import FRAMES
from puzzlegen.errors import Interrupted, PuzzlegenError
from puzzlegen.evaluate import Model, Progress, Selection, evaluate
from puzzlegen.evaluate.endpoint import Endpoint, Sampling
from puzzlegen.evaluate.in_process import InProcess
from puzzlegen.evaluate.responses import ResponseFile

KEY, URL = "OPENAI_API_KEY", "OPENAI_BASE_URL"
FAILED, USER_MISTAKE, INTERRUPTED = 1, 2, 130
JSON_EVERY_S = 5.0


def main(
    folder: Annotated[Path, typer.Argument(help="The output folder of a build.")],
    out: Annotated[Path, typer.Argument(help="JSON lines of responses; goes on if it exists.")],
    model: Annotated[str | None, typer.Option(help="Name at the endpoint.")] = None,
    base_url: Annotated[str | None, typer.Option(envvar=URL, help="Up to and with /v1.")] = None,
    transformers: Annotated[str | None, typer.Option(help="Load this model here, instead of an endpoint.")] = None,
    split: Annotated[str | None, typer.Option(help="Only this split; default all.")] = None,
    task: Annotated[list[str] | None, typer.Option(help="Only this task. May be repeated.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="So many puzzles, always the same random part.")] = None,
    samples: Annotated[int, typer.Option(min=1, help="Responses per puzzle.")] = 1,
    temperature: Annotated[float | None, typer.Option(min=0, help="Default: the model's own.")] = None,
    max_tokens: Annotated[
        int, typer.Option(min=0, help="Longest response; 0: the endpoint's own limit (4096 with --transformers).")
    ] = 4096,
    seed: Annotated[int | None, typer.Option(help="Of the first sample; each further one has the next.")] = None,
    extra: Annotated[str, typer.Option(help="More fields of the request, as JSON.")] = "{}",
    frames: Annotated[int, typer.Option(min=2, help="Most frames per puzzle, shared by its clips.")] = FRAMES,
    whole_clips: Annotated[bool, typer.Option("--whole-clips", help="Send clips as video_url, not frames.")] = False,
    concurrency: Annotated[int, typer.Option(min=1, help="Questions open at once.")] = 8,
    retries: Annotated[int, typer.Option(min=0, help="After 429, 5xx, timeouts and lost connections.")] = 8,
    timeout_s: Annotated[float, typer.Option(min=0.1, help="Of one attempt.")] = 600.0,
) -> None:
    """Collect a model's responses to the puzzles of a build."""
    sampling = Sampling(transformers or model or "", temperature, max_tokens or None, seed, json_object(extra))
    settings = sampling._asdict() | {"frames": None if whole_clips else frames}
    if transformers:
        concurrency = 1
    with ResponseFile(out, settings) as responses, Watch() as report:
        end = evaluate(
            folder,
            opened(sampling, transformers, base_url, retries, timeout_s),
            responses,
            selection=Selection(split, tuple(task or ()), limit),
            samples=samples,
            frames=settings["frames"],
            concurrency=concurrency,
            report=report,
        )
    summarise(end, folder, out)


def opened(sampling: Sampling, transformers: str | None, base_url: str | None, retries: int, timeout_s: float) -> Model:
    """Return the model that the options name.

    Raises:
        PuzzlegenError: the options name no model, or no endpoint for it.
    """
    if transformers:
        return InProcess(sampling)
    if not sampling.model or not base_url:
        raise PuzzlegenError(f"which model? Give --model and --base-url (or {URL}), or --transformers")
    # A local server needs no key, but the client insists on one.
    return Endpoint(sampling, base_url, os.environ.get(KEY) or "none", retries=retries, timeout_s=timeout_s)


def json_object(text: str) -> dict[str, Any]:
    """Parse the value of ``--extra``.

    Raises:
        PuzzlegenError: the text is not a JSON object.
    """
    try:
        value = json.loads(text)
    except ValueError as err:
        raise PuzzlegenError(f"--extra {text}: not JSON ({err})") from err
    if not isinstance(value, dict):
        raise PuzzlegenError(f'--extra {text}: not an object; write {{"top_p": 0.9}}')
    return value


class Watch:
    """Progress on stderr: a bar on a terminal, JSON lines elsewhere."""

    def __init__(self) -> None:
        text = TextColumn("{task.fields[text]}")
        quiet = not sys.stderr.isatty()
        self.bar = Bar(BarColumn(), text, TimeRemainingColumn(), console=Console(stderr=True), disable=quiet)
        self.task = self.bar.add_task("", total=None, text="opening")
        self.quiet, self.last = quiet, 0.0

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bar.stop()

    def __call__(self, now: Progress) -> None:
        """Show the current progress."""
        failed = now.failed.total()
        if self.quiet and (time.monotonic() - self.last > JSON_EVERY_S or now.done + failed == now.of):
            self.last = time.monotonic()
            print(json.dumps({"done": now.done, "of": now.of, "failed": failed}), file=sys.stderr, flush=True)
        text = f"{now.done}/{now.of} responses" + (f"  {failed} failed" if failed else "")
        self.bar.update(self.task, total=now.of, completed=now.done + failed, text=text)


def summarise(end: Progress, folder: Path, out: Path) -> None:
    """Print how many responses arrived, why others failed, and what to do next."""
    print(f"{end.done} of {end.of} responses in {out}")
    if end.cut:
        print(f"  {end.cut} were cut off at the longest length: raise --max-tokens, and write to another file")
    for why, count in end.failed.most_common(5):
        print(f"  {count} failed: {why}")
    if end.failed:
        print("next: the same command asks the failed ones again")
        raise typer.Exit(FAILED)
    print(f"next: puzzlegen score {folder} {out}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except PuzzlegenError as mistake:
        print(mistake, file=sys.stderr)
        sys.exit(INTERRUPTED if isinstance(mistake, Interrupted) else USER_MISTAKE)
