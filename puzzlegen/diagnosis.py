"""Run the doctor: static checks and rewards always, the trainer's own loader where it is installed."""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import packages_distributions, version
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from puzzlegen.contents import (
    COLUMNS,
    Clip,
    Contents,
    Part,
    Row,
    carrier,
    clips_of,
    contents,
    excerpt,
    file_of,
    head,
    kind_of,
    path_in,
)
from puzzlegen.doctor import Finding, Seen, Settings, Trainer, trainer
from puzzlegen.errors import PuzzlegenError
from puzzlegen.plugins import did_you_mean
from puzzlegen.verify import VerifierError, score, solved

_PLACEHOLDERS: Final = {"images": "<image>", "videos": "<video>"}
_COLUMN_SETTINGS: Final = {"images": "image_key", "videos": "video_key"}
_PLACEHOLDER_PATTERN: Final = re.compile("<image>|<video>")
_MAX_SHOWN: Final = 3
_NOT_RUN: Final = "not run: "


class Report(NamedTuple):
    """What the doctor found.

    Attributes:
        trainer: the trainer's name.
        ran: for each part of the examination, what it ran on, or why it did not run.
        findings: everything found, errors first.
        config: the lines to put into the trainer's command or configuration.
    """

    trainer: str
    ran: dict[str, str]
    findings: list[Finding]
    config: list[str]

    @property
    def lost(self) -> bool:
        """Whether media, rows or rewards are lost, as far as was checked."""
        return any(finding.level == "error" for finding in self.findings)

    @property
    def unchecked(self) -> list[str]:
        """The parts that did not run."""
        return [part for part, what in self.ran.items() if what.startswith(_NOT_RUN)]

    @property
    def healthy(self) -> bool | None:
        """Whether nothing is lost; None if that is unknown because a part did not run."""
        return False if self.lost else None if self.unchecked else True

    @property
    def verdict(self) -> str:
        """The outcome of the examination, in words."""
        if self.lost:
            return "not as it should be"
        return f"not checked: {', '.join(self.unchecked)}" if self.unchecked else "nothing is lost"

    def to_json(self) -> dict[str, Any]:
        """The report as a value for JSON."""
        findings = [finding._asdict() for finding in self.findings]
        return {**self._asdict(), "findings": findings, "healthy": self.healthy, "verdict": self.verdict}


def diagnose(
    folder: Path,
    name: str,
    *,
    model: str | None = None,
    rows: int = 8,
    profile: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> Report:
    """Check whether a trainer will see what the rows of a folder hold.

    Args:
        folder: a build, an export, or any folder of rows.
        name: the trainer's name.
        model: folder of a model, whose processor encodes the prompts.
        rows: how many rows to check in the first file of each profile and split.
        profile: check only this modality profile.
        settings: loader settings that replace the trainer's defaults.

    Raises:
        PuzzlegenError: there is no such trainer, setting, profile or folder.
    """
    framework, dataset = trainer(name), _select_profile(contents(folder), profile)
    samples = {part: head(part.path, rows) for part in _first_parts(dataset)}
    merged_settings = _merge_settings(
        framework, dataset, [row for part_rows in samples.values() for row in part_rows], settings or {}
    )
    findings = [*_static_findings(framework, dataset, samples, merged_settings)]
    rewards_summary, reward_findings = _check_rewards(
        framework, [row for part_rows in samples.values() for row in part_rows]
    )
    ran = {"files": f"{sum(map(len, samples.values()))} rows of {len(samples)} files", "rewards": rewards_summary}
    loader_summary, loader_findings = _run_loader(framework, dataset, samples, merged_settings, model, rows)
    order = ["error", "warning", "note"]
    all_findings = sorted(
        [*findings, *reward_findings, *loader_findings], key=lambda finding: order.index(finding.level)
    )
    return Report(
        name, ran | loader_summary, all_findings, framework.config(dataset, merged_settings) if dataset.parts else []
    )


def _select_profile(dataset: Contents, profile: str | None) -> Contents:
    if profile is None:
        return dataset
    parts = [part for part in dataset.parts if part.profile == profile]
    if not parts:
        known = sorted({part.profile for part in dataset.parts})
        raise PuzzlegenError(f"--profile {profile}: '{dataset.folder}' has none{did_you_mean(profile, known)}")
    return dataset._replace(parts=parts)


def _first_parts(dataset: Contents) -> list[Part]:
    return list({(part.profile, part.split): part for part in reversed(dataset.parts)}.values())[::-1]


def _merge_settings(
    framework: Trainer, dataset: Contents, rows: list[Row], overrides: Mapping[str, str]
) -> dict[str, str]:
    for key in overrides:
        if key not in framework.settings:
            raise PuzzlegenError(f"--set {key}: no setting of the loader{did_you_mean(key, list(framework.settings))}")
        setting = framework.settings[key]
        if not setting.fits(overrides[key]):
            usual = f"; usual: {setting.usual}" if setting.usual else ""
            raise PuzzlegenError(f"--set {key}={overrides[key]}: allowed: {setting.allowed}{usual}")
    return {**framework.defaults(dataset, rows), **overrides}


def _static_findings(
    framework: Trainer, dataset: Contents, samples: Mapping[Part, list[Row]], settings: Settings
) -> Iterator[Finding]:
    """Findings that need no trainer installed; for each file at most a few."""
    if not framework.adapts(dataset, settings):
        for part, rows in samples.items():
            yield from list(dict.fromkeys(_file_findings(framework, dataset, part, rows, settings)))[:_MAX_SHOWN]
    yield from framework.check(dataset, [row for part_rows in samples.values() for row in part_rows], settings)


def _file_findings(
    framework: Trainer, dataset: Contents, part: Part, rows: list[Row], settings: Settings
) -> Iterator[Finding]:
    relative = part.path.relative_to(dataset.folder).as_posix()
    if part.path.suffix not in framework.suffixes:
        yield Finding(
            "error", f"{relative}: the loader reads {', '.join(framework.suffixes)}; {_remedy(framework, dataset)}"
        )
        return
    if not rows:
        yield Finding("error", f"{relative}: no rows")
    for row in rows[:1]:
        for column, key in _COLUMN_SETTINGS.items():
            if row.get(column) and settings.get(key, column) not in row:
                text = f"{relative}: {key}={settings[key]} is not a column, so {column} are never looked at"
                yield Finding("error", f"{text}; it has {', '.join(row)}")
        if missing := [name for name in framework.needed(settings) if name not in row]:
            has = ", ".join(row)
            yield Finding(
                "error", f"{relative}: no column {', '.join(missing)}; it has {has}; {_remedy(framework, dataset)}"
            )
    for row in rows:
        yield from _media_findings(framework, dataset, relative, row, settings)


def _media_findings(
    framework: Trainer, dataset: Contents, relative: str, row: Row, settings: Settings
) -> Iterator[Finding]:
    """Findings on one row's media: how they are carried, what they are, and whether placeholders match them."""
    label = f"{relative}: puzzle {row.get('id', '?')}"
    for column, accepted in framework.carriers.items():
        media = list(row.get(column) or ())
        for used_carrier in sorted({carrier(medium) for medium in media} - set(accepted)):
            requirement = f"takes {' or '.join(accepted)}" if accepted else f"takes no {column} at all"
            text = (
                f"{relative}: {column} are carried as {used_carrier}, which the loader loses: it {requirement}; "
                f"{_remedy(framework, dataset)}"
            )
            yield Finding("error", text)
        for medium in media:
            yield from _medium_findings(dataset, label, column, medium)
        placeholder_count = _question_text(row, settings).count(_PLACEHOLDERS[column])
        if placeholder_count != len(media):
            yield Finding("error", f"{label} has {placeholder_count} {_PLACEHOLDERS[column]} and {len(media)} {column}")


def _medium_findings(dataset: Contents, label: str, column: str, medium: object) -> Iterator[Finding]:
    data = medium.get("bytes") if isinstance(medium, dict) else None
    if not data and (path := path_in(medium)):
        file = file_of(dataset, path)
        if not file.is_file():
            yield Finding("error", f"{label}: no file '{path}'; export again with the --root that the trainer will see")
            return
        with file.open("rb") as handle:
            data = handle.read(16)
    kind = kind_of(data[:16]) if isinstance(data, bytes) else ""
    if kind and kind != column.removesuffix("s"):
        yield Finding("error", f"{label}: {column} holds a {kind}, which would be read as something else")


def _question_text(row: Row, settings: Settings) -> str:
    value = _question(row, settings)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _question(row: Row, settings: Settings) -> Any:  # noqa: ANN401 - text or messages
    """The question, from whichever column this trainer's rows hold it in."""
    keys = (settings.get("prompt_key", ""), "prompt", "messages", "problem")
    return next((row[key] for key in keys if key in row), "")


def _remedy(framework: Trainer, dataset: Contents) -> str:
    name = type(framework).__module__.rpartition(".")[2]
    if name == "trl":
        return "load the build with puzzlegen.adapters.trl.load"
    return f"puzzlegen export {dataset.folder if dataset.kind == 'build' else 'BUILD'} --to {name}"


def _check_rewards(framework: Trainer, rows: list[Row]) -> tuple[str, list[Finding]]:
    """Check that every solution earns what :func:`verify.solved` asks for, and a response without an answer less.

    In a composite a solution need not have the requested length, so its reward is compared with its own score.
    """
    wrong, n = [], 0
    for row in rows:
        truth = row.get("ground_truth") or row.get("label") or (row.get("reward_model") or {}).get("ground_truth")
        solution = row.get("solution") or (row.get("metadata") or {}).get("solution")
        if not isinstance(truth, str) or not isinstance(solution, str):
            continue
        n += 1
        try:
            expected = score(solution, truth)
            solution_reward, empty_reward = framework.score(solution, truth), framework.score("I cannot tell.", truth)
        except ImportError as err:
            return f"{_NOT_RUN}{framework.package}'s rewards need {err.name or err}; {framework.install}", []
        except (VerifierError, ValueError) as err:
            wrong.append(Finding("error", f"puzzle {row.get('id', n)} cannot be scored: {err}"))
            continue
        # Trainers hold rewards in single precision.
        as_scored = math.isclose(solution_reward, expected.value, rel_tol=1e-6)
        if not solved(expected) or not as_scored or empty_reward >= solution_reward:
            wrong.append(
                Finding(
                    "error",
                    f"puzzle {row.get('id', n)}: its solution earns {solution_reward}, no answer {empty_reward}",
                )
            )
    return (f"{n} solutions and as many non-answers" if n else f"{_NOT_RUN}no row has a solution"), wrong[:_MAX_SHOWN]


def _run_loader(
    framework: Trainer,
    dataset: Contents,
    samples: Mapping[Part, list[Row]],
    settings: Settings,
    model: str | None,
    rows: int,
) -> tuple[dict[str, str], list[Finding]]:
    """Run the trainer's own loader on excerpts of the files, one profile at a time, as in a training run."""
    if problem := _import_problem(framework):
        return {"loader": f"{_NOT_RUN}{problem}"}, []
    if framework.needs_model and model is None:
        return {"loader": f"{_NOT_RUN}the loader of {_version(framework)} encodes prompts; give --model"}, []
    readable = [
        part for part in samples if part.path.suffix in framework.suffixes or framework.adapts(dataset, settings)
    ]
    profiles = list(dict.fromkeys(part.profile for part in readable))
    seen_count, loader_findings = 0, []
    with tempfile.TemporaryDirectory() as temp_dir, _quiet(Path(temp_dir)):
        for profile in profiles:
            parts = [part for part in readable if part.profile == profile]
            named_rows = [(_row_name(row, k), row) for part in parts for k, row in enumerate(samples[part])]
            expected = {name: sum(len(row.get(column) or ()) for column in COLUMNS) for name, row in named_rows}
            expected_pieces = {name: _text_pieces(row, settings) for name, row in named_rows}
            try:
                result = _load_rows(framework, dataset, parts, settings, model, rows, Path(temp_dir))
            except Exception as err:  # noqa: BLE001 - whatever the trainer's code raises is the finding
                loader_findings.append(
                    Finding("error", f"{profile}: the loader fails: {type(err).__name__}: {_one_line(err)}")
                )
                continue
            seen_count += len(result)
            loader_findings += _count_findings(profile, result, expected) + _prompt_findings(
                profile, result, expected_pieces
            )
            loader_findings += _frame_findings(
                profile, result, {name: clips_of(dataset, row) for name, row in named_rows}
            )
    tokens = "with" if model else "without (give --model)"
    return {"loader": f"{_version(framework)}: {seen_count} rows, {tokens} a model's processor"}, loader_findings


def _import_problem(framework: Trainer) -> str:
    """Why the trainer's package cannot be imported; empty if it can."""
    try:
        importlib.import_module(framework.package)
    except ModuleNotFoundError as err:
        if err.name == framework.package.partition(".")[0]:
            return f"{framework.package} is not installed here; {framework.install}"
        return f"{framework.package} is installed, but {err.name} is not, which it needs ({err})"
    except Exception as err:  # noqa: BLE001 - a trainer's modules raise anything as they are imported
        return f"{framework.package} cannot be imported here: {type(err).__name__}: {_one_line(err)}"
    return ""


def _load_rows(
    framework: Trainer,
    dataset: Contents,
    parts: list[Part],
    settings: Settings,
    model: str | None,
    rows: int,
    temp_dir: Path,
) -> list[Seen]:
    if framework.adapts(dataset, settings):
        return framework.load_build(dataset, parts[0].profile, rows, settings, model)
    return framework.load([excerpt(part, rows, temp_dir) for part in parts], settings, model)


def _row_name(row: Row, k: int) -> str:
    return str(row.get("id") or (row.get("extra_info") or {}).get("id") or (row.get("metadata") or {}).get("id") or k)


def _text_pieces(row: Row, settings: Settings) -> list[str]:
    """The prompt's text between its media, without spaces, because templates and tokenizers change those."""
    value = _question(row, settings)
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
        elif any(mark in loaded_row.text for mark in _PLACEHOLDERS.values()):
            problems.append(
                Finding("error", f"{profile}: puzzle {loaded_row.name}: a placeholder stays in the prompt as text")
            )
    return problems[: _MAX_SHOWN + 1]


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
    return problems[:_MAX_SHOWN]


def _frame_findings(profile: str, seen: list[Seen], clips: Mapping[str, list[Clip]]) -> list[Finding]:
    """Findings on clips of which frames are dropped; one frame per clip may be, as loaders that pair frames do."""
    problems = []
    for loaded_row in seen:
        row_clips = clips.get(loaded_row.name, [])
        frames = sum(clip.frames for clip in row_clips)
        if loaded_row.frames is not None and loaded_row.frames < frames - len(row_clips):
            text = f"{profile}: puzzle {loaded_row.name} has {frames} frames, the loader passes {loaded_row.frames}"
            problems.append(Finding("error", f"{text}; raise the rate at which it samples clips"))
    return problems[:_MAX_SHOWN]


@contextlib.contextmanager
def _quiet(temp_dir: Path) -> Iterator[None]:
    """Send what trainers print to stderr, as stdout is for the report; keep caches of ``datasets`` in ``temp_dir``."""
    try:
        hf_config = importlib.import_module("datasets").config
    except ImportError:
        hf_config = SimpleNamespace(HF_DATASETS_CACHE=temp_dir)
    old_cache, hf_config.HF_DATASETS_CACHE = hf_config.HF_DATASETS_CACHE, temp_dir / "cache"
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        hf_config.HF_DATASETS_CACHE = old_cache


def _version(framework: Trainer) -> str:
    names = packages_distributions().get(framework.package, [])
    return f"{names[0]} {version(names[0])}" if names else framework.package


def _one_line(err: Exception) -> str:
    return " ".join(str(err).split())[:300]


def lines(report: Report) -> list[str]:
    """The report as lines for the terminal."""
    text = [f"{part:8} {what}" for part, what in report.ran.items()]
    text += [f"{finding.level}: {finding.text}" for finding in report.findings]
    text.append(f"{report.trainer}: {report.verdict}; settings:")
    return text + [f"  {line}" for line in report.config]
