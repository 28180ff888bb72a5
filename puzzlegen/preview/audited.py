"""The HTML page of an audit: verdicts, leaks with confidence intervals, checks and charts, without any script."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from puzzlegen.audit import AUDIT
from puzzlegen.census import take_census
from puzzlegen.output import write_atomic
from puzzlegen.preview.charts import build_charts, figures, leak_chart, margin_chart
from puzzlegen.preview.page import fill
from puzzlegen.reading import manifest_of

PAGE: Final = "audit.html"
_FOLDER: Final = Path(__file__).parent


def write_audit_page(folder: Path) -> Path:
    """Write ``audit.html`` beside the existing ``audit.json``.

    Raises:
        IntegrityError: the folder is not a finished build.
        OutputError: the page cannot be written.
        PuzzlegenError: matplotlib is not installed.
    """
    manifest, report = manifest_of(folder), json.loads((folder / AUDIT).read_bytes())
    found = leak_chart(report["tasks"]), margin_chart(report["tasks"])
    census = take_census(folder, manifest)
    charts = [*(chart for chart in found if chart), *build_charts(census, manifest["rejected"])]
    page = fill(
        (_FOLDER / "audit.html").read_text(encoding="utf-8"),
        title=html.escape(f"{folder.resolve().name}: audit"),
        style=(_FOLDER / "page.css").read_text(encoding="utf-8"),
        name=html.escape(folder.resolve().name),
        verdict=f'<strong class="{html.escape(report["verdict"])}">{html.escape(report["verdict"])}</strong>',
        tasks="".join(map(_task_row, report["tasks"])),
        findings="".join(_findings(report)) or "<li>Nothing but what is clean.</li>",
        charts=figures(charts),
        interval=html.escape(report["interval"]),
        rules=html.escape(" ".join(report["rules"].replace("``", "").split())),
    )
    write_atomic(folder / PAGE, page.encode())
    return folder / PAGE


def _task_row(task: dict[str, Any]) -> str:
    precision_note = "" if task["precise"] or not task["probes"] else "too few for ±3 points."
    note = f"{precision_note} {task['note']}".strip()
    cells = [task["verdict"], str(task["n"]), str(task["sources"]), task["kind"], note]
    row_start = f'<tr class="{html.escape(task["verdict"])}"><th scope="row">{html.escape(task["task"])}</th>'
    return row_start + "".join(f"<td>{html.escape(cell)}</td>" for cell in cells) + "</tr>"


def _findings(report: dict[str, Any]) -> Iterator[str]:
    """Yield one list item for each probe or check that is not clean."""
    for task in [*report["tasks"], {"task": "all tasks", "probes": [], "checks": report["checks"]}]:
        for probe in task["probes"]:
            if probe["counts"] and probe["verdict"] != "clean":
                yield _finding(task["task"], probe["verdict"], _describe_probe(probe))
        for check in task["checks"]:
            if check["verdict"] != "clean":
                yield _finding(task["task"], check["verdict"], f"{check['name']}: {check['detail']}")


def _describe_probe(probe: dict[str, Any]) -> str:
    value, low, high, chance = (f"{probe['estimate'][key]:.1%}" for key in ("value", "low", "high", "chance"))
    return f"{probe['sees']} names the {probe['names']}: {value} ({low} to {high}), chance {chance}"


def _finding(task: str, verdict: str, text: str) -> str:
    verdict, message = html.escape(verdict), html.escape(f"{task}: {text}")
    return f'<li class="{verdict}"><b>{verdict}</b> {message}</li>'
