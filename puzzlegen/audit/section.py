"""The audit's section in a folder's dataset card."""

from __future__ import annotations

from typing import Final, get_args

from puzzlegen.audit.report import Family, Probe, Report, TaskReport

_RULE: Final = (
    "Learned probes that do not look at content name answers of sources they have not seen; per family the best probe, "
    "with its 95 % interval (clustered by source) and chance. `leaky`: the interval's lower end is more than 3 points "
    "above chance or content (10 for edges and marks), or puzzles are certainly spoilt; `clean`: within those points, "
    "or not told from chance; `weak`: between, or puzzles may be spoilt; `too few to tell`: nothing worse was found, "
    "but in too few sources."
)
_NOT_PROBED: Final = "not probed"


def section(report: Report) -> str:
    """The section as Markdown: the rule, a table with one row per task, and what is wrong with the whole folder."""
    families = get_args(Family)
    head = ["task", "puzzles", "sources", *families, "found by counting", "verdict"]
    table = [head, ["---"] * len(head), *(_row(task) for task in report.tasks)]
    lines = [f"| {' | '.join(cells)} |" for cells in table]
    folder_lines = [
        f"{check.name}: {check.verdict}, {check.detail}." for check in report.checks if check.verdict != "clean"
    ]
    limit_note = "" if report.limit is None else f" At most {report.limit} puzzles per task were looked at."
    scenes_note = f" Sources alike in `{report.together}` were folded together." if report.together else ""
    return "\n".join(
        [f"## Audit\n\n{_RULE}{limit_note}{scenes_note}\n", *lines, *(f"\n{line}" for line in folder_lines)]
    )


def _row(task: TaskReport) -> list[str]:
    findings = ", ".join(f"{check.name} ({check.verdict})" for check in task.checks if check.verdict != "clean")
    best = [_format_probe(task.best(family)) for family in get_args(Family)]
    return [f"`{task.task}`", str(task.n), str(task.sources), *best, findings or "nothing", f"**{task.verdict}**"]


def _format_probe(probe: Probe | None) -> str:
    if probe is None:
        return _NOT_PROBED
    result = probe.estimate
    washed = "" if probe.washed is None else f", {probe.washed:.1%} by content"
    return f"{result.value:.1%} ({result.low:.1%} to {result.high:.1%}), chance {result.chance:.1%}{washed}"
