"""Whether a decoder's failure may be the machine's and not the file's: then it is no rejection, and the build stops.

libjpeg, FFmpeg and others say of an allocation that failed that the data are damaged. Where memory is limited
(``ulimit -v``, strict overcommit), a damaged file and a short machine look the same.
"""

from __future__ import annotations

import mmap
from typing import Final

#: As much as a decoder takes for the largest picture or frame that is allowed.
_ROOM: Final = 1 << 29


def refuse_shortage() -> None:
    """Pass if a decoder that just failed had memory enough.

    Raises:
        MemoryError: it may have failed for want of memory.
    """
    try:
        mmap.mmap(-1, _ROOM, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as err:
        raise MemoryError(f"less than {_ROOM >> 20} MB are left") from err
