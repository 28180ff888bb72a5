"""Imported before numpy: as in puzzlegen's own processes, products take one thread."""

from __future__ import annotations

from puzzlegen.threads import one_thread

one_thread()
