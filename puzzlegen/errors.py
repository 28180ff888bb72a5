"""Everything puzzlegen raises on purpose.

::

    PuzzlegenError
    +-- RecipeError      the recipe, or what it asks for, is wrong
    +-- SourceError      the source as a whole cannot be read
    +-- TaskError        a task broke its own contract: a bug in the task, never in the item
    +-- OutputError      the output folder cannot be written, or holds something else
    +-- EngineError      the machines that build shards cannot be used
    +-- IntegrityError   a finished folder is not what its manifest says
    +-- PushError        the Hub did not take a folder, or must not
    +-- Interrupted      a person stopped the work

    VerifierError        a verifier spec is wrong: a ValueError, defined in verify.py, which imports nothing
    Unusable             not a user's error: an item gives no puzzle; becomes a counted rejection

A message says in one line what is wrong, the value found, what is allowed and what to do. The command line prints the
message and exits with code 2.
"""

from __future__ import annotations

from typing import Final

_MOST_DIGITS: Final = 6


class PuzzlegenError(Exception):
    """Base of all errors that a user can act on."""


class RecipeError(PuzzlegenError):
    """The recipe is wrong; ``problems`` holds one line per mistake, all of them found in one pass."""

    def __init__(self, *problems: str) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


class SourceError(PuzzlegenError):
    """The source as a whole cannot be read."""


def unread(item_id: str, error: OSError) -> SourceError:
    """The error for an item that disk or network failed to read: the failure may pass, so the item is not rejected."""
    why = f"{type(error).__name__} {error.strerror or ''}".strip()
    return SourceError(f"'{item_id}' cannot be read: {why}; the same command goes on")


class TaskError(PuzzlegenError):
    """A task broke its contract: its solution does not score 1, or a wrong answer does."""


class OutputError(PuzzlegenError):
    """The output folder cannot be written, or holds another build."""


class EngineError(PuzzlegenError):
    """The engine that was asked for cannot be used: not installed, not reachable, lost, or short of memory."""


class IntegrityError(PuzzlegenError):
    """A finished folder is not what its manifest says."""


class PushError(PuzzlegenError):
    """The Hub did not take a folder, or the repository holds content that must not be overwritten."""


class Interrupted(PuzzlegenError):  # noqa: N818 - nothing went wrong
    """A person stopped the work; the same command resumes it."""


class Unusable(Exception):  # noqa: N818 - a statement about an item, not an error
    """This item gives no puzzle for this task. ``reason`` is a key of ``records.REASONS``."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail
        super().__init__(f"{reason}: {detail}" if detail else reason)


def one_line(err: Exception, most: int = 300) -> str:
    """Return what an error of other people's code says, in one line of at most ``most`` characters."""
    return " ".join(str(err).split())[:most]


def named_line(err: BaseException) -> str:
    """Return the type of an error and what it says, in one line of any length."""
    return " ".join(f"{type(err).__name__}: {err}".split())


def exact(number: float, other: float, digits: int = 1) -> str:
    """Format a number that a message compares with ``other``, with more digits if rounding would make the two equal."""
    while round(float(number), digits) == round(float(other), digits) and digits < _MOST_DIGITS:
        digits += 1
    return f"{number:.{digits}f}"
