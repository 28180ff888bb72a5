"""Limit matrix products to one thread, as puzzlegen's own processes do. Import this module before numpy."""

from __future__ import annotations

from puzzlegen.threads import one_thread

one_thread()
