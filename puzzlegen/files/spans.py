"""Files of a known size that are not read from their beginning to their end: where one stands in them."""

from __future__ import annotations

import io


class Span(io.RawIOBase):
    """Keeps the place; what is read there is the subclass's own affair.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self._size, self._at = size, 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """As in any file."""
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        return self._at
