"""Charts of a build and of its audit, as SVG that takes its colours and font from the surrounding page.

The charts are drawn by matplotlib without a display; the same data always give the same bytes.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from puzzlegen.errors import PuzzlegenError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from puzzlegen.census import Census

#: Placeholder colours: :func:`_apply_theme` replaces each by the page's CSS variable, which has a light and a dark
#: value.
_COLOURS: Final = {
    "ink": "#010101",
    "soft": "#020202",
    "line": "#030303",
    "accent": "#040404",
    "bad": "#050505",
    "paper": "#060606",
}
_INK, _SOFT, _LINE, _ACCENT, _BAD, _PAPER = _COLOURS.values()
_STYLE: Final = {
    "svg.fonttype": "none",
    "text.parse_math": False,
    "text.color": _INK,
    "font.size": 9,
    "axes.facecolor": "none",
    "axes.edgecolor": _LINE,
    "axes.labelcolor": _SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "xtick.color": _SOFT,
    "ytick.color": _SOFT,
    "ytick.major.size": 0,
    "figure.facecolor": "none",
    "legend.frameon": False,
}
_WIDTH_IN: Final = 7.2  # inches; the page scales the charts
_ROW_HEIGHT_IN: Final = 0.26
_MAX_COLUMNS: Final = 3
_MAX_BARS: Final = 12
_VERDICTS: Final = {"clean": ("o", _ACCENT), "weak": ("s", _INK), "leaky": ("X", _BAD)}


class Chart(NamedTuple):
    """A chart as SVG, with its title and a caption on how to read it."""

    title: str
    caption: str
    svg: str


def build_charts(census: Census, rejected: Mapping[str, Mapping[str, int]]) -> list[Chart]:
    """Draw charts of right answers, difficulty and rejections, each by task.

    Args:
        census: statistics of the build's files.
        rejected: numbers of rejections by task and reason, as in the manifest.

    Raises:
        PuzzlegenError: matplotlib is not installed.
    """
    answers_by_task: dict[str, Mapping[str, int]] = {task: c.answers or {} for task, c in sorted(census.tasks.items())}
    answers = {task: tally for task, tally in answers_by_task.items() if 0 < len(tally) <= _MAX_BARS}
    histograms = {task: c.histogram for task, c in sorted(census.tasks.items())}
    charts = []
    if answers:
        caption = "How often each answer is right; the line is where all would be even. Tasks with up to twelve."
        charts.append(_render_chart("Right answers", caption, _grid_drawer(answers, _draw_answers)))
    if histograms:
        caption = "Puzzles by difficulty, from 0 to 1, which a task's parameters decide."
        charts.append(_render_chart("Difficulty", caption, _grid_drawer(histograms, _draw_difficulty)))
    if any(rejected.values()):
        caption = "Items that gave no puzzle, by reason and task."
        charts.append(_render_chart("Rejections", caption, lambda: _draw_rejections(rejected)))
    return charts


def leak_chart(tasks: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Draw how often probes name the answer without the content, with 95 % intervals; None without any probe.

    Args:
        tasks: the entry ``tasks`` of ``audit.json``.

    Raises:
        PuzzlegenError: matplotlib is not installed.
    """
    rows = [(task["task"], probe) for task in tasks for probe in _worst_probes(task["probes"])]
    if not rows:
        return None
    caption = (
        "How often a probe that sees only what is named names the answer: value and 95 % interval; the tick is "
        "chance, or content. Circle: clean, square: weak, cross: leaky. Each task's worst probe of each family."
    )
    return _render_chart("Leaks", caption, lambda: _draw_leaks(rows))


def margin_chart(tasks: Sequence[Mapping[str, Any]]) -> Chart | None:
    """Draw each task's margins; None if the audit was made before they were stored.

    Args:
        tasks: the entry ``tasks`` of ``audit.json``.

    Raises:
        PuzzlegenError: matplotlib is not installed.
    """
    histograms = {task["task"]: margin for task in tasks if (margin := task.get("histograms", {}).get("margin"))}
    if not histograms:
        return None
    caption = "Puzzles by margin: how clearly the right answer is the only one; 0 is just accepted."
    return _render_chart("Margin", caption, _grid_drawer(histograms, _draw_margins))


def _worst_probes(probes: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Yield the probe of each family that is furthest above its expected value (see :func:`_expected_value`)."""
    for family in ("blind", "artefact", "edge", "mark"):
        candidates = [probe for probe in probes if probe["family"] == family and probe["counts"]]
        if candidates:
            yield max(candidates, key=lambda probe: probe["estimate"]["value"] - _expected_value(probe))


def _expected_value(probe: Mapping[str, Any]) -> float:
    """Return the expected value without a leak: chance, or what the probe finds by content alone if that is more."""
    return max(float(probe["estimate"]["chance"]), probe["washed"] or 0.0)


def _render_chart(title: str, caption: str, draw: Callable[[], Figure]) -> Chart:
    try:
        import matplotlib as mpl  # noqa: PLC0415 - optional, and slow to import
    except ImportError as err:
        raise PuzzlegenError('charts need matplotlib: pip install "puzzlegen[charts]"') from err
    style: dict[Any, Any] = {**_STYLE, "svg.hashsalt": title}
    with mpl.rc_context(style), warnings.catch_warnings():
        # Letters missing from matplotlib's font are no problem: the browser draws the text in its own font.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        buffer = io.StringIO()
        draw().savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, bbox_inches="tight")
    return Chart(title, caption, _apply_theme(buffer.getvalue()))


def _apply_theme(svg: str) -> str:
    svg = svg[svg.index("<svg") :]
    for name, colour in _COLOURS.items():
        svg = svg.replace(colour, f"var(--{name})")
    return re.sub(r"font: ([\d.]+px) [^;\"]+", r"font: \1 var(--speaking)", svg)


def _figure(height: float, rows: int = 1, columns: int = 1) -> tuple[Figure, list[Axes]]:
    from matplotlib.figure import Figure  # noqa: PLC0415

    figure = Figure(figsize=(_WIDTH_IN, height), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    return figure, list(axes)


def _grid_drawer(tasks: Mapping[str, Any], draw: Callable[[Axes, Any], None]) -> Callable[[], Figure]:
    """Return a function that draws one small chart per task."""

    def draw_grid() -> Figure:
        columns = min(_MAX_COLUMNS, len(tasks))
        rows = -(-len(tasks) // columns)
        figure, axes = _figure(1.7 * rows, rows, columns)
        for (task, value), ax in zip(tasks.items(), axes, strict=False):
            ax.set_title(task)
            draw(ax, value)
        for ax in axes[len(tasks) :]:
            ax.set_visible(False)
        return figure

    return draw_grid


def _draw_answers(ax: Axes, counts: Mapping[str, int]) -> None:
    names = sorted(counts)
    ax.bar(range(len(names)), [counts[name] for name in names], color=_ACCENT, width=0.7)
    ax.axhline(sum(counts.values()) / len(counts), color=_INK, linewidth=0.8)
    longest = max(map(len, names))
    ax.set_xticks(range(len(names)), [name[:14] for name in names])
    if longest * len(names) > 24:  # noqa: PLR2004 - number of letters that fit
        ax.tick_params(axis="x", rotation=90)
    ax.tick_params(axis="x", length=0)
    ax.locator_params(axis="y", integer=True, nbins=4)


def _draw_difficulty(ax: Axes, counts: Sequence[int]) -> None:
    bins = len(counts)
    ax.bar([(k + 0.5) / bins for k in range(bins)], counts, width=0.9 / bins, color=_ACCENT)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.locator_params(axis="y", integer=True, nbins=4)


def _draw_margins(ax: Axes, histogram: Mapping[str, Sequence[float]]) -> None:
    edges, counts = histogram["edges"], histogram["counts"]
    ax.bar(edges[:-1], counts, width=0.9 * (edges[1] - edges[0]), align="edge", color=_ACCENT)
    ax.locator_params(axis="x", nbins=3)
    ax.locator_params(axis="y", integer=True, nbins=4)


def _draw_rejections(rejected: Mapping[str, Mapping[str, int]]) -> Figure:
    rows = [(task or "no task", reason, n) for task, tally in sorted(rejected.items()) for reason, n in tally.items()]
    rows.sort(key=lambda row: -row[2])
    figure, (ax, *_) = _figure(0.6 + _ROW_HEIGHT_IN * len(rows))
    bars = ax.barh(range(len(rows)), [n for *_, n in rows], color=_ACCENT, height=0.6)
    ax.bar_label(bars, padding=4, color=_SOFT)
    ax.set_yticks(range(len(rows)), [f"{reason}  {task}" for task, reason, _ in rows])
    ax.invert_yaxis()
    ax.spines[["bottom", "left"]].set_visible(False)
    ax.set_xticks([])
    return figure


def _draw_leaks(rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Figure:
    figure, (ax, *_) = _figure(0.8 + _ROW_HEIGHT_IN * len(rows))
    for y, (_, probe) in enumerate(rows):
        interval, (marker, colour) = probe["estimate"], _VERDICTS[probe["verdict"]]
        ax.plot([interval["low"], interval["high"]], [y, y], color=colour, linewidth=1.4, solid_capstyle="butt")
        ax.plot([interval["value"]], [y], marker=marker, color=colour, markersize=5, linestyle="none")
        ax.plot([_expected_value(probe)] * 2, [y - 0.35, y + 0.35], color=_SOFT, linewidth=1.2)
    ax.set_yticks(range(len(rows)), [f"{task}  {probe['sees']}" for task, probe in rows])
    ax.set_ylim(len(rows) - 0.4, -0.6)
    ax.set_xlim(0, 1)
    ax.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "25 %", "50 %", "75 %", "100 %"])
    ax.spines["left"].set_visible(False)
    return figure


def figures(charts: Sequence[Chart]) -> str:
    """Return the HTML of charts, each with its title and caption."""
    template = '<figure role="img" aria-label="{0}"><h2>{0}</h2>{2}<figcaption>{1}</figcaption></figure>'
    return "".join(template.format(*chart) for chart in charts)
