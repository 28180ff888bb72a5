"""Guards against scripts that build on import: each worker process first runs its parent's main module."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterable
from multiprocessing.process import BaseProcess
from typing import Final

from puzzlegen.errors import PuzzlegenError

_ADVICE: Final = (
    "a script that builds must do so under `if __name__ == '__main__':`, because each worker process runs the script "
    "before it is given work"
)


def refuse_while_starting() -> None:
    """Refuse to build in a worker process that is still running its parent's main module.

    Raises:
        PuzzlegenError: this process is such a worker.
    """
    # Python makes the same check itself, but too late: by then locks and listings are in use.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise PuzzlegenError(_ADVICE)


def check_started(processes: Iterable[BaseProcess]) -> None:
    """Refuse to go on if a worker process could not run the main module, because no other worker could either.

    Such a process ends with an exit code, unlike a killed process, which ends by a signal.

    Raises:
        PuzzlegenError: one of the processes ended with an exit code above 0.
    """
    codes = [code for process in processes if (code := process.exitcode or 0) > 0]
    if codes:
        raise PuzzlegenError(f"a worker process ended as it started, with exit code {codes[0]}: {_ADVICE}")
