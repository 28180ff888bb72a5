"""The taskset under a name that verifiers can import: it takes no dots in a taskset's id."""

from puzzlegen.adapters.verifiers import PuzzleTaskset

__all__ = ["PuzzleTaskset"]
