"""A limit on the time that one medium may take, even where a decoder hangs in C code that no exception can interrupt.

The system's timers end the process. The program that started it sees from the signal why it died, and continues without
the medium.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: The signals that end a process which exceeds its limit: of CPU time, or of wall-clock time.
SIGNALS: Final = (signal.SIGPROF, signal.SIGALRM)
#: Ratio of the two limits: a second of waiting (for a disk, a network, a core of a busy machine) counts as a twentieth
#: of a second of computing.
_PATIENCE: Final = 20


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this process if the body of the ``with`` statement takes longer than this.

    Only for the main thread of a process that can be spared.

    Args:
        seconds: CPU time, which depends little on how busy the machine is; the wall-clock limit is twenty times that.
    """
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, seconds * _PATIENCE)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
