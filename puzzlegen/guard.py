"""Worker processes first run the main module of the process that starts them, which has to bear that."""

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
    """Not in a worker that runs its parent's main module.

    Raises:
        PuzzlegenError: it does.
    """
    # Python's own check of the same, which comes too late here: locks and listings are in use by then.
    if getattr(multiprocessing.current_process(), "_inheriting", False):
        raise PuzzlegenError(_ADVICE)


def check_started(processes: Iterable[BaseProcess]) -> None:
    """What is killed ends by a signal; what cannot run its main module ends with a code, and would every time.

    Raises:
        PuzzlegenError: one of these ended with a code.
    """
    codes = [code for process in processes if (code := process.exitcode or 0) > 0]
    if codes:
        raise PuzzlegenError(f"a worker process ended as it started, with exit code {codes[0]}: {_ADVICE}")
