"""Progress on stderr: a bar on a terminal, JSON lines elsewhere."""

from __future__ import annotations

import json
import sys
import time
from typing import Any, Final, NamedTuple, Self

_JSON_EVERY_S: Final = 5.0


class Step(NamedTuple):
    """How far a command is.

    Attributes:
        done: number of finished parts of the work.
        of: number of parts; None if it is not known yet.
        text: what the bar says.
        line: what the JSON line says.
        due: whether the line is printed however recent the last one is.
    """

    done: int
    of: int | None
    text: str
    line: dict[str, Any]
    due: bool


class _JsonProgress:
    """Progress as JSON lines on stderr, for logs."""

    def __init__(self) -> None:
        self._started_at = self._last_report = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started_at

    def __call__(self, step: Step) -> None:
        now = time.monotonic()
        if now - self._last_report < _JSON_EVERY_S and not step.due:
            return
        self._last_report = now
        print(json.dumps(step.line | {"s": round(self.seconds, 1)}), file=sys.stderr, flush=True)  # noqa: T201


class _BarProgress:
    """Progress as a bar on stderr, for people."""

    def __init__(self, text: str) -> None:
        from rich.console import Console  # noqa: PLC0415 - only on a terminal
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        self._started_at = time.monotonic()
        columns = BarColumn(), TextColumn("{task.fields[text]}"), TimeRemainingColumn()
        self._progress = Progress(*columns, console=Console(stderr=True))
        self._task = self._progress.add_task("", total=None, text=text)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._started_at

    def __call__(self, step: Step) -> None:
        self._progress.update(self._task, total=step.of, completed=step.done, text=step.text)


def open_progress(text: str) -> _BarProgress | _JsonProgress:
    """Return what shows steps: a context manager to call with each :class:`Step`; the bar says ``text`` until then."""
    return _BarProgress(text) if sys.stderr.isatty() else _JsonProgress()
