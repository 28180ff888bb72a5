"""Run a trainer's own loader on excerpts of data files, and compare its output with the rows."""

from __future__ import annotations

import contextlib
import importlib
import re
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path
from typing import Any, Final

from puzzlegen.contents import COLUMNS, Clip, Contents, Part, Row, clips_of, excerpt
from puzzlegen.doctor import Finding, ModelError, Seen, Settings, Trainer
from puzzlegen.errors import one_line

PLACEHOLDERS: Final = {"images": "<image>", "videos": "<video>"}
#: Most findings of one kind that are shown.
MAX_SHOWN: Final = 3
#: What the summary of a part of the examination begins with if that part did not run.
NOT_RUN: Final = "not run: "
_PLACEHOLDER_PATTERN: Final = re.compile("<image>|<video>")


def run_loader(
    framework: Trainer,
    dataset: Contents,
    samples: Mapping[Part, list[Row]],
    settings: Settings,
    model: str | None,
    rows: int,
) -> tuple[dict[str, str], dict[str, list[Finding]]]:
    """Run the trainer's own loader on excerpts of the files, one profile at a time, as in a training run.

    Returns:
        What it ran on, or why it did not run, under the key ``loader``; and findings by profile.

    Raises:
        ModelError: the model's processor cannot be loaded.
    """
    if problem := _import_problem(framework):
        return {"loader": f"{NOT_RUN}{problem}"}, {}
    if framework.needs_model and model is None:
        return {"loader": f"{NOT_RUN}the loader of {_version(framework)} encodes prompts; give --model"}, {}
    readable = [
        part for part in samples if part.path.suffix in framework.suffixes or framework.adapts(dataset, settings)
    ]
    seen_count, findings = 0, {}
    with tempfile.TemporaryDirectory() as temp_dir, _quiet(Path(temp_dir)):
        for profile in dict.fromkeys(part.profile for part in readable):
            profile_samples = {part: samples[part] for part in readable if part.profile == profile}
            count, findings[profile] = _load_profile(
                framework, dataset, profile_samples, settings, model, rows, Path(temp_dir)
            )
            seen_count += count
    tokens = "with" if model else "without (give --model)"
    return {"loader": f"{_version(framework)}: {seen_count} rows, {tokens} a model's processor"}, findings


def _load_profile(
    framework: Trainer,
    dataset: Contents,
    samples: Mapping[Part, list[Row]],
    settings: Settings,
    model: str | None,
    rows: int,
    temp_dir: Path,
) -> tuple[int, list[Finding]]:
    """Load the sampled rows of one profile; return how many rows the loader keeps, and the findings."""
    parts = list(samples)
    profile = parts[0].profile
    named_rows = {_row_name(row, k): row for part_rows in samples.values() for k, row in enumerate(part_rows)}
    own_warnings: list[str] = []
    try:
        with _collect_warnings(own_warnings):
            if framework.adapts(dataset, settings):
                seen = framework.load_build(dataset, profile, named_rows.keys(), settings, model)
            else:
                seen = framework.load([excerpt(part, rows, temp_dir) for part in parts], settings, model)
    except ModelError:
        raise
    except Exception as err:  # noqa: BLE001 - whatever the trainer's code raises is the finding
        return 0, [Finding("error", f"{profile}: the loader fails: {type(err).__name__}: {one_line(err)}")]
    expected = {name: sum(len(row.get(column) or ()) for column in COLUMNS) for name, row in named_rows.items()}
    findings = [
        *_count_findings(profile, seen, expected),
        *_prompt_findings(profile, seen, {name: _text_pieces(row, settings) for name, row in named_rows.items()}),
        *_frame_findings(profile, seen, {name: clips_of(dataset, row) for name, row in named_rows.items()}),
        *(Finding("warning", f"{profile}: {text}") for text in dict.fromkeys(own_warnings)),
    ]
    return len(seen), findings


@contextlib.contextmanager
def _collect_warnings(own_warnings: list[str]) -> Iterator[None]:
    """Collect what puzzlegen itself warns of; warnings of trainers are shown as usual."""
    with warnings.catch_warnings(record=True) as caught:
        yield
    for warning in caught:
        if Path(warning.filename).is_relative_to(Path(__file__).parent):
            own_warnings.append(str(warning.message))
        else:
            warnings.showwarning(warning.message, warning.category, warning.filename, warning.lineno)


def _import_problem(framework: Trainer) -> str:
    """Why the trainer's package cannot be imported; empty if it can."""
    try:
        importlib.import_module(framework.package)
    except ModuleNotFoundError as err:
        if err.name == framework.package.partition(".")[0]:
            return f"{framework.package} is not installed here; {framework.install}"
        return f"{framework.package} is installed, but {err.name} is not, which it needs ({err})"
    except Exception as err:  # noqa: BLE001 - a trainer's modules raise anything as they are imported
        return f"{framework.package} cannot be imported here: {type(err).__name__}: {one_line(err)}"
    return ""


def _row_name(row: Row, k: int) -> str:
    return str(row.get("id") or (row.get("extra_info") or {}).get("id") or (row.get("metadata") or {}).get("id") or k)


def question_of(row: Row, settings: Settings) -> Any:  # noqa: ANN401 - text or messages
    """Return the question, from whichever column this trainer's rows hold it in."""
    keys = (settings.get("prompt_key", ""), "prompt", "messages", "problem")
    return next((row[key] for key in keys if key in row), "")


def _text_pieces(row: Row, settings: Settings) -> list[str]:
    """The prompt's text between its media, without spaces, because templates and tokenizers change those."""
    value = question_of(row, settings)
    texts = [value] if isinstance(value, str) else [message["content"] for message in value]
    return [
        "".join(piece.split()) for text in texts if isinstance(text, str) for piece in _PLACEHOLDER_PATTERN.split(text)
    ]


def _count_findings(profile: str, seen: list[Seen], expected: dict[str, int]) -> list[Finding]:
    """Findings where the loader passes on fewer rows or media than it was given, or no vision tokens."""
    problems = []
    if len(seen) < len(expected):
        text = f"{profile}: the loader drops {len(expected) - len(seen)} of {len(expected)} rows without an error"
        problems.append(Finding("error", f"{text}: too long for max_prompt_length, or media that it cannot read"))
    default_counts = (
        list(expected.values()) if len(seen) == len(expected) else [min(expected.values(), default=0)] * len(seen)
    )
    for loaded_row, default_count in zip(seen, default_counts, strict=True):
        media = expected.get(loaded_row.name, default_count)
        if loaded_row.media < media:
            problems.append(
                Finding(
                    "error",
                    f"{profile}: puzzle {loaded_row.name} has {media} media, the loader passes {loaded_row.media}",
                )
            )
        elif media and loaded_row.tokens == 0:
            problems.append(Finding("error", f"{profile}: puzzle {loaded_row.name}: its prompt has no vision token"))
        elif any(mark in loaded_row.text for mark in PLACEHOLDERS.values()):
            problems.append(
                Finding("error", f"{profile}: puzzle {loaded_row.name}: a placeholder stays in the prompt as text")
            )
    return problems[: MAX_SHOWN + 1]


def _prompt_findings(profile: str, seen: list[Seen], expected_pieces: Mapping[str, list[str]]) -> list[Finding]:
    """Findings on prompts that no longer contain the row's question."""
    problems = []
    for loaded_row in seen:
        text = "".join(loaded_row.text.split())
        if text and not all(piece in text for piece in expected_pieces.get(loaded_row.name, ())):
            begins = (
                f"puzzle {loaded_row.name}: the prompt does not hold its question; it begins {loaded_row.text[:80]!r}"
            )
            problems.append(Finding("error", f"{profile}: {begins}"))
    return problems[:MAX_SHOWN]


def _frame_findings(profile: str, seen: list[Seen], clips: Mapping[str, list[Clip]]) -> list[Finding]:
    """Findings on clips of which frames are dropped; one frame per clip may be, as loaders that pair frames do."""
    problems = []
    for loaded_row in seen:
        row_clips = clips.get(loaded_row.name, [])
        frames = sum(clip.frames for clip in row_clips)
        if loaded_row.frames is not None and loaded_row.frames < frames - len(row_clips):
            text = f"{profile}: puzzle {loaded_row.name} has {frames} frames, the loader passes {loaded_row.frames}"
            problems.append(Finding("error", f"{text}; raise the rate at which it samples clips"))
    return problems[:MAX_SHOWN]


@contextlib.contextmanager
def _quiet(temp_dir: Path) -> Iterator[None]:
    """Send what trainers print to stderr, as stdout is for the report.

    Caches of ``datasets`` are kept in ``temp_dir``, and its progress bars are switched off.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(sys.stderr))
        with contextlib.suppress(ImportError):
            datasets = importlib.import_module("datasets")
            stack.callback(setattr, datasets.config, "HF_DATASETS_CACHE", datasets.config.HF_DATASETS_CACHE)
            datasets.config.HF_DATASETS_CACHE = temp_dir / "cache"
            if datasets.is_progress_bar_enabled():
                datasets.disable_progress_bars()
                stack.callback(datasets.enable_progress_bars)
        yield


def _version(framework: Trainer) -> str:
    names = packages_distributions().get(framework.package, [])
    return f"{names[0]} {version(names[0])}" if names else framework.package
