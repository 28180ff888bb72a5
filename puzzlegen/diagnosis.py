"""Run the doctor: static checks and rewards always, the trainer's own loader where it is installed."""

from __future__ import annotations

import contextlib
import importlib
import json
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
from puzzlegen.verify import VerifierError

_PLACEHOLDERS: Final = {"images": "<image>", "videos": "<video>"}
_KEYS: Final = {"images": "image_key", "videos": "video_key"}
_PLACE: Final = re.compile("<image>|<video>")
_MOST: Final = 3
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
    who, found = trainer(name), _only(contents(folder), profile)
    samples = {part: head(part.path, rows) for part in _first_of_each(found)}
    used = _settings(who, found, [row for some in samples.values() for row in some], settings or {})
    findings = [*_static(who, found, samples, used)]
    scored, wrong = _rewards(who, [row for some in samples.values() for row in some])
    ran = {"files": f"{sum(map(len, samples.values()))} rows of {len(samples)} files", "rewards": scored}
    loaded, lost = _loader(who, found, samples, used, model, rows)
    order = ["error", "warning", "note"]
    everything = sorted([*findings, *wrong, *lost], key=lambda finding: order.index(finding.level))
    return Report(name, ran | loaded, everything, who.config(found, used) if found.parts else [])


def _only(found: Contents, profile: str | None) -> Contents:
    if profile is None:
        return found
    parts = [part for part in found.parts if part.profile == profile]
    if not parts:
        known = sorted({part.profile for part in found.parts})
        raise PuzzlegenError(f"--profile {profile}: '{found.folder}' has none{did_you_mean(profile, known)}")
    return found._replace(parts=parts)


def _first_of_each(found: Contents) -> list[Part]:
    return list({(part.profile, part.split): part for part in reversed(found.parts)}.values())[::-1]


def _settings(who: Trainer, found: Contents, rows: list[Row], given: Mapping[str, str]) -> dict[str, str]:
    for key in given:
        if key not in who.settings:
            raise PuzzlegenError(f"--set {key}: no setting of the loader{did_you_mean(key, list(who.settings))}")
        if wanted := _misfit(who.settings[key], given[key]):
            raise PuzzlegenError(f"--set {key}={given[key]}: no {wanted}; such as {key}={who.settings[key]}")
    return {**who.defaults(found, rows), **given}


def _misfit(usual: str, value: str) -> str:
    """The type that a setting should have, by its usual value, but does not; empty if the value fits."""
    try:
        if usual.startswith("{"):
            return "" if isinstance(json.loads(value), dict) else "JSON object"
        if usual[:1].isdigit():
            float(value)
    except ValueError:
        return "JSON object" if usual.startswith("{") else "number"
    return ""


def _static(who: Trainer, found: Contents, samples: Mapping[Part, list[Row]], settings: Settings) -> Iterator[Finding]:
    """Findings that need no trainer installed; for each file at most a few."""
    if not who.adapts(found, settings):
        for part, rows in samples.items():
            yield from list(dict.fromkeys(_of_file(who, found, part, rows, settings)))[:_MOST]
    yield from who.check(found, [row for some in samples.values() for row in some], settings)


def _of_file(who: Trainer, found: Contents, part: Part, rows: list[Row], settings: Settings) -> Iterator[Finding]:
    place = part.path.relative_to(found.folder).as_posix()
    if part.path.suffix not in who.suffixes:
        yield Finding("error", f"{place}: the loader reads {', '.join(who.suffixes)}; {_remedy(who, found)}")
        return
    if not rows:
        yield Finding("error", f"{place}: no rows")
    for row in rows[:1]:
        for column, key in _KEYS.items():
            if row.get(column) and settings.get(key, column) not in row:
                text = f"{place}: {key}={settings[key]} is not a column, so {column} are never looked at"
                yield Finding("error", f"{text}; it has {', '.join(row)}")
        if missing := [name for name in who.needed(settings) if name not in row]:
            has = ", ".join(row)
            yield Finding("error", f"{place}: no column {', '.join(missing)}; it has {has}; {_remedy(who, found)}")
    for row in rows:
        yield from _of_media(who, found, place, row, settings)


def _of_media(who: Trainer, found: Contents, place: str, row: Row, settings: Settings) -> Iterator[Finding]:
    """Findings on one row's media: how they are carried, what they are, and whether placeholders match them."""
    who_is = f"{place}: puzzle {row.get('id', '?')}"
    for column, accepted in who.carriers.items():
        media = list(row.get(column) or ())
        for how in sorted({carrier(medium) for medium in media} - set(accepted)):
            takes = f"takes {' or '.join(accepted)}" if accepted else f"takes no {column} at all"
            text = f"{place}: {column} are carried as {how}, which the loader loses: it {takes}; {_remedy(who, found)}"
            yield Finding("error", text)
        for medium in media:
            yield from _of_medium(found, who_is, column, medium)
        asked = _text(row, settings).count(_PLACEHOLDERS[column])
        if asked != len(media):
            yield Finding("error", f"{who_is} has {asked} {_PLACEHOLDERS[column]} and {len(media)} {column}")


def _of_medium(found: Contents, who_is: str, column: str, medium: object) -> Iterator[Finding]:
    data = medium.get("bytes") if isinstance(medium, dict) else None
    if not data and (path := path_in(medium)):
        file = file_of(found, path)
        if not file.is_file():
            yield Finding(
                "error", f"{who_is}: no file '{path}'; export again with the --root that the trainer will see"
            )
            return
        with file.open("rb") as opened:
            data = opened.read(16)
    kind = kind_of(data[:16]) if isinstance(data, bytes) else ""
    if kind and kind != column.removesuffix("s"):
        yield Finding("error", f"{who_is}: {column} holds a {kind}, which would be read as something else")


def _text(row: Row, settings: Settings) -> str:
    value = _question(row, settings)
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _question(row: Row, settings: Settings) -> Any:  # noqa: ANN401 - text or messages
    """The question, from whichever column this trainer's rows hold it in."""
    keys = (settings.get("prompt_key", ""), "prompt", "messages", "problem")
    return next((row[key] for key in keys if key in row), "")


def _remedy(who: Trainer, found: Contents) -> str:
    name = type(who).__module__.rpartition(".")[2]
    if name == "trl":
        return "load the build with puzzlegen.adapters.trl.load"
    return f"puzzlegen export {found.folder if found.kind == 'build' else 'BUILD'} --to {name}"


def _rewards(who: Trainer, rows: list[Row]) -> tuple[str, list[Finding]]:
    """Check that every solution earns 1, and that a response without an answer earns less."""
    wrong, n = [], 0
    for row in rows:
        truth = row.get("ground_truth") or row.get("label") or (row.get("reward_model") or {}).get("ground_truth")
        solution = row.get("solution") or (row.get("metadata") or {}).get("solution")
        if not isinstance(truth, str) or not isinstance(solution, str):
            continue
        n += 1
        try:
            right, nothing = who.score(solution, truth), who.score("I cannot tell.", truth)
        except ImportError as err:
            return f"{_NOT_RUN}{who.package}'s rewards need {err.name or err}; {who.install}", []
        except (VerifierError, ValueError) as err:
            wrong.append(Finding("error", f"puzzle {row.get('id', n)} cannot be scored: {err}"))
            continue
        if right < 1 or nothing >= 1:
            wrong.append(
                Finding("error", f"puzzle {row.get('id', n)}: its solution earns {right}, no answer {nothing}")
            )
    return (f"{n} solutions and as many non-answers" if n else f"{_NOT_RUN}no row has a solution"), wrong[:_MOST]


def _loader(
    who: Trainer, found: Contents, samples: Mapping[Part, list[Row]], settings: Settings, model: str | None, rows: int
) -> tuple[dict[str, str], list[Finding]]:
    """Run the trainer's own loader on excerpts of the files, one profile at a time, as in a training run."""
    if lacking := _lacking(who):
        return {"loader": f"{_NOT_RUN}{lacking}"}, []
    if who.needs_model and model is None:
        return {"loader": f"{_NOT_RUN}the loader of {_version(who)} encodes prompts; give --model"}, []
    readable = [part for part in samples if part.path.suffix in who.suffixes or who.adapts(found, settings)]
    profiles = list(dict.fromkeys(part.profile for part in readable))
    seen, lost = 0, []
    with tempfile.TemporaryDirectory() as place, _quiet(Path(place)):
        for profile in profiles:
            parts = [part for part in readable if part.profile == profile]
            named = [(_name(row, k), row) for part in parts for k, row in enumerate(samples[part])]
            expected = {name: sum(len(row.get(column) or ()) for column in COLUMNS) for name, row in named}
            asked = {name: _pieces(row, settings) for name, row in named}
            try:
                result = _run(who, found, parts, settings, model, rows, Path(place))
            except Exception as err:  # noqa: BLE001 - whatever the trainer's code raises is the finding
                lost.append(Finding("error", f"{profile}: the loader fails: {type(err).__name__}: {_line(err)}"))
                continue
            seen += len(result)
            lost += _compared(profile, result, expected) + _unsaid(profile, result, asked)
            lost += _fewer(profile, result, {name: clips_of(found, row) for name, row in named})
    tokens = "with" if model else "without (give --model)"
    return {"loader": f"{_version(who)}: {seen} rows, {tokens} a model's processor"}, lost


def _lacking(who: Trainer) -> str:
    """Why the trainer's package cannot be imported; empty if it can."""
    try:
        importlib.import_module(who.package)
    except ModuleNotFoundError as err:
        if err.name == who.package.partition(".")[0]:
            return f"{who.package} is not installed here; {who.install}"
        return f"{who.package} is installed, but {err.name} is not, which it needs ({err})"
    except Exception as err:  # noqa: BLE001 - a trainer's modules raise anything as they are imported
        return f"{who.package} cannot be imported here: {type(err).__name__}: {_line(err)}"
    return ""


def _run(
    who: Trainer, found: Contents, parts: list[Part], settings: Settings, model: str | None, rows: int, place: Path
) -> list[Seen]:
    if who.adapts(found, settings):
        return who.load_build(found, parts[0].profile, rows, settings, model)
    return who.load([excerpt(part, rows, place) for part in parts], settings, model)


def _name(row: Row, k: int) -> str:
    return str(row.get("id") or (row.get("extra_info") or {}).get("id") or (row.get("metadata") or {}).get("id") or k)


def _pieces(row: Row, settings: Settings) -> list[str]:
    """The prompt's text between its media, without spaces, because templates and tokenizers change those."""
    value = _question(row, settings)
    texts = [value] if isinstance(value, str) else [message["content"] for message in value]
    return ["".join(piece.split()) for text in texts if isinstance(text, str) for piece in _PLACE.split(text)]


def _compared(profile: str, seen: list[Seen], expected: dict[str, int]) -> list[Finding]:
    """Findings where the loader passes on fewer rows or media than it was given, or no vision tokens."""
    found = []
    if len(seen) < len(expected):
        text = f"{profile}: the loader drops {len(expected) - len(seen)} of {len(expected)} rows without an error"
        found.append(Finding("error", f"{text}: too long for max_prompt_length, or media that it cannot read"))
    in_order = (
        list(expected.values()) if len(seen) == len(expected) else [min(expected.values(), default=0)] * len(seen)
    )
    for one, there in zip(seen, in_order, strict=True):
        media = expected.get(one.name, there)
        if one.media < media:
            found.append(
                Finding("error", f"{profile}: puzzle {one.name} has {media} media, the loader passes {one.media}")
            )
        elif media and one.tokens == 0:
            found.append(Finding("error", f"{profile}: puzzle {one.name}: its prompt has no vision token"))
        elif any(mark in one.text for mark in _PLACEHOLDERS.values()):
            found.append(Finding("error", f"{profile}: puzzle {one.name}: a placeholder stays in the prompt as text"))
    return found[: _MOST + 1]


def _unsaid(profile: str, seen: list[Seen], asked: Mapping[str, list[str]]) -> list[Finding]:
    """Findings on prompts that no longer contain the row's question."""
    found = []
    for one in seen:
        text = "".join(one.text.split())
        if text and not all(piece in text for piece in asked.get(one.name, ())):
            begins = f"puzzle {one.name}: the prompt does not hold its question; it begins {one.text[:80]!r}"
            found.append(Finding("error", f"{profile}: {begins}"))
    return found[:_MOST]


def _fewer(profile: str, seen: list[Seen], clips: Mapping[str, list[Clip]]) -> list[Finding]:
    """Findings on clips of which frames are dropped; one frame per clip may be, as loaders that pair frames do."""
    found = []
    for one in seen:
        there = clips.get(one.name, [])
        frames = sum(clip.frames for clip in there)
        if one.frames is not None and one.frames < frames - len(there):
            text = f"{profile}: puzzle {one.name} has {frames} frames, the loader passes {one.frames}"
            found.append(Finding("error", f"{text}; raise the rate at which it samples clips"))
    return found[:_MOST]


@contextlib.contextmanager
def _quiet(place: Path) -> Iterator[None]:
    """Send what trainers print to stderr, as stdout is for the report, and keep caches of ``datasets`` in ``place``."""
    try:
        known = importlib.import_module("datasets").config
    except ImportError:
        known = SimpleNamespace(HF_DATASETS_CACHE=place)
    before, known.HF_DATASETS_CACHE = known.HF_DATASETS_CACHE, place / "cache"
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        known.HF_DATASETS_CACHE = before


def _version(who: Trainer) -> str:
    names = packages_distributions().get(who.package, [])
    return f"{names[0]} {version(names[0])}" if names else who.package


def _line(err: Exception) -> str:
    return " ".join(str(err).split())[:300]


def lines(report: Report) -> list[str]:
    """The report as lines for the terminal."""
    text = [f"{part:8} {what}" for part, what in report.ran.items()]
    text += [f"{finding.level}: {finding.text}" for finding in report.findings]
    text.append(f"{report.trainer}: {report.verdict}; settings:")
    return text + [f"  {line}" for line in report.config]
