"""A limit on the time that one medium may take, which holds where a decoder hangs in C and no exception reaches it.

The system's own timers end the process; whoever runs it sees by which signal it died, and goes on without the medium.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

#: What a process dies of that exceeded its limit: of computing time, or of time on the clock.
SIGNALS: Final = (signal.SIGPROF, signal.SIGALRM)
#: Waiting (for a disk, a network, a core of a busy machine) counts for a twentieth of computing.
_PATIENCE: Final = 20


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """End this process if what runs below takes longer. For the main thread of a process that can be spared.

    Args:
        seconds: of computing time, which a busy machine stretches little; twenty times that on the clock.
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
