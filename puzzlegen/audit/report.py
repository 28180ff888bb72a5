"""What an audit found, as data and as lines, and the rules by which it is judged.

A probe is ``leaky`` if the lower end of its interval is more than 3 points above chance (10 for joints and marks, which
content may help); ``clean`` if its value is within those points of chance or its interval contains chance; otherwise
``weak``. Content is no leak, traces and marks are: an artefact or mark probe that would not be clean is repeated on
copies without them, and what it tells of those as well counts as chance. Copies without traces are cut, rescaled and
saved anew, or for sharpness and noise a quarter as large; copies without marks are looked at in moved places. A check
is ``leaky`` where a puzzle is certainly spoilt or sources have answers of their own (10 points, as for joints),
``weak`` where that may be, or where no probe fits. What fewer than 10 sources show is not judged, only what is certain
of their puzzles is; then, or where intervals are 12 points or more to either side, a task that shows nothing worse is
``too few to tell``, not clean. A task is what its worst probe or check is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, Literal, get_args

from puzzlegen.audit.estimates import PRECISE, Estimate

Verdict = Literal["clean", "too few to tell", "weak", "leaky"]
Family = Literal["blind", "artefact", "edge", "mark"]

RANKS: Final[tuple[Verdict, ...]] = get_args(Verdict)
SLACK: Final[dict[str, float]] = {"blind": 0.03, "artefact": 0.03, "edge": 0.10, "mark": 0.10}


def judged(found: Estimate, base: float, slack: float) -> Verdict:
    """The verdict by the rules of this module; ``base`` is expected without a leak, ``slack`` above it is tolerated."""
    if found.low > base + slack:
        return "leaky"
    return "clean" if found.value <= base + slack or found.low <= base else "weak"


@dataclass(frozen=True)
class Probe:
    """How well features other than the content predict the answer.

    Attributes:
        family: blind (nothing decoded but sizes, borders and tones), artefact (traces of how media were made), edge
            (joints) or mark (colours at fixed places).
        sees: what the probe looks at.
        names: what the probe predicts, such as class, letter, option, order, positions or neighbours; or the reward
            that it earns.
        estimate: how often the probe is right.
        counts: whether the verdict takes the probe into account; partial measures are for information.
        washed: how often content alone makes it right: for an artefact probe, measured on copies without traces; for
            a mark probe, at moved places. None if not measured.
    """

    family: Family
    sees: str
    names: str
    estimate: Estimate
    counts: bool = True
    washed: float | None = None

    @property
    def base(self) -> float:
        """What to expect without a leak: the chance level or, if higher, what content alone gives away."""
        return max(self.estimate.chance, self.washed or 0.0)

    @property
    def verdict(self) -> Verdict:
        """The verdict by the rules of this module."""
        return judged(self.estimate, self.base, SLACK[self.family])


@dataclass(frozen=True)
class Check:
    """A finding obtained by counting, not by learning."""

    name: str
    verdict: Verdict
    detail: str


@dataclass(frozen=True)
class Histogram:
    """How many puzzles have values between each two neighbouring ``edges``; the last bin includes its upper edge."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True)
class TaskReport:
    """One task with one set of parameters.

    Attributes:
        task: the task's name, with the parameters that set it apart if it occurs more than once.
        n: number of puzzles looked at.
        sources: number of items they were made of.
        kind: kind of the answers' verifier.
        probes: all probes that fit the task.
        checks: all checks, such as balance, duplicates and solutions.
        difficulty: histogram of difficulties over ten equal bins from 0 to 1.
        margin: minimum, lower quartile, median, upper quartile and maximum of the margins.
        note: what was not looked at, or what to look into; empty if neither.
        histograms: of difficulties over ten equal bins from 0 to 1, and of margins over ten from 0 to their greatest.
    """

    task: str
    n: int
    sources: int
    kind: str
    probes: tuple[Probe, ...]
    checks: tuple[Check, ...]
    difficulty: tuple[int, ...]
    margin: tuple[float, ...]
    note: str = ""
    histograms: Mapping[str, Histogram] = field(default_factory=dict)

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all checks and of all probes that count."""
        verdicts = [p.verdict for p in self.probes if p.counts] + [c.verdict for c in self.checks]
        return max(verdicts, key=RANKS.index, default="clean")

    @property
    def precise(self) -> bool:
        """Whether there are probes, and the interval of each that counts is within 3 points to either side."""
        return bool(self.probes) and all(p.estimate.precise for p in self.probes if p.counts)

    @property
    def width(self) -> float:
        """Half the width of the widest interval among the probes that count; 0 if none do."""
        return max(((p.estimate.high - p.estimate.low) / 2 for p in self.probes if p.counts), default=0.0)

    def best(self, family: Family) -> Probe | None:
        """The probe of a family that is furthest above its base, of those that count."""
        candidates = [p for p in self.probes if p.family == family and p.counts]
        return max(candidates, key=lambda p: p.estimate.value - p.base, default=None)


@dataclass(frozen=True)
class Report:
    """What the audit of a folder found.

    Attributes:
        seed: seed of the folds and of the draw of puzzles.
        limit: maximum number of puzzles per task that were looked at; None if all were.
        tasks: one report per task.
        checks: checks of the folder as a whole: its splits.
        content_sha256: digest of the puzzles, as in the manifest.
        together: the pattern that says which sources were folded together; empty if none was given.
    """

    seed: int
    limit: int | None
    tasks: tuple[TaskReport, ...]
    checks: tuple[Check, ...]
    content_sha256: str = ""
    together: str = ""

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all tasks and checks."""
        verdicts = [task.verdict for task in self.tasks] + [check.verdict for check in self.checks]
        return max(verdicts, key=RANKS.index, default="clean")

    def to_json(self) -> dict[str, Any]:
        """The whole report, with its verdicts, as data that JSON can hold."""
        tasks = []
        for task in self.tasks:
            probes = [asdict(p) | {"verdict": p.verdict, "precise": p.estimate.precise} for p in task.probes]
            tasks.append(asdict(task) | {"probes": probes, "verdict": task.verdict, "precise": task.precise})
        checks = [asdict(check) for check in self.checks]
        return {
            "seed": self.seed,
            "limit": self.limit,
            "together": self.together,
            "content_sha256": self.content_sha256,
            "verdict": self.verdict,
            "tasks": tasks,
            "checks": checks,
            "interval": "95 %, Wilson at the effective number of puzzles (cluster-robust variance over source items)",
            "rules": (__doc__ or "").partition("\n\n")[2].strip(),
        }


def lines(report: Report) -> list[str]:
    """The report as lines of text: the verdict of each task, its best probe per family, and everything not clean."""
    out = [line for task in report.tasks for line in _task_lines(task)]
    out += [_check_line(check) for check in report.checks if check.verdict != "clean"]
    counts = [f"{sum(task.verdict == rank for task in report.tasks)} {rank}" for rank in reversed(RANKS)]
    return [*out, f"{report.verdict}: {', '.join(counts)} of {len(report.tasks)} tasks"]


def _task_lines(task: TaskReport) -> list[str]:
    out = [f"{task.task:24} {task.verdict:6} {task.n} puzzles of {task.sources} sources{_resolution_note(task)}"]
    for family in SLACK:
        best = task.best(family)  # type: ignore[arg-type]
        failing = [p for p in task.probes if p.family == family and p.counts and p.verdict != "clean" and p != best]
        out += [_probe_line(probe) for probe in ([best] if best else []) + failing]
    out += [_check_line(check) for check in task.checks if check.verdict != "clean"]
    out += [_histogram_line(name, histogram) for name, histogram in task.histograms.items()]
    return [*out, *([f"  {task.note}"] if task.note else [])]


def _resolution_note(task: TaskReport) -> str:
    """The size of the smallest leak that could have been seen, if that is more than 3 points; empty otherwise."""
    width = task.width
    return f", no leak below {100 * width:.0f} points can be seen" if width > PRECISE else ""


def _probe_line(probe: Probe) -> str:
    result = probe.estimate
    share = f"{result.value:6.1%} ({result.low:.1%} to {result.high:.1%}), chance {result.chance:.1%}"
    washed = "" if probe.washed is None else f", {probe.washed:.1%} by content"
    return f"  {probe.verdict:6} {probe.family:9} {probe.sees} -> {probe.names}: {share}{washed}"


def _histogram_line(name: str, histogram: Histogram) -> str:
    counts = " ".join(map(str, histogram.counts))
    return f"  {name} {histogram.edges[0]:g} to {histogram.edges[-1]:g}, puzzles per tenth: {counts}"


def _check_line(check: Check) -> str:
    return f"  {check.verdict:6} {check.name}: {check.detail}"
