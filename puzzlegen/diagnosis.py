"""Run the doctor: static checks and rewards always, the trainer's own loader where it is installed."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

from puzzlegen.contents import (
    Contents,
    Part,
    Row,
    carrier,
    contents,
    file_of,
    head,
    kind_of,
    path_in,
)
from puzzlegen.doctor import Finding, Settings, Trainer, check_model, processor_of, train_parts, trainer
from puzzlegen.errors import PuzzlegenError
from puzzlegen.loader import MAX_SHOWN, NOT_RUN, PLACEHOLDERS, question_of, run_loader
from puzzlegen.plugins import did_you_mean
from puzzlegen.verify import VerifierError, score, solved
from puzzlegen.wrong_answers import wrong_response

_COLUMN_SETTINGS: Final = {"images": "image_key", "videos": "video_key"}


class Report(NamedTuple):
    """What the doctor found.

    Attributes:
        trainer: the trainer's name.
        ran: for each part of the examination, what it ran on, or why it did not run.
        findings: everything found, errors first.
        config: the lines to put into the trainer's command or configuration; none if every profile is lost.
        covers: how many puzzles the lines train on, by profile, and which they leave out.
    """

    trainer: str
    ran: dict[str, str]
    findings: list[Finding]
    config: list[str]
    covers: str

    @property
    def lost(self) -> bool:
        """Whether media, rows or rewards are lost, as far as was checked."""
        return any(finding.level == "error" for finding in self.findings)

    @property
    def unchecked(self) -> list[str]:
        """The parts that did not run."""
        return [part for part, what in self.ran.items() if what.startswith(NOT_RUN)]

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
        model: folder of a model, or its name on the Hub, whose processor encodes the prompts.
        rows: how many rows to check in the first file of each folder and split.
        profile: check only this modality profile.
        settings: loader settings that replace the trainer's defaults.

    Raises:
        PuzzlegenError: there is no such trainer, setting, profile, folder or model.
    """
    check_model(model)
    processor_of.cache_clear()
    framework, dataset = trainer(name), _select_profile(contents(folder), profile)
    samples = {part: head(part.path, rows) for part in _first_parts(dataset)}
    sampled_rows = [row for part_rows in samples.values() for row in part_rows]
    merged_settings = _merge_settings(framework, dataset, sampled_rows, settings or {})
    file_findings = _file_findings_by_profile(framework, dataset, samples, merged_settings)
    check_findings = list(framework.check(dataset, sampled_rows, merged_settings))
    rewards_summary, reward_findings = _check_rewards(framework, sampled_rows)
    ran = {"files": f"{len(sampled_rows)} rows of {len(samples)} files", "rewards": rewards_summary}
    loader_summary, loader_findings = run_loader(framework, dataset, samples, merged_settings, model, rows)
    own_findings = [*chain(*file_findings.values()), *check_findings, *reward_findings]
    # An adapter warns, as it loads, of what the check may have warned of already.
    warned = any(finding.level == "warning" for finding in check_findings)
    new_findings = [f for f in chain(*loader_findings.values()) if f.level == "error" or not warned]
    findings = sorted(
        [*own_findings, *new_findings],
        key=lambda finding: ["error", "warning", "note"].index(finding.level),
    )
    lost = {
        part.profile
        for part in samples
        if any(map(_is_error, [*file_findings[part.profile], *loader_findings.get(part.profile, [])]))
        or _is_lost_alone(framework, dataset, samples, part.profile, merged_settings)
    }
    kept = dataset._replace(parts=[part for part in dataset.parts if part.profile not in lost])
    config = framework.config(kept, merged_settings) if kept.parts else []
    return Report(name, ran | loader_summary, findings, config, _coverage(framework, dataset, kept))


def _is_error(finding: Finding) -> bool:
    return finding.level == "error"


def _is_lost_alone(
    framework: Trainer, dataset: Contents, samples: Mapping[Part, list[Row]], profile: str, settings: Settings
) -> bool:
    """Whether the trainer's own check finds an error in the rows of one profile."""
    rows = [row for part, part_rows in samples.items() if part.profile == profile for row in part_rows]
    return any(map(_is_error, framework.check(_select_profile(dataset, profile), rows, settings)))


def _coverage(framework: Trainer, dataset: Contents, kept: Contents) -> str:
    """Describe what the settings train on and what they leave out: puzzles or, if rows are not counted, files.

    Args:
        framework: the trainer.
        dataset: all files.
        kept: the files of the profiles that the trainer does not lose, which the settings are made for.
    """
    unit, total = "files" if dataset.kind == "files" else "puzzles", _count_by_profile(train_parts(dataset))
    covered = _count_by_profile(framework.trained_on(kept)) if kept.parts else Counter()
    kept_profiles = {part.profile for part in kept.parts}
    texts = [_format_counts(covered)]
    if lost := Counter({profile: n for profile, n in total.items() if profile not in kept_profiles}):
        texts.append(f"lost: {_format_counts(lost)}")
    rest = total - covered - lost
    if others := Counter({profile: n for profile, n in rest.items() if profile not in covered}):
        texts.append(f"--profile gives those for {_format_counts(others)}")
    if same := rest - others:
        texts.append(f"left out: {_format_counts(same)}, as the trainer takes one file; puzzlegen export makes one")
    share = "" if covered == total else f" of {total.total()}"
    return f"{covered.total()}{share} {unit} ({'; '.join(filter(None, texts))})"


def _count_by_profile(parts: list[Part]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for part in parts:
        counts[part.profile] += 1 if part.rows is None else part.rows
    return counts


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{profile} {n}" for profile, n in counts.items())


def _select_profile(dataset: Contents, profile: str | None) -> Contents:
    if profile is None:
        return dataset
    parts = [part for part in dataset.parts if part.profile == profile]
    if not parts:
        known = sorted({part.profile for part in dataset.parts})
        raise PuzzlegenError(f"--profile {profile}: '{dataset.folder}' has none{did_you_mean(profile, known)}")
    return dataset._replace(parts=parts)


def _first_parts(dataset: Contents) -> list[Part]:
    """The first file of each split in each folder: a WebDataset profile has a folder for each number of media."""
    return list({(part.path.parent, part.split): part for part in reversed(dataset.parts)}.values())[::-1]


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


def _file_findings_by_profile(
    framework: Trainer, dataset: Contents, samples: Mapping[Part, list[Row]], settings: Settings
) -> dict[str, list[Finding]]:
    """Findings on files that need no trainer installed; for each file at most a few."""
    findings: dict[str, list[Finding]] = {part.profile: [] for part in samples}
    if not framework.adapts(dataset, settings):
        for part, rows in samples.items():
            part_findings = dict.fromkeys(_file_findings(framework, dataset, part, rows, settings))
            findings[part.profile] += list(part_findings)[:MAX_SHOWN]
    return findings


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
        placeholder_count = _question_text(row, settings).count(PLACEHOLDERS[column])
        if placeholder_count != len(media):
            yield Finding("error", f"{label} has {placeholder_count} {PLACEHOLDERS[column]} and {len(media)} {column}")


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
    value = question_of(row, settings)
    return value if isinstance(value, str) else json.dumps(value, default=str)


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
            return f"{NOT_RUN}{framework.package}'s rewards need {err.name or err}; {framework.install}", []
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
        wrong += [Finding("error", f"puzzle {row.get('id', n)}: {fault}") for fault in _leniency(framework, truth)]
    tried = f"{n} solutions, as many non-answers and wrong answers"
    return (tried if n else f"{NOT_RUN}no row has a solution"), wrong[:MAX_SHOWN]


def _leniency(framework: Trainer, truth: str) -> Iterator[str]:
    """Yield what is wrong with a ground truth by which a wrong answer is right."""
    response = wrong_response(truth)
    if response is None:
        yield "no answer to it is wrong: its ground truth calls every one right"
    elif solved(score(response, truth)) or framework.score(response, truth) >= 1:
        answer = response.rpartition("</think>\n")[2]
        yield f"the wrong answer {answer!r:.200} earns as much as the right one: its ground truth accepts too much"


def lines(report: Report) -> list[str]:
    """The report as lines for the terminal."""
    text = [f"{part:8} {what}" for part, what in report.ran.items()]
    text += [f"{finding.level}: {finding.text}" for finding in report.findings]
    settings = f"settings for {report.covers}:" if report.config else "no settings, as every profile is lost"
    text.append(f"{report.trainer}: {report.verdict}; {settings}")
    return text + [f"  {line}" for line in report.config]
