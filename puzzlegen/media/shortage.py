"""Detect that a decoder may have failed for want of memory: then the build stops, and the file is not rejected.

libjpeg, FFmpeg and other decoders report a failed allocation as damaged data. Where memory is limited (``ulimit -v``,
strict overcommit), a damaged file and a machine short of memory look the same.
"""

from __future__ import annotations

import mmap
from typing import Final

#: Bytes that a decoder takes for the largest picture or frame that is allowed.
_DECODER_BYTES: Final = 1 << 29


def refuse_shortage() -> None:
    """Raise if a decoder that has just failed may have lacked memory.

    Raises:
        MemoryError: less memory is left than a decoder may need.
    """
    try:
        mmap.mmap(-1, _DECODER_BYTES, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS).close()
    except OSError as err:
        raise MemoryError(f"less than {_DECODER_BYTES >> 20} MB are left") from err
