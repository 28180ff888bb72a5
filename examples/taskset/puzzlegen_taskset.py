"""The taskset under a name that ``verifiers`` can import: the id of a taskset may not contain dots."""

from puzzlegen.adapters.verifiers import PuzzleTaskset

__all__ = ["PuzzleTaskset"]
