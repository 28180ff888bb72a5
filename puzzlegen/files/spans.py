"""The base class of read-only files of known size that can be read from any position."""

from __future__ import annotations

import io


class Span(io.RawIOBase):
    """Keeps the position in the file; subclasses read there.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size, self._position = size, 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, as in any file."""
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        return self._position
